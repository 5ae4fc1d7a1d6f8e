//! Where a scenario runs: a backend, fresh databases on it, and copies of prepared ones.
//!
//! Knows nothing of what is deployed; servers come from `support::servers`.

use crate::support::{
    Sandbox,
    servers::{Mariadb, Postgres},
};
use std::{fs, sync::OnceLock, thread, time::Duration};

/// A server that does not write through to the disk: it makes a database for each of hundreds of
/// points, and is never killed itself.
pub fn postgres() -> &'static Postgres {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    SERVER.get_or_init(|| {
        Postgres::with_settings(&[
            ("fsync", "off"),
            ("full_page_writes", "off"),
            ("autovacuum", "off"),
            // A template that is copied as files needs a checkpoint each time.
            ("checkpoint_timeout", "1h"),
        ])
    })
}

/// One backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Sqlite,
    Postgres,
    Mariadb,
}

impl Place {
    /// A sandbox with an empty database.
    pub fn sandbox(self) -> Sandbox {
        match self {
            Self::Sqlite => Sandbox::new(),
            Self::Postgres => Sandbox::on(postgres().database()),
            Self::Mariadb => Sandbox::on(Mariadb::shared().database()),
        }
    }

    /// A sandbox with a copy of the other's database, and without its files.
    pub fn copy(self, of: &Sandbox) -> Sandbox {
        if self != Self::Sqlite {
            return Sandbox::on(of.server().copy());
        }
        let copy = Sandbox::new();
        if of.database().exists() {
            fs::copy(of.database(), copy.database()).expect("a copy");
        }
        copy
    }

    /// Whether `up` and its record are one transaction, so that both are there or neither is.
    pub fn is_transactional(self) -> bool {
        self != Self::Mariadb
    }

    pub fn has_table(self, sandbox: &Sandbox, name: &str) -> bool {
        let (catalogue, column, place) = match self {
            Self::Sqlite => ("sqlite_schema", "name", "type = 'table'"),
            Self::Postgres => ("pg_tables", "tablename", "schemaname = 'public'"),
            Self::Mariadb => {
                ("information_schema.tables", "table_name", "table_schema = DATABASE()")
            }
        };
        let sql = format!("SELECT count(*) FROM {catalogue} WHERE {place} AND {column} = '{name}'");
        sandbox.rows(&sql) != ["0"]
    }

    pub fn has_index(self, sandbox: &Sandbox, name: &str) -> bool {
        let (catalogue, column, place) = match self {
            Self::Sqlite => ("sqlite_schema", "name", "type = 'index'"),
            Self::Postgres => ("pg_indexes", "indexname", "schemaname = 'public'"),
            Self::Mariadb => {
                ("information_schema.statistics", "index_name", "table_schema = DATABASE()")
            }
        };
        let sql = format!("SELECT count(*) FROM {catalogue} WHERE {place} AND {column} = '{name}'");
        sandbox.rows(&sql) != ["0"]
    }

    /// `DROP INDEX` as this backend spells it.
    pub fn drop_index(self, name: &str, table: &str) -> String {
        match self {
            Self::Sqlite => format!("DROP INDEX {name}"),
            Self::Postgres => format!("DROP INDEX CONCURRENTLY {name}"),
            Self::Mariadb => format!("DROP INDEX {name} ON {table}"),
        }
    }

    /// `CREATE INDEX` or `CREATE UNIQUE INDEX` without blocking others, where that is possible.
    pub fn create_index(self, kind: &str, name: &str, on: &str) -> String {
        let how = if self == Self::Postgres { "CONCURRENTLY" } else { "" };
        format!("CREATE {kind} {how} {name} ON {on}")
    }

    /// Waits until the server has ended the sessions of a runner that was killed.
    pub fn wait_until_alone(self, sandbox: &Sandbox) {
        let sql = match self {
            Self::Sqlite => return,
            Self::Postgres => {
                "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()
                    AND backend_type = 'client backend'"
            }
            Self::Mariadb => {
                "SELECT count(*) FROM information_schema.processlist
                 WHERE db = DATABASE() AND id <> CONNECTION_ID()"
            }
        };
        while sandbox.rows(sql) != ["0"] {
            thread::sleep(Duration::from_millis(5));
        }
    }
}
