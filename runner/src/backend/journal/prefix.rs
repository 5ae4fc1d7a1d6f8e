//! Whether a text begins with what a journal holds, so that a hook of it can go on behind that. Runs nothing.

use super::call::{asked, decode};
use crate::{
    backend::{BackendError, connection::Connection, tables::journal::JournalRow},
    session::{Script, Value},
    sql,
};

/// Words that begin a statement which delimits a transaction of a script, and may be recorded by no call.
const DELIMITERS: [&str; 4] = ["BEGIN", "START", "COMMIT", "END"];

/// Whether a hook that hands over `text` as one script first asks for exactly what is recorded in `rows`: the same
/// statements, byte for byte, in the same order. Where the end of the last one is not known, it has to be there as well.
pub(in crate::backend) async fn begins_with(
    connection: &mut dyn Connection,
    rows: &[JournalRow],
    text: &str,
) -> Result<bool, BackendError> {
    let mut recorded = Vec::new();
    for row in rows {
        let calls = row.results.as_deref().map_or(Some(Vec::new()), decode);
        let corrupt = || BackendError::Corrupt("alteration_journal: its results".to_owned());
        recorded.extend(calls.ok_or_else(corrupt)?.into_iter().map(|call| call.asked));
    }
    let Ok(script) = Script::new(text) else { return Ok(false) };
    let (mut recorded, mut start) = (recorded.into_iter().peekable(), 0);
    while let Some(expected) = recorded.peek() {
        // A text that cannot be taken apart does not begin with anything.
        let Ok(Some(length)) = connection.statement_length(&script, start).await else {
            return Ok(false);
        };
        let statement = &script.text(start)[..length];
        start += length;
        if asked("execute", statement, &Vec::<Value>::new()) == *expected {
            recorded.next();
        } else if !is_delimiter(statement) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_delimiter(statement: &str) -> bool {
    let rest = &statement[sql::blank(statement)..];
    let word = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    DELIMITERS.iter().any(|delimiter| word.eq_ignore_ascii_case(delimiter))
}

#[cfg(test)]
mod tests {
    use super::is_delimiter;

    #[test]
    fn what_delimits_a_transaction() {
        for text in ["BEGIN;", "\n-- a\ncommit ;", "start transaction;", " end"] {
            assert!(is_delimiter(text), "{text}");
        }
        for text in ["CREATE TABLE begin (x int)", "beginning", "", "SELECT 1"] {
            assert!(!is_delimiter(text), "{text}");
        }
    }
}
