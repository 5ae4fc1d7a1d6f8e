//! The runner's own tables as they are read: which there are, their columns in each version, and what a row means.
//!
//! Texts write a table as `@state`; whoever sends one spells it for its database. One text serves the runner, which
//! reads values as they are stored, and a start-up check, which has every column cast to text.

use super::{
    Cell, Checkpoint, Entropy, Phase, Record, RecordError, Revision, Run, SCHEMA_VERSION, StateRow,
    Status,
};
use crate::{
    alteration::{Direction, PluginName},
    session::Counts,
};
use std::collections::{BTreeMap, BTreeSet};

/// Every own table but those that are made only where they are needed.
pub const TABLES: [&str; 7] = [
    "alteration_archive",
    "alteration_history",
    "alteration_journal",
    "alteration_ledger",
    "alteration_object",
    "alteration_run",
    "alteration_state",
];
/// The tables that are made only where they are needed: for a lease, where a plugin is confined, and where a person grants
/// a permission.
const OPTIONAL: [&str; 11] = [
    "alteration_added",
    "alteration_dependent",
    "alteration_ending",
    "alteration_function",
    "alteration_grant",
    "alteration_home",
    "alteration_lease",
    "alteration_loan",
    "alteration_right",
    "alteration_role",
    "alteration_ticket",
];
/// Every own table that any database may have, in lower case. No alteration may name one.
pub const OWN_TABLES: [&str; TABLES.len() + OPTIONAL.len()] = {
    let mut all = [""; TABLES.len() + OPTIONAL.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < TABLES.len() { TABLES[at] } else { OPTIONAL[at - TABLES.len()] };
        at += 1;
    }
    all
};
/// The map of owners.
pub const OBJECT_TABLE: &str = "alteration_object";
/// The tables that the second version brought.
const TABLES_2: [&str; 2] = ["alteration_journal", "alteration_run"];

/// How a column's values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    Bytes,
}

/// A column of one of the runner's own tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    /// The version of the schema that added it to its table.
    pub since: i64,
    /// A literal for those who only check: the value is a secret, or of no use to them.
    pub blank: Option<&'static str>,
}

const fn text(name: &'static str) -> Column {
    Column { name, kind: Kind::Text, since: 1, blank: None }
}

const fn integer(name: &'static str) -> Column {
    Column { name, kind: Kind::Integer, since: 1, blank: None }
}

const fn bytes(name: &'static str) -> Column {
    Column { name, kind: Kind::Bytes, since: 1, blank: None }
}

const fn blank(blank: &'static str, column: Column) -> Column {
    Column { blank: Some(blank), ..column }
}

const fn since(since: i64, column: Column) -> Column {
    Column { since, ..column }
}

/// A question to the runner's own tables that is the same for every database.
#[derive(Debug, Clone, Copy)]
pub struct Selection {
    columns: &'static [Column],
    /// What follows the columns.
    pub from: &'static str,
}

impl Selection {
    /// The columns that there are in `version` of the schema.
    pub fn columns(&self, version: i64) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().filter(move |column| column.since <= version)
    }

    /// Their names, for a list in SQL.
    pub fn names(&self, version: i64) -> String {
        self.columns(version).map(|column| column.name).collect::<Vec<_>>().join(", ")
    }

    /// The statement that reads the values as they are stored.
    pub fn sql(&self, version: i64) -> String {
        format!("SELECT {} {}", self.names(version), self.from)
    }
}

/// The ledger's one row.
pub const LEDGER: Selection = Selection {
    columns: &[integer("schema_version"), integer("revision"), integer("fence")],
    from: "FROM @ledger",
};

/// The recorded alterations.
pub const STATE: Selection = Selection {
    columns: &[
        text("plugin"),
        text("id"),
        text("checksum"),
        text("component_checksum"),
        text("status"),
        text("applied_at"),
        integer("duration_ms"),
        integer("statements"),
        integer("rows_affected"),
        text("applied_by"),
        text("runner_version"),
        text("permissions"),
        text("requires"),
        integer("irreversible"),
        integer("revision"),
        text("error"),
        since(3, text("settings")),
        since(5, integer("draft")),
    ],
    from: "FROM @state",
};

