//! The runner's own statements: spelled for PostgreSQL, with their values inside.
//!
//! They go by the simple protocol, all of a call in one message: a pooler in transaction mode gives two messages outside
//! of a transaction to two different servers. Inside of one, large values go beside the text.

use super::{
    PostgresConnection,
    error::{self, MOVED},
    link::{Answer, TextRow, fields, raw, text_row},
    message::{Answered, Message, Reply},
    parameter::Raw,
    settings,
    state::Purpose,
    text::{from_hex, hex, literal},
    types::{self, Kind},
};
use crate::backend::{
    BackendError,
    connection::Cell,
    transaction::{Expects, Own, Rows, TxError},
};
use sqlx::{
    Arguments, Row,
    postgres::{PgArguments, PgRow},
};
use std::time::Duration;

/// Shorter bytes are part of the statement's text.
const LARGE_BYTES_MIN: usize = 1 << 16;
/// Own statements of one call, with what stands around them, on their way to the server in one message or in several.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    pub(super) message: Message,
    pub(super) marks: Marks,
    /// Rows of the own statements, by their places in the list that was passed.
    pub(super) rows: Vec<Rows>,
    /// It ends the transaction of a hook, which can have made it one that only reads.
    pub(super) is_end: bool,
    /// How much longer than usual the server may take.
    pub(super) longer: Duration,
}

/// Why an own statement with values beside its text failed.
enum LargeError {
    Moved,
    Unlisted,
    Server(sqlx::Error),
}

/// The places in a message of what its answers are looked at for.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The question of the session and the transaction that were begun.
    pub(super) begins: Option<usize>,
    /// The savepoint that stands for a transaction.
    pub(super) savepoint: Option<usize>,
    /// The row that says that a hook was left as it should be.
    pub(super) left: Option<usize>,
    own: Vec<Mark>,
    pub(super) commit: Option<usize>,
}

/// The place of an own statement.
#[derive(Debug)]
struct Mark {
    place: usize,
    /// In the list that was passed.
    index: usize,
    expects: Expects,
    /// It is an error of the server where it does not match one row.
    is_checked: bool,
}

/// Whether a COMMIT follows in the same message, before which nobody looks at answers: then what has to match one row
/// has to be an error where it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    Nothing,
    /// Nothing depends on the runner's tables if `is_alone`: an INSERT that does not fail has made its row.
    Commit {
        is_alone: bool,
    },
}

impl Outgoing {
    pub(super) fn of(statements: &[Own]) -> Self {
        Self { rows: vec![Rows::new(); statements.len()], ..Self::default() }
    }
}

/// A statement that fails where it is not about exactly one row. The text cannot be read as a number, but it is only read
/// where it is needed.
fn checked(sql: &str, is_query: bool) -> String {
    let returning = if is_query { "" } else { " RETURNING 1" };
    format!(
        "WITH done AS ({sql}{returning}) SELECT CASE pg_catalog.count(*) WHEN 1 \
         THEN '' ELSE ('{MOVED}' || pg_catalog.count(*))::pg_catalog.int8::text END FROM done"
    )
}

/// `sql` with `prefix` before each of the runner's tables and each `?` replaced by its value.
pub(super) fn spell(sql: &str, prefix: &str, params: &[Cell]) -> String {
    spell_with(sql, prefix, params, value)
}

fn spell_with(
    sql: &str,
    prefix: &str,
    params: &[Cell],
    mut write: impl FnMut(&Cell) -> String,
) -> String {
    let mut spelled = String::with_capacity(sql.len() + 64);
    let mut params = params.iter();
    for c in sql.chars() {
        match c {
            '@' => {
                spelled.push_str(prefix);
                spelled.push_str("alteration_");
            }
            '?' => spelled.push_str(&params.next().map_or("NULL".to_owned(), &mut write)),
            c => spelled.push(c),
        }
    }
    spelled
}

