//! Finds the sessions that a waiting statement waits for, and describes them to the operator.
//!
//! Reads them on a second connection while the statement waits, because the server forgets them afterwards. What this user
//! may not read is left out; only a message depends on it.
//!
//! | server | locks of tables | locks of rows | without the rights |
//! |---|---|---|---|
//! | MySQL | `performance_schema.metadata_locks` | `performance_schema.data_lock_waits` | sessions in sight |
//! | MariaDB | the plugin METADATA_LOCK_INFO, else open transactions | `information_schema.innodb_lock_waits` | sessions in sight |

use super::{
    sessions::{self, ListedSession},
    value::own_text,
};
use crate::{
    alteration::Dialect,
    escape::Escaped,
    sql::{Statement, TokenKind},
};
use sqlx::{AssertSqlSafe, Executor, MySqlConnection, Row as _};
use std::fmt::Write;

/// The most sessions that one message names.
const NAMED_MAX: usize = 3;
/// The most characters of a session's statement that a message shows.
const STATEMENT_CHARS_MAX: usize = 120;

const METADATA_LOCKS: &str = "SELECT DISTINCT holder.processlist_id,
        CONCAT_WS('.', held.object_schema, held.object_name)
    FROM performance_schema.metadata_locks wanted
    JOIN performance_schema.threads waiter ON waiter.thread_id = wanted.owner_thread_id
    JOIN performance_schema.metadata_locks held ON held.object_type = wanted.object_type
        AND held.object_schema <=> wanted.object_schema
        AND held.object_name <=> wanted.object_name
        AND held.lock_status = 'GRANTED' AND held.owner_thread_id <> wanted.owner_thread_id
    JOIN performance_schema.threads holder ON holder.thread_id = held.owner_thread_id
    WHERE wanted.lock_status = 'PENDING' AND waiter.processlist_id = {id}";

const DATA_LOCKS: &str = "SELECT DISTINCT holder.processlist_id,
        CONCAT('rows of ', CONCAT_WS('.', held.object_schema, held.object_name))
    FROM performance_schema.data_lock_waits waits
    JOIN performance_schema.threads waiter ON waiter.thread_id = waits.requesting_thread_id
    JOIN performance_schema.threads holder ON holder.thread_id = waits.blocking_thread_id
    JOIN performance_schema.data_locks held
        ON held.engine_lock_id = waits.blocking_engine_lock_id
    WHERE waiter.processlist_id = {id}";

const MARIADB_METADATA_LOCKS: &str = "SELECT DISTINCT thread_id,
        CONCAT_WS('.', table_schema, table_name), table_name
    FROM information_schema.metadata_lock_info
    WHERE thread_id <> {id} AND table_name <> ''";

const MARIADB_DATA_LOCKS: &str = "SELECT DISTINCT holder.trx_mysql_thread_id, 'rows'
    FROM information_schema.innodb_lock_waits waits
    JOIN information_schema.innodb_trx waiter ON waiter.trx_id = waits.requesting_trx_id
    JOIN information_schema.innodb_trx holder ON holder.trx_id = waits.blocking_trx_id
    WHERE waiter.trx_mysql_thread_id = {id}";

const TRANSACTIONS: &str = "SELECT trx_mysql_thread_id, UNIX_TIMESTAMP(trx_started)
    FROM information_schema.innodb_trx";

/// A session that blocks the statement, or may block it, and the locks that it holds.
struct Blocker {
    session: u64,
    object: Option<String>,
}

