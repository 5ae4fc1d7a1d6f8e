//! The user of a confined plugin: made once, let in for a run, shut out after it.
//!
//! Between runs its account is locked and its password is drawn anew and told to nobody. It stays the definer of the plugin's
//! views and triggers, which run with its rights. Its name comes from the database and the plugin, and is stored too: where
//! the two differ, the tables are a copy of another database's, whose user must not be taken over.
//!
//! No right to see or end sessions of others is needed: whoever logs in as the user sees and ends the user's own.

use super::{
    super::{MysqlConnection, connect::MysqlConnector},
    Relay,
    procedure::REDEEM,
};
use crate::{
    alteration::PluginName,
    backend::{
        BackendError,
        connection::{Cell, Connection as _, SharedConnection},
        identifier::in_backticks as quote,
    },
};
use sha2::{Digest as _, Sha256};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Mutex,
    time::{Instant, sleep},
};

/// What the names of plugins' users begin with.
const PREFIX: &str = "runner_";
/// The longest name that MySQL keeps.
const NAME_BYTES_MAX: usize = 32;
/// Bytes of the hash in a name.
const HASH_BYTES: usize = 5;
const PASSWORD_BYTES: usize = 32;
/// What a user without rights on the database cannot do.
const PROBES: [&str; 6] = [
    "SELECT 1 FROM @ledger LIMIT 0",
    "UPDATE @ledger SET revision = revision WHERE 1 = 0",
    "DELETE FROM @ledger WHERE 1 = 0",
    "INSERT INTO @ledger SELECT 1, 1, 1, 1 FROM DUAL WHERE 1 = 0",
    "CREATE TEMPORARY TABLE runner_probe (x int)",
    "DROP TABLE IF EXISTS runner_probe",
];
/// How long the sessions of a former run may take to end: a schema change that is ended is undone first.
const ENDING_TIME: Duration = Duration::from_secs(120);
const ENDING_POLL: Duration = Duration::from_millis(20);

/// The account of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) name: String,
    host: String,
}

impl Login {
    /// As the catalogue has a definer.
    pub(super) fn definer(&self) -> String {
        format!("{}@{}", self.name, self.host)
    }

    /// As a statement writes it.
    pub(super) fn quoted(&self) -> String {
        format!("{}@{}", text(&self.name), text(&self.host))
    }
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

/// A readable name for the user of `plugin` in `database`.
fn name_of(database: &str, plugin: &str) -> String {
    let digest = Sha256::new().chain_update(database).chain_update([0]).chain_update(plugin);
    let hash: String =
        digest.finalize().iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect();
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' };
    let room = NAME_BYTES_MAX - PREFIX.len() - 1 - hash.len();
    let slug: String = plugin.chars().map(plain).take(room).collect();
    format!("{PREFIX}{slug}_{hash}")
}

/// A password that fits the usual rules for passwords.
fn password() -> Result<String, BackendError> {
    let mut drawn = [0; PASSWORD_BYTES];
    getrandom::fill(&mut drawn)
        .map_err(|error| BackendError::Database(format!("no randomness: {error}")))?;
    let drawn: String = drawn.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("Aa1-{drawn}"))
}

impl MysqlConnection {
    /// Logs in as the plugin's user, which is made if there is none.
    pub(super) async fn log_in_as(
        &mut self,
        plugin: &PluginName,
    ) -> Result<SharedConnection, BackendError> {
        self.make_tables().await?;
        self.shut_forgotten().await?;
        let login = match self.login_of(plugin).await? {
            Some(login) => login,
            None => self.make_login(plugin).await?,
        };
        let refused = |missing: String| BackendError::CannotConfine {
            plugin: plugin.clone(),
            missing: vec![missing],
            setup: Vec::new(),
        };
        let let_in = async {
            let mut connection = self.let_in(&login).await?;
            connection.end_others_of(&login).await?;
            connection.check_bounds().await?;
            let clerk = MysqlConnector::new(&self.url, &self.options).open().await?;
            Ok((connection, clerk))
        };
        let (mut connection, clerk) = match let_in.await {
            Ok(opened) => opened,
            Err(error @ BackendError::Disconnected(_)) => return Err(error),
            Err(error) => {
                self.lock_out(&login).await?;
                return Err(refused(match error {
                    BackendError::Database(reason) => reason,
                    error => error.to_string(),
                }));
            }
        };
        let is_one_server =
            [&connection, &clerk].iter().all(|opened| opened.server.is_same_process(&self.server));
        if !is_one_server {
            self.lock_out(&login).await?;
            return Err(refused("a second connection leads to another server".to_owned()));
        }
        let (held, spent) = (Vec::new(), Vec::new());
        connection.relay = Some(Box::new(Relay { clerk, login, held, spent }));
        Ok(Arc::new(Mutex::new(connection)))
    }

