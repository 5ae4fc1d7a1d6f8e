//! Code of others that a plugin could have run with their rights, by writing to its own tables.
//!
//! A foreign key's cascade from a table of the plugin's runs as the owner of the referring table, and so does what the
//! cascade fires there, from table to table. A trigger of the application's on a table of the plugin's may run as its owner. A
//! function that finds names by the path of its caller would find those that the hook has made. So `claim` refuses a plugin while
//! there is one, and so does a statement that adds such a cascade.

use super::lendable::{found, reached, setup};

/// The signature of the function, without its first word.
pub(super) const CASCADES: &str = "cascades(pg_catalog.oid)";

/// What makes the function that names the first such function for the plugin `me`; null if there is none.
pub(super) fn function(prefix: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION {prefix}alteration_cascades(me oid) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $runner$
BEGIN
    -- Nearly always there is nothing to look for.
    IF NOT EXISTS (SELECT FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid WHERE k.contype = 'f'
            AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd')) AND c.relowner = me
            AND EXISTS (SELECT FROM pg_class r WHERE r.oid = k.conrelid AND r.relowner <> me))
        AND NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
            WHERE NOT t.tgisinternal AND p.prosecdef AND p.proowner <> me AND c.relowner = me) THEN
        RETURN NULL;
    END IF;
    RETURN (WITH RECURSIVE tree (relation) AS (SELECT oid FROM pg_class WHERE relowner = me AND relkind IN ('r', 'p')),
        {reached}
        SELECT format('the function %s runs with the rights of others when rows of %s change%s, and finds names by the path of its \
caller; run: %s', p.oid::regprocedure, used.relation::regclass,
            CASE WHEN used.is_own THEN '' ELSE ' because of a foreign key to a table of the plugin' END, rtrim({setup}, ';'))
        FROM used JOIN pg_proc p ON p.oid = used.function AND p.proowner <> me JOIN pg_class c ON c.oid = used.relation
        WHERE {found} AND (p.prosecdef OR c.relowner <> me) ORDER BY p.oid::regprocedure::text LIMIT 1);
END $runner$",
        reached = reached(),
        setup = setup(),
        found = found()
    )
}

/// Statements of PL/pgSQL that refuse such code. They need the variables `me` and `calls`.
pub(super) fn refused(prefix: &str) -> String {
    format!(
        "    calls := {prefix}alteration_cascades(me);
    IF calls IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = calls;
    END IF;
"
    )
}
