//! What another tool recorded in this database before the runner came: read from its ledger, which is
//! never altered.
//!
//! What the rows mean is told apart from reading them, and has tables of cases. Which alterations
//! they stand for is the plan's to say.

use super::{
    Backend, BackendError,
    connection::{Cell, Connection},
    tables::Record,
};
use crate::{alteration::Dialect, escape::Escaped};
use std::collections::BTreeSet;

/// A tool whose ledger can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormerTool {
    Sqlx,
    GolangMigrate,
    Diesel,
    Dbmate,
    Goose,
    Flyway,
    Refinery,
}

/// What a former tool's ledger says, in its own versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// The ledger, for messages: escaped.
    pub table: String,
    /// Versions of which each is applied.
    pub applied: Vec<String>,
    /// A version up to which all are applied, whatever they are.
    pub up_to: Option<String>,
    /// Rows of what has no version, because it is run whenever it changes.
    pub repeatables: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormerError {
    #[error("there is no ledger of {} here: no table {table}", .tool.as_str())]
    NoLedger { tool: FormerTool, table: String },
    #[error("it could be any of these tables: {table}")]
    SeveralTables { table: String },
    #[error("`{}` is no name of a table", Escaped(.0))]
    NoName(String),
    #[error("the table {table} is no ledger of {}: {reason}", .tool.as_str())]
    OtherTable { tool: FormerTool, table: String, reason: String },
    #[error(
        "the ledger {table} says that {} did not succeed, so nobody knows what of it took effect",
        Escaped(.version)
    )]
    Broken { table: String, version: String },
}

/// More than any history has.
const ROWS_MAX: usize = 100_000;

/// One row: its version, whether it holds, and of which kind it is.
type Row = (Option<String>, bool, String);

impl FormerTool {
    pub const ALL: [Self; 7] = [
        Self::Sqlx,
        Self::GolangMigrate,
        Self::Diesel,
        Self::Dbmate,
        Self::Goose,
        Self::Flyway,
        Self::Refinery,
    ];

    /// As it is named on the command line, and by `pack --from`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlx => "sqlx",
            Self::GolangMigrate => "golang-migrate",
            Self::Diesel => "diesel",
            Self::Dbmate => "dbmate",
            Self::Goose => "goose",
            Self::Flyway => "flyway",
            Self::Refinery => "refinery",
        }
    }

    fn default_table(self) -> &'static str {
        match self {
            Self::Sqlx => "_sqlx_migrations",
            Self::GolangMigrate | Self::Dbmate => "schema_migrations",
            Self::Diesel => "__diesel_schema_migrations",
            Self::Goose => "goose_db_version",
            Self::Flyway => "flyway_schema_history",
            Self::Refinery => "refinery_schema_history",
        }
    }

    /// The columns for a version, for whether it holds and for its kind, and the order of the rows.
    fn columns(self) -> [&'static str; 4] {
        match self {
            Self::Sqlx => ["version", "success", "''", "version"],
            Self::GolangMigrate => ["version", "NOT dirty", "''", "version"],
            Self::Diesel | Self::Dbmate | Self::Refinery => ["version", "1 = 1", "''", "version"],
            Self::Goose => ["version_id", "is_applied", "''", "id"],
            Self::Flyway => ["version", "success", "type", "installed_rank"],
        }
    }

    /// What the rows mean.
    fn read(self, table: &str, rows: Vec<Row>) -> Result<Former, FormerError> {
        let mut applied: Vec<String> = Vec::new();
        let mut former =
            Former { table: table.to_owned(), applied: Vec::new(), up_to: None, repeatables: 0 };
        let broken = |version: String| FormerError::Broken { table: table.to_owned(), version };
        for (version, holds, kind) in rows {
            match (self, version) {
                // One row, which says how far it came: to a file that has to be there.
                (Self::GolangMigrate, Some(version)) if holds => {
                    former.up_to = Some(version.clone());
                    applied.push(version);
                }
                // The last row about a version counts; version 0 is the ledger itself.
                (Self::Goose, Some(version)) => {
                    applied.retain(|known| *known != version);
                    if holds && version != "0" {
                        applied.push(version);
                    }
                }
                (Self::Flyway, version) if !holds => {
                    return Err(broken(version.unwrap_or_else(|| "a repeatable one".to_owned())));
                }
                (Self::Flyway, Some(version)) if kind == "DELETE" || kind.starts_with("UNDO") => {
                    applied.retain(|known| *known != version);
                }
                (Self::Flyway, Some(version)) if kind.contains("BASELINE") => {
                    former.up_to = Some(version);
                }
                (Self::Flyway, None) if kind != "SCHEMA" => former.repeatables += 1,
                (_, Some(version)) if !holds => return Err(broken(version)),
                (_, Some(version)) if kind != "SCHEMA" => applied.push(version),
                _ => {}
            }
        }
        former.applied = applied;
        Ok(former)
    }
}

