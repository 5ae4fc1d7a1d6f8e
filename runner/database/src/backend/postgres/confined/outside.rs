//! What a confined plugin runs outside of any transaction, where no ticket gives it rights or looks at what it leaves.
//!
//! ```text
//!   operator:  row ─ GRANT CREATE, COMMIT ─                     ─ REVOKE, look, row "done"
//!   plugin:                                CREATE INDEX CONCURRENTLY …
//! ```
//!
//! Only statements that can be nothing else run so: whatever a function makes up could raise the error that sends a statement
//! outside. Code of the plugin that runs meanwhile (in an index expression) cannot make anything either: such functions are
//! closed outside of its tickets (`powers.rs`).

use super::{
    super::{
        PostgresConnection, error,
        text::{literal, quote},
        verify::Fingerprint,
    },
    scans::scans,
};
use crate::{
    alteration::{Dialect, PluginName},
    backend::BackendError,
    sql::{Statement, TokenKind},
};

const CODE: &str = "a confined plugin may not run code that commits";
const OTHER: &str = "a confined plugin may not run this outside of a transaction";

/// What takes from a role the right to make anything in a schema that is not its own.
pub(super) fn no_create(named: &str) -> String {
    format!(
        "DO $runner$ DECLARE given text; BEGIN \
         FOR given IN SELECT n.nspname FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) a \
            JOIN pg_roles r ON r.oid = a.grantee \
            WHERE r.rolname = {named} AND a.privilege_type = 'CREATE' AND n.nspowner <> r.oid \
         LOOP EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM %I', given, {named}); END LOOP; END $runner$"
    )
}

/// Why no confined plugin may run a statement outside of any transaction; `None` if it may.
pub(super) fn refused(sql: &str) -> Option<&'static str> {
    let Ok(statement) = Statement::one(sql, Dialect::Postgresql) else { return Some(OTHER) };
    match statement.verb().as_str() {
        "CREATE" | "DROP" | "ALTER" if is_about_indexes(&statement) || detaches(&statement) => None,
        "REINDEX" | "VACUUM" | "CLUSTER" | "ANALYZE" | "ANALYSE" => None,
        "DO" | "CALL" => Some(CODE),
        _ => Some(OTHER),
    }
}

fn is_about_indexes(statement: &Statement<'_>) -> bool {
    let beginnings: [&[&str]; 3] = [
        &["CREATE", "INDEX", "CONCURRENTLY"],
        &["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY"],
        &["DROP", "INDEX", "CONCURRENTLY"],
    ];
    beginnings.iter().any(|words| statement.starts_with(words))
}

/// Whether it is `ALTER TABLE … DETACH PARTITION … CONCURRENTLY`.
fn detaches(statement: &Statement<'_>) -> bool {
    let word = |at: usize| {
        let token = statement.tokens().get(at).filter(|token| token.kind == TokenKind::Word);
        token.map(|token| token.text(statement.written()).to_ascii_uppercase())
    };
    let is = |at: usize, expected: &str| word(at).as_deref() == Some(expected);
    let last = statement.tokens().len().saturating_sub(1);
    statement.starts_with(&["ALTER", "TABLE"])
        && is(last, "CONCURRENTLY")
        && (0..last).any(|at| is(at, "DETACH") && is(at + 1, "PARTITION"))
}

impl PostgresConnection {
    /// Returns what the catalogue says of the plugin's own, to be compared later.
    pub(super) async fn look_at_own(
        &mut self,
        plugin: &PluginName,
        sql: &str,
    ) -> Result<String, BackendError> {
        let role = self.known_role(plugin).await?;
        self.fingerprint_of(sql, Some(role)).await
    }

    /// Lets the plugin's role make something where it makes what it names without a schema, if that is what `sql` does.
    pub(super) async fn lend_create(
        &mut self,
        plugin: &PluginName,
        sql: &str,
    ) -> Result<(), BackendError> {
        let makes = Statement::one(sql, Dialect::Postgresql)
            .is_ok_and(|statement| statement.starts_with(&["CREATE"]));
        if !makes {
            return Ok(());
        }
        let (role, (schema, _)) = (self.known_role(plugin).await?, self.names_of(plugin).await?);
        let give = format!("GRANT CREATE ON SCHEMA {} TO {}", quote(&schema), quote(&role));
        self.in_one(&[give]).await
    }

    /// Takes it back, and looks at what was left since `before`. What is refused is removed, if the statement made it.
    pub(super) async fn take_create(
        &mut self,
        plugin: &PluginName,
        sql: &str,
        before: &str,
    ) -> Result<(), BackendError> {
        let role = self.known_role(plugin).await?;
        self.in_one(&[no_create(&literal(&role))]).await?;
        let before = Fingerprint::read(before)?;
        let Some(next) = &before.next else { return Ok(()) };
        let (_, path) = self.names_of(plugin).await?;
        let look = format!(
            "BEGIN; SET LOCAL search_path = pg_catalog, pg_temp; DO $runner$
DECLARE
    me oid := (SELECT oid FROM pg_roles WHERE rolname = {});
    since integer := age({}::xid8::xid);
    found_one record;
    calls text;
    callers text;
    own_path text := {};
BEGIN
{}
END $runner$; COMMIT",
            literal(&role),
            literal(next),
            literal(&format!("{path}, pg_temp")),
            scans(&self.config.prefix)
        );
        self.link.settle().await?;
        let Err(found) = self.link.own_run(&look).await else { return Ok(()) };
        let found = error::refused(found, self.link.url());
        self.own_run("ROLLBACK").await?;
        if let BackendError::Refused(_) = &found {
            self.drop_since(sql, &before).await?;
        }
        Err(found)
    }

    async fn known_role(&mut self, plugin: &PluginName) -> Result<String, BackendError> {
        self.role_of(plugin).await?.ok_or(BackendError::Moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_run_outside() {
        let may = [
            "CREATE INDEX CONCURRENTLY i ON t (x)",
            "/* a */ create unique index concurrently if not exists i on t (f(x))",
            "DROP INDEX CONCURRENTLY i",
            "REINDEX TABLE CONCURRENTLY t",
            "VACUUM (ANALYZE) t",
            "ALTER TABLE a.t DETACH PARTITION \"p\" CONCURRENTLY",
        ];
        for sql in may {
            assert_eq!(refused(sql), None, "{sql}");
        }
        let may_not = [
            ("DO $$ BEGIN COMMIT; END $$", CODE),
            ("CALL p()", CODE),
            ("SELECT f()", OTHER),
            ("CREATE TABLE x AS SELECT f(index, concurrently)", OTHER),
            ("ALTER TABLE t ALTER x TYPE integer USING f(detach, partition, concurrently)", OTHER),
            ("ALTER TABLE t ALTER x TYPE integer USING detach + partition + concurrently", OTHER),
            ("CREATE DATABASE d", OTHER),
            ("INSERT INTO t SELECT f()", OTHER),
            ("ALTER ROLE x PASSWORD 'x'", OTHER),
        ];
        for (sql, why) in may_not {
            assert_eq!(refused(sql), Some(why), "{sql}");
        }
    }
}
