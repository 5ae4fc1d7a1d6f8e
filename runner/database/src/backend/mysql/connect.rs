//! Connects to a server: retries while it cannot be reached, and explains errors.
//!
//! `server.rs` reads the kind of server and checks that the runner supports it. No error holds a password.

use super::{
    MysqlConnection, error,
    native::{self, Native},
    options,
    server::Server,
    settings::Settings,
    wire,
};
use crate::{
    alteration::Dialect,
    backend::{
        Access, BackendError, ConnectOptions, DatabaseUrl, certificate,
        connection::{Connector, SharedConnection},
        protocol::{self, Place, Spoken},
        url::MysqlTls,
    },
    crash,
    escape::Escaped,
};
use async_trait::async_trait;
use sqlx::{
    ConnectOptions as _,
    mysql::{MySqlConnectOptions, MySqlSslMode},
};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// The longest time for one attempt, unless the caller waits longer.
const ATTEMPT_TIME: Duration = Duration::from_secs(10);
/// How long the server may be silent. MySQL and MariaDB speak first; after this time another protocol is tried.
const SILENCE_MAX: Duration = Duration::from_secs(2);
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);
const ACCESS_DENIED: u16 = 1045;
/// A possible cause if the server of a socket has no TLS.
const WITHOUT_TLS: &str = "an account of MySQL with caching_sha2_password that nobody has used since the server started needs TLS \
    or the host 127.0.0.1 instead of a socket";
/// The beginning of the driver's error about an authentication method that it does not know.
const UNKNOWN_PLUGIN: &str = "unknown authentication plugin: ";

/// Makes connections to one database on a MySQL or MariaDB server.
pub(in crate::backend) struct MysqlConnector {
    url: DatabaseUrl,
    options: ConnectOptions,
}

impl MysqlConnector {
    pub(in crate::backend) fn new(url: &DatabaseUrl, options: &ConnectOptions) -> Self {
        Self { url: url.clone(), options: options.clone() }
    }

    /// Opens a connection, however long it takes within `options.wait`.
    pub(super) async fn open(&self) -> Result<MysqlConnection, BackendError> {
        let deadline = Instant::now() + self.options.wait;
        let mut pause = PAUSE_MIN;
        loop {
            match self.attempt().await {
                Err(BackendError::Unreachable { .. }) if Instant::now() + pause < deadline => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                result => return result,
            }
        }
    }

    async fn attempt(&self) -> Result<MysqlConnection, BackendError> {
        let patience = self.url.mysql()?.connect_time.unwrap_or(ATTEMPT_TIME);
        let patience = patience.max(self.options.wait);
        let attempt = timeout(patience, self.attempt_untimed()).await;
        attempt.unwrap_or_else(|_| Err(silent(&self.url, patience)))
    }

    async fn attempt_untimed(&self) -> Result<MysqlConnection, BackendError> {
        crash::before("connecting");
        let mut connection = bare(&self.url).await?;
        crash::after("connecting");
        let place = options::place(&self.url.mysql()?);
        let failed = |error: sqlx::Error| connect_error(&error, &self.url, &place);
        let server = Server::look(&mut connection).await.map_err(failed)?;
        server.check(&self.url, self.options.access)?;
        let answer_time = self.options.answer_time + self.options.lock_wait;
        let mut wire = wire::Wire::new(connection, answer_time);
        wire.text(native::AS_CLIENT).await.map_err(failed)?;
        let native = Native::read(&mut wire).await.map_err(failed)?;
        native.check(&self.url)?;
        let settings = Settings {
            mariadb: server.dialect == Dialect::Mariadb,
            galera: server.galera,
            read_only: self.options.access == Access::Read,
            logs_statements: native.logs_statements,
            lock_wait: self.options.lock_wait,
            statement_time: self.options.statement_time,
            idle: None,
        };
        // Not among the settings, which are also made inside a transaction.
        wire.text(&format!("SET autocommit = 1; {}", settings.sql())).await.map_err(failed)?;
        if let Some(names) = native.names {
            wire.text(names).await.map_err(failed)?;
        }
        Ok(MysqlConnection::new(wire, server, native, settings, self.url.clone(), &self.options))
    }
}

#[async_trait]
impl Connector for MysqlConnector {
    /// Connects, and never makes a database: on a server that is the operator's decision. Error: `UnknownDatabase`.
    async fn connect(&self, _create: bool) -> Result<Option<SharedConnection>, BackendError> {
        Ok(Some(Arc::new(Mutex::new(self.open().await?))))
    }
}

/// Opens a bare connection without settings, to end a session of this database's user.
pub(super) async fn second(url: &DatabaseUrl) -> Result<sqlx::MySqlConnection, BackendError> {
    timeout(ATTEMPT_TIME, bare(url)).await.unwrap_or_else(|_| Err(silent(url, ATTEMPT_TIME)))
}

