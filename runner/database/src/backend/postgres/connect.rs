//! Making connections that are ready to work: what is asked of a server once, and what is refused.
//!
//! How a server is reached is in `opener.rs`, what a connection does in `mod.rs`.

use super::{
    PostgresConnection,
    config::{Config, Server},
    forms,
    link::Link,
    opener::Opener,
    place::{self, Chosen, Found},
    settings,
};
use crate::backend::{
    Access, BackendError, ConnectOptions, DatabaseUrl,
    connection::{Connector, SharedConnection},
    url::ServerRole,
};
use async_trait::async_trait;
use std::sync::{Arc, OnceLock};
use tokio::sync::Mutex;

/// The oldest server that is known to work, as `server_version_num` counts.
const VERSION_MIN: u32 = 130_000;

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
    /// What names mean to hooks, where that is not for the session to say.
    search_path: Option<String>,
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
            search_path: None,
        })
    }

    /// For another role of the same database, whose sessions find the runner's tables in `schema`, and names in `path`.
    pub(super) fn beside(
        opener: Arc<Opener>,
        options: &ConnectOptions,
        (schema, path): (&str, &str),
    ) -> Self {
        Self {
            opener,
            role: ServerRole::Any,
            options: options.clone(),
            names_place: false,
            place: OnceLock::from(Chosen::named(schema)),
            search_path: Some(path.to_owned()),
        }
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
                place::question("pg_catalog.current_setting('runner.schema')"),
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
            search_path: self.search_path.clone().or(search_path).unwrap_or_default(),
            has_plain_forms: has_plain_forms.as_deref() == Some("t"),
        };
        Ok(PostgresConnection::new(link, Config::new(&self.options, server)))
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
