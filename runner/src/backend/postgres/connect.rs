//! Making connections: tries again while the server cannot be reached, and explains why not.
//!
//! No password and no user name get into an error. What a connection does is in `mod.rs`.

use super::{PostgresConnection, forms, link::Link, relay::Route};
use crate::{
    backend::{
        Access, BackendError, ConnectOptions, DatabaseUrl,
        connection::{Connector, SharedConnection},
    },
    crash, operator,
};
use async_trait::async_trait;
use sqlx::{
    ConnectOptions as _, PgConnection,
    postgres::{PgConnectOptions, PgDatabaseError},
};
use std::{fmt, str::FromStr, sync::Arc, time::Duration};
use tokio::{sync::Mutex, time::Instant};

/// The oldest server that is known to work, as `server_version_num` counts.
const VERSION_MIN: u32 = 130_000;
/// How long one try may take: a packet filter can swallow it without an answer.
const TRY_MAX: Duration = Duration::from_secs(15);
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// PostgreSQL cuts names of applications to this.
const APPLICATION_NAME_BYTES_MAX: usize = 63;

/// Opens plain connections: the working ones, and short-lived ones beside them.
pub(super) struct Opener {
    /// As it may be shown.
    url: String,
    route: Route,
    options: PgConnectOptions,
}

