//! Calls of a hook as they are recorded: what was asked, and the result.

pub use alteration_domain::record::Stop;

use crate::{
    session::{Column, Handle, Outcome, Row, RowSet, SqlError},
    sql::{Reading, Statement},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The most characters of a statement that messages show.
const SHOWN_CHARS_MAX: usize = 200;

/// One call and its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Call {
    /// A hash of everything that was asked for.
    pub(super) asked: [u8; 16],
    /// The shortened statement, if it may have changed something.
    pub(super) changes: Option<String>,
    pub(super) result: CallResult,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum CallResult {
    Outcome(Outcome),
    Rows(RowSet),
    Opened(Handle, Vec<Column>),
    Fetched(Vec<Row>),
    Written(u64),
    Closed,
    /// A setting of the session. A replay makes it again.
    Setting,
}

/// Returns the identity of a call: a hash that the same call has in each replay.
pub(super) fn asked(kind: &str, sql: &str, details: &impl Serialize) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(kind.as_bytes());
    hash.update((sql.len() as u64).to_le_bytes());
    hash.update(sql.as_bytes());
    // Encoding to memory cannot fail for these types.
    hash.update(postcard::to_allocvec(details).unwrap_or_default());
    let mut asked = [0; 16];
    asked.copy_from_slice(&hash.finalize()[..16]);
    asked
}

pub(super) fn encode(calls: &[Call]) -> Vec<u8> {
    postcard::to_allocvec(calls).unwrap_or_default()
}

/// Decodes recorded calls. Returns `None` if they were edited.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<Call>> {
    postcard::from_bytes(bytes).ok()
}

/// Returns a statement as messages show it, without the comments before it.
pub(super) fn shown_of(sql: &str, reading: Reading) -> String {
    match Statement::one(sql, reading) {
        Ok(statement) => {
            let first = statement.tokens().first().map_or(0, |token| token.range().start);
            shown(&statement.text()[first..])
        }
        Err(_) => shown(sql),
    }
}

/// Returns a text as messages show it.
pub(super) fn shown(sql: &str) -> String {
    let sql = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown: String = sql.chars().take(SHOWN_CHARS_MAX).collect();
    if sql.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// Returns the error that the guest gets for `stop`. The operator gets the [`Stop`] itself.
pub(super) fn stopped(stop: &Stop) -> SqlError {
    SqlError::new(crate::session::ErrorKind::Other, stop.to_string())
}
