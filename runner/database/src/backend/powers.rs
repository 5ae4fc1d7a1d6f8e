//! What the user of a connection may do beyond its database, and the user that could do the work without that.
//!
//! Each database reads it from its own catalogue (`postgres/powers.rs`, `mysql/powers.rs`); whether a plugin may have it
//! is decided in `deploy/trust.rs`. On SQLite there are no users: nothing reaches beyond the file but what the guard refuses.

use serde::Serialize;

/// What a user may do beyond the database that it is connected to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Powers {
    /// The user, as the server calls it. Escape it.
    pub user: String,
    /// The strongest first; none for a user that reaches its databases only.
    pub held: Vec<Power>,
    /// Statements for the server's administrator that make a user for this database and nothing else. A
    /// password is left out of them as `…`.
    pub owner_sql: Vec<String>,
}

/// One thing that reaches beyond the database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Power {
    pub reach: Reach,
    /// What gives it, as the end of a sentence about the user: `is a superuser`, `has FILE`. Escape it.
    pub by: String,
}

/// What it comes to, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Programs run as the server's own user of the operating system.
    Programs,
    /// Files are written there, which the server, or a login, reads as programs or settings.
    Files,
    /// Rights are given and passwords set, and with those the rest.
    Accounts,
    /// Files are read there: other databases, keys, settings.
    Reads,
}

/// Other programs that work in this database as this connection's user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Company {
    /// The user, as the server calls it. Escape it.
    pub user: String,
    pub sessions: u64,
    /// What they call themselves, those that do. Escape them.
    pub applications: Vec<String>,
}

impl Powers {
    /// The worst of it; none for a user that reaches its databases only.
    pub fn reach(&self) -> Option<Reach> {
        self.held.iter().map(|power| power.reach).min()
    }
}

/// A name for the user that owns `database`, of at most `bytes_max` bytes.
pub(super) fn owner_name(database: &str, bytes_max: usize) -> String {
    const END: &str = "_owner";
    let mut name = String::new();
    for c in database.chars() {
        if name.len() + c.len_utf8() + END.len() > bytes_max {
            break;
        }
        name.push(c);
    }
    name + END
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_longer_than_the_server_takes() {
        let table =
            [("app", 63, "app_owner"), ("aaaaaaaaaa", 10, "aaaa_owner"), ("éé", 9, "é_owner")];
        for (database, bytes_max, expected) in table {
            assert_eq!(owner_name(database, bytes_max), expected);
        }
    }

    #[test]
    fn the_worst_counts() {
        let power = |reach| Power { reach, by: String::new() };
        let held = vec![power(Reach::Reads), power(Reach::Programs), power(Reach::Accounts)];
        assert_eq!(Powers { held, ..Powers::default() }.reach(), Some(Reach::Programs));
        assert_eq!(Powers::default().reach(), None);
    }
}
