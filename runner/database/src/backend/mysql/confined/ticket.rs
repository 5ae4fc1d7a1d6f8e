//! Tickets: own statements of the runner that a plugin's session has the operator's procedure run in its transaction.
//!
//! The clerk writes and commits the statements, with their values as literals. What is only read, the clerk reads itself: the
//! plugin's transaction never depends on rows of its own that are not committed.

use super::super::{MysqlConnection, error, own::arguments};
use super::procedure::{MOVED, REDEEM};
use crate::backend::{
    BackendError,
    confining::Ticket,
    connection::Cell,
    identifier::in_backticks as quote,
    transaction::{Expects, Own, Rows, TxError},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

/// Longer values are written in base64, which takes less room in a message.
const HEX_BYTES_MAX: usize = 4 << 10;
/// Tickets that may lie there until they are deleted.
const SPENT_MAX: usize = 64;

impl MysqlConnection {
    /// Runs own statements, of a plugin's session. `None` on any other session.
    pub(in super::super) async fn relayed(
        &mut self,
        statements: &[Own],
    ) -> Option<Result<Vec<Rows>, TxError>> {
        self.relay.is_some().then_some(())?;
        Some(self.relay_all(statements).await)
    }

    async fn relay_all(&mut self, statements: &[Own]) -> Result<Vec<Rows>, TxError> {
        let mut all = Vec::with_capacity(statements.len());
        let mut written = Vec::new();
        for (at, own) in statements.iter().enumerate() {
            if !own.is_query() {
                written.push((at, own));
                all.push(Rows::new());
                continue;
            }
            let read = self.clerk()?.read_own(&own.sql, &own.params).await;
            let rows = read.map_err(|error| TxError::Own(at, error))?;
            match own.expects {
                Expects::Rows => all.push(rows),
                _ if rows.len() == 1 => all.push(Rows::new()),
                _ => return Err(TxError::Own(at, BackendError::Moved)),
            }
        }
        if let Some((first, _)) = written.first() {
            let first = *first;
            self.redeem(&written).await.map_err(|(place, error)| {
                TxError::Own(written.get(place).map_or(first, |(at, _)| *at), error)
            })?;
        }
        Ok(all)
    }

    /// The session of the operator's user beside a plugin's.
    pub(in super::super) fn clerk(&mut self) -> Result<&mut MysqlConnection, TxError> {
        let gone = || BackendError::Disconnected("the operator's session is closed".to_owned());
        let relay = self.relay.as_mut().ok_or_else(gone).map_err(TxError::Start)?;
        Ok(relay.clerk())
    }

    /// Writes a ticket and redeems it. An error comes with the place of its statement.
    async fn redeem(&mut self, written: &[(usize, &Own)]) -> Result<(), (usize, BackendError)> {
        let first = |error| (0, error);
        let ticket = Ticket::draw().map_err(first)?;
        let session = self.server.connection_id;
        let spelled: Vec<String> = written.iter().map(|(_, own)| self.spelled(own)).collect();
        let secret: String =
            Sha256::digest(ticket.nonce).iter().map(|byte| format!("{byte:02x}")).collect();
        let Some(relay) = &mut self.relay else { return Ok(()) };
        relay.forget_spent().await.map_err(first)?;
        let mut params = Vec::new();
        for (place, ((_, own), statement)) in written.iter().zip(spelled).enumerate() {
            let is_one = matches!(own.expects, Expects::OneRow | Expects::NewRow);
            params.extend([
                Cell::text(&ticket.number),
                Cell::integer(place as u64),
                Cell::integer(written.len() as u64),
                Cell::text(&secret),
                Cell::text(&relay.login.name),
                Cell::integer(session),
                Cell::text(statement),
                Cell::integer(i64::from(is_one)),
            ]);
        }
        let rows = vec!["(?, ?, ?, ?, ?, ?, ?, ?, 0)"; written.len()].join(", ");
        let insert = format!(
            "INSERT INTO @ticket (number, place, statements, secret, login, session, statement, is_one, is_done) VALUES {rows}"
        );
        relay.clerk.execute_own(&insert, &params).await.map_err(first)?;
        relay.held.push(ticket.number.clone());
        self.call(&ticket).await.map_err(|error| match moved(&error) {
            Some(place) => (place, BackendError::Moved),
            None if error::number(&error) == Some(error::DUPLICATE) => {
                let is_new = |(_, own): &(usize, &Own)| own.expects == Expects::NewRow;
                match written.iter().position(is_new) {
                    Some(place) => (place, BackendError::Moved),
                    None => first(self.host_error(&error)),
                }
            }
            None => first(self.host_error(&error)),
        })
    }

    async fn call(&mut self, ticket: &Ticket) -> Result<(), sqlx::Error> {
        let protocol = |error: BackendError| sqlx::Error::Protocol(error.to_string());
        let params = [Cell::text(&ticket.number), Cell::Bytes(Some(ticket.nonce.to_vec()))];
        let arguments = arguments(&params).map_err(protocol)?;
        let sql = format!("CALL {}.{REDEEM}(?, ?)", quote(&self.server.database));
        self.take_off().await.map_err(protocol)?;
        self.ready().await.map_err(protocol)?.execute(&sql, arguments).await.map(drop)
    }

    /// Writes an own statement with its values, as text that the server prepares.
    fn spelled(&self, own: &Own) -> String {
        let sql = self.own_sql(&own.sql);
        let mut params = own.params.iter();
        let mut spelled = String::with_capacity(sql.len());
        for part in sql.split_inclusive('?') {
            match (part.strip_suffix('?'), params.as_slice().first()) {
                (Some(before), Some(value)) => {
                    spelled.push_str(before);
                    spelled.push_str(&literal(value));
                    params.next();
                }
                _ => spelled.push_str(part),
            }
        }
        spelled
    }
}

impl super::Relay {
    /// Deletes tickets of transactions that are over, from time to time.
    async fn forget_spent(&mut self) -> Result<(), BackendError> {
        if self.spent.len() < SPENT_MAX {
            return Ok(());
        }
        let numbers: Vec<Cell> = self.spent.drain(..).map(Cell::text).collect();
        let marks = vec!["?"; numbers.len()].join(", ");
        let delete = format!("DELETE FROM @ticket WHERE number IN ({marks})");
        self.clerk.execute_own(&delete, &numbers).await.map(drop)
    }
}

/// Returns a value as a literal that is the same in every mode and character set.
fn literal(value: &Cell) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match value {
        Cell::Integer(None) | Cell::Text(None) | Cell::Bytes(None) => "NULL".to_owned(),
        Cell::Integer(Some(number)) => number.to_string(),
        Cell::Text(Some(text)) if text.len() <= HEX_BYTES_MAX => {
            format!("_utf8mb4 x'{}'", hex(text.as_bytes()))
        }
        Cell::Text(Some(text)) => {
            format!("CONVERT(FROM_BASE64('{}') USING utf8mb4)", STANDARD.encode(text))
        }
        Cell::Bytes(Some(bytes)) if bytes.len() <= HEX_BYTES_MAX => format!("x'{}'", hex(bytes)),
        Cell::Bytes(Some(bytes)) => format!("FROM_BASE64('{}')", STANDARD.encode(bytes)),
    }
}

/// Returns the place of the statement that did not match the one row that it is about.
fn moved(error: &sqlx::Error) -> Option<usize> {
    error.as_database_error()?.message().strip_prefix(MOVED)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_the_same_in_every_mode() {
        let table = [
            (Cell::Integer(Some(-7)), "-7"),
            (Cell::Integer(None), "NULL"),
            (Cell::text("a'\\\"?"), "_utf8mb4 x'61275c223f'"),
            (Cell::text(""), "_utf8mb4 x''"),
            (Cell::Bytes(Some(vec![0, 255])), "x'00ff'"),
        ];
        for (value, expected) in table {
            assert_eq!(literal(&value), expected);
        }
        let long = literal(&Cell::text("ä".repeat(HEX_BYTES_MAX)));
        assert!(long.starts_with("CONVERT(FROM_BASE64('w6TD") && long.ends_with("utf8mb4)"));
    }
}
