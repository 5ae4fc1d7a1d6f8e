//! Where a scenario runs: a backend, fresh databases on it, and copies of prepared ones.
//!
//! Knows nothing of what is deployed; servers come from `support::servers`.

use crate::support::{
    Sandbox,
    servers::{Client, Mariadb, Mysql, Noise, Postgres},
};
use std::{
    fs,
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

/// A server that does not write through to the disk: it makes a database for each of hundreds of
/// points, and is never killed itself.
fn unflushed(major: Option<u32>) -> Postgres {
    let settings = [
        ("fsync", "off"),
        ("full_page_writes", "off"),
        ("autovacuum", "off"),
        // A template that is copied as files needs a checkpoint each time.
        ("checkpoint_timeout", "1h"),
    ];
    match major {
        Some(major) => Postgres::of(major, &settings),
        None => Postgres::with_settings(&settings),
    }
}

/// One kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Sqlite,
    /// Debian's.
    Postgres,
    Postgres18,
    Mariadb,
    Mysql,
}

/// Places that speak alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Sqlite,
    Postgres,
    Mysql,
}

impl Place {
    pub fn family(self) -> Family {
        match self {
            Self::Sqlite => Family::Sqlite,
            Self::Postgres | Self::Postgres18 => Family::Postgres,
            Self::Mariadb | Self::Mysql => Family::Mysql,
        }
    }

    /// Returns whether the run was told to go without this server.
    pub fn is_left_out(self) -> bool {
        self == Self::Mysql && Mysql::is_left_out()
    }

    /// Other sessions on the same server, as long as it is held. A file has none.
    pub fn noise(self) -> Option<Arc<Noise>> {
        (self != Self::Sqlite).then(|| Noise::shared_beside(self.client()))
    }

    pub fn client(self) -> &'static Client {
        match self {
            Self::Sqlite => unreachable!("it has no server"),
            Self::Postgres | Self::Postgres18 => self.postgres().client(),
            Self::Mariadb => Mariadb::shared().client(),
            Self::Mysql => mysql().client(),
        }
    }

    fn postgres(self) -> &'static Postgres {
        static DEBIAN: OnceLock<Postgres> = OnceLock::new();
        static NEWER: OnceLock<Postgres> = OnceLock::new();
        match self {
            Self::Postgres18 => NEWER.get_or_init(|| unflushed(Some(18))),
            _ => DEBIAN.get_or_init(|| unflushed(None)),
        }
    }

    /// A sandbox with an empty database.
    pub fn sandbox(self) -> Sandbox {
        match self {
            Self::Sqlite => Sandbox::guarded(),
            Self::Postgres | Self::Postgres18 => Sandbox::on(self.postgres().database()),
            Self::Mariadb => Sandbox::on(Mariadb::shared().database()),
            Self::Mysql => Sandbox::on(mysql().database()),
        }
    }

    /// A sandbox with a copy of the other's database, and without its files.
    pub fn copy(self, of: &Sandbox) -> Sandbox {
        if self != Self::Sqlite {
            return Sandbox::on(of.server().copy());
        }
        let copy = Sandbox::guarded();
        if of.database().exists() {
            fs::copy(of.database(), copy.database()).expect("a copy");
        }
        copy
    }

    /// Returns whether `up` and its record are one transaction, so that both are there or neither is.
    pub fn is_transactional(self) -> bool {
        self.family() != Family::Mysql
    }

    pub fn has_table(self, sandbox: &Sandbox, name: &str) -> bool {
        let (catalogue, column, place) = match self.family() {
            Family::Sqlite => ("sqlite_schema", "name", "type = 'table'"),
            Family::Postgres => ("pg_tables", "tablename", "schemaname = 'public'"),
            Family::Mysql => {
                ("information_schema.tables", "table_name", "table_schema = DATABASE()")
            }
        };
        let sql = format!("SELECT count(*) FROM {catalogue} WHERE {place} AND {column} = '{name}'");
        sandbox.rows(&sql) != ["0"]
    }

    pub fn has_index(self, sandbox: &Sandbox, name: &str) -> bool {
        let (catalogue, column, place) = match self.family() {
            Family::Sqlite => ("sqlite_schema", "name", "type = 'index'"),
            Family::Postgres => ("pg_indexes", "indexname", "schemaname = 'public'"),
            Family::Mysql => {
                ("information_schema.statistics", "index_name", "table_schema = DATABASE()")
            }
        };
        let sql = format!("SELECT count(*) FROM {catalogue} WHERE {place} AND {column} = '{name}'");
        sandbox.rows(&sql) != ["0"]
    }

    /// `DROP INDEX` as this backend spells it.
    pub fn drop_index(self, name: &str, table: &str) -> String {
        match self.family() {
            Family::Sqlite => format!("DROP INDEX {name}"),
            Family::Postgres => format!("DROP INDEX CONCURRENTLY {name}"),
            Family::Mysql => format!("DROP INDEX {name} ON {table}"),
        }
    }

    /// `CREATE INDEX` or `CREATE UNIQUE INDEX` without blocking others, where that is possible.
    pub fn create_index(self, kind: &str, name: &str, on: &str) -> String {
        let how = if self.family() == Family::Postgres { "CONCURRENTLY" } else { "" };
        format!("CREATE {kind} {how} {name} ON {on}")
    }

    /// Waits until the server has ended the sessions of a runner that was killed.
    pub fn wait_until_alone(self, sandbox: &Sandbox) {
        let sql = match self.family() {
            Family::Sqlite => return,
            Family::Postgres => "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()
                    AND backend_type = 'client backend'"
                .to_owned(),
            Family::Mysql => {
                format!(
                    "SELECT count(*) FROM {} WHERE db = DATABASE() AND id <> CONNECTION_ID()",
                    self.processlist()
                )
            }
        };
        while sandbox.rows(&sql) != ["0"] {
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The sessions of the server, with the columns that MySQL and MariaDB share. MySQL's older
    /// table cannot be read while a session's text cannot be shown.
    pub fn processlist(self) -> &'static str {
        match self {
            Self::Mysql => "performance_schema.processlist",
            _ => "information_schema.processlist",
        }
    }
}

fn mysql() -> &'static Mysql {
    Mysql::shared().expect("it is not left out")
}
