//! Every pragma of SQLite's manual, and what becomes of it in a hook. Pure.
//!
//! Reading one is harmless but for what tells of the operator's machine. What is set may stay in the database's
//! file, hold for the hook, or be a setting of the connection: the former tool's ended with its connection, so
//! that nothing of it is left, and on the runner's it would weaken what the runner promises.

use crate::view::View;

/// What becomes of a pragma.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pragma {
    /// SQLite runs it.
    Run,
    /// SQLite runs it, and when the hook ends this is set back.
    ForHook(Setting),
    /// SQLite does not run it; the statement succeeds.
    PassedOver,
    /// As that; the file's mode is changed once the transaction is committed.
    AfterCommit(JournalMode),
    Refused(String),
}

/// A setting that ends with its hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting {
    pub name: &'static str,
    /// The value that SQLite begins with; `None` for what the file has.
    pub default: Option<&'static str>,
}

/// How the file keeps what is not committed. Of SQLite's six modes only these two stay when a connection is closed;
/// the other four are ways of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalMode {
    Wal,
    Rollback,
}

impl JournalMode {
    pub(super) fn parse(value: &str) -> Option<Self> {
        match value.to_ascii_uppercase().as_str() {
            "WAL" => Some(Self::Wal),
            "DELETE" | "TRUNCATE" | "PERSIST" | "MEMORY" | "OFF" => Some(Self::Rollback),
            _ => None,
        }
    }

    pub fn sql(self) -> &'static str {
        match self {
            Self::Wal => "PRAGMA main.journal_mode = WAL",
            Self::Rollback => "PRAGMA main.journal_mode = DELETE",
        }
    }
}

