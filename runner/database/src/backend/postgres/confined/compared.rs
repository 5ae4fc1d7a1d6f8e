//! What a statement may change of a table that was lent to its plugin, as SQL: the catalogue before and after it.
//!
//! ```text
//!   facts before ── the table is the plugin's for one statement ── facts after ── difference ── judged
//! ```
//!
//! A fact is a row of the catalogue that is about the table. Every difference is refused but these:
//!
//! | difference | needs |
//! |---|---|
//! | a column, constraint or index made of built-in types and functions are added | `alters` |
//! | what the plugin added before is gone | `alters` |
//! | another column, constraint or index is gone, or the table itself | `drops` |
//! | a trigger, a policy, another default; own functions in one of these or in a check or index; a cascade | `leaves code on` |
//! | a foreign key of another table refers to it | `references` |
//!
//! A column of the catalogue that a later version of PostgreSQL brings counts as a difference.

use super::{super::text::literal, scans::REACHING};

/// Columns of `pg_class` that change by themselves, or are compared as facts of their own.
const RELATION: &str = "relpages,reltuples,relallvisible,relallfrozen,relnatts,relchecks,relhasindex,relhasrules,\
    relhastriggers,relhassubclass,relfrozenxid,relminmxid,relfilenode,relrewrite,reltoastrelid";
const INDEX: &str = "indcheckxmin";
const COLUMN: &str =
    "attcacheoff,atthasmissing,attmissingval,atthasdef,attinhcount,attislocal,attnotnull";
const CONSTRAINT: &str = "convalidated";

/// Functions that are volatile and reveal or do nothing.
const HARMLESS: &str =
    "^(nextval|random|random_normal|gen_random_uuid|uuidv4|uuidv7|clock_timestamp|timeofday)$";

/// `to_jsonb` of the row `row`, without some columns.
fn row(row: &str, without: &str) -> String {
    format!("to_jsonb({row}) - '{{{without}}}'::text[]")
}

