//! What a confined plugin may not leave behind, as SQL of the function that finishes its ticket.
//!
//! | what the plugin left | what becomes of it |
//! |---|---|
//! | a function | it runs as the plugin, with a pinned search path, whoever calls it; other plugins may not (`callers.rs`) |
//! | a function, operator or type with a name of PostgreSQL's or of another owner | refused |
//! | a cast that is applied unasked to a type that is not the plugin's | refused |
//! | a conversion between encodings, a collation with a name of another owner's | refused |
//! | a default, check, index, policy, rule, view or trigger that calls what executes text or reaches out of the database | refused |
//! | one of these that calls a function of the application's or of another plugin's | refused |
//! | one of these that draws from a sequence, but for a column's default from an own one | refused |
//! | a check of a domain that columns of others have, which is called with their values | refused |
//! | a policy, or a view with its reader's rights, over tables of others; a view or rule over PostgreSQL's own views, which show what their reader may see | refused |
//! | a function whose body can alter the plugin's objects or the session of whoever calls it (`powers.rs`) | only the plugin's hooks may call it; as a trigger refused |
//! | a password, a setting or a member of its own role | refused |
//! | a table named as one of the runner's, or as another owner's on the search path | refused |
//!
//! Only rows of the catalogue that this transaction wrote are looked at: `age` counts from the transaction's own id, so
//! that those of its savepoints count as younger. Behind a statement outside of any transaction (`outside.rs`) they are those
//! since it began: `since` is how long ago that was, and 0 in a transaction. A look costs more than most hooks, so it is guarded
//! twice: by the server's counts of what was written to a catalogue, and by whether there is a row that it could be about.

use super::{super::text::literal, callers, lendable, powers};

/// Built-in functions that execute text, reach other sessions, files or servers, or change settings, by the beginnings
/// of their names.
pub(super) const REACHING: &str = "^(query_to_xml|cursor_to_xml|table_to_xml|schema_to_xml|database_to_xml|ts_stat|ts_rewrite\
    |set_config|lo_|lowrite|loread|be_lo|pg_read_|pg_ls_|pg_stat_file|pg_file_|pg_terminate|pg_cancel|pg_reload|pg_rotate\
    |pg_advisory|pg_try_advisory|pg_logical|pg_replication|pg_create_|pg_drop_|pg_copy_|pg_notify|pg_promote|pg_wal_\
    |pg_switch|pg_backup|pg_start_|pg_stop_|pg_import|pg_export|pg_restore_|pg_clear_|pg_log_|brin_|gin_clean|setval$\
    |pg_stat_get_activity|pg_stat_get_backend_activity|pg_show_all_file|pg_hba_file|pg_ident_file|pg_extension_config|pg_nextoid|binary_upgrade|pg_sync|pg_stat_reset|pg_relation_filenode|dblink|crosstab|connectby\
    |xpath_table|xpath_list|xslt_process|pg_background|http|cron|lo_manage|query_plan)";

/// How a scan of everything that a role owns sets `since`, whenever it was made: no row is older.
pub(super) const EVER: &str = "2147483647";

/// Looks at what the transaction made, and refuses what would run with the rights of others. Statements of PL/pgSQL with the
/// variables `me` (the role), `own_path` (where its functions find names), `since`, `found_one`, `calls` and `callers`.
pub(super) fn scans(prefix: &str) -> String {
    format!("{}{OWN_ROLE}", of_objects(prefix))
}

/// Refuses a hook that changed its own role.
const OWN_ROLE: &str =
    "    -- A password or a setting of its own would let another session in, which nothing looks at.
    IF EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'RowExclusiveLock' AND relation IN
        ('pg_authid'::regclass, 'pg_auth_members'::regclass, 'pg_db_role_setting'::regclass)) THEN
        RAISE insufficient_privilege USING MESSAGE = 'the hook changed its own role';
    END IF;
";