/// What becomes of a pragma with a value.
#[derive(Debug, Clone, Copy)]
enum Set {
    /// It is kept in the file, tells something, or does its work once.
    Run,
    /// It changes what the statements behind it mean, and holds to the end of the hook.
    Hook(&'static str),
    /// It counts with the next VACUUM, of this hook.
    Vacuum,
    /// A setting of the connection, which ends with it.
    Connection,
    /// It does nothing, and why.
    Nothing(&'static str),
    /// Off as it is here; on is refused, and why.
    Off(&'static str),
    JournalMode,
    Refused(&'static str),
}

use Set::{Connection, Hook, JournalMode as Mode, Nothing, Off, Refused, Run, Vacuum};

const PROCESS: &str = "it bounds the memory of the whole process";
const MACHINE: &str = "it tells of the operator's machine";
const KEY: &str = "the runner's SQLite does not encrypt";
const BUILT: &str = "SQLite knows it in builds for its own developers only";
const TABLES: &str =
    "it counts only in a database without tables, and the runner's tables are there";
const CHECKPOINT: &str = "it cannot run in a transaction, and SQLite does it by itself";

/// Each pragma with what becomes of it when it is set. Where reading is refused, so is setting.
const PRAGMAS: &[(&str, Set)] = &[
    ("analysis_limit", Hook("0")),
    ("application_id", Run),
    ("auto_vacuum", Vacuum),
    ("automatic_index", Connection),
    ("busy_timeout", Connection),
    ("cache_size", Connection),
    ("cache_spill", Connection),
    ("case_sensitive_like", Hook("OFF")),
    ("cell_size_check", Connection),
    ("checkpoint_fullfsync", Connection),
    ("collation_list", Run),
    ("compile_options", Run),
    ("count_changes", Connection),
    ("data_store_directory", Refused(MACHINE)),
    // FTS5 asks for it before it reads a table.
    ("data_version", Run),
    ("database_list", Refused(MACHINE)),
    ("default_cache_size", Connection),
    // A hook in one transaction has foreign keys off, and they are checked at its end.
    ("defer_foreign_keys", Run),
    ("empty_result_callbacks", Connection),
    ("encoding", Nothing(TABLES)),
    ("foreign_key_check", Run),
    ("foreign_key_list", Run),
    // Without effect in a transaction; outside of one, `outside.rs` sees it first.
    ("foreign_keys", Run),
    ("freelist_count", Run),
    ("full_column_names", Connection),
    ("fullfsync", Connection),
    ("function_list", Run),
    ("hard_heap_limit", Refused(PROCESS)),
    ("ignore_check_constraints", Hook("OFF")),
    ("incremental_vacuum", Run),
    ("index_info", Run),
    ("index_list", Run),
    ("index_xinfo", Run),
    ("integrity_check", Run),
    ("journal_mode", Mode),
    ("journal_size_limit", Connection),
    ("legacy_alter_table", Hook("OFF")),
    ("legacy_file_format", Nothing("SQLite passes over it since 3.23")),
    ("lock_proxy_file", Refused(MACHINE)),
    ("locking_mode", Connection),
    ("max_page_count", Connection),
    ("mmap_size", Connection),
    ("module_list", Run),
    ("optimize", Run),
    ("page_count", Run),
    ("page_size", Vacuum),
    ("parser_trace", Nothing(BUILT)),
    ("pragma_list", Run),
    ("query_only", Off("the runner could not record the alteration")),
    // ALTER TABLE runs it for a column with CHECK, or generated and NOT NULL, or of a STRICT table.
    ("quick_check", Run),
    ("read_uncommitted", Connection),
    ("recursive_triggers", Hook("OFF")),
    ("reverse_unordered_selects", Hook("OFF")),
    ("schema_version", Refused("a wrong number lets other connections damage the file")),
    ("secure_delete", Hook("OFF")),
    ("short_column_names", Connection),
    ("shrink_memory", Run),
    ("soft_heap_limit", Refused(PROCESS)),
    ("stats", Run),
    ("synchronous", Connection),
    ("table_info", Run),
    ("table_list", Run),
    ("table_xinfo", Run),
    ("temp_store", Connection),
    ("temp_store_directory", Refused(MACHINE)),
    ("threads", Connection),
    (
        "trusted_schema",
        Off("views and triggers would get functions that only the operator may call"),
    ),
    ("user_version", Run),
    ("vdbe_addoptrace", Nothing(BUILT)),
    ("vdbe_debug", Nothing(BUILT)),
    ("vdbe_eqp", Nothing(BUILT)),
    ("vdbe_listing", Nothing(BUILT)),
    ("vdbe_trace", Nothing(BUILT)),
    ("wal_autocheckpoint", Connection),
    ("wal_checkpoint", Nothing(CHECKPOINT)),
    ("writable_schema", Off("the schema is changed by CREATE, ALTER and DROP")),
    // Of SEE and SQLCipher: passing over them would leave readable what was to be encrypted.
    ("activate_extensions", Refused(KEY)),
    ("hexkey", Refused(KEY)),
    ("hexrekey", Refused(KEY)),
    ("key", Refused(KEY)),
    ("rekey", Refused(KEY)),
    ("textkey", Refused(KEY)),
    ("textrekey", Refused(KEY)),
];

/// What `SQLCipher` calls its own.
const CIPHER: &str = "cipher";

fn row(name: &str) -> Option<(&'static str, Set)> {
    PRAGMAS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).copied()
}

/// Returns whether SQLite has such a pragma, in any spelling.
pub fn is_pragma(name: &str) -> bool {
    row(name).is_some()
}

/// Returns what becomes of this pragma in a hook. `value` is empty where none is given.
pub fn pragma(name: &str, value: &str) -> Pragma {
    let refused = |why: &str| {
        Pragma::Refused(format!("PRAGMA {} is refused: {why}", name.to_ascii_lowercase()))
    };
    let is_cipher = name.get(..CIPHER.len()).is_some_and(|n| n.eq_ignore_ascii_case(CIPHER));
    let Some((name, set)) = row(name) else {
        // SQLite itself passes over what it does not know.
        return if is_cipher { refused(KEY) } else { Pragma::PassedOver };
    };
    match set {
        Refused(why @ (MACHINE | KEY)) => refused(why),
        Nothing(_) if name == "wal_checkpoint" => Pragma::PassedOver,
        _ if value.is_empty() => Pragma::Run,
        Run => Pragma::Run,
        Hook(default) => Pragma::ForHook(Setting { name, default: Some(default) }),
        Vacuum => Pragma::ForHook(Setting { name, default: None }),
        Connection | Nothing(_) => Pragma::PassedOver,
        Off(_) if !is_on(value) && !value.eq_ignore_ascii_case("RESET") => Pragma::PassedOver,
        Mode => match JournalMode::parse(value) {
            Some(mode) => Pragma::AfterCommit(mode),
            // SQLite passes over a mode that it does not know.
            None => Pragma::PassedOver,
        },
        Off(why) | Refused(why) => refused(why),
    }
}

/// Returns the setting of this hook that a pragma makes, in the runner's own words.
pub fn setting(name: &str, value: &str) -> Option<String> {
    let is_plain = value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-+.".contains(&b));
    match pragma(name, value) {
        Pragma::ForHook(Setting { name, .. }) if is_plain => {
            Some(format!("PRAGMA {name} = {value}"))
        }
        _ => None,
    }
}

/// Returns a note about a pragma that is accepted and has no effect.
pub(super) fn note(name: &str, value: &str, in_transaction: bool) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let passed_over = |why: &str| Some(format!("PRAGMA {name} is passed over: {why}"));
    match (pragma(&name, value), row(&name)) {
        (Pragma::AfterCommit(_), _) if in_transaction => Some(format!(
            "PRAGMA {name} is run behind the transaction, since SQLite does not change it inside of one"
        )),
        (Pragma::PassedOver, Some((_, Connection))) => {
            passed_over("it is a setting of the connection, which ends with it")
        }
        (Pragma::PassedOver, Some((_, Nothing(_)))) if name == "wal_checkpoint" => {
            if in_transaction { passed_over(CHECKPOINT) } else { None }
        }
        (Pragma::PassedOver, Some((_, Nothing(why)))) => passed_over(why),
        (Pragma::PassedOver, Some((_, Off(_)))) => passed_over("it is off already"),
        (Pragma::PassedOver, Some(_)) => passed_over("SQLite does not know this value"),
        (Pragma::PassedOver, None) => passed_over("SQLite does not know it"),
        _ => None,
    }
}

/// Returns whether SQLite reads a value as on.
pub fn is_on(value: &str) -> bool {
    match value.to_ascii_lowercase().as_str() {
        "on" | "yes" | "true" => true,
        number => number.parse::<i64>().is_ok_and(|number| number != 0),
    }
}

/// Reads `PRAGMA [schema.]name [= value]`, or the value in parentheses: name and value.
pub(super) fn read(view: View<'_>) -> Option<(String, String)> {
    if !view.is(0, "PRAGMA") {
        return None;
    }
    let at = if view.is_symbol(2, b'.') { 3 } else { 1 };
    let name = view.name(at)?;
    let is_set = view.is_symbol(at + 1, b'=') || view.is_symbol(at + 1, b'(');
    if !is_set {
        return Some((name, String::new()));
    }
    let is_signed = view.is_symbol(at + 2, b'-') || view.is_symbol(at + 2, b'+');
    let last = if is_signed { at + 3 } else { at + 2 };
    let value = view.name(last).or_else(|| view.string(last));
    let value = value.unwrap_or_else(|| view.text_at(last).to_owned());
    let sign = if view.is_symbol(at + 2, b'-') { "-" } else { "" };
    Some((name.to_ascii_lowercase(), format!("{sign}{value}")))
}

#[cfg(test)]
mod tests {
    use super::{
        JournalMode::{Rollback, Wal},
        PRAGMAS,
        Pragma::{self, AfterCommit, ForHook, PassedOver, Refused, Run},
        Setting, note, pragma, read, row, setting,
    };
    use crate::{Statement, alteration::Dialect};

    /// The index of <https://sqlite.org/pragma.html>, deprecated ones included.
    const MANUAL: &str = "analysis_limit application_id auto_vacuum automatic_index busy_timeout cache_size
        cache_spill case_sensitive_like cell_size_check checkpoint_fullfsync collation_list compile_options
        count_changes data_store_directory data_version database_list default_cache_size defer_foreign_keys
        empty_result_callbacks encoding foreign_key_check foreign_key_list foreign_keys freelist_count
        full_column_names fullfsync function_list hard_heap_limit ignore_check_constraints incremental_vacuum
        index_info index_list index_xinfo integrity_check journal_mode journal_size_limit legacy_alter_table
        legacy_file_format locking_mode max_page_count mmap_size module_list optimize page_count page_size
        parser_trace pragma_list query_only quick_check read_uncommitted recursive_triggers
        reverse_unordered_selects schema_version secure_delete short_column_names shrink_memory
        soft_heap_limit stats synchronous table_info table_list table_xinfo temp_store temp_store_directory
        threads trusted_schema user_version vdbe_addoptrace vdbe_debug vdbe_listing vdbe_trace
        wal_autocheckpoint wal_checkpoint writable_schema";

    fn for_hook(name: &'static str, default: Option<&'static str>) -> Pragma {
        ForHook(Setting { name, default })
    }

    #[test]
    fn the_manual_is_covered() {
        for name in MANUAL.split_whitespace() {
            assert!(row(name).is_some(), "{name} has no row");
        }
        let names: std::collections::BTreeSet<_> = PRAGMAS.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), PRAGMAS.len(), "one row for each");
    }