/// Whether a value is better not written out in digits.
fn is_large(cell: &Cell) -> bool {
    matches!(cell, Cell::Bytes(Some(bytes)) if bytes.len() >= LARGE_BYTES_MIN)
}

/// Whether an own statement needs a message of its own, with values beside its text.
pub(super) fn goes_beside(own: &Own) -> bool {
    own.is_sealed || own.params.iter().any(is_large)
}

fn value(cell: &Cell) -> String {
    let (text, ty) = match cell {
        Cell::Integer(number) => (number.map(|number| format!("'{number}'")), "int8"),
        // What is recorded may be a guest's message; PostgreSQL's text holds everything but NUL. A server reads a
        // whole message in the encoding that a hook may have set, in which the last byte of a letter can swallow the
        // sign behind it: nothing beyond ASCII is sent.
        Cell::Text(Some(text)) if !text.is_ascii() => {
            let bytes = literal(&hex(text.replace('\0', "\u{fffd}").as_bytes()));
            return format!("(pg_catalog.convert_from({bytes}::pg_catalog.bytea, 'UTF8'))");
        }
        Cell::Text(text) => {
            (text.as_ref().map(|text| literal(&text.replace('\0', "\u{fffd}"))), "text")
        }
        Cell::Bytes(bytes) => (bytes.as_ref().map(|bytes| literal(&hex(bytes))), "bytea"),
    };
    format!("({}::pg_catalog.{ty})", text.as_deref().unwrap_or("NULL"))
}

fn cells(row: &PgRow) -> Vec<Cell> {
    let cell = |(at, (_, oid)): (usize, &(String, u32))| {
        let bytes = raw(row, at);
        let text = bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        match types::kind(*oid).0 {
            Kind::Integer => Cell::Integer(text.and_then(|text| text.parse().ok())),
            Kind::Boolean => Cell::Integer(text.map(|text| i64::from(text == "t"))),
            Kind::Bytes => Cell::Bytes(bytes.and_then(from_hex)),
            _ => Cell::Text(text),
        }
    };
    fields(row.columns()).iter().enumerate().map(cell).collect()
}

