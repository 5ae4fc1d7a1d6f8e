//! The plugin's session on SQLite: statements, cursors and bulk-writers under the guard.
//!
//! Keeps the host inside its own transaction: checks after every call that it still exists. Begins and ends no
//! transaction; `transaction.rs` does.

use super::{
    bounds::Origin,
    error::{guest_error, raw_guest_error},
    foreign_keys::Known,
    group::Group,
    guard::{CURSOR_PREFIX, Guard, Rights, stack_position},
    lock::FileLock,
    objects::Objects,
    outcome::{first_word, outcome},
    outside::Outsides,
    raw::{self, HeapBound, Shape},
    value::{self, Hint},
    writer::Writer,
};
use crate::{
    alteration::Dialect,
    backend::{
        BackendError, SqlLimits,
        connection::Connection as _,
        identifier::in_quotes as quote,
        size::{self, Gathered},
    },
    crash,
    session::{
        Column, ErrorKind, Handle, Outcome, ResultLimit, Row, RowSet, Script, Session, SqlError,
        Terminated, Value,
    },
    sql::{OWN_TABLES, statement_length},
};
use async_trait::async_trait;
use futures_util::TryStreamExt;
use libsqlite3_sys as ffi;
use sqlx::{AssertSqlSafe, Executor, SqliteConnection, sqlite::SqliteRow};
use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};

const SHAPES_MAX: usize = 64;
/// The longest statement that is kept prepared: SQLx keeps hundreds, and many megabytes each would be too much.
const KEPT_SQL_BYTES_MAX: usize = 64 << 10;
const FETCH_ROWS_MAX: usize = 10_000;
/// The first word of a statement is looked for so far.
const FIRST_WORD_BYTES_MAX: usize = 4 << 10;

#[derive(Debug)]
pub(super) struct SqliteSession {
    pub(super) connection: SqliteConnection,
    pub(super) guard: Arc<Guard>,
    limits: SqlLimits,
    shapes: HashMap<String, Arc<Shape>>,
    cursors: HashMap<Handle, Cursor>,
    writers: HashMap<Handle, Writer>,
    next_handle: u32,
    /// `None` for a database in memory.
    pub(super) file: Option<PathBuf>,
    pub(super) lock: Option<FileLock>,
    pub(super) rehearsing: bool,
    pub(super) group: Group,
    /// Set if the worker thread did not give up a statement. The connection is of no use then.
    pub(super) stuck: bool,
    /// Foreign keys, and the violations that existed before. Read once and kept up to date.
    pub(super) foreign_keys: Option<Known>,
    pub(super) outside: Outsides,
    pub(super) objects: Objects,
    /// Held while guests may run.
    _heap: Option<HeapBound>,
}

/// A snapshot of a result in a temporary table, read by its row ids.
#[derive(Debug)]
struct Cursor {
    columns: Vec<Column>,
    hints: Vec<Hint>,
    last_row: i64,
}

impl SqliteSession {
    pub(super) fn new(
        connection: SqliteConnection,
        guard: Arc<Guard>,
        limits: SqlLimits,
        file: Option<PathBuf>,
        heap: Option<HeapBound>,
    ) -> Self {
        Self {
            file,
            lock: None,
            rehearsing: false,
            group: Group::default(),
            stuck: false,
            foreign_keys: None,
            outside: Outsides::default(),
            objects: Objects::default(),
            _heap: heap,
            connection,
            guard,
            limits,
            shapes: HashMap::new(),
            cursors: HashMap::new(),
            writers: HashMap::new(),
            next_handle: 0,
        }
    }

    /// Forgets what belonged to a hook: handles and cached facts.
    pub(super) fn reset(&mut self) {
        self.guard.has_triggers.store(false, Ordering::SeqCst);
        self.shapes.clear();
        self.cursors.clear();
        self.writers.clear();
    }

    pub(super) fn forget_shapes(&mut self) {
        self.shapes.clear();
    }

    fn new_handle(&mut self) -> Handle {
        self.next_handle += 1;
        Handle(self.next_handle)
    }