    #[test]
    fn reading() {
        for name in MANUAL.split_whitespace() {
            let is_refused =
                ["data_store_directory", "database_list", "temp_store_directory"].contains(&name);
            let seen = pragma(name, "");
            assert_eq!(matches!(seen, Refused(_)), is_refused, "{name}");
            assert_eq!(seen == PassedOver, name == "wal_checkpoint", "{name}");
        }
    }

    #[test]
    fn setting_them() {
        let table = [
            ("user_version", "7", Run),
            ("application_id", "-7", Run),
            ("integrity_check", "5", Run),
            ("quick_check", "orders", Run),
            ("optimize", "0x10002", Run),
            ("incremental_vacuum", "9", Run),
            ("foreign_keys", "ON", Run),
            ("Legacy_Alter_Table", "ON", for_hook("legacy_alter_table", Some("OFF"))),
            ("recursive_triggers", "1", for_hook("recursive_triggers", Some("OFF"))),
            ("page_size", "8192", for_hook("page_size", None)),
            ("auto_vacuum", "FULL", for_hook("auto_vacuum", None)),
            ("Journal_Mode", "off", AfterCommit(Rollback)),
            ("journal_mode", "WAL", AfterCommit(Wal)),
            ("journal_mode", "wall", PassedOver),
            ("synchronous", "OFF", PassedOver),
            ("busy_timeout", "5000", PassedOver),
            ("cache_size", "-20000", PassedOver),
            ("temp_store", "MEMORY", PassedOver),
            ("mmap_size", "30000000000", PassedOver),
            ("locking_mode", "EXCLUSIVE", PassedOver),
            ("encoding", "UTF-16", PassedOver),
            ("wal_checkpoint", "TRUNCATE", PassedOver),
            ("trusted_schema", "OFF", PassedOver),
            ("writable_schema", "0", PassedOver),
            ("no_such_thing", "1", PassedOver),
        ];
        for (name, value, expected) in table {
            assert_eq!(pragma(name, value), expected, "{name} = {value}");
        }
        let refused = [
            ("writable_schema", "ON"),
            ("writable_schema", "RESET"),
            ("trusted_schema", "1"),
            ("query_only", "yes"),
            ("schema_version", "3"),
            ("key", "secret"),
            ("cipher_compatibility", "3"),
            ("temp_store_directory", "/tmp"),
        ];
        for (name, value) in refused {
            let Refused(reason) = pragma(name, value) else { panic!("{name} = {value}") };
            assert!(reason.starts_with(&format!("PRAGMA {name} is refused: ")), "{reason}");
        }
    }

