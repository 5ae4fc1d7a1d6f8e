//! An empty database of each kind, for tests of what is the same on all of them.

use crate::{
    Sandbox,
    servers::{Mariadb, Mysql, Postgres},
};

/// A kind of database that each run of the tests has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Sqlite,
    Postgres,
    Mariadb,
}

impl Place {
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mariadb];

    /// Makes a sandbox with an empty database.
    pub fn sandbox(self) -> Sandbox {
        match self {
            Self::Sqlite => Sandbox::new(),
            Self::Postgres => Sandbox::on(Postgres::shared().database()),
            Self::Mariadb => Sandbox::on(Mariadb::shared().database()),
        }
    }
}

/// Runs `story` on an empty database of each kind; MySQL is among them unless the run goes without it.
pub fn each_database(story: impl Fn(&Sandbox)) {
    for place in Place::ALL {
        story(&place.sandbox());
    }
    if let Some(mysql) = Mysql::shared() {
        story(&Sandbox::on(mysql.database()));
    }
}
