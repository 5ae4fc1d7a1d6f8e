//! The plugin's session on PostgreSQL: statements under the guard.
//!
//! Every statement is told apart by the tokenizer. What could be seen as several is then parsed by the
//! server in the extended protocol, which takes one statement only. Results come by the simple protocol, as
//! text, because only there sqlx gives every type; so the server first parses the very text that is then run.

use super::{
    PostgresConnection,
    describe::name_types,
    error::guest_error,
    forms::Wants,
    link::{self, Description},
    parameter::{self, Encoded, Raw, conversion},
    text::{Replacement, Sent, quote},
    types::Type,
    value,
};
use crate::{
    alteration::Dialect,
    backend::{
        connection::HookMode,
        size::{self, Gathered},
    },
    session::{
        Column, ErrorKind, FailedInScript, Handle, OnStatement, Outcome, ResultLimit, Row, RowSet,
        Script, Session, SqlError, Value,
    },
    sql::{Place, Statement, TokenKind, is_undivided, refusal, statement_length},
};
use async_trait::async_trait;
use sqlx::{Row as _, postgres::PgArguments};

impl PostgresConnection {
    /// One statement that a guest may run, or why it may not.
    pub(super) fn checked<'a>(&self, sql: &'a str) -> Result<Statement<'a>, SqlError> {
        self.config.check_text(sql)?;
        let statement = Statement::one(sql, Dialect::Postgresql)?;
        let place = match self.state.mode() {
            Some(HookMode::Journaled | HookMode::Apart) => Place::Journaled,
            Some(HookMode::Transaction) | None => Place::Transaction,
        };
        let level = self.state.hook().map(|hook| hook.settings.level).unwrap_or_default();
        match refusal(&statement, place, level) {
            Some(reason) => Err(SqlError::new(ErrorKind::Denied, reason)),
            None => Ok(statement),
        }
    }

    /// Ends a statement that was left half-way, and puts the session on the guest's side, with the output forms
    /// that the next call `wants`.
    pub(super) async fn ready_for_guest(&mut self, wants: Wants) -> Result<(), SqlError> {
        if self.state.transaction().is_none() {
            // It would commit by itself.
            return Err(SqlError::new(ErrorKind::Other, "there is no transaction to run it in"));
        }
        let settled = self.link.settle().await;
        settled.map_err(|error| SqlError::new(ErrorKind::Disconnected, error.to_string()))?;
        self.guest_side().await.map_err(|error| guest_error(error, &Sent::plain("")))?;
        self.prepare_forms(wants).await
    }

    /// The types of as many parameters as there are values.
    async fn types_for(
        &mut self,
        statement: &Statement<'_>,
        params: &[Value],
    ) -> Result<Vec<Type>, SqlError> {
        let types = match statement.parameters().is_empty() {
            true => Vec::new(),
            false => self.parameter_types(&plain(statement)).await?,
        };
        if types.len() != params.len() {
            let (expected, given) = (types.len(), params.len());
            return Err(conversion(format!(
                "the statement has {expected} parameters, {given} values were given"
            )));
        }
        let max = self.config.limits.value_bytes_max;
        match params.iter().position(|param| size::payload(param) > max) {
            Some(at) => Err(SqlError::new(
                ErrorKind::Limit,
                format!("parameter {} has more than {max} bytes", at + 1),
            )),
            None => Ok(types),
        }
    }

    /// The statement with all its parameters inside.
    pub(super) async fn with_literals<'a>(
        &mut self,
        statement: &Statement<'a>,
        params: &[Value],
    ) -> Result<Sent<'a>, SqlError> {
        let types = self.types_for(statement, params).await?;
        if types.is_empty() {
            return Ok(plain(statement));
        }
        let mut replacements = Vec::with_capacity(types.len());
        for (at, (value, ty)) in params.iter().zip(&types).enumerate() {
            let text = parameter::text(value, ty, &format!("parameter {}", at + 1))?;
            replacements.push(Replacement::Expression(parameter::expression(text.as_deref(), ty)));
        }
        Ok(replacing(statement, &replacements))
    }

    /// The statement with what fits as parameters, and the rest inside.
    async fn with_arguments<'a>(
        &mut self,
        statement: &Statement<'a>,
        params: &[Value],
    ) -> Result<(Sent<'a>, PgArguments), SqlError> {
        let types = self.types_for(statement, params).await?;
        let mut arguments = PgArguments::default();
        if types.is_empty() {
            return Ok((plain(statement), arguments));
        }
        let (mut replacements, mut numbered) = (Vec::with_capacity(types.len()), 0);
        for (at, (value, ty)) in params.iter().zip(&types).enumerate() {
            let what = format!("parameter {}", at + 1);
            replacements.push(match parameter::encode(value, ty, &what)? {
                Encoded::Binary(bytes) => {
                    let raw = Raw { oid: ty.oid, bytes };
                    sqlx::Arguments::add(&mut arguments, raw)
                        .map_err(|error| conversion(format!("{what}: {error}")))?;
                    numbered += 1;
                    Replacement::Number(numbered)
                }
                Encoded::Text(text) => {
                    Replacement::Expression(parameter::expression(text.as_deref(), ty))
                }
            });
        }
        Ok((replacing(statement, &replacements), arguments))
    }

    /// Has the server parse `sent` as the one statement that it must be.
    pub(super) async fn parse(&mut self, sent: &Sent<'_>) -> Result<Description, SqlError> {
        self.link.describe(&sent.text).await.map_err(|error| guest_error(error, sent))
    }

    /// Runs a text that was parsed, and hands on each row. Stops where `each` does.
    pub(super) async fn stream(
        &mut self,
        sent: &Sent<'_>,
        mut each: impl FnMut(Row) -> Result<(), SqlError> + Send,
    ) -> Result<Option<Vec<link::Field>>, SqlError> {
        let mut columns: Option<Vec<link::Field>> = None;
        let streamed = self
            .link
            .each_row(&sent.text, |row| {
                let fields = columns.get_or_insert_with(|| link::fields(row.columns()));
                each(decode_row(row, fields)?)
            })
            .await;
        streamed.map_err(|error| guest_error(error, sent))??;
        Ok(columns)
    }
}

