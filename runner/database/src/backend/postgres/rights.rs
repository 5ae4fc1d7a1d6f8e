//! What this user may do: beyond the database, and with the runner's tables.

use super::{
    PostgresConnection,
    powers::{CREATEROLE_IS_BOUNDED, READERS, Role, WRITERS, held},
    text,
};
use crate::backend::{
    BackendError,
    connection::Rights,
    powers::{Company, Powers},
};
use alteration_domain::record::tables;
use async_trait::async_trait;

#[async_trait]
impl Rights for PostgresConnection {
    async fn powers(&mut self) -> Result<Powers, BackendError> {
        let may = |function: &str| {
            let function = text::literal(function);
            format!("pg_catalog.has_function_privilege(r.oid, {function}, 'EXECUTE')")
        };
        let (writes, reads) = (may(WRITERS), READERS.map(may).join(" OR "));
        let sql = format!(
            "SELECT r.rolname::pg_catalog.text, (r.rolname IN (session_user, current_user))::pg_catalog.text, \
                 r.rolsuper::pg_catalog.text, r.rolcreaterole::pg_catalog.text, \
                 ({writes})::pg_catalog.text, ({reads})::pg_catalog.text \
             FROM pg_catalog.pg_roles r \
             WHERE pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER') \
                 OR pg_catalog.pg_has_role(current_user, r.oid, 'MEMBER') \
             ORDER BY r.rolname"
        );
        let is_true = |text: &Option<String>| text.as_deref() == Some("true");
        let mut roles = Vec::new();
        for row in self.own_texts(&sql).await? {
            let [Some(name), is_user, is_superuser, makes_roles, writes, reads] = &row[..] else {
                continue;
            };
            roles.push(Role {
                name: name.clone(),
                is_user: is_true(is_user),
                is_superuser: is_true(is_superuser),
                makes_roles: is_true(makes_roles),
                writes: is_true(writes),
                reads: is_true(reads),
            });
        }
        let held = held(&roles, self.config.version < CREATEROLE_IS_BOUNDED);
        if held.is_empty() {
            return Ok(Powers::default());
        }
        let (user, owner_sql) = self.owner().await?;
        Ok(Powers { user, held, owner_sql })
    }

    async fn company(&mut self) -> Result<Option<Company>, BackendError> {
        let sql = "SELECT session_user::pg_catalog.text, a.application_name, pg_catalog.count(*) \
             FROM pg_catalog.pg_stat_activity a \
             WHERE a.datname = pg_catalog.current_database() AND a.usename = session_user \
                AND a.backend_type = 'client backend' AND a.pid <> pg_catalog.pg_backend_pid() \
                AND a.application_name NOT LIKE 'runner %' \
                AND a.application_name !~* '^(psql|pg_dump|pg_restore|pgadmin|dbeaver)' \
             GROUP BY 2 ORDER BY 2";
        let mut company = Company::default();
        for row in self.own_texts(sql).await? {
            let [user, application, sessions] = super::columns(vec![row])?;
            company.user = user.unwrap_or_default();
            company.applications.extend(application.filter(|name| !name.is_empty()));
            company.sessions += sessions.and_then(|count| count.parse::<u64>().ok()).unwrap_or(1);
        }
        Ok((company.sessions > 0).then_some(company))
    }

    async fn grants_to_read(&mut self) -> Result<Vec<String>, BackendError> {
        let names = tables::TABLES.map(text::literal).join(", ");
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
