//! Connecting: tries again while the server is not there, and says plainly what is wrong.
//!
//! What kind of server it is and whether it will do is `server.rs`. No error holds a password.

use super::{MysqlConnection, error, native::Native, server::Server, settings::Settings, wire};
use crate::{
    alteration::Dialect,
    backend::{
        Access, BackendError, ConnectOptions, DatabaseUrl,
        connection::{Connector, SharedConnection},
    },
    crash,
};
use async_trait::async_trait;
use sqlx::{ConnectOptions as _, mysql::MySqlConnectOptions};
use std::{str::FromStr, sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// One attempt may take this long, or as long as the caller is ready to wait.
const ATTEMPT_TIME: Duration = Duration::from_secs(10);
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Makes connections to one database on a MySQL or MariaDB server.
pub(in crate::backend) struct MysqlConnector {
    url: DatabaseUrl,
    options: ConnectOptions,
}

impl MysqlConnector {
    pub(in crate::backend) fn new(url: &DatabaseUrl, options: &ConnectOptions) -> Self {
        Self { url: url.clone(), options: options.clone() }
    }

    /// A connection, however long it takes within `options.wait`.
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
        let patience = ATTEMPT_TIME.max(self.options.wait);
        match timeout(patience, self.attempt_untimed()).await {
            Ok(result) => result,
            Err(_) => Err(BackendError::Unreachable {
                url: self.url.to_string(),
                reason: format!("it did not answer for {} seconds", patience.as_secs()),
            }),
        }
    }

    async fn attempt_untimed(&self) -> Result<MysqlConnection, BackendError> {
        let failed = |error: sqlx::Error| connect_error(&error, &self.url);
        crash::before("connecting");
        let mut connection = connect_options(&self.url)?.connect().await.map_err(failed)?;
        crash::after("connecting");
        let server = Server::look(&mut connection).await.map_err(failed)?;
        server.check(&self.url, self.options.access)?;
        let answer_time = self.options.answer_time + self.options.lock_wait;
        let mut wire = wire::Wire::new(connection, answer_time);
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
    /// A database is never made here: on a server that is the operator's decision. One that is not
    /// there is `UnknownDatabase`.
    async fn connect(&self, _create: bool) -> Result<Option<SharedConnection>, BackendError> {
        Ok(Some(Arc::new(Mutex::new(self.open().await?))))
    }
}

fn connect_options(url: &DatabaseUrl) -> Result<MySqlConnectOptions, BackendError> {
    // The error may quote a parameter's value, which may be a secret in the wrong place.
    let options = MySqlConnectOptions::from_str(url.secret())
        .map_err(|_| BackendError::Url("a part of it has a value that is not known".to_owned()))?;
    // Settings are made by `settings.rs`, all of them and at one place.
    Ok(options
        .charset("utf8mb4")
        .set_names(false)
        .timezone(None)
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .statement_cache_capacity(wire::KEPT_STATEMENTS_MAX)
        .disable_statement_logging())
}

/// A bare connection without settings, to end a session of this database's user.
pub(super) async fn second(url: &DatabaseUrl) -> Result<sqlx::MySqlConnection, BackendError> {
    let connecting =
        async { connect_options(url)?.connect().await.map_err(|error| connect_error(&error, url)) };
    timeout(ATTEMPT_TIME, connecting).await.unwrap_or_else(|_| {
        Err(BackendError::Unreachable {
            url: url.to_string(),
            reason: format!("it did not answer for {} seconds", ATTEMPT_TIME.as_secs()),
        })
    })
}

fn connect_error(failure: &sqlx::Error, shown: &DatabaseUrl) -> BackendError {
    let url = shown.to_string();
    let Some(server) = failure.as_database_error() else {
        return match failure {
            sqlx::Error::Tls(error) => BackendError::Tls { url, reason: error.to_string() },
            // The TLS library speaks through I/O errors of this kind.
            sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                BackendError::Tls { url, reason: error.to_string() }
            }
            sqlx::Error::Io(error) => BackendError::Unreachable { url, reason: error.to_string() },
            sqlx::Error::Configuration(_) => {
                BackendError::Url("a part of it has a value that is not known".to_owned())
            }
            other => BackendError::Connect { url, reason: other.to_string() },
        };
    };
    let reason = server.message().to_owned();
    match error::number(failure).unwrap_or_default() {
        1044 | 1045 | 1129 | 1130 | 1142 | 1227 | 1251 | 1698 | 1820 | 1862 | 3118 | 3955
        | 4151 => BackendError::Unauthorized { url, reason },
        1049 => BackendError::UnknownDatabase { url },
        3159 => BackendError::Tls { url, reason },
        // Too many connections, shutting down, a cluster's node that is not ready.
        1040 | 1047 | 1053 | 1152 | 1158..=1161 | 1203 | 1226 | 1927 => {
            BackendError::Unreachable { url, reason }
        }
        _ => BackendError::Connect { url, reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_keep_their_secrets() {
        let url: DatabaseUrl = "mysql://u:secret@h/d?ssl-mode=secret".parse().expect("a URL");
        let error = connect_options(&url).expect_err("no such mode");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
