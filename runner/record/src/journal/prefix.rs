//! Whether a text begins with what a journal holds, so that a hook of it can go on behind that. Runs nothing.

use super::call::{asked, decode, encode};
use crate::{
    Asked, BackendError,
    session::Value,
    sql::{self, Reading},
    tables::journal::JournalRow,
};

/// Words that begin a statement which delimits a transaction of a script, and may be recorded by no call.
const DELIMITERS: [&str; 4] = ["BEGIN", "START", "COMMIT", "END"];

/// What comments begin with that are more than that.
const EXECUTED: [&str; 3] = ["/*!", "/*M!", "/*+"];

/// Whether a hook that hands over `text` as one script first does exactly what is recorded in `rows`: the same
/// statements in the same order. Where the end of the last one is not known, it has to be there as well. The answer is what
/// its calls will ask for.
///
/// `begun` is the text that was recorded, if it is known: then white space and comments around a statement do not count.
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

/// `rows` with what the calls of another text ask for, `now`; those that stay as they are left out.
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
    /// Without white space and comments around it.
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

/// Returns the statements of a text as its hook hands it over, up to where it can be taken apart.
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