/// Returns what a message can say of the sessions that session `id` waits for with the statement `sql`;
/// `None` where it waits for none.
pub(super) async fn blockers(
    connection: &mut MySqlConnection,
    dialect: Dialect,
    id: u64,
    sql: &str,
) -> Option<String> {
    let sessions = listed(connection, dialect).await;
    let own = sessions.iter().find(|session| session.id == id)?;
    let waits = own.state.starts_with("Waiting for");
    let (metadata, data) = match dialect {
        Dialect::Mariadb => (MARIADB_METADATA_LOCKS, MARIADB_DATA_LOCKS),
        _ => (METADATA_LOCKS, DATA_LOCKS),
    };
    let mut asked = false;
    if dialect != Dialect::Mariadb || waits {
        let found = rows(connection, &metadata.replace("{id}", &id.to_string())).await;
        asked |= found.is_some();
        let found = found.unwrap_or_default().into_iter().filter(|row| {
            // MariaDB lists only locks that are held, so that the statement says which matter.
            text(row, 2).is_none_or(|table| sql.to_lowercase().contains(&table.to_lowercase()))
        });
        let found: Vec<Blocker> = found.filter_map(|row| blocker(&row)).collect();
        if !found.is_empty() {
            return Some(described(connection, dialect, &found, &sessions, "it waited for").await);
        }
    }
    let found = rows(connection, &data.replace("{id}", &id.to_string())).await;
    if dialect != Dialect::Mariadb {
        asked |= found.is_some();
    }
    let found: Vec<Blocker> =
        found.unwrap_or_default().iter().filter_map(|row| blocker(row)).collect();
    if !found.is_empty() {
        return Some(described(connection, dialect, &found, &sessions, "it waited for").await);
    }
    if !waits || (asked && dialect != Dialect::Mariadb) {
        return None;
    }
    let candidates = candidates(connection, own, &sessions).await;
    let right = match dialect {
        Dialect::Mariadb => "the plugin METADATA_LOCK_INFO and the right PROCESS tell",
        _ => "the rights PROCESS and SELECT on performance_schema.* tell",
    };
    Some(match candidates.is_empty() {
        true => format!("the server does not tell this user which session is in its way; {right}"),
        false => {
            let may =
                described(connection, dialect, &candidates, &sessions, "it may have waited for");
            format!("{} ({right} for sure)", may.await)
        }
    })
}

/// Returns the sessions that may hold what `own` waits for: those in a transaction, or all of its database if there are
/// none.
async fn candidates(
    connection: &mut MySqlConnection,
    own: &ListedSession,
    sessions: &[ListedSession],
) -> Vec<Blocker> {
    let open = rows(connection, TRANSACTIONS)
        .await
        .map(|rows| rows.iter().filter_map(|row| text(row, 0)?.parse().ok()).collect::<Vec<u64>>());
    sessions
        .iter()
        .filter(|session| session.id != own.id && !session.state.starts_with("Waiting for"))
        .filter(|session| match &open {
            Some(open) => open.contains(&session.id),
            None => session.database == own.database,
        })
        .map(|session| Blocker { session: session.id, object: None })
        .collect()
}

async fn listed(connection: &mut MySqlConnection, dialect: Dialect) -> Vec<ListedSession> {
    for sql in sessions::lists(dialect) {
        if let Ok(rows) = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(*sql))).await {
            return rows.iter().filter_map(ListedSession::read).collect();
        }
    }
    Vec::new()
}

/// Returns the rows of a statement, as text; `None` where this user may not run it, or the server knows
/// nothing of what it names.
async fn rows(connection: &mut MySqlConnection, sql: &str) -> Option<Vec<Vec<Option<String>>>> {
    let rows = connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql))).await.ok()?;
    let texts =
        |row| (0..sqlx::mysql::MySqlRow::len(row)).map(|at| own_text(row, at).ok().flatten());
    Some(rows.iter().map(|row| texts(row).collect()).collect())
}

fn text(row: &[Option<String>], at: usize) -> Option<&str> {
    row.get(at)?.as_deref()
}

fn blocker(row: &[Option<String>]) -> Option<Blocker> {
    let object = text(row, 1).filter(|object| !object.is_empty());
    Some(Blocker { session: text(row, 0)?.parse().ok()?, object: object.map(str::to_owned) })
}

