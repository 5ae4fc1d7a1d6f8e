//! Rows of `alteration_state`: claimed, finalised, failed.
//!
//! Needs the caller's transaction, in which the ledger's revision was swapped first: nobody else
//! changes these rows until it ends.

use super::{RUNNER_VERSION, to_json};
use crate::{
    Attempt, Counts, Revision, StateRow, Status,
    alteration::{AlterationKey, Checksum, Direction, Level, PluginName},
    connection::Cell,
    operator,
    transaction::Own,
};

/// Says that an attempt of several parts takes the row from one of the statuses that it may come from to
/// `to`. Anything else means that somebody else was here.
pub(crate) fn claim(attempt: &Attempt, revision: Revision, to: Status) -> Own {
    let end = match attempt.direction {
        Direction::Up => Values::at(revision),
        // What is applied keeps its place in the order until it is none any more.
        Direction::Down => Values::default(),
    };
    take(attempt, to, end)
}

/// Does as [`claim`], for an attempt of one part, with what it did: its row is written once, at its end.
pub(crate) fn record(attempt: &Attempt, revision: Revision, counts: &Counts) -> Own {
    let status = Status::after(attempt.direction);
    take(attempt, status, Values::at(revision).and(Values::of_end(counts)))
}

fn take(attempt: &Attempt, to: Status, end: Values) -> Own {
    match attempt.direction {
        Direction::Up => {
            let values = Values::of_up(attempt, to, None).and(end);
            // The status it had is known, and with the ledger's revision it cannot have changed.
            match attempt.previous {
                None => values.insert(&attempt.key),
                Some(_) => values.update(&attempt.key, AND_NOT_APPLIED, &[]),
            }
        }
        Direction::Down => {
            let values = Values(vec![
                ("status", Cell::text(to)),
                ("applied_by", Cell::text(operator::identity())),
                ("runner_version", Cell::text(RUNNER_VERSION)),
                ("level", Cell::text(attempt.limits.level)),
                ("error", Cell::Text(None)),
            ]);
            let condition = " AND status = 'applied' AND checksum = ? AND component_checksum = ?
                    AND permissions = ? AND requires = ? AND irreversible = ?";
            let (component, permissions) = attempt.applied();
            let known = [
                Cell::text(attempt.checksum),
                Cell::text(component),
                Cell::text(to_json(permissions)),
                Cell::text(to_json(&attempt.requires)),
                Cell::integer(i64::from(attempt.irreversible)),
            ];
            values.and(end).update(&attempt.key, condition, &known)
        }
    }
}

/// What an `up` may be written over.
const AND_NOT_APPLIED: &str = " AND status IN ('reverted', 'failed')";

