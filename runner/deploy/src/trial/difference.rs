//! What is different between two pictures of a database. Pure.

use super::{
    After,
    picture::Picture,
    rows::{Kept, Rows, SHOWN_MAX, Search},
};
use crate::alteration::Dialect;
use serde::Serialize;
use similar::{Algorithm, ChangeTag, capture_diff_slices};
use std::collections::{BTreeMap, BTreeSet};

/// Lines around a change that stayed as they were.
const CONTEXT_LINES: usize = 1;

/// One thing, or the rows of one table, that is not as it should be. Texts are the vendor's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Difference {
    /// The definition of a table, index, function or the like differs.
    Schema {
        /// When.
        after: After,
        /// `table`, `view` and so on.
        what: String,
        /// Its name.
        name: String,
        /// Its definition, line by line.
        lines: Vec<LineChange>,
    },
    /// A table has the same columns in another order.
    ColumnOrder {
        /// When.
        after: After,
        /// The table.
        name: String,
        /// Whether an alteration could have put them where they were.
        avoidable: bool,
    },
    /// The rows of a table differ.
    Data {
        /// When.
        after: After,
        /// The table.
        table: String,
        /// The columns, in the order of the values in `rows`.
        columns: Vec<String>,
        /// How many rows it had before.
        rows_before: u64,
        /// How many it has now.
        rows_now: u64,
        /// How many rows are missing and how many are new; null if the table has too many to compare.
        changed: Option<RowCounts>,
        /// The first few rows that differ. Of a large table only new ones.
        rows: Vec<RowChange>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineChange {
    /// It is as it was.
    Same(String),
    /// It is not there any more.
    Missing(String),
    /// It is new.
    Added(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RowCounts {
    /// How many are not there any more.
    pub missing: u64,
    /// How many are new.
    pub added: u64,
}

/// Values as literals, in the order of the columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowChange {
    /// It is not there any more.
    Missing(Vec<String>),
    /// It is new.
    Added(Vec<String>),
}

impl Difference {
    /// Returns whether the alteration is at fault. PostgreSQL can put a column at the end only.
    pub fn fails(&self) -> bool {
        !matches!(self, Self::ColumnOrder { avoidable: false, .. })
    }
}

/// Returns what of `expected` is otherwise in `found`.
pub(crate) fn between(
    expected: &Picture,
    found: &Picture,
    after: After,
    dialect: Dialect,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    let keys: BTreeSet<_> = expected.things.keys().chain(found.things.keys()).collect();
    for key @ (what, name) in keys {
        let (before, now) = (expected.things.get(key), found.things.get(key));
        if before == now {
            continue;
        }
        if let (Some(before), Some(now)) = (before, now)
            && what == "table"
            && sorted(before) == sorted(now)
        {
            let avoidable = dialect != Dialect::Postgresql;
            differences.push(Difference::ColumnOrder { after, name: name.clone(), avoidable });
            continue;
        }
        let (what, name) = (what.clone(), name.clone());
        let lines = lines(before, now);
        differences.push(Difference::Schema { after, what, name, lines });
    }
    for (table, before) in &expected.tables {
        // Rows of different columns cannot be compared, and the schema's difference is told.
        if let Some(now) = found.tables.get(table)
            && now.columns == before.columns
            && !before.is_like(now)
        {
            differences.push(data(table, before, now, after));
        }
    }
    differences
}

/// The rows of tables that were not there before.
pub(crate) fn added_rows(before: &Picture, now: &Picture, after: After) -> Vec<Difference> {
    let tables = now.tables.iter().filter(|(table, _)| !before.tables.contains_key(*table));
    let filled = tables.filter(|(_, rows)| rows.count > 0);
    filled.map(|(table, rows)| data(table, &Rows::of(rows.columns.clone()), rows, after)).collect()
}

fn sorted(lines: &[String]) -> Vec<&String> {
    let mut lines: Vec<&String> = lines.iter().collect();
    lines.sort();
    lines
}

fn lines(before: Option<&Vec<String>>, now: Option<&Vec<String>>) -> Vec<LineChange> {
    // A thing that has nothing to say about itself is still a thing.
    let there = |lines: Option<&Vec<String>>| match lines {
        None => Vec::new(),
        Some(lines) if lines.iter().all(String::is_empty) => vec!["(is there)".to_owned()],
        Some(lines) => lines.iter().filter(|line| !line.is_empty()).cloned().collect(),
    };
    let (before, now) = (there(before), there(now));
    let mut lines = Vec::new();
    let operations = capture_diff_slices(Algorithm::Myers, &before, &now);
    for group in similar::group_diff_ops(operations, CONTEXT_LINES) {
        for change in group.iter().flat_map(|operation| operation.iter_changes(&before, &now)) {
            let line = change.value();
            lines.push(match change.tag() {
                ChangeTag::Equal => LineChange::Same(line),
                ChangeTag::Delete => LineChange::Missing(line),
                ChangeTag::Insert => LineChange::Added(line),
            });
        }
    }
    lines
}

fn data(table: &str, before: &Rows, now: &Rows, after: After) -> Difference {
    let mut rows = Vec::new();
    let mut changed = None;
    if let (Kept::Rows(kept_before), Kept::Rows(kept_now)) = (&before.kept, &now.kept) {
        let (missing, shown) = surplus(kept_before, kept_now);
        rows.extend(shown.into_iter().map(RowChange::Missing));
        let (added, shown) = surplus(kept_now, kept_before);
        rows.extend(shown.into_iter().map(RowChange::Added));
        changed = Some(RowCounts { missing, added });
    }
    Difference::Data {
        after,
        table: table.to_owned(),
        columns: before.columns.clone(),
        rows_before: before.count,
        rows_now: now.count,
        changed,
        rows,
    }
}

/// Returns how many rows are more often in `rows` than in `others`, and the first few of them.
fn surplus(
    rows: &BTreeMap<Vec<String>, u64>,
    others: &BTreeMap<Vec<String>, u64>,
) -> (u64, Vec<Vec<String>>) {
    let (mut number, mut shown) = (0, Vec::new());
    for (row, count) in rows {
        let more = count.saturating_sub(others.get(row).copied().unwrap_or_default());
        number += more;
        if more > 0 && shown.len() < SHOWN_MAX {
            shown.push(row.clone());
        }
    }
    (number, shown)
}

impl Difference {
    /// The table whose rows have to be searched to tell which.
    pub(super) fn to_search(&self) -> Option<&str> {
        match self {
            Self::Data { table, changed: None, .. } => Some(table),
            _ => None,
        }
    }

    pub(super) fn searched(&mut self, search: Search) {
        if let Self::Data { changed, rows, .. } = self {
            *changed = Some(RowCounts { missing: search.missing(), added: search.added });
            *rows = search.shown.into_iter().map(RowChange::Added).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn picture(things: &[(&str, &str, &[&str])], table: &[&[&str]]) -> Picture {
        let mut rows = Rows::of(texts(&["id", "name"]));
        for row in table {
            rows.add(texts(row), &mut 10_000);
        }
        let thing = |(kind, name, lines): &(&str, &str, &[&str])| {
            (((*kind).to_owned(), (*name).to_owned()), texts(lines))
        };
        Picture::of(things.iter().map(thing).collect(), "t", rows)
    }

    #[test]
    fn equal_pictures_differ_in_nothing() {
        let one = || picture(&[("table", "t", &["id int", "name text"])], &[&["1", "'a'"]]);
        assert_eq!(between(&one(), &one(), After::Down, Dialect::Postgresql), []);
    }

    #[test]
    fn things_come_and_go_and_change() {
        let before =
            picture(&[("index", "i", &["ON t (id)"]), ("table", "t", &["a", "b", "c", "d"])], &[]);
        let now = picture(&[("schema", "s", &[""]), ("table", "t", &["a", "b", "x", "d"])], &[]);
        let found = between(&before, &now, After::Down, Dialect::Sqlite);
        let lines: Vec<&Vec<LineChange>> = found
            .iter()
            .map(|difference| match difference {
                Difference::Schema { lines, .. } => lines,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(*lines[0], [LineChange::Missing("ON t (id)".to_owned())]);
        assert_eq!(*lines[1], [LineChange::Added("(is there)".to_owned())]);
        assert_eq!(
            *lines[2],
            [
                LineChange::Same("b".to_owned()),
                LineChange::Missing("c".to_owned()),
                LineChange::Added("x".to_owned()),
                LineChange::Same("d".to_owned())
            ]
        );
    }

    #[test]
    fn another_order_fails_where_it_can_be_mended() {
        let before = picture(&[("table", "t", &["a", "b", "c"])], &[]);
        let now = picture(&[("table", "t", &["a", "c", "b"])], &[]);
        for (dialect, fails) in
            [(Dialect::Postgresql, false), (Dialect::Mariadb, true), (Dialect::Sqlite, true)]
        {
            let found = between(&before, &now, After::Down, dialect);
            assert!(matches!(found[..], [Difference::ColumnOrder { .. }]), "{found:?}");
            assert_eq!(found[0].fails(), fails, "{dialect:?}");
        }
    }

    #[test]
    fn rows_that_differ_are_shown_up_to_a_few() {
        let before = picture(&[], &[&["1", "'a'"], &["2", "'b'"], &["2", "'b'"]]);
        let now = picture(&[], &[&["1", "''"], &["2", "'b'"]]);
        let found = between(&before, &now, After::SecondUp, Dialect::Sqlite);
        let [Difference::Data { rows_before: 3, rows_now: 2, rows, changed, .. }] = &found[..]
        else {
            panic!("{found:?}")
        };
        let expected = [
            RowChange::Missing(texts(&["1", "'a'"])),
            RowChange::Missing(texts(&["2", "'b'"])),
            RowChange::Added(texts(&["1", "''"])),
        ];
        let counts = RowCounts { missing: 2, added: 1 };
        assert_eq!((&rows[..], *changed), (&expected[..], Some(counts)));
    }
}