/// What makes the functions that tell what belongs to a table, and what the catalogue says of it. In PL/pgSQL a session plans
/// them once.
pub(super) fn functions(prefix: &str) -> [String; 2] {
    let tree = format!(
        "CREATE OR REPLACE FUNCTION {prefix}alteration_tree(top oid) RETURNS oid[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $runner$
BEGIN RETURN (
    WITH RECURSIVE tree (member) AS (
        SELECT c.oid FROM pg_class c WHERE c.oid = top
        UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree ON i.inhparent = tree.member
    ) SELECT coalesce(array_agg(member ORDER BY member), '{{}}') FROM tree
); END $runner$"
    );
    let relation = row("c", RELATION);
    let facts = format!(
        "CREATE OR REPLACE FUNCTION {prefix}alteration_facts(lent oid[], me oid) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $runner$
BEGIN RETURN (
    WITH own AS (
        SELECT 'pg_class'::regclass AS class, unnest(lent) AS object
        UNION ALL SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index i WHERE i.indrelid = ANY (lent)
        UNION ALL SELECT 'pg_class'::regclass, q.objid FROM pg_depend q JOIN pg_class s ON s.oid = q.objid AND s.relkind = 'S'
            WHERE q.classid = 'pg_class'::regclass AND q.refclassid = 'pg_class'::regclass AND q.refobjid = ANY (lent)
            AND q.deptype IN ('a', 'i')
        UNION ALL SELECT 'pg_type'::regclass, c.reltype FROM pg_class c WHERE c.oid = ANY (lent)
        UNION ALL SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k WHERE k.conrelid = ANY (lent)
        UNION ALL SELECT 'pg_attrdef'::regclass, a.oid FROM pg_attrdef a WHERE a.adrelid = ANY (lent)
        UNION ALL SELECT 'pg_trigger'::regclass, t.oid FROM pg_trigger t WHERE t.tgrelid = ANY (lent)
        UNION ALL SELECT 'pg_policy'::regclass, p.oid FROM pg_policy p WHERE p.polrelid = ANY (lent)
        UNION ALL SELECT 'pg_rewrite'::regclass, r.oid FROM pg_rewrite r WHERE r.ev_class = ANY (lent)
    ), fact (kind, class, object, sub, relation, label, content) AS (
        SELECT 'table', 'pg_class'::regclass, c.oid, 0, c.oid, format('the table %s', c.oid::regclass),
            {relation} || jsonb_build_object('relacl', (SELECT jsonb_agg(x::text ORDER BY x::text)
                FROM unnest(coalesce(c.relacl, acldefault('r', c.relowner))) x), 'toast', (SELECT t.reloptions FROM pg_class t WHERE t.oid = c.reltoastrelid))
            FROM pg_class c WHERE c.oid = ANY (lent)
        UNION ALL SELECT 'partitioning', 'pg_partitioned_table'::regclass, k.partrelid, 0, k.partrelid,
            format('the key of the partitions of %s', k.partrelid::regclass), to_jsonb(k)
            FROM pg_partitioned_table k WHERE k.partrelid = ANY (lent)
        UNION ALL SELECT 'index', 'pg_class'::regclass, i.indexrelid, 0, i.indrelid, format('the index %s', i.indexrelid::regclass),
            {relation} || {index} FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = ANY (lent)
        UNION ALL SELECT 'sequence', 'pg_class'::regclass, c.oid, 0, q.refobjid, format('the sequence %s', c.oid::regclass),
            {relation} || to_jsonb(s) || jsonb_build_object('of', format('%s.%s', q.refobjid, q.refobjsubid))
            FROM pg_depend q JOIN pg_class c ON c.oid = q.objid AND c.relkind = 'S' JOIN pg_sequence s ON s.seqrelid = c.oid
            WHERE q.classid = 'pg_class'::regclass AND q.refclassid = 'pg_class'::regclass AND q.refobjid = ANY (lent)
            AND q.deptype IN ('a', 'i')
        UNION ALL SELECT 'column', 'pg_class'::regclass, a.attrelid, a.attnum, a.attrelid, format('the column %s.%I', a.attrelid::regclass, a.attname),
            {column} FROM pg_attribute a WHERE a.attrelid = ANY (lent) AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT 'not null', 'pg_class'::regclass, a.attrelid, -a.attnum, a.attrelid,
            format('NOT NULL of %s.%I', a.attrelid::regclass, a.attname), jsonb_build_object('of', format('%s.%s', a.attrelid, a.attnum))
            FROM pg_attribute a WHERE a.attrelid = ANY (lent) AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull
        UNION ALL SELECT 'default', 'pg_attrdef'::regclass, d.oid, 0, d.adrelid, format('the default of %s.%I', a.attrelid::regclass, a.attname),
            jsonb_build_object('of', format('%s.%s', d.adrelid, d.adnum), 'tree', d.adbin::text)
            FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = ANY (lent)
        UNION ALL SELECT CASE WHEN k.conrelid = ANY (lent) THEN 'constraint' ELSE 'reference' END, 'pg_constraint'::regclass, k.oid, 0, k.conrelid,
            format('the constraint %I of %s', k.conname, k.conrelid::regclass), {constraint}
            FROM pg_constraint k WHERE (k.conrelid = ANY (lent) OR k.confrelid = ANY (lent)) AND k.contype <> 't'
        UNION ALL SELECT CASE WHEN t.tgisinternal THEN 'system trigger' ELSE 'trigger' END, 'pg_trigger'::regclass, t.oid, 0, t.tgrelid,
            format('the trigger %I of %s', t.tgname, t.tgrelid::regclass),
            CASE WHEN t.tgisinternal THEN to_jsonb(t.tgenabled) ELSE to_jsonb(t) END FROM pg_trigger t WHERE t.tgrelid = ANY (lent)
        UNION ALL SELECT 'rule', 'pg_rewrite'::regclass, r.oid, 0, r.ev_class, format('the rule %I of %s', r.rulename, r.ev_class::regclass), to_jsonb(r)
            FROM pg_rewrite r WHERE r.ev_class = ANY (lent)
        UNION ALL SELECT 'policy', 'pg_policy'::regclass, p.oid, 0, p.polrelid, format('the policy %I of %s', p.polname, p.polrelid::regclass), to_jsonb(p)
            FROM pg_policy p WHERE p.polrelid = ANY (lent)
        UNION ALL SELECT 'inheritance', h.inhrelid, h.inhparent, 0, h.inhrelid,
            format('that %s inherits from %s, or is a partition of it', h.inhrelid::regclass, h.inhparent::regclass), to_jsonb(h)
            FROM pg_inherits h WHERE h.inhrelid = ANY (lent) OR h.inhparent = ANY (lent)
        UNION ALL SELECT 'statistics', 'pg_statistic_ext'::regclass, s.oid, 0, s.stxrelid, format('the statistics %I', s.stxname), to_jsonb(s)
            FROM pg_statistic_ext s WHERE s.stxrelid = ANY (lent)
        UNION ALL SELECT 'publication', 'pg_publication_rel'::regclass, p.oid, 0, p.prrelid,
            format('that %s is published', p.prrelid::regclass), to_jsonb(p) FROM pg_publication_rel p WHERE p.prrelid = ANY (lent)
        UNION ALL SELECT 'label', l.objoid, l.objsubid, 0, l.objoid, format('the security label of %s', l.objoid::regclass), to_jsonb(l)
            FROM pg_seclabel l WHERE l.classoid = 'pg_class'::regclass AND l.objoid = ANY (lent)
        UNION ALL SELECT DISTINCT 'dependent', d.classid, d.objid, 0, 0, pg_describe_object(d.classid, d.objid, 0), 'true'::jsonb
            FROM own JOIN pg_depend d ON d.refclassid = own.class AND d.refobjid = own.object AND d.deptype = 'n'
            WHERE (d.classid, d.objid) NOT IN (SELECT class, object FROM own)
            AND NOT EXISTS (SELECT FROM pg_rewrite r JOIN pg_class v ON v.oid = r.ev_class
                WHERE d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND v.relowner = me)
            AND NOT EXISTS (SELECT FROM pg_constraint k JOIN pg_class v ON v.oid = k.conrelid
                WHERE d.classid = 'pg_constraint'::regclass AND k.oid = d.objid AND v.relowner = me)
            AND NOT EXISTS (SELECT FROM pg_attrdef a JOIN pg_class v ON v.oid = a.adrelid
                WHERE d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid AND v.relowner = me)
    ) SELECT coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'class', class::oid::bigint, 'object', object::oid::bigint,
        'sub', sub, 'relation', relation::bigint, 'label', label, 'content', content)), '[]') FROM fact
); END $runner$",
        index = row("i", INDEX),
        column = row("a", COLUMN),
        constraint = row("k", CONSTRAINT),
    );
    [tree, facts]
}

