//! Whether code that a plugin left on tables of others could run with the rights of others in the plugin's own session.
//!
//! When a hook has ended, its functions run as the plugin, whoever calls them. While a hook runs, their owner can have them run
//! as the caller: then whatever writes to such a table for the plugin, but with other rights, would run them with these. Two
//! things do that: functions that run as their owner, and foreign keys' cascades, which run as the owner of the referring table.

use super::lending::{ALTERS, LEAVES_CODE};

/// The signature of the function, without its first word.
pub(super) const EXPOSED: &str = "exposed(pg_catalog.oid, pg_catalog.text)";

/// What makes the function that says by what the code of `me` could run so under the ticket `asked`; null if by nothing.
pub(super) fn function(prefix: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION {prefix}alteration_exposed(me oid, asked text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $runner$
    WITH RECURSIVE coded AS (
        SELECT unnest({prefix}alteration_tree(r.relation::oid)) AS relation FROM {prefix}alteration_right r
            WHERE r.number = asked AND r.privilege = '{LEAVES_CODE}'
        UNION SELECT c.oid FROM pg_proc p JOIN pg_depend d ON d.refclassid = 'pg_proc'::regclass AND d.refobjid = p.oid
            JOIN pg_class c ON c.relowner <> me AND c.oid = CASE d.classid
                WHEN 'pg_trigger'::regclass THEN (SELECT tgrelid FROM pg_trigger WHERE oid = d.objid)
                WHEN 'pg_policy'::regclass THEN (SELECT polrelid FROM pg_policy WHERE oid = d.objid)
                WHEN 'pg_attrdef'::regclass THEN (SELECT adrelid FROM pg_attrdef WHERE oid = d.objid)
                WHEN 'pg_constraint'::regclass THEN (SELECT conrelid FROM pg_constraint WHERE oid = d.objid)
                WHEN 'pg_class'::regclass THEN (SELECT indrelid FROM pg_index WHERE indexrelid = d.objid) END
            WHERE p.proowner = me
    ), written AS (
        SELECT oid AS relation FROM pg_class WHERE relowner = me AND relkind IN ('r', 'p')
        UNION SELECT unnest({prefix}alteration_tree(r.relation::oid)) FROM {prefix}alteration_right r
            WHERE r.number = asked AND r.privilege = '{ALTERS}'
    ), cascade AS (
        SELECT k.conrelid, k.conname FROM pg_constraint k JOIN written ON written.relation = k.confrelid
            WHERE k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
        UNION SELECT k.conrelid, k.conname FROM pg_constraint k JOIN cascade ON cascade.conrelid = k.confrelid
            WHERE k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))
    )
    SELECT found.reason FROM (
        SELECT format('the function %s, which runs with the rights of its owner, writes to %s, with what the plugin leaves there; \
take EXECUTE on it from PUBLIC', p.oid::regprocedure, coded.relation::regclass) AS reason
            FROM pg_proc p CROSS JOIN coded WHERE p.prosecdef AND p.oid >= 16384 AND p.proowner <> me
            AND NOT (starts_with(p.proname, 'alteration_') AND p.pronamespace = (SELECT relnamespace FROM pg_class
                WHERE oid = '{prefix}alteration_ticket'::regclass))
            AND has_table_privilege(p.proowner, coded.relation, 'INSERT, UPDATE, DELETE')
            AND (p.prorettype <> 'trigger'::regtype AND has_function_privilege(me, p.oid, 'EXECUTE')
                OR EXISTS (SELECT FROM pg_trigger t JOIN written ON written.relation = t.tgrelid WHERE t.tgfoid = p.oid))
        UNION ALL SELECT format('the foreign key %s of %s cascades with the rights of its owner, to what the plugin leaves there',
            cascade.conname, cascade.conrelid::regclass) FROM cascade JOIN coded ON coded.relation = cascade.conrelid
            JOIN pg_class c ON c.oid = cascade.conrelid AND c.relowner <> me
    ) found LIMIT 1
$runner$"
    )
}

/// Statements of PL/pgSQL that refuse what is exposed. They need the variables `me` and `calls`.
pub(super) fn refused(prefix: &str, number: &str, condition: &str) -> String {
    format!(
        "    IF {condition} THEN
        calls := {prefix}alteration_exposed(me, {number});
        IF calls IS NOT NULL THEN
            RAISE insufficient_privilege USING MESSAGE =
                'code of the plugin on a table of others could run with rights that are not the plugin''s: ' || calls;
        END IF;
    END IF;
"
    )
}
