//! One statement of a journaled hook: run in the segment, or as one that commits.

use super::{
    Journal,
    call::{self, Call, CallResult, Stop, asked, encode},
    own::HookSessions,
    session::point,
};
use crate::{
    alteration::Dialect,
    connection::{Connection, Verdict},
    session::{ErrorKind, Outcome, ResultLimit, RowSet, SqlError, Value},
    sql::{Reading, Statement},
    tables::journal::{self, JournalRow},
    transaction::Durability,
};

impl Journal {
    /// Runs one statement, or returns what it did when it ran before.
    pub(super) async fn statement(
        &mut self,
        sql: &str,
        params: Vec<Value>,
        rows: Option<ResultLimit>,
    ) -> Result<CallResult, SqlError> {
        let kind = if rows.is_some() { "query" } else { "execute" };
        let asked = asked(kind, sql, &params);
        let replayed = self.replayed(asked, sql)?;
        let is_setting_again = matches!(replayed, Some(CallResult::Setting));
        if let Some(result) = replayed
            && !is_setting_again
        {
            if let Some(settings) = self.working().lock().await.repeats_settings() {
                settings.replayed(sql);
            }
            self.made.replayed(sql, self.reading);
            return Ok(result);
        }
        let sessions = &mut self.sessions().await;
        if !is_setting_again
            && let Some(done) = self.verify_started(sessions, sql, rows.is_some()).await?
        {
            self.made.replayed(sql, self.reading);
            return Ok(done);
        }
        if let Err(error) = self.making(sessions, sql).await {
            return Err(self.own(error));
        }
        if !is_setting_again && let Some(reason) = self.reason_apart(sql) {
            self.go_apart(sessions.record(), sql, reason).await?;
            return self.apart(sessions.record(), asked, sql, params, rows).await;
        }
        if let Err(error) = self.segment(sessions).await {
            return Err(self.own(error));
        }
        // A setting belongs to the session, and a resumed hook has another one: it is made again.
        if is_setting(sql, self.reading) {
            let result = run(sessions.hook(), sql, params.clone(), rows).await?;
            self.reading = sessions.hook().reading();
            self.settings_made.push((sql.to_owned(), params));
            if !is_setting_again {
                self.keep(asked, None, CallResult::Setting);
            }
            self.end_statement(sessions).await?;
            return Ok(result);
        }
        let hook = sessions.hook();
        if hook.journals().commits_by_itself && !is_plain(sql, hook.reading()) {
            return self.committing(sessions, asked, sql, params, rows).await;
        }
        let outside = hook
            .runs_outside()
            .filter(|outside| !self.in_unit && params.is_empty() && outside.may_need_outside(sql));
        let may_need_outside = outside.is_some();
        if let Some(outside) = outside
            && let Err(error) = outside.mark().await
        {
            return Err(self.own(error));
        }
        match run(sessions.hook(), sql, params, rows).await {
            Ok(result) => {
                let changes =
                    (!is_query(sql, self.reading)).then(|| call::shown_of(sql, self.reading));
                let only_reads = changes.is_none() && rows.is_some();
                self.keep(asked, changes, result.clone());
                if !only_reads {
                    self.end_statement(sessions).await?;
                }
                Ok(result)
            }
            Err(error)
                if may_need_outside
                    && sessions
                        .hook()
                        .runs_outside()
                        .is_some_and(|outside| outside.needs_outside(&error)) =>
            {
                self.outside(sessions, asked, sql, rows.is_some()).await
            }
            Err(error) => Err(self.in_transaction(sessions.hook(), sql, error)),
        }
    }

    /// Finds out whether a statement whose outcome was never recorded took effect. Returns its result if it did.
    async fn verify_started(
        &mut self,
        sessions: &mut HookSessions,
        sql: &str,
        is_query: bool,
    ) -> Result<Option<CallResult>, SqlError> {
        let Some(row) = self.started.clone() else { return Ok(None) };
        // Settings that were made again may have opened a segment; nothing else is in it.
        if self.in_segment {
            if let Err(error) = self.commit_segment(sessions, Vec::new(), Durability::Flushed).await
            {
                return Err(self.own(error));
            }
            self.segment_committed();
        }
        let before = row.fingerprint.clone().unwrap_or_default();
        let connection = sessions.record();
        let refused = match self.end_outside(connection, &row).await {
            Ok(refused) => refused,
            Err(error) => return Err(self.own(error)),
        };
        let verdict = match connection.verify(sql, &before).await {
            Ok(verdict) => verdict,
            Err(error) => return Err(self.own(error)),
        };
        point("after a statement was looked for");
        let recorded = match verdict {
            Verdict::Done => self.record(connection, &row, row.results.clone()).await,
            Verdict::NotDone => self.record(connection, &row, None).await,
            Verdict::Unknown => {
                return Err(self.stop(Stop::Ambiguous { statement: sql.to_owned() }));
            }
        };
        if let Err(error) = recorded {
            return Err(self.own(error));
        }
        // Cleared only now that it is decided: after an earlier error it is still open.
        self.started = None;
        if let Some(refused) = refused {
            return Err(refused);
        }
        Ok((verdict == Verdict::Done).then(|| {
            self.next += 1;
            nothing(is_query)
        }))
    }