/// Statements of PL/pgSQL that judge what became of the tables `given.members` by the facts of `given.facts`, with the rights
/// `alters`, `leaves`, `drops` and `refers` of the plugin `me` there, and keep what was added. `needs` is the permission that is
/// missing, or a dash where none is enough.
pub(super) fn judged(prefix: &str) -> String {
    let (made_of, calls) = (made_of(prefix), calls());
    format!(
        "        facts := {prefix}alteration_facts(given.members, me);
        FOR diff IN SELECT d.*, d.column_is_new OR EXISTS (SELECT FROM {prefix}alteration_added a
                    WHERE a.role = ticket.role AND a.class = 'pg_class'::regclass::oid::bigint
                    AND format('%s.%s', a.object, a.sub) = d.of_column) AS column_is_own,
                EXISTS (SELECT FROM {prefix}alteration_added a WHERE a.role = ticket.role AND a.class = d.class
                    AND a.object = d.object AND a.sub = d.sub) AS is_own
            FROM (SELECT coalesce(o.kind, n.kind) AS kind, coalesce(o.class, n.class) AS class, coalesce(o.object, n.object) AS object,
                coalesce(o.sub, n.sub) AS sub, coalesce(o.label, n.label) AS label, o.content AS was, n.content AS is,
                coalesce(o.content, n.content) ->> 'of' AS of_column,
                NOT EXISTS (SELECT FROM jsonb_to_recordset(given.facts) AS c ({FACT}) WHERE c.kind = 'column'
                    AND format('%s.%s', c.object, c.sub) = coalesce(o.content, n.content) ->> 'of') AS column_is_new,
                NOT EXISTS (SELECT FROM jsonb_to_recordset(facts) AS c ({FACT}) WHERE c.kind = 'column'
                    AND format('%s.%s', c.object, c.sub) = coalesce(o.content, n.content) ->> 'of') AS column_is_gone,
                coalesce(o.relation, n.relation) <> 0 AND NOT EXISTS (SELECT FROM pg_class c
                    WHERE c.oid = coalesce(o.relation, n.relation)::oid) AS table_is_gone
                FROM jsonb_to_recordset(given.facts) AS o ({FACT}) FULL JOIN jsonb_to_recordset(facts) AS n ({FACT})
                    ON (o.kind, o.class, o.object, o.sub) = (n.kind, n.class, n.object, n.sub)
                WHERE o.content IS DISTINCT FROM n.content) d
            -- What is worst is named.
            ORDER BY kind NOT IN ('table', 'dependent'), was IS NULL, object, sub
        LOOP
            CONTINUE WHEN diff.kind = 'system trigger' AND (diff.was IS NULL OR diff.is IS NULL)
                OR diff.kind = 'dependent' AND diff.was IS NULL
                OR diff.table_is_gone AND diff.kind NOT IN ('table', 'reference')
                OR diff.is IS NULL AND diff.column_is_gone AND diff.kind IN ('default', 'sequence', 'not null');
            needs := NULL;
            IF diff.is IS NULL THEN
                why := 'it takes away ' || diff.label;
                needs := CASE
                    WHEN diff.kind IN ('table', 'column', 'constraint', 'index', 'not null')
                        THEN CASE WHEN NOT drops AND NOT diff.is_own THEN 'drops' END
                    WHEN diff.kind IN ('trigger', 'policy') AND diff.is_own THEN NULL
                    WHEN diff.kind = 'default' THEN CASE WHEN NOT leaves AND NOT diff.is_own THEN 'leaves code on' END
                    WHEN diff.kind = 'sequence' AND diff.is_own THEN NULL
                    WHEN diff.kind = 'reference' AND EXISTS (SELECT FROM pg_class
                        WHERE oid = (diff.was ->> 'conrelid')::oid AND relowner = me) THEN NULL
                    ELSE '-' END;
            ELSIF diff.was IS NULL THEN
                why := 'it adds ' || diff.label;
                needs := CASE
                    WHEN diff.kind IN ('trigger', 'policy') THEN CASE WHEN NOT leaves THEN 'leaves code on' END
                    WHEN diff.kind = 'reference' THEN CASE WHEN NOT refers THEN 'references' END
                    WHEN diff.kind = 'default' AND NOT diff.column_is_own THEN CASE WHEN NOT leaves THEN 'leaves code on' END
                    WHEN diff.kind = 'sequence' AND NOT diff.column_is_own THEN '-'
                    WHEN diff.kind IN ('column', 'constraint', 'index', 'sequence', 'not null', 'default')
                        THEN CASE WHEN NOT alters THEN 'alters' END
                    ELSE '-' END;
                IF needs IS NULL AND diff.kind = 'constraint' AND diff.is ->> 'contype' = 'f' AND NOT leaves
                    AND (diff.is ->> 'confdeltype' NOT IN ('a', 'r') OR diff.is ->> 'confupdtype' NOT IN ('a', 'r')) THEN
                    why := format('through %s a change elsewhere would change rows there', diff.label);
                    needs := 'leaves code on';
                END IF;
            ELSE
                SELECT format('it changes %s (%s)', diff.label, string_agg(DISTINCT coalesce('{CALLED}'::jsonb ->> w.key, w.key, 'state'), ', ')) INTO why
                    FROM (SELECT) one LEFT JOIN jsonb_each(CASE jsonb_typeof(diff.was) WHEN 'object' THEN diff.was ELSE '{{}}' END) w
                        ON diff.is -> w.key IS DISTINCT FROM w.value;
                needs := CASE
                    WHEN diff.kind IN ('column', 'constraint', 'index', 'sequence') AND diff.is_own AND alters THEN NULL
                    WHEN diff.kind IN ('trigger', 'policy') AND diff.is_own AND leaves THEN NULL
                    WHEN diff.kind = 'table' AND diff.was - '{SECURITY}'::text[] = diff.is - '{SECURITY}'::text[]
                        THEN CASE WHEN NOT leaves THEN 'leaves code on' END
                    ELSE '-' END;
            END IF;
            IF needs IS NULL AND diff.is IS NOT NULL THEN
{made_of}
{calls}
            END IF;
            IF needs IS NOT NULL THEN
                RAISE insufficient_privilege USING MESSAGE = format('the plugin may not do this to the table %s: %s', given.name, why),
                    HINT = format('needs %s %s', needs, given.relation);
            END IF;
            IF diff.was IS NULL THEN
                INSERT INTO {prefix}alteration_added (role, class, object, sub)
                    VALUES (ticket.role, diff.class, diff.object, diff.sub) ON CONFLICT DO NOTHING;
            ELSIF diff.is IS NULL THEN
                DELETE FROM {prefix}alteration_added a
                    WHERE a.role = ticket.role AND a.class = diff.class AND a.object = diff.object AND a.sub = diff.sub;
            END IF;
        END LOOP;
"
    )
}