impl PostgresConnection {
    /// Outside of a transaction names and operators would be the session's to choose.
    pub(super) fn own_path(&self) -> Vec<&'static str> {
        match self.state.acts() {
            true => [&settings::OPERATOR[..], &[settings::OWN_PATH]].concat(),
            false => vec![settings::OWN_PATH],
        }
    }

    /// Adds own statements. Large values go beside the text, in a message of their own, after what was added so far.
    pub(super) async fn add_own(
        &mut self,
        out: &mut Outgoing,
        statements: &[Own],
        follows: Follows,
    ) -> Result<(), TxError> {
        for (index, own) in statements.iter().enumerate() {
            if self.state.transaction().is_some() && goes_beside(own) {
                self.post(out).await?;
                let (run, url) = (self.run_large(own).await, self.link.url());
                run.map_err(|error| {
                    let error = match error {
                        LargeError::Moved => BackendError::Moved,
                        LargeError::Unlisted => BackendError::Unlisted,
                        LargeError::Server(error) if out.is_end => {
                            error::refused_record(error, url)
                        }
                        LargeError::Server(error) => error::host_error(error, url),
                    };
                    TxError::Own(index, error)
                })?;
                continue;
            }
            self.add_one(out, index, own, follows);
        }
        Ok(())
    }

    /// Adds one that needs nothing beside its text, from this place of its list.
    pub(super) fn add_one(&self, out: &mut Outgoing, index: usize, own: &Own, follows: Follows) {
        let expects = own.expects;
        let is_checked = match (expects, follows) {
            (Expects::OneRow, Follows::Commit { .. }) => true,
            (Expects::NewRow, Follows::Commit { is_alone }) => !is_alone,
            _ => false,
        };
        let sql = spell(&own.sql, &self.config.prefix, &own.params);
        let place = match (is_checked, expects) {
            (true, _) => out.message.push(checked(&sql, own.is_query())),
            (false, Expects::Rows) => out.message.push_query(sql),
            (false, _) => out.message.push(sql),
        };
        out.marks.own.push(Mark { place, index, expects, is_checked });
    }

    /// Runs an own statement with what is large beside its text.
    async fn run_large(&mut self, own: &Own) -> Result<(), LargeError> {
        let mut arguments = PgArguments::default();
        let mut number = 0;
        let text = spell_with(&own.sql, &self.config.prefix, &own.params, |cell| match cell {
            Cell::Bytes(Some(bytes)) if own.is_sealed || is_large(cell) => {
                let raw = Raw { oid: types::oid::BYTEA, bytes: Some(bytes.clone()) };
                // Bytes have no form that could be refused.
                let _ = arguments.add(raw);
                number += 1;
                format!("${number}")
            }
            cell => value(cell),
        });
        let done = self.link.own_execute(&text, arguments).await;
        match done.map_err(LargeError::Server)? {
            1 => Ok(()),
            _ if own.is_sealed => Err(LargeError::Unlisted),
            _ if matches!(own.expects, Expects::OneRow | Expects::NewRow) => Err(LargeError::Moved),
            _ => Ok(()),
        }
    }

    /// Sends what was added, and takes the answers to it.
    pub(super) async fn post(&mut self, out: &mut Outgoing) -> Result<Reply, TxError> {
        let (message, marks) = (std::mem::take(&mut out.message), std::mem::take(&mut out.marks));
        if message.is_empty() {
            return Ok(Reply::default());
        }
        let reply = self.exchange(&message, out.longer).await;
        self.take(out, &marks, reply)
    }

    /// Takes the answers to what was added.
    pub(super) fn take(
        &mut self,
        out: &mut Outgoing,
        marks: &Marks,
        mut reply: Reply,
    ) -> Result<Reply, TxError> {
        let done = reply.answered.len();
        if let Some(answered) = marks.begins.and_then(|place| reply.answered.get(place)) {
            self.begun(answered).map_err(TxError::Start)?;
        }
        if marks.savepoint.is_some_and(|place| place < done) {
            self.state.set_purpose(Purpose::Rehearsal { is_saved: true });
        }
        for mark in &marks.own {
            let Some(answered) = reply.answered.get_mut(mark.place) else { break };
            match mark.expects {
                Expects::OneRow | Expects::NewRow if !mark.is_checked && answered.affected != 1 => {
                    return Err(TxError::Own(mark.index, BackendError::Moved));
                }
                Expects::Rows => out.rows[mark.index] = std::mem::take(&mut answered.cells),
                Expects::OneRow | Expects::NewRow | Expects::Nothing => {}
            }
        }
        let failed = reply.error.take();
        let failed = failed.map(|error| self.failure(marks, done, out.is_end, error));
        if marks.left.is_some_and(|place| place < done) {
            self.forget_hook();
            self.state.left();
        }
        failed.map_or(Ok(reply), Err)
    }

    /// Where the statement at `place` of a message failed.
    fn failure(&self, marks: &Marks, place: usize, is_end: bool, error: sqlx::Error) -> TxError {
        let url = self.link.url();
        if marks.commit.is_some_and(|commit| place > commit) {
            return TxError::Behind(error::after_commit(&error));
        }
        let is_unknown = marks.commit.is_some() && error::is_lost(&error);
        let is_up_to = |mark: Option<usize>| mark.is_some_and(|mark| place <= mark);
        let found = error::end_of(&error).filter(|_| marks.left.is_none_or(|left| place <= left));
        let failed = match marks.own.iter().find(|own| own.place == place) {
            Some(own) if is_end => TxError::Own(own.index, error::refused_record(error, url)),
            Some(own) => TxError::Own(own.index, error::host_error(error, url)),
            None => match found {
                Some(found) => TxError::Checks(self.judge(&found)),
                None if is_up_to(marks.left) => TxError::Checks(error::refused_checks(error, url)),
                None if is_up_to(marks.begins) => TxError::Start(error::host_error(error, url)),
                None if is_end || marks.commit.is_some() => {
                    TxError::Commit(error::refused_commit(error, url))
                }
                None => TxError::Start(error::host_error(error, url)),
            },
        };
        if is_unknown { TxError::Unknown(failed.into()) } else { failed }
    }

    /// Takes what the server says of the transaction that was begun.
    fn begun(&mut self, answered: &Answered) -> Result<(), BackendError> {
        let [pid, id] = super::columns(answered.texts.clone())?;
        self.link.pid = pid.and_then(|pid| pid.parse().ok());
        self.check_session()?;
        if let Some(transaction) = self.state.transaction_mut() {
            transaction.id = id;
        }
        Ok(())
    }

    /// Sends a message, and collects the answers.
    pub(super) async fn exchange(&mut self, message: &Message, longer: Duration) -> Reply {
        let (mut answered, mut next) = (Vec::<Answered>::new(), Answered::default());
        let each = |answer: Answer<'_>| {
            match answer {
                Answer::Row(row) if message.is_query(answered.len()) => next.cells.push(cells(row)),
                Answer::Row(row) => next.texts.push(text_row(row)),
                Answer::Done(affected) => {
                    answered.push(Answered { affected, ..std::mem::take(&mut next) });
                }
            }
            Ok(())
        };
        let done = self.link.own_each_answer(&message.text(), longer, each).await;
        Reply { answered, error: done.err() }
    }

    /// Reads texts with SQL of the runner's own that needs no values.
    pub(super) async fn own_texts(&mut self, sql: &str) -> Result<Vec<TextRow>, BackendError> {
        self.ready().await?;
        let mut message = Message::default();
        if self.state.transaction().is_none() {
            message.extend(self.own_path());
        }
        message.push(sql);
        let rows = self.link.own_rows(&message.text()).await;
        rows.map_err(|error| self.own_error(error))
    }

    /// Runs SQL of the runner's own that needs no values.
    pub(super) async fn own_run(&mut self, sql: &str) -> Result<(), BackendError> {
        self.ready().await?;
        self.link.own_run(sql).await.map_err(|error| self.own_error(error))
    }

    /// An error of the runner's own statements, some of which look at what a hook did.
    pub(super) fn own_error(&self, error: sqlx::Error) -> BackendError {
        match error::end_of(&error) {
            Some(found) => self.judge(&found),
            None => error::host_error(error, self.link.url()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_beyond_ascii_is_sent() {
        let spelled = spell("SELECT ?", "", &[Cell::text("Ã\\'; \0")]);
        assert_eq!(
            spelled,
            "SELECT (pg_catalog.convert_from(E'\\\\xc3835c273b20efbfbd'::pg_catalog.bytea, 'UTF8'))"
        );
    }

    #[test]
    fn values_are_inside() {
        let params = [
            Cell::Integer(Some(-1)),
            Cell::text("it's \\ ?@"),
            Cell::Bytes(Some(vec![1])),
            Cell::Text(None),
        ];
        assert_eq!(
            spell("UPDATE @ledger SET a = ?, b = ?, c = ? WHERE d = ?", "\"x\".", &params),
            "UPDATE \"x\".alteration_ledger SET a = ('-1'::pg_catalog.int8), \
             b = (E'it''s \\\\ ?@'::pg_catalog.text), c = (E'\\\\x01'::pg_catalog.bytea) \
             WHERE d = (NULL::pg_catalog.text)"
        );
    }

    #[test]
    fn what_has_to_match_is_an_error_before_a_commit() {
        let sql = checked("UPDATE t SET x = 'a; b'", false);
        assert!(sql.starts_with("WITH done AS (UPDATE t SET x = 'a; b' RETURNING 1) "), "{sql}");
        let sql = checked("SELECT 1 FROM t", true);
        assert!(sql.starts_with("WITH done AS (SELECT 1 FROM t) "), "{sql}");
    }
}
