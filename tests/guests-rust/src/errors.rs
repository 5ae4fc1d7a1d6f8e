//! What fails, what of it can be told, and what the operator reads.

use super::Cases;
use alteration_sdk::{ErrorKind, prelude::*, raw, settings};

pub(super) const CASES: Cases = &[
    ("error_fields", fields),
    ("error_caught", caught),
    ("error_of_kind", of_kind),
    ("error_own", own),
    ("error_with_cause", with_cause),
    ("error_bug", bug),
    ("error_odd_text", odd_text),
];

/// Runs the statement of the setting `argument`, which fails.
fn fields(db: &Database) -> Result<()> {
    let sql = settings::get("argument").unwrap_or_default();
    let Err(error) = db.query::<Row>(&sql, params![]) else { return Ok(()) };
    log::info!(
        "caught {}, {}, {}, {}",
        error.kind(),
        error.sqlstate().unwrap_or("no sqlstate"),
        error.constraint().unwrap_or("no constraint"),
        error.is_retryable(),
    );
    Err(error)
}

fn caught(db: &Database) -> Result<()> {
    let _ = db.execute("SELECT nothing_of_this_name", params![]);
    Ok(())
}

/// An error of the guest's own, of the kind that the setting `argument` names.
fn of_kind(_: &Database) -> Result<()> {
    let argument = settings::get("argument").unwrap_or_default();
    let kind = match &*argument {
        "constraint" => ErrorKind::Constraint,
        "serialization" => ErrorKind::Serialization,
        "denied" => ErrorKind::Denied,
        "limit" => ErrorKind::Limit,
        "syntax" => ErrorKind::Syntax,
        "conversion" => ErrorKind::Conversion,
        "disconnected" => ErrorKind::Disconnected,
        "other" => ErrorKind::Other,
        _ => return Err(format!("no kind {argument}").into()),
    };
    let message = format!("made of {argument}");
    Err(raw::types::Error { kind, message, sqlstate: None, constraint: None, retryable: false }
        .into())
}

fn own(_: &Database) -> Result<()> {
    Err("the accounts do not balance".into())
}

fn with_cause(_: &Database) -> Result<()> {
    "x".parse::<i64>().context("customer 17")?;
    Ok(())
}

fn bug(db: &Database) -> Result<()> {
    let rows: Vec<i64> = db.query("SELECT id FROM items WHERE id = 0", params![])?;
    log::info!("{}", rows[0]);
    Ok(())
}

fn odd_text(_: &Database) -> Result<()> {
    Err(String::from_utf8_lossy(b"half a pair: \xed\xa0\x80, an escape: \x1b[31m")
        .into_owned()
        .into())
}