    /// The user of the plugin, if it has one.
    pub(super) async fn login_of(
        &mut self,
        plugin: &PluginName,
    ) -> Result<Option<Login>, BackendError> {
        let sql = "SELECT role, host FROM @role WHERE plugin = ?";
        let found = self.read_own(sql, &[Cell::text(plugin.as_str())]).await?;
        let Some(login) = logins(found).pop() else { return Ok(None) };
        if login.name != name_of(&self.server.database, plugin.as_str()) {
            return Err(BackendError::CannotConfine {
                plugin: plugin.clone(),
                missing: vec![format!(
                    "its user {} is another database's, as after a restore under another name",
                    login.name
                )],
                setup: Vec::new(),
            });
        }
        Ok(Some(login))
    }

    async fn make_login(&mut self, plugin: &PluginName) -> Result<Login, BackendError> {
        let user = self.asked("SELECT CURRENT_USER()").await?.unwrap_or_default();
        let host = user.rsplit_once('@').map_or("%", |(_, host)| host).to_owned();
        let login = Login { name: name_of(&self.server.database, plugin.as_str()), host };
        let (quoted, password) = (login.quoted(), password()?);
        // One of a database that had this name before has rights that nobody gave in this one.
        self.own_text(&format!("DROP USER IF EXISTS {quoted}")).await?;
        let create = format!("CREATE USER {quoted} IDENTIFIED BY '{password}' ACCOUNT LOCK");
        if let Err(error) = self.own_text(&create).await {
            return Err(match error {
                BackendError::Database(reason) => BackendError::CannotConfine {
                    plugin: plugin.clone(),
                    missing: vec![format!("the user {} cannot be made: {reason}", login.name)],
                    setup: Vec::new(),
                },
                error => error,
            });
        }
        let params =
            [Cell::text(plugin.as_str()), Cell::text(&login.name), Cell::text(&login.host)];
        let insert = "INSERT INTO @role (plugin, role, host, is_open) VALUES (?, ?, ?, 0)";
        self.insert_own(insert, &params).await?;
        Ok(login)
    }

    /// Lets the user in with a password of this run, and logs in as it.
    async fn let_in(&mut self, login: &Login) -> Result<Self, BackendError> {
        let (quoted, password) = (login.quoted(), password()?);
        self.note(login, true).await?;
        let name = format!("{}.{REDEEM}", quote(&self.server.database));
        self.own_text(&format!("GRANT EXECUTE ON PROCEDURE {name} TO {quoted}")).await?;
        self.own_text(&format!("ALTER USER {quoted} IDENTIFIED BY '{password}' ACCOUNT UNLOCK"))
            .await?;
        let url = self.url.as_user(&login.name, &password);
        let opened = MysqlConnector::new(&url, &self.options).open().await;
        let mut connection = opened.map_err(|error| {
            BackendError::Database(format!(
                "the server did not let the user {} log in ({error}); an account without a name may stand before it",
                login.name
            ))
        })?;
        let found = connection.asked("SELECT CURRENT_USER()").await?.unwrap_or_default();
        if found != login.definer() {
            return Err(BackendError::Database(format!(
                "the server takes the user {} for {found}",
                login.name
            )));
        }
        Ok(connection)
    }

