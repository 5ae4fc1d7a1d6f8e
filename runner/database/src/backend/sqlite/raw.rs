//! The few calls that sqlx does not offer, made on SQLite's own handle. All of this backend's
//! `unsafe` is here.
//!
//! Every function takes sqlx's locked handle: while that exists, the connection's worker thread
//! makes no call of its own, which is what makes these calls sound.

use super::guard::{Action, Answer, Guard};
use crate::{
    backend::transaction::{Cell, Rows},
    session::{Column, Terminated},
};
use libsqlite3_sys as ffi;
use sqlx::sqlite::LockedSqliteHandle;
use std::{
    ffi::{CStr, c_char, c_int, c_void},
    path::PathBuf,
    ptr,
    sync::{Arc, atomic::Ordering},
};

/// How often SQLite calls the progress handler, in virtual machine instructions.
const PROGRESS_INSTRUCTIONS: i32 = 4_000;

/// The number of largest values that SQLite's heap may hold.
const HEAP_VALUES_MAX: usize = 8;
const HEAP_BYTES_MIN: usize = 256 << 20;

/// A bound on all of SQLite's memory in this process, because SQLite has none for a connection. Dropping it restores the
/// earlier bound.
///
/// Without it a row of many large values, or tables that each of 30 common table expressions names twice, takes all
/// memory. The latter happens while SQLite compiles and calls no handler.
#[derive(Debug)]
pub(super) struct HeapBound {
    before: i64,
}

impl HeapBound {
    pub(super) fn set(limits: RawLimits) -> Self {
        let heap = limits.value_bytes_max.saturating_mul(HEAP_VALUES_MAX).max(HEAP_BYTES_MIN);
        // SAFETY: may be called at any time from any thread.
        let before =
            unsafe { ffi::sqlite3_hard_heap_limit64(i64::try_from(heap).unwrap_or(i64::MAX)) };
        Self { before }
    }
}

impl Drop for HeapBound {
    fn drop(&mut self) {
        // SAFETY: may be called at any time from any thread.
        unsafe { ffi::sqlite3_hard_heap_limit64(self.before) };
    }
}

/// The description of a statement, found by preparing it.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// The end of the statement in the text it was read from, in bytes.
    pub(super) end: usize,
    /// Names and declared types; empty for a statement that returns no rows.
    pub(super) columns: Vec<Column>,
    pub(super) parameters: usize,
    pub(super) read_only: bool,
}

/// An error as SQLite reports it.
#[derive(Debug, Clone)]
pub(super) struct RawError {
    /// Extended result code.
    pub(super) code: i32,
    pub(super) message: String,
    pub(super) offset: Option<usize>,
}

/// Bounds that SQLite itself enforces, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawLimits {
    pub(super) value_bytes_max: usize,
    pub(super) sql_bytes_max: usize,
}

/// Puts the connection under `guard`: authorizer, commit hook, progress handler, limits.
pub(super) fn confine(
    handle: &mut LockedSqliteHandle<'_>,
    guard: &Arc<Guard>,
    limits: RawLimits,
) -> Result<(), RawError> {
    let commits = Arc::clone(guard);
    handle.set_commit_hook(move || commits.commit_allowed.load(Ordering::SeqCst));
    let progress = Arc::clone(guard);
    handle.set_progress_handler(PROGRESS_INSTRUCTIONS, move || {
        !progress.interrupted.load(Ordering::SeqCst)
    });
    let db = handle.as_raw_handle().as_ptr();
    let clamp = |bytes: usize| c_int::try_from(bytes).unwrap_or(c_int::MAX);
    // SAFETY: `db` is open and not in use by another thread while `handle` exists. The guard that
    // the authorizer receives lives as long as the connection, because the commit hook's closure,
    // which sqlx drops together with the connection, holds it.
    unsafe {
        ffi::sqlite3_limit(db, ffi::SQLITE_LIMIT_ATTACHED, 0);
        ffi::sqlite3_limit(db, ffi::SQLITE_LIMIT_LENGTH, clamp(limits.value_bytes_max));
        ffi::sqlite3_limit(db, ffi::SQLITE_LIMIT_SQL_LENGTH, clamp(limits.sql_bytes_max));
        for option in [ffi::SQLITE_DBCONFIG_DEFENSIVE, ffi::SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION] {
            let on: c_int = (option == ffi::SQLITE_DBCONFIG_DEFENSIVE).into();
            check(db, ffi::sqlite3_db_config(db, option, on, ptr::null_mut::<c_int>()))?;
        }
        let off: c_int = 0;
        check(
            db,
            ffi::sqlite3_db_config(
                db,
                ffi::SQLITE_DBCONFIG_TRUSTED_SCHEMA,
                off,
                ptr::null_mut::<c_int>(),
            ),
        )?;
        let data = Arc::as_ptr(guard).cast_mut().cast::<c_void>();
        check(db, ffi::sqlite3_set_authorizer(db, Some(authorize), data))
    }
}

