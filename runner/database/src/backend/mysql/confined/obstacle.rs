//! What stands in the way of confining a plugin, and what a database administrator runs once. Read from SHOW GRANTS.

use super::super::{
    MysqlConnection,
    powers::{Line, escaped, fits},
};
use crate::backend::{BackendError, Obstacle, identifier::in_backticks as quote};
use std::collections::BTreeSet;

/// Rights on the database that are given on, or by which the procedure is made.
const NEEDED: [&str; 15] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "REFERENCES",
    "INDEX",
    "ALTER",
    "CREATE VIEW",
    "SHOW VIEW",
    "TRIGGER",
    "EXECUTE",
    "CREATE ROUTINE",
    "ALTER ROUTINE",
];
const ALL: &str = "ALL PRIVILEGES";

impl MysqlConnection {
    pub(super) async fn find_obstacle(&mut self) -> Result<Option<Obstacle>, BackendError> {
        let (mut missing, mut setup) = (Vec::new(), Vec::new());
        if self.server.galera {
            missing.push("on a Galera cluster the runner cannot confine a plugin yet".to_owned());
            return Ok(Some(Obstacle { missing, setup }));
        }
        let mut lines = self.granted("SHOW GRANTS").await?;
        let roles: BTreeSet<String> = lines.iter().flat_map(Line::roles).cloned().collect();
        if !roles.is_empty() {
            lines.extend(self.granted_by(&roles).await?);
        }
        let (global, here) = held_here(&lines, &self.server.database);
        let account = self.asked("SELECT CURRENT_USER()").await?.unwrap_or_default();
        let (name, host) = account.rsplit_once('@').unwrap_or((&account, "%"));
        let text = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
        let user = format!("{}@{}", text(name), text(host));
        if !global.contains("CREATE USER") && !global.contains(ALL) {
            missing.push(format!("the user {account} may not make users"));
            setup.push(format!("GRANT CREATE USER ON *.* TO {user};"));
        }
        let has = |right: &str| here.contains(right) || here.contains(ALL);
        if !here.contains("GRANT OPTION") || !NEEDED.iter().all(|right| has(right)) {
            let database = &self.server.database;
            missing
                .push(format!("the user {account} may not give rights on the database {database}"));
            setup.push(format!(
                "GRANT ALL ON {}.* TO {user} WITH GRANT OPTION;",
                quote(&escaped(database))
            ));
        }
        Ok((!missing.is_empty()).then_some(Obstacle { missing, setup }))
    }
}

/// Returns the rights on the whole server, and all that count in this database.
fn held_here<'a>(lines: &'a [Line], name: &str) -> (BTreeSet<&'a str>, BTreeSet<&'a str>) {
    let (mut global, mut here) = (BTreeSet::new(), BTreeSet::new());
    for line in lines {
        let Line::Rights { is_revoked: false, rights, database, is_table: false } = line else {
            continue;
        };
        let rights = rights.iter().map(String::as_str);
        match database {
            None => global.extend(rights),
            Some(pattern) if fits(pattern, name) => here.extend(rights),
            Some(_) => {}
        }
    }
    here.extend(&global);
    (global, here)
}
