//! How a server reads SQL: its dialect, and the settings of a session that change where a quote ends.
//!
//! Only MySQL and MariaDB have such settings. Everything that knows a dialect alone reads as a session
//! with the server's own defaults does.

use crate::alteration::Dialect;

/// A dialect, and how its quotes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    pub dialect: Dialect,
    /// `ANSI_QUOTES`: what stands in `"` is a name.
    pub ansi_quotes: bool,
    /// Unless `NO_BACKSLASH_ESCAPES`: a backslash in a string takes the meaning from what follows.
    pub backslash_escapes: bool,
    /// As executable comments compare it: 80036 for MySQL 8.0.36, 101106 for MariaDB 10.11.6. Of others, 0.
    pub version: u32,
}

/// Newer than every server that there is, for texts that are read without one. Below the versions that are written
/// to mean "on no server".
const NEWEST_MYSQL: u32 = 98_999;
const NEWEST_MARIADB: u32 = 199_999;

impl Reading {
    /// As a session of MySQL or MariaDB with this `sql_mode` reads. Other modes move no token:
    /// `IGNORE_SPACE` makes words of functions reserved, `PIPES_AS_CONCAT` is about what `||` does.
    pub fn of_mode(dialect: Dialect, sql_mode: &str) -> Self {
        Self::from(dialect).in_mode(sql_mode)
    }

    /// The same server in another `sql_mode`.
    pub fn in_mode(self, sql_mode: &str) -> Self {
        let modes = || sql_mode.split(',').map(str::trim);
        let has = |wanted: &str| modes().any(|mode| mode.eq_ignore_ascii_case(wanted));
        Self {
            // These stand for several modes.
            ansi_quotes: ["ANSI_QUOTES", "ANSI", "DB2", "MAXDB", "MSSQL", "ORACLE", "POSTGRESQL"]
                .into_iter()
                .any(has),
            backslash_escapes: !has("NO_BACKSLASH_ESCAPES"),
            ..self
        }
    }

    /// As a server of this version reads, given as executable comments write it.
    pub fn of_version(self, version: u32) -> Self {
        Self { version, ..self }
    }
}

impl From<Dialect> for Reading {
    fn from(dialect: Dialect) -> Self {
        let version = match dialect {
            Dialect::Mysql => NEWEST_MYSQL,
            Dialect::Mariadb => NEWEST_MARIADB,
            Dialect::Sqlite | Dialect::Postgresql => 0,
        };
        Self { dialect, ansi_quotes: false, backslash_escapes: true, version }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        let table = [
            ("", false, true),
            ("STRICT_TRANS_TABLES,PIPES_AS_CONCAT", false, true),
            ("REAL_AS_FLOAT,ANSI_QUOTES,ANSI", true, true),
            ("NO_BACKSLASH_ESCAPES", false, false),
            ("ansi_quotes,no_backslash_escapes", true, false),
        ];
        for (mode, ansi_quotes, backslash_escapes) in table {
            let dialect = Dialect::Mysql;
            let expected = Reading { ansi_quotes, backslash_escapes, ..Reading::from(dialect) };
            assert_eq!(Reading::of_mode(dialect, mode), expected, "{mode}");
        }
    }
}
