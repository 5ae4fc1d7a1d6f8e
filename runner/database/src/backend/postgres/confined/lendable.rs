//! Whether a table can be lent to a plugin's role: whose it is, and what of the application's would run for the plugin.
//!
//! A function that runs as its owner finds names by the search path of whoever calls it, unless it has one of its own; and
//! temporary tables come first, unless `pg_temp` is named last. A plugin that writes to the table, or whose deletes cascade to
//! another one, could have such a function use objects of its own. So can any function that runs for a cascade, which runs as
//! the owner of the referring table.

use super::super::{PostgresConnection, columns};
use crate::backend::BackendError;

/// An expression: whether the function `p` finds names by a path that its caller does not set. An empty path is none: temporary
/// tables and types come first there.
pub(super) const PINNED: &str = "(p.prolang IN (SELECT oid FROM pg_language WHERE lanname IN ('internal', 'c')) \
    OR to_jsonb(p) ->> 'prosqlbody' IS NOT NULL \
    OR EXISTS (SELECT FROM unnest(p.proconfig) s WHERE s ~ '^search_path=(.*[ ,])?\"?pg_temp\"?$'))";

/// Why a table cannot be lent, and what its owner runs about it.
pub(super) type Obstacle = (String, Vec<String>);

impl PostgresConnection {
    /// Returns why this user cannot lend the table, with its partitions and children; `None` if it can. `with_rows` asks about the
    /// rows as well.
    pub(super) async fn not_lendable(
        &mut self,
        relation: i64,
        with_rows: bool,
    ) -> Result<Option<Obstacle>, BackendError> {
        for sql in [of_owner(relation, self.config.version)]
            .into_iter()
            .chain(with_rows.then(|| of_functions(relation)))
        {
            let rows = self.own_texts(&sql).await?;
            if rows.is_empty() {
                continue;
            }
            let [reason, setup] = columns(rows)?;
            return Ok(reason.map(|reason| (reason, setup.into_iter().collect())));
        }
        Ok(None)
    }
}

/// The table with its partitions and children, as a common table expression.
fn tree(relation: i64) -> String {
    format!(
        "tree (relation) AS (SELECT {relation}::oid \
            UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree ON tree.relation = i.inhparent)"
    )
}

/// A row with a reason and a statement, where the table is not this user's to lend.
fn of_owner(relation: i64, version: u32) -> String {
    // Before version 16 a member of a role may always become it.
    let (set, with) = match version >= 160_000 {
        true => ("SET", " WITH INHERIT TRUE, SET TRUE"),
        false => ("MEMBER", ""),
    };
    format!(
        "WITH RECURSIVE {} \
         SELECT reason, setup FROM ( \
            SELECT 1 AS place, format('%s is a foreign table', c.oid::regclass) AS reason, NULL AS setup \
                FROM tree JOIN pg_class c ON c.oid = tree.relation WHERE c.relkind NOT IN ('r', 'p') \
            UNION ALL SELECT 2, format('its child %s belongs to another owner', c.oid::regclass), NULL \
                FROM tree JOIN pg_class c ON c.oid = tree.relation JOIN pg_class t ON t.oid = {relation} \
                WHERE c.relowner <> t.relowner \
            UNION ALL SELECT 3, format('the table %s belongs to the role %s, and this user is no member of it', \
                    c.oid::regclass, c.relowner::regrole), \
                CASE WHEN o.rolsuper THEN format('ALTER TABLE %s OWNER TO %I;', c.oid::regclass, current_user) \
                    ELSE format('GRANT %s TO %I{with};', c.relowner::regrole, current_user) END \
                FROM pg_class c JOIN pg_roles o ON o.oid = c.relowner WHERE c.oid = {relation} \
                AND NOT (pg_has_role(c.relowner, 'USAGE') AND pg_has_role(c.relowner, '{set}')) \
            UNION ALL SELECT 4, format('this user may not give rights on the schema %s', c.relnamespace::regnamespace), \
                format('GRANT CREATE, USAGE ON SCHEMA %s TO %I WITH GRANT OPTION;', c.relnamespace::regnamespace, current_user) \
                FROM tree JOIN pg_class c ON c.oid = tree.relation \
                WHERE NOT has_schema_privilege(c.relnamespace, 'CREATE WITH GRANT OPTION') \
         ) found ORDER BY place LIMIT 1",
        tree(relation)
    )
}

