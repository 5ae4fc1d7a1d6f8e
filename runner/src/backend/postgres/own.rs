//! The runner's own statements: spelled for PostgreSQL, with their values inside.
//!
//! They go by the simple protocol, one message each, because a pooler in transaction mode gives
//! two messages outside of a transaction to two different servers.

use super::{
    PostgresConnection, Side, error,
    link::{fields, raw},
    settings,
    text::{from_hex, hex, literal},
    types::{self, Kind},
};
use crate::backend::{BackendError, connection::Cell};
use sqlx::{Row, postgres::PgRow};

/// `sql` with `prefix` before each of the runner's tables and each `?` replaced by its value.
fn spell(sql: &str, prefix: &str, params: &[Cell]) -> String {
    let mut spelled = String::with_capacity(sql.len() + 64);
    let mut params = params.iter();
    for c in sql.chars() {
        match c {
            '@' => {
                spelled.push_str(prefix);
                spelled.push_str("alteration_");
            }
            '?' => spelled.push_str(&params.next().map_or("NULL".to_owned(), value)),
            c => spelled.push(c),
        }
    }
    spelled
}

fn value(cell: &Cell) -> String {
    let (text, ty) = match cell {
        Cell::Integer(number) => (number.map(|number| format!("'{number}'")), "int8"),
        // What is recorded may be a guest's message; PostgreSQL's text holds everything but NUL.
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
            self.side = Side::Own;
            return format!("{}; {spelled}", settings::to_own());
        }
        spelled
    }

    pub(super) async fn run_own(
        &mut self,
        sql: &str,
        params: &[Cell],
    ) -> Result<u64, BackendError> {
        self.send_last().await?;
        let text = self.own_text(sql, params);
        let done = self.link.own_affected(&text).await;
        done.map_err(|error| error::host_error(error, self.link.url()))
    }

    /// Keeps a statement to be sent with the commit.
    pub(super) fn keep_last(&mut self, sql: &str, params: &[Cell]) {
        let text = self.own_text(sql, params);
        self.last.push_str(&text);
        self.last.push_str("; ");
    }

    /// Sends what was kept, where something else comes before the commit.
    pub(super) async fn send_last(&mut self) -> Result<(), BackendError> {
        self.link.settle().await?;
        let last = std::mem::take(&mut self.last);
        if last.is_empty() { Ok(()) } else { self.own_run(&last).await }
    }

    pub(super) async fn read_own(
        &mut self,
        sql: &str,
        params: &[Cell],
    ) -> Result<Vec<Vec<Cell>>, BackendError> {
        self.send_last().await?;
        let needs_switch = self.transaction.is_some() && self.side == Side::Guest;
        let text = self.own_text(sql, params);
        let mut rows = Vec::new();
        let read = self.link.own_each_row(&text, |row| rows.push(cells(row))).await;
        read.map_err(|error| error::host_error(error, self.link.url()))?;
        if needs_switch {
            // The first row is the answer to the switch.
            rows.remove(0);
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_inside() {
        let params = [
            Cell::Integer(Some(-1)),
            Cell::text("it's \\ ?@\0"),
            Cell::Bytes(Some(vec![1])),
            Cell::Text(None),
        ];
        assert_eq!(
            spell("UPDATE @ledger SET a = ?, b = ?, c = ? WHERE d = ?", "\"x\".", &params),
            "UPDATE \"x\".alteration_ledger SET a = ('-1'::pg_catalog.int8), \
             b = (E'it''s \\\\ ?@\u{fffd}'::pg_catalog.text), c = (E'\\\\x01'::pg_catalog.bytea) \
             WHERE d = (NULL::pg_catalog.text)"
        );
    }
}