    /// Describes the one statement of `sql`, which must hold exactly one, and counts parameters.
    async fn one_statement(&mut self, sql: &str, params: usize) -> Result<Arc<Shape>, SqlError> {
        let shape = match self.shapes.get(sql) {
            Some(shape) => Arc::clone(shape),
            None => {
                let text = Script::new(sql)?;
                let Some(shape) = self.inspect(text.rest(0)).await? else {
                    return Err(SqlError::new(ErrorKind::Syntax, "there is no statement to run"));
                };
                let is_copy = self.guard.may_copy(|| may_select(sql));
                if self.inspect(text.rest(shape.end)).await.map_or(true, |rest| rest.is_some()) {
                    return Err(SqlError {
                        offset: Some(shape.end),
                        ..SqlError::new(
                            ErrorKind::Syntax,
                            "expected one statement, found several; use execute-script",
                        )
                    });
                }
                if is_copy {
                    self.judge_copy(sql).await?;
                }
                let shape = Arc::new(shape);
                self.keep_shape(sql, &shape);
                shape
            }
        };
        if shape.parameters != params {
            let expected = shape.parameters;
            return Err(SqlError::new(
                ErrorKind::Conversion,
                format!("the statement has {expected} parameters, {params} values were given"),
            ));
        }
        Ok(shape)
    }

    fn keep_shape(&mut self, sql: &str, shape: &Arc<Shape>) {
        if self.shapes.len() >= SHAPES_MAX {
            self.shapes.clear();
        }
        if sql.len() <= KEPT_SQL_BYTES_MAX {
            self.shapes.insert(sql.to_owned(), Arc::clone(shape));
        }
    }

    async fn inspect(&mut self, sql: Terminated<'_>) -> Result<Option<Shape>, SqlError> {
        self.inspect_with(sql, Rights::Guest).await
    }

    /// Compiles a statement with these rights, and describes it.
    pub(super) async fn inspect_with(
        &mut self,
        sql: Terminated<'_>,
        rights: Rights,
    ) -> Result<Option<Shape>, SqlError> {
        self.guard.set_origin(origin(sql));
        self.guard.begin_statement();
        self.guard.set(rights);
        let mut handle = self.connection.lock_handle().await.map_err(disconnected)?;
        self.guard.stack_base.store(stack_position(), Ordering::SeqCst);
        let inspected = raw::inspect(&mut handle, sql);
        self.guard.stack_base.store(0, Ordering::SeqCst);
        drop(handle);
        match inspected {
            // SQLite counts as it reads, up to the end of the statement, or of comments behind the last one.
            Err(error) if error.code & 0xff == ffi::SQLITE_TOOBIG => self.too_long(sql),
            inspected => inspected.map_err(|error| raw_guest_error(error, &self.guard)),
        }
    }

    fn too_long(&self, sql: Terminated<'_>) -> Result<Option<Shape>, SqlError> {
        let bytes = sql.bytes();
        let text = std::str::from_utf8(&bytes[..bytes.len() - 1]).unwrap_or_default();
        let length = match statement_length(text, Dialect::Sqlite) {
            Ok(None) => return Ok(None),
            Ok(Some(length)) => length,
            Err(_) => text.len(),
        };
        let max = self.limits.sql_bytes_max;
        Err(SqlError::new(
            ErrorKind::Limit,
            format!("the SQL text has {length} bytes; at most {max} are allowed"),
        ))
    }

    /// Runs an inspected statement with `rights`, and passes each row on.
    async fn run(
        &mut self,
        sql: &str,
        params: impl IntoIterator<Item = Value>,
        rights: Rights,
        mut each: impl FnMut(SqliteRow) -> Result<(), SqlError> + Send,
    ) -> Result<sqlx::sqlite::SqliteQueryResult, SqlError> {
        let keep = rights == Rights::Guest && sql.len() <= KEPT_SQL_BYTES_MAX;
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(keep);
        for param in params {
            query = value::bind(query, param)?;
        }
        self.keep_sequences().await?;
        let own_tables = self.own_tables_before().await?;
        self.guard.set_origin(Origin::of(first_word(sql)));
        self.guard.set(rights);
        crash::before(sql);
        let mut result = sqlx::sqlite::SqliteQueryResult::default();
        let mut failure = None;
        {
            let mut stream = (&mut self.connection).fetch_many(query);
            loop {
                match stream.try_next().await {
                    Ok(Some(sqlx::Either::Left(done))) => result.extend([done]),
                    Ok(Some(sqlx::Either::Right(row))) => {
                        if let Err(error) = each(row) {
                            failure = Some(error);
                            break;
                        }
                    }
                    Ok(None) => break,
                    Err(error) => {
                        failure = Some(guest_error(error, &self.guard));
                        break;
                    }
                }
            }
        }
        crash::after(sql);
        self.after_call(failure.as_ref()).await?;
        if let Some(before) = own_tables {
            self.compare_own_tables(&before).await?;
        }
        match failure {
            Some(error) => Err(error),
            None => Ok(result),
        }
    }

