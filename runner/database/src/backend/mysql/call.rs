//! One statement of a guest: admitted, prepared, run, and its effects on the session checked.
//!
//! The tokenizer (`crate::sql`) decides whether a statement may run at all. Then the server prepares it, and refuses a text
//! with several statements. In a hook that is one transaction, every call ends with a check that it still exists.

use super::{
    MysqlConnection, error, parameter,
    settings::Settings,
    time::{self, Moment},
    transaction, unread,
    value::{Decoder, Format, Stamps},
    variables::Variables,
    watch::Watch,
    wire::{Failure, Prepared},
    worn::Worn,
    zone::{self, Zone},
};
use crate::{
    backend::{BackendError, connection::HookMode, size},
    session::{Column, ErrorKind, Outcome, Row, Session as _, SqlError, Value},
    sql::{self, Place, Statement},
};
use sqlx::{Row as _, mysql::MySqlQueryResult};
use std::collections::{BTreeSet, HashMap};

/// The most bytes that the protocol adds to a statement, and to each of its parameters.
const FRAME_BYTES: usize = 64;
const PARAMETER_FRAME_BYTES: usize = 16;
/// Statements that a cursor can be opened over: they return rows and change nothing.
const READING_VERBS: [&str; 8] =
    ["SELECT", "WITH", "VALUES", "TABLE", "SHOW", "EXPLAIN", "DESCRIBE", "DESC"];

/// The result of a statement.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) result: MySqlQueryResult,
    /// The columns of the rows, or those that the server announced if there were no rows.
    pub(super) columns: Vec<Column>,
    /// Converts the TIMESTAMPs of the rows, which are local times until then.
    pub(super) stamps: Stamps,
}

/// A statement that may run.
#[derive(Debug)]
pub(super) struct Call {
    /// The text for the server: the runner's comments, then the guest's text.
    text: String,
    marker_bytes: usize,
    pub(super) verb: String,
    /// Set if it certainly commits nothing by itself.
    plain: bool,
    pub(super) reading: bool,
    /// Set if its rows are read.
    pub(super) wants_rows: bool,
    /// Set if there is nothing to do: USE of the session's database.
    pub(super) is_nothing: bool,
}

