//! SET of MySQL and MariaDB, which is many statements under one word.

use super::{Place, TRANSACTIONS, because, mysql};
use crate::sql::view::View;

const RESUME: &str = "it does not survive a resume";
const SERVER: &str = "the server is the operator's";
const IDENTITY: &str = "who a session is, is decided by the host";
const READING: &str = "the host relies on it to read statements";

/// What the host's own statements in the same session do not depend on.
const SETTINGS: [&str; 40] = [
    "alter_algorithm",
    "bulk_insert_buffer_size",
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
    "sql_generate_invisible_primary_key",
    "sql_notes",
    "sql_require_primary_key",
    "sql_safe_updates",
    "sql_warnings",
    "system_versioning_alter_history",
    "time_zone",
    "tmp_table_size",
    "unique_checks",
];

pub(super) fn refusal(view: View<'_>, place: Place) -> Option<String> {
    if !view.is(0, "SET") {
        return None;
    }
    let special: [(&[&str], &str); 7] = [
        (&["TRANSACTION"], TRANSACTIONS),
        (&["SESSION", "TRANSACTION"], TRANSACTIONS),
        (&["LOCAL", "TRANSACTION"], TRANSACTIONS),
        (&["PASSWORD"], IDENTITY),
        (&["ROLE"], IDENTITY),
        (&["DEFAULT", "ROLE"], IDENTITY),
        (&["RESOURCE"], SERVER),
    ];
    let rest = view.from(1);
    if let Some((words, why)) = special.iter().find(|(words, _)| rest.starts_with(words)) {
        return Some(because(&format!("SET {}", words.join(" ")), why));
    }
    if rest.is(0, "STATEMENT") {
        let inner = rest.find(1, "FOR").filter(|inner| !rest.is(inner + 1, "SET"));
        let Some(inner) = inner else {
            return Some(because("SET STATEMENT", "a statement other than SET belongs behind FOR"));
        };
        let settings = View { tokens: rest.tokens.get(1..inner).unwrap_or_default(), ..rest };
        return assignments(settings, place).or_else(|| mysql::judge(rest.from(inner + 1), place));
    }
    assignments(rest, place)
}

/// `a = 1, SESSION b = 2, @@c = 3, @d = 4`
fn assignments(view: View<'_>, place: Place) -> Option<String> {
    let mut begins = true;
    let mut depth = 0_usize;
    for index in 0..view.tokens.len() {
        if begins {
            let reason = assignment(view.from(index), place);
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

fn assignment(view: View<'_>, place: Place) -> Option<String> {
    if view.is_symbol(0, b'@') && !view.is_symbol(1, b'@') {
        return match place {
            Place::Transaction => None,
            Place::Journaled => Some(because("a user variable", RESUME)),
        };
    }
    let mut at = 0;
    if view.is_symbol(0, b'@') {
        at += 2;
    }
    if view.is_any(at, &["GLOBAL", "PERSIST", "PERSIST_ONLY"]) {
        let scope = view.word(at).unwrap_or_default();
        return Some(because(&format!("SET {scope}"), SERVER));
    }
    if view.is_any(at, &["SESSION", "LOCAL"]) {
        at += 1 + usize::from(view.is_symbol(at + 1, b'.'));
    }
    if view.is_any(at, &["NAMES", "CHARSET"]) || view.is(at, "CHARACTER") {
        at += if view.is(at, "CHARACTER") { 2 } else { 1 };
        let charset = view.string(at).or_else(|| view.name(at)).unwrap_or_default();
        return (!charset.eq_ignore_ascii_case("utf8mb4"))
            .then(|| because("another character set than utf8mb4", READING));
    }
    let Some(name) = view.name(at).map(|name| name.to_ascii_lowercase()) else {
        return Some(because("SET", "which setting it changes is not to be seen"));
    };
    if SETTINGS.contains(&name.as_str()) && !view.is_symbol(at + 1, b'.') {
        return None;
    }
    let why = match name.as_str() {
        "autocommit" | "completion_type" => TRANSACTIONS,
        "sql_mode" => READING,
        _ => "the host's own statements run in the same session",
    };
    Some(because(&format!("setting {}", name.chars().take(64).collect::<String>()), why))
}
