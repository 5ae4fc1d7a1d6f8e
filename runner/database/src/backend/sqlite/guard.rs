//! What a guest may do on SQLite: the authorizer's policy, and the flags its callbacks share.
//!
//! Decides from SQLite's own description of each action, never from the SQL text.

use super::bounds::{Bounds, Origin};
use crate::{
    session::{ErrorKind, SqlError},
    sql::{
        OWN_TABLES,
        sqlite::{self, JournalMode, Pragma, Setting},
    },
};
use libsqlite3_sys as ffi;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering},
    },
};

/// A table with this and the name of a pragma would hide one of SQLite's own table-valued functions, which the runner queries.
const FUNCTION_PREFIX: &str = "pragma_";

/// SQLite's own functions by which it changes texts of the schema. No statement can call them.
const RENAMES_TABLE: &str = "sqlite_rename_table";
const RENAMES_COLUMN: &str = "sqlite_rename_column";

/// Temporary tables that hold cursors' snapshots start with this.
pub(super) const CURSOR_PREFIX: &str = "runner_cursor_";

/// Stack that compiling a statement may take: half of what the connection's own thread has, which
/// compiles it again. SQLite bounds neither chains of triggers nor views upon views.
const STACK_BYTES_MAX: usize = 1 << 20;

/// Shared between the session and the callbacks that SQLite makes on its own thread.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// [`Rights`] of the statement that is prepared or runs.
    rights: AtomicU8,
    /// True only while the host itself commits.
    pub(super) commit_allowed: AtomicBool,
    /// Makes a running statement stop at SQLite's next progress callback.
    pub(super) interrupted: AtomicBool,
    /// Set when a prepared statement would change the schema, so that cached facts are dropped.
    pub(super) schema_changed: AtomicBool,
    /// Set when a trigger or view was created, whose text must be looked at.
    pub(super) text_created: AtomicBool,
    /// Set when a prepared statement would alter a table, and with it other objects that refer to it.
    pub(super) table_altered: AtomicBool,
    /// The stack's address when the inspection of a statement began; 0 outside of one.
    pub(super) stack_base: AtomicUsize,
    denied: Mutex<Option<SqlError>>,
    touched: Mutex<BTreeSet<String>>,
    /// Settings by pragmas that end with the hook.
    settings: Mutex<BTreeSet<Setting>>,
    /// The journal mode that a pragma asked for. SQLite changes it only outside of a transaction.
    journal_mode: Mutex<Option<JournalMode>>,
    /// Tables of guests' statements in lower case, and whether rows of them may be updated or deleted.
    written: Mutex<BTreeMap<String, bool>>,
    schema_actions: Mutex<SchemaActions>,
    /// Set when a guest's statement would change the numbers that AUTOINCREMENT goes by.
    pub(super) sequence_written: AtomicBool,
    /// Set when a guest's statement would give a table another name.
    pub(super) table_renamed: AtomicBool,
    /// The table that the statement at hand alters.
    altering: Mutex<Option<String>>,
    /// Tables that guests made or altered since they were asked for, which may have foreign keys.
    shaped: Mutex<BTreeSet<String>>,
    /// Of the confined plugin whose hook is at work.
    bounds: Mutex<Option<Arc<Bounds>>>,
    /// What the statement at hand asked for.
    inserts: AtomicBool,
    selects: AtomicBool,
    /// A trigger was made since the hook began.
    pub(super) has_triggers: AtomicBool,
    /// Where the statement at hand comes from; [`Origin::Rows`] if it is not told.
    origin: Mutex<Option<Origin>>,
}

/// What statements may have done to the schema other than to add to it. Names are in lower case.
#[derive(Debug, Default)]
pub(super) struct SchemaActions {
    pub(super) dropped: BTreeSet<String>,
    /// Tables that may have been altered, by the names that they had.
    pub(super) altered: BTreeSet<String>,
}

/// The rights with which a statement runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Rights {
    /// The runner's own statement: not restricted.
    Host,
    Guest,
    /// A guest's reading statement, whose rows the host puts into a cursor's snapshot.
    CursorFill,
    /// What a guest's trigger or view would do later. It is only compiled.
    Standing,
}