impl MysqlConnection {
    /// Checks that `sql` is one statement that a guest may run here.
    pub(super) fn admit(&self, sql: &str) -> Result<Call, SqlError> {
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
        let statement = Statement::one(sql, self.reading())?;
        let place = match self.mode {
            HookMode::Transaction => Place::Transaction,
            HookMode::Journaled => Place::Journaled,
            HookMode::Apart => Place::Apart,
        };
        let is_nothing =
            sql::used_database(&statement).is_some_and(|database| database == self.server.database);
        if !is_nothing && let Some(reason) = sql::refusal(&statement, place, self.level) {
            return Err(SqlError::new(ErrorKind::Denied, reason));
        }
        // The journal sends it to a session of its own.
        if place == Place::Journaled
            && let Some(reason) = sql::resumability(&statement)
        {
            return Err(SqlError::new(
                ErrorKind::Denied,
                format!("a hook that may be resumed cannot run this: {reason}"),
            ));
        }
        let (verb, plain) = (statement.verb(), statement.is_plain());
        let writes =
            |word: &str| matches!(word, "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "INTO");
        let reading = READING_VERBS.contains(&verb.as_str())
            && (verb != "WITH" || !statement.words().any(|word| writes(&word)));
        // Also before a statement that commits nothing: its transaction holds locks that other sessions need.
        let mut marker = self.marker.clone().unwrap_or_default();
        if self.schema_changes > 0 {
            // A statement that was prepared earlier would return its earlier columns for the same text.
            marker.push_str(&format!("/* {} */ ", self.schema_changes));
        }
        let text = format!("{marker}{}", statement.text());
        let marker_bytes = marker.len();
        Ok(Call { text, marker_bytes, verb, plain, reading, wants_rows: true, is_nothing })
    }

    /// Runs a statement and passes each row on.
    pub(super) async fn run(
        &mut self,
        call: &Call,
        params: Vec<Value>,
        mut each: impl FnMut(Row) -> Result<(), SqlError> + Send,
    ) -> Result<Ran, SqlError> {
        self.check_whole()?;
        let mut watch = self.watch();
        self.put_on().await?;
        let prepared = match self.goes_as_text(call, &params) {
            true => None,
            false => self.prepare(call, params.len(), &mut watch).await?,
        };
        self.check_size(call, &params)?;
        let zone = self.zone_of(&params).await?;
        let hints = match &prepared {
            Some(prepared) if call.wants_rows => self.hints_of(prepared).await?,
            _ => HashMap::new(),
        };
        // A procedure can have several results, and answers those as text.
        let is_text = self.mode == HookMode::Apart && params.is_empty();
        let arguments = match &prepared {
            Some(_) if !is_text => {
                let binding = parameter::Binding { decimal: &self.server.decimal, zone: &zone };
                Some(parameter::arguments(params, &binding)?)
            }
            _ => None,
        };
        self.remember_settings(call).await?;
        self.put_on().await?;
        let mut decoder: Option<Decoder> = None;
        let wire = self.wire().map_err(guest_side)?;
        let running = wire.run(&call.text, arguments, |row, format: Format| {
            if !call.wants_rows {
                return Ok(());
            }
            let decoder = decoder.get_or_insert_with(|| Decoder::new(row.columns(), &hints));
            each(decoder.row(&row, format)?)
        });
        let result = watch.over(&call.text, running).await;
        let result = self.ended_in_time(call, &watch, result).await;
        self.after_call(call, result.as_ref().err()).await?;
        let result = result?;
        let mut decoder = match (decoder, &prepared) {
            (Some(decoder), _) => decoder,
            (None, Some(prepared)) => Decoder::new(&prepared.columns, &hints),
            (None, None) => Decoder::new(&[], &hints),
        };
        let stamps = if decoder.periods.is_empty() {
            decoder.stamps(&zone)
        } else {
            let periods = std::mem::take(&mut decoder.periods);
            let known = self.learn(&periods).await?;
            decoder.stamps(known)
        };
        Ok(Ran { result, columns: decoder.columns, stamps })
    }

    /// Returns the session's zone, as far as instants among the parameters need it.
    pub(super) async fn zone_of(&mut self, params: &[Value]) -> Result<Zone, SqlError> {
        let mut periods = BTreeSet::new();
        for value in params {
            if let Value::Timestamptz(text) = value
                && let Ok(Moment::Instant(instant)) = time::with_offset(text)
            {
                periods.extend(zone::periods_of_instant(instant));
            }
        }
        if periods.is_empty() { Ok(Zone::utc()) } else { Ok(self.learn(&periods).await?.clone()) }
    }

    /// Prepares the statement on the server and counts its parameters. Returns `None` for one that has to go as text; the
    /// tokenizer has checked that it is one statement.
    pub(super) async fn prepare(
        &mut self,
        call: &Call,
        params: usize,
        watch: &mut Watch,
    ) -> Result<Option<Prepared>, SqlError> {
        self.check_whole()?;
        self.before_preparing(call).await?;
        let wire = self.wire().map_err(guest_side)?;
        // It waits for locks, too.
        let prepared = watch.over(&call.text, wire.prepare(&call.text)).await;
        let prepared = prepared.map(|prepared| prepared.map_err(Failure::Server));
        let prepared = match self.ended_in_time(call, watch, prepared).await {
            Ok(prepared) => prepared,
            Err(failure) => {
                self.after_call(call, Some(&failure)).await?;
                return Err(failure);
            }
        };
        self.check_prepared().await.map_err(guest_side)?;
        self.check_prepared_apart().await?;
        let expected = prepared.as_ref().map_or(0, |prepared| prepared.parameters);
        if expected != params {
            return Err(SqlError::new(
                ErrorKind::Conversion,
                format!("the statement has {expected} parameters, {params} values were given"),
            ));
        }
        Ok(prepared)
    }

    /// Fails if a call was cut off: only a rollback recovers from that, if need be with another session.
    fn check_whole(&mut self) -> Result<(), SqlError> {
        match self.wire().map_err(guest_side)?.is_cut_off() {
            true => Err(SqlError::new(ErrorKind::Disconnected, "an earlier call was cut off")),
            false => Ok(()),
        }
    }

    /// Starts to watch a statement that begins now.
    pub(super) fn watch(&self) -> Watch {
        let Settings { statement_time, lock_wait, .. } = self.settings;
        Watch::new(&self.url, &self.server, statement_time, lock_wait)
    }

    /// Returns the outcome of a statement, or of its preparation: in time, or ended by `watch` (`None`: not
    /// even that). Afterwards no KILL is left that the next statement would meet.
    async fn ended_in_time<T>(
        &mut self,
        call: &Call,
        watch: &Watch,
        result: Option<Result<T, Failure>>,
    ) -> Result<T, SqlError> {
        let wire = self.wire().map_err(guest_side)?;
        if watch.has_killed && !wire.is_cut_off() && transaction::answers(wire).await {
            wire.is_mended();
        }
        let time = self.settings.statement_time.unwrap_or_default();
        let is_late = watch.is_overdue || (!time.is_zero() && watch.elapsed() >= time);
        let late = |cause: &str| {
            let mut error = SqlError::new(
                ErrorKind::Limit,
                format!("the statement took longer than {} ms{cause}", time.as_millis()),
            );
            error.sqlstate = Some(error::TIMED_OUT_STATE.to_owned());
            error
        };
        let mut error = match result {
            None => late(", and the server still works on it"),
            // A statement that commits has taken effect; all others are rolled back with the hook. SLEEP, for one, answers
            // as if it had ended by itself when it was killed.
            Some(Ok(_)) if is_late && call.plain && !self.keeps_at_once(call) => {
                late(" and was ended")
            }
            Some(Ok(done)) => return Ok(done),
            Some(Err(Failure::Server(failure)))
                if is_late && error::number(&failure).is_some_and(error::is_interruption) =>
            {
                late(" and was ended")
            }
            Some(Err(failure)) => {
                let waited = matches!(&failure, Failure::Server(failure)
                    if error::number(failure).is_some_and(error::is_lock_wait));
                let error = self.explained(call, failure).await;
                if !waited {
                    return Err(error);
                }
                error
            }
        };
        if let Some(blockers) = &watch.blockers {
            error.message.push_str(&format!("; {blockers}"));
        }
        Err(error)
    }

    /// Returns whether a statement that ended has taken effect, even if the hook is rolled back.
    fn keeps_at_once(&self, call: &Call) -> bool {
        self.mode == HookMode::Apart && !matches!(call.verb.as_str(), "SELECT" | "DO")
    }

    async fn explained(&self, call: &Call, failure: Failure) -> SqlError {
        if let Failure::Server(failure) = &failure
            && let Some(number) = unread::unknown_type(failure)
        {
            return self.unread(call, number).await;
        }
        call.explained(failure)
    }

    /// Refuses a message that is too large for the server, which would end the connection for it.
    fn check_size(&self, call: &Call, params: &[Value]) -> Result<(), SqlError> {
        let values: usize =
            params.iter().map(|value| size::payload(value) + PARAMETER_FRAME_BYTES).sum();
        let (bytes, max) = (call.text.len() + values + FRAME_BYTES, self.server.packet_bytes_max);
        if bytes <= max {
            return Ok(());
        }
        let largest = params.iter().map(size::payload).max().unwrap_or_default();
        Err(SqlError::new(
            ErrorKind::Limit,
            format!(
                "the statement and its values have {bytes} bytes, the largest value {largest}; \
                 the server takes at most {max} (max_allowed_packet)"
            ),
        ))
    }

    /// Saves the variables before the first SET of a hook. Those of a session of the hook's own are never reset.
    async fn remember_settings(&mut self, call: &Call) -> Result<(), SqlError> {
        if call.verb == "SET" && self.untouched.is_none() && self.mode != HookMode::Apart {
            let dialect = self.server.dialect;
            let wire = self.wire().map_err(guest_side)?;
            let variables = Variables::read(wire, dialect).await;
            self.untouched = Some(variables.map_err(|e| error::guest_error(&e, ""))?);
        }
        Ok(())
    }

    /// Checks that the host's transaction survived the call, and the settings that it relies on.
    async fn after_call(
        &mut self,
        call: &Call,
        failure: Option<&SqlError>,
    ) -> Result<(), SqlError> {
        // The rollback that follows ends a call that was cut off.
        if self.wire().map_err(guest_side)?.is_cut_off() {
            return Ok(());
        }
        if !call.plain {
            self.hints.clear();
            self.schema_changes += 1;
        }
        let wire = self.wire().map_err(guest_side)?;
        if wire.is_full() {
            let forgotten = wire.forget_statements().await;
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
            let now = Variables::read(wire, self.server.dialect).await;
            let now = now.map_err(|e| error::guest_error(&e, ""))?;
            untouched.check_pinned(&now)?;
            self.worn = Worn::of(untouched, &now)?;
        }
        match self.mode {
            HookMode::Apart => self.after_call_apart(call).await,
            HookMode::Transaction | HookMode::Journaled => Ok(()),
        }
    }
}

/// Converts an error of the runner's own work to one for the guest that asked for it.
pub(super) fn guest_side(error: BackendError) -> SqlError {
    if let BackendError::Refused(error) = error {
        return error;
    }
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

impl Call {
    /// Returns a bulk-writer's INSERT; its form was admitted when the writer was opened.
    pub(super) fn batch(text: String) -> Self {
        Self {
            text,
            marker_bytes: 0,
            verb: "INSERT".to_owned(),
            plain: true,
            reading: false,
            wants_rows: false,
            is_nothing: false,
        }
    }

    /// Returns the guest's text, without the marker.
    pub(super) fn sql(&self) -> &str {
        self.text.get(self.marker_bytes..).unwrap_or_default()
    }

    /// Returns what a statement did. The counts of a schema change (rows copied) are not rows affected.
    pub(super) fn outcome(&self, result: &MySqlQueryResult) -> Outcome {
        match self.verb.as_str() {
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

    fn explained(&self, failure: Failure) -> SqlError {
        match failure {
            Failure::Server(failure) => error::guest_error(&failure, self.sql()),
            Failure::Stopped(error) => error,
        }
    }
}
