//! The map of owners on PostgreSQL: the server finds what a hook made and writes the rows of `alteration_object`, in one
//! statement with the record of the hook.
//!
//! | level | what is a plugin's |
//! |---|---|
//! | confined | what its role owns; the statements run in the function that finishes its ticket |
//! | guarded, trusted | what this transaction made: the row that ties the object to its schema is this transaction's own |
//!
//! Tables, views, sequences, functions, types and schemas are kept. Indexes and triggers belong to whose table they are on.
//! What a hook outside of a transaction makes is not found, nor what a plugin that is not confined renames.

use super::{PostgresConnection, text::literal};
use crate::{
    alteration::AlterationKey,
    backend::{
        connection::{Cell, Maps},
        transaction::Own,
    },
};

/// The catalogues whose changes say that there is anything to look for.
const CATALOGUES: [&str; 4] = ["pg_class", "pg_proc", "pg_type", "pg_namespace"];

/// A kind of object in the catalogue.
struct Kind {
    catalogue: &'static str,
    /// Its kind in the map, of the row `o`.
    kind: &'static str,
    name: &'static str,
    schema: &'static str,
    owner: &'static str,
    /// The rows that count.
    counted: &'static str,
}

/// The name of the function `o` in the map.
pub(super) const FUNCTION: &str = "CASE WHEN length(o.proname || pg_get_function_identity_arguments(o.oid)) < 250 \
    THEN o.proname || '(' || pg_get_function_identity_arguments(o.oid) || ')' \
    ELSE o.proname || '(' || md5(pg_get_function_identity_arguments(o.oid)) || ')' END";

/// What lies in a schema.
const KINDS: [Kind; 3] = [
    Kind {
        catalogue: "pg_class",
        kind: "CASE WHEN o.relkind IN ('v', 'm') THEN 'view' WHEN o.relkind = 'S' THEN 'sequence' ELSE 'table' END",
        name: "o.relname::text",
        schema: "o.relnamespace",
        owner: "o.relowner",
        counted: "o.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')",
    },
    Kind {
        catalogue: "pg_proc",
        kind: "'function'",
        name: FUNCTION,
        schema: "o.pronamespace",
        owner: "o.proowner",
        counted: "true",
    },
    Kind {
        catalogue: "pg_type",
        kind: "'type'",
        name: "o.typname::text",
        schema: "o.typnamespace",
        owner: "o.typowner",
        // No array, and no row of a table.
        counted: "o.typelem = 0 AND NOT EXISTS (SELECT FROM pg_class r WHERE r.oid = o.typrelid AND r.relkind <> 'c')",
    },
];

const ME: &str = "(SELECT oid FROM pg_roles WHERE rolname = session_user)";

/// Whether the transaction wrote to one of the catalogues, as the server counts it.
fn touched(catalogues: &[&str], counts: &[&str]) -> String {
    let counts = catalogues.iter().flat_map(|catalogue| {
        counts.iter().map(move |count| {
            format!("pg_stat_get_xact_tuples_{count}('pg_catalog.{catalogue}'::regclass)")
        })
    });
    let counts: Vec<String> = counts.collect();
    format!("(SELECT current_setting('track_counts') <> 'on' OR {} > 0)", counts.join(" + "))
}

/// Whether this transaction, or a savepoint of it, wrote the row: another one that has committed since is younger too.
fn is_ours(row: &str) -> String {
    format!(
        "CASE WHEN age({row}.xmin) <= 0 THEN pg_xact_status((pg_current_xact_id()::text::numeric \
            - age({row}.xmin))::text::xid8) = 'in progress' ELSE false END"
    )
}

/// Whether an object is no part of an extension. Counted, because a planner that makes a join of it reads all of pg_depend.
fn is_no_member(catalogue: &str, object: &str) -> String {
    format!(
        "(SELECT count(*) FROM pg_depend e WHERE e.classid = {catalogue} AND e.objid = {object} AND e.deptype = 'e') = 0"
    )
}

impl Kind {
    /// The object of this kind that the row `d` of pg_depend is about.
    fn of_row(&self, is_confined: bool) -> String {
        let Self { catalogue, kind, name, owner, counted, .. } = self;
        let own = if is_confined { format!(" AND {owner} = {ME}") } else { String::new() };
        format!(
            "SELECT {kind} AS kind, {name} AS name FROM pg_catalog.{catalogue} o \
             WHERE d.classid = 'pg_catalog.{catalogue}'::regclass AND o.oid = d.objid AND {counted}{own}"
        )
    }

    /// Objects of a confined plugin that its hook changed, and may have given another name.
    fn changed(&self) -> String {
        let Self { catalogue, kind, name, schema, owner, counted } = self;
        format!(
            "SELECT {kind} AS kind, n.nspname::text AS place, {name} AS name FROM pg_catalog.{catalogue} o \
             JOIN pg_catalog.pg_namespace n ON n.oid = {schema} \
             WHERE {} AND age(o.xmin) <= 0 AND {owner} = {ME} AND {counted} AND NOT starts_with(n.nspname, 'pg_') AND {}",
            touched(&[catalogue], &["updated"]),
            is_no_member(&format!("'pg_catalog.{catalogue}'::regclass"), "o.oid")
        )
    }
}