/// Sets how many databases may be attached: none, but for VACUUM, which attaches the copy that it makes.
pub(super) fn limit_attached(handle: &mut LockedSqliteHandle<'_>, databases: c_int) {
    // SAFETY: the handle is open, and locked by us.
    unsafe {
        ffi::sqlite3_limit(handle.as_raw_handle().as_ptr(), ffi::SQLITE_LIMIT_ATTACHED, databases);
    }
}

/// Sets whether foreign keys are enforced, in an open transaction too: there the pragma has no effect.
pub(super) fn enforce_foreign_keys(
    handle: &mut LockedSqliteHandle<'_>,
    on: bool,
) -> Result<(), RawError> {
    let db = handle.as_raw_handle().as_ptr();
    // SAFETY: the handle is open, and locked by us; the option takes a number and a pointer that may be null.
    let code = unsafe {
        ffi::sqlite3_db_config(
            db,
            ffi::SQLITE_DBCONFIG_ENABLE_FKEY,
            c_int::from(on),
            ptr::null_mut::<c_int>(),
        )
    };
    check(db, code)
}

/// Returns whether a COMMIT would fail because of foreign keys that were left to be checked by it.
pub(super) fn has_deferred_violations(handle: &mut LockedSqliteHandle<'_>) -> bool {
    let (mut now, mut highest) = (0, 0);
    // SAFETY: the handle is open, and locked by us; both out-pointers are valid.
    let code = unsafe {
        ffi::sqlite3_db_status(
            handle.as_raw_handle().as_ptr(),
            ffi::SQLITE_DBSTATUS_DEFERRED_FKS,
            &raw mut now,
            &raw mut highest,
            0,
        )
    };
    code == ffi::SQLITE_OK && now != 0
}

/// Returns whether a transaction is open.
pub(super) fn in_transaction(handle: &mut LockedSqliteHandle<'_>) -> bool {
    // SAFETY: the handle is open, and locked by us.
    unsafe { ffi::sqlite3_get_autocommit(handle.as_raw_handle().as_ptr()) == 0 }
}

/// Returns whether the open transaction has the right to write, so that a statement waits for nobody.
pub(super) fn may_write(handle: &mut LockedSqliteHandle<'_>) -> bool {
    // SAFETY: the handle is open, and locked by us; the name is a C string.
    let state =
        unsafe { ffi::sqlite3_txn_state(handle.as_raw_handle().as_ptr(), c"main".as_ptr()) };
    state == ffi::SQLITE_TXN_WRITE
}

/// Returns whether SQLite opened the main database for reading only.
pub(super) fn is_read_only(handle: &mut LockedSqliteHandle<'_>) -> bool {
    // SAFETY: the handle is open, and locked by us; the name is a C string.
    unsafe { ffi::sqlite3_db_readonly(handle.as_raw_handle().as_ptr(), c"main".as_ptr()) == 1 }
}

/// Returns the main database's file as SQLite resolved it; `None` for a database in memory.
pub(super) fn file_name(handle: &mut LockedSqliteHandle<'_>) -> Option<PathBuf> {
    // SAFETY: the handle is open, and locked by us. SQLite owns the returned C string, which
    // stays valid while the database is open; it is copied here.
    let name = unsafe {
        let name = ffi::sqlite3_db_filename(handle.as_raw_handle().as_ptr(), c"main".as_ptr());
        if name.is_null() {
            return None;
        }
        CStr::from_ptr(name).to_string_lossy().into_owned()
    };
    (!name.is_empty()).then(|| PathBuf::from(name))
}