    /// Runs a statement that may commit the segment by itself and then takes effect on its own.
    async fn committing(
        &mut self,
        sessions: &mut HookSessions,
        asked: [u8; 16],
        sql: &str,
        params: Vec<Value>,
        rows: Option<ResultLimit>,
    ) -> Result<CallResult, SqlError> {
        self.may_commit_now()?;
        if self.rehearsing {
            return Err(
                self.stop(Stop::NotRehearsable { statement: call::shown_of(sql, self.reading) })
            );
        }
        let written = async {
            let result = nothing(rows.is_some());
            let (own, row) = self.write_ahead(sessions, asked, sql, result).await?;
            sessions.hook().own(own).await?;
            Ok(row)
        };
        let row = match written.await {
            Ok(row) => row,
            Err(error) => return Err(self.own(error)),
        };
        self.in_flight = Some(row.clone());
        point("before a statement that commits");
        let connection = sessions.hook();
        let result = run(connection, sql, params, rows).await;
        point("after a statement that commits");
        match connection.is_in_transaction().await {
            // It did not commit after all, so its write-ahead row is removed.
            Ok(true) => {
                self.in_flight = None;
                let result = result?;
                let forget = journal::forget(&self.key, row.call);
                if let Err(error) = connection.own(vec![forget]).await {
                    return Err(self.own(error.into()));
                }
                self.kept_are_written();
                self.keep(asked, Some(call::shown_of(sql, self.reading)), result.clone());
                Ok(result)
            }
            Ok(false) => {
                self.segment_committed();
                self.after_commit(sessions.record(), asked, &row, result).await
            }
            Err(error) => Err(match result {
                Err(error) => error,
                Ok(_) => self.own(error),
            }),
        }
    }

    /// Runs a statement that cannot run in a transaction. A guest that asks for rows gets none: no such statement returns any.
    async fn outside(
        &mut self,
        sessions: &mut HookSessions,
        asked: [u8; 16],
        sql: &str,
        is_query: bool,
    ) -> Result<CallResult, SqlError> {
        self.may_commit_now()?;
        if self.rehearsing {
            return self.outside_in_rehearsal(sessions.hook(), asked, sql, is_query).await;
        }
        if let Some(refused) = self.refused_outside(sessions, sql) {
            return Err(refused);
        }
        let committed = async {
            if let Some(outside) = sessions.hook().runs_outside() {
                outside.back_to_mark().await?;
            }
            let (own, row) = self.write_ahead(sessions, asked, sql, nothing(is_query)).await?;
            self.commit_segment(sessions, own, Durability::Flushed).await?;
            Ok(row)
        };
        let row = match committed.await {
            Ok(row) => row,
            Err(error) => return Err(self.own(error)),
        };
        self.segment_committed();
        self.in_flight = Some(row.clone());
        if let Err(error) = self.begin_outside(sessions, sql).await {
            return Err(self.own(error));
        }
        point("before a statement outside of a transaction");
        let result = match sessions.hook().runs_outside() {
            Some(outside) => outside.execute_outside(sql, &self.marker).await,
            None => Err(SqlError::new(ErrorKind::Denied, "it cannot run outside of a transaction")),
        };
        point("after a statement outside of a transaction");
        let result = result.map(|outcome| match is_query {
            true => nothing(true),
            false => CallResult::Outcome(outcome),
        });
        let is_lost = matches!(&result, Err(error) if error.kind == ErrorKind::Disconnected);
        let ended = match is_lost {
            // Whoever looks for its outcome does that too.
            true => Ok(None),
            false => self.end_outside(sessions.record(), &row).await,
        };
        let result = match ended {
            Ok(None) => result,
            Ok(Some(refused)) => {
                return Err(match self.settle(sessions.record(), &row).await {
                    Ok(()) => refused,
                    Err(error) => self.own(error),
                });
            }
            Err(error) => return Err(self.own(error)),
        };
        self.after_commit(sessions.record(), asked, &row, result).await
    }

    /// Runs a statement of [`Self::outside`] in a rehearsal, where everything is in one transaction.
    async fn outside_in_rehearsal(
        &mut self,
        connection: &mut dyn Connection,
        asked: [u8; 16],
        sql: &str,
        is_query: bool,
    ) -> Result<CallResult, SqlError> {
        let rehearsed = async {
            let Some(outside) = connection.runs_outside() else { return Ok(false) };
            outside.back_to_mark().await?;
            outside.rehearse_outside(sql).await
        };
        let statement = call::shown_of(sql, self.reading);
        match rehearsed.await {
            Ok(true) => {
                let result = nothing(is_query);
                self.keep(asked, Some(statement), result.clone());
                Ok(result)
            }
            Ok(false) => Err(self.stop(Stop::NotRehearsable { statement })),
            Err(error) => Err(self.own(error)),
        }
    }