/// As [`scans`], without the look at the role itself.
pub(super) fn of_objects(prefix: &str) -> String {
    let (reaching, powers) = (literal(REACHING), powers::question());
    let state = literal(prefix.trim_end_matches('.'));
    let mut scans = String::new();
    let mut add = |touched: &[&str], body: String| scans.push_str(&where_touched(touched, &body));
    add(
        &["pg_proc"],
        format!(
            "    FOR found_one IN
        SELECT p.oid, p.proname AS name, p.prokind AS kind, p.proconfig AS config, p.prosecdef AS is_definer,
            p.oid::regprocedure::text AS signature, p.prorettype = 'trigger'::regtype AS is_trigger,
            {powers} AS has_powers, {pinned} AS is_pinned, has_function_privilege('public', p.oid, 'EXECUTE') AS is_public,
            (SELECT nullif(regexp_replace(substr(c, 13), '(^|, ?)\"?pg_temp\"?|^\"\"$', '', 'g'), '')
                FROM unnest(p.proconfig) c WHERE starts_with(c, 'search_path=')) AS path,
            EXISTS (SELECT FROM pg_proc o WHERE o.proname = p.proname AND o.oid <> p.oid
                AND (o.pronamespace = 'pg_catalog'::regnamespace OR o.proowner <> me))
                OR p.pronargs = 1 AND EXISTS (SELECT FROM pg_type b WHERE b.typname = p.proname AND b.typowner <> me) AS is_others
        FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.proowner = me AND age(p.xmin) <= since
    LOOP
        IF found_one.is_others THEN
            RAISE insufficient_privilege USING MESSAGE = format(
                'the function %s has the name of another one, which would be called in its place', found_one.signature);
        END IF;
        IF found_one.kind IN ('f', 'p') THEN
            IF NOT found_one.is_definer THEN
                EXECUTE format('ALTER ROUTINE %s SECURITY DEFINER', found_one.signature);
            END IF;
            IF NOT EXISTS (SELECT FROM unnest(found_one.config) c WHERE starts_with(c, 'search_path=')) THEN
                EXECUTE format('ALTER ROUTINE %s SET search_path = %s', found_one.signature, own_path);
            ELSIF NOT found_one.is_pinned THEN
                -- Temporary tables and types of the session that it runs in would come first.
                EXECUTE format('ALTER ROUTINE %s SET search_path = %s', found_one.signature,
                    concat_ws(', ', coalesce(found_one.path, 'pg_catalog'), 'pg_temp'));
            END IF;
        END IF;
        IF found_one.has_powers AND (found_one.is_trigger OR EXISTS (SELECT FROM pg_depend d
            WHERE d.refclassid = 'pg_proc'::regclass AND d.refobjid = found_one.oid AND d.deptype = 'n'
            AND d.classid <> 'pg_proc'::regclass)) THEN
            RAISE insufficient_privilege USING MESSAGE = format('the function %s makes or alters objects, \
executes text or changes settings, which it could do in the sessions of others', found_one.signature);
        END IF;
{taken}{closed}
    END LOOP;
", pinned = lendable::PINNED, taken = callers::taken_from_public(prefix), closed = powers::CLOSE
        ),
    );
    add(
        &["pg_operator"],
        "    SELECT 'the operator ' || o.oprname INTO calls FROM pg_operator o
        WHERE o.oprowner = me AND age(o.xmin) <= since AND EXISTS (SELECT FROM pg_operator b
            WHERE b.oprname = o.oprname AND b.oprowner <> me) LIMIT 1;
    IF calls IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = calls || ' has the name of another one, which would be used in its place';
    END IF;
"
            .to_owned(),
    );
    add(
        &["pg_type"],
        "    SELECT 'the type ' || t.typname INTO calls FROM pg_type t
        LEFT JOIN pg_class c ON c.oid = t.typrelid
        WHERE t.typowner = me AND age(t.xmin) <= since AND (c.oid IS NULL OR c.relkind = 'c') AND t.typelem = 0
        AND EXISTS (SELECT FROM pg_type b WHERE b.typname = t.typname AND b.oid <> t.oid AND b.typowner <> me
            AND (b.typnamespace = 'pg_catalog'::regnamespace
                OR b.typnamespace::regnamespace::text = ANY (string_to_array(own_path, ', ')))) LIMIT 1;
    IF calls IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = calls || ' has the name of another one, which would be used in its place';
    END IF;
"
            .to_owned(),
    );
    add(
        &["pg_cast"],
        "    SELECT format('the cast from %s to %s', a.typname, b.typname) INTO calls FROM pg_cast k
        JOIN pg_type a ON a.oid = k.castsource JOIN pg_type b ON b.oid = k.casttarget
        WHERE age(k.xmin) <= since AND k.castcontext <> 'e' AND (a.typowner = me OR b.typowner = me)
        AND NOT (a.typowner = me AND b.typowner = me) LIMIT 1;
    IF calls IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = calls || ' would be applied where nobody asked for it';
    END IF;
"
            .to_owned(),
    );
    add(
        &["pg_conversion"],
        "    SELECT CASE WHEN c.condefault THEN 'the default conversion ' ELSE 'the conversion ' END || c.conname INTO calls
        FROM pg_conversion c WHERE c.conowner = me AND age(c.xmin) <= since LIMIT 1;
    IF calls IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = calls || ' would be used for texts of others';
    END IF;
"
            .to_owned(),
    );
    add(
        &["pg_collation"],
        "    SELECT 'the collation ' || l.collname INTO calls FROM pg_collation l
        WHERE l.collowner = me AND age(l.xmin) <= since AND EXISTS (SELECT FROM pg_collation b
            WHERE b.collname = l.collname AND b.oid <> l.oid AND b.collowner <> me) LIMIT 1;
    IF calls IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = calls || ' has the name of another one';
    END IF;
"
        .to_owned(),
    );
    for (catalogue, prefix, owner, what) in TEXT_SEARCH {
        add(
            &[catalogue],
            format!("    SELECT '{what} ' || t.{prefix}name INTO calls FROM {catalogue} t
        WHERE t.{owner} = me AND age(t.xmin) <= since AND EXISTS (SELECT FROM {catalogue} b
            WHERE b.{prefix}name = t.{prefix}name AND b.oid <> t.oid AND b.{owner} <> me) LIMIT 1;
    IF calls IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = calls || ' has the name of another one, which would be used in its place';
    END IF;
"),
        );
    }
    add(
        &["pg_class"],
        format!(
            "    SELECT c.oid::regclass INTO calls FROM pg_class c
        WHERE c.relowner = me AND age(c.xmin) <= since AND (
            c.relnamespace = {state}::regnamespace AND starts_with(c.relname, 'alteration_')
            OR c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND EXISTS (SELECT FROM pg_class o
                WHERE o.relname = c.relname AND o.oid <> c.oid AND o.relowner <> me
                AND o.relnamespace::regnamespace::text = ANY (string_to_array(own_path, ', ')))) LIMIT 1;
    IF calls IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = calls || ' has the name of another one, which would be used in its place';
    END IF;
"
        ),
    );
    add(
        &["pg_attrdef"],
        "    SELECT format('a default of %s draws from %s', c.oid::regclass, q.oid::regclass) INTO calls
        FROM pg_attrdef a JOIN pg_class c ON c.oid = a.adrelid
        JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = a.oid AND d.refclassid = 'pg_class'::regclass
        JOIN pg_class q ON q.oid = d.refobjid
        WHERE c.relowner = me AND q.relowner <> me AND age(a.xmin) <= since LIMIT 1;
    IF calls IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = calls || ', with the rights of whoever writes there';
    END IF;
"
            .to_owned(),
    );
    // PostgreSQL calls a domain's new check with every value of the columns that have it, whosever the table is.
    add(
        &["pg_constraint"],
        where_any(
            &["pg_constraint o WHERE o.contypid > 0 AND age(o.xmin) <= since"],
            "    SELECT format('the domain %s of %s', t.typname, c.oid::regclass) INTO calls
        FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid
        CROSS JOIN LATERAL (WITH RECURSIVE kin AS (SELECT t.oid
            UNION SELECT n.oid FROM pg_type n JOIN kin ON n.typbasetype = kin.oid) SELECT oid FROM kin) kin
        JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = kin.oid AND d.classid = 'pg_class'::regclass
        JOIN pg_class c ON c.oid = d.objid
        WHERE t.typowner = me AND c.relowner <> me AND age(k.xmin) <= since LIMIT 1;
    IF calls IS NOT NULL THEN
        RAISE insufficient_privilege USING MESSAGE = calls || ' got a check, which is called with values of others';
    END IF;
",
        ),
    );
    add(
        &["pg_policy", "pg_rewrite", "pg_class"],
        where_any(&[
            "pg_policy p WHERE age(p.xmin) <= since",
            "pg_rewrite r WHERE age(r.xmin) <= since",
            "pg_class v WHERE v.relhasrules AND age(v.xmin) <= since",
        ], "    SELECT format('%s is about %s', found.what, c.oid::regclass) INTO found_one FROM (
        SELECT format('the policy %s', p.polname) AS what, concat(p.polqual::text, ' ', p.polwithcheck::text) AS tree, true AS any_table
        FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relowner = me AND age(p.xmin) <= since
        UNION ALL
        SELECT format('the view or rule on %s', v.oid::regclass), concat(r.ev_qual::text, ' ', r.ev_action::text),
            EXISTS (SELECT FROM unnest(v.reloptions) o WHERE starts_with(o, 'security_invoker=') AND split_part(o, '=', 2)::boolean)
        FROM pg_rewrite r JOIN pg_class v ON v.oid = r.ev_class WHERE v.relowner = me AND (age(r.xmin) <= since OR age(v.xmin) <= since)
    ) found CROSS JOIN LATERAL regexp_matches(found.tree, ':relid ([0-9]+)', 'g') AS used
        JOIN pg_class c ON c.oid = used[1]::oid
        WHERE c.relowner <> me AND (found.any_table OR c.relkind = 'v'
            AND c.relnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)) LIMIT 1;
    IF FOUND THEN
        RAISE insufficient_privilege USING MESSAGE = found_one.format || ', with the rights of whoever uses it';
    END IF;
"),
    );
    for (what, from, tree, is_any) in TREES {
        let catalogue = from.split(' ').next().unwrap_or_default();
        // Whose sequence a default draws from is looked at by itself, where it is a constant.
        let draws = match catalogue {
            "pg_attrdef" => r"found.tree ~ concat(':funcid ', p.oid, ' [^{}]*:args \(\{(?!CONST)')",
            _ => "true",
        };
        add(
            &[catalogue],
            where_any(&[&format!("{catalogue} o WHERE age(o.xmin) <= since AND {is_any}")], &format!(
                "    SELECT format('%s calls %s', found.what, p.oid::regprocedure) INTO found_one FROM (
        SELECT {what} AS what, {tree} AS tree FROM {from}
    ) found CROSS JOIN LATERAL
        regexp_matches(found.tree, ':(?:funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g') AS called
        JOIN pg_proc p ON p.oid = called[1]::oid
        WHERE p.proowner <> me AND (p.proname ~ {reaching} OR p.oid = 'nextval(regclass)'::regprocedure AND {draws}
            OR p.oid >= 16384
            AND p.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'internal')
            AND NOT EXISTS (SELECT FROM pg_depend e
                WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')) LIMIT 1;
    IF FOUND THEN
        RAISE insufficient_privilege USING MESSAGE = found_one.format
            || ', which would run with the rights of whoever uses it';
    END IF;
"
            )),
        );
    }
    add(
        &["pg_trigger"],
        "    SELECT format('the trigger %s on %s calls %s', t.tgname, c.oid::regclass, p.oid::regprocedure) INTO found_one
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE c.relowner = me AND age(t.xmin) <= since AND NOT t.tgisinternal AND p.proowner <> me
        AND NOT (p.pronamespace = 'pg_catalog'::regnamespace AND p.proname
            IN ('suppress_redundant_updates_trigger', 'tsvector_update_trigger', 'tsvector_update_trigger_column'))
        LIMIT 1;
    IF FOUND THEN
        RAISE insufficient_privilege USING MESSAGE = found_one.format
            || ', which would run with the rights of whoever writes there';
    END IF;\n"
            .to_owned(),
    );
    scans
}

