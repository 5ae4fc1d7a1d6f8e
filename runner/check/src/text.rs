//! The queries as one database's SQL: names with their schema, literals, and every column cast to text.

use alteration_domain::{
    alteration::Dialect,
    record::{
        Cell,
        tables::{Column, Kind, Selection},
    },
};

/// How one database spells what it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spelling {
    pub(crate) dialect: Dialect,
    /// `None` for what the session looks into by itself.
    pub(crate) schema: Option<String>,
}

impl Spelling {
    fn text(&self, expression: &str) -> String {
        let of_type = match self.dialect {
            Dialect::Sqlite => "TEXT",
            Dialect::Postgresql => "pg_catalog.text",
            Dialect::Mysql | Dialect::Mariadb => "CHAR",
        };
        format!("CAST({expression} AS {of_type})")
    }

    /// A query to the runner's own tables, in `version` of the schema. Nothing secret is asked for.
    pub(crate) fn selection(&self, selection: &Selection, version: i64) -> String {
        let column = |column: &Column| self.text(column.blank.unwrap_or(column.name));
        let columns: Vec<String> = selection.columns(version).map(column).collect();
        let from = selection.from.replace('@', &format!("{}alteration_", self.prefix()));
        format!("SELECT {} {from}", columns.join(", "))
    }

    /// The names of the runner's own tables that are there.
    pub(crate) fn tables(&self) -> String {
        match self.dialect {
            Dialect::Sqlite => format!(
                "SELECT CAST(name AS TEXT) FROM {}sqlite_schema WHERE type = 'table'
                 AND name LIKE 'alteration!_%' ESCAPE '!'",
                self.prefix()
            ),
            Dialect::Postgresql => format!(
                "SELECT relname::pg_catalog.text FROM pg_catalog.pg_class
                 WHERE relnamespace = pg_catalog.to_regnamespace({}) AND relkind IN ('r', 'p')
                 AND relname LIKE 'alteration!_%' ESCAPE '!'",
                self.literal(&self.quoted(self.schema.as_deref().unwrap_or_default()))
            ),
            Dialect::Mysql | Dialect::Mariadb => format!(
                "SELECT CAST(table_name AS CHAR) FROM information_schema.tables
                 WHERE table_schema = {} AND table_name LIKE 'alteration!_%' ESCAPE '!'",
                self.database()
            ),
        }
    }

    /// Returns the query for the number of tables of others.
    pub(crate) fn others(&self) -> String {
        match self.dialect {
            Dialect::Sqlite => format!(
                "SELECT CAST(count(*) AS TEXT) FROM {}sqlite_schema WHERE type = 'table'
                 AND name NOT LIKE 'alteration!_%' ESCAPE '!'
                 AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
                self.prefix()
            ),
            Dialect::Postgresql => "SELECT pg_catalog.count(*)::pg_catalog.text
                 FROM pg_catalog.pg_class AS c
                 JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
                 WHERE c.relkind IN ('r', 'p') AND c.relname NOT LIKE 'alteration!_%' ESCAPE '!'
                 AND n.nspname NOT LIKE 'pg!_%' ESCAPE '!' AND n.nspname <> 'information_schema'"
                .to_owned(),
            Dialect::Mysql | Dialect::Mariadb => format!(
                "SELECT CAST(count(*) AS CHAR) FROM information_schema.tables
                 WHERE table_schema = {} AND table_type = 'BASE TABLE'
                 AND table_name NOT LIKE 'alteration!_%' ESCAPE '!'",
                self.database()
            ),
        }
    }

    fn prefix(&self) -> String {
        self.schema.as_deref().map_or_else(String::new, |name| format!("{}.", self.quoted(name)))
    }

    /// The database that MySQL and MariaDB look into.
    fn database(&self) -> String {
        self.schema.as_deref().map_or_else(|| "DATABASE()".to_owned(), |name| self.literal(name))
    }

    fn quoted(&self, name: &str) -> String {
        match self.dialect {
            Dialect::Mysql | Dialect::Mariadb => format!("`{}`", name.replace('`', "``")),
            Dialect::Sqlite | Dialect::Postgresql => {
                format!("\"{}\"", name.replace('"', "\"\""))
            }
        }
    }

    /// A literal that means the same whatever the session makes of a backslash.
    pub(crate) fn literal(&self, text: &str) -> String {
        match self.dialect {
            Dialect::Mysql | Dialect::Mariadb => {
                let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
                format!("_utf8mb4 x'{digits}'")
            }
            Dialect::Postgresql if text.contains('\\') => {
                format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
            }
            Dialect::Sqlite | Dialect::Postgresql => format!("'{}'", text.replace('\'', "''")),
        }
    }
}

/// A row as it is stored: the columns that are no text are read back from theirs.
pub(crate) fn stored(selection: &Selection, version: i64, row: Vec<Option<String>>) -> Vec<Cell> {
    let columns = selection.columns(version).map(|column| column.kind);
    let cell = |(kind, text): (Kind, Option<String>)| match (kind, text) {
        (Kind::Integer, Some(text)) => match text.parse() {
            Ok(value) => Cell::Integer(Some(value)),
            // It is no number, which whoever reads the row says.
            Err(_) => Cell::Text(Some(text)),
        },
        (_, text) => Cell::Text(text),
    };
    columns.zip(row).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alteration_domain::record::{SCHEMA_VERSION, tables};

    fn spelling(dialect: Dialect, schema: &str) -> Spelling {
        Spelling { dialect, schema: Some(schema.to_owned()) }
    }

    #[test]
    fn names_and_literals_are_quoted() {
        let table = [
            (Dialect::Sqlite, "a\"b", "\"a\"\"b\".alteration_ledger"),
            (Dialect::Postgresql, "a\"b", "\"a\"\"b\".alteration_ledger"),
            (Dialect::Mariadb, "a`b", "`a``b`.alteration_ledger"),
        ];
        for (dialect, schema, expected) in table {
            let sql = spelling(dialect, schema).selection(&tables::LEDGER, 1);
            assert!(sql.ends_with(expected), "{sql}");
        }
        let literals = [
            (Dialect::Postgresql, "'\"o''x\"'", "o'x"),
            (Dialect::Postgresql, "E'\"o\\\\x\"'", "o\\x"),
            (Dialect::Mysql, "_utf8mb4 x'6f27'", "o'"),
        ];
        for (dialect, expected, schema) in literals {
            let sql = spelling(dialect, schema).tables();
            assert!(sql.contains(expected), "{sql}");
        }
    }

    #[test]
    fn every_column_is_text_and_nothing_secret_is_read() {
        for dialect in Dialect::ALL {
            let spelling = Spelling { dialect, schema: None };
            let sql = spelling.selection(&tables::RUN, SCHEMA_VERSION);
            let columns = tables::RUN.columns(SCHEMA_VERSION).count();
            assert_eq!(sql.matches("CAST(").count(), columns, "{sql}");
            for secret in ["entropy_seed", "settings", "checkpoint"] {
                assert!(!sql.contains(secret), "{sql}");
            }
            assert!(!sql.contains('@'), "{sql}");
        }
    }

    #[test]
    fn rows_are_read_back() {
        let row = |texts: [Option<&str>; 3]| texts.map(|text| text.map(str::to_owned)).to_vec();
        let cells = stored(&tables::LEDGER, 5, row([Some("5"), Some("x"), None]));
        let expected = [Cell::integer(5), Cell::text("x"), Cell::Text(None)];
        assert_eq!(cells, expected);
    }
}
