//! What the server says of the runner's own tables, before a hook and after it: the SQL that asks, and what
//! it comes to.
//!
//! SQL that is put together at run time gets past every look at a statement's text. So the tables are
//! compared, as the catalogue describes and the server counts them.

use super::{
    link::TextRow,
    text::{literal, quote},
};
use crate::sql::OWN_TABLES;
use std::collections::BTreeMap;

/// Whether anything hangs on a table, as its own row says; of triggers also where there was one.
const HAS_HANGING: &str = "relhastriggers OR relhasrules OR relhassubclass";

/// What the server says of the runner's own tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Those that are there, with their object ids.
    oids: BTreeMap<String, String>,
    /// How the catalogue describes them.
    described: String,
    /// What hangs on them, if anything does: the first of a kind shows in a table's own row.
    hanging: Option<String>,
    /// How many rows this server session's transaction wrote in them.
    written: String,
}

/// What became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    /// Whether this session's transaction wrote rows of theirs.
    pub(super) is_written: bool,
    /// Whether the catalogue describes them otherwise, whoever did it.
    pub(super) is_described: bool,
}

/// The questions of whoever knows nothing yet: one whose rows name the tables, and expressions that are the last
/// columns of one more row.
pub(super) fn first_questions(schema: &str) -> (String, String) {
    let names: Vec<_> = OWN_TABLES.into_iter().map(literal).collect();
    let own = format!(
        "relnamespace = to_regnamespace({}) AND relname = ANY (ARRAY[{}]::name[])",
        literal(&quote(schema)),
        names.join(", ")
    );
    let oids = format!("ARRAY(SELECT oid FROM pg_class WHERE {own})");
    let written = format!("(SELECT coalesce(sum({}), 0) FROM unnest({oids}) oid)", counts("oid"));
    (
        format!("SELECT relname, oid, {HAS_HANGING} FROM pg_class WHERE {own}"),
        format!("{written}, {}, {}", described(schema, &oids, &[]), hanging(&oids)),
    )
}

impl Facts {
    /// From the answers to [`first_questions`]. `None` where they are no answers.
    pub(super) fn of(names: &[TextRow], last: &[Option<String>]) -> Option<Self> {
        let [Some(written), Some(described), Some(hanging)] = last else { return None };
        let is_hung_on = |row: &TextRow| matches!(&row[..], [_, _, Some(is)] if is == "t");
        // Other rows may be between them, of other widths.
        let named = |row: &TextRow| match &row[..] {
            [Some(name), Some(oid), _] => Some((name.clone(), oid.clone())),
            _ => None,
        };
        Some(Self {
            oids: names.iter().filter_map(named).collect(),
            described: described.clone(),
            hanging: Some(hanging.clone()).filter(|_| names.iter().any(is_hung_on)),
            written: written.clone(),
        })
    }

    /// The names of those that are there.
    pub(super) fn tables(&self) -> impl Iterator<Item = &str> {
        self.oids.keys().map(String::as_str)
    }

    /// Whether neither triggers nor rules nor heirs hang on them.
    pub(super) fn are_alone(&self) -> bool {
        self.hanging.is_none()
    }

    /// As they are known, with what the server answered to [`Self::written`].
    pub(super) fn with_written(self, written: String) -> Self {
        Self { written, ..self }
    }

    /// How many rows of the tables this server session's transaction wrote, as an expression. A server
    /// counts on from one transaction to the next, for a while.
    pub(super) fn written(&self) -> String {
        let counts: Vec<_> = self.oids.values().map(|oid| counts(oid)).collect();
        if counts.is_empty() { "0".to_owned() } else { counts.join(" + ") }
    }

    /// An expression whose value is [`Self::expected`] as long as nothing became of the tables.
    pub(super) fn question(&self, schema: &str) -> String {
        let oids: Vec<_> = self.oids.values().map(String::as_str).collect();
        let oids = format!("'{{{}}}'::oid[]", oids.join(","));
        let missing: Vec<_> =
            OWN_TABLES.into_iter().filter(|name| !self.oids.contains_key(*name)).collect();
        format!(
            "concat_ws('/', {}, {}, {})",
            self.written(),
            described(schema, &oids, &missing),
            if self.hanging.is_some() { hanging(&oids) } else { "''".to_owned() }
        )
    }

