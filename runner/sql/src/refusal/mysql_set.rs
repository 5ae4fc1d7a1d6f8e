//! SET of MySQL and MariaDB, which is many statements under one word.

use super::{Level, Place, TRANSACTIONS, because, mysql, mysql_inside::Locals};
use crate::{
    standing::{self, Assignment, is_foreign},
    token::TokenKind,
    view::View,
};

const SERVER: &str = "the server is the operator's";
const IDENTITY: &str = "who a session is, is decided by the host";
const READING: &str = "the host relies on it to read statements";
const LOGGED: &str =
    "what is logged and replicated is the operator's; make the dump with --set-gtid-purged=OFF";

/// What is set again in every session of the hook, and what the host's own statements do not depend on.
const SETTINGS: [&str; 45] = [
    "alter_algorithm",
    "bulk_insert_buffer_size",
    "character_set_client",
    "character_set_connection",
    "character_set_results",
    "check_constraint_checks",
    "collation_connection",
    "cte_max_recursion_depth",
    "default_storage_engine",
    "default_tmp_storage_engine",
    "div_precision_increment",
    "explicit_defaults_for_timestamp",
    "foreign_key_checks",
    "group_concat_max_len",
    "innodb_ddl_buffer_size",
    "innodb_ddl_threads",
    "innodb_lock_wait_timeout",
    "innodb_parallel_read_threads",
    "innodb_strict_mode",
    "join_buffer_size",
    "lock_wait_timeout",
    "max_execution_time",
    "max_heap_table_size",
    "max_recursive_iterations",
    "max_sp_recursion_depth",
    "max_statement_time",
    "myisam_sort_buffer_size",
    "note_verbosity",
    "old_alter_table",
    "optimizer_search_depth",
    "optimizer_switch",
    "range_alloc_block_size",
    "read_rnd_buffer_size",
    "sort_buffer_size",
    "sql_auto_is_null",
    "sql_generate_invisible_primary_key",
    "sql_mode",
    "sql_notes",
    "sql_require_primary_key",
    "sql_safe_updates",
    "sql_warnings",
    "system_versioning_alter_history",
    "time_zone",
    "tmp_table_size",
    "unique_checks",
];

/// Settings that decide what others see of the session's work, or who it is to them.
const LOGGING: [&str; 14] = [
    "binlog_format",
    "gtid_domain_id",
    "gtid_next",
    "gtid_seq_no",
    "lc_messages",
    "original_commit_timestamp",
    "pseudo_replica_mode",
    "pseudo_slave_mode",
    "pseudo_thread_id",
    "server_id",
    "skip_replication",
    "sql_log_bin",
    "sql_log_off",
    "wsrep_on",
];

/// Returns whether a resumed hook sets the variable of the session again.
pub(crate) fn is_set_again(name: &str) -> bool {
    SETTINGS.contains(&name)
}

/// What decides whether a SET is refused.
#[derive(Debug, Clone, Copy)]
struct Rules<'a> {
    place: Place,
    level: Level,
    /// In a body: what it declares. There the mode ends with the body.
    locals: Option<&'a Locals>,
}

pub(super) fn refusal(view: View<'_>, place: Place, level: Level) -> Option<String> {
    ruled(view, Rules { place, level, locals: None })
}

/// Judges a SET inside a block or a body.
pub(super) fn inside(view: View<'_>, level: Level, locals: &Locals) -> Option<String> {
    ruled(view, Rules { place: Place::Apart, level, locals: Some(locals) })
}