    /// Returns which of the runner's tables there are, if the statement that was inspected renames a table: SQLite reports
    /// the old name only.
    async fn own_tables_before(&mut self) -> Result<Option<BTreeSet<String>>, SqlError> {
        match self.guard.table_renamed.swap(false, Ordering::SeqCst) {
            true => self.own_tables().await.map(Some).map_err(other),
            false => Ok(None),
        }
    }

    /// Refuses a table that has the name of one of the runner's now.
    async fn compare_own_tables(&mut self, before: &BTreeSet<String>) -> Result<(), SqlError> {
        self.guard.table_renamed.store(false, Ordering::SeqCst);
        let after = self.own_tables().await.map_err(other)?;
        match after.difference(before).next() {
            None => Ok(()),
            Some(name) => Err(SqlError::new(
                ErrorKind::Denied,
                format!("no table may be called {name}: the name is reserved"),
            )),
        }
    }

    /// Checks that the host's transaction survived the call, and that the call left nothing in the schema that would act
    /// for the guest later.
    async fn after_call(&mut self, failure: Option<&SqlError>) -> Result<(), SqlError> {
        let mut handle = self.connection.lock_handle().await.map_err(disconnected)?;
        if !raw::in_transaction(&mut handle) {
            // The error that made SQLite end the transaction explains more.
            let cause = failure.map(|error| format!("{}: ", error.message)).unwrap_or_default();
            return Err(SqlError::new(
                failure.map_or(ErrorKind::Denied, |error| error.kind),
                format!("{cause}the statement ended the host's transaction"),
            ));
        }
        drop(handle);
        if self.guard.schema_changed.swap(false, Ordering::SeqCst) {
            self.shapes.clear();
        }
        self.judge_new_keys().await?;
        if self.guard.text_created.swap(false, Ordering::SeqCst) {
            self.refuse_own_names().await?;
            self.refuse_shadows().await?;
        }
        Ok(())
    }

    /// Checks that no trigger or view names the runner's tables. They are compiled when they are used, perhaps by the
    /// application's next write, and no authorizer checks them then.
    async fn refuse_own_names(&mut self) -> Result<(), SqlError> {
        self.guard.set(Rights::Host);
        let texts: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT type, name, iif(type IN ('trigger', 'view'), lower(sql), '')
             FROM main.sqlite_schema WHERE type <> 'index'
             UNION ALL SELECT type, name, '' FROM temp.sqlite_schema WHERE type = 'table'
                AND name NOT LIKE 'runner!_cursor!_%' ESCAPE '!'",
        )
        .persistent(false)
        .fetch_all(&mut self.connection)
        .await
        .map_err(|error| guest_error(error, &self.guard))?;
        for (kind, name, text) in texts {
            if kind == "table" && super::guard::is_reserved(&name) {
                return Err(SqlError::new(
                    ErrorKind::Denied,
                    format!("no table may be called {name}: the name is reserved"),
                ));
            }
            if let Some(own) = OWN_TABLES.iter().find(|own| text.contains(**own)) {
                return Err(SqlError::new(
                    ErrorKind::Denied,
                    format!("the trigger or view {name} names the runner's table {own}"),
                ));
            }
        }
        Ok(())
    }

    async fn flush(&mut self, writer: Handle) -> Result<u64, SqlError> {
        let mut inserted = 0;
        while let Some((sql, params)) = self.writer(writer)?.next_batch() {
            inserted += self.run(&sql, params, Rights::Guest, |_| Ok(())).await?.rows_affected();
        }
        Ok(inserted)
    }

    fn writer(&mut self, writer: Handle) -> Result<&mut Writer, SqlError> {
        self.writers
            .get_mut(&writer)
            .ok_or_else(|| SqlError::new(ErrorKind::Other, "the bulk-writer is finished"))
    }
}

#[async_trait]
impl Session for SqliteSession {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn quote_identifier(&self, name: &str) -> String {
        quote(name)
    }

    async fn statement_length(
        &mut self,
        script: &Script,
        start: usize,
    ) -> Result<Option<usize>, SqlError> {
        let Some(shape) = self.inspect(script.rest(start)).await? else { return Ok(None) };
        let (end, sql) = (shape.end, &script.text(start)[..shape.end]);
        // It is run next, as it was just described.
        if !self.guard.may_copy(|| may_select(sql)) {
            self.keep_shape(sql, &Arc::new(shape));
        }
        Ok(Some(end))
    }

