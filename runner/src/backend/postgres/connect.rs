//! Making connections: tries again while the server cannot be reached, and explains why not.
//!
//! No password and no user name get into an error. What a connection does is in `mod.rs`.

use super::{
    PostgresConnection, forms,
    link::Link,
    options,
    place::{self, Chosen, Found},
    relay::Route,
    settings,
};
use crate::{
    backend::{
        Access, BackendError, ConnectOptions, DatabaseUrl, certificate,
        connection::{Connector, SharedConnection},
        protocol::{self, Place, Spoken},
        url::{PostgresUrl, ServerRole},
    },
    crash, operator,
};
use async_trait::async_trait;
use sqlx::{
    PgConnection,
    postgres::{PgConnectOptions, PgDatabaseError},
};
use std::{
    fmt,
    io::ErrorKind,
    sync::{Arc, OnceLock},
    time::Duration,
};
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
    login: PgConnectOptions,
    route: Route,
    /// Another way, with TLS or without, where the URL leaves that open.
    other: Option<Route>,
    patience: Duration,
}

/// sqlx would show the password.
impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Opener {
    fn new(shown: &DatabaseUrl, url: &PostgresUrl) -> Result<Self, BackendError> {
        let name = application_name(url.application.as_deref());
        let (route, other) = options::routes(url)?;
        Ok(Self {
            url: shown.to_string(),
            login: options::login(url, &name),
            route,
            other,
            patience: url.connect_time.filter(|time| !time.is_zero()).unwrap_or(TRY_MAX),
        })
    }

    /// The same for another database of the server.
    pub(super) fn beside(&self, database: &str) -> Self {
        Self {
            url: self.url.clone(),
            login: self.login.clone().database(database),
            route: self.route.clone(),
            other: self.other.clone(),
            patience: self.patience,
        }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Tries once.
    pub(super) async fn open(&self) -> Result<PgConnection, BackendError> {
        crash::before("connecting");
        let connected = tokio::time::timeout(self.patience, self.connect()).await;
        crash::after("connecting");
        match connected {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(self.explain_and_look(&error).await),
            Err(_) => Err(match self.other_protocol().await {
                Some(error) => error,
                None => self.unreachable("no answer".to_owned()),
            }),
        }
    }

    async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        match (self.route.open(&self.login).await, &self.other) {
            (Err(refused), Some(other)) if is_about_tls(&refused) => {
                other.open(&self.login).await.map_err(|error| match is_about_tls(&error) {
                    true => refused,
                    false => error,
                })
            }
            (connected, _) => connected,
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
        let reason = match &self.route.place {
            Place::Socket(path) => format!("{reason} ({})", path.display()),
            Place::Network(..) => reason,
        };
        BackendError::Unreachable { url: self.url.clone(), reason }
    }

    async fn explain_and_look(&self, error: &sqlx::Error) -> BackendError {
        let is_hung_up = |error: &std::io::Error| error.kind() == ErrorKind::UnexpectedEof;
        let is_odd = match error {
            sqlx::Error::Protocol(_) => true,
            sqlx::Error::Io(error) => is_hung_up(error),
            _ => false,
        };
        match is_odd {
            true => self.other_protocol().await.unwrap_or_else(|| self.explain(error)),
            false => self.explain(error),
        }
    }

    async fn other_protocol(&self) -> Option<BackendError> {
        match protocol::spoken(&self.route.place).await? {
            Spoken::Postgres => None,
            Spoken::Mysql => Some(BackendError::WrongProtocol {
                url: self.url.clone(),
                expected: "PostgreSQL",
                found: "a MySQL or MariaDB server",
            }),
        }
    }

    fn explain(&self, error: &sqlx::Error) -> BackendError {
        let url = self.url.clone();
        let tls =
            |text: &str| BackendError::Tls { url: url.clone(), reason: certificate::reason(text) };
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
            sqlx::Error::Io(error) if error.kind() == ErrorKind::InvalidData => {
                tls(&error.to_string())
            }
            sqlx::Error::Io(error) => self.unreachable(error.to_string()),
            sqlx::Error::Tls(error) => tls(&error.to_string()),
            // The URL was read before: what is left are certificates and keys that do not fit together.
            sqlx::Error::Configuration(error) => tls(&error.to_string()),
            sqlx::Error::Protocol(text) if text.contains("authentication m") => {
                let reason =
                    format!("the server asks for a way that the runner does not know ({text})");
                BackendError::LoginMethod { url, reason }
            }
            // sqlx counts a server that speaks no TLS, and one that hangs up, among these.
            other => BackendError::Connect { url, reason: other.to_string() },
        }
    }
}

/// Whether the server may let the same user in with TLS, or without: it refused the encryption, or a rule in pg_hba.conf did.
fn is_about_tls(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code == "28000"),
        sqlx::Error::Io(error) => error.kind() == ErrorKind::InvalidData,
        sqlx::Error::Tls(_) => true,
        _ => false,
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

/// What other runners are told about this one while it holds the lock; then what the operator calls it.
pub(super) fn application_name(given: Option<&str>) -> String {
    let mut name = format!("runner {} {}", std::process::id(), operator::identity());
    if let Some(given) = given {
        name.push_str(&format!(" ({given})"));
    }
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
    /// Where the runner's own tables are, or are to be.
    pub(super) place: Chosen,
    pub(super) unbounded: Vec<&'static str>,
    pub(super) never_waits: bool,
    pub(super) search_path: String,
    /// Whether a session writes values as the runner reads them, if nothing is set.
    pub(super) has_plain_forms: bool,
}

