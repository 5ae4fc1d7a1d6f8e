//! Functions of others that run with their owner's rights and that any role may call: what a plugin could have them use.
//!
//! Such a function finds the names in its body when it runs. Without a search path of its own that is the caller's; temporary
//! tables come first, unless `pg_temp` is named last; and a function or operator whose parameters fit better comes before one of
//! PostgreSQL's. A hook may make all of these, also for a moment.
//!
//! | function | what happens |
//! |---|---|
//! | no path of its own, or temporary tables first | no plugin is confined before that is mended |
//! | owned by a superuser, in a path with the schema where plugins work | the same: what it runs may not be possible to take back |
//! | any other | a hook that made functions or operators and has none of them at its end is refused, and nothing it did stays |
//!
//! What a hook leaves is looked at by `scans.rs`.

use super::{super::text::literal, lendable::PINNED};

/// Expression: whether the function `p` runs as its owner, finds names when it runs, and can be called by the role `caller`.
fn is_callable(caller: &str) -> String {
    format!(
        "p.prosecdef AND p.oid >= 16384 AND has_function_privilege({caller}, p.oid, 'EXECUTE') \
         AND to_jsonb(p) ->> 'prosqlbody' IS NULL \
         AND p.prolang NOT IN (SELECT oid FROM pg_language WHERE lanname IN ('internal', 'c'))"
    )
}

/// A query for the functions that keep plugins from being confined, with the statement that mends each. `schema` is where
/// plugins make what they name without one; `path` is the search path of the database's sessions.
pub(super) fn unsafe_ones(schema: &str, path: &str) -> String {
    let (target, path) = (literal(schema), literal(path));
    format!(
        "SELECT p.oid::regprocedure::text, \
            CASE WHEN {PINNED} THEN format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC;', p.oid::regprocedure) \
            ELSE format('ALTER FUNCTION %s SET search_path = %s, pg_temp;', p.oid::regprocedure, \
                coalesce((SELECT nullif(regexp_replace(substr(s, 13), '(^|, ?)\"?pg_temp\"?', '', 'g'), '') \
                    FROM unnest(p.proconfig) s WHERE starts_with(s, 'search_path=')), {path})) END \
         FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner \
         WHERE {callable} AND p.prokind = 'f' \
            AND (p.pronamespace = to_regnamespace({target}) OR has_schema_privilege('public', p.pronamespace, 'USAGE')) \
            AND (NOT {PINNED} OR o.rolsuper AND EXISTS (SELECT FROM unnest(p.proconfig) s, \
                unnest(string_to_array(replace(substr(s, 13), ' ', ''), ',')) part \
                WHERE starts_with(s, 'search_path=') AND to_regnamespace(part) = to_regnamespace({target}))) \
         ORDER BY 1",
        callable = is_callable("'public'")
    )
}

/// Statements of PL/pgSQL that refuse a hook that made functions or operators and took them away again, where a function of
/// others could have used them. They need the variables `me`, `calls` and `matched`. The server counts what was made, also in a
/// block that was rolled back.
pub(super) fn refused() -> String {
    format!(
        "    matched := pg_stat_get_xact_tuples_inserted('pg_proc'::regclass)
        + pg_stat_get_xact_tuples_inserted('pg_operator'::regclass);
    IF matched > 0 AND matched > (SELECT count(*) FROM pg_depend d
        WHERE d.classid IN ('pg_proc'::regclass, 'pg_operator'::regclass) AND d.refclassid = 'pg_namespace'::regclass
        AND d.deptype = 'n' AND age(d.xmin) <= 0) THEN
        SELECT p.oid::regprocedure INTO calls FROM pg_proc p WHERE {callable} AND p.proowner <> me
            AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)
            AND has_schema_privilege(me, p.pronamespace, 'USAGE') LIMIT 1;
        IF calls IS NOT NULL THEN
            RAISE insufficient_privilege USING MESSAGE = format('the hook made functions or operators and removed them again: \
meanwhile the function %s of others, which runs with the rights of its owner, could have used them', calls);
        END IF;
    END IF;
",
        callable = is_callable("me")
    )
}
