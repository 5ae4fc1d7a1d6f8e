//! The plugin's session on MySQL and MariaDB: statements, cursors and bulk-writers.
//!
//! Whether a statement may run at all says the tokenizer (`crate::sql`). Then the server is asked to
//! prepare it, which it refuses for several statements in one text. Begins and ends no transaction
//! itself; in a hook that is one transaction it looks after every call whether that still exists.

use super::{
    MysqlConnection,
    column::{self, TableHints},
    cursor::Snapshot,
    error, identifier, parameter,
    settings::Variables,
    value::{self, Decoder, Format},
    wire::{Failure, Prepared},
    writer::Writer,
};
use crate::{
    alteration::Dialect,
    backend::{
        BackendError,
        connection::{Cell, HookMode},
    },
    session::{
        Column, ErrorKind, Handle, Outcome, ResultLimit, Row, RowSet, Script, Session, SqlError,
        Value,
    },
    sql::{self, Place, Statement},
};
use async_trait::async_trait;
use sqlx::{Row as _, mysql::MySqlQueryResult};
use std::{collections::HashMap, sync::Arc};

const FETCH_ROWS_MAX: usize = 10_000;
/// What the protocol adds to a statement and to each of its parameters, at most.
const FRAME_BYTES: usize = 64;
const PARAMETER_FRAME_BYTES: usize = 16;
/// Statements that a cursor can be opened over: they return rows and change nothing.
const READING_VERBS: [&str; 8] =
    ["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC"];

/// A statement that may run.
#[derive(Debug)]
struct Call {
    /// What goes to the server.
    text: String,
    verb: String,
    /// Surely commits nothing by itself.
    plain: bool,
    reading: bool,
}

impl MysqlConnection {
    /// Whether `sql` is one statement that a guest may run here.
    fn admit(&self, sql: &str) -> Result<Call, SqlError> {
        let (length, max) = (sql.len(), self.options.limits.sql_bytes_max);
        if length > max {
            return Err(SqlError::new(
                ErrorKind::Limit,
                format!("the SQL text has {length} bytes; at most {max} are allowed"),
            ));
        }
        if let Some(at) = sql.find('\0') {
            return Err(SqlError {
                offset: Some(at),
                ..SqlError::new(ErrorKind::Syntax, "the SQL text contains a NUL character")
            });
        }
        let statement = Statement::one(sql, self.server.dialect)?;
        let place = match self.mode {
            HookMode::Transaction => Place::Transaction,
            HookMode::Journaled => Place::Journaled,
        };
        if let Some(reason) = sql::refusal(&statement, place) {
            return Err(SqlError::new(ErrorKind::Denied, reason));
        }
        let (verb, plain) = (statement.verb(), statement.is_plain());
        let writes =
            |word: &str| matches!(word, "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "INTO");
        let reading = READING_VERBS.contains(&verb.as_str())
            && (verb != "WITH" || !statement.words().any(|word| writes(&word)));
        let marker = match (&self.marker, self.mode) {
            (Some(marker), HookMode::Journaled) if !plain => marker.as_str(),
            _ => "",
        };
        Ok(Call { text: format!("{marker}{}", statement.text()), verb, plain, reading })
    }

    /// Runs a statement and hands each row on. What is returned of the columns is what the rows
    /// have, or what the server expected where there were none.
    async fn run(
        &mut self,
        call: &Call,
        params: Vec<Value>,
        mut each: impl FnMut(Row) -> Result<(), SqlError> + Send,
    ) -> Result<(MySqlQueryResult, Vec<Column>), SqlError> {
        let prepared = self.prepare(call, params.len()).await?;
        self.check_size(call, &params)?;
        let hints = match &prepared {
            Some(prepared) => self.hints_of(prepared).await?,
            None => HashMap::new(),
        };
        let arguments = match &prepared {
            Some(_) => Some(parameter::arguments(params, &self.server.decimal)?),
            None => None,
        };
        self.remember_settings(call).await?;
        let mut decoder = None;
        let wire = self.wire().map_err(guest_side)?;
        let result = wire
            .run(&call.text, arguments, |row, format: Format| {
                let decoder = decoder.get_or_insert_with(|| Decoder::new(row.columns(), &hints));
                each(decoder.row(&row, format)?)
            })
            .await;
        let result = result.map_err(|failure| explained(failure, &call.text));
        self.after_call(call, result.as_ref().err()).await?;
        let columns = match (decoder, &prepared) {
            (Some(decoder), _) => decoder.columns,
            (None, Some(prepared)) => Decoder::new(&prepared.columns, &hints).columns,
            (None, None) => Vec::new(),
        };
        Ok((result?, columns))
    }

    /// Has the server understand the statement and counts parameters. `None`: it goes as text,
    /// which the tokenizer found to be one statement.
    async fn prepare(&mut self, call: &Call, params: usize) -> Result<Option<Prepared>, SqlError> {
        let wire = self.wire().map_err(guest_side)?;
        // Only a rollback makes good what was cut off, if with another session.
        if wire.is_cut_off() {
            return Err(SqlError::new(ErrorKind::Disconnected, "an earlier call was cut off"));
        }
        let prepared = wire.prepare(&call.text).await;
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(failure) => {
                let failure = explained(Failure::Server(failure), &call.text);
                self.after_call(call, Some(&failure)).await?;
                return Err(failure);
            }
        };
        let expected = prepared.as_ref().map_or(0, |prepared| prepared.parameters);
        if expected != params {
            return Err(SqlError::new(
                ErrorKind::Conversion,
                format!("the statement has {expected} parameters, {params} values were given"),
            ));
        }
        Ok(prepared)
    }