    /// Checks that no right of every user's reaches the runner's tables, as in databases whose names begin with `test`. A
    /// temporary table could even stand before them.
    async fn check_bounds(&mut self) -> Result<(), BackendError> {
        for probe in PROBES {
            let probe = self.own_sql(probe);
            match self.own_text(&probe).await {
                Err(error @ BackendError::Disconnected(_)) => return Err(error),
                Err(_) => {}
                Ok(()) => {
                    return Err(BackendError::Database(
                        "every user of the server has rights on this database".to_owned(),
                    ));
                }
            }
        }
        Ok(())
    }

    /// Ends the other sessions of this session's user, and waits until they are gone with their transactions.
    async fn end_others_of(&mut self, login: &Login) -> Result<(), BackendError> {
        let own = self.server.connection_id;
        let deadline = Instant::now() + ENDING_TIME;
        loop {
            let others: Vec<u64> = self
                .sessions()
                .await?
                .into_iter()
                .filter(|session| session.user == login.name && session.id != own)
                .map(|session| session.id)
                .collect();
            if others.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(BackendError::Stuck);
            }
            for id in others {
                // One that has ended meanwhile is no error.
                match self.own_text(&format!("KILL CONNECTION {id}")).await {
                    Err(error @ BackendError::Disconnected(_)) => return Err(error),
                    _ => sleep(ENDING_POLL).await,
                }
            }
        }
    }

    /// Shuts the user out: ends its sessions, and locks its account.
    pub(super) async fn shut_out(&mut self, login: &Login) -> Result<(), BackendError> {
        let ended = match self.let_in(login).await {
            Ok(mut connection) => {
                let ended = connection.end_others_of(login).await;
                connection.close().await;
                ended
            }
            Err(error) => Err(error),
        };
        self.lock_out(login).await?;
        ended?;
        self.execute_own("DELETE FROM @ticket", &[]).await.map(drop)
    }

    /// Locks the account. Sessions that are open stay so.
    async fn lock_out(&mut self, login: &Login) -> Result<(), BackendError> {
        let (quoted, password) = (login.quoted(), password()?);
        self.own_text(&format!("ALTER USER {quoted} IDENTIFIED BY '{password}' ACCOUNT LOCK"))
            .await?;
        self.note(login, false).await
    }

    async fn note(&mut self, login: &Login, is_open: bool) -> Result<(), BackendError> {
        let params = [Cell::integer(i64::from(is_open)), Cell::text(&login.name)];
        self.execute_own("UPDATE @role SET is_open = ? WHERE role = ?", &params).await.map(drop)
    }

    /// The users of plugins that may log in now.
    pub(super) async fn open_logins(&mut self) -> Result<Vec<Login>, BackendError> {
        if !self.own_tables().await?.contains("alteration_role") {
            return Ok(Vec::new());
        }
        let sql = "SELECT role, host FROM @role WHERE is_open = 1";
        Ok(logins(self.read_own(sql, &[]).await?))
    }

    /// Shuts out the plugins that a runner that was killed left open.
    pub(super) async fn shut_forgotten(&mut self) -> Result<(), BackendError> {
        for login in self.open_logins().await? {
            self.shut_out(&login).await?;
        }
        Ok(())
    }
}

fn logins(rows: Vec<Vec<Cell>>) -> Vec<Login> {
    let login = |row: Vec<Cell>| match <[Cell; 2]>::try_from(row) {
        Ok([Cell::Text(Some(name)), Cell::Text(Some(host))]) => Some(Login { name, host }),
        _ => None,
    };
    rows.into_iter().filter_map(login).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_readable_and_never_too_long() {
        let name = name_of("app", "acme/shop");
        assert!(name.starts_with("runner_acme_shop_"), "{name}");
        assert_ne!(name, name_of("copy", "acme/shop"));
        assert_ne!(name, name_of("app", "acme_/shop"));
        assert_eq!(name_of("app", &format!("acme/{}", "x".repeat(80))).len(), NAME_BYTES_MAX);
    }
}