/// What the hook made. The row that ties an object to its schema is this transaction's own: that index is short, and the
/// catalogues are not read.
fn made(is_confined: bool) -> String {
    let kinds: Vec<String> = KINDS.iter().map(|kind| kind.of_row(is_confined)).collect();
    let in_schemas = format!(
        "SELECT k.kind, n.nspname::text AS place, k.name FROM pg_catalog.pg_depend d \
         JOIN pg_catalog.pg_namespace n ON n.oid = d.refobjid CROSS JOIN LATERAL ({}) k \
         WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass AND d.objsubid = 0 AND {} \
            AND NOT starts_with(n.nspname, 'pg_') AND {}",
        kinds.join(" UNION ALL "),
        is_ours("d"),
        is_no_member("d.classid", "d.objid")
    );
    let owned = if is_confined { format!(" AND o.nspowner = {ME}") } else { String::new() };
    // A schema is tied to none. One with older objects in it was only changed.
    let schemas = format!(
        "SELECT 'schema', o.nspname::text, o.nspname::text FROM pg_catalog.pg_namespace o \
         WHERE {} AND {} AND NOT starts_with(o.nspname, 'pg_'){owned} AND {} \
            AND NOT EXISTS (SELECT FROM pg_class r WHERE r.relnamespace = o.oid AND age(r.xmin) > 0)",
        touched(&["pg_namespace"], &["inserted", "updated"]),
        is_ours("o"),
        is_no_member("'pg_catalog.pg_namespace'::regclass", "o.oid")
    );
    format!("{in_schemas} UNION ALL {schemas}")
}

/// Writes rows for `found`.
fn insert(found: &str) -> String {
    format!(
        "INSERT INTO @object AS m (plugin, id, kind, place, name) \
         SELECT p, i, f.kind, f.place, f.name FROM (SELECT ?::text AS p, ?::text AS i) maker CROSS JOIN ({found}) f \
         WHERE {} \
         ON CONFLICT (kind, place, name) DO UPDATE SET plugin = excluded.plugin, id = excluded.id \
         WHERE m.plugin <> excluded.plugin",
        touched(&CATALOGUES, &["inserted", "updated"])
    )
}

/// Whether tables, views or sequences of the map may be gone: some were dropped, or one that was changed is not in it by its
/// name.
fn may_be_gone() -> String {
    let [relation, ..] = &KINDS;
    let Kind { kind, name, counted, .. } = relation;
    format!(
        "({} OR {} AND (SELECT count(*) FROM pg_catalog.pg_class o WHERE age(o.xmin) <= 0 AND {counted} \
            AND (SELECT count(*) FROM @object f WHERE f.kind = {kind} AND f.name = {name} AND f.place = \
                (SELECT nspname FROM pg_catalog.pg_namespace WHERE oid = o.relnamespace)) = 0) > 0)",
        touched(&["pg_class"], &["deleted"]),
        touched(&["pg_class"], &["updated"])
    )
}

/// A query for all objects that a plugin could own, as `kind`, `place`, `name`, `oid`, `owner`, and whether an object
/// `follows` another one, to whose owner it belongs. The runner's own, in the schema `state`, and those of extensions are none.
pub(super) fn listing(state: &str) -> String {
    let state = literal(state);
    let one = |Kind { catalogue, kind, name, schema, owner, counted }: &Kind| {
        let follows = match *catalogue {
            "pg_class" => {
                "o.relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass \
                    AND d.objid = o.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))"
            }
            // A multirange's owner is its range's.
            "pg_type" => "o.typtype = 'm'",
            _ => "false",
        };
        format!(
            "SELECT {kind} AS kind, n.nspname::text AS place, {name} AS name, o.oid AS oid, {owner} AS owner, {follows} AS follows \
             FROM pg_catalog.{catalogue} o JOIN pg_catalog.pg_namespace n ON n.oid = {schema} \
             WHERE {counted} AND NOT starts_with(n.nspname, 'pg_') AND n.nspname <> 'information_schema' \
                AND NOT (n.nspname = {state} AND starts_with({name}, 'alteration_')) \
                AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_catalog.{catalogue}'::regclass \
                    AND e.objid = o.oid AND e.deptype = 'e')"
        )
    };
    let schemas = "SELECT 'schema', o.nspname::text, o.nspname::text, o.oid, o.nspowner, false FROM pg_catalog.pg_namespace o \
        WHERE NOT starts_with(o.nspname, 'pg_') AND o.nspname <> 'information_schema' \
            AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_catalog.pg_namespace'::regclass \
                AND e.objid = o.oid AND e.deptype = 'e')";
    KINDS.iter().map(one).chain([schemas.to_owned()]).collect::<Vec<_>>().join(" UNION ALL ")
}

impl Maps for PostgresConnection {
    fn set_maker(&mut self, _maker: &AlterationKey) {
        // It comes with the statements.
    }

    fn statements(&self, maker: &AlterationKey, is_confined: bool) -> Vec<Own> {
        let [relation, ..] = &KINDS;
        let Kind { kind, name, schema, counted, .. } = relation;
        // Only of tables, views and sequences it matters that a name is free again.
        let gone = format!(
            "DELETE FROM @object m WHERE m.kind IN ('table', 'view', 'sequence') AND (SELECT {}) AND NOT EXISTS ( \
                SELECT FROM pg_catalog.pg_class o JOIN pg_catalog.pg_namespace n ON n.oid = {schema} \
                WHERE n.nspname = m.place AND {kind} = m.kind AND {name} = m.name AND {counted})",
            may_be_gone()
        );
        let named = || [Cell::text(&maker.plugin), Cell::text(&maker.id)];
        let made = Own::run(insert(&made(is_confined)), named());
        if !is_confined {
            return vec![made, Own::run(gone, [])];
        }
        // To plan both costs more than most hooks, and where plugins are confined there are functions.
        let changed: Vec<String> = KINDS.iter().map(Kind::changed).collect();
        let renamed = format!(
            "DO $map$ BEGIN IF {} OR {} THEN {}; {gone}; END IF; END $map$",
            may_be_gone(),
            touched(&["pg_proc", "pg_type"], &["updated"]),
            insert(&changed.join(" UNION ALL "))
        );
        vec![made, Own::run(renamed, named())]
    }
}