/// The plugins that run as database roles of their own.
pub const ROLE: Selection =
    Selection { columns: &[text("plugin"), text("role")], from: "FROM @role ORDER BY plugin" };

/// The permissions that persons granted and took back, in their order.
pub const GRANT: Selection = Selection {
    columns: &[
        text("plugin"),
        text("permission"),
        text("id"),
        text("checksum"),
        text("event"),
        text("at"),
        text("done_by"),
    ],
    from: "FROM @grant ORDER BY sequence",
};

/// The plugins of which something ran confined.
pub const CONFINED: Selection = Selection {
    columns: &[text("plugin")],
    from: "FROM @state WHERE level = 'confined' GROUP BY plugin ORDER BY plugin",
};
/// The version of the schema from which on levels are recorded.
pub const LEVEL_SINCE: i64 = 6;

/// The attempts that were begun and have not ended. The first version had no table for them.
pub const RUN: Selection = Selection {
    columns: &[
        text("plugin"),
        text("id"),
        text("direction"),
        text("phase"),
        text("previous_status"),
        text("component_checksum"),
        // Keys may be made of it.
        blank(
            "'0000000000000000000000000000000000000000000000000000000000000000'",
            text("entropy_seed"),
        ),
        integer("entropy_now_ms"),
        text("wit_version"),
        text("dialect"),
        text("marker"),
        text("started_at"),
        blank("NULL", bytes("checkpoint")),
        integer("steps"),
        integer("done"),
        integer("total"),
        integer("duration_ms"),
        integer("statements"),
        integer("rows_affected"),
        // With their values.
        blank("'{}'", since(3, text("settings"))),
    ],
    from: "FROM @run",
};
/// The version of the schema that brought [`RUN`].
pub const RUN_SINCE: i64 = 2;

/// The objects that alterations made: see [`super::Owners`].
pub const OBJECT: Selection = Selection {
    columns: &[text("plugin"), text("id"), text("kind"), text("place"), text("name")],
    from: "FROM @object",
};
/// The version of the schema that brought [`OBJECT`].
pub const OBJECT_SINCE: i64 = 6;

/// Which plugin took over which, in order: see [`super::Ending::TakenOver`].
pub const SUCCESSORS: Selection = Selection {
    columns: &[text("plugin"), text("error")],
    from: "FROM @history WHERE event = 'taken-over'
        GROUP BY plugin, error ORDER BY max(sequence)",
};

/// What decides whether the runs can be resumed: see [`super::cut_off`].
pub const TRACES: Selection = Selection {
    columns: &[text("plugin"), text("id"), text("status"), text("statement"), text("fingerprint")],
    from: "FROM @journal ORDER BY plugin, id, call_number",
};

/// What a history row says in `error` of an alteration that was taken over, before the name that it had.
pub const TAKEN_OVER_FROM: &str = "taken over from ";

/// Whether a table of that name is the runner's.
pub fn is_own(found: &str) -> bool {
    TABLES.contains(&found) || OPTIONAL.contains(&found)
}

/// Keeps of `names` what is the runner's.
pub fn own(names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    names.into_iter().map(|name| name.to_lowercase()).filter(|name| is_own(name)).collect()
}

/// Whether tables without a ledger are those of a runner that has not come to the end of making them. Where schema
/// changes `commit_alone`, the first table may be all there is.
pub fn without_ledger(found: &BTreeSet<String>, commit_alone: bool) -> Result<(), RecordError> {
    let are_optional = found.iter().all(|table| OPTIONAL.contains(&table.as_str()));
    if found.is_empty() || commit_alone || are_optional {
        return Ok(());
    }
    Err(RecordError::Corrupt("the table alteration_ledger is missing".to_owned()))
}

/// Those of the tables of a version that are not among `found`. The map of owners is none of them: what only checks does not
/// read it, and may have no right to see it.
pub fn missing(version: i64, found: &BTreeSet<String>) -> Vec<&'static str> {
    let is_asked_for = |table: &&str| {
        *table != OBJECT_TABLE && (version >= RUN_SINCE || !TABLES_2.contains(table))
    };
    TABLES.into_iter().filter(is_asked_for).filter(|table| !found.contains(*table)).collect()
}