/// Opens a connection without settings. If the server is silent for a while, finds out which protocol it speaks.
async fn bare(url: &DatabaseUrl) -> Result<sqlx::MySqlConnection, BackendError> {
    let server = url.mysql()?;
    let (options, place) = (options::options(&server)?, options::place(&server));
    let mut connecting = pin!(options.connect());
    let connected = match timeout(SILENCE_MAX, connecting.as_mut()).await {
        Ok(connected) => connected,
        Err(_) => match other_protocol(url, &place).await {
            Some(error) => return Err(error),
            None => connecting.await,
        },
    };
    let is_open = matches!(server.tls(), MysqlTls::Disabled | MysqlTls::Preferred);
    match connected {
        Err(sqlx::Error::Protocol(text)) if !text.contains("auth") => {
            let error = other_protocol(url, &place).await;
            Err(error.unwrap_or_else(|| connect_error(&sqlx::Error::Protocol(text), url, &place)))
        }
        Err(denied)
            if is_open
                && server.socket.is_some()
                && error::number(&denied) == Some(ACCESS_DENIED) =>
        {
            secured(url, &options, &place, &denied).await
        }
        connected => connected.map_err(|error| connect_error(&error, url, &place)),
    }
}

/// Retries a socket with TLS: MySQL may ask for the password itself there, which the driver sends only over TLS.
async fn secured(
    url: &DatabaseUrl,
    options: &MySqlConnectOptions,
    place: &Place,
    denied: &sqlx::Error,
) -> Result<sqlx::MySqlConnection, BackendError> {
    match (
        options.clone().ssl_mode(MySqlSslMode::Required).connect().await,
        connect_error(denied, url, place),
    ) {
        (Ok(connection), _) => Ok(connection),
        (Err(sqlx::Error::Tls(_)), BackendError::Unauthorized { url, reason }) => {
            let reason = format!("{reason}; {WITHOUT_TLS}");
            Err(BackendError::Unauthorized { url, reason })
        }
        (Err(_), denied) => Err(denied),
    }
}

async fn other_protocol(url: &DatabaseUrl, place: &Place) -> Option<BackendError> {
    let expected = "MySQL or MariaDB";
    match protocol::spoken(place).await? {
        Spoken::Mysql => None,
        Spoken::Postgres => {
            let found = "a PostgreSQL server";
            Some(BackendError::WrongProtocol { url: url.to_string(), expected, found })
        }
    }
}

fn silent(url: &DatabaseUrl, patience: Duration) -> BackendError {
    let reason = format!("it did not answer for {} seconds", patience.as_secs());
    BackendError::Unreachable { url: url.to_string(), reason }
}

fn connect_error(failure: &sqlx::Error, shown: &DatabaseUrl, place: &Place) -> BackendError {
    let url = shown.to_string();
    let tls = |text: &str| {
        let reason = certificate::reason(text);
        BackendError::Tls { url: url.clone(), reason }
    };
    let Some(server) = failure.as_database_error() else {
        return match failure {
            sqlx::Error::Tls(error) => tls(&error.to_string()),
            // The TLS library speaks through I/O errors of this kind.
            sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                tls(&error.to_string())
            }
            sqlx::Error::Io(error) => {
                let reason = match place {
                    Place::Socket(path) => format!("{error} ({})", path.display()),
                    Place::Network(..) => error.to_string(),
                };
                BackendError::Unreachable { url, reason }
            }
            // The URL was read before: what is left are certificates and keys that do not fit together.
            sqlx::Error::Configuration(error) => tls(&error.to_string()),
            sqlx::Error::Protocol(text) => match text.split_once(UNKNOWN_PLUGIN) {
                Some((_, plugin)) => {
                    let plugin = plugin.split_whitespace().next().unwrap_or_default();
                    let reason = format!(
                        "it logs in by `{}`, which the runner does not know",
                        Escaped(plugin)
                    );
                    BackendError::LoginMethod { url, reason }
                }
                None => BackendError::Connect { url, reason: text.clone() },
            },
            other => BackendError::Connect { url, reason: other.to_string() },
        };
    };
    let reason = server.message().to_owned();
    match error::number(failure).unwrap_or_default() {
        1044 | ACCESS_DENIED | 1129 | 1130 | 1142 | 1227 | 1251 | 1698 | 1820 | 1862 | 3118
        | 3955 | 4151 => BackendError::Unauthorized { url, reason },
        1049 => BackendError::UnknownDatabase { url },
        3159 => BackendError::Tls { url, reason },
        // Too many connections, shutting down, a cluster's node that is not ready.
        1040 | 1047 | 1053 | 1152 | 1158..=1161 | 1203 | 1226 | 1927 => {
            BackendError::Unreachable { url, reason }
        }
        _ => BackendError::Connect { url, reason },
    }
}