/// The authorizer's answer about an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Allowed,
    /// The action is skipped, and the statement succeeds.
    PassedOver,
    Denied,
}

/// One action, as SQLite describes it to an authorizer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Action<'a> {
    pub(super) code: i32,
    pub(super) first: &'a str,
    pub(super) second: &'a str,
    /// The innermost trigger, view or common table expression that asks; empty for the statement itself.
    pub(super) inside: &'a str,
}

impl Guard {
    pub(super) fn set(&self, rights: Rights) {
        self.rights.store(rights as u8, Ordering::SeqCst);
    }

    /// Answers SQLite's authorizer.
    pub(super) fn authorize(&self, action: Action<'_>) -> Answer {
        let rights = self.rights.load(Ordering::SeqCst);
        if rights == Rights::Standing as u8 {
            if self.hides(action, Origin::Standing) {
                return Answer::PassedOver;
            }
            let refusal = self.too_deep().or_else(|| refusal(action));
            let refusal = refusal.map(denial);
            return match refusal.or_else(|| self.out_of_bounds(action, Origin::Standing)) {
                None => Answer::Allowed,
                Some(denial) => self.denied(denial),
            };
        }
        self.note(action);
        let fills_cursor = rights == Rights::CursorFill as u8
            && action.code == ffi::SQLITE_INSERT
            && action.first.starts_with(CURSOR_PREFIX);
        if rights == Rights::Host as u8 || fills_cursor {
            return Answer::Allowed;
        }
        self.note_written(action);
        self.note_schema(action);
        let origin = lock(&self.origin).unwrap_or(Origin::Rows);
        self.note_copy(action);
        if self.hides(action, origin) {
            return Answer::PassedOver;
        }
        let refusal = self.too_deep().or_else(|| refusal(action));
        match refusal.map(denial).or_else(|| self.out_of_bounds(action, origin)) {
            None => self.taken(action),
            Some(denial) => self.denied(denial),
        }
    }

    fn denied(&self, denial: SqlError) -> Answer {
        // The first refusal explains the error; SQLite may ask about more actions after it.
        lock(&self.denied).get_or_insert(denial);
        Answer::Denied
    }

    /// Bounds guests to what a plugin may do, or lets them go.
    pub(super) fn bound(&self, bounds: Option<Arc<Bounds>>) {
        *lock(&self.bounds) = bounds;
    }

    pub(super) fn bounds(&self) -> Option<Arc<Bounds>> {
        lock(&self.bounds).clone()
    }

    /// Tells where the next statement comes from.
    pub(super) fn set_origin(&self, origin: Origin) {
        *lock(&self.origin) = Some(origin);
    }

    fn hides(&self, action: Action<'_>, origin: Origin) -> bool {
        lock(&self.bounds).as_ref().is_some_and(|bounds| bounds.hides(action, origin))
    }

    /// SQLite copies the rows of one table into another of the same shape without asking about them: it asks for the INSERT,
    /// and for no SELECT.
    fn note_copy(&self, Action { code, .. }: Action<'_>) {
        match code {
            ffi::SQLITE_INSERT => self.inserts.store(true, Ordering::SeqCst),
            ffi::SQLITE_SELECT => self.selects.store(true, Ordering::SeqCst),
            ffi::SQLITE_CREATE_TRIGGER | ffi::SQLITE_CREATE_TEMP_TRIGGER => {
                self.has_triggers.store(true, Ordering::SeqCst);
            }
            _ => {}
        }
    }

    /// Returns the tables that statements since the last call may have made or altered.
    pub(super) fn take_shaped(&self) -> BTreeSet<String> {
        std::mem::take(&mut lock(&self.shaped))
    }

    /// Forgets what the last statement asked for.
    pub(super) fn begin_statement(&self) {
        *lock(&self.altering) = None;
        self.inserts.store(false, Ordering::SeqCst);
        self.selects.store(false, Ordering::SeqCst);
    }

