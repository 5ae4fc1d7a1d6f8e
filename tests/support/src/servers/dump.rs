//! A database as text, for comparing: schema and rows, without the runner's own tables.
//!
//! Rows are sorted, since servers return them in the order in which they happen to lie. Sequences
//! and AUTO_INCREMENT counters are part of it: alterations whose end states are compared should
//! choose their ids, because a rolled-back INSERT moves the counters by design.

use super::{
    catalogue,
    client::{Client, Role, run},
    postgres::newest,
};

impl Client {
    /// Schema and rows of a database, equal for equal databases.
    pub fn dump(&self, database: &str) -> String {
        let mut command = match self {
            // pg_dump reads no server that is newer than itself.
            Self::Postgres { major, .. } if *major > newest() => {
                return catalogue::dump(self, database);
            }
            Self::Postgres { .. } => {
                let mut command = self.command("pg_dump", Role::Administrator);
                command.args(["--inserts", "--no-owner", "--no-privileges", "--no-comments"]);
                command.args(["--exclude-table=*.alteration_*", database]);
                command
            }
            Self::Mysql { .. } => {
                let own = "SELECT table_name FROM information_schema.tables
                    WHERE table_schema = DATABASE() AND table_name LIKE 'alteration\\_%';";
                let mut command = self.command("mariadb-dump", Role::Administrator);
                command.args(["--skip-dump-date", "--skip-comments", "--skip-extended-insert"]);
                command.args(["--skip-add-locks", "--skip-disable-keys", "--single-transaction"]);
                command.args(["--hex-blob", "--routines", "--triggers", "--events"]);
                for table in self.rows(Role::Administrator, database, own) {
                    command.arg(format!("--ignore-table={database}.{table}"));
                }
                command.arg(database);
                command
            }
        };
        let text = run(&mut command, "").unwrap_or_else(|error| panic!("no dump: {error:#}"));
        sorted(&text)
    }

    /// PostgreSQL's own text of a database.
    pub fn pg_dump(&self, database: &str, options: &[&str]) -> String {
        let mut command = self.command("pg_dump", Role::Administrator);
        run(command.args(options).arg(database), "")
            .unwrap_or_else(|error| panic!("no dump: {error:#}"))
    }
}

/// Sorts each run of INSERT statements; drops comments and empty lines.
fn sorted(dump: &str) -> String {
    let mut statements: Vec<String> = Vec::new();
    // Inside of a value that spans lines, everything is kept.
    let mut in_value = false;
    for line in dump.lines() {
        if in_value {
            let last = statements.last_mut().expect("a value begins in a statement");
            last.push('\n');
            last.push_str(line);
            in_value = !line.ends_with(");");
            continue;
        }
        // `\restrict` carries a random key.
        if line.is_empty() || line.starts_with("--") || line.starts_with('\\') {
            continue;
        }
        in_value = line.starts_with("INSERT INTO ") && !line.ends_with(");");
        statements.push(line.to_owned());
    }
    let is_insert = |line: &String| line.starts_with("INSERT INTO ");
    for run in statements.chunk_by_mut(|a, b| is_insert(a) && is_insert(b)) {
        run.sort();
    }
    statements.join("\n")
}
