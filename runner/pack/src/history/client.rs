//! Scripts that the database's own client runs: psql, mysql, sqlite3. It sends statement by statement and opens no transaction;
//! the script does that. Pure.

use super::{
    statements::{DIALECTS, each_statement},
    transactions::is_setting,
};
use crate::alteration::Dialect;
use std::collections::BTreeSet;

/// Returns the dialects of which the text can be read as one.
pub(super) fn possible(text: &str, named: &BTreeSet<Dialect>) -> Vec<Dialect> {
    let dialects: Vec<Dialect> = match named.is_empty() {
        true => DIALECTS.to_vec(),
        false => named.iter().copied().collect(),
    };
    let reads = |dialect: &Dialect| each_statement(text, *dialect, |_, _| Ok(())).is_ok();
    dialects.into_iter().filter(reads).collect()
}

pub(super) fn is_opening(words: &[&str]) -> bool {
    matches!(words, ["BEGIN"] | ["BEGIN", "TRANSACTION" | "WORK"] | ["START", "TRANSACTION"])
}

pub(super) fn is_closing(words: &[&str]) -> bool {
    matches!(words, ["COMMIT" | "END"] | ["COMMIT" | "END", "TRANSACTION" | "WORK"])
}

/// Returns whether all that a script does is one transaction of its own: around it stand settings at most.
pub(super) fn is_one_transaction(text: &str, named: &BTreeSet<Dialect>) -> bool {
    let Some(dialect) = possible(text, named).first().copied() else { return true };
    let (mut opened, mut closed, mut around) = (0, 0, 0);
    let read = each_statement(text, dialect, |_, statement| {
        let words: Vec<_> = statement.words().collect();
        let words: Vec<_> = words.iter().map(|word| &**word).collect();
        if is_opening(&words) {
            opened += 1;
        } else if is_closing(&words) {
            closed += 1;
        } else if opened == closed && !is_setting(&words) {
            around += 1;
        }
        Ok(())
    });
    // What cannot be read is told elsewhere.
    read.is_err() || opened == 1 && closed == 1 && around == 0 || opened + around == 0
}
