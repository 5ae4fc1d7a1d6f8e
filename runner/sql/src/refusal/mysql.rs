//! What MySQL or MariaDB would run and a guest may not.

use super::{
    Level, Place, Refused, TRANSACTIONS, because, mysql_inside, mysql_set, refused_beginning,
};
use crate::{
    alteration::Dialect,
    statement::Statement,
    token::{Token, TokenKind},
    view::View,
};
use std::collections::BTreeSet;

const LOCKS: &str = "locks of the session are the host's";
const SERVER: &str = "the server is the operator's";
const FILES: &str = "files are the server's";
const OUTSIDE: &str = "statements outside of routines have to be plain ones";
const READ_LOCK: &str = "it would stop everybody else, the runner too";

/// Refused wherever they stand.
const BEGINNINGS: &Refused = &[
    (&["XA"], TRANSACTIONS),
    (&["LOCK", "INSTANCE"], SERVER),
    (&["UNLOCK", "INSTANCE"], SERVER),
    (&["LOAD"], "use the bulk-writer; files are the server's"),
    (&["IMPORT"], FILES),
    (&["USE"], "an alteration works in one database"),
    (&["CREATE", "OR", "REPLACE", "DATABASE"], "the runner's own tables could be in it"),
    (&["CREATE", "OR", "REPLACE", "SCHEMA"], "the runner's own tables could be in it"),
    (&["DROP", "DATABASE"], "the runner's own tables could be in it"),
    (&["DROP", "SCHEMA"], "the runner's own tables could be in it"),
    (&["ALTER", "INSTANCE"], SERVER),
    (&["BACKUP"], SERVER),
    (&["BINLOG"], SERVER),
    (&["CACHE"], SERVER),
    (&["CHANGE"], SERVER),
    (&["CLONE"], SERVER),
    (&["INSTALL"], SERVER),
    (&["KILL"], SERVER),
    (&["PURGE"], SERVER),
    (&["RESET"], SERVER),
    (&["RESTART"], SERVER),
    (&["SHUTDOWN"], SERVER),
    (&["START", "TRANSACTION"], ""),
    (&["START"], SERVER),
    (&["STOP"], SERVER),
    (&["UNINSTALL"], SERVER),
];

/// Refused where transactions are the host's.
const IN_A_TRANSACTION: &Refused = &[
    (&["BEGIN", "NOT", "ATOMIC"], ""),
    (&["BEGIN"], TRANSACTIONS),
    (&["START", "TRANSACTION"], TRANSACTIONS),
    (&["COMMIT"], TRANSACTIONS),
    (&["ROLLBACK"], TRANSACTIONS),
    (&["SAVEPOINT"], TRANSACTIONS),
    (&["RELEASE"], TRANSACTIONS),
];

/// Refused in a step, which is one transaction.
const IN_A_STEP: &Refused = &[
    (&["BEGIN", "NOT", "ATOMIC"], OUTSIDE),
    (&["IF"], OUTSIDE),
    (&["CASE"], OUTSIDE),
    (&["LOOP"], OUTSIDE),
    (&["WHILE"], OUTSIDE),
    (&["REPEAT"], OUTSIDE),
    (&["FOR"], OUTSIDE),
    (&["LOCK"], LOCKS),
    (&["UNLOCK"], LOCKS),
    (&["FLUSH"], SERVER),
    (&["PREPARE"], PREPARED),
    (&["EXECUTE"], PREPARED),
    (&["DEALLOCATE"], PREPARED),
    (&["DROP", "PREPARE"], PREPARED),
    (&["CALL"], "a procedure may commit"),
    (&["HANDLER"], "use open-cursor"),
];
const PREPARED: &str = "a prepared statement could be any; pass parameters instead";

/// What CREATE, ALTER and DROP may not be about.
const KINDS: [(&str, &str); 4] =
    [("SERVER", SERVER), ("TABLESPACE", FILES), ("LOGFILE", FILES), ("RESOURCE", SERVER)];

const FUNCTIONS: [(&str, &str); 5] = [
    ("get_lock", LOCKS),
    ("release_lock", LOCKS),
    ("release_all_locks", LOCKS),
    ("is_used_lock", LOCKS),
    ("load_file", FILES),
];

/// Storage engines that read files or other servers.
const ENGINES: [&str; 5] = ["federated", "federatedx", "connect", "spider", "s3"];

pub(super) fn refusal(
    statement: &Statement<'_>,
    names: &BTreeSet<String>,
    place: Place,
    level: Level,
) -> Option<String> {
    let view = statement.view();
    if statement.hides() {
        return Some(
            "quotes in hints that are not closed, and names like $a$ are refused: they can hide \
             statements"
                .to_owned(),
        );
    }
    let reason = judge(view, place, level).or_else(|| function(names));
    match place {
        Place::Transaction => reason.or_else(|| {
            let what = view.verb();
            let what = if what.is_empty() { "the statement" } else { what.as_str() };
            (!statement.is_plain())
                .then(|| because(what, "it would commit by itself; a step is one transaction"))
        }),
        Place::Journaled | Place::Apart => reason,
    }
}

/// Judges a statement without regard to the names in it.
pub(super) fn judge(view: View<'_>, place: Place, level: Level) -> Option<String> {
    // An empty reason is none: it keeps a longer beginning from being taken for a shorter one.
    let of = |table| refused_beginning(view, table).filter(|reason| !reason.ends_with(": "));
    of(BEGINNINGS)
        .or_else(|| read_lock(view))
        .or_else(|| match place {
            Place::Apart => None,
            Place::Transaction => of(IN_A_TRANSACTION).or_else(|| of(IN_A_STEP)),
            Place::Journaled => of(IN_A_TRANSACTION),
        })
        .or_else(|| outside(view))
        .or_else(|| kind(view))
        .or_else(|| files(view))
        .or_else(|| mysql_set::refusal(view, place, level))
        .or_else(|| mysql_inside::refusal(view, level))
}

