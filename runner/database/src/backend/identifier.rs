//! Names as databases quote them, whatever their settings say.

use crate::alteration::Dialect;

/// As the dialect quotes it.
pub fn quote(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Mysql | Dialect::Mariadb => in_backticks(name),
        Dialect::Sqlite | Dialect::Postgresql => in_quotes(name),
    }
}

/// As standard SQL does: SQLite, PostgreSQL. NUL, which no name can hold, is left out.
pub(super) fn in_quotes(name: &str) -> String {
    format!("\"{}\"", name.replace('\0', "").replace('"', "\"\""))
}

/// As MySQL and MariaDB do.
pub(super) fn in_backticks(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_name_is_doubled() {
        assert_eq!(quote("a\"b`c\0", Dialect::Sqlite), "\"a\"\"b`c\"");
        assert_eq!(quote("a\"b`c", Dialect::Mariadb), "`a\"b``c`");
    }
}