impl Backend {
    /// Reads the ledger of `tool`; `table` where it is not the tool's usual one.
    pub async fn former(
        &mut self,
        tool: FormerTool,
        table: Option<&str>,
    ) -> Result<Result<Former, FormerError>, BackendError> {
        let dialect = self.dialect();
        let name = match Name::parse(table.unwrap_or(tool.default_table())) {
            Ok(name) => name,
            Err(error) => return Ok(Err(error)),
        };
        let shared = self.shared()?;
        let connection = &mut *shared.lock().await;
        connection.begin_reading().await?;
        let read = read(connection, dialect, tool, &name).await;
        connection.rollback().await?;
        read
    }
}

async fn read(
    connection: &mut dyn Connection,
    dialect: Dialect,
    tool: FormerTool,
    name: &Name,
) -> Result<Result<Former, FormerError>, BackendError> {
    let name = match placed(connection, dialect, name).await? {
        Ok(name) => name,
        Err(table) => return Ok(Err(FormerError::SeveralTables { table })),
    };
    let table = || name.to_string();
    let (sql, params) = name.columns_of(dialect);
    let mut columns = BTreeSet::new();
    for row in connection.own_rows(sql, &params).await? {
        columns.insert(Record::new(row, &table()).text("column")?.to_lowercase());
    }
    if columns.is_empty() {
        return Ok(Err(FormerError::NoLedger { tool, table: table() }));
    }
    let [version, holds, kind, order] = tool.columns();
    let needed = [version, holds.trim_start_matches("NOT "), kind, order];
    let is_name = |text: &&str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if let Some(missing) = needed.into_iter().filter(is_name).find(|name| !columns.contains(*name))
    {
        let reason = format!("it has no column {missing}");
        return Ok(Err(FormerError::OtherTable { tool, table: table(), reason }));
    }
    // They share the name of a table.
    if tool == FormerTool::Dbmate && columns.contains("dirty") {
        let reason = "its column dirty is golang-migrate's".to_owned();
        return Ok(Err(FormerError::OtherTable { tool, table: table(), reason }));
    }
    let (text, integer) = match dialect {
        Dialect::Sqlite => ("TEXT", "INTEGER"),
        Dialect::Postgresql => ("pg_catalog.text", "pg_catalog.int8"),
        Dialect::Mysql | Dialect::Mariadb => ("CHAR", "SIGNED"),
    };
    let quoted = name.quoted(dialect);
    // `type` is a word of its own to some.
    let kind = if kind == "type" { quote("type", dialect) } else { kind.to_owned() };
    // No more is read than a ledger has.
    let sql = format!(
        "SELECT one, two, three FROM (
             SELECT CAST({version} AS {text}) AS one,
                 CAST(CASE WHEN {holds} THEN 1 ELSE 0 END AS {integer}) AS two,
                 CAST({kind} AS {text}) AS three, {order} AS four
             FROM {quoted} LIMIT {}
         ) AS ledger ORDER BY four",
        ROWS_MAX + 1
    );
    let mut rows = Vec::new();
    for row in connection.own_rows(&sql, &[]).await? {
        let mut row = Record::new(row, &table());
        let version = row.maybe_text("version")?;
        rows.push((version, row.integer("success")? != 0, row.text("type")?));
    }
    if rows.len() > ROWS_MAX {
        let reason = format!("it has more than {ROWS_MAX} rows");
        return Ok(Err(FormerError::OtherTable { tool, table: table(), reason }));
    }
    Ok(tool.read(&table(), rows))
}