/// Judges the text of a prepared statement, which runs where it is executed. What stands inside of it is not looked at.
pub(super) fn judge_text(view: View<'_>, level: Level) -> Option<String> {
    judge_inner(view)
        .or_else(|| files(view))
        .or_else(|| mysql_set::refusal(view, Place::Apart, level))
}

/// Judges a statement inside a block or a body, except SET. Transactions are allowed there.
pub(super) fn judge_inner(view: View<'_>) -> Option<String> {
    refused_beginning(view, BEGINNINGS)
        .filter(|reason| !reason.ends_with(": "))
        .or_else(|| read_lock(view))
        .or_else(|| kind(view))
}

/// Refuses the functions that no statement may call, by the names that it mentions.
pub(super) fn function(names: &BTreeSet<String>) -> Option<String> {
    let (name, why) = FUNCTIONS
        .iter()
        .find(|(name, _)| names.iter().any(|mentioned| mentioned.eq_ignore_ascii_case(name)))?;
    Some(because(&name.to_ascii_uppercase(), why))
}

/// FLUSH TABLES that keeps a lock.
fn read_lock(view: View<'_>) -> Option<String> {
    if !view.is(0, "FLUSH") {
        return None;
    }
    let locks = view.has(&["WITH", "READ", "LOCK"]) || view.has(&["FOR", "EXPORT"]);
    let what = if view.has(&["FOR", "EXPORT"]) { "FOR EXPORT" } else { "WITH READ LOCK" };
    locks.then(|| because(&format!("FLUSH TABLES {what}"), READ_LOCK))
}

/// Blocks outside of routines, which MySQL does not know.
fn outside(view: View<'_>) -> Option<String> {
    let blocks: [&[&str]; 7] = [
        &["BEGIN", "NOT", "ATOMIC"],
        &["IF"],
        &["CASE"],
        &["LOOP"],
        &["WHILE"],
        &["REPEAT"],
        &["FOR"],
    ];
    let words = blocks.iter().find(|words| view.starts_with(words))?;
    (view.dialect() == Dialect::Mysql).then(|| because(&words.join(" "), OUTSIDE))
}

/// Judges what a statement creates, alters or drops.
fn kind(view: View<'_>) -> Option<String> {
    let verb = view.word(0).filter(|verb| matches!(verb.as_str(), "CREATE" | "ALTER" | "DROP"))?;
    for index in 1..view.tokens.len() {
        // The definer comes first, a name or a string.
        let named = view.is_symbol(index - 1, b'=')
            || view.is_symbol(index - 1, b'@')
            || view.is_symbol(index - 1, b'.');
        let Some(word) = view.word(index).filter(|_| !named) else {
            continue;
        };
        if let Some((kind, why)) = KINDS.iter().find(|(kind, _)| *kind == word) {
            return Some(because(&format!("{verb} {kind}"), why));
        }
        match word.as_str() {
            "OR" | "REPLACE" | "AGGREGATE" | "DEFINER" | "UNDO" | "CURRENT_USER"
            | "CURRENT_ROLE" => {}
            "FUNCTION" if view.find(index, "SONAME").is_some() => {
                return Some(because("SONAME", "libraries are the server's"));
            }
            "TABLE" | "TEMPORARY" => return storage(view),
            _ => return None,
        }
    }
    None
}

/// Judges where a table would be stored.
fn storage(view: View<'_>) -> Option<String> {
    (1..view.tokens.len()).find_map(|index| {
        let path = index + 2 + usize::from(view.is_symbol(index + 2, b'='));
        if view.is_any(index, &["DATA", "INDEX"])
            && view.is(index + 1, "DIRECTORY")
            && view.string(path).is_some()
        {
            return Some(because("DIRECTORY", FILES));
        }
        if !view.is(index, "ENGINE") {
            return None;
        }
        let at = index + 1 + usize::from(view.is_symbol(index + 1, b'='));
        let engine = view.name(at).or_else(|| view.string(at))?.to_ascii_lowercase();
        ENGINES.contains(&engine.as_str()).then(|| {
            because(&format!("ENGINE {engine}"), "other servers and files are not the hook's")
        })
    })
}

fn files(view: View<'_>) -> Option<String> {
    ["OUTFILE", "DUMPFILE"]
        .into_iter()
        .find(|word| view.has(&["INTO", word]))
        .map(|word| because(&format!("INTO {word}"), FILES))
}

/// Returns whether a statement gives a user variable a value. What a routine or trigger will do when it runs is its own
/// matter.
pub(crate) fn is_user_variable_assigned(view: View<'_>) -> bool {
    (0..view.tokens.len()).any(|index| {
        let variable = view.is_symbol(index + 1, b'@') && !view.is_symbol(index + 2, b'@');
        variable
            && !view.is_symbol(index, b'@')
            && (view.is(index, "INTO") || is_assigned(view, index + 2))
            || view.is_symbol(index, b'@') && index == 0 && is_assigned(view, 1)
    })
}

/// Returns whether `:=` stands behind the variable whose name begins at `index`; names may have dots.
fn is_assigned(view: View<'_>, index: usize) -> bool {
    let in_name = |token: &&Token| {
        token.is_symbol(b'.') || !matches!(token.kind, TokenKind::Symbol(_) | TokenKind::Parameter)
    };
    let end = index + view.from(index).tokens.iter().take_while(in_name).count();
    view.is_symbol(end, b':') && view.is_symbol(end + 1, b'=')
}