    /// The server would end the connection over a message that is too large for it.
    fn check_size(&self, call: &Call, params: &[Value]) -> Result<(), SqlError> {
        let values: usize =
            params.iter().map(|value| value::payload(value) + PARAMETER_FRAME_BYTES).sum();
        let (bytes, max) = (call.text.len() + values + FRAME_BYTES, self.server.packet_bytes_max);
        if bytes <= max {
            return Ok(());
        }
        let largest = params.iter().map(value::payload).max().unwrap_or_default();
        Err(SqlError::new(
            ErrorKind::Limit,
            format!(
                "the statement and its values have {bytes} bytes, the largest value {largest}; \
                 the server takes at most {max} (max_allowed_packet)"
            ),
        ))
    }

    /// What the catalogue adds to the columns of a result, by table.
    async fn hints_of(
        &mut self,
        prepared: &Prepared,
    ) -> Result<HashMap<String, Arc<TableHints>>, SqlError> {
        let mut hints = HashMap::new();
        for column in prepared.columns.iter().filter(|column| column::wants_hint(column)) {
            let Some((table, _)) = column::origin(column) else { continue };
            if hints.contains_key(&table) {
                continue;
            }
            let known = match self.hints.get(&table) {
                Some(known) => Arc::clone(known),
                None => {
                    let read = Arc::new(self.read_hints(&table).await.map_err(guest_side)?);
                    self.hints.insert(table.clone(), Arc::clone(&read));
                    read
                }
            };
            hints.insert(table, known);
        }
        Ok(hints)
    }

    async fn read_hints(&mut self, origin: &str) -> Result<TableHints, BackendError> {
        let Some((schema, table)) = origin.split_once('.') else { return Ok(TableHints::new()) };
        let place = [Cell::text(schema), Cell::text(table)];
        let columns = self
            .read_own(
                "SELECT column_name, data_type FROM information_schema.columns
                 WHERE table_schema = ? AND table_name = ?",
                &place,
            )
            .await?;
        let mut hints: TableHints = columns
            .iter()
            .filter_map(|row| match &row[..] {
                [Cell::Text(Some(name)), Cell::Text(Some(data_type))] => {
                    Some((name.clone(), column::hint(data_type)?))
                }
                _ => None,
            })
            .collect();
        if self.server.dialect == Dialect::Mariadb {
            // MariaDB's JSON is LONGTEXT with this check; nothing else is left of it.
            let checks = self
                .read_own(
                    "SELECT constraint_name, check_clause FROM information_schema.check_constraints
                     WHERE constraint_schema = ? AND table_name = ?",
                    &place,
                )
                .await?;
            for row in checks {
                if let [Cell::Text(Some(name)), Cell::Text(Some(clause))] = &row[..]
                    && *clause == format!("json_valid({})", identifier::quote(name))
                {
                    hints.insert(name.clone(), column::Hint::Json);
                }
            }
        }
        Ok(hints)
    }