/// sqlx would show the password.
impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Opener {
    fn new(url: &DatabaseUrl) -> Result<Self, BackendError> {
        let options = PgConnectOptions::from_str(url.secret()).map_err(|_| {
            BackendError::Url("a part of it has a value that PostgreSQL does not know".to_owned())
        })?;
        Ok(Self {
            url: url.to_string(),
            route: route(url, &options),
            options: options
                // PgBouncer refuses what it does not know at the start; settings are made later.
                .extra_float_digits(None)
                .statement_cache_capacity(0)
                .application_name(&application_name())
                .disable_statement_logging(),
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Tries once.
    pub(super) async fn open(&self) -> Result<PgConnection, BackendError> {
        crash::before("connecting");
        let connected = tokio::time::timeout(TRY_MAX, self.route.open(&self.options)).await;
        crash::after("connecting");
        match connected {
            Ok(connected) => connected.map_err(|error| self.explain(&error)),
            Err(_) => Err(self.unreachable("no answer".to_owned())),
        }
    }

    /// Tries again for as long as `wait`, while the server cannot be reached or is starting.
    pub(super) async fn open_patiently(
        &self,
        wait: Duration,
    ) -> Result<PgConnection, BackendError> {
        let deadline = Instant::now() + wait;
        let mut pause = PAUSE_FIRST;
        loop {
            match self.open().await {
                Err(BackendError::Unreachable { .. }) if Instant::now() + pause < deadline => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                result => return result,
            }
        }
    }

    fn unreachable(&self, reason: String) -> BackendError {
        BackendError::Unreachable { url: self.url.clone(), reason }
    }

    fn explain(&self, error: &sqlx::Error) -> BackendError {
        let url = self.url.clone();
        match error {
            sqlx::Error::Database(error) => {
                let error = error.downcast_ref::<PgDatabaseError>();
                let reason = without_user(error.message());
                match error.code() {
                    // A server without TLS that is set to demand it says so with the same code.
                    "28000" if reason.contains("no encryption") => {
                        BackendError::Tls { url, reason }
                    }
                    "28P01" | "28000" | "42501" => BackendError::Unauthorized { url, reason },
                    "3D000" => BackendError::UnknownDatabase { url },
                    "57P03" | "53300" | "57P01" | "57P02" => self.unreachable(reason),
                    // PgBouncer has one code for everything.
                    "08P01" if reason.contains("no such database") => {
                        BackendError::UnknownDatabase { url }
                    }
                    "08P01" if reason.contains("auth") || reason.contains("no such user") => {
                        BackendError::Unauthorized { url, reason }
                    }
                    _ => BackendError::Connect { url, reason },
                }
            }
            // A certificate that is not trusted comes as an error of the socket.
            sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                BackendError::Tls { url, reason: error.to_string() }
            }
            sqlx::Error::Io(error) => self.unreachable(error.to_string()),
            sqlx::Error::Tls(error) => BackendError::Tls { url, reason: error.to_string() },
            // sqlx counts a server that speaks no TLS, and one that hangs up, among these.
            other => BackendError::Connect { url, reason: other.to_string() },
        }
    }
}

/// Where the server is that the URL means.
fn route(url: &DatabaseUrl, options: &PgConnectOptions) -> Route {
    let parameter = |names: [&str; 2]| {
        let url = url::Url::parse(url.secret()).ok()?;
        let mut pairs = url.query_pairs();
        let found = pairs.find(|(name, _)| names.contains(&&**name));
        found.map(|(_, value)| std::path::PathBuf::from(&*value))
    };
    let host = options.get_host();
    let folder = options.get_socket().cloned();
    Route {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: options.get_port(),
        socket_folder: folder.or_else(|| host.starts_with('/').then(|| host.into())),
        tls: options.get_ssl_mode(),
        root_cert: parameter(["sslrootcert", "ssl-root-cert"]),
        client_cert: parameter(["sslcert", "ssl-cert"]),
        client_key: parameter(["sslkey", "ssl-key"]),
    }
}

/// The server's words without the user's name, which is nobody else's business.
fn without_user(message: &str) -> String {
    let mut kept = String::new();
    for (at, part) in message.split('"').enumerate() {
        let is_user = at % 2 == 1 && kept.trim_end().ends_with("user");
        kept.push_str(if is_user { "…" } else { part });
    }
    kept
}

/// What other runners are told about this one while it holds the lock.
pub(super) fn application_name() -> String {
    let mut name = format!("runner {} {}", std::process::id(), operator::identity());
    // The server replaces everything but printable ASCII.
    name = name.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    name.truncate(APPLICATION_NAME_BYTES_MAX);
    name
}

/// What is asked of a server once, when a connection to it is new.
pub(super) struct Server {
    /// As `server_version_num` counts: 150004.
    pub(super) version: u32,
    pub(super) sees_lost_clients: bool,
    /// Where the runner's own tables are to be.
    pub(super) schema: String,
    pub(super) search_path: String,
    /// Whether a session writes values as the runner reads them, if nothing is set.
    pub(super) has_plain_forms: bool,
}

/// Makes connections to one PostgreSQL database.
#[derive(Debug)]
pub(in crate::backend) struct PostgresConnector {
    opener: Arc<Opener>,
    options: ConnectOptions,
}

impl PostgresConnector {
    /// Errors: a URL that PostgreSQL's own rules refuse.
    pub(in crate::backend) fn new(
        url: &DatabaseUrl,
        options: &ConnectOptions,
    ) -> Result<Self, BackendError> {
        Ok(Self { opener: Arc::new(Opener::new(url)?), options: options.clone() })
    }

    /// A connection that is ready to work.
    pub(super) async fn open(&self) -> Result<PostgresConnection, BackendError> {
        let connection = self.opener.open_patiently(self.options.wait).await?;
        let url = self.opener.url().to_owned();
        let version = connection.server_version_num().unwrap_or_default();
        if version < VERSION_MIN {
            let (found, needed) = (name(version), name(VERSION_MIN));
            return Err(BackendError::TooOld { url, found, needed });
        }
        let mut link = Link::new(
            Arc::clone(&self.opener),
            connection,
            self.options.answer_time + self.options.lock_wait,
            self.options.wait,
        );
        let facts = link
            .own_rows(&format!(
                "SELECT pg_catalog.pg_is_in_recovery(),
                    pg_catalog.current_setting('default_transaction_read_only'),
                    pg_catalog.current_setting('search_path'), pg_catalog.current_schema(),
                    pg_catalog.version(), pg_catalog.current_setting('standard_conforming_strings'),
                    {}",
                forms::ARE_PLAIN
            ))
            .await
            .map_err(|error| self.opener.explain(&error))?;
        let [standby, read_only, search_path, schema, system, strings, has_plain_forms] =
            super::columns(facts)?;
        if strings.as_deref() != Some("on") {
            return Err(BackendError::Setting {
                url,
                setting: "standard_conforming_strings = off".to_owned(),
                next: "ALTER ROLE CURRENT_USER SET standard_conforming_strings = on".to_owned(),
            });
        }
        link.identify().await.map_err(|error| self.opener.explain(&error))?;
        let is_standby = standby.as_deref() == Some("t");
        if self.options.access != Access::Read {
            let reason = match (is_standby, read_only.as_deref()) {
                (true, _) => Some("it is a standby that follows another server"),
                (false, Some("on")) => Some("default_transaction_read_only is on"),
                _ => None,
            };
            if let Some(reason) = reason {
                return Err(BackendError::ReadOnly { url, reason: reason.to_owned() });
            }
        }
        let schema = self.options.schema.clone().or(schema).ok_or_else(|| {
            let reason =
                "its search_path names no schema that exists, so there is no place for the \
                          runner's tables; name one with a schema option"
                    .to_owned();
            BackendError::Connect { url, reason }
        })?;
        let server = Server {
            version,
            // It came with version 14, and older ones of these can only do it on Linux.
            sees_lost_clients: version >= 140_000
                && system.is_some_and(|system| system.contains("linux")),
            schema,
            search_path: search_path.unwrap_or_default(),
            has_plain_forms: has_plain_forms.as_deref() == Some("t"),
        };
        Ok(PostgresConnection::new(link, &self.options, server))
    }
}

fn name(number: u32) -> String {
    format!("PostgreSQL {}", number / 10_000)
}

#[async_trait]
impl Connector for PostgresConnector {
    /// Databases are made by those who run the server: `create` makes none here.
    async fn connect(&self, _create: bool) -> Result<Option<SharedConnection>, BackendError> {
        Ok(Some(Arc::new(Mutex::new(self.open().await?))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_not_named() {
        let table = [
            (
                "password authentication failed for user \"bob\"",
                "password authentication failed for user …",
            ),
            (
                "no pg_hba.conf entry for host \"::1\", user \"bob\", database \"d\"",
                "no pg_hba.conf entry for host ::1, user …, database d",
            ),
        ];
        for (message, expected) in table {
            assert_eq!(without_user(message), expected);
        }
    }

    #[test]
    fn application_names_are_short() {
        assert!(application_name().starts_with(&format!("runner {} ", std::process::id())));
        assert!(application_name().len() <= 63);
    }
}
