//! What PostgreSQL would run and a guest may not.

use super::{Level, Place, Refused, TRANSACTIONS, because, postgresql_set};
use crate::{
    bodies::{self, Part},
    plain, used,
    view::View,
};
use std::collections::BTreeSet;

const PREPARED: &str = "prepared statements outlive the hook; pass parameters instead";
const CURSORS: &str = "use open-cursor";
const LISTENING: &str = "nobody would hear: the session is the host's";
const FILES: &str = "use the bulk-writer; files and programs are the server's";
const LIBRARIES: &str = "libraries are the server's";
const SERVER: &str = "the server is the operator's";
const OWNED: &str = "the runner's own tables could be among them";

const BEGINNINGS: &Refused = &[
    (&["BEGIN"], TRANSACTIONS),
    (&["START", "TRANSACTION"], TRANSACTIONS),
    (&["COMMIT"], TRANSACTIONS),
    (&["END"], TRANSACTIONS),
    (&["ROLLBACK"], TRANSACTIONS),
    (&["ABORT"], TRANSACTIONS),
    (&["SAVEPOINT"], TRANSACTIONS),
    (&["RELEASE"], TRANSACTIONS),
    (&["PREPARE", "TRANSACTION"], TRANSACTIONS),
    (&["PREPARE"], PREPARED),
    (&["DEALLOCATE"], PREPARED),
    (&["EXECUTE"], PREPARED),
    (&["DISCARD"], "the session's settings are the host's"),
    (&["LISTEN"], LISTENING),
    (&["UNLISTEN"], LISTENING),
    (&["COPY"], FILES),
    (&["LOAD"], LIBRARIES),
    (&["DECLARE"], CURSORS),
    (&["FETCH"], CURSORS),
    (&["MOVE"], CURSORS),
    (&["CLOSE"], CURSORS),
    (&["CHECKPOINT"], SERVER),
    (&["ALTER", "SYSTEM"], SERVER),
    (&["CREATE", "TABLESPACE"], SERVER),
    (&["ALTER", "TABLESPACE"], SERVER),
    (&["DROP", "TABLESPACE"], SERVER),
    (&["CREATE", "SUBSCRIPTION"], SERVER),
    (&["ALTER", "SUBSCRIPTION"], SERVER),
    (&["DROP", "SUBSCRIPTION"], SERVER),
    (&["DROP", "OWNED"], OWNED),
    (&["REASSIGN", "OWNED"], OWNED),
];

/// The same where a statement begins inside a body. Transactions are missing: a procedure that
/// the application calls later may have them, and in a hook's transaction they fail.
const BODY_BEGINNINGS: &Refused = &[
    (&["COPY"], FILES),
    (&["LOAD"], LIBRARIES),
    (&["ALTER", "SYSTEM"], SERVER),
    (&["DEALLOCATE"], PREPARED),
    (&["DISCARD"], "the session's settings are the host's"),
];

/// Functions, by the beginning of their names, that reach beyond the hook's transaction.
const FUNCTIONS: [(&str, &str); 12] = [
    ("pg_advisory_unlock", "the runner's lock could be among them"),
    ("pg_terminate_backend", "other sessions are not the hook's"),
    ("pg_cancel_backend", "other sessions are not the hook's"),
    ("lo_import", "files are the server's"),
    ("lo_export", "files are the server's"),
    ("be_lo_import", "files are the server's"),
    ("be_lo_export", "files are the server's"),
    ("pg_read_file", "files are the server's"),
    ("pg_read_binary_file", "files are the server's"),
    ("pg_ls_", "files are the server's"),
    ("pg_file_", "files are the server's"),
    ("dblink", "it would open a session of its own"),
];

const SESSION_LOCKS: [&str; 4] = [
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
];

pub(super) fn refusal(view: View<'_>, place: Place, level: Level) -> Option<String> {
    let called = used::called(view);
    let reason = refused_at(view, BEGINNINGS, level)
        .or_else(|| refused_at(plain::explained(view), BEGINNINGS, level))
        .or_else(|| executes_prepared(view))
        .or_else(|| hidden_end(view))
        .or_else(|| postgresql_set::refusal(view, level))
        .or_else(|| foreign_language(view))
        .or_else(|| refused_function(&called))
        .or_else(|| in_parts(view, level));
    match place {
        Place::Transaction | Place::Apart => reason,
        Place::Journaled => reason.or_else(|| lost_on_resume(view, &called)),
    }
}

