//! The three kinds of databases that histories are for.

use crate::support::{
    Sandbox,
    servers::{Mariadb, Postgres},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Sqlite,
    Postgres,
    Mariadb,
}

impl Place {
    pub const ALL: [Self; 3] = [Self::Sqlite, Self::Postgres, Self::Mariadb];

    /// A sandbox with an empty database.
    pub fn sandbox(self) -> Sandbox {
        match self {
            Self::Sqlite => Sandbox::new(),
            Self::Postgres => Sandbox::on(Postgres::shared().database()),
            Self::Mariadb => Sandbox::on(Mariadb::shared().database()),
        }
    }
}