/// A row with a reason and a statement, where a function of others that runs for the plugin could be made to use what is the
/// plugin's.
fn of_functions(relation: i64) -> String {
    format!(
        "WITH RECURSIVE {}, {} \
        SELECT format('the function %s of others, which runs when rows of %s change, finds names by the path of its caller', \
                p.oid::regprocedure, used.relation::regclass), {} \
        FROM used JOIN pg_proc p ON p.oid = used.function WHERE {} LIMIT 1",
        tree(relation),
        reached(),
        setup(),
        found()
    )
}

/// A condition: the function `p` of `used` runs with the rights of others and finds names by its caller's path.
pub(super) fn found() -> String {
    format!("(p.prosecdef OR NOT used.is_own) AND p.oid >= 16384 AND NOT {PINNED}")
}

/// The functions that writing to the tables of `tree` calls there, and where its changes cascade to: `used`, a common table
/// expression behind one that is called `tree`.
pub(super) fn reached() -> &'static str {
    "reached (relation, event, is_own) AS ( \
            SELECT relation, e.event, true FROM tree CROSS JOIN (VALUES (4), (8), (16)) e (event) \
            UNION SELECT k.conrelid, CASE WHEN reached.event = 8 AND k.confdeltype = 'c' THEN 8 ELSE 16 END, false \
                FROM reached JOIN pg_constraint k ON k.contype = 'f' AND k.confrelid = reached.relation \
                WHERE reached.event = 8 AND k.confdeltype IN ('c', 'n', 'd') \
                    OR reached.event = 16 AND k.confupdtype IN ('c', 'n', 'd') \
        ), used (relation, is_own, function) AS ( \
            SELECT r.relation, r.is_own, t.tgfoid FROM reached r JOIN pg_trigger t ON t.tgrelid = r.relation \
                AND NOT t.tgisinternal AND (t.tgtype & r.event) <> 0 \
            UNION SELECT r.relation, r.is_own, d.refobjid FROM reached r JOIN pg_depend d ON d.refclassid = 'pg_proc'::regclass \
                AND r.relation = CASE d.classid \
                    WHEN 'pg_constraint'::regclass THEN (SELECT conrelid FROM pg_constraint WHERE oid = d.objid) \
                    WHEN 'pg_attrdef'::regclass THEN (SELECT adrelid FROM pg_attrdef WHERE oid = d.objid) \
                    WHEN 'pg_class'::regclass THEN (SELECT indrelid FROM pg_index WHERE indexrelid = d.objid) \
                    WHEN 'pg_trigger'::regclass THEN (SELECT tgrelid FROM pg_trigger WHERE oid = d.objid AND d.refobjid <> tgfoid) \
                    WHEN 'pg_policy'::regclass THEN (SELECT polrelid FROM pg_policy WHERE oid = d.objid) \
                    WHEN 'pg_rewrite'::regclass THEN (SELECT ev_class FROM pg_rewrite WHERE oid = d.objid) END \
        )"
}

/// An expression: the statement that gives the function `p` a path of its own.
pub(super) fn setup() -> &'static str {
    "format('ALTER FUNCTION %s SET search_path = %s, pg_temp;', p.oid::regprocedure, \
        coalesce((SELECT nullif(regexp_replace(regexp_replace(substr(s, 13), '(^|, ?)\"?pg_temp\"?', '', 'g'), '^\"\"$', 'pg_catalog'), '') \
            FROM unnest(p.proconfig) s WHERE starts_with(s, 'search_path=')), p.pronamespace::regnamespace::text))"
}