    /// Returns whether the statement that was compiled may copy rows of a table that SQLite did not ask about: an INSERT of
    /// its own that `may_select`, or one of a trigger that nobody has judged yet.
    pub(super) fn may_copy(&self, may_select: impl FnOnce() -> bool) -> bool {
        self.inserts.load(Ordering::SeqCst)
            && (self.has_triggers.load(Ordering::SeqCst)
                || (!self.selects.load(Ordering::SeqCst) && may_select()))
    }

    fn out_of_bounds(&self, action: Action<'_>, origin: Origin) -> Option<SqlError> {
        let bounds = self.bounds()?;
        let renamed = || lock(&self.altering).as_deref().and_then(|name| bounds.renamed(name));
        bounds.refusal(action, origin).or_else(|| renames(action).then(renamed).flatten())
    }

    /// Returns how an action that a guest may do is handled.
    fn taken(&self, Action { code, first, second, .. }: Action<'_>) -> Answer {
        match code {
            ffi::SQLITE_PRAGMA => match sqlite::pragma(first, second) {
                Pragma::Run => Answer::Allowed,
                Pragma::ForHook(setting) => {
                    lock(&self.settings).insert(setting);
                    Answer::Allowed
                }
                // Where the file is not the plugin's.
                Pragma::AfterCommit(_)
                    if lock(&self.bounds).as_ref().is_some_and(|bounds| !bounds.is_alone()) =>
                {
                    Answer::PassedOver
                }
                Pragma::AfterCommit(mode) => {
                    *lock(&self.journal_mode) = Some(mode);
                    Answer::PassedOver
                }
                Pragma::PassedOver => Answer::PassedOver,
                Pragma::Refused(_) => Answer::Denied,
            },
            // ANALYZE of the whole database also reads the runner's tables.
            ffi::SQLITE_ANALYZE if is_own(first) => Answer::PassedOver,
            _ => Answer::Allowed,
        }
    }

    /// Returns the settings made since the last call that end with the hook.
    pub(super) fn take_settings(&self) -> BTreeSet<Setting> {
        std::mem::take(&mut lock(&self.settings))
    }

    /// Returns whether a guest asked for another journal mode.
    pub(super) fn wants_journal_mode(&self) -> bool {
        lock(&self.journal_mode).is_some()
    }

    /// Returns the mode of the journal that was asked for since the last call.
    pub(super) fn take_journal_mode(&self) -> Option<JournalMode> {
        lock(&self.journal_mode).take()
    }

    fn too_deep(&self) -> Option<String> {
        let base = self.stack_base.load(Ordering::SeqCst);
        let used = base.saturating_sub(stack_position());
        (used > STACK_BYTES_MAX).then(|| {
            "it is nested too deeply: triggers that fire triggers, or views upon views".to_owned()
        })
    }

    /// Returns why the last statement was refused, once.
    pub(super) fn take_denial(&self) -> Option<SqlError> {
        lock(&self.denied).take()
    }

    #[cfg(test)]
    pub(super) fn deny(&self, reason: &str) {
        lock(&self.denied).get_or_insert(denial(reason.to_owned()));
    }

    /// Returns the tables that statements since the last call may have changed.
    pub(super) fn take_touched(&self) -> BTreeSet<String> {
        std::mem::take(&mut lock(&self.touched))
    }

    /// Returns the tables that guests' statements wrote to since [`Self::forget_written`], in lower case; true if rows may
    /// have been updated or deleted.
    pub(super) fn written(&self) -> BTreeMap<String, bool> {
        lock(&self.written).clone()
    }

    pub(super) fn forget_written(&self) {
        lock(&self.written).clear();
    }

    /// SQLite asks this for triggers and the actions of foreign keys, too; for a dropped table as if all of its rows were
    /// deleted.
    fn note_written(&self, Action { code, first, second, .. }: Action<'_>) {
        let (table, is_rewritten) = match code {
            ffi::SQLITE_INSERT | ffi::SQLITE_CREATE_TABLE => (first, false),
            ffi::SQLITE_UPDATE | ffi::SQLITE_DELETE | ffi::SQLITE_DROP_TABLE => (first, true),
            ffi::SQLITE_ALTER_TABLE => (second, false),
            _ => return,
        };
        if first.eq_ignore_ascii_case("sqlite_sequence") {
            self.sequence_written.store(true, Ordering::SeqCst);
        }
        *lock(&self.written).entry(table.to_ascii_lowercase()).or_default() |= is_rewritten;
    }