fn ruled(view: View<'_>, rules: Rules<'_>) -> Option<String> {
    let Rules { place, level, locals } = rules;
    if !view.is(0, "SET") {
        return None;
    }
    let identity: [&[&str]; 3] = [&["PASSWORD"], &["ROLE"], &["DEFAULT", "ROLE"]];
    let rest = view.from(1);
    let is_transaction = rest.is(0, "TRANSACTION")
        || rest.is_any(0, &["SESSION", "LOCAL"]) && rest.is(1, "TRANSACTION");
    if is_transaction && place == Place::Transaction {
        return Some(because("SET TRANSACTION", TRANSACTIONS));
    }
    if is_transaction {
        return None;
    }
    if let Some(words) = identity.iter().find(|words| rest.starts_with(words)) {
        return match level {
            Level::Trusted => None,
            Level::Confined | Level::Guarded => {
                Some(because(&format!("SET {}", words.join(" ")), IDENTITY))
            }
        };
    }
    if rest.starts_with(&["RESOURCE", "GROUP"]) {
        return Some(because("SET RESOURCE", SERVER));
    }
    if rest.is(0, "STATEMENT") && !is_equals(rest, 1) {
        let inner = rest.find(1, "FOR").filter(|inner| !rest.is(inner + 1, "SET"));
        let Some(inner) = inner else {
            return Some(because("SET STATEMENT", "a statement other than SET belongs behind FOR"));
        };
        let is_read_by = |assignment: &Assignment<'_>| {
            let name = assignment.setting().unwrap_or_default();
            name == "sql_mode" || name.starts_with("character_set_")
        };
        let settings = View { tokens: rest.tokens.get(1..inner).unwrap_or_default(), ..rest };
        if standing::assignments(settings).iter().any(is_read_by) {
            return Some(because("SET STATEMENT of how texts are read", READING));
        }
        let inner = rest.from(inner + 1);
        return assignments(settings, rules).or_else(|| match locals {
            None => mysql::judge(inner, place, level),
            Some(_) => mysql::judge_inner(inner),
        });
    }
    assignments(rest, rules)
}

/// `a = 1, SESSION b = 2, @@c = 3, @d = 4`
fn assignments(view: View<'_>, rules: Rules<'_>) -> Option<String> {
    let mut begins = true;
    let mut depth = 0_usize;
    for index in 0..view.tokens.len() {
        if begins {
            let reason = assignment(view.from(index), rules);
            if reason.is_some() {
                return reason;
            }
        }
        if view.is_symbol(index, b'(') {
            depth += 1;
        } else if view.is_symbol(index, b')') {
            depth = depth.saturating_sub(1);
        }
        begins = depth == 0 && view.is_symbol(index, b',');
    }
    None
}

fn assignment(view: View<'_>, rules: Rules<'_>) -> Option<String> {
    let Rules { place, level, locals } = rules;
    if view.is_symbol(0, b'@') && !view.is_symbol(1, b'@') {
        return None;
    }
    let is_local = |name: String| locals.is_some_and(|locals| locals.has(&name.to_lowercase()));
    if is_equals(view, 1) && view.name(0).is_some_and(is_local) {
        return None;
    }
    let mut at = 0;
    if view.is_symbol(0, b'@') {
        at += 2;
    }
    if view.is_any(at, &["GLOBAL", "PERSIST", "PERSIST_ONLY"]) {
        let scope = view.word(at).unwrap_or_default();
        let name = view.name(at + 1 + usize::from(view.is_symbol(at + 1, b'.')));
        let is_gtid = name.is_some_and(|name| name.eq_ignore_ascii_case("gtid_purged"));
        return match level {
            Level::Trusted => None,
            Level::Confined | Level::Guarded if is_gtid => Some(because("SET GTID_PURGED", LOGGED)),
            Level::Confined | Level::Guarded => Some(because(&format!("SET {scope}"), SERVER)),
        };
    }
    if view.is_any(at, &["SESSION", "LOCAL"]) {
        at += 1 + usize::from(view.is_symbol(at + 1, b'.'));
    }
    let is_long = view.is_any(at, &["CHARACTER", "CHAR"]) && view.is(at + 1, "SET");
    if is_long || view.is_any(at, &["NAMES", "CHARSET"]) && !is_equals(view, at + 1) {
        at += if is_long { 2 } else { 1 };
        let is_known = view.is(at, "DEFAULT") || is_utf8(view.from(at));
        return (!is_known).then(|| because(NAMES, READING));
    }
    let Some(name) = view.name(at).map(|name| name.to_ascii_lowercase()) else {
        return Some(because("SET", "which setting it changes is not to be seen"));
    };
    let value = value(view.from(at + 1));
    let what = format!("setting {}", name.chars().take(64).collect::<String>());
    match name.as_str() {
        "character_set_client" | "character_set_connection" | "character_set_results"
            if !(value.tokens.len() == 1 && is_utf8(value) || is_charset_given_back(value)) =>
        {
            Some(because(NAMES, READING))
        }
        "sql_mode" if locals.is_some() => None,
        "sql_mode" if place == Place::Transaction => Some(because(&what, READING)),
        "sql_mode" => mode(value).map(|why| because(&what, why)),
        _ if SETTINGS.contains(&name.as_str()) && !view.is_symbol(at + 1, b'.') => None,
        "completion_type" => Some(because(&what, TRANSACTIONS)),
        "autocommit" if place == Place::Transaction => Some(because(&what, TRANSACTIONS)),
        _ if LOGGING.contains(&name.as_str()) && !level.is_trusted() => {
            Some(because(&what, LOGGED))
        }
        _ if place == Place::Transaction => {
            Some(because(&what, "the host's own statements run in the same session"))
        }
        // In a session of the hook's own.
        _ => None,
    }
}