/// Columns of a row, with their values.
#[derive(Default)]
struct Values(Vec<(&'static str, Cell)>);

impl Values {
    fn of_up(attempt: &Attempt, status: Status, error: Option<&str>) -> Self {
        let version = attempt.key.id.version().map(ToString::to_string);
        let settings = attempt.settings.keys().collect::<Vec<_>>();
        Self(vec![
            ("version", Cell::Text(version)),
            ("checksum", Cell::text(attempt.checksum)),
            ("component_checksum", Cell::text(attempt.component_checksum)),
            ("status", Cell::text(status)),
            ("applied_by", Cell::text(operator::identity())),
            ("runner_version", Cell::text(RUNNER_VERSION)),
            ("permissions", Cell::text(to_json(&attempt.permissions))),
            ("settings", Cell::text(to_json(&settings))),
            ("requires", Cell::text(to_json(&attempt.requires))),
            ("irreversible", Cell::integer(i64::from(attempt.irreversible))),
            ("draft", Cell::integer(i64::from(attempt.draft))),
            ("level", Cell::text(attempt.limits.level)),
            ("error", Cell::Text(error.map(str::to_owned))),
        ])
    }

    fn at(revision: Revision) -> Self {
        Self(vec![("revision", Cell::integer(revision.0))])
    }

    fn of_end(counts: &Counts) -> Self {
        Self(vec![
            ("applied_at", Cell::text(operator::now())),
            ("duration_ms", Cell::integer(counts.duration_ms)),
            ("statements", Cell::integer(counts.statements)),
            ("rows_affected", Cell::integer(counts.rows_affected)),
        ])
    }

    fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Writes a new row.
    fn insert(self, key: &AlterationKey) -> Own {
        let (columns, params) = self.with_key(key);
        let values = vec!["?"; params.len()].join(", ");
        Own::new_row(format!("INSERT INTO @state ({columns}) VALUES ({values})"), params)
    }

    /// Writes a row where there is none; one that is there stays as it is.
    fn insert_missing(self, key: &AlterationKey) -> Own {
        let (columns, mut params) = self.with_key(key);
        let values = vec!["?"; params.len()].join(", ");
        params.extend([Cell::text(&key.plugin), Cell::text(&key.id)]);
        // The ledger has one row.
        let sql = format!(
            "INSERT INTO @state ({columns}) SELECT {values} FROM @ledger
             WHERE NOT EXISTS (SELECT 1 FROM @state WHERE plugin = ? AND id = ?)"
        );
        Own::run(sql, params)
    }

    fn with_key(self, key: &AlterationKey) -> (String, Vec<Cell>) {
        let (mut names, mut params): (Vec<_>, Vec<_>) = self.0.into_iter().unzip();
        names.extend(["plugin", "id"]);
        params.extend([Cell::text(&key.plugin), Cell::text(&key.id)]);
        (names.join(", "), params)
    }

    /// Writes over the row; what else has to hold is in `condition`, whose values are `known`.
    fn update(self, key: &AlterationKey, condition: &str, known: &[Cell]) -> Own {
        let (names, mut params): (Vec<_>, Vec<_>) = self.0.into_iter().unzip();
        let sql = format!(
            "UPDATE @state SET {} = ? WHERE plugin = ? AND id = ?{condition}",
            names.join(" = ?, ")
        );
        params.extend([Cell::text(&key.plugin), Cell::text(&key.id)]);
        params.extend(known.iter().cloned());
        Own::one_row(sql, params)
    }
}

/// Writes what an attempt of several parts did into its row, and with it the status that stays.
pub(crate) fn finalise(attempt: &Attempt, revision: Revision, counts: &Counts) -> Own {
    let values = Values(vec![
        ("status", Cell::text(Status::after(attempt.direction))),
        // It may have been begun as a draft that is released by now.
        ("draft", Cell::integer(i64::from(attempt.draft))),
        ("error", Cell::Text(None)),
    ]);
    let end = Values::at(revision).and(Values::of_end(counts));
    values.and(end).update(&attempt.key, "", &[])
}

/// As [`finalise`] of an `up`, for what was there before the runner came: nothing is known of what it
/// did, by which it is told from what ran.
pub(crate) fn adopt(attempt: &Attempt, revision: Revision) -> Own {
    let sql = "UPDATE @state SET status = 'applied', applied_at = ?, duration_ms = NULL,
            statements = NULL, rows_affected = NULL, level = NULL, revision = ?, error = NULL
         WHERE plugin = ? AND id = ?";
    let params = [
        Cell::text(operator::now()),
        Cell::integer(revision.0),
        Cell::text(&attempt.key.plugin),
        Cell::text(&attempt.key.id),
    ];
    Own::one_row(sql, params)
}

/// Records that an attempt failed and left nothing behind, but never over what stands as applied
/// or running.
pub(crate) fn fail(attempt: &Attempt, error: &str) -> Vec<Own> {
    match attempt.direction {
        Direction::Up => {
            let values =
                || Values::of_up(attempt, Status::Failed, Some(error)).and(Values::at(Revision(0)));
            let update = values().update(&attempt.key, AND_NOT_APPLIED, &[]);
            // There need not be one.
            vec![Own::run(update.sql, update.params), values().insert_missing(&attempt.key)]
        }
        // A failed `down` leaves the alteration applied; only its error is noted.
        Direction::Down => {
            let sql = "UPDATE @state SET error = ?
                 WHERE plugin = ? AND id = ? AND status = 'applied' AND component_checksum = ?";
            let params = [
                Cell::text(error),
                Cell::text(&attempt.key.plugin),
                Cell::text(&attempt.key.id),
                Cell::text(attempt.applied().0),
            ];
            vec![Own::run(sql, params)]
        }
    }
}

/// Sets the status of an unfinished attempt's row: its run row says that it is this runner's.
pub(crate) fn mark(key: &AlterationKey, status: Status, error: Option<&str>) -> Own {
    let sql = "UPDATE @state SET status = ?, error = ? WHERE plugin = ? AND id = ?";
    let params = [
        Cell::text(status),
        Cell::Text(error.map(str::to_owned)),
        Cell::text(&key.plugin),
        Cell::text(&key.id),
    ];
    Own::one_row(sql, params)
}

/// Records a row under another plugin's name, with the checksum of that one's file. It must be as it was read.
pub(crate) fn rename(row: &StateRow, to: &PluginName, checksum: Checksum) -> Own {
    let sql = "UPDATE @state SET plugin = ?, checksum = ?
         WHERE plugin = ? AND id = ? AND status = ? AND checksum = ?";
    let params = [
        Cell::text(to),
        Cell::text(checksum),
        Cell::text(&row.key.plugin),
        Cell::text(&row.key.id),
        Cell::text(row.status),
        Cell::text(row.checksum),
    ];
    Own::one_row(sql, params)
}

/// Records that an applied draft is released. It must be as it was read.
pub(crate) fn release(row: &StateRow) -> Own {
    let sql = "UPDATE @state SET draft = 0
         WHERE plugin = ? AND id = ? AND status = 'applied' AND checksum = ? AND draft = 1";
    let params = [Cell::text(&row.key.plugin), Cell::text(&row.key.id), Cell::text(row.checksum)];
    Own::one_row(sql, params)
}

/// Records that what was begun goes on in another file, `after`. It must be as `before` was read.
pub(crate) fn mend(before: &StateRow, after: &StateRow) -> Own {
    let values = Values(vec![
        ("checksum", Cell::text(after.checksum)),
        ("component_checksum", Cell::text(after.component_checksum)),
        ("permissions", Cell::text(to_json(&after.permissions))),
        ("settings", Cell::text(to_json(&after.settings))),
        ("requires", Cell::text(to_json(&after.requires))),
        ("irreversible", Cell::integer(i64::from(after.irreversible))),
        ("draft", Cell::integer(i64::from(after.draft))),
    ]);
    let condition = " AND status = ? AND checksum = ? AND component_checksum = ?";
    let known = [
        Cell::text(before.status),
        Cell::text(before.checksum),
        Cell::text(before.component_checksum),
    ];
    values.update(&before.key, condition, &known)
}

/// Records that everything of `plugin` is at `level` from here on.
pub(crate) fn set_level(plugin: &PluginName, level: Level) -> Own {
    let sql = "UPDATE @state SET level = ? WHERE plugin = ?";
    Own::run(sql, [Cell::text(level), Cell::text(plugin)])
}

/// Removes the row of an alteration of which nothing is left.
pub(crate) fn forget(key: &AlterationKey) -> Own {
    let sql = "DELETE FROM @state WHERE plugin = ? AND id = ?";
    Own::run(sql, [Cell::text(&key.plugin), Cell::text(&key.id)])
}