/// The schema's version, of which the ledger says `found` while the tables `missing` are not there. `None` where a
/// runner has not come to the end of making them, which is seen only where schema changes `commit_alone`.
pub fn version(
    found: i64,
    missing: &[&str],
    commit_alone: bool,
) -> Result<Option<i64>, RecordError> {
    match found {
        found if found > SCHEMA_VERSION => Err(RecordError::NewerSchema { found }),
        0 if commit_alone => Ok(None),
        found if found < 1 => {
            Err(RecordError::Corrupt(format!("alteration_ledger has schema version {found}")))
        }
        // All are made together: some without the others mean that they were dropped.
        _ if !missing.is_empty() => {
            Err(RecordError::Corrupt(format!("the table {} is missing", missing.join(", "))))
        }
        found => Ok(Some(found)),
    }
}

/// What the ledger's one row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ledger {
    pub schema_version: i64,
    pub revision: Revision,
    pub fence: i64,
}

impl Ledger {
    /// From the rows of [`LEDGER`].
    pub fn read(rows: Vec<Vec<Cell>>) -> Result<Self, RecordError> {
        let [row] = <[_; 1]>::try_from(rows).map_err(|rows| {
            let rows = rows.len();
            RecordError::Corrupt(format!(
                "alteration_ledger has {rows} rows; exactly one is expected"
            ))
        })?;
        let mut row = Record::new(row, "alteration_ledger");
        Ok(Self {
            schema_version: row.integer("schema_version")?,
            revision: Revision(row.integer("revision")?),
            fence: row.integer("fence")?,
        })
    }
}

impl StateRow {
    /// From a row of [`STATE`].
    pub fn read(cells: Vec<Cell>) -> Result<Self, RecordError> {
        let mut row = Record::new(cells, "alteration_state, a row");
        let key = row.key("alteration_state")?;
        Ok(Self {
            key,
            checksum: row.parse("checksum")?,
            component_checksum: row.parse("component_checksum")?,
            status: row.parse("status")?,
            applied_at: row.maybe_text("applied_at")?,
            duration_ms: row.maybe_count("duration_ms")?,
            statements: row.maybe_count("statements")?,
            rows_affected: row.maybe_count("rows_affected")?,
            applied_by: row.maybe_text("applied_by")?,
            runner_version: row.maybe_text("runner_version")?,
            permissions: row.json("permissions")?,
            requires: row.json("requires")?,
            irreversible: row.integer("irreversible")? != 0,
            revision: Revision(row.integer("revision")?),
            error: row.maybe_text("error")?,
            settings: row.added_json("settings")?,
            draft: row.added_flag("draft")?,
        })
    }
}

impl Run {
    /// From a row of [`RUN`].
    pub fn read(cells: Vec<Cell>) -> Result<Self, RecordError> {
        let mut row = Record::new(cells, "alteration_run, a row");
        let key = row.key("alteration_run")?;
        Ok(Self {
            key,
            direction: match row.text("direction")?.as_str() {
                "up" => Direction::Up,
                "down" => Direction::Down,
                _ => return Err(row.invalid("direction")),
            },
            phase: {
                let phase = row.text("phase")?;
                Phase::parse(&phase).ok_or_else(|| row.invalid("phase"))?
            },
            previous: match row.maybe_text("previous_status")? {
                None => None,
                Some(text) => {
                    Some(text.parse::<Status>().map_err(|()| row.invalid("previous_status"))?)
                }
            },
            component_checksum: row.parse("component_checksum")?,
            entropy: {
                let seed = row.text("entropy_seed")?;
                let now_ms = row.count("entropy_now_ms")?;
                Entropy::restore(&seed, now_ms).ok_or_else(|| row.invalid("entropy_seed"))?
            },
            wit_version: row.text("wit_version")?,
            dialect: row.parse("dialect")?,
            marker: row.text("marker")?,
            started_at: row.text("started_at")?,
            checkpoint: Checkpoint {
                state: row.maybe_bytes("checkpoint")?,
                steps: row.count("steps")?,
                done: row.count("done")?,
                total: row.maybe_count("total")?,
            },
            counts: Counts {
                duration_ms: row.count("duration_ms")?,
                statements: row.count("statements")?,
                rows_affected: row.count("rows_affected")?,
            },
            settings: row.added_json("settings")?,
        })
    }
}