    #[test]
    fn texts() {
        let table = [
            ("PRAGMA user_version", "user_version", ""),
            ("pragma main.User_Version = 3;", "user_version", "3"),
            ("PRAGMA \"cache_size\" = -20", "cache_size", "-20"),
            ("PRAGMA journal_mode('WAL')", "journal_mode", "WAL"),
            ("PRAGMA journal_mode = \"wal\"", "journal_mode", "wal"),
            ("PRAGMA x = +5", "x", "5"),
        ];
        for (sql, name, value) in table {
            let statement = Statement::one(sql, Dialect::Sqlite).unwrap();
            let expected = Some((name.to_owned(), value.to_owned()));
            assert_eq!(read(statement.view()), expected, "{sql}");
        }
    }

    #[test]
    fn notes() {
        let table = [
            ("synchronous", "OFF", true, Some("a setting of the connection")),
            ("synchronous", "", true, None),
            ("journal_mode", "WAL", true, Some("behind the transaction")),
            ("journal_mode", "WAL", false, None),
            ("wal_checkpoint", "", true, Some("cannot run in a transaction")),
            ("wal_checkpoint", "", false, None),
            ("encoding", "UTF-8", false, Some("without tables")),
            ("trusted_schema", "OFF", false, Some("off already")),
            ("no_such_thing", "1", false, Some("does not know it")),
            ("legacy_alter_table", "ON", false, None),
        ];
        for (name, value, in_transaction, expected) in table {
            let seen = note(name, value, in_transaction);
            assert_eq!(seen.is_some(), expected.is_some(), "{name} {value}");
            assert!(seen.unwrap_or_default().contains(expected.unwrap_or_default()), "{name}");
        }
    }

    #[test]
    fn made_again() {
        let made = |name, value| setting(name, value);
        let expected = "PRAGMA legacy_alter_table = ON";
        assert_eq!(made("legacy_alter_table", "ON").as_deref(), Some(expected));
        assert_eq!(made("legacy_alter_table", ""), None);
        assert_eq!(made("legacy_alter_table", "ON; x"), None);
        assert_eq!(made("user_version", "1"), None);
    }
}
