//! Who may call the functions that a confined plugin leaves.
//!
//! They run as the plugin, and PostgreSQL lets every role call a new function. So `finish` takes them from `PUBLIC`: another
//! plugin could have one work with its own arguments, or put its trigger on a table. The application goes on as before: they are
//! given to the operator's role, to whom that role's default privileges give anything, and to whoever has rights on one of
//! the plugin's relations. Triggers ask for no right to execute; defaults, checks and views do.
//!
//! ```text
//!   finish: GRANT EXECUTE … TO operator, application · REVOKE … FROM PUBLIC
//!   claim of another plugin with `reads acme/shop:totals`: GRANT EXECUTE on what that view calls ─ finish: REVOKE
//! ```

use super::lending::ALTERS;

/// The signature of the function of [`used`], without its first word.
pub(super) const USED: &str = "used(pg_catalog.oid)";

/// Statements of PL/pgSQL that take a function from `PUBLIC`: `found_one` has its `signature` and `is_public`. They need the
/// variables `me` (its owner) and `callers`, which is null at first. The operator is who runs them.
pub(super) fn taken_from_public(prefix: &str) -> String {
    format!(
        "        IF found_one.is_public THEN
            IF callers IS NULL THEN
                SELECT string_agg(quote_ident(r.rolname), ', ') INTO callers FROM pg_roles r
                    WHERE r.oid <> me AND NOT EXISTS (SELECT FROM {prefix}alteration_role o WHERE o.role = r.rolname)
                    AND (r.rolname = current_user
                        OR r.oid IN (SELECT a.grantee FROM pg_default_acl d, aclexplode(d.defaclacl) a
                            WHERE pg_get_userbyid(d.defaclrole) = current_user)
                        OR r.oid IN (SELECT a.grantee FROM pg_class c, aclexplode(c.relacl) a WHERE c.relowner = me)
                        OR r.oid IN (SELECT a.grantee FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
                            WHERE c.relowner = me));
            END IF;
            EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO %s', found_one.signature, callers);
            EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', found_one.signature);
        END IF;
"
    )
}

/// Takes from `PUBLIC` what runners before this one left to it, of all plugins.
pub(super) fn left_to_public(prefix: &str) -> String {
    format!(
        "DO $runner$ DECLARE me oid; found_one record; callers text; BEGIN
    FOR me IN SELECT u.oid FROM {prefix}alteration_role r JOIN pg_roles u ON u.rolname = r.role AND pg_has_role(u.oid, 'USAGE') LOOP
        callers := NULL;
        FOR found_one IN SELECT p.oid::regprocedure AS signature, true AS is_public FROM pg_proc p
            WHERE p.proowner = me AND has_function_privilege('public', p.oid, 'EXECUTE')
        LOOP
{}        END LOOP;
    END LOOP;
END $runner$",
        taken_from_public(prefix)
    )
}

/// What makes the function that names the functions of plugins that a statement about a table or view calls with the rights of
/// whoever runs it.
pub(super) fn used(prefix: &str) -> String {
    format!(
        "CREATE OR REPLACE FUNCTION {prefix}alteration_used(top oid) RETURNS SETOF regprocedure
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $runner$
    WITH RECURSIVE seen (relation) AS (
        SELECT unnest({prefix}alteration_tree(top))
        UNION SELECT d.refobjid FROM seen JOIN pg_rewrite w ON w.ev_class = seen.relation
            JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
    )
    SELECT DISTINCT p.oid::regprocedure FROM pg_depend d JOIN seen ON seen.relation = CASE d.classid
            WHEN 'pg_rewrite'::regclass THEN (SELECT ev_class FROM pg_rewrite WHERE oid = d.objid)
            WHEN 'pg_policy'::regclass THEN (SELECT polrelid FROM pg_policy WHERE oid = d.objid)
            WHEN 'pg_attrdef'::regclass THEN (SELECT adrelid FROM pg_attrdef WHERE oid = d.objid)
            WHEN 'pg_constraint'::regclass THEN (SELECT conrelid FROM pg_constraint WHERE oid = d.objid)
            WHEN 'pg_class'::regclass THEN (SELECT indrelid FROM pg_index WHERE indexrelid = d.objid)
            WHEN 'pg_trigger'::regclass THEN (SELECT tgrelid FROM pg_trigger WHERE oid = d.objid AND d.refobjid <> tgfoid) END
        JOIN pg_proc p ON p.oid = CASE d.refclassid WHEN 'pg_proc'::regclass THEN d.refobjid
            ELSE (SELECT oprcode FROM pg_operator WHERE oid = d.refobjid) END
        JOIN {prefix}alteration_role r ON r.role = pg_get_userbyid(p.proowner)
        WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass) AND d.refobjid >= 16384
$runner$"
    )
}

/// Statements of PL/pgSQL that give the functions of `given.relation`, or take them, from the plugin of `ticket`, whose role is
/// `me`.
pub(super) fn of_relation(prefix: &str, gives: bool) -> String {
    let (verb, to) = if gives { ("GRANT", "TO") } else { ("REVOKE", "FROM") };
    format!(
        "        IF given.privilege IN ('SELECT', '{ALTERS}') THEN
            FOR lent IN SELECT u AS name FROM {prefix}alteration_used(given.relation) u
                WHERE (SELECT proowner FROM pg_proc WHERE oid = u) <> me
            LOOP
                EXECUTE format('{verb} EXECUTE ON ROUTINE %s {to} %I', lent.name, ticket.role);
            END LOOP;
        END IF;
"
    )
}
