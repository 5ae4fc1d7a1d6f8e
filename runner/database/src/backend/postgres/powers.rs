//! What this user may do on the server beyond the database.
//!
//! Of the user that logged in as well as of the one that it acts as: a hook can go back to the first. A role counts with all
//! that it is a member of, inherited or not, because SET ROLE reaches it.

use super::{PostgresConnection, text};
use crate::backend::{
    BackendError,
    powers::{Power, Reach, owner_name},
};

/// From here on CREATEROLE gives only roles that it has ADMIN on.
pub(super) const CREATEROLE_IS_BOUNDED: u32 = 160_000;
const NAME_BYTES_MAX: usize = 63;

/// Functions that reach the server's files, and are a superuser's unless EXECUTE was granted.
pub(super) const WRITERS: &str = "pg_catalog.lo_export(oid, text)";
pub(super) const READERS: [&str; 3] = [
    "pg_catalog.lo_import(text)",
    "pg_catalog.pg_read_file(text, bigint, bigint)",
    "pg_catalog.pg_read_binary_file(text, bigint, bigint)",
];

/// A role that the user is, or may become.
#[derive(Debug, Default)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) is_user: bool,
    pub(super) is_superuser: bool,
    pub(super) makes_roles: bool,
    pub(super) writes: bool,
    pub(super) reads: bool,
}

impl Role {
    /// What it gives on a server where CREATEROLE reaches every role that is no superuser, or does not.
    fn powers(&self, createrole_reaches_all: bool) -> Vec<Power> {
        let name = &self.name;
        let in_all = if self.is_user { String::new() } else { format!(", by the role {name}") };
        let mut powers = Vec::new();
        let mut add = |reach, by| powers.push(Power { reach, by });
        match self.is_user {
            _ if !self.is_superuser => {}
            true => add(Reach::Programs, "is a superuser".to_owned()),
            false => add(Reach::Programs, format!("may become the superuser {name}")),
        }
        // A superuser has all the rest, and its membership counts in every role.
        if self.is_superuser {
            return powers;
        }
        let member = || format!("is a member of {name}");
        match name.as_str() {
            "pg_execute_server_program" => add(Reach::Programs, member()),
            "pg_write_server_files" => add(Reach::Files, member()),
            "pg_read_server_files" => add(Reach::Reads, member()),
            _ => {}
        }
        if self.makes_roles && createrole_reaches_all {
            let by = format!(
                "has CREATEROLE{in_all}, which before PostgreSQL 16 gives pg_execute_server_program too"
            );
            add(Reach::Programs, by);
        }
        if self.writes {
            add(Reach::Files, format!("may call lo_export{in_all}"));
        }
        if self.reads {
            add(Reach::Reads, format!("may call functions that read the server's files{in_all}"));
        }
        powers
    }
}

impl PostgresConnection {
    /// The user that logged in, and the statements that make one which owns this database.
    pub(super) async fn owner(&mut self) -> Result<(String, Vec<String>), BackendError> {
        let sql = "SELECT session_user::pg_catalog.text, pg_catalog.quote_ident(session_user), \
                 pg_catalog.current_database()::pg_catalog.text, \
                 pg_catalog.quote_ident(pg_catalog.current_database()), \
                 EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
                     WHERE r.rolname = session_user AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') \
                     AND c.oid >= 16384)::pg_catalog.text";
        let row: [_; 5] = super::columns(self.own_texts(sql).await?)?;
        let [user, quoted_user, database, quoted_database, has_tables] =
            row.map(Option::unwrap_or_default);
        let owner = quoted(&owner_name(&database, NAME_BYTES_MAX));
        let mut statements = vec![
            format!("CREATE ROLE {owner} LOGIN PASSWORD '…';"),
            format!("ALTER DATABASE {quoted_database} OWNER TO {owner};"),
        ];
        if has_tables == "true" {
            // For psql. Sequences of columns go with their tables.
            let text = |name: &str| name.replace('\'', "''");
            statements.push(format!("\\connect {quoted_database}"));
            statements.push(format!(
                "SELECT format('ALTER TABLE %s OWNER TO {}', oid::regclass) FROM pg_class c \
                 WHERE relowner = '{}'::regrole AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND oid >= 16384 \
                 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid \
                 AND (d.deptype = 'e' OR c.relkind = 'S' AND d.deptype IN ('a', 'i'))) \\gexec",
                text(&owner).replace('%', "%%"),
                text(&quoted_user),
            ));
        }
        Ok((user, statements))
    }
}

/// The name as SQL, quoted where it has to be. With its end it is no word of the language.
fn quoted(owner: &str) -> String {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    match owner.starts_with(|c: char| c.is_ascii_lowercase()) && owner.chars().all(is_plain) {
        true => owner.to_owned(),
        false => text::quote(owner),
    }
}

/// What the roles give together, the worst first. Of a superuser, that alone: it has all the rest.
pub(super) fn held(roles: &[Role], createrole_reaches_all: bool) -> Vec<Power> {
    let own = |role: &&Role| role.is_user && role.is_superuser;
    if let Some(superuser) = roles.iter().find(own) {
        return superuser.powers(createrole_reaches_all);
    }
    let mut held: Vec<Power> =
        roles.iter().flat_map(|role| role.powers(createrole_reaches_all)).collect();
    held.sort();
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, change: impl Fn(&mut Role)) -> Role {
        let mut role = Role { name: name.to_owned(), ..Role::default() };
        change(&mut role);
        role
    }

    fn said(roles: &[Role], before_16: bool) -> Vec<String> {
        let said = |power: Power| format!("{:?}: {}", power.reach, power.by);
        held(roles, before_16).into_iter().map(said).collect()
    }

    #[test]
    fn what_roles_give() {
        let user = || role("app", |role| role.is_user = true);
        let one_user = |change: &dyn Fn(&mut Role)| {
            role("app", |role| {
                role.is_user = true;
                change(role);
            })
        };
        let predefined = |name| role(name, |_| {});
        let table: [(&[Role], &[&str]); 8] = [
            (&[user(), predefined("team"), predefined("pg_monitor")], &[]),
            (
                &[
                    one_user(&|role| role.is_superuser = true),
                    predefined("pg_execute_server_program"),
                    role("other", |role| role.is_superuser = true),
                ],
                &["Programs: is a superuser"],
            ),
            (
                &[user(), role("root", |role| role.is_superuser = true)],
                &["Programs: may become the superuser root"],
            ),
            (
                &[
                    user(),
                    predefined("pg_read_server_files"),
                    predefined("pg_write_server_files"),
                    predefined("pg_execute_server_program"),
                ],
                &[
                    "Programs: is a member of pg_execute_server_program",
                    "Files: is a member of pg_write_server_files",
                    "Reads: is a member of pg_read_server_files",
                ],
            ),
            (
                &[one_user(&|role| role.makes_roles = true)],
                &[
                    "Programs: has CREATEROLE, which before PostgreSQL 16 gives pg_execute_server_program too",
                ],
            ),
            (
                &[user(), role("team", |role| role.makes_roles = true)],
                &[
                    "Programs: has CREATEROLE, by the role team, which before PostgreSQL 16 gives pg_execute_server_program too",
                ],
            ),
            (
                &[user(), role("team", |role| role.writes = true)],
                &["Files: may call lo_export, by the role team"],
            ),
            (
                &[one_user(&|role| role.reads = true)],
                &["Reads: may call functions that read the server's files"],
            ),
        ];
        for (roles, expected) in table {
            assert_eq!(said(roles, true), expected, "{roles:?}");
        }
        assert!(said(&[one_user(&|role| role.makes_roles = true)], false).is_empty());
    }
}