    /// Before the first SET of a hook, keeps what it may change.
    async fn remember_settings(&mut self, call: &Call) -> Result<(), SqlError> {
        if call.verb == "SET" && self.untouched.is_none() {
            let wire = self.wire().map_err(guest_side)?;
            let variables = Variables::read(wire).await;
            self.untouched = Some(variables.map_err(|e| error::guest_error(&e, ""))?);
        }
        Ok(())
    }

    /// Whether the host's transaction survived the call, and the settings that it relies on.
    async fn after_call(
        &mut self,
        call: &Call,
        failure: Option<&SqlError>,
    ) -> Result<(), SqlError> {
        // What was cut off is ended by the rollback that follows.
        if self.wire().map_err(guest_side)?.is_cut_off() {
            return Ok(());
        }
        if !call.plain {
            self.hints.clear();
            let forgotten = self.wire().map_err(guest_side)?.forget_statements().await;
            forgotten.map_err(|failure| error::guest_error(&failure, ""))?;
        }
        if self.mode == HookMode::Transaction && !self.is_still_begun().await.map_err(guest_side)? {
            let cause = failure.map(|error| format!(": {}", error.message)).unwrap_or_default();
            let ended = SqlError::new(
                failure.map_or(ErrorKind::Denied, |error| error.kind),
                format!("the statement ended the host's transaction{cause}"),
            );
            return Err(SqlError {
                retryable: failure.is_some_and(|error| error.retryable),
                ..ended
            });
        }
        if call.verb == "SET"
            && let Some(untouched) = &self.untouched
            && let Some(wire) = &mut self.wire
        {
            let now = Variables::read(wire).await.map_err(|e| error::guest_error(&e, ""))?;
            untouched.check_pinned(&now)?;
        }
        Ok(())
    }

    async fn flush(&mut self, writer: Handle) -> Result<u64, SqlError> {
        let mut inserted = 0;
        while let Some((text, params)) = self.writer(writer)?.next_batch() {
            let verb = "INSERT".to_owned();
            let call = Call { text, verb, plain: true, reading: false };
            inserted += self.run(&call, params, |_| Ok(())).await?.0.rows_affected();
        }
        Ok(inserted)
    }

    fn writer(&mut self, writer: Handle) -> Result<&mut Writer, SqlError> {
        self.writers
            .get_mut(&writer)
            .ok_or_else(|| SqlError::new(ErrorKind::Other, "the bulk-writer is finished"))
    }

    fn new_handle(&mut self) -> Handle {
        self.next_handle += 1;
        Handle(self.next_handle)
    }
}

/// An error of the runner's own work, where a guest asked for it.
fn guest_side(error: BackendError) -> SqlError {
    let kind = match &error {
        BackendError::Disconnected(_) | BackendError::Stuck | BackendError::Unreachable { .. } => {
            ErrorKind::Disconnected
        }
        BackendError::Busy(_) => ErrorKind::Serialization,
        BackendError::DiskFull(_) => ErrorKind::Limit,
        _ => ErrorKind::Other,
    };
    SqlError {
        retryable: kind == ErrorKind::Serialization,
        ..SqlError::new(kind, error.to_string())
    }
}

/// `text` as it went to the server; the marker before it is no part of what the guest wrote.
fn explained(failure: Failure, text: &str) -> SqlError {
    let sent = text.strip_prefix("/* runner:").and_then(|rest| rest.split_once(" */ "));
    match failure {
        Failure::Server(failure) => {
            error::guest_error(&failure, sent.map_or(text, |(_, written)| written))
        }
        Failure::Stopped(error) => error,
    }
}

