//! Statements that a server runs outside of a transaction only.

use super::statement::Statement;
use crate::alteration::Dialect;

/// How PostgreSQL calls a statement that it never runs in a transaction; `None` for any other, and where only the
/// server can tell. As its manual says of each command.
pub fn refuses_transaction(statement: &Statement<'_>) -> Option<String> {
    if statement.dialect() != Dialect::Postgresql {
        return None;
    }
    let words: Vec<_> = statement.words().collect();
    let words: Vec<_> = words.iter().map(|word| &**word).collect();
    let concurrently = words.contains(&"CONCURRENTLY");
    let name = match words[..] {
        ["CREATE", "INDEX", "CONCURRENTLY", ..]
        | ["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY", ..] => "CREATE INDEX CONCURRENTLY",
        ["DROP", "INDEX", "CONCURRENTLY", ..] => "DROP INDEX CONCURRENTLY",
        ["CREATE", "DATABASE", ..] => "CREATE DATABASE",
        ["DROP", "DATABASE", ..] => "DROP DATABASE",
        ["CREATE", "TABLESPACE", ..] => "CREATE TABLESPACE",
        ["DROP", "TABLESPACE", ..] => "DROP TABLESPACE",
        ["ALTER", "SYSTEM", ..] => "ALTER SYSTEM",
        ["ALTER", "DATABASE", ref rest @ ..] if rest.contains(&"TABLESPACE") => {
            "ALTER DATABASE … SET TABLESPACE"
        }
        ["VACUUM", ..] => "VACUUM",
        ["CLUSTER"] | ["CLUSTER", "VERBOSE"] if statement.tokens().len() == words.len() => {
            "CLUSTER without a table"
        }
        ["REINDEX", ..] if concurrently => "REINDEX CONCURRENTLY",
        ["REINDEX", ref rest @ ..] => {
            let kind = rest.iter().find(|word| {
                matches!(**word, "INDEX" | "TABLE" | "SCHEMA" | "DATABASE" | "SYSTEM")
            });
            match kind.copied() {
                Some("SCHEMA") => "REINDEX SCHEMA",
                Some("DATABASE") => "REINDEX DATABASE",
                Some("SYSTEM") => "REINDEX SYSTEM",
                _ => return None,
            }
        }
        ["ALTER", "TABLE", .., "CONCURRENTLY"] if words.contains(&"DETACH") => {
            "DETACH PARTITION CONCURRENTLY"
        }
        _ => return None,
    };
    Some(name.to_owned())
}

/// Whether a statement adds labels to a type of PostgreSQL, which can be used only once it is committed.
pub fn adds_label(statement: &Statement<'_>) -> bool {
    let words: Vec<_> = statement.words().collect();
    let words: Vec<_> = words.iter().map(|word| &**word).collect();
    statement.dialect() == Dialect::Postgresql
        && words.starts_with(&["ALTER", "TYPE"])
        && words.windows(2).any(|pair| pair == ["ADD", "VALUE"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_postgresql_refuses_in_a_transaction() {
        let refused = |sql, dialect| {
            refuses_transaction(&Statement::one(sql, dialect).unwrap()).unwrap_or_default()
        };
        let table = [
            ("create unique index /* -- */ concurrently i on t (x)", "CREATE INDEX CONCURRENTLY"),
            ("CREATE INDEX concurrently_i ON t (x)", ""),
            ("DROP INDEX CONCURRENTLY IF EXISTS i", "DROP INDEX CONCURRENTLY"),
            ("VACUUM", "VACUUM"),
            ("VACUUM (FULL, ANALYZE) t", "VACUUM"),
            ("CLUSTER", "CLUSTER without a table"),
            ("CLUSTER t USING i", ""),
            ("CLUSTER \"t\"", ""),
            ("REINDEX (VERBOSE) INDEX CONCURRENTLY i", "REINDEX CONCURRENTLY"),
            ("REINDEX (VERBOSE) SCHEMA s", "REINDEX SCHEMA"),
            ("REINDEX TABLE t", ""),
            ("ALTER TABLE t DETACH PARTITION p CONCURRENTLY", "DETACH PARTITION CONCURRENTLY"),
            ("ALTER TABLE t DETACH PARTITION p", ""),
            ("ALTER SYSTEM RESET ALL", "ALTER SYSTEM"),
            ("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p", ""),
            ("ALTER DATABASE d SET work_mem = 1", ""),
        ];
        for (sql, expected) in table {
            assert_eq!(refused(sql, Dialect::Postgresql), expected, "{sql}");
        }
        assert_eq!(refused("VACUUM", Dialect::Sqlite), "");
    }
}