    async fn execute(&mut self, sql: &str, params: Vec<Value>) -> Result<Outcome, SqlError> {
        self.outside.refuse(sql)?;
        let shape = self.one_statement(sql, params.len()).await?;
        let result = self.run(sql, params, Rights::Guest, |_| Ok(())).await?;
        Ok(outcome(&shape, sql, &result))
    }

    async fn query(
        &mut self,
        sql: &str,
        params: Vec<Value>,
        limit: ResultLimit,
    ) -> Result<RowSet, SqlError> {
        self.outside.refuse(sql)?;
        let shape = self.one_statement(sql, params.len()).await?;
        let hints: Vec<Hint> = shape.columns.iter().map(Hint::of).collect();
        let mut gathered = Gathered::up_to(limit);
        self.run(sql, params, Rights::Guest, |row| {
            let row = value::decode_row(&row, 0, &shape.columns, &hints)?;
            gathered.push(row)
        })
        .await?;
        Ok(RowSet { columns: shape.columns.clone(), rows: gathered.rows() })
    }

    async fn open_cursor(
        &mut self,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<(Handle, Vec<Column>), SqlError> {
        let shape = self.one_statement(sql, params.len()).await?;
        if shape.columns.is_empty() || !shape.read_only {
            return Err(SqlError::new(
                ErrorKind::Syntax,
                "a cursor needs a statement that returns rows and changes nothing; use query",
            ));
        }
        if self.cursors.len() >= self.limits.cursors_max {
            let max = self.limits.cursors_max;
            return Err(SqlError::new(ErrorKind::Limit, format!("more than {max} open cursors")));
        }
        let handle = self.new_handle();
        let names: Vec<String> = (0..shape.columns.len()).map(|at| format!("c{at}")).collect();
        let table = cursor_table(handle);
        // Columns without a type have no affinity, so that every value stays as it was read. With the condition, the table is
        // of another shape than any: SQLite would copy the rows of one of the same shape without asking about them.
        self.run(
            &format!("CREATE TEMP TABLE {table} ({}, CHECK (1))", names.join(", ")),
            [],
            Rights::Host,
            |_| Ok(()),
        )
        .await?;
        let fill = format!("INSERT INTO temp.{table} {sql}");
        self.run(&fill, params, Rights::CursorFill, |_| Ok(())).await?;
        let hints = shape.columns.iter().map(Hint::of).collect();
        let columns = shape.columns.clone();
        self.cursors.insert(handle, Cursor { columns: columns.clone(), hints, last_row: 0 });
        Ok((handle, columns))
    }

    async fn fetch(&mut self, cursor: Handle, limit: ResultLimit) -> Result<Vec<Row>, SqlError> {
        let Some(mut open) = self.cursors.remove(&cursor) else {
            return Err(SqlError::new(ErrorKind::Other, "the cursor is closed"));
        };
        let sql = format!(
            "SELECT rowid, * FROM temp.{} WHERE rowid > ?1 ORDER BY rowid LIMIT ?2",
            cursor_table(cursor)
        );
        let rows_max = limit.rows_max.min(FETCH_ROWS_MAX);
        let params = [
            Value::Int64(open.last_row),
            Value::Int64(i64::try_from(rows_max).unwrap_or(i64::MAX)),
        ];
        let (mut rows, mut bytes, mut full) = (Vec::new(), 0, false);
        self.run(&sql, params, Rights::Host, |raw_row| {
            if full {
                return Ok(());
            }
            let row = value::decode_row(&raw_row, 1, &open.columns, &open.hints)?;
            bytes += size::of_row(&row);
            if bytes > limit.bytes_max {
                // Rows that do not fit come with the next call; a single row has to fit.
                full = true;
                return if rows.is_empty() {
                    Err(SqlError::new(
                        ErrorKind::Limit,
                        format!("one row has more than {} bytes", limit.bytes_max),
                    ))
                } else {
                    Ok(())
                };
            }
            open.last_row = sqlx::Row::try_get(&raw_row, 0)
                .map_err(|error| SqlError::new(ErrorKind::Other, error.to_string()))?;
            rows.push(row);
            Ok(())
        })
        .await?;
        self.cursors.insert(cursor, open);
        Ok(rows)
    }

    async fn close_cursor(&mut self, cursor: Handle) -> Result<(), SqlError> {
        if self.cursors.remove(&cursor).is_some() {
            let drop = format!("DROP TABLE temp.{}", cursor_table(cursor));
            self.run(&drop, [], Rights::Host, |_| Ok(())).await?;
        }
        Ok(())
    }

    async fn open_writer(&mut self, table: &str, columns: &[String]) -> Result<Handle, SqlError> {
        // A writer whose handle was dropped unfinished still holds its rows.
        if self.writers.len() >= self.limits.cursors_max {
            let max = self.limits.cursors_max;
            return Err(SqlError::new(
                ErrorKind::Limit,
                format!("more than {max} unfinished bulk-writers"),
            ));
        }
        let writer = Writer::new(table, columns)?;
        // An unknown table or column is reported now, not after the first thousand rows.
        self.one_statement(&writer.probe(), columns.len()).await?;
        let handle = self.new_handle();
        self.writers.insert(handle, writer);
        Ok(handle)
    }

    async fn write(&mut self, writer: Handle, rows: Vec<Row>) -> Result<u64, SqlError> {
        self.writer(writer)?.push(rows)?;
        self.flush(writer).await
    }

    async fn finish_writer(&mut self, writer: Handle) -> Result<u64, SqlError> {
        self.writer(writer)?.finish();
        let inserted = self.flush(writer).await?;
        self.writers.remove(&writer);
        Ok(inserted)
    }
}

/// Returns whether the text has the word, wherever.
fn may_select(sql: &str) -> bool {
    let word = b"select";
    sql.as_bytes().windows(word.len()).any(|bytes| bytes.eq_ignore_ascii_case(word))
}

/// Returns where a statement comes from, by its first word. Where comments before it are long, it has none.
fn origin(sql: Terminated<'_>) -> Origin {
    let bytes = sql.bytes();
    let start = &bytes[..bytes.len().saturating_sub(1).min(FIRST_WORD_BYTES_MAX)];
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default(),
    };
    Origin::of(first_word(text))
}

