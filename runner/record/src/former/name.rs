//! Names of ledgers: parsed, found in a schema, quoted.

use super::{
    super::{
        BackendError,
        connection::{Cell, Connection},
        identifier::quote,
        recorded::query,
        tables::Record,
    },
    FormerError,
};
use crate::{alteration::Dialect, escape::Escaped};

/// The name with the schema that has the table, on PostgreSQL, where the runner's own statements look
/// into no schema by themselves. An error where several have it.
pub(super) async fn placed(
    connection: &mut dyn Connection,
    dialect: Dialect,
    name: Name,
) -> Result<Result<Name, String>, BackendError> {
    if dialect != Dialect::Postgresql || name.schema.is_some() {
        return Ok(Ok(name));
    }
    let table = name.table;
    let sql = "SELECT n.nspname::pg_catalog.text FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relname = ? AND c.relkind IN ('r', 'p') ORDER BY 1";
    let rows = query(connection, sql, [Cell::text(&table)]).await?;
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
        _ => Ok(Ok(Name {
            schema: schemas.into_iter().find(|name| is_part(name)),
            table,
            file: None,
        })),
    }
}

/// The name of a table, with its schema if one was given.
pub(super) struct Name {
    schema: Option<String>,
    table: String,
    /// Where that is not the database itself.
    file: Option<String>,
}

fn is_part(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-$".contains(c))
}

impl Name {
    pub(super) fn parse(text: &str) -> Result<Self, FormerError> {
        let (schema, table) = match text.split_once('.') {
            Some((schema, table)) => (Some(schema), table),
            None => (None, text),
        };
        if !is_part(table) || !schema.is_none_or(is_part) {
            return Err(FormerError::NoName(text.to_owned()));
        }
        Ok(Self { schema: schema.map(str::to_owned), table: table.to_owned(), file: None })
    }

    /// A table in another file of SQLite.
    pub(super) fn in_file(table: &str, file: &str) -> Self {
        Self { schema: None, table: table.to_owned(), file: Some(file.to_owned()) }
    }

    /// A file of SQLite has one schema, and asking for another is an error there.
    pub(super) fn may_be_there(&self, dialect: Dialect) -> bool {
        let is_main = |schema: &String| schema.eq_ignore_ascii_case("main");
        dialect != Dialect::Sqlite || self.schema.as_ref().is_none_or(is_main)
    }

    pub(super) fn has_schema(&self) -> bool {
        self.schema.is_some()
    }

    pub(super) fn quoted(&self, dialect: Dialect) -> String {
        let table = quote(&self.table, dialect);
        match &self.schema {
            Some(schema) => format!("{}.{table}", quote(schema, dialect)),
            None => table,
        }
    }

    /// A query for the names of its columns; without rows, there is no such table. A view is none: no
    /// tool keeps its ledger in one, and whoever made it decides how long reading takes.
    pub(super) fn columns_of(&self, dialect: Dialect) -> (&'static str, Vec<Cell>) {
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
            Some(schema) => write!(f, "{}.{}", Escaped(schema), self.table)?,
            None => f.write_str(&self.table)?,
        }
        match &self.file {
            Some(file) => write!(f, " in {}", Escaped(file)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
