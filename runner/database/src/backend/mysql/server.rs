//! The kind of server that was found, and whether the runner supports it.

use super::{sessions::ListedSession, settings, value};
use crate::{
    alteration::Dialect,
    backend::{Access, BackendError, DatabaseUrl},
};
use sqlx::{
    AssertSqlSafe, Column as _, Executor, Row as _, SqlSafeStr, Statement as _,
    mysql::{MySqlRow, MySqlTypeInfo},
};

/// Former versions of the runner read uptime and clock one after the other.
const CLOCK_SLACK_SECONDS: i64 = 1;
const OLDEST_MARIADB: (u32, u32) = (10, 6);
const OLDEST_MYSQL: (u32, u32) = (8, 0);

/// A server as it was found.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) dialect: Dialect,
    pub(super) version: String,
    pub(super) connection_id: u64,
    pub(super) database: String,
    /// Set if names of databases are the same in upper and lower case.
    folds_case: bool,
    /// The largest message that the server takes, in bytes.
    pub(super) packet_bytes_max: usize,
    pub(super) galera: bool,
    read_only: bool,
    /// The server's name and port, as it reports them.
    name: String,
    /// When it was started, in Unix seconds.
    started: i64,
    /// The server's description of a decimal, for binding one.
    pub(super) decimal: MySqlTypeInfo,
}

impl Server {
    pub(super) async fn look(connection: &mut sqlx::MySqlConnection) -> Result<Self, sqlx::Error> {
        let first = format!("{}{}", settings::FIRST, settings::NO_STATEMENT_TIME);
        (&mut *connection).execute(sqlx::raw_sql(AssertSqlSafe(first))).await?;
        let facts = sqlx::query(
            "SELECT CAST(VERSION() AS CHAR), CAST(CONNECTION_ID() AS UNSIGNED),
                CAST(COALESCE(DATABASE(), '') AS CHAR), CAST(@@max_allowed_packet AS UNSIGNED),
                CAST(CONCAT(@@hostname, ' ', @@port, ' ', @@server_id) AS CHAR),
                TIMESTAMPDIFF(SECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP()),
                CAST(@@lower_case_table_names <> 0 AS UNSIGNED),
                (SELECT CAST(variable_value AS CHAR) FROM
                    /*M! information_schema.global_status */
                    /*!80000 performance_schema.global_status */
                    WHERE variable_name = 'Uptime')",
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
        // Read in one statement, so that the server counts both from the same second.
        let uptime: i64 = text(&facts, 7)?.parse().unwrap_or_default();
        let variables = variables
            .iter()
            .map(|row| Ok((text(row, 0)?, text(row, 1)?)))
            .collect::<Result<Vec<_>, sqlx::Error>>()?;
        let on = |wanted: &[&str]| {
            variables.iter().any(|(name, value)| {
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
        let version = text(&facts, 0)?;
        let mariadb = version.to_ascii_lowercase().contains("mariadb");
        Ok(Self {
            dialect: if mariadb { Dialect::Mariadb } else { Dialect::Mysql },
            connection_id: facts.try_get(1)?,
            database: text(&facts, 2)?,
            folds_case: facts.try_get::<u64, _>(6)? != 0,
            packet_bytes_max: facts
                .try_get::<u64, _>(3)
                .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))?,
            version,
            galera: on(&["wsrep_on"]),
            read_only: on(&["read_only", "super_read_only", "innodb_read_only"]),
            name: text(&facts, 4)?,
            started: facts.try_get::<i64, _>(5)? - uptime,
            decimal,
        })
    }

    /// Returns whether connection numbers mean the same on both servers.
    pub(super) fn is_same_process(&self, other: &Self) -> bool {
        self.name == other.name && (self.started - other.started).abs() <= CLOCK_SLACK_SECONDS
    }

    pub(super) fn is_at_least(&self, version: (u32, u32, u32)) -> bool {
        parse_version(&self.version).is_some_and(|found| found >= version)
    }

    /// Returns the version as executable comments compare it: 80036 for 8.0.36.
    pub(super) fn comment_version(&self) -> u32 {
        let (major, minor, patch) = parse_version(&self.version).unwrap_or_default();
        major * 10_000 + minor * 100 + patch
    }

    /// Returns a name for the session on this server process, by which another runner recognises a number that was reused.
    pub(super) fn session_name(&self) -> String {
        format!("{} {} {}", self.connection_id, self.started, self.name)
    }

    /// Returns the number of the session that `name` names, if it is one of this server process.
    pub(super) fn session_of(&self, name: &str) -> Option<u64> {
        let mut parts = name.splitn(3, ' ');
        let id = parts.next()?.parse().ok()?;
        let started: i64 = parts.next()?.parse().ok()?;
        let is_here =
            parts.next()? == self.name && (self.started - started).abs() <= CLOCK_SLACK_SECONDS;
        is_here.then_some(id)
    }

    /// Returns whether a session is in the database that this connection is in.
    pub(super) fn is_in_database(&self, session: &ListedSession) -> bool {
        let database = session.database.as_deref().unwrap_or_default();
        match self.folds_case {
            true => database.to_lowercase() == self.database.to_lowercase(),
            false => database == self.database,
        }
    }

    /// Returns a table's name as the server keeps it.
    pub(super) fn folded(&self, name: &str) -> String {
        if self.folds_case { name.to_lowercase() } else { name.to_owned() }
    }

    /// Checks that the runner supports the server. Errors: `TooOld`; `ReadOnly` if the caller wants to write.
    pub(super) fn check(&self, url: &DatabaseUrl, access: Access) -> Result<(), BackendError> {
        let (name, oldest) = match self.dialect {
            Dialect::Mariadb => ("MariaDB", OLDEST_MARIADB),
            _ => ("MySQL", OLDEST_MYSQL),
        };
        let found = parse_version(&self.version).map(|(major, minor, _)| (major, minor));
        if found.is_none_or(|found| found < oldest) {
            return Err(BackendError::TooOld {
                url: url.to_string(),
                found: format!("{name} {}", self.version),
                needed: format!("{name} {}.{}", oldest.0, oldest.1),
            });
        }
        if self.read_only && access != Access::Read {
            // Also for a user that may write in spite of it: a replica that is written to diverges from its source.
            let reason = "read_only is set on the server; it may be a replica".to_owned();
            return Err(BackendError::ReadOnly { url: url.to_string(), reason });
        }
        Ok(())
    }
}

fn text(row: &MySqlRow, at: usize) -> Result<String, sqlx::Error> {
    value::own_text(row, at).map(Option::unwrap_or_default)
}

/// Returns major, minor and patch number. Some servers put `5.5.5-` before it, for old replicas.
fn parse_version(version: &str) -> Option<(u32, u32, u32)> {
    let version = version.strip_prefix("5.5.5-").unwrap_or(version);
    let mut numbers = version.split(['.', '-', '+']).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let table = [
            ("10.11.6-MariaDB-0+deb12u1", Some((10, 11, 6))),
            ("5.5.5-10.6.12-MariaDB", Some((10, 6, 12))),
            ("8.0.36", Some((8, 0, 36))),
            ("8.4.0-commercial", Some((8, 4, 0))),
            ("", None),
        ];
        for (text, version) in table {
            assert_eq!(parse_version(text), version, "{text}");
        }
    }
}