    /// Records the outcome of a statement whose write-ahead row is committed.
    async fn after_commit(
        &mut self,
        connection: &mut dyn Connection,
        asked: [u8; 16],
        row: &JournalRow,
        result: Result<CallResult, SqlError>,
    ) -> Result<CallResult, SqlError> {
        let sql = row.statement.as_deref().unwrap_or_default();
        match result {
            Ok(result) => {
                let changes = Some(call::shown_of(sql, self.reading));
                let call = Call { asked, changes, result: result.clone() };
                if let Err(error) = self.record(connection, row, Some(encode(&[call]))).await {
                    return Err(self.own(error));
                }
                self.in_flight = None;
                self.next += 1;
                Ok(result)
            }
            // The outcome is unknown. The undo or the next attempt finds it out.
            Err(error) if error.kind == ErrorKind::Disconnected => Err(error),
            Err(error) => {
                let before = row.fingerprint.as_deref().unwrap_or_default();
                // Called in any case, because it also removes what a failed index leaves behind.
                let verdict = connection.verify(sql, before).await;
                // The server reported a failure. That is final, whatever other sessions changed meanwhile, with three
                // exceptions: a list of which a part may be done, a statement that was ended, and code that may have
                // committed before it failed.
                let is_doubtful = error.kind == ErrorKind::Limit
                    || is_list(sql, self.reading)
                    || runs_code(sql, self.reading);
                let failed = match verdict {
                    Ok(Verdict::NotDone) => true,
                    Ok(Verdict::Done | Verdict::Unknown) | Err(_) => !is_doubtful,
                };
                if failed && self.record(connection, row, None).await.is_ok() {
                    self.in_flight = None;
                }
                Err(error)
            }
        }
    }

    /// Notes that the kept results were written in a row of the open segment.
    fn kept_are_written(&mut self) {
        self.effects.extend(self.kept.drain(..).filter_map(|call| call.changes));
    }
}

pub(super) async fn run(
    connection: &mut dyn Connection,
    sql: &str,
    params: Vec<Value>,
    rows: Option<ResultLimit>,
) -> Result<CallResult, SqlError> {
    match rows {
        Some(limit) => connection.query(sql, params, limit).await.map(CallResult::Rows),
        None => connection.execute(sql, params).await.map(CallResult::Outcome),
    }
}

/// Returns the result of a statement that only changes the schema.
fn nothing(is_query: bool) -> CallResult {
    match is_query {
        true => CallResult::Rows(RowSet { columns: Vec::new(), rows: Vec::new() }),
        false => CallResult::Outcome(Outcome::default()),
    }
}

/// Returns the first two words, comments before them left out.
fn first_words(sql: &str, reading: Reading) -> (String, String) {
    let Ok(statement) = Statement::one(sql, reading) else {
        return (String::new(), String::new());
    };
    let mut words = statement.words();
    let mut word = || words.next().unwrap_or_default().into_owned();
    (word(), word())
}

/// Returns whether a statement certainly neither commits nor defines anything.
fn is_plain(sql: &str, reading: Reading) -> bool {
    Statement::one(sql, reading).is_ok_and(|statement| statement.is_plain())
}

/// Returns whether a statement changes a setting of the session and nothing else.
fn is_setting(sql: &str, reading: Reading) -> bool {
    // USE of another database is refused.
    let (first, second) = first_words(sql, reading);
    if first == "USE" && matches!(reading.dialect, Dialect::Mysql | Dialect::Mariadb) {
        return true;
    }
    // SET STATEMENT … FOR runs a whole other statement.
    let is_more = ["PASSWORD", "GLOBAL", "PERSIST", "DEFAULT", "STATEMENT"];
    match first.as_str() {
        "SET" => !is_more.contains(&second.as_str()),
        "RESET" => true,
        // As dumps set their search path.
        "SELECT" => second == "SET_CONFIG" || is_qualified_set_config(sql),
        _ => false,
    }
}

fn is_qualified_set_config(sql: &str) -> bool {
    let rest = &sql[crate::sql::blank(sql)..];
    let rest = rest.get("SELECT".len()..).unwrap_or_default().trim_start();
    let name = "pg_catalog.set_config(";
    rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name))
}

/// Returns whether a statement names several objects that are changed one after the other.
pub(super) fn is_list(sql: &str, reading: Reading) -> bool {
    matches!(first_words(sql, reading).0.as_str(), "DROP" | "RENAME") && sql.contains(',')
}

/// Returns whether a statement runs code that may itself commit.
fn runs_code(sql: &str, reading: Reading) -> bool {
    matches!(first_words(sql, reading).0.as_str(), "CALL" | "DO")
}

/// Returns whether a statement only reads, judged by its first word. For messages only.
fn is_query(sql: &str, reading: Reading) -> bool {
    matches!(
        first_words(sql, reading).0.as_str(),
        "SELECT" | "SHOW" | "EXPLAIN" | "VALUES" | "TABLE"
    )
}
