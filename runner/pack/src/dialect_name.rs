//! Names of databases as people write them in file and folder names. Pure.
//!
//! Only the dialects' own names count in file names; what else means one of them is told apart from what means
//! none, so that a misspelled one is not taken for a part of an id.

use crate::alteration::Dialect;

/// What a name means that is no dialect's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    Dialect(Dialect),
    /// A database that the runner does not know.
    OtherDatabase,
}

const ALIASES: [(&str, Dialect); 7] = [
    ("pg", Dialect::Postgresql),
    ("pgsql", Dialect::Postgresql),
    ("psql", Dialect::Postgresql),
    ("postgre", Dialect::Postgresql),
    ("postgres", Dialect::Postgresql),
    ("sqlite3", Dialect::Sqlite),
    ("maria", Dialect::Mariadb),
];

const OTHERS: [&str; 13] = [
    "clickhouse",
    "cockroach",
    "cockroachdb",
    "db2",
    "duckdb",
    "firebird",
    "h2",
    "mssql",
    "oracle",
    "redshift",
    "snowflake",
    "spanner",
    "sqlserver",
];

/// Reads the name of a folder; `None` for one that is not meant as a database.
pub(super) fn read(name: &str) -> Option<Meant> {
    let name = name.to_ascii_lowercase();
    if let Some(dialect) = exact(&name) {
        return Some(Meant::Dialect(dialect));
    }
    if OTHERS.contains(&name.as_str()) {
        return Some(Meant::OtherDatabase);
    }
    let close = Dialect::ALL.into_iter().find(|dialect| is_close(&name, dialect.as_str()));
    close.map(Meant::Dialect)
}

/// Returns the dialect whose name, or a common other one, this is.
pub(super) fn exact(name: &str) -> Option<Dialect> {
    let alias = || ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, dialect)| *dialect);
    name.parse().ok().or_else(alias)
}

/// Returns whether one letter is missing, added or another, or two were swapped.
fn is_close(name: &str, dialect: &str) -> bool {
    let (name, dialect) = (name.as_bytes(), dialect.as_bytes());
    let same_start = name.iter().zip(dialect).take_while(|(a, b)| a == b).count();
    let (name, dialect) = (&name[same_start..], &dialect[same_start..]);
    let same_end = name.iter().rev().zip(dialect.iter().rev()).take_while(|(a, b)| a == b).count();
    let left = |text: &[u8]| text.len() - same_end;
    match (left(name), left(dialect)) {
        (0 | 1, 0 | 1) => true,
        (2, 2) => name[0] == dialect[1] && name[1] == dialect[0],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let dialect = |name| match read(name) {
            Some(Meant::Dialect(dialect)) => Some(dialect),
            _ => None,
        };
        for (name, expected) in [
            ("postgresq", Dialect::Postgresql),
            ("postgersql", Dialect::Postgresql),
            ("postgressql", Dialect::Postgresql),
            ("PG", Dialect::Postgresql),
            ("sqlit", Dialect::Sqlite),
            ("sqlite2", Dialect::Sqlite),
            ("mysq", Dialect::Mysql),
            ("mariab", Dialect::Mariadb),
        ] {
            assert_eq!(dialect(name), Some(expected), "{name}");
        }
        for name in ["steps", "sql", "up", "0-17-x", "users", "post", "", "é", "mydata"] {
            assert_eq!(read(name), None, "{name}");
        }
        assert_eq!(read("MSSQL"), Some(Meant::OtherDatabase));
        assert_eq!(exact("postgres"), Some(Dialect::Postgresql));
        assert_eq!(exact("Postgres"), None);
    }
}
