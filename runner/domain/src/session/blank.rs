//! What stands before a statement: white space, empty statements, comments.

/// Returns how many bytes of `sql` come before its first word.
pub fn blank(sql: &str) -> usize {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ';');
        rest = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, rest)| rest)
        } else if rest.starts_with("/*!") || rest.starts_with("/*M!") {
            // It may be code.
            return sql.len() - rest.len();
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, rest)| rest)
        } else {
            return sql.len() - rest.len();
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_before_the_first_word() {
        let table = [
            ("SELECT", "SELECT"),
            ("  -- x\n /* y\n */ ;; UPDATE t", "UPDATE t"),
            ("-- only", ""),
            ("/* x */ /*!40101 SET a = 1 */;", "/*!40101 SET a = 1 */;"),
            ("/* open", ""),
            ("", ""),
        ];
        for (sql, rest) in table {
            assert_eq!(&sql[blank(sql)..], rest, "{sql}");
        }
    }
}
