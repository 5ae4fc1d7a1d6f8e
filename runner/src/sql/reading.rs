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
}

impl Reading {
    /// As a session of MySQL or MariaDB with this `sql_mode` reads. Other modes move no token:
    /// `IGNORE_SPACE` makes words of functions reserved, `PIPES_AS_CONCAT` is about what `||` does.
    pub fn of_mode(dialect: Dialect, sql_mode: &str) -> Self {
        let has = |wanted: &str| sql_mode.split(',').any(|mode| mode.eq_ignore_ascii_case(wanted));
        Self {
            dialect,
            ansi_quotes: has("ANSI_QUOTES"),
            backslash_escapes: !has("NO_BACKSLASH_ESCAPES"),
        }
    }
}

impl From<Dialect> for Reading {
    fn from(dialect: Dialect) -> Self {
        Self { dialect, ansi_quotes: false, backslash_escapes: true }
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
            let expected = Reading { dialect, ansi_quotes, backslash_escapes };
            assert_eq!(Reading::of_mode(dialect, mode), expected, "{mode}");
        }
    }
}
