//! Functions of others that run with their owner's rights and that any role may call: what a plugin could have them use.
//!
//! Such a function finds the names in its body when it runs, and a hook can make what these names find: temporary tables and
//! domains, functions and operators whose parameters fit better, tables earlier on the path, casts of its own types; also for a
//! moment, of which nothing is left at its end. A search path of its own closes some of these ways, and none for good. So no
//! plugin is confined before they are taken from `PUBLIC`. An event trigger calls its function without asking anybody.
//!
//! Functions of confined plugins are not among these, nor those that are recorded as theirs and have lost their owner, as after a
//! restore: `runner confine --repair` gives them back. What a hook leaves is looked at by `scans.rs`.

use super::super::objects;

/// A query for what keeps plugins from being confined, each with the statement that mends it. `prefix` is the runner's, where
/// plugins have been confined before.
pub(super) fn question(prefix: Option<&str>) -> String {
    let of_plugin = match prefix {
        Some(prefix) => format!(
            "EXISTS (SELECT FROM {prefix}alteration_role r WHERE r.role = u.rolname OR EXISTS ( \
                SELECT FROM {prefix}alteration_object m WHERE m.plugin = r.plugin AND m.kind = 'function' \
                AND m.place = n.nspname AND m.name = {}))",
            objects::FUNCTION
        ),
        None => "false".to_owned(),
    };
    let runs = "o.prosecdef AND o.prolang NOT IN (SELECT oid FROM pg_language WHERE lanname IN ('internal', 'c'))";
    format!(
        "SELECT o.oid::regprocedure::text, format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC;', o.oid::regprocedure) \
         FROM pg_proc o JOIN pg_roles u ON u.oid = o.proowner JOIN pg_namespace n ON n.oid = o.pronamespace \
         WHERE {runs} AND o.oid >= 16384 AND has_function_privilege('public', o.oid, 'EXECUTE') AND NOT {of_plugin} \
         UNION ALL SELECT format('the event trigger %I', t.evtname), format('ALTER EVENT TRIGGER %I DISABLE;', t.evtname) \
         FROM pg_event_trigger t JOIN pg_proc o ON o.oid = t.evtfoid WHERE t.evtenabled <> 'D' AND {runs} \
         ORDER BY 1"
    )
}