/// What a statement did. The counts of a schema change (rows copied) are not rows affected.
fn outcome(verb: &str, result: &MySqlQueryResult) -> Outcome {
    match verb {
        "INSERT" | "REPLACE" => Outcome {
            rows_affected: result.rows_affected(),
            last_insert_id: Some(result.last_insert_id()).filter(|id| *id != 0),
        },
        "UPDATE" | "DELETE" | "WITH" => {
            Outcome { rows_affected: result.rows_affected(), last_insert_id: None }
        }
        _ => Outcome::default(),
    }
}

#[async_trait]
impl Session for MysqlConnection {
    fn dialect(&self) -> Dialect {
        self.server.dialect
    }

    fn quote_identifier(&self, name: &str) -> String {
        identifier::quote(name)
    }

    async fn statement_length(
        &mut self,
        script: &Script,
        start: usize,
    ) -> Result<Option<usize>, SqlError> {
        sql::statement_length(script.text(start), self.server.dialect)
    }

    /// Rows affected are those that matched, also where they were the same before. The id is the
    /// first of those that one statement generated.
    async fn execute(&mut self, sql: &str, params: Vec<Value>) -> Result<Outcome, SqlError> {
        let call = self.admit(sql)?;
        let (result, _) = self.run(&call, params, |_| Ok(())).await?;
        Ok(outcome(&call.verb, &result))
    }

    async fn query(
        &mut self,
        sql: &str,
        params: Vec<Value>,
        limit: ResultLimit,
    ) -> Result<RowSet, SqlError> {
        let call = self.admit(sql)?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        let (_, columns) = self
            .run(&call, params, |row| {
                bytes += value::size(&row);
                if rows.len() == limit.rows_max || bytes > limit.bytes_max {
                    let ResultLimit { rows_max, bytes_max } = limit;
                    return Err(SqlError::new(
                        ErrorKind::Limit,
                        format!(
                            "the result has more than {rows_max} rows or {bytes_max} bytes; use a cursor"
                        ),
                    ));
                }
                rows.push(row);
                Ok(())
            })
            .await?;
        Ok(RowSet { columns, rows })
    }

    async fn open_cursor(
        &mut self,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<(Handle, Vec<Column>), SqlError> {
        let call = self.admit(sql)?;
        if !call.reading {
            return Err(SqlError::new(
                ErrorKind::Syntax,
                "a cursor needs a statement that returns rows and changes nothing; use query",
            ));
        }
        let max = self.options.limits.cursors_max;
        if self.cursors.len() >= max {
            return Err(SqlError::new(ErrorKind::Limit, format!("more than {max} open cursors")));
        }
        let mut snapshot = Snapshot::new();
        let (_, columns) = self.run(&call, params, |row| snapshot.push(&row)).await?;
        let handle = self.new_handle();
        self.cursors.insert(handle, snapshot.finish(&columns)?);
        Ok((handle, columns))
    }

    async fn fetch(&mut self, cursor: Handle, limit: ResultLimit) -> Result<Vec<Row>, SqlError> {
        let Some(open) = self.cursors.get_mut(&cursor) else {
            return Err(SqlError::new(ErrorKind::Other, "the cursor is closed"));
        };
        open.fetch(ResultLimit { rows_max: limit.rows_max.min(FETCH_ROWS_MAX), ..limit })
    }

    async fn close_cursor(&mut self, cursor: Handle) -> Result<(), SqlError> {
        self.cursors.remove(&cursor);
        Ok(())
    }

    async fn open_writer(&mut self, table: &str, columns: &[String]) -> Result<Handle, SqlError> {
        // A writer whose handle was dropped unfinished still holds its rows.
        let max = self.options.limits.cursors_max;
        if self.writers.len() >= max {
            return Err(SqlError::new(
                ErrorKind::Limit,
                format!("more than {max} unfinished bulk-writers"),
            ));
        }
        let writer = Writer::new(table, columns)?;
        // An unknown table or column is told now, not after the first thousand rows; and a table
        // of the runner is refused here, before the batches, which are of the same form.
        let call = self.admit(&writer.probe())?;
        self.prepare(&call, columns.len()).await?;
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