/// Prepares the first statement of `sql` and describes it; `None` if there is only white space
/// and comments. The statement is not run.
pub(super) fn inspect(
    handle: &mut LockedSqliteHandle<'_>,
    sql: Terminated<'_>,
) -> Result<Option<Shape>, RawError> {
    let db = handle.as_raw_handle().as_ptr();
    let sql = sql.bytes();
    // With the terminator counted in, SQLite reads the text where it is instead of copying it.
    let length = c_int::try_from(sql.len()).unwrap_or(c_int::MAX);
    let start: *const c_char = sql.as_ptr().cast();
    let mut statement = ptr::null_mut();
    let mut tail: *const c_char = ptr::null();
    // SAFETY: `sql` is valid for `length` bytes, ends with its one NUL, and outlives the call; both out-pointers are
    // valid. The handle is open, and locked by us.
    let code =
        unsafe { ffi::sqlite3_prepare_v3(db, start, length, 0, &raw mut statement, &raw mut tail) };
    if code != ffi::SQLITE_OK {
        return Err(last_error(db));
    }
    if statement.is_null() {
        return Ok(None);
    }
    // SAFETY: `tail` points into `sql` or just behind it, because prepare succeeded. `statement`
    // is valid until finalized, which happens once, below, after the last use.
    unsafe {
        let end = usize::try_from(tail.offset_from(start)).unwrap_or_default();
        let columns =
            (0..ffi::sqlite3_column_count(statement)).map(|at| column(statement, at)).collect();
        let shape = Shape {
            end,
            columns,
            parameters: usize::try_from(ffi::sqlite3_bind_parameter_count(statement))
                .unwrap_or_default(),
            read_only: ffi::sqlite3_stmt_readonly(statement) != 0,
        };
        ffi::sqlite3_finalize(statement);
        Ok(Some(shape))
    }
}

/// A prepared statement, finalized when it is dropped.
struct Prepared(*mut ffi::sqlite3_stmt);

impl Drop for Prepared {
    fn drop(&mut self) {
        // SAFETY: it was prepared on a handle that is still locked, and is finalized once.
        unsafe { ffi::sqlite3_finalize(self.0) };
    }
}

/// Runs one statement of the runner's own to its end, on this thread. Returns its rows, and how many rows it changed if it
/// was one that changes any.
pub(super) fn run(
    handle: &mut LockedSqliteHandle<'_>,
    sql: &str,
    params: &[Cell],
) -> Result<(Rows, u64), RawError> {
    let db = handle.as_raw_handle().as_ptr();
    let length = c_int::try_from(sql.len()).unwrap_or(c_int::MAX);
    let mut statement = ptr::null_mut();
    // SAFETY: `sql` is valid for `length` bytes and outlives the call; the out-pointer is valid. The handle is open, and
    // locked by us.
    let code = unsafe {
        let start = sql.as_ptr().cast();
        ffi::sqlite3_prepare_v3(db, start, length, 0, &raw mut statement, ptr::null_mut())
    };
    check(db, code)?;
    let statement = Prepared(statement);
    for (param, at) in params.iter().zip(1..) {
        // SAFETY: the statement is prepared; bytes that are bound without a copy belong to `params`, which outlives it.
        let code = unsafe {
            match param {
                Cell::Integer(Some(value)) => ffi::sqlite3_bind_int64(statement.0, at, *value),
                Cell::Text(Some(text)) => {
                    let (start, length) = (text.as_ptr().cast(), text.len() as u64);
                    let utf8 = ffi::SQLITE_UTF8 as u8;
                    ffi::sqlite3_bind_text64(statement.0, at, start, length, None, utf8)
                }
                Cell::Bytes(Some(bytes)) => {
                    let (start, length) = (bytes.as_ptr().cast(), bytes.len() as u64);
                    ffi::sqlite3_bind_blob64(statement.0, at, start, length, None)
                }
                Cell::Integer(None) | Cell::Text(None) | Cell::Bytes(None) => {
                    ffi::sqlite3_bind_null(statement.0, at)
                }
            }
        };
        check(db, code)?;
    }
    let mut rows = Rows::new();
    loop {
        // SAFETY: the statement is prepared, and its handle locked by us.
        match unsafe { ffi::sqlite3_step(statement.0) } {
            // SAFETY: the statement stands on a row.
            ffi::SQLITE_ROW => rows.push(unsafe { cells(statement.0) }?),
            ffi::SQLITE_DONE => break,
            _ => return Err(last_error(db)),
        }
    }
    // SAFETY: the handle is open, and locked by us.
    let changed = unsafe { ffi::sqlite3_changes64(db) };
    Ok((rows, u64::try_from(changed).unwrap_or(0)))
}

