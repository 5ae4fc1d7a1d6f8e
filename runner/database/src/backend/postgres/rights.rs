//! Whether this user may read the runner's tables.

use super::{PostgresConnection, text};
use crate::backend::{BackendError, tables::schema};

impl PostgresConnection {
    /// The statements that would let this user read those of the tables that it may not.
    pub(super) async fn grants(&mut self) -> Result<Vec<String>, BackendError> {
        let names = schema::TABLES.map(text::literal).join(", ");
        let sql = format!(
            "SELECT c.relname::pg_catalog.text, \
                 pg_catalog.has_table_privilege(c.oid, 'SELECT')::pg_catalog.text, \
                 pg_catalog.has_schema_privilege(n.oid, 'USAGE')::pg_catalog.text, \
                 pg_catalog.quote_ident(current_user) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relkind IN ('r', 'p') AND c.relname IN ({names}) ORDER BY 1",
            text::literal(&self.config.schema)
        );
        let (schema, mut tables, mut role, mut may_use) =
            (text::quote(&self.config.schema), Vec::new(), String::new(), true);
        for row in self.own_texts(&sql).await? {
            let [Some(table), Some(may_read), Some(usage), Some(user)] = &row[..] else { continue };
            if may_read != "true" {
                tables.push(format!("{schema}.{table}"));
            }
            may_use = may_use && usage == "true";
            role.clone_from(user);
        }
        let mut grants = Vec::new();
        if !may_use {
            grants.push(format!("GRANT USAGE ON SCHEMA {schema} TO {role};"));
        }
        if !tables.is_empty() {
            grants.push(format!("GRANT SELECT ON {} TO {role};", tables.join(", ")));
        }
        Ok(grants)
    }
}
