//! A server of its own for each test: the scripts make roles, which belong to a whole server.

use crate::support::{Sandbox, servers::Postgres};

pub struct Place {
    server: Postgres,
}

impl Place {
    pub fn start() -> Self {
        let server = Postgres::own();
        let place = Self { server };
        // As the owner of such a database has it; it is no administrator.
        place.server.database().admin_sql("ALTER ROLE runner CREATEROLE;");
        place
    }

    /// A sandbox with an empty database.
    pub fn sandbox(&self) -> Sandbox {
        Sandbox::on(self.server.database())
    }

    /// Another database with all that is in the one of `sandbox`. Its name is part of the names of its roles, and
    /// of what some rows hold, so it is replaced everywhere.
    pub fn twin(&self, sandbox: &Sandbox) -> Sandbox {
        let twin = self.sandbox();
        let (from, to) = (sandbox.server().name(), twin.server().name());
        let roles: Vec<String> = sandbox
            .rows("SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'logto_tenant_' || current_database()) ORDER BY length(rolname)")
            .iter()
            .map(|role| role.replace(from, to))
            .collect();
        for (index, role) in roles.iter().enumerate() {
            // The first is the one that the others are in.
            let options = if index == 0 { "noinherit" } else { "inherit login" };
            twin.server().sql(&format!("CREATE ROLE {role} WITH {options};"));
            if index > 0 {
                twin.server().sql(&format!("GRANT {} TO {role};", roles[0]));
            }
        }
        let dump = sandbox.server().pg_dump(&[]);
        twin.server().sql(&dump.replace(from, to));
        twin
    }
}
