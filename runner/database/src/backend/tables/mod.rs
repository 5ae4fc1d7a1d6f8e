//! The runner's own tables: every statement that reads or changes them, written once for every
//! database.
//!
//! Works on a [`Connection`]; begins and ends no transaction. Each function says what it needs to
//! run in.
//!
//! [`Connection`]: super::connection::Connection

pub(super) mod archive;
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