/// From the rows of [`ROLE`]: the database role of each confined plugin.
pub fn roles(rows: Vec<Vec<Cell>>) -> Result<BTreeMap<PluginName, String>, RecordError> {
    let read = |cells| {
        let mut row = Record::new(cells, "alteration_role, a row");
        Ok((row.parse("plugin")?, row.text("role")?))
    };
    rows.into_iter().map(read).collect()
}

/// From the rows of [`CONFINED`].
pub fn confined(rows: Vec<Vec<Cell>>) -> Result<BTreeSet<PluginName>, RecordError> {
    let read = |cells| Record::new(cells, "alteration_state, a row").parse("plugin");
    rows.into_iter().map(read).collect()
}

/// From the rows of [`SUCCESSORS`]: the plugin that took over, by the one whose records they were.
pub fn successors(rows: Vec<Vec<Cell>>) -> Result<BTreeMap<PluginName, PluginName>, RecordError> {
    let mut successors = BTreeMap::new();
    for row in rows {
        let mut row = Record::new(row, "alteration_history, a row");
        let to: PluginName = row.parse("plugin")?;
        let from = row.text("error")?;
        let from = from.strip_prefix(TAKEN_OVER_FROM).and_then(|name| name.parse().ok());
        let from: PluginName = from.ok_or_else(|| row.invalid("error"))?;
        // A plugin may take back what it gave away.
        successors.remove(&to);
        successors.insert(from, to);
    }
    Ok(successors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Ending;

    #[test]
    fn columns_come_with_their_version() {
        assert!(STATE.sql(2).ends_with("revision, error FROM @state"), "{}", STATE.sql(2));
        assert!(STATE.sql(4).ends_with("error, settings FROM @state"), "{}", STATE.sql(4));
        assert!(STATE.sql(5).ends_with("settings, draft FROM @state"), "{}", STATE.sql(5));
        assert!(RUN.sql(2).ends_with("rows_affected FROM @run"), "{}", RUN.sql(2));
        assert!(RUN.sql(SCHEMA_VERSION).ends_with("settings FROM @run"));
    }

    #[test]
    fn the_history_is_asked_for_what_is_recorded() {
        assert!(SUCCESSORS.from.contains(&format!("'{}'", Ending::TakenOver.as_str())));
    }

    #[test]
    fn versions_are_told() {
        let corrupt = |text: &str| Err(RecordError::Corrupt(text.to_owned()));
        let table = [
            (SCHEMA_VERSION + 1, &[][..], false, Err(RecordError::NewerSchema { found: 7 })),
            (5, &[][..], false, Ok(Some(5))),
            (0, &[][..], true, Ok(None)),
            (0, &[][..], false, corrupt("alteration_ledger has schema version 0")),
            (3, &["alteration_run"][..], true, corrupt("the table alteration_run is missing")),
        ];
        for (found, missing, commit_alone, expected) in table {
            assert_eq!(version(found, missing, commit_alone), expected, "{found}");
        }
        let found = |names: &[&str]| own(names.iter().map(|name| (*name).to_owned()));
        let first = found(&["alteration_ARCHIVE", "alteration_history", "alteration_ledger", "x"]);
        assert_eq!(missing(1, &first), ["alteration_state"]);
        let three = ["alteration_journal", "alteration_run", "alteration_state"];
        assert_eq!(missing(RUN_SINCE, &first), three);
        assert_eq!(missing(OBJECT_SINCE, &first), three);
        assert!(without_ledger(&found(&["alteration_lease"]), false).is_ok());
        assert!(without_ledger(&found(&["alteration_state"]), true).is_ok());
        assert!(without_ledger(&found(&["alteration_state"]), false).is_err());
    }
}