/// How long the first statement of `rest` is.
pub(super) fn first_length(rest: &str) -> Result<Option<usize>, SqlError> {
    statement_length(rest, Dialect::Postgresql)
}

fn plain<'a>(statement: &Statement<'a>) -> Sent<'a> {
    Sent::plain(statement.written()).at_byte(statement.offset())
}

fn replacing<'a>(statement: &Statement<'a>, replacements: &[Replacement]) -> Sent<'a> {
    Sent::replacing(statement.written(), &statement.parameters(), replacements)
        .at_byte(statement.offset())
}

fn decode_row(row: &sqlx::postgres::PgRow, fields: &[link::Field]) -> Result<Row, SqlError> {
    let decode = |(at, (name, oid)): (usize, &link::Field)| {
        value::decode(*oid, link::raw(row, at))
            .map_err(|reason| conversion(format!("column {name}: {reason}")))
    };
    fields.iter().enumerate().map(decode).collect()
}

/// Whether a statement can have a result; to say so of one that has none costs a round trip.
fn may_return_rows(statement: &Statement<'_>) -> bool {
    let silent = ["CREATE", "ALTER", "DROP", "DO", "TRUNCATE", "COMMENT", "GRANT", "REVOKE", "SET"];
    let writes = ["INSERT", "UPDATE", "DELETE", "MERGE"];
    let verb = statement.verb();
    if writes.contains(&verb.as_str()) {
        return statement.words().any(|word| word == "RETURNING");
    }
    !silent.contains(&verb.as_str())
}

/// Whether the server's count is about rows that were changed, and not about rows that were read.
pub(super) fn changes_rows(statement: &Statement<'_>) -> bool {
    let writes = |word: &str| {
        ["INSERT", "UPDATE", "DELETE", "MERGE"].iter().any(|verb| word.eq_ignore_ascii_case(verb))
    };
    let verb = statement.verb();
    if verb != "WITH" {
        return writes(&verb);
    }
    // The statement proper comes after the last of the parentheses that name its parts.
    let (mut depth, mut closed) = (0_usize, false);
    for token in statement.tokens() {
        match token.kind {
            TokenKind::Symbol(b'(') => depth += 1,
            TokenKind::Symbol(b')') => {
                depth = depth.saturating_sub(1);
                closed = depth == 0;
                continue;
            }
            TokenKind::Word if depth == 0 && closed => {
                let word = token.text(statement.text());
                if writes(word) {
                    return true;
                }
                let reads = ["SELECT", "VALUES", "TABLE"];
                if reads.iter().any(|verb| word.eq_ignore_ascii_case(verb)) {
                    return false;
                }
            }
            _ => {}
        }
        closed = false;
    }
    false
}

#[async_trait]
impl Session for PostgresConnection {
    fn dialect(&self) -> Dialect {
        Dialect::Postgresql
    }

    fn quote_identifier(&self, name: &str) -> String {
        quote(name)
    }

    async fn statement_length(
        &mut self,
        script: &Script,
        start: usize,
    ) -> Result<Option<usize>, SqlError> {
        first_length(script.text(start))
    }

    async fn execute_script(
        &mut self,
        script: &Script,
        done: &mut OnStatement<'_>,
    ) -> Result<(), FailedInScript> {
        self.run_script(script, done).await
    }

