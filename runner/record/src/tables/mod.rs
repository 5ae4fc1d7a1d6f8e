//! The runner's own tables: every statement that reads or changes them, written once for every
//! database.
//!
//! What changes a table is an [`Own`] statement, which its caller makes part of a transaction. What reads works on a
//! [`Connection`], and says whether it needs a transaction or opens one.
//!
//! [`Connection`]: super::connection::Connection
//! [`Own`]: super::transaction::Own

pub(super) mod archive;
pub(super) mod grant;
pub(super) mod history;
pub(super) mod journal;
pub(super) mod lease;
pub(super) mod ledger;
pub(super) mod run;
pub(super) mod schema;
pub(super) mod snapshot;
pub(super) mod state;
#[cfg(test)]
mod tests;

pub(super) use alteration_domain::record::Record;

pub(super) const RUNNER_VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("names and versions are always valid JSON")
}
