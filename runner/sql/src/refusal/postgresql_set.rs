//! PostgreSQL's settings that a guest may not change: those that decide who it is, how its SQL is
//! read, and what becomes of the transaction.

use super::{Level, TRANSACTIONS, because};
use crate::{used, view::View};

const IDENTITY: &str = "who a session is, is decided by the operator: name the role in the URL (`?options=-crole%3DNAME`), or trust the plugin (`trusted = true` in runner.toml, or `--trust`)";
const READING: &str = "the host relies on it to read statements";
const DURABILITY: &str = "when a commit is safe is decided by the operator";
const END: &str = "it ends the session of a runner that is gone";
const COUNTS: &str = "the host counts on it to see what a hook did";
const LIBRARIES: &str = "libraries are the server's";

/// Why the setting `name` is refused; names end with `*` for all that begin so.
const SETTINGS: [(&str, &str); 15] = [
    ("role", IDENTITY),
    ("session_authorization", IDENTITY),
    ("standard_conforming_strings", READING),
    ("client_encoding", READING),
    ("backslash_quote", READING),
    ("transaction_deferrable", TRANSACTIONS),
    ("transaction_isolation", TRANSACTIONS),
    ("transaction_read_only", TRANSACTIONS),
    ("default_transaction_*", TRANSACTIONS),
    ("synchronous_commit", DURABILITY),
    ("client_connection_check_interval", END),
    ("track_counts", COUNTS),
    ("session_preload_libraries", LIBRARIES),
    ("local_preload_libraries", LIBRARIES),
    ("dynamic_library_path", LIBRARIES),
];

/// SET and RESET, and settings that are stored for later.
pub(super) fn refusal(view: View<'_>, level: Level) -> Option<String> {
    refused_set(view, level).or_else(|| stored(view, level))
}

/// SET and RESET at the beginning.
pub(super) fn refused_set(view: View<'_>, level: Level) -> Option<String> {
    let verb = view.word(0).filter(|verb| verb == "SET" || verb == "RESET")?;
    let mut at = 1;
    let special = ["CHARACTERISTICS", "AUTHORIZATION"];
    if verb == "SET" && (view.is(1, "LOCAL") || view.is(1, "SESSION") && !view.is_any(2, &special))
    {
        at += 1;
    }
    let rest = view.from(at);
    let words: [(&[&str], &str); 5] = [
        (&["TRANSACTION"], TRANSACTIONS),
        (&["SESSION", "CHARACTERISTICS"], TRANSACTIONS),
        (&["SESSION", "AUTHORIZATION"], IDENTITY),
        (&["ROLE"], IDENTITY),
        (&["ALL"], READING),
    ];
    if let Some((words, why)) = words.iter().find(|(words, _)| rest.starts_with(words)) {
        let is_refused = !level.is_trusted() || *why != IDENTITY;
        return is_refused.then(|| because(&format!("{verb} {}", words.join(" ")), why));
    }
    if rest.is(0, "NAMES") {
        return refused_setting("client_encoding", value(rest, 1).as_deref(), level);
    }
    let name = rest.name(0)?;
    // `vendor.setting` is nobody else's.
    if rest.is_symbol(1, b'.') {
        return None;
    }
    let value = (rest.is_symbol(1, b'=') || rest.is(1, "TO")).then(|| value(rest, 2)).flatten();
    refused_setting(&name, value.as_deref(), level)
}

/// ALTER ROLE, DATABASE and FUNCTION … SET, CREATE FUNCTION … SET: in force later.
fn stored(view: View<'_>, level: Level) -> Option<String> {
    let kinds = ["ROLE", "USER", "DATABASE", "FUNCTION", "PROCEDURE", "ROUTINE"];
    if !(view.is_any(0, &["ALTER", "CREATE"]) && (1..4).any(|index| view.is_any(index, &kinds))) {
        return None;
    }
    let mut depth = 0_usize;
    for index in 1..view.tokens.len() {
        if view.is_symbol(index, b'(') {
            depth += 1;
        } else if view.is_symbol(index, b')') {
            depth = depth.saturating_sub(1);
        } else if view.is(index, "ATOMIC") {
            // In the statements of a body, SET is UPDATE's.
            break;
        } else if depth == 0 {
            let reason = refused_set(view.from(index), level);
            if reason.is_some() {
                return reason;
            }
        }
    }
    None
}

/// An update of the view of all settings sets them.
fn by_view(view: View<'_>) -> Option<String> {
    let is_changed = |index: usize| {
        let update = view.is(index, "UPDATE");
        if !(update || view.is(index, "INTO") && index > 0 && view.is(index - 1, "MERGE")) {
            return false;
        }
        let is_noise = |at: &usize| view.is(*at, "ONLY") || view.is_symbol(*at, b'(');
        let mut at = index + 1 + (index + 1..view.tokens.len()).take_while(is_noise).count();
        while view.is_symbol(at + 1, b'.') {
            at += 2;
        }
        view.name(at).is_some_and(|name| name == "pg_settings")
    };
    (0..view.tokens.len()).any(is_changed).then(|| because("changing pg_settings", "use SET"))
}

/// Refuses what changes settings from inside of other statements and of bodies.
pub(super) fn anywhere(view: View<'_>, level: Level) -> Option<String> {
    by_function(view, level).or_else(|| by_view(view))
}

/// `set_config('name', …)`
fn by_function(view: View<'_>, level: Level) -> Option<String> {
    (0..view.tokens.len()).find_map(|index| {
        let name = view.name(index).filter(|name| name == "set_config");
        let open = name.and_then(|_| used::arguments(view, index))?;
        match view.string(open + 1).filter(|_| view.is_symbol(open + 2, b',')) {
            Some(name) => refused_setting(&name, value(view, open + 3).as_deref(), level),
            None => Some(because("set_config", "which setting it changes has to be written out")),
        }
    })
}

fn value(view: View<'_>, index: usize) -> Option<String> {
    view.string(index).or_else(|| view.name(index))
}

fn refused_setting(name: &str, value: Option<&str>, level: Level) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let matches = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == pattern,
    };
    let (_, why) = SETTINGS.iter().find(|(pattern, _)| matches(pattern))?;
    // Dumps begin with these, and they change nothing.
    let value = value.map(str::to_ascii_lowercase);
    let harmless = match value.as_deref() {
        Some("on" | "true") => name == "standard_conforming_strings",
        Some("utf8" | "utf-8") => name == "client_encoding",
        _ => *why == IDENTITY && level.is_trusted(),
    };
    (!harmless)
        .then(|| because(&format!("setting {}", name.chars().take(63).collect::<String>()), why))
}
