//! Texts that PostgreSQL reads as they are read here, whatever a guest made of its session's settings.
//!
//! By the simple protocol a server runs as many statements as it sees. What passes here may go to it that way
//! without having been parsed as one before.

/// Returns whether no reader can see more than one statement in `sql`: they are parted by `;` alone, and in no
/// encoding do bytes of ASCII make one.
pub fn is_undivided(sql: &str) -> bool {
    sql.is_ascii() && !sql.contains(';')
}

/// Returns whether such a text ends, and does not affect the next one, for every reader: without a backslash it does
/// not depend on any setting where a literal ends. Its quotes and comments have to be closed.
pub fn is_closed(sql: &str) -> bool {
    is_undivided(sql) && !sql.contains('\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_alike() {
        let table = [
            ("SELECT 'it''s' -- x\n, $$a$$", true, true),
            ("SELECT '\\', $$a$$", true, false),
            ("SELECT ';'", false, false),
            ("SELECT 'é'", false, false),
        ];
        for (sql, undivided, closed) in table {
            assert_eq!((is_undivided(sql), is_closed(sql)), (undivided, closed), "{sql}");
        }
    }
}
