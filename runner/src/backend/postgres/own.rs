//! The runner's own statements: spelled for PostgreSQL, with their values inside.
//!
//! They go by the simple protocol, one message each, because a pooler in transaction mode gives
//! two messages outside of a transaction to two different servers. Inside of one, large values go
//! beside the text.

use super::{
    PostgresConnection, Side, error,
    link::{TextRow, fields, raw},
    parameter::Raw,
    settings,
    text::{from_hex, hex, literal},
    types::{self, Kind},
};
use crate::backend::{BackendError, connection::Cell};
use sqlx::{
    Arguments, Row,
    postgres::{PgArguments, PgRow},
};

/// Shorter bytes are part of the statement's text.
const LARGE_BYTES_MIN: usize = 1 << 16;
/// What the server says of a statement that had to match one row and did not.
pub(super) const MOVED: &str = "runner: moved ";
/// The answer of one that did.
const MATCHED: &str = "runner: matched";

/// Own statements that go to the server with the next message.
#[derive(Debug, Default)]
pub(super) struct Kept {
    statements: Vec<(String, Match)>,
    /// Rows that they answer with, but for those that say [`MATCHED`].
    rows: usize,
    /// How many statements they are to the server.
    count: usize,
    /// Whether the beginning of the transaction is among them.
    pub(super) begins: bool,
}

/// Whether a statement has to match one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Any,
    /// The row is new: where there is one already, the statement itself fails.
    New,
    One,
    /// Before a COMMIT in the same message nobody looks at answers: it has to be an error.
    OneOrError,
}

impl Kept {
    pub(super) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// How many statements they are to the server.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Keeps statements without values, `; ` between them.
    pub(super) fn push(&mut self, sql: String, rows: usize) {
        self.count += sql.split("; ").count();
        self.statements.push((sql, Match::Any));
        self.rows += rows;
    }

    /// Keeps what begins a transaction, with the number of rows that it answers with.
    pub(super) fn begin(&mut self, (sql, rows): (String, usize)) {
        self.push(sql, rows);
        self.begins = true;
    }

    /// Keeps a statement that has to match one row, or to make it.
    pub(super) fn must(&mut self, sql: String) {
        let must = if sql.starts_with("INSERT ") { Match::New } else { Match::One };
        self.push_one(sql, must);
    }

    fn push_one(&mut self, sql: String, must: Match) {
        self.count += 1;
        self.statements.push((sql, must));
    }

    /// To be followed by a COMMIT. Where something may hang on the runner's tables, an INSERT that does not fail may
    /// have made nothing.
    pub(super) fn before_commit(&mut self, is_alone: bool) {
        for (_, must) in &mut self.statements {
            match must {
                Match::One => *must = Match::OneOrError,
                Match::New if !is_alone => *must = Match::OneOrError,
                Match::New | Match::Any | Match::OneOrError => {}
            }
        }
    }

    /// In SQL, to be followed by a statement.
    pub(super) fn sql(&self) -> String {
        let write = |(sql, must): &(String, Match)| match must {
            Match::Any => format!("{sql}; "),
            Match::New | Match::One => format!("{sql} RETURNING '{MATCHED}'; "),
            // The text cannot be read as a number, but it is only read where it is needed.
            Match::OneOrError => format!(
                "WITH done AS ({sql} RETURNING 1) SELECT CASE pg_catalog.count(*) WHEN 1 \
                 THEN '{MATCHED}' ELSE ('{MOVED}' || pg_catalog.count(*))::pg_catalog.int8::text \
                 END FROM done; "
            ),
        };
        self.statements.iter().map(write).collect()
    }

    /// The rows of an answer that are not about statements that had to match one row, and whether all
    /// of those did.
    pub(super) fn matched(&self, mut rows: Vec<TextRow>) -> (Vec<TextRow>, bool) {
        let before = rows.len();
        rows.retain(|row| row.first().and_then(Option::as_deref) != Some(MATCHED));
        let had_to = self.statements.iter().filter(|(_, must)| *must != Match::Any).count();
        let have_matched = before - rows.len() == had_to;
        (rows, have_matched)
    }
}

