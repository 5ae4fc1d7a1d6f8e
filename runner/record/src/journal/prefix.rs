//! Compares a changed script with a journal: if it begins with the recorded calls, a hook can resume behind them. Runs
//! nothing.

use super::call::{asked, decode, encode};
use crate::{
    Asked, BackendError,
    session::Value,
    sql::{self, Reading},
    tables::journal::JournalRow,
};

/// First words of statements that delimit a transaction in a script. No call records these.
const DELIMITERS: [&str; 4] = ["BEGIN", "START", "COMMIT", "END"];

/// Beginnings of comments that the server executes or reads as hints.
const EXECUTED: [&str; 3] = ["/*!", "/*M!", "/*+"];

/// Returns the identities of the calls that a hook with the script `text` will make for what is recorded in `rows`, or
/// `None` if it does not begin with the same statements in the same order. A last statement whose outcome is unknown has
/// to be there as well.
///
/// `begun` is the text that was recorded, if it is known. Then white space and comments around a statement are ignored.
pub(crate) fn begins_with(
    reading: Reading,
    rows: &[JournalRow],
    begun: Option<&str>,
    text: &str,
) -> Result<Option<Vec<Asked>>, BackendError> {
    let mut recorded = Vec::new();
    for row in rows {
        recorded.extend(calls(row)?.into_iter().map(|call| call.asked));
    }
    if recorded.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let begun = match begun {
        Some(begun) => statements(reading, begun),
        None => Vec::new(),
    };
    let mut begun = begun.iter();
    let offered = statements(reading, text);
    let mut offered = offered.iter();
    let mut now = Vec::new();
    for expected in recorded {
        let before = begun.clone().find(|statement| statement.asked == expected);
        let same = offered.find_map(|one| {
            let is_same = one.asked == expected || before.is_some_and(|it| it.core == one.core);
            match is_same {
                true => Some(Some(one.asked)),
                false if one.is_delimiter() => None,
                false => Some(None),
            }
        });
        let Some(Some(asked)) = same else { return Ok(None) };
        now.push(asked);
        if before.is_some() {
            begun.find(|statement| statement.asked == expected);
        }
    }
    Ok(Some(now))
}

/// Returns `rows` with the identities `now` that the calls of another text have. Rows that stay the same are left out.
pub(crate) fn asked_anew(
    rows: Vec<JournalRow>,
    now: &[Asked],
) -> Result<Vec<JournalRow>, BackendError> {
    let mut now = now.iter();
    let mut changed = Vec::new();
    for row in rows {
        let mut calls = calls(&row)?;
        let before: Vec<Asked> = calls.iter().map(|call| call.asked).collect();
        for (call, asked) in calls.iter_mut().zip(&mut now) {
            call.asked = *asked;
        }
        if calls.iter().map(|call| call.asked).ne(before) {
            changed.push(JournalRow { results: Some(encode(&calls)), ..row });
        }
    }
    Ok(changed)
}

fn calls(row: &JournalRow) -> Result<Vec<super::call::Call>, BackendError> {
    let calls = row.results.as_deref().map_or(Some(Vec::new()), decode);
    calls.ok_or_else(|| BackendError::Corrupt("alteration_journal: its results".to_owned()))
}

/// One statement of a script.
struct Spoken {
    asked: Asked,
    /// The statement without white space and comments around it.
    core: String,
}

impl Spoken {
    fn new(statement: &str) -> Self {
        let (before, rest) = statement.split_at(sql::blank(statement));
        // Some comments are executed, or are hints.
        let is_spoken = EXECUTED.iter().any(|comment| before.contains(comment));
        let core = if is_spoken { statement.trim() } else { rest.trim_end() };
        Self {
            asked: asked("execute", statement, &Vec::<Value>::new()),
            core: core.trim_end_matches(';').trim_end().to_owned(),
        }
    }

    fn is_delimiter(&self) -> bool {
        let word = self.core.split(|c: char| !c.is_ascii_alphanumeric()).next();
        let word = word.unwrap_or_default();
        DELIMITERS.iter().any(|delimiter| word.eq_ignore_ascii_case(delimiter))
    }
}

/// Splits a script into statements as its hook sends them, up to the first that cannot be read.
fn statements(reading: Reading, text: &str) -> Vec<Spoken> {
    let Ok(text) = sql::as_client(text, reading) else { return Vec::new() };
    let (mut statements, mut start) = (Vec::new(), 0);
    while let Ok(Some(length)) = sql::statement_length(&text[start..], reading) {
        statements.push(Spoken::new(&text[start..start + length]));
        start += length;
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::Spoken;

    #[test]
    fn what_delimits_a_transaction() {
        for text in ["BEGIN;", "\n-- a\ncommit ;", "start transaction;", " end"] {
            assert!(Spoken::new(text).is_delimiter(), "{text}");
        }
        for text in ["CREATE TABLE begin (x int)", "beginning", "", "SELECT 1"] {
            assert!(!Spoken::new(text).is_delimiter(), "{text}");
        }
    }

    #[test]
    fn what_stands_around_a_statement_is_none_of_it() {
        let core = |text| Spoken::new(text).core;
        let same = ["SELECT 1", "\n-- mended\nSELECT 1;", "  /* a */ SELECT 1 ;\n"];
        assert!(same.iter().all(|text| core(text) == "SELECT 1"));
        for other in ["SELECT  1", "/*!50000 SET x = 1 */ SELECT 1", "/*M! SET x = 1 */; SELECT 1"]
        {
            assert_ne!(core(other), "SELECT 1", "{other}");
        }
        assert_ne!(core("/*!50000 SET x = 1 */"), core("/*!50000 SET x = 2 */"));
    }
}