    async fn execute(&mut self, sql: &str, params: Vec<Value>) -> Result<Outcome, SqlError> {
        let statement = self.checked(sql)?;
        let opening = self.opens(&statement);
        if let Some(opening) = &opening {
            self.open(opening).await?;
        }
        self.ready_for_guest(Wants::of(&statement, false)).await?;
        let (sent, arguments) = self.with_arguments(&statement, &params).await?;
        // For a result of types that it does not know yet, sqlx asks the catalogue, and forgets
        // over that what it was about to run: so it is told the types beforehand.
        let affected = if params.is_empty() && is_undivided(&sent.text) {
            let run = self.link.affected(&sent.text).await;
            run.map_err(|error| guest_error(error, &sent))?
        } else if !may_return_rows(&statement) || self.parse(&sent).await?.columns.is_some() {
            let executed = self.link.execute(&sent.text, arguments).await;
            executed.map_err(|error| guest_error(error, &sent))?
        } else {
            let sent = self.with_literals(&statement, &params).await?;
            self.parse(&sent).await?;
            let run = self.link.affected(&sent.text).await;
            run.map_err(|error| guest_error(error, &sent))?
        };
        if let Some(opening) = &opening {
            self.close_opened(opening).await?;
        }
        self.forget_types_unless_plain(&statement.verb());
        let rows_affected = if changes_rows(&statement) { affected } else { 0 };
        Ok(Outcome { rows_affected, last_insert_id: None })
    }

    async fn query(
        &mut self,
        sql: &str,
        params: Vec<Value>,
        limit: ResultLimit,
    ) -> Result<RowSet, SqlError> {
        let statement = self.checked(sql)?;
        self.ready_for_guest(Wants::of(&statement, true)).await?;
        let sent = self.with_literals(&statement, &params).await?;
        // Others may change what they would be described by. So may a function in one of these, which
        // is then an error where no row came back.
        let can_wait = super::cursor::reads(&statement) || changes_rows(&statement);
        let described = match can_wait && is_undivided(&sent.text) {
            true => None,
            false => Some(self.parse(&sent).await?),
        };
        let mut gathered = Gathered::up_to(limit);
        let found = self.stream(&sent, |row| gathered.push(row)).await?;
        let mut rows = gathered.rows();
        self.forget_types_unless_plain(&statement.verb());
        if statement.verb() == "CALL" {
            self.doubt_forms().await?;
        }
        let described = match (found.is_some(), described) {
            (false, Some(described)) => described.columns,
            // Nobody has asked yet what the rows would be that are not there.
            (false, None) if may_return_rows(&statement) => self.parse(&sent).await?.columns,
            _ => None,
        };
        let fields = match found.or(described) {
            Some(fields) => fields,
            None if super::cursor::reads(&statement) => self.columns_by_table(&sent).await?,
            None => Vec::new(),
        };
        let columns = self.columns_of(&fields).await?;
        name_types(&columns, &mut rows);
        Ok(RowSet { columns, rows })
    }

    async fn open_cursor(
        &mut self,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<(Handle, Vec<Column>), SqlError> {
        self.cursor_over(sql, &params).await
    }

    async fn fetch(&mut self, cursor: Handle, limit: ResultLimit) -> Result<Vec<Row>, SqlError> {
        self.fetch_from(cursor, limit).await
    }

    async fn close_cursor(&mut self, cursor: Handle) -> Result<(), SqlError> {
        self.drop_cursor(cursor).await
    }

    async fn open_writer(&mut self, table: &str, columns: &[String]) -> Result<Handle, SqlError> {
        self.writer_into(table, columns).await
    }

    async fn write(&mut self, writer: Handle, rows: Vec<Row>) -> Result<u64, SqlError> {
        self.write_rows(writer, rows).await
    }

    async fn finish_writer(&mut self, writer: Handle) -> Result<u64, SqlError> {
        self.finish_rows(writer).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_rows() {
        let table = [
            ("UPDATE t SET x = 1", true),
            ("select 1", false),
            ("CREATE TABLE t AS SELECT 1", false),
            ("WITH a AS (SELECT 1) SELECT * FROM a", false),
            ("WITH a AS (DELETE FROM t RETURNING x) SELECT * FROM a", false),
            ("WITH a AS (SELECT 1), b (x) AS (SELECT 2) INSERT INTO t SELECT * FROM a", true),
            ("WITH update AS (SELECT 1) TABLE update", false),
        ];
        for (sql, expected) in table {
            let statement = Statement::one(sql, Dialect::Postgresql).unwrap();
            assert_eq!(changes_rows(&statement), expected, "{sql}");
        }
    }
}