/// A fact in JSON.
const FACT: &str = "kind text, class bigint, object bigint, sub integer, relation bigint, label text, content jsonb";
const SECURITY: &str = "{relrowsecurity,relforcerowsecurity}";
/// Columns of the catalogue as people call them (JSON).
const CALLED: &str = r#"{"relname": "its name", "relnamespace": "its schema", "relowner": "its owner", "relacl": "rights on it",
    "relrowsecurity": "row level security", "relforcerowsecurity": "forced row level security", "relreplident": "replica identity",
    "reloptions": "settings", "relpersistence": "whether it is logged", "reltablespace": "its tablespace", "attname": "its name",
    "atttypid": "its type", "atttypmod": "its type", "attacl": "rights on it", "tgenabled": "whether it fires", "conname": "its name"}"#;

/// What a fact is made of that not every database has: extensions' immutable functions are as good as PostgreSQL's own, and
/// types are of whoever the table's owner trusts, but not a plugin's.
fn made_of(prefix: &str) -> String {
    format!(
        "                SELECT pg_describe_object(d.refclassid, d.refobjid, 0) AS thing, leaves AND CASE d.refclassid
                        WHEN 'pg_proc'::regclass THEN (SELECT proowner FROM pg_proc WHERE oid = d.refobjid) = me
                        WHEN 'pg_operator'::regclass THEN (SELECT oprowner FROM pg_operator WHERE oid = d.refobjid) = me
                        WHEN 'pg_type'::regclass THEN (SELECT t.typowner = me AND 'e' IN (t.typtype, (SELECT typtype FROM pg_type WHERE oid = t.typelem))
                            FROM pg_type t WHERE t.oid = d.refobjid)
                        ELSE false END AS may
                    INTO used FROM pg_depend d WHERE d.classid = diff.class::oid AND d.objid = diff.object::oid
                    AND d.objsubid = diff.sub AND d.refobjid >= 16384
                    AND (d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
                        AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.refclassid AND e.objid = d.refobjid AND e.deptype = 'e'
                            AND (d.refclassid <> 'pg_proc'::regclass OR (SELECT provolatile FROM pg_proc WHERE oid = d.refobjid) = 'i'))
                        OR d.refclassid = 'pg_type'::regclass AND (SELECT pg_get_userbyid(typowner) FROM pg_type WHERE oid = d.refobjid)
                            IN (SELECT role FROM {prefix}alteration_role)
                        OR d.refclassid = 'pg_collation'::regclass AND (SELECT pg_get_userbyid(collowner) FROM pg_collation
                            WHERE oid = d.refobjid) IN (SELECT role FROM {prefix}alteration_role)
                        OR diff.kind = 'default' AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> ALL (given.members)
                            AND NOT EXISTS (SELECT FROM jsonb_to_recordset(facts) AS n ({FACT})
                                WHERE n.kind = 'sequence' AND n.object = d.refobjid::bigint))
                    ORDER BY 2 LIMIT 1;
                IF FOUND AND NOT used.may THEN
                    why := format('%s is made with %s', diff.label, used.thing);
                    needs := CASE WHEN leaves THEN '-' ELSE 'leaves code on' END;
                END IF;"
    )
}

