//! Rows of `alteration_state`: claimed, finalised, failed.
//!
//! Needs the caller's transaction, in which the ledger's revision was swapped first: nobody else
//! changes these rows until it ends.

use super::{RUNNER_VERSION, to_json};
use crate::{
    alteration::{AlterationKey, Checksum, Direction, PluginName},
    backend::{
        Attempt, BackendError, Counts, Revision, StateRow, Status,
        connection::{Cell, Connection},
    },
    crash, operator,
};

/// Says that an attempt of several parts takes the row from one of the statuses that it may come from to
/// `to`. Anything else means that somebody else was here.
pub(crate) async fn claim(
    connection: &mut dyn Connection,
    attempt: &Attempt,
    revision: Revision,
    to: Status,
) -> Result<(), BackendError> {
    let end = match attempt.direction {
        Direction::Up => Values::at(revision),
        // What is applied keeps its place in the order until it is none any more.
        Direction::Down => Values::default(),
    };
    take(connection, attempt, to, end).await?;
    crash::point("after the row was claimed");
    Ok(())
}

/// As [`claim`], for an attempt of one part, with what it did: its row is written once, at its end.
pub(crate) async fn record(
    connection: &mut dyn Connection,
    attempt: &Attempt,
    revision: Revision,
    counts: &Counts,
) -> Result<(), BackendError> {
    let status = Status::after(attempt.direction);
    take(connection, attempt, status, Values::at(revision).and(Values::of_end(counts))).await?;
    crash::point("after the row was recorded");
    Ok(())
}