    /// An expression that stays the same as long as nobody changes the tables or a row of theirs, in whichever
    /// transaction. A changed row counts for more than it did: the ids of transactions grow. The lease's row is left out,
    /// because its heart beats on.
    pub(super) fn standing(&self, schema: &str) -> String {
        let oids: Vec<_> = self.oids.values().map(String::as_str).collect();
        let oids = format!("'{{{}}}'::oid[]", oids.join(","));
        let tables = self.oids.keys().filter(|name| *name != "alteration_lease");
        let rows = tables.map(|name| {
            let table = format!("{}.{}", quote(schema), quote(name));
            format!("(SELECT count(*) || '.' || coalesce(sum(xmin::text::int8), 0) FROM {table})")
        });
        let rows: Vec<_> = rows.collect();
        let rows = if rows.is_empty() { "''".to_owned() } else { rows.join(", ") };
        format!("concat_ws('/', {}, {}, {rows})", described(schema, &oids, &[]), hanging(&oids))
    }

    pub(super) fn expected(&self) -> String {
        let hanging = self.hanging.as_deref().unwrap_or_default();
        format!("{}/{}/{hanging}", self.written, self.described)
    }

    /// What another value of that expression says, beside what was `seen` since, if anything was.
    pub(super) fn change(&self, found: &str, seen: Option<&str>) -> Change {
        let parts = |text: &str| {
            let (written, others) = text.split_once('/').unwrap_or((text, ""));
            (written.to_owned(), others.to_owned())
        };
        let expected = seen.map_or_else(|| self.expected(), str::to_owned);
        let ((written, others), expected) = (parts(found), parts(&expected));
        Change { is_written: written != expected.0, is_described: others != expected.1 }
    }
}

/// How the catalogue describes the tables with these object ids, as an expression. A row of it that is
/// changed is the work of another transaction from then on, also where the change is taken back: of one
/// that only grows, so that no sum of them stays as it was. The schema may not be another one under its
/// name, and nothing may be there under the names that are `missing`, no type either, for that would be
/// in the way of a table.
fn described(schema: &str, oids: &str, missing: &[&str]) -> String {
    let schema = quote(schema);
    let named = |name: &&str| {
        let name = literal(&format!("{schema}.{}", quote(name)));
        format!("to_regclass({name}), to_regtype({name})")
    };
    let others = match missing.iter().map(named).collect::<Vec<_>>() {
        named if named.is_empty() => "0".to_owned(),
        named => format!("num_nonnulls({})", named.join(", ")),
    };
    let tables = [
        "pg_class WHERE oid",
        "pg_attribute WHERE attnum > 0 AND attrelid",
        "pg_index WHERE indrelid",
    ];
    format!(
        "concat_ws(' ', to_regnamespace({})::oid, {}, {others})",
        literal(&schema),
        tables.map(|of| sums(of, oids)).join(", ")
    )
}

/// Triggers, those of foreign keys among them, rules and heirs of these tables, as an expression.
fn hanging(oids: &str) -> String {
    let all =
        ["pg_trigger WHERE tgrelid", "pg_rewrite WHERE ev_class", "pg_inherits WHERE inhparent"];
    format!("concat_ws(' ', {})", all.map(|of| sums(of, oids)).join(", "))
}

/// How many rows a catalogue has of these tables, and by which transactions, as an expression. Each row
/// counts for more than the ids of all their transactions together.
fn sums(of: &str, oids: &str) -> String {
    const ROW: u64 = 1 << 48;
    format!("(SELECT sum(xmin::text::int8 + {ROW}) FROM {of} = ANY ({oids}))")
}

/// How many rows of one table this server session's transaction wrote, as an expression.
fn counts(oid: &str) -> String {
    let counts = ["inserted", "updated", "deleted"];
    counts.map(|done| format!("pg_stat_get_xact_tuples_{done}({oid})")).join(" + ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: [&str; 3]) -> TextRow {
        cells.map(|cell| Some(cell.to_owned())).to_vec()
    }

    #[test]
    fn changes_are_told_apart() {
        let last = row(["7", "1 2 3", "4 5 6"]);
        for (hangs, rest, other) in [("f", "", "9"), ("t", "4 5 6", "4 5 7")] {
            let names = [row(["alteration_state", "16384", hangs])];
            let facts = Facts::of(&names, &last).expect("answers");
            assert_eq!(facts.expected(), format!("7/1 2 3/{rest}"));
            assert_eq!(facts.are_alone(), rest.is_empty());
            for (found, is_written, is_described) in [
                (format!("7/1 2 3/{rest}"), false, false),
                (format!("8/1 2 3/{rest}"), true, false),
                (format!("7/1 2 4/{rest}"), false, true),
                (format!("7/1 2 3/{other}"), false, true),
                (format!("8/1 3 3/{rest}"), true, true),
                ("7".to_owned(), false, true),
            ] {
                assert_eq!(
                    facts.change(&found, None),
                    Change { is_written, is_described },
                    "{found}"
                );
            }
        }
        assert_eq!(Facts::of(&[], &[None, None, None]), None);
    }
}