/// What PostgreSQL's own functions in a fact would do with the rights of whoever uses the table, and what a policy would read.
fn calls() -> String {
    let (reaching, harmless) = (literal(REACHING), literal(HARMLESS));
    format!(
        "                SELECT p.oid::regprocedure AS called INTO used
                    FROM regexp_matches(CASE diff.kind WHEN 'default' THEN diff.is ->> 'tree' WHEN 'constraint' THEN diff.is ->> 'conbin'
                        WHEN 'index' THEN concat(diff.is ->> 'indexprs', ' ', diff.is ->> 'indpred') WHEN 'trigger' THEN diff.is ->> 'tgqual'
                        WHEN 'policy' THEN concat(diff.is ->> 'polqual', ' ', diff.is ->> 'polwithcheck') END, ':(?:funcid|opfuncid|aggfnoid|winfnoid) ([0-9]+)', 'g') AS c
                    JOIN pg_proc p ON p.oid = c[1]::oid
                    WHERE p.proname ~ {reaching} OR p.provolatile = 'v' AND p.oid < 16384
                        AND NOT (diff.kind = 'default' AND p.proname ~ {harmless}) LIMIT 1;
                IF FOUND THEN
                    why := format('%s calls %s, which would run with the rights of whoever uses the table', diff.label, used.called);
                    needs := '-';
                END IF;
                SELECT c.oid::regclass AS called INTO used FROM regexp_matches(concat(diff.is ->> 'polqual', ' ', diff.is ->> 'polwithcheck'),
                    ':relid ([0-9]+)', 'g') AS r JOIN pg_class c ON c.oid = r[1]::oid
                    WHERE diff.kind = 'policy' AND c.relowner <> me AND c.oid <> ALL (given.members) LIMIT 1;
                IF FOUND THEN
                    why := format('%s is about %s, with the rights of whoever uses it', diff.label, used.called);
                    needs := '-';
                END IF;"
    )
}