const NAMES: &str = "another character set than utf8, utf8mb3 and utf8mb4";

/// Returns what stands behind the `=` or `:=` up to the next assignment.
fn value(view: View<'_>) -> View<'_> {
    let start = usize::from(view.is_symbol(0, b':')) + 1;
    let rest = view.from(start);
    let mut depth = 0_usize;
    let end = rest.tokens.iter().position(|token| {
        if token.is_symbol(b'(') {
            depth += 1;
        } else if token.is_symbol(b')') {
            depth = depth.saturating_sub(1);
        }
        depth == 0 && token.is_symbol(b',')
    });
    View { tokens: &rest.tokens[..end.unwrap_or(rest.tokens.len())], ..rest }
}

fn is_utf8(view: View<'_>) -> bool {
    let charset = view.string(0).or_else(|| view.name(0)).unwrap_or_default();
    standing::is_utf8(&charset)
}

/// Returns whether `=` or `:=` stands at `index`.
fn is_equals(view: View<'_>, index: usize) -> bool {
    view.is_symbol(index, b'=') || view.is_symbol(index, b':') && view.is_symbol(index + 1, b'=')
}

/// Returns whether a character set is one that the session had. What a user variable holds is followed by `standing`.
fn is_charset_given_back(value: View<'_>) -> bool {
    if value.is_symbol(0, b'@') && !value.is_symbol(1, b'@') {
        return value.tokens.len() == 2;
    }
    standing::is_charset_of_session(value) || value.tokens.len() == 1 && value.is(0, "DEFAULT")
}

/// Returns whether a value is a variable: what was saved in it, or what the session has.
fn is_given_back(value: View<'_>) -> bool {
    value.is_symbol(0, b'@')
        && value.tokens.iter().skip(1).all(|token| {
            matches!(
                token.kind,
                TokenKind::Word | TokenKind::QuotedName | TokenKind::Symbol(b'@' | b'.')
            )
        })
        || value.tokens.len() == 1 && value.is(0, "DEFAULT")
}

/// Returns why a mode is refused: the statements that follow could not be read.
fn mode(value: View<'_>) -> Option<&'static str> {
    if is_given_back(value) || standing::given_back(value).is_some() {
        return None;
    }
    let mode = value
        .string(0)
        .or_else(|| value.name(0))
        .or_else(|| (value.text_at(0) == "0").then(String::new));
    match mode.filter(|_| value.tokens.len() == 1) {
        None => Some(
            "a computed mode is not known before it is set: name the modes, or give back a saved one",
        ),
        Some(mode) if is_foreign(&mode) => Some("in that mode the server reads another language"),
        Some(_) => None,
    }
}