async fn take(
    connection: &mut dyn Connection,
    attempt: &Attempt,
    to: Status,
    end: Values,
) -> Result<(), BackendError> {
    let statement = match attempt.direction {
        Direction::Up => {
            let values = Values::of_up(attempt, to, None).and(end);
            // The status it had is known, and with the ledger's revision it cannot have changed.
            match attempt.previous {
                None => values.insert(&attempt.key, connection.own_new()),
                Some(_) => values.update(&attempt.key, AND_NOT_APPLIED, &[]),
            }
        }
        Direction::Down => {
            let values = Values(vec![
                ("status", Cell::text(to)),
                ("applied_by", Cell::text(operator::identity())),
                ("runner_version", Cell::text(RUNNER_VERSION)),
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
    };
    connection.own_must(&statement.0, &statement.1).await
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

    /// Writes a row where there is none, with what the database has for that ([`Connection::own_skip`],
    /// [`Connection::own_new`]).
    fn insert(self, key: &AlterationKey, skip: Option<&str>) -> (String, Vec<Cell>) {
        let key = [Cell::text(&key.plugin), Cell::text(&key.id)];
        let (names, mut params): (Vec<_>, Vec<_>) = self.0.into_iter().unzip();
        let into = format!("INSERT INTO @state ({}, plugin, id)", names.join(", "));
        let values = format!("{}?, ?", "?, ".repeat(names.len()));
        params.extend_from_slice(&key);
        match skip {
            Some(skip) => (format!("{into} VALUES ({values}) {skip}"), params),
            None => {
                params.extend(key);
                // The ledger has one row.
                let none = "NOT EXISTS (SELECT 1 FROM @state WHERE plugin = ? AND id = ?)";
                (format!("{into} SELECT {values} FROM @ledger WHERE {none}"), params)
            }
        }
    }

    /// Writes over the row; what else has to hold is in `condition`, whose values are `known`.
    fn update(self, key: &AlterationKey, condition: &str, known: &[Cell]) -> (String, Vec<Cell>) {
        let (names, mut params): (Vec<_>, Vec<_>) = self.0.into_iter().unzip();
        let sql = format!(
            "UPDATE @state SET {} = ? WHERE plugin = ? AND id = ?{condition}",
            names.join(" = ?, ")
        );
        params.extend([Cell::text(&key.plugin), Cell::text(&key.id)]);
        params.extend(known.iter().cloned());
        (sql, params)
    }
}

/// Writes what an attempt of several parts did into its row, and with it the status that stays.
pub(crate) async fn finalise(
    connection: &mut dyn Connection,
    attempt: &Attempt,
    revision: Revision,
    counts: &Counts,
) -> Result<(), BackendError> {
    let values = Values(vec![
        ("status", Cell::text(Status::after(attempt.direction))),
        // It may have been begun as a draft that is released by now.
        ("draft", Cell::integer(i64::from(attempt.draft))),
        ("error", Cell::Text(None)),
    ]);
    let end = Values::at(revision).and(Values::of_end(counts));
    let (sql, params) = values.and(end).update(&attempt.key, "", &[]);
    connection.own_must(&sql, &params).await?;
    crash::point("after the row was finalised");
    Ok(())
}

/// As [`finalise`] of an `up`, for what was there before the runner came: nothing is known of what it
/// did, by which it is told from what ran.
pub(crate) async fn adopt(
    connection: &mut dyn Connection,
    attempt: &Attempt,
    revision: Revision,
) -> Result<(), BackendError> {
    let sql = "UPDATE @state SET status = 'applied', applied_at = ?, duration_ms = NULL,
            statements = NULL, rows_affected = NULL, revision = ?, error = NULL
         WHERE plugin = ? AND id = ?";
    let params = [
        Cell::text(operator::now()),
        Cell::integer(revision.0),
        Cell::text(&attempt.key.plugin),
        Cell::text(&attempt.key.id),
    ];
    connection.own_must(sql, &params).await?;
    crash::point("after the row was adopted");
    Ok(())
}

/// Records that an attempt failed and left nothing behind, but never over what stands as applied
/// or running.
pub(crate) async fn fail(
    connection: &mut dyn Connection,
    attempt: &Attempt,
    error: &str,
) -> Result<(), BackendError> {
    match attempt.direction {
        Direction::Up => {
            let values =
                || Values::of_up(attempt, Status::Failed, Some(error)).and(Values::at(Revision(0)));
            let (sql, params) = values().update(&attempt.key, AND_NOT_APPLIED, &[]);
            if connection.own_execute(&sql, &params).await? == 0 {
                let (sql, params) = values().insert(&attempt.key, connection.own_skip());
                connection.own_execute(&sql, &params).await?;
            }
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
            connection.own_execute(sql, &params).await?;
        }
    }
    crash::point("after the failure was written");
    Ok(())
}

/// Sets the status of an unfinished attempt's row: its run row says that it is this runner's.
pub(crate) async fn mark(
    connection: &mut dyn Connection,
    key: &AlterationKey,
    status: Status,
    error: Option<&str>,
) -> Result<(), BackendError> {
    let sql = "UPDATE @state SET status = ?, error = ? WHERE plugin = ? AND id = ?";
    let params = [
        Cell::text(status),
        Cell::Text(error.map(str::to_owned)),
        Cell::text(&key.plugin),
        Cell::text(&key.id),
    ];
    connection.own_must(sql, &params).await?;
    crash::point("after the row was marked");
    Ok(())
}

/// Records a row under another plugin's name, with the checksum of that one's file. It must be as it was read.
pub(crate) async fn rename(
    connection: &mut dyn Connection,
    row: &StateRow,
    to: &PluginName,
    checksum: Checksum,
) -> Result<(), BackendError> {
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
    connection.own_must(sql, &params).await?;
    crash::point("after the row was renamed");
    Ok(())
}

/// Records that an applied draft is released. It must be as it was read.
pub(crate) async fn release(
    connection: &mut dyn Connection,
    row: &StateRow,
) -> Result<(), BackendError> {
    let sql = "UPDATE @state SET draft = 0
         WHERE plugin = ? AND id = ? AND status = 'applied' AND checksum = ? AND draft = 1";
    let params = [Cell::text(&row.key.plugin), Cell::text(&row.key.id), Cell::text(row.checksum)];
    connection.own_must(sql, &params).await?;
    crash::point("after the row was released");
    Ok(())
}

/// Records that what was begun goes on in another file, `after`. It must be as `before` was read.
pub(crate) async fn mend(
    connection: &mut dyn Connection,
    before: &StateRow,
    after: &StateRow,
) -> Result<(), BackendError> {
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
    let (sql, params) = values.update(&before.key, condition, &known);
    connection.own_must(&sql, &params).await?;
    crash::point("after the row was mended");
    Ok(())
}

/// Removes the row of an alteration of which nothing is left.
pub(crate) async fn forget(
    connection: &mut dyn Connection,
    key: &AlterationKey,
) -> Result<(), BackendError> {
    let sql = "DELETE FROM @state WHERE plugin = ? AND id = ?";
    connection.own_execute(sql, &[Cell::text(&key.plugin), Cell::text(&key.id)]).await?;
    Ok(())
}