/// `sql` with `prefix` before each of the runner's tables and each `?` replaced by its value.
fn spell(sql: &str, prefix: &str, params: &[Cell]) -> String {
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
    /// The text of an own statement, with what brings the session to the runner's own side.
    fn own_text(&mut self, sql: &str, params: &[Cell]) -> String {
        let spelled = spell(sql, &self.prefix, params);
        if self.transaction.is_some() && self.side == Side::Guest {
            return format!("{}; {spelled}", self.own_switch().0);
        }
        spelled
    }

    pub(super) async fn run_own(
        &mut self,
        sql: &str,
        params: &[Cell],
    ) -> Result<u64, BackendError> {
        self.link.settle().await?;
        if self.transaction.is_some() && params.iter().any(is_large) {
            return self.run_large(sql, params).await;
        }
        let text = self.own_text(sql, params);
        self.send(&text).await.map(|(_, affected)| affected)
    }

    /// Runs an own statement with what is large beside its text.
    async fn run_large(&mut self, sql: &str, params: &[Cell]) -> Result<u64, BackendError> {
        self.keep_switch();
        self.send_kept().await?;
        let mut arguments = PgArguments::default();
        let mut number = 0;
        let text = spell_with(sql, &self.prefix, params, |cell| match cell {
            Cell::Bytes(Some(bytes)) if is_large(cell) => {
                let raw = Raw { oid: types::oid::BYTEA, bytes: Some(bytes.clone()) };
                // Bytes have no form that could be refused.
                let _ = arguments.add(raw);
                number += 1;
                format!("${number}")
            }
            cell => value(cell),
        });
        let done = self.link.own_execute(&text, arguments).await;
        done.map_err(|error| error::host_error(error, self.link.url()))
    }

    /// Keeps a statement to be sent with what comes next.
    pub(super) fn keep(&mut self, sql: &str, params: &[Cell]) {
        self.keep_switch();
        self.kept.push_one(spell(sql, &self.prefix, params), Match::Any);
    }

    /// As [`Self::keep`], for a statement that has to match one row, or to make it.
    pub(super) fn keep_must(&mut self, sql: &str, params: &[Cell]) {
        self.keep_switch();
        self.kept.must(spell(sql, &self.prefix, params));
    }

    fn keep_switch(&mut self) {
        if self.transaction.is_some() && self.side == Side::Guest {
            let (switch, rows) = self.own_switch();
            self.kept.push(switch, rows);
        }
    }

    /// Sends what was kept, by itself.
    pub(super) async fn send_kept(&mut self) -> Result<(), BackendError> {
        self.link.settle().await?;
        self.leave_now().await?;
        match self.kept.is_empty() {
            true => Ok(()),
            false => self.send("").await.map(drop),
        }
    }

    /// Sends SQL of the runner's own after what was kept; the rows of `sql` alone, and what its last
    /// statement was about.
    pub(super) async fn send(&mut self, sql: &str) -> Result<(Vec<TextRow>, u64), BackendError> {
        self.leave_now().await?;
        let kept = std::mem::take(&mut self.kept);
        // Outside of a transaction names and operators would be the session's to choose.
        let path = match self.transaction {
            None if !sql.is_empty() && self.acts() => {
                format!("{}; {}; ", settings::OPERATOR, settings::OWN_PATH)
            }
            None if !sql.is_empty() => format!("{}; ", settings::OWN_PATH),
            _ => String::new(),
        };
        let answer = self.link.own_answer(&format!("{}{path}{sql}", kept.sql())).await;
        let (rows, affected) = answer.map_err(|error| self.own_error(error))?;
        Ok((self.answered(&kept, rows)?, affected))
    }

    /// Takes what the answer to a message says of what was kept; the other rows.
    pub(super) fn answered(
        &mut self,
        kept: &Kept,
        rows: Vec<TextRow>,
    ) -> Result<Vec<TextRow>, BackendError> {
        let (mut rows, have_matched) = kept.matched(rows);
        let rest = rows.split_off(kept.rows.min(rows.len()));
        if kept.begins {
            // The other answers have one column; the last transaction is the one that is open.
            let [pid, id]: [Option<String>; 2] =
                rows.into_iter().rev().find_map(|row| row.try_into().ok()).ok_or_else(|| {
                    BackendError::Database("the server gave no answer".to_owned())
                })?;
            self.link.pid = pid.and_then(|pid| pid.parse().ok());
            self.check_session()?;
            if let Some(transaction) = &mut self.transaction {
                transaction.id = id;
            }
        }
        if have_matched { Ok(rest) } else { Err(BackendError::Moved) }
    }

    pub(super) async fn read_own(
        &mut self,
        sql: &str,
        params: &[Cell],
    ) -> Result<Vec<Vec<Cell>>, BackendError> {
        self.keep_switch();
        self.send_kept().await?;
        let text = self.own_text(sql, params);
        let mut rows = Vec::new();
        let read = self.link.own_each_row(&text, |row| rows.push(cells(row))).await;
        read.map_err(|error| self.own_error(error))?;
        Ok(rows)
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

    /// By their number it is known how far a server got with a message.
    #[test]
    fn statements_are_counted_and_values_are_not() {
        let mut kept = Kept::default();
        kept.push("SET LOCAL a = 1; SELECT 2".to_owned(), 1);
        kept.push_one("UPDATE t SET x = 'a; b; c'".to_owned(), Match::One);
        kept.must("INSERT INTO t VALUES ('; ')".to_owned());
        assert_eq!(kept.count(), 4);
        assert_eq!(kept.sql().matches(MATCHED).count(), 2);
        for (is_alone, moved) in [(true, 1), (false, 2)] {
            kept.before_commit(is_alone);
            assert_eq!(kept.count(), 4);
            assert_eq!(kept.sql().matches(MOVED).count(), moved);
        }
    }
}
