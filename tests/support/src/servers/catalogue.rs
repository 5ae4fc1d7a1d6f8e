//! A PostgreSQL database as text, by its own catalogue, for servers that are newer than the pg_dump at hand.
//!
//! Less than what pg_dump writes: no rights, policies, rules or statistics. It is compared with its like only.

use super::client::{Client, Role};

/// One line for each thing. Tables of the runner are left out with all that belongs to them.
const THINGS: &str = r"
WITH relation AS (
    SELECT c.oid, c.relkind, c.relpersistence FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relname !~ '^alteration_'
), routine AS (
    SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND p.prokind IN ('f', 'p')
)
SELECT concat_ws(' ', 'schema', nspname) FROM pg_namespace WHERE nspname !~ '^pg_'
UNION ALL SELECT concat_ws(' ', 'extension', extname) FROM pg_extension
UNION ALL SELECT concat_ws(' ', 'relation', oid::regclass, relkind, relpersistence) FROM relation
UNION ALL SELECT concat_ws(' ', 'column', a.attrelid::regclass,
        row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum), quote_ident(a.attname),
        format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation, a.attnotnull, a.attidentity,
        a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
UNION ALL SELECT concat_ws(' ', 'constraint', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid))
    FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid
UNION ALL SELECT concat_ws(' ', 'index', pg_get_indexdef(i.indexrelid), i.indisvalid)
    FROM relation r JOIN pg_index i ON i.indexrelid = r.oid
UNION ALL SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
UNION ALL SELECT concat_ws(' ', 'view', oid::regclass, pg_get_viewdef(oid)) FROM relation WHERE relkind IN ('v', 'm')
UNION ALL SELECT concat_ws(' ', 'routine', pg_get_functiondef(oid)) FROM routine
UNION ALL SELECT concat_ws(' ', 'sequence', s) FROM pg_sequences s WHERE s.sequencename !~ '^alteration_'
UNION ALL SELECT concat_ws(' ', 'enum', e.enumtypid::regtype, string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder))
    FROM pg_enum e GROUP BY e.enumtypid
UNION ALL SELECT concat_ws(' ', 'domain', t.oid::regtype, format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
        (SELECT string_agg(pg_get_constraintdef(c.oid), ' ' ORDER BY c.conname) FROM pg_constraint c WHERE c.contypid = t.oid))
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE t.typtype = 'd' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1;
";

/// A statement for each table, whose rows are the table's with its name before each.
const READERS: &str = r"
SELECT format('SELECT %L || (r.*)::text FROM %s r ORDER BY 1;', 'row ' || c.oid::regclass || ' ', c.oid::regclass)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relname !~ '^alteration_'
ORDER BY 1;
";

/// Schema and rows, equal for equal databases of one server.
pub(super) fn dump(client: &Client, database: &str) -> String {
    let rows = |sql: &str| client.rows(Role::Administrator, database, sql);
    let mut lines = rows(THINGS);
    lines.extend(rows(&rows(READERS).join("\n")));
    lines.join("\n")
}