fn cursor_table(cursor: Handle) -> String {
    format!("{CURSOR_PREFIX}{}", cursor.0)
}

fn other(error: BackendError) -> SqlError {
    SqlError::new(ErrorKind::Other, error.to_string())
}

fn disconnected(error: sqlx::Error) -> SqlError {
    SqlError::new(ErrorKind::Disconnected, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        alteration::Permissions,
        backend::{
            granted::Granted,
            sqlite::{
                bounds::{Bounds, Owner},
                raw::RawLimits,
            },
        },
    };
    use sqlx::Connection as _;

    /// A session of a confined plugin in a file with a table of the application's and its statistics.
    async fn session() -> SqliteSession {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let theirs = "CREATE TABLE kept (a, b, c); CREATE INDEX kept_a ON kept (a);
            INSERT INTO kept VALUES (1, 2, 3); ANALYZE";
        sqlx::raw_sql(theirs).execute(&mut connection).await.unwrap();
        let guard = Arc::new(Guard::default());
        let limits = RawLimits { value_bytes_max: 1 << 20, sql_bytes_max: 1 << 20 };
        let mut handle = connection.lock_handle().await.unwrap();
        raw::confine(&mut handle, &guard, limits).unwrap();
        drop(handle);
        let limits = SqlLimits { sql_bytes_max: 1 << 20, value_bytes_max: 1 << 20, cursors_max: 4 };
        let mut session = SqliteSession::new(connection, guard, limits, None, None);
        session.begin_transaction().await.unwrap();
        let others = ["kept", "kept_a"].map(|name| (name.to_owned(), Owner::Application));
        let granted = Granted::of("evil/x".parse().unwrap(), &Permissions::new());
        session.guard.bound(Some(Arc::new(Bounds { granted, others: Arc::new(others.into()) })));
        session
    }

    /// SQLite copies the rows of a table into another one of the same shape without asking about them.
    #[tokio::test]
    async fn a_cursor_copies_no_rows_that_are_hidden() {
        let mut session = session().await;
        let (cursor, _) =
            session.open_cursor("SELECT * FROM sqlite_stat1", Vec::new()).await.unwrap();
        let limit = ResultLimit { rows_max: 9, bytes_max: 1 << 20 };
        let rows = session.fetch(cursor, limit).await.unwrap();
        assert!(!rows.is_empty());
        assert!(rows.iter().flatten().all(|value| *value == Value::Null), "{rows:?}");
        let kept = session.open_cursor("SELECT * FROM kept", Vec::new()).await.unwrap_err();
        assert_eq!(kept.kind, ErrorKind::Denied, "{kept:?}");
    }
}
