//! Finds what a rollback destroys before the operator is asked: tables, columns, and rows of tables that stay.
//!
//! Where a database can take all of it back, the rollback is rehearsed: the schema is compared, and so are the numbers of rows
//! of the tables that it wrote to. For those whose numbers say nothing, the database's own account of the rehearsal and the
//! SQL that ran in it are read. Elsewhere the SQL of each `down` is read; where a component is code, only tables whose names
//! occur in it can be named. Alters nothing.

mod follow;
mod read;
mod rehearsed;

use super::{Control, How, Job, components::Components, lock};
use crate::{
    alteration::Dialect,
    backend::{Backend, BackendError, RowSource, Thing},
    error::Error,
    event::{Certainty, Losses, LostColumn, LostRows, LostTable},
    host::Host,
    plan::Plan,
};
use follow::follow;
use read::read;
use rehearsed::{compare, rehearse};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Losses found so far, by table.
#[derive(Default)]
struct Found {
    tables: BTreeMap<String, Certainty>,
    columns: BTreeMap<(String, String), Certainty>,
    /// Tables that stay and whose rows may be deleted or changed.
    rows: BTreeSet<String>,
    /// Numbers of rows left in tables that stay.
    left: BTreeMap<String, u64>,
    unsure: Option<String>,
}

impl Found {
    /// Adds a table, unless more is known of it.
    fn table(&mut self, name: &str, certainty: Certainty) {
        let known = self.tables.entry(name.to_owned()).or_insert(certainty);
        if *known == Certainty::Perhaps {
            *known = certainty;
        }
    }
}

type Tables = BTreeMap<String, RowSource>;

/// Finds what `plan`, a rollback, destroys. `may_run`: its hooks may run in a rehearsal.
pub(super) async fn look(
    (job, how, host): (&Job<'_>, &How, &Host),
    plan: &Plan,
    components: &mut Arc<Components>,
    backend: &mut Backend,
    control: &Control,
    may_run: bool,
) -> Result<Losses, Error> {
    lock(backend, how, control).await?;
    let looked = find((job, how, host), plan, components, backend, control, may_run).await;
    backend.unlock().await;
    looked
}

async fn find(
    (job, how, host): (&Job<'_>, &How, &Host),
    plan: &Plan,
    components: &mut Arc<Components>,
    backend: &mut Backend,
    control: &Control,
    may_run: bool,
) -> Result<Losses, Error> {
    let things = things(backend).await?;
    let before = tables(&things);
    let can_rehearse = matches!(backend.dialect(), Dialect::Sqlite | Dialect::Postgresql);
    let mut found = Found::default();
    let mut is_whole = false;
    if can_rehearse && may_run {
        match rehearse((job, how, host), &before, components, backend, control).await? {
            Ok(rehearsed) => {
                compare(&before, &rehearsed, &mut found);
                is_whole = rehearsed.is_whole;
            }
            Err(reason) => found.unsure = Some(format!("a rehearsal of it failed: {reason}")),
        }
    }
    if !is_whole {
        read(plan, components, &before, backend.dialect(), &mut found);
        follow(&things, &before, &mut found);
    }
    backend.begin_looking().await?;
    let counted = count(&before, &found, backend).await;
    backend.abandon().await?;
    Ok(counted?)
}

async fn things(backend: &mut Backend) -> Result<Vec<Thing>, BackendError> {
    backend.begin_looking().await?;
    let things = backend.things().await;
    backend.abandon().await?;
    things
}

fn tables(things: &[Thing]) -> Tables {
    let tables = things.iter().filter(|thing| thing.kind == "table");
    tables.filter_map(|thing| Some((thing.name.clone(), thing.rows.clone()?))).collect()
}

/// Returns a table's name without its schema and its quotes.
fn bare(name: &str) -> &str {
    let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
    name.trim_matches('"')
}

fn occurs(name: &str, bytes: &[u8]) -> bool {
    !name.is_empty()
        && bytes.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name.as_bytes()))
}

async fn count(
    tables: &Tables,
    found: &Found,
    backend: &mut Backend,
) -> Result<Losses, BackendError> {
    let mut losses = Losses { unsure: found.unsure.clone(), ..Losses::default() };
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    let names = found.tables.keys().chain(found.columns.keys().map(|(table, _)| table));
    let names = names.chain(&found.rows).chain(found.left.keys());
    for name in names {
        if let Some(rows) = tables.get(name)
            && !counted.contains_key(name.as_str())
        {
            counted.insert(name, backend.count_rows(rows).await?);
        }
    }
    let rows = |table: &str| counted.get(table).copied().unwrap_or_default();
    for (table, certainty) in &found.tables {
        let (table, certainty, rows) = (table.clone(), *certainty, rows(table));
        losses.tables.push(LostTable { table, rows, certainty });
    }
    for ((table, column), certainty) in &found.columns {
        let (rows, certainty) = (rows(table), *certainty);
        if !found.tables.contains_key(table) {
            losses.columns.push(LostColumn {
                table: table.clone(),
                column: column.clone(),
                rows,
                certainty,
            });
        }
    }
    let stays = |table: &&String| !found.tables.contains_key(*table);
    let names: BTreeSet<&String> = found.rows.iter().chain(found.left.keys()).collect();
    for table in names.into_iter().filter(stays) {
        let rows = rows(table);
        let lost = found.left.get(table).and_then(|left| rows.checked_sub(*left));
        let lost = lost.filter(|lost| *lost > 0);
        let certainty = match lost {
            Some(_) => Certainty::Rehearsed,
            None if rows > 0 && found.rows.contains(table) => Certainty::Perhaps,
            None => continue,
        };
        losses.rows.push(LostRows { table: table.clone(), lost, rows, certainty });
    }
    Ok(losses)
}