/// Makes connections to one PostgreSQL database.
#[derive(Debug)]
pub(in crate::backend) struct PostgresConnector {
    opener: Arc<Opener>,
    role: ServerRole,
    options: ConnectOptions,
    /// The URL names the search path, and with it where the runner's tables are.
    names_place: bool,
    /// As the first connection found it: for the others it may have moved.
    place: OnceLock<Chosen>,
}

impl PostgresConnector {
    /// Errors: a URL that PostgreSQL's own rules refuse.
    pub(in crate::backend) fn new(
        url: &DatabaseUrl,
        options: &ConnectOptions,
    ) -> Result<Self, BackendError> {
        let server = url.postgres()?;
        let role = server.role.unwrap_or(ServerRole::Any);
        Ok(Self {
            opener: Arc::new(Opener::new(url, &server)?),
            role,
            options: options.clone(),
            names_place: url.names_search_path(),
            place: OnceLock::new(),
        })
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
        let mut rows = link
            .own_rows(&format!(
                "SELECT pg_catalog.set_config('runner.path', \
                        pg_catalog.current_setting('search_path'), true), \
                    pg_catalog.set_config('runner.schema', \
                        coalesce(pg_catalog.current_schema(), ''), true); \
                 {}; {}; SELECT pg_catalog.pg_is_in_recovery(),
                    pg_catalog.current_setting('default_transaction_read_only'),
                    pg_catalog.current_setting('runner.path'),
                    nullif(pg_catalog.current_setting('runner.schema'), ''),
                    pg_catalog.version(), pg_catalog.current_setting('standard_conforming_strings'),
                    {},
                    coalesce(pg_catalog.current_setting('idle_session_timeout', true), '0'),
                    coalesce(pg_catalog.current_setting('transaction_timeout', true), '0'),
                    pg_catalog.current_setting('track_counts'),
                    pg_catalog.current_setting('statement_timeout'),
                    pg_catalog.current_setting('lock_timeout'),
                    pg_catalog.current_setting('synchronous_commit')",
                settings::OWN_PATH,
                place::question(),
                forms::ARE_PLAIN
            ))
            .await
            .map_err(|error| self.opener.explain(&error))?;
        let facts = rows.pop().into_iter().collect();
        let [
            standby,
            read_only,
            search_path,
            schema,
            system,
            strings,
            has_plain_forms,
            idle_time,
            transaction_time,
            counts,
            statement_time,
            lock_time,
            waits,
        ] = super::columns(facts)?;
        let found: Vec<Found> = rows.iter().filter_map(|row| Found::of(row)).collect();
        let off = |setting, work, name: &str| BackendError::Setting {
            url: url.clone(),
            setting,
            work,
            next: format!("ALTER ROLE CURRENT_USER IN DATABASE … SET {name} = on"),
        };
        if strings.as_deref() != Some("on") {
            let setting = "standard_conforming_strings = off";
            return Err(off(setting, "tell statements apart", "standard_conforming_strings"));
        }
        if counts.as_deref() != Some("on") && self.options.access != Access::Read {
            let work = "see what a hook does to the runner's tables";
            return Err(off("track_counts = off", work, "track_counts"));
        }
        link.identify().await.map_err(|error| self.opener.explain(&error))?;
        let is_standby = standby.as_deref() == Some("t");
        let only_reads = is_standby || read_only.as_deref() == Some("on");
        let wrong = match self.role {
            ServerRole::Primary if is_standby => Some("it is a standby"),
            ServerRole::Standby if !is_standby => Some("it is no standby"),
            ServerRole::ReadWrite if only_reads => Some("it only reads"),
            ServerRole::ReadOnly if !only_reads => Some("it takes writes"),
            _ => None,
        };
        if let Some(reason) = wrong {
            return Err(BackendError::WrongRole { url, reason });
        }
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
        let only_reads = self.options.access == Access::Read;
        let place = match (self.place.get(), &self.options.schema, schema) {
            (Some(place), _, _) => place.clone(),
            (None, Some(named), _) => Chosen::named(named),
            (None, None, Some(current)) if self.names_place => Chosen::named(&current),
            (None, None, current) => place::choose(&url, &found, current.as_deref(), only_reads)?,
        };
        let place = self.place.get_or_init(|| place).clone();
        let unbounded = settings::unbounded([
            idle_time.as_deref(),
            transaction_time.as_deref(),
            statement_time.as_deref(),
            lock_time.as_deref(),
        ]);
        if !unbounded.is_empty() {
            link.own_run(&settings::unbind(&unbounded).join("; "))
                .await
                .map_err(|error| self.opener.explain(&error))?;
        }
        let server = Server {
            version,
            // It came with version 14, and older ones of these can only do it on Linux.
            sees_lost_clients: version >= 140_000
                && system.is_some_and(|system| system.contains("linux")),
            place,
            unbounded,
            never_waits: waits.as_deref() == Some("off"),
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
        assert!(application_name(None).starts_with(&format!("runner {} ", std::process::id())));
        assert!(application_name(Some(&"x".repeat(80))).len() <= 63);
    }
}