/// The name with the schema that has the table, on PostgreSQL, where the runner's own statements look
/// into no schema by themselves. An error where several have it.
async fn placed(
    connection: &mut dyn Connection,
    dialect: Dialect,
    name: &Name,
) -> Result<Result<Name, String>, BackendError> {
    let (table, schema) = (name.table.clone(), name.schema.clone());
    if dialect != Dialect::Postgresql || schema.is_some() {
        return Ok(Ok(Name { schema, table }));
    }
    let sql = "SELECT n.nspname::pg_catalog.text FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relname = ? AND c.relkind IN ('r', 'p') ORDER BY 1";
    let rows = connection.own_rows(sql, &[Cell::text(&table)]).await?;
    let schemas: Vec<String> = rows
        .into_iter()
        .map(|row| Record::new(row, "pg_namespace").text("nspname"))
        .collect::<Result<_, _>>()?;
    match &schemas[..] {
        [_, _, ..] => {
            let names: Vec<_> = schemas.iter().map(|s| format!("{}.{table}", Escaped(s))).collect();
            Ok(Err(names.join(", ")))
        }
        // What the runner could not spell is as good as not there.
        _ => Ok(Ok(Name { schema: schemas.into_iter().find(|name| is_part(name)), table })),
    }
}

/// The name of a table, with its schema if one was given.
struct Name {
    schema: Option<String>,
    table: String,
}

fn is_part(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-$".contains(c))
}

impl Name {
    fn parse(text: &str) -> Result<Self, FormerError> {
        let (schema, table) = match text.split_once('.') {
            Some((schema, table)) => (Some(schema), table),
            None => (None, text),
        };
        if !is_part(table) || !schema.is_none_or(is_part) {
            return Err(FormerError::NoName(text.to_owned()));
        }
        Ok(Self { schema: schema.map(str::to_owned), table: table.to_owned() })
    }

    fn quoted(&self, dialect: Dialect) -> String {
        let table = quote(&self.table, dialect);
        match &self.schema {
            Some(schema) => format!("{}.{table}", quote(schema, dialect)),
            None => table,
        }
    }

    /// A query for the names of its columns; without rows, there is no such table. A view is none: no
    /// tool keeps its ledger in one, and whoever made it decides how long reading takes.
    fn columns_of(&self, dialect: Dialect) -> (&'static str, Vec<Cell>) {
        let (schema, table) = (Cell::Text(self.schema.clone()), Cell::text(&self.table));
        match dialect {
            Dialect::Sqlite => (
                "SELECT name FROM pragma_table_info(?, coalesce(?, 'main'))
                 WHERE EXISTS (SELECT 1 FROM sqlite_schema AS s
                     WHERE s.type = 'table' AND lower(s.name) = lower(?))",
                vec![table.clone(), schema, table],
            ),
            Dialect::Postgresql => (
                "SELECT attname::pg_catalog.text FROM pg_catalog.pg_attribute
                 WHERE attrelid = (SELECT oid FROM pg_catalog.pg_class
                         WHERE oid = pg_catalog.to_regclass(?) AND relkind IN ('r', 'p'))
                     AND attnum > 0 AND NOT attisdropped",
                vec![Cell::text(self.quoted(dialect))],
            ),
            Dialect::Mysql | Dialect::Mariadb => (
                "SELECT c.column_name FROM information_schema.columns AS c
                 JOIN information_schema.tables AS t
                     ON t.table_schema = c.table_schema AND t.table_name = c.table_name
                 WHERE t.table_type = 'BASE TABLE' AND c.table_schema = coalesce(?, database())
                     AND c.table_name = ?",
                vec![schema, table],
            ),
        }
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{}.{}", Escaped(schema), self.table),
            None => f.write_str(&self.table),
        }
    }
}