/// Runs `body` where the transaction wrote to one of `catalogues`; always without any. The server counts that itself, and
/// no role that is no superuser resets its counts: most hooks touch few catalogues, and every look costs.
fn where_touched(catalogues: &[&str], body: &str) -> String {
    let writes = catalogues.iter().flat_map(|catalogue| {
        ["inserted", "updated"]
            .map(|done| format!("pg_stat_get_xact_tuples_{done}('{catalogue}'::regclass)"))
    });
    match writes.collect::<Vec<_>>().join(" + ") {
        writes if writes.is_empty() => body.to_owned(),
        writes => format!(
            "    IF since > 0 OR current_setting('track_counts') <> 'on' OR {writes} > 0 THEN\n{body}    END IF;\n"
        ),
    }
}

/// Runs `body` where one of `rows`, each a table with a condition, has any.
fn where_any(rows: &[&str], body: &str) -> String {
    let any: Vec<String> = rows.iter().map(|rows| format!("EXISTS (SELECT FROM {rows})")).collect();
    format!("    IF {} THEN\n{body}    END IF;\n", any.join(" OR "))
}

/// Text search objects: their catalogue, how its columns begin, the column of their owner, and what they are called.
const TEXT_SEARCH: [(&str, &str, &str, &str); 2] = [
    ("pg_ts_config", "cfg", "cfgowner", "the text search configuration"),
    ("pg_ts_dict", "dict", "dictowner", "the text search dictionary"),
];