/// # Safety
/// `statement` must stand on a row.
unsafe fn cells(statement: *mut ffi::sqlite3_stmt) -> Result<Vec<Cell>, RawError> {
    // SAFETY: the caller vouches for the row. Pointers are valid until the next call about the same column, are asked for
    // before their lengths, and what they point to is copied.
    unsafe {
        let bytes = |start: *const u8, at| {
            let length = usize::try_from(ffi::sqlite3_column_bytes(statement, at)).unwrap_or(0);
            match start.is_null() {
                true => Vec::new(),
                false => std::slice::from_raw_parts(start, length).to_vec(),
            }
        };
        let cell = |at| {
            Ok(match ffi::sqlite3_column_type(statement, at) {
                ffi::SQLITE_NULL => Cell::Text(None),
                ffi::SQLITE_INTEGER => {
                    Cell::Integer(Some(ffi::sqlite3_column_int64(statement, at)))
                }
                ffi::SQLITE_BLOB => {
                    let start = ffi::sqlite3_column_blob(statement, at).cast();
                    Cell::Bytes(Some(bytes(start, at)))
                }
                _ => {
                    let start = ffi::sqlite3_column_text(statement, at);
                    let text = String::from_utf8(bytes(start, at)).map_err(|_| RawError {
                        code: ffi::SQLITE_MISMATCH,
                        message: "a column holds a text in no encoding".to_owned(),
                        offset: None,
                    })?;
                    Cell::Text(Some(text))
                }
            })
        };
        (0..ffi::sqlite3_column_count(statement)).map(cell).collect()
    }
}

/// # Safety
/// `statement` must be a prepared statement with more than `at` columns.
unsafe fn column(statement: *mut ffi::sqlite3_stmt, at: c_int) -> Column {
    // SAFETY: the caller vouches for the statement; SQLite returns null or a C string that lives
    // until the statement is finalized, and `text` copies it.
    unsafe {
        Column {
            name: text(ffi::sqlite3_column_name(statement, at)),
            type_name: text(ffi::sqlite3_column_decltype(statement, at)),
        }
    }
}

/// # Safety
/// `pointer` must be null or a C string.
unsafe fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: not null, and the caller vouches for the rest.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}

fn check(db: *mut ffi::sqlite3, code: c_int) -> Result<(), RawError> {
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(last_error(db)) }
}

fn last_error(db: *mut ffi::sqlite3) -> RawError {
    // SAFETY: only called with an open handle that is locked by us; the message is copied.
    unsafe {
        RawError {
            code: ffi::sqlite3_extended_errcode(db),
            message: text(ffi::sqlite3_errmsg(db)),
            offset: usize::try_from(ffi::sqlite3_error_offset(db)).ok(),
        }
    }
}

/// SQLite's authorizer callback. Runs on whichever thread prepares a statement.
extern "C" fn authorize(
    guard: *mut c_void,
    code: c_int,
    first: *const c_char,
    second: *const c_char,
    _database: *const c_char,
    inside: *const c_char,
) -> c_int {
    // SAFETY: `guard` is what `confine` registered, and lives as long as the connection. The
    // strings are null or C strings that live for this call.
    let (guard, first, second, inside) =
        unsafe { (&*guard.cast::<Guard>(), text(first), text(second), text(inside)) };
    // Unwinding out of a C callback would abort the process; nothing in `authorize` panics.
    match guard.authorize(Action { code, first: &first, second: &second, inside: &inside }) {
        Answer::Allowed => ffi::SQLITE_OK,
        Answer::PassedOver => ffi::SQLITE_IGNORE,
        Answer::Denied => ffi::SQLITE_DENY,
    }
}
