//! Counts of what a statement changed, from SQLite's counters of the last write.

use super::raw::Shape;
use crate::{session::Outcome, sql};
use sqlx::sqlite::SqliteQueryResult;

/// Returns what a statement did. SQLite keeps the counts of the last write, so they are read only if the statement is one.
pub(super) fn outcome(shape: &Shape, sql: &str, result: &SqliteQueryResult) -> Outcome {
    let verb = first_word(sql);
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(verb));
    if shape.read_only || !is(&["insert", "replace", "update", "delete", "with"]) {
        return Outcome::default();
    }
    let last_insert_id = (is(&["insert", "replace"]) && result.rows_affected() > 0)
        .then(|| u64::try_from(result.last_insert_rowid()).ok())
        .flatten();
    Outcome { rows_affected: result.rows_affected(), last_insert_id }
}

/// Returns the first word of a statement, behind white space, semicolons and comments.
pub(super) fn first_word(sql: &str) -> &str {
    let rest = &sql[sql::blank(sql)..];
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    &rest[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_words() {
        let table = [
            ("INSERT INTO t", "INSERT"),
            ("  -- x\n /* y */ ;; update t", "update"),
            ("/* open", ""),
            ("", ""),
            ("(SELECT 1)", ""),
        ];
        for (sql, word) in table {
            assert_eq!(first_word(sql), word, "{sql}");
        }
    }
}