/// Expressions that the plugin left, by what they belong to: a name for a message, where from, the tree, and whether the row `o`
/// of the first catalogue can have one.
const TREES: [(&str, &str, &str, &str); 14] = [
    (
        "format('a default of %s', c.oid::regclass)",
        "pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid WHERE c.relowner = me AND age(d.xmin) <= since",
        "d.adbin::text",
        "true",
    ),
    (
        "format('the constraint %s', k.conname)",
        "pg_constraint k WHERE k.conbin IS NOT NULL AND age(k.xmin) <= since AND me IN (\
            SELECT relowner FROM pg_class WHERE oid = k.conrelid \
            UNION ALL SELECT typowner FROM pg_type WHERE oid = k.contypid)",
        "k.conbin::text",
        "o.conbin IS NOT NULL",
    ),
    (
        "format('the index %s', i.indexrelid::regclass)",
        "pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE c.relowner = me AND age(i.xmin) <= since",
        "concat(i.indexprs::text, ' ', i.indpred::text)",
        "(o.indexprs IS NOT NULL OR o.indpred IS NOT NULL)",
    ),
    (
        "format('the policy %s', p.polname)",
        "pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relowner = me AND age(p.xmin) <= since",
        "concat(p.polqual::text, ' ', p.polwithcheck::text)",
        "true",
    ),
    (
        "format('the view or rule on %s', c.oid::regclass)",
        "pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE c.relowner = me AND age(r.xmin) <= since",
        "concat(r.ev_qual::text, ' ', r.ev_action::text)",
        "true",
    ),
    (
        "format('the condition of the trigger %s', t.tgname)",
        "pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relowner = me AND age(t.xmin) <= since",
        "t.tgqual::text",
        "o.tgqual IS NOT NULL",
    ),
    (
        "format('the default of the type %s', t.typname)",
        "pg_type t WHERE t.typowner = me AND age(t.xmin) <= since",
        "t.typdefaultbin::text",
        "o.typdefaultbin IS NOT NULL",
    ),
    (
        "format('a default of a parameter of %s', p.oid::regprocedure)",
        "pg_proc p WHERE p.proowner = me AND age(p.xmin) <= since",
        "p.proargdefaults::text",
        "o.proargdefaults IS NOT NULL",
    ),
    (
        "format('the aggregate %s', a.aggfnoid)",
        "pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid WHERE p.proowner = me AND age(a.xmin) <= since",
        "concat(':funcid ', a.aggtransfn::oid, ' :funcid ', a.aggfinalfn::oid, ' :funcid ', a.aggcombinefn::oid, \
            ' :funcid ', a.aggmtransfn::oid, ' :funcid ', a.aggminvtransfn::oid, ' :funcid ', a.aggmfinalfn::oid, ' ')",
        "true",
    ),
    (
        "format('the operator %s', o.oprname)",
        "pg_operator o WHERE o.oprowner = me AND age(o.xmin) <= since",
        "concat(':funcid ', o.oprcode::oid, ' ')",
        "true",
    ),
    (
        "format('the key of the partitions of %s', c.oid::regclass)",
        "pg_partitioned_table k JOIN pg_class c ON c.oid = k.partrelid WHERE c.relowner = me AND age(k.xmin) <= since",
        "k.partexprs::text",
        "o.partexprs IS NOT NULL",
    ),
    (
        "format('the body of %s', p.oid::regprocedure)",
        "pg_proc p WHERE p.proowner = me AND age(p.xmin) <= since",
        // Version 13 has no such column.
        "to_jsonb(p) ->> 'prosqlbody'",
        "true",
    ),
    (
        "format('the range %s', g.rngtypid::regtype)",
        "pg_range g JOIN pg_type t ON t.oid = g.rngtypid WHERE t.typowner = me AND age(g.xmin) <= since",
        "concat(':funcid ', g.rngsubdiff::oid, ' :funcid ', g.rngcanonical::oid, ' ')",
        "true",
    ),
    (
        "format('the cast from %s', k.castsource::regtype)",
        "pg_cast k JOIN pg_type a ON a.oid = k.castsource JOIN pg_type b ON b.oid = k.casttarget \
            WHERE me IN (a.typowner, b.typowner) AND age(k.xmin) <= since",
        "concat(':funcid ', k.castfunc, ' ')",
        "true",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A fixed bound would leave out what a statement outside of a transaction, or an older alteration, made.
    #[test]
    fn every_look_goes_back_as_far_as_it_is_told() {
        let all = scans("s.");
        assert_eq!(
            all.matches(".xmin) <= ").count(),
            all.matches(".xmin) <= since").count(),
            "{all}"
        );
        let looks = all.matches("track_counts").count();
        assert_eq!(looks, all.matches("IF since > 0 OR").count(), "{all}");
    }
}