/// As [`refused_beginning`]; what is the server's alone is trusted plugins' too.
fn refused_at(view: View<'_>, table: &'static Refused, level: Level) -> Option<String> {
    let is_refused = |(_, why): &&(&[&str], &'static str)| !level.is_trusted() || *why != SERVER;
    let (words, why) =
        table.iter().filter(is_refused).find(|(words, _)| view.starts_with(words))?;
    Some(because(&words.join(" "), why))
}

/// CREATE TABLE … AS EXECUTE runs a prepared statement.
fn executes_prepared(view: View<'_>) -> Option<String> {
    if !plain::explained(view).is(0, "CREATE") {
        return None;
    }
    let query = view.find(1, "AS")?;
    view.is(query + 1, "EXECUTE").then(|| because("EXECUTE", PREPARED))
}

/// In a body of BEGIN ATOMIC each statement is a query or changes rows. Anything else means that
/// the server sees the body end where it was not seen here.
fn hidden_end(view: View<'_>) -> Option<String> {
    let inner = (0..view.tokens.len()).filter(|index| view.is_symbol(*index, b';'));
    let known = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "TABLE"];
    for index in inner {
        let next = view.from(index + 1);
        let next = next.from(next.verb_index());
        let known = next.is_any(0, &known) || next.is_any(0, &["RETURN", "END", "NOTIFY"]);
        if !known && !next.tokens.is_empty() && !next.is_symbol(0, b')') {
            let what = next.word(0).unwrap_or_else(|| "this".to_owned());
            return Some(because(&what, "it cannot stand in the body of BEGIN ATOMIC"));
        }
    }
    None
}

/// Functions whose code is the server's own or a library's.
fn foreign_language(view: View<'_>) -> Option<String> {
    if !view.is(0, "CREATE") {
        return None;
    }
    let mut languages = (0..view.tokens.len()).filter(|index| view.is(*index, "LANGUAGE"));
    languages.find_map(|index| {
        let language = view.name(index + 1).or_else(|| view.string(index + 1))?;
        matches!(language.to_ascii_lowercase().as_str(), "c" | "internal")
            .then(|| because(&format!("LANGUAGE {}", language.to_ascii_lowercase()), LIBRARIES))
    })
}

fn refused_function(called: &BTreeSet<String>) -> Option<String> {
    called.iter().find_map(|name| {
        let (_, why) = FUNCTIONS.iter().find(|(prefix, _)| name.starts_with(prefix))?;
        Some(because(&shortened(name), why))
    })
}

/// Shortens a name for a message: a guest may make names as long as it likes.
fn shortened(name: &str) -> String {
    name.chars().take(63).collect()
}

/// Refuses what is refused wherever it stands, in bodies too.
fn in_parts(view: View<'_>, level: Level) -> Option<String> {
    let mut reason = None;
    bodies::visit(view, &mut |part| {
        if reason.is_some() {
            return;
        }
        reason = match part {
            Part::Statement(view) => postgresql_set::anywhere(view, level),
            Part::Body(view) => {
                postgresql_set::anywhere(view, level).or_else(|| in_body(view, level))
            }
            Part::Unread(_) => None,
        };
    });
    reason
}

fn in_body(view: View<'_>, level: Level) -> Option<String> {
    let begins = |index: usize| {
        index == 0
            || view.is_symbol(index - 1, b';')
            || view.is_any(index - 1, &["BEGIN", "THEN", "ELSE", "LOOP"])
    };
    (0..view.tokens.len()).filter(|index| begins(*index)).find_map(|index| {
        let statement = view.from(index);
        refused_at(statement, BODY_BEGINNINGS, level)
            .or_else(|| postgresql_set::refused_set(statement, level))
    })
}

/// A journaled hook may go on in another session.
fn lost_on_resume(view: View<'_>, called: &BTreeSet<String>) -> Option<String> {
    let why = "it does not survive a resume";
    let temporary = ["TEMP", "TEMPORARY"];
    let creates = view.is(0, "CREATE") && (1..5).any(|index| view.is_any(index, &temporary));
    let selects = (0..view.tokens.len())
        .any(|index| view.is(index, "INTO") && view.is_any(index + 1, &temporary));
    if creates || selects {
        return Some(because("a temporary table", why));
    }
    let lock = SESSION_LOCKS.iter().find(|lock| called.contains(**lock))?;
    Some(because(lock, why))
}