    /// Returns what was done to the schema since the last call.
    pub(super) fn take_schema_actions(&self) -> SchemaActions {
        std::mem::take(&mut lock(&self.schema_actions))
    }

    fn note_schema(&self, Action { code, first, second, .. }: Action<'_>) {
        match code {
            ffi::SQLITE_ALTER_TABLE => {
                lock(&self.schema_actions).altered.insert(second.to_ascii_lowercase());
                lock(&self.shaped).insert(second.to_ascii_lowercase());
                *lock(&self.altering) = Some(second.to_owned());
            }
            ffi::SQLITE_CREATE_TABLE => {
                lock(&self.shaped).insert(first.to_ascii_lowercase());
            }
            ffi::SQLITE_FUNCTION if second == RENAMES_TABLE => {
                self.table_renamed.store(true, Ordering::SeqCst);
            }
            ffi::SQLITE_DROP_TABLE
            | ffi::SQLITE_DROP_VTABLE
            | ffi::SQLITE_DROP_INDEX
            | ffi::SQLITE_DROP_VIEW
            | ffi::SQLITE_DROP_TRIGGER => {
                lock(&self.schema_actions).dropped.insert(first.to_ascii_lowercase());
            }
            _ => {}
        }
    }

    fn note(&self, Action { code, first, second, .. }: Action<'_>) {
        match code {
            ffi::SQLITE_INSERT | ffi::SQLITE_UPDATE | ffi::SQLITE_DELETE => {
                if first.starts_with("sqlite_") {
                    self.schema_changed.store(true, Ordering::SeqCst);
                } else {
                    lock(&self.touched).insert(first.to_ascii_lowercase());
                }
            }
            ffi::SQLITE_DROP_TABLE | ffi::SQLITE_CREATE_TABLE => {
                lock(&self.touched).insert(first.to_ascii_lowercase());
                self.schema_changed.store(true, Ordering::SeqCst);
            }
            ffi::SQLITE_ALTER_TABLE => {
                lock(&self.touched).insert(second.to_ascii_lowercase());
                self.schema_changed.store(true, Ordering::SeqCst);
                self.table_altered.store(true, Ordering::SeqCst);
                // SQLite reports the old name of a table that is renamed, never the new one.
                self.text_created.store(true, Ordering::SeqCst);
            }
            // Without its unique index a parent's keys can no longer be checked.
            ffi::SQLITE_DROP_INDEX => {
                lock(&self.touched).insert(second.to_ascii_lowercase());
                self.schema_changed.store(true, Ordering::SeqCst);
            }
            ffi::SQLITE_CREATE_TRIGGER | ffi::SQLITE_CREATE_VIEW => {
                self.text_created.store(true, Ordering::SeqCst);
            }
            _ => {}
        }
    }
}

/// Returns the address of something on the stack. Stacks grow downwards wherever the runner runs.
#[inline(never)]
pub(super) fn stack_position() -> usize {
    let here = 0_u8;
    std::hint::black_box(std::ptr::from_ref(&here)).addr()
}

