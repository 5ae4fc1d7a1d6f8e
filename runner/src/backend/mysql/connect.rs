//! Connecting: tries again while the server is not there, and says plainly what is wrong.
//!
//! Looks at what kind of server it is and refuses those that cannot be worked with. No error holds
//! a password.

use super::{MysqlConnection, error, settings::Settings, wire};
use crate::{
    alteration::Dialect,
    backend::{
        Access, BackendError, ConnectOptions, DatabaseUrl,
        connection::{Connector, SharedConnection},
    },
    crash,
};
use async_trait::async_trait;
use sqlx::{
    Column as _, ConnectOptions as _, Row as _, Statement as _,
    mysql::{MySqlConnectOptions, MySqlTypeInfo},
};
use std::{str::FromStr, sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// One attempt may take this long, or as long as the caller is ready to wait.
const ATTEMPT_TIME: Duration = Duration::from_secs(10);
const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// Uptime and clock are read one after the other, and both in whole seconds.
const CLOCK_SLACK_SECONDS: i64 = 3;
const OLDEST_MARIADB: (u32, u32) = (10, 6);
const OLDEST_MYSQL: (u32, u32) = (8, 0);

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
        let settings = Settings {
            mariadb: server.dialect == Dialect::Mariadb,
            galera: server.galera,
            read_only: self.options.access == Access::Read,
            lock_wait: self.options.lock_wait,
            statement_time: self.options.statement_time,
        };
        let mut wire = wire::Wire::new(connection);
        // Not among the settings, which are also made inside a transaction.
        wire.text(&format!("SET autocommit = 1; {}", settings.sql())).await.map_err(failed)?;
        Ok(MysqlConnection::new(wire, server, settings, self.url.clone(), &self.options))
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

/// What kind of server was found.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) dialect: Dialect,
    pub(super) version: String,
    pub(super) connection_id: u64,
    pub(super) database: String,
    /// Bytes of the largest message that the server takes.
    pub(super) packet_bytes_max: usize,
    pub(super) galera: bool,
    read_only: bool,
    /// Which server this is: its name and port.
    name: String,
    /// When it was started, in Unix seconds.
    started: i64,
    /// How the server describes a decimal, for binding one.
    pub(super) decimal: MySqlTypeInfo,
}

impl Server {
    async fn look(connection: &mut sqlx::MySqlConnection) -> Result<Self, sqlx::Error> {
        use sqlx::{Executor, SqlSafeStr};
        let facts = sqlx::query(
            "SELECT CAST(VERSION() AS CHAR), CAST(CONNECTION_ID() AS UNSIGNED),
                CAST(COALESCE(DATABASE(), '') AS CHAR), CAST(@@max_allowed_packet AS UNSIGNED),
                CAST(CONCAT(@@hostname, ' ', @@port, ' ', @@server_id) AS CHAR),
                CAST(FLOOR(UNIX_TIMESTAMP(SYSDATE())) AS SIGNED)",
        )
        .persistent(false)
        .fetch_one(&mut *connection)
        .await?;
        // Variables that not every server has are listed, which is no error where one is missing.
        let variables = sqlx::query(
            "SHOW GLOBAL VARIABLES WHERE Variable_name IN
                ('read_only', 'super_read_only', 'innodb_read_only', 'wsrep_on')",
        )
        .persistent(false)
        .fetch_all(&mut *connection)
        .await?;
        let uptime = sqlx::query("SHOW GLOBAL STATUS LIKE 'Uptime'")
            .persistent(false)
            .fetch_one(&mut *connection)
            .await?;
        let uptime: i64 = uptime.try_get::<String, _>(1)?.parse().unwrap_or_default();
        let on = |wanted: &[&str]| {
            variables.iter().any(|row| {
                let name: String = row.try_get(0).unwrap_or_default();
                let value: String = row.try_get(1).unwrap_or_default();
                wanted.iter().any(|wanted| name.eq_ignore_ascii_case(wanted))
                    && !matches!(value.as_str(), "OFF" | "0" | "")
            })
        };
        let described =
            (&mut *connection).prepare("SELECT CAST(1 AS DECIMAL(65, 30))".into_sql_str()).await?;
        let decimal = described
            .columns()
            .first()
            .map(|column| column.type_info().clone())
            .ok_or_else(|| sqlx::Error::Protocol("a SELECT without a column".to_owned()))?;
        let version: String = facts.try_get(0)?;
        let mariadb = version.to_ascii_lowercase().contains("mariadb");
        Ok(Self {
            dialect: if mariadb { Dialect::Mariadb } else { Dialect::Mysql },
            version,
            connection_id: facts.try_get(1)?,
            database: facts.try_get(2)?,
            packet_bytes_max: facts
                .try_get::<u64, _>(3)
                .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))?,
            galera: on(&["wsrep_on"]),
            read_only: on(&["read_only", "super_read_only", "innodb_read_only"]),
            name: facts.try_get(4)?,
            started: facts.try_get::<i64, _>(5)? - uptime,
            decimal,
        })
    }

    /// Whether connection numbers mean the same on both.
    pub(super) fn is_same_process(&self, other: &Self) -> bool {
        self.name == other.name && (self.started - other.started).abs() <= CLOCK_SLACK_SECONDS
    }

    fn check(&self, url: &DatabaseUrl, access: Access) -> Result<(), BackendError> {
        let (name, oldest) = match self.dialect {
            Dialect::Mariadb => ("MariaDB", OLDEST_MARIADB),
            _ => ("MySQL", OLDEST_MYSQL),
        };
        if parse_version(&self.version).is_none_or(|found| found < oldest) {
            return Err(BackendError::TooOld {
                url: url.to_string(),
                found: format!("{name} {}", self.version),
                needed: format!("{name} {}.{}", oldest.0, oldest.1),
            });
        }
        if self.read_only && access != Access::Read {
            // Also for a user who could write all the same: a replica that is written to is no
            // replica any more.
            let reason = "read_only is set on the server; it may be a replica".to_owned();
            return Err(BackendError::ReadOnly { url: url.to_string(), reason });
        }
        Ok(())
    }
}

/// Major and minor number. Some servers put a `5.5.5-` before it, for replicas of long ago.
fn parse_version(version: &str) -> Option<(u32, u32)> {
    let version = version.strip_prefix("5.5.5-").unwrap_or(version);
    let mut numbers = version.split(['.', '-']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let table = [
            ("10.11.6-MariaDB-0+deb12u1", Some((10, 11))),
            ("5.5.5-10.6.12-MariaDB", Some((10, 6))),
            ("8.0.36", Some((8, 0))),
            ("8.4.0-commercial", Some((8, 4))),
            ("", None),
        ];
        for (text, version) in table {
            assert_eq!(parse_version(text), version, "{text}");
        }
    }

    #[test]
    fn urls_keep_their_secrets() {
        let url: DatabaseUrl = "mysql://u:secret@h/d?ssl-mode=secret".parse().expect("a URL");
        let error = connect_options(&url).expect_err("no such mode");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
