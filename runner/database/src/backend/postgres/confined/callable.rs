//! Functions of others that run with their owner's rights and that any role may call: what a plugin could have them use.
//!
//! Such a function finds the names in its body when it runs, and a hook can make what these names find: temporary tables and
//! domains, functions and operators whose parameters fit better, tables earlier on the path, casts of its own types; also for a
//! moment, of which nothing is left at its end. A search path of its own closes some of these ways, and none for good. So no
//! plugin is confined before they are taken from `PUBLIC`. An event trigger calls its function without asking anybody.
//!
//! Functions of other confined plugins are not among these. What a hook leaves is looked at by `scans.rs`.

/// A query for what keeps plugins from being confined, each with the statements that mend it. `roles` is the table of plugins'
/// roles, where there is one.
pub(super) fn question(roles: Option<&str>) -> String {
    let of_plugin = match roles {
        Some(roles) => format!("EXISTS (SELECT FROM {roles} r WHERE r.role = o.rolname)"),
        None => "false".to_owned(),
    };
    format!(
        "SELECT p.oid::regprocedure::text, format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC;', p.oid::regprocedure) \
         FROM pg_proc p JOIN pg_roles o ON o.oid = p.proowner \
         WHERE p.prosecdef AND p.oid >= 16384 AND has_function_privilege('public', p.oid, 'EXECUTE') \
            AND p.prolang NOT IN (SELECT oid FROM pg_language WHERE lanname IN ('internal', 'c')) AND NOT {of_plugin} \
         UNION ALL SELECT format('the event trigger %I', t.evtname), format('ALTER EVENT TRIGGER %I DISABLE;', t.evtname) \
         FROM pg_event_trigger t JOIN pg_proc p ON p.oid = t.evtfoid \
         WHERE t.evtenabled <> 'D' AND p.prosecdef AND p.prolang NOT IN (SELECT oid FROM pg_language WHERE lanname IN ('internal', 'c')) \
         ORDER BY 1"
    )
}
