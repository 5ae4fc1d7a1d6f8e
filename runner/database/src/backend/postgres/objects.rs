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
    /// Its schema, its name and its owner.
    place: &'static str,
    name: &'static str,
    owner: &'static str,
    /// The rows that count.
    counted: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind {
        catalogue: "pg_class",
        kind: "CASE WHEN o.relkind IN ('v', 'm') THEN 'view' WHEN o.relkind = 'S' THEN 'sequence' ELSE 'table' END",
        place: "o.relnamespace",
        name: "o.relname::text",
        owner: "o.relowner",
        counted: "o.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')",
    },
    Kind {
        catalogue: "pg_proc",
        kind: "'function'",
        place: "o.pronamespace",
        name: "CASE WHEN length(o.proname || pg_get_function_identity_arguments(o.oid)) < 250 \
            THEN o.proname || '(' || pg_get_function_identity_arguments(o.oid) || ')' \
            ELSE o.proname || '(' || md5(pg_get_function_identity_arguments(o.oid)) || ')' END",
        owner: "o.proowner",
        counted: "true",
    },
    Kind {
        catalogue: "pg_type",
        kind: "'type'",
        place: "o.typnamespace",
        name: "o.typname::text",
        owner: "o.typowner",
        // No array, and no row of a table.
        counted: "o.typelem = 0 AND NOT EXISTS (SELECT FROM pg_class r WHERE r.oid = o.typrelid AND r.relkind <> 'c')",
    },
    Kind {
        catalogue: "pg_namespace",
        kind: "'schema'",
        place: "o.oid",
        name: "o.nspname::text",
        owner: "o.nspowner",
        counted: "NOT EXISTS (SELECT FROM pg_class r WHERE r.relnamespace = o.oid AND age(r.xmin) > 0)",
    },
];

/// Whether the transaction wrote to one of the catalogues, as the server counts it.
fn touched(counts: &[&str]) -> String {
    let counts = CATALOGUES.iter().flat_map(|catalogue| {
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

impl Kind {
    /// The objects of the map that the hook made.
    fn made(&self, is_confined: bool) -> String {
        let Self { catalogue, kind, place, name, owner, counted } = self;
        let is_made = match is_confined {
            true => format!(
                "{owner} = (SELECT oid FROM pg_roles WHERE rolname = session_user) AND age(o.xmin) <= 0"
            ),
            // A schema is in none.
            false if *catalogue == "pg_namespace" => is_ours("o"),
            false => format!(
                "{} AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_catalog.{catalogue}'::regclass \
                    AND d.objid = o.oid AND d.objsubid = 0 AND d.refclassid = 'pg_catalog.pg_namespace'::regclass AND {})",
                is_ours("o"),
                is_ours("d")
            ),
        };
        format!(
            "SELECT {kind} AS kind, n.nspname::text AS place, {name} AS name FROM pg_catalog.{catalogue} o \
             JOIN pg_catalog.pg_namespace n ON n.oid = {place} \
             WHERE {is_made} AND {counted} AND NOT starts_with(n.nspname, 'pg_') \
                AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_catalog.{catalogue}'::regclass \
                    AND e.objid = o.oid AND e.deptype = 'e')"
        )
    }

    /// Whether the object of the map's row `m` is there.
    fn is_there(&self) -> String {
        let Self { catalogue, kind, place, name, counted, .. } = self;
        format!(
            "EXISTS (SELECT FROM pg_catalog.{catalogue} o JOIN pg_catalog.pg_namespace n ON n.oid = {place} \
             WHERE n.nspname = m.place AND {kind} = m.kind AND {name} = m.name AND {counted})"
        )
    }
}

/// A query for all objects that a plugin could own, as `kind`, `place`, `name`, `oid`, `owner`, and whether an object
/// `follows` another one, to whose owner it belongs. The runner's own, in the schema `state`, and those of extensions are none.
pub(super) fn listing(state: &str) -> String {
    let state = literal(state);
    let one = |Kind { catalogue, kind, place, name, owner, counted }: &Kind| {
        let (counted, follows) = match *catalogue {
            "pg_namespace" => ("true", "false"),
            "pg_class" => (
                *counted,
                "o.relkind = 'S' AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass \
                    AND d.objid = o.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))",
            ),
            // A multirange's owner is its range's.
            "pg_type" => (*counted, "o.typtype = 'm'"),
            _ => (*counted, "false"),
        };
        format!(
            "SELECT {kind} AS kind, n.nspname::text AS place, {name} AS name, o.oid AS oid, {owner} AS owner, {follows} AS follows \
             FROM pg_catalog.{catalogue} o JOIN pg_catalog.pg_namespace n ON n.oid = {place} \
             WHERE {counted} AND NOT starts_with(n.nspname, 'pg_') AND n.nspname <> 'information_schema' \
                AND NOT (n.nspname = {state} AND starts_with({name}, 'alteration_')) \
                AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_catalog.{catalogue}'::regclass \
                    AND e.objid = o.oid AND e.deptype = 'e')"
        )
    };
    KINDS.iter().map(one).collect::<Vec<_>>().join(" UNION ALL ")
}

impl Maps for PostgresConnection {
    fn set_maker(&mut self, _maker: &AlterationKey) {
        // It comes with the statements.
    }

    fn statements(&self, maker: &AlterationKey, is_confined: bool) -> Vec<Own> {
        let [relation, ..] = &KINDS;
        // Only of tables, views and sequences it matters that a name is free again.
        let gone = format!(
            "DELETE FROM @object m WHERE m.kind IN ('table', 'view', 'sequence') AND {} AND NOT {}",
            touched(&["deleted", "updated"]),
            relation.is_there()
        );
        let made: Vec<String> = KINDS.iter().map(|kind| kind.made(is_confined)).collect();
        let insert = format!(
            "INSERT INTO @object AS m (plugin, id, kind, place, name) \
             SELECT p, i, f.kind, f.place, f.name FROM (SELECT ?::text AS p, ?::text AS i) maker CROSS JOIN ({}) f \
             WHERE {} \
             ON CONFLICT (kind, place, name) DO UPDATE SET plugin = excluded.plugin, id = excluded.id \
             WHERE m.plugin <> excluded.plugin",
            made.join(" UNION ALL "),
            touched(&["inserted", "updated"])
        );
        let named = [Cell::text(&maker.plugin), Cell::text(&maker.id)];
        vec![Own::run(gone, []), Own::run(insert, named)]
    }
}
