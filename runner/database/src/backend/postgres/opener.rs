//! The way to a server: opens plain connections, tries again while it cannot be reached, and explains why not.
//!
//! No password and no user name get into an error. Knows nothing of what a connection is for.

use super::{options, relay::Route};
use crate::{
    backend::{
        BackendError, DatabaseUrl, certificate,
        protocol::{self, Place, Spoken},
        url::PostgresUrl,
    },
    crash, operator,
};
use sqlx::{
    PgConnection,
    postgres::{PgConnectOptions, PgDatabaseError},
};
use std::{fmt, io::ErrorKind, time::Duration};
use tokio::time::Instant;

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
    /// The same for somebody else: without a name, a password, and settings that say who the session works as.
    other_login: PgConnectOptions,
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
    pub(super) fn new(shown: &DatabaseUrl, url: &PostgresUrl) -> Result<Self, BackendError> {
        let name = application_name(url.application.as_deref());
        let (route, other) = options::routes(url)?;
        Ok(Self {
            url: shown.to_string(),
            login: options::login(url, &name),
            other_login: options::login(&url.for_another_role(), &name),
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
            other_login: self.other_login.clone().database(database),
            route: self.route.clone(),
            other: self.other.clone(),
            patience: self.patience,
        }
    }

    /// The same for another role, without the settings that belong to who logged in.
    pub(super) fn as_role(&self, role: &str, password: &str) -> Self {
        Self {
            url: self.url.clone(),
            login: self.other_login.clone().username(role).password(password),
            other_login: self.other_login.clone(),
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

    pub(super) fn explain(&self, error: &sqlx::Error) -> BackendError {
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