/// Names hold no quotes: [`is_part`].
fn quote(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite | Dialect::Postgresql => format!("\"{name}\""),
        Dialect::Mysql | Dialect::Mariadb => format!("`{name}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tool: FormerTool, rows: &[(&str, bool, &str)]) -> Result<Former, FormerError> {
        let row = |(version, holds, kind): &(&str, bool, &str)| {
            let version = (!version.is_empty()).then(|| (*version).to_owned());
            (version, *holds, (*kind).to_owned())
        };
        tool.read("t", rows.iter().map(row).collect())
    }

    #[test]
    fn what_ledgers_say() {
        use FormerTool::{Dbmate, Flyway, GolangMigrate, Goose, Sqlx};
        let table: [(FormerTool, &[(&str, bool, &str)], &[&str], Option<&str>); 8] = [
            (Sqlx, &[("1", true, ""), ("2", true, "")], &["1", "2"], None),
            (Dbmate, &[("20240101000000", true, "")], &["20240101000000"], None),
            (GolangMigrate, &[("7", true, "")], &["7"], Some("7")),
            (GolangMigrate, &[], &[], None),
            (
                Goose,
                &[("0", true, ""), ("1", true, ""), ("2", true, ""), ("2", false, "")],
                &["1"],
                None,
            ),
            (Goose, &[("1", true, ""), ("1", false, ""), ("1", true, "")], &["1"], None),
            (
                Flyway,
                &[
                    ("", true, "SCHEMA"),
                    ("1", true, "BASELINE"),
                    ("2", true, "SQL"),
                    ("3", true, "SQL"),
                    ("3", true, "UNDO_SQL"),
                    ("", true, "SQL"),
                    ("4", true, "JDBC"),
                ],
                &["2", "4"],
                Some("1"),
            ),
            (Flyway, &[("1", true, "SQL"), ("1", true, "DELETE")], &[], None),
        ];
        for (tool, rows, applied, up_to) in table {
            let former = read(tool, rows).unwrap();
            assert_eq!(former.applied, applied, "{tool:?} {rows:?}");
            assert_eq!(former.up_to.as_deref(), up_to, "{tool:?} {rows:?}");
            let unversioned = rows.iter().filter(|row| row.0.is_empty() && row.2 == "SQL").count();
            assert_eq!(former.repeatables, unversioned);
        }
    }

    #[test]
    fn what_did_not_succeed_is_not_taken_over() {
        use FormerTool::{Flyway, GolangMigrate, Sqlx};
        for tool in [Flyway, GolangMigrate, Sqlx] {
            let error = read(tool, &[("1", false, "SQL")]).unwrap_err();
            assert!(matches!(error, FormerError::Broken { .. }), "{tool:?}: {error}");
        }
        assert!(read(Flyway, &[("", false, "SQL")]).is_err());
    }

    #[test]
    fn names_of_tables() {
        for (text, quoted) in [("t", "\"t\""), ("s.t", "\"s\".\"t\""), ("my-$t", "\"my-$t\"")] {
            let name = Name::parse(text).unwrap();
            assert_eq!(name.quoted(Dialect::Postgresql), quoted);
            assert_eq!(name.to_string(), text);
        }
        for text in ["", ".", "a.", ".b", "a.b.c", "a\"b", "a b", "t;", "t@x", "t?"] {
            assert!(Name::parse(text).is_err(), "{text}");
        }
    }
}