async fn described(
    connection: &mut MySqlConnection,
    dialect: Dialect,
    blockers: &[Blocker],
    sessions: &[ListedSession],
    intro: &str,
) -> String {
    let transactions = rows(connection, TRANSACTIONS).await.unwrap_or_default();
    let mut told = intro.to_owned();
    for (at, blocker) in blockers.iter().take(NAMED_MAX).enumerate() {
        let id = blocker.session;
        let separator = if at == 0 { " " } else { ", and " };
        let mut facts = Vec::new();
        let session = sessions.iter().find(|session| session.id == id);
        if let Some(session) = session {
            facts.push(format!("user {} from {}", Escaped(&session.user), Escaped(&session.host)));
        }
        facts.extend(client(connection, dialect, id).await);
        let started = transactions.iter().find(|row| text(row, 0) == Some(&id.to_string()));
        let started = started.and_then(|row| text(row, 1)?.split('.').next()?.parse().ok());
        let idle = session.is_some_and(|session| session.command == "Sleep");
        let state = if idle { "idle" } else { "at work" };
        match (started.and_then(|since| jiff::Timestamp::from_second(since).ok()), session) {
            (Some(since), _) => facts.push(format!("{state} in a transaction since {since}")),
            (None, Some(session)) => facts.push(format!("{state} for {} s", session.seconds)),
            (None, None) => {}
        }
        if let Some(statement) = statement(connection, dialect, session, id).await {
            facts.push(format!("its statement: {}", Escaped(&statement)));
        }
        // Writing to a `String` cannot fail.
        let _ = write!(told, "{separator}session {id}");
        if let Some(object) = &blocker.object {
            let _ = write!(told, ", which holds {}", Escaped(object));
        }
        if !facts.is_empty() {
            let _ = write!(told, " ({})", facts.join(", "));
        }
    }
    if let Some(more) = blockers.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
        let _ = write!(told, ", and {more} more");
    }
    told
}

/// Returns how a session's client described itself when it connected.
async fn client(connection: &mut MySqlConnection, dialect: Dialect, id: u64) -> Vec<String> {
    if dialect == Dialect::Mariadb {
        return Vec::new();
    }
    let mut found = Vec::new();
    for table in ["session_connect_attrs", "session_account_connect_attrs"] {
        let sql = format!(
            "SELECT attr_name, attr_value FROM performance_schema.{table} WHERE processlist_id = {id}"
        );
        found = rows(connection, &sql).await.unwrap_or_default();
        if !found.is_empty() {
            break;
        }
    }
    let fact = |name: &str, word: &str| {
        let row = found.iter().find(|row| text(row, 0) == Some(name))?;
        Some(format!("{word} {}", Escaped(text(row, 1)?)))
    };
    [fact("program_name", "program"), fact("_pid", "process")].into_iter().flatten().collect()
}

/// Returns a statement of another session without the values in it: they may be secrets, and what a hook receives is
/// recorded. `None` where it cannot be taken apart.
fn without_values(sql: &str, dialect: Dialect) -> Option<String> {
    let statement = Statement::one(sql, dialect).ok()?;
    let text = statement.text();
    let shown = statement.tokens().iter().map(|token| match token.kind {
        TokenKind::Word | TokenKind::QuotedName | TokenKind::Symbol(_) | TokenKind::Parameter => {
            token.text(text)
        }
        TokenKind::Literal | TokenKind::EscapedLiteral | TokenKind::Body | TokenKind::Number => "…",
    });
    Some(shown.collect::<Vec<_>>().join(" "))
}

/// Returns the statement that a session works on, or the last one where the server remembers it.
async fn statement(
    connection: &mut MySqlConnection,
    dialect: Dialect,
    session: Option<&ListedSession>,
    id: u64,
) -> Option<String> {
    let now = session.and_then(|session| session.statement.as_deref());
    let full = match now {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None if dialect == Dialect::Mariadb => return None,
        None => {
            let sql = format!(
                "SELECT s.sql_text FROM performance_schema.events_statements_current s
                 JOIN performance_schema.threads t ON t.thread_id = s.thread_id
                 WHERE t.processlist_id = {id} ORDER BY s.event_id DESC LIMIT 1"
            );
            let found = rows(connection, &sql).await?;
            text(found.first()?, 0)?.to_owned()
        }
    };
    let full = without_values(&full, dialect)?;
    let mut shown: String = full.chars().take(STATEMENT_CHARS_MAX).collect();
    if full.chars().nth(STATEMENT_CHARS_MAX).is_some() {
        shown.push('…');
    }
    (!shown.is_empty()).then_some(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_of_others_are_shown_without_their_values() {
        let table = [
            (
                "UPDATE users SET token = 'sekret' /* sekret */\n WHERE id = 5",
                Some("UPDATE users SET token = … WHERE id = …"),
            ),
            ("ALTER USER u IDENTIFIED BY \"sekret\"", Some("ALTER USER u IDENTIFIED BY …")),
            ("INSERT INTO t VALUES (0x53, 'a", None),
        ];
        for (sql, shown) in table {
            assert_eq!(without_values(sql, Dialect::Mysql).as_deref(), shown, "{sql}");
        }
    }
}