fn denial(reason: String) -> SqlError {
    SqlError::new(ErrorKind::Denied, reason)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic while holding it cannot leave these values half-written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns whether a table that a guest renamed has a name now that it could not have been made with. The runner's own
/// tables are compared: any of them may be there.
pub(super) fn is_reserved(name: &str) -> bool {
    starts_with(name, CURSOR_PREFIX) || is_function(name)
}

/// Returns whether SQLite has a table-valued function of this name, in any spelling.
fn is_function(name: &str) -> bool {
    starts_with(name, FUNCTION_PREFIX) && sqlite::is_pragma(&name[FUNCTION_PREFIX.len()..])
}

fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Returns whether SQLite gives a table or a column another name by this.
fn renames(Action { code, second, .. }: Action<'_>) -> bool {
    code == ffi::SQLITE_FUNCTION && [RENAMES_TABLE, RENAMES_COLUMN].contains(&second)
}

/// Returns whether a table's name belongs to the runner, in any spelling.
pub(super) fn is_own(name: &str) -> bool {
    OWN_TABLES.iter().any(|own| own.eq_ignore_ascii_case(name)) || starts_with(name, CURSOR_PREFIX)
}

/// Returns why a guest may not do `action`; `None` if it may.
fn refusal(action: Action<'_>) -> Option<String> {
    let Action { code, first, second, .. } = action;
    let own = |name: &str| is_own(name).then(|| sqlite::own_table(name));
    let refused = |what: &str| Some(what.to_owned());
    match code {
        ffi::SQLITE_CREATE_TABLE
        | ffi::SQLITE_CREATE_TEMP_TABLE
        | ffi::SQLITE_CREATE_VTABLE
        | ffi::SQLITE_CREATE_VIEW
        | ffi::SQLITE_CREATE_TEMP_VIEW
            if is_function(first) =>
        {
            Some(format!("the name {first} is SQLite's"))
        }
        ffi::SQLITE_TRANSACTION => refused(sqlite::TRANSACTION),
        ffi::SQLITE_SAVEPOINT => refused(sqlite::SAVEPOINT),
        ffi::SQLITE_ATTACH | ffi::SQLITE_DETACH => refused(sqlite::ATTACH),
        ffi::SQLITE_PRAGMA => match sqlite::pragma(first, second) {
            Pragma::Refused(reason) => Some(reason),
            _ => None,
        },
        ffi::SQLITE_FUNCTION => sqlite::function(second),
        ffi::SQLITE_CREATE_VTABLE | ffi::SQLITE_DROP_VTABLE => {
            sqlite::module(second).or_else(|| own(first))
        }
        ffi::SQLITE_ALTER_TABLE => own(second),
        // For indexes and triggers the table comes second.
        ffi::SQLITE_CREATE_INDEX
        | ffi::SQLITE_CREATE_TEMP_INDEX
        | ffi::SQLITE_CREATE_TRIGGER
        | ffi::SQLITE_CREATE_TEMP_TRIGGER
        | ffi::SQLITE_DROP_INDEX
        | ffi::SQLITE_DROP_TEMP_INDEX
        | ffi::SQLITE_DROP_TRIGGER
        | ffi::SQLITE_DROP_TEMP_TRIGGER => own(first).or_else(|| own(second)),
        ffi::SQLITE_CREATE_TABLE
        | ffi::SQLITE_CREATE_TEMP_TABLE
        | ffi::SQLITE_CREATE_VIEW
        | ffi::SQLITE_CREATE_TEMP_VIEW
        | ffi::SQLITE_DROP_TABLE
        | ffi::SQLITE_DROP_TEMP_TABLE
        | ffi::SQLITE_DROP_VIEW
        | ffi::SQLITE_DROP_TEMP_VIEW
        | ffi::SQLITE_INSERT
        | ffi::SQLITE_UPDATE
        | ffi::SQLITE_DELETE
        | ffi::SQLITE_READ => match sqlite::is_page_access(first) {
            true => Some(format!("{first} is refused: it reaches the pages of the file")),
            false => own(first),
        },
        ffi::SQLITE_SELECT | ffi::SQLITE_RECURSIVE | ffi::SQLITE_REINDEX | ffi::SQLITE_ANALYZE => {
            None
        }
        // An action that a later SQLite adds is refused until this list knows it.
        other => Some(format!("SQLite action {other} is refused")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: i32, first: &str, second: &str) -> bool {
        refusal(Action { code, first, second, inside: "" }).is_some()
    }

    #[test]
    fn policy() {
        let table = [
            (ffi::SQLITE_TRANSACTION, "COMMIT", "", true),
            (ffi::SQLITE_SAVEPOINT, "BEGIN", "x", true),
            (ffi::SQLITE_ATTACH, "x.db", "", true),
            (ffi::SQLITE_INSERT, "customers", "", false),
            (ffi::SQLITE_INSERT, "Alteration_State", "", true),
            (ffi::SQLITE_READ, "alteration_ledger", "revision", true),
            (ffi::SQLITE_READ, "alteration_notes", "x", false),
            (ffi::SQLITE_UPDATE, "runner_cursor_1", "x", true),
            (ffi::SQLITE_ALTER_TABLE, "main", "alteration_state", true),
            (ffi::SQLITE_CREATE_TRIGGER, "t", "alteration_state", true),
            (ffi::SQLITE_CREATE_TEMP_TABLE, "alteration_state", "", true),
            (ffi::SQLITE_CREATE_TEMP_TABLE, "scratch", "", false),
            (ffi::SQLITE_CREATE_TEMP_TRIGGER, "t", "customers", false),
            (ffi::SQLITE_CREATE_TEMP_TRIGGER, "t", "alteration_state", true),
            (ffi::SQLITE_CREATE_TEMP_VIEW, "alteration_state", "", true),
            (ffi::SQLITE_PRAGMA, "table_info", "customers", false),
            (ffi::SQLITE_PRAGMA, "Journal_Mode", "off", false),
            (ffi::SQLITE_PRAGMA, "writable_schema", "ON", true),
            (ffi::SQLITE_PRAGMA, "foreign_keys", "ON", false),
            (ffi::SQLITE_PRAGMA, "user_version", "7", false),
            (ffi::SQLITE_ANALYZE, "alteration_state", "", false),
            (ffi::SQLITE_UPDATE, "sqlite_dbpage", "data", true),
            (ffi::SQLITE_FUNCTION, "", "LOAD_EXTENSION", true),
            (ffi::SQLITE_FUNCTION, "", "lower", false),
            (ffi::SQLITE_CREATE_VTABLE, "docs", "fts5", false),
            (ffi::SQLITE_CREATE_VTABLE, "docs", "csv", true),
            (ffi::SQLITE_CREATE_VTABLE, "Pragma_foreign_key_list", "fts5", true),
            (ffi::SQLITE_CREATE_TABLE, "PRAGMA_schema_version", "", true),
            (ffi::SQLITE_CREATE_TEMP_VIEW, "pragma_table_xinfo", "", true),
            (ffi::SQLITE_CREATE_TABLE, "alteration_grant", "", true),
            (ffi::SQLITE_INSERT, "ALTERATION_grant", "", true),
            (ffi::SQLITE_PRAGMA, "data_version", "", false),
            (9_999, "", "", true),
        ];
        for (code, first, second, expected) in table {
            assert_eq!(refused(code, first, second), expected, "{code} {first} {second}");
        }
    }

    #[test]
    fn how_it_is_taken() {
        let guard = Guard::default();
        guard.set(Rights::Guest);
        let answer =
            |code, first, second| guard.authorize(Action { code, first, second, inside: "" });
        let table = [
            ("user_version", "7", Answer::Allowed),
            ("synchronous", "OFF", Answer::PassedOver),
            ("legacy_alter_table", "ON", Answer::Allowed),
            ("journal_mode", "WAL", Answer::PassedOver),
            ("writable_schema", "ON", Answer::Denied),
        ];
        for (name, value, expected) in table {
            assert_eq!(answer(ffi::SQLITE_PRAGMA, name, value), expected, "{name}");
        }
        assert_eq!(answer(ffi::SQLITE_ANALYZE, "alteration_state", ""), Answer::PassedOver);
        assert_eq!(answer(ffi::SQLITE_ANALYZE, "orders", ""), Answer::Allowed);
        let names: Vec<_> = guard.take_settings().into_iter().map(|setting| setting.name).collect();
        assert_eq!(names, ["legacy_alter_table"]);
        assert!(guard.take_settings().is_empty());
        assert_eq!(guard.take_journal_mode(), Some(JournalMode::Wal));
        assert_eq!(guard.take_journal_mode(), None);
        assert!(guard.take_denial().unwrap().message.contains("writable_schema"));
    }
}
