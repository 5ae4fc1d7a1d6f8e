//! The map of owners on SQLite: the schema before and after each transaction of a hook, and what is written of it.
//!
//! ```text
//!   start:   schema as known? ── no ──> read schema and map
//!   finish:  schema_version moved? ── yes ──> compare, judge (a confined plugin), write alteration_object
//! ```
//!
//! Reading a schema takes longer the more objects there are, so that a hook which only makes objects has only the rows read
//! that came behind the last one: SQLite gives each new row of its schema a larger number than any other.

use super::{
    addition::{columns, own_columns},
    bounds::{Bounds, Others, Owner},
    guard::{Rights, SchemaActions, is_own},
    judged::others_are_as_they_were,
    session::SqliteSession,
};
use crate::{
    alteration::{AlterationKey, PluginName},
    backend::{
        BackendError,
        connection::{Cell, Maps},
        granted::Granted,
        map,
        one_by_one::{Steps, own},
    },
};
use alteration_domain::record::{
    Changes, Found, Object, ObjectKind, Owners, Record, SCHEMA_VERSION,
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// Whose objects a hook makes, and what is known of the schema and of the map.
#[derive(Debug, Default)]
pub(super) struct Objects {
    maker: Option<AlterationKey>,
    granted: Option<Granted>,
    pub(super) known: Option<Known>,
    /// What is known is true once the transaction at hand is committed.
    is_pending: bool,
    /// The numbers of others' tables before a hook changed any.
    pub(super) sequences: Option<Vec<(String, String)>>,
}

/// What schema and map say, as of `versions`.
#[derive(Debug)]
pub(super) struct Known {
    owners: Owners,
    pub(super) rows: Vec<SchemaRow>,
    last_row: i64,
    versions: Versions,
    /// What is not one plugin's.
    others: Option<(PluginName, Arc<Others>)>,
}

/// A row of SQLite's schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SchemaRow {
    row: i64,
    pub(super) object: Object,
    /// The table that it belongs to, or is.
    pub(super) table: String,
    pub(super) sql: String,
}

impl SchemaRow {
    pub(super) fn is(&self, kind: ObjectKind) -> bool {
        self.object.kind == kind
    }

    fn found(&self, is_altered: impl Fn(&str) -> bool) -> Found {
        // SQLite gives the row of what was dropped last to what is made next, so that only a table that was altered can be
        // the one that has its row now.
        let identity = Some(self.row).filter(|_| is_altered(&self.object.name));
        Found { object: self.object.clone(), identity }
    }
}

/// Whose column of a table of others is.
pub(super) fn own_of(owners: &Owners, plugin: &PluginName, table: &str) -> BTreeSet<String> {
    let own = owners.iter().filter(|(object, key)| {
        object.kind == ObjectKind::Column
            && object.place.eq_ignore_ascii_case(table)
            && key.plugin == *plugin
    });
    own.map(|(object, _)| object.name.clone()).collect()
}

/// Returns the columns of the map that are still there, and those that `maker` added to tables of others.
fn columns_after(
    owners: &Owners,
    maker: &AlterationKey,
    before: &[SchemaRow],
    after: &[SchemaRow],
) -> Vec<Found> {
    let found = |place: &str, name: String| {
        let object = Object { kind: ObjectKind::Column, place: place.to_owned(), name };
        Found { object, identity: None }
    };
    let former: HashMap<_, _> = before.iter().map(|row| (&row.object, &row.sql)).collect();
    let recorded: Vec<&Object> = owners
        .iter()
        .map(|(object, _)| object)
        .filter(|object| object.kind == ObjectKind::Column)
        .collect();
    let mut all = Vec::new();
    for row in after.iter().filter(|row| row.is(ObjectKind::Table)) {
        let table = &row.object.name;
        if recorded.iter().any(|object| object.place == *table) {
            let there = columns(&row.sql);
            let kept = recorded.iter().filter(|object| object.place == *table);
            let kept = kept.filter(|object| there.contains(&object.name));
            all.extend(kept.map(|object| found(table, object.name.clone())));
        }
        let is_of_others = owners.owner(&row.object) != Some(&maker.plugin);
        let changed = former.get(&row.object).filter(|sql| is_of_others && ***sql != row.sql);
        if let Some(sql) = changed {
            let own = own_of(owners, &maker.plugin, table);
            let added = own_columns(sql, &row.sql, &own).unwrap_or_default();
            all.extend(added.into_iter().map(|name| found(table, name)));
        }
    }
    all
}

/// Counters of SQLite's: they move with each change of the schema, and with each commit of another connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Versions {
    schema: i64,
    data: i64,
}

impl Maps for SqliteSession {
    fn set_maker(&mut self, maker: &AlterationKey) {
        self.objects.maker = Some(maker.clone());
    }

    fn bound(&mut self, granted: Option<Granted>) {
        self.objects.granted = granted;
    }
}

impl Objects {
    /// Forgets what is known: somebody else changed it.
    pub(super) fn forget(&mut self) {
        self.known = None;
    }

    pub(super) fn committed(&mut self) {
        self.is_pending = false;
        self.sequences = None;
    }

    pub(super) fn rolled_back(&mut self) {
        self.sequences = None;
        if std::mem::take(&mut self.is_pending) {
            self.known = None;
        }
    }
}

impl Known {
    /// Returns what is not the plugin's.
    fn others(&mut self, plugin: &PluginName) -> Arc<Others> {
        if let Some((whose, others)) = &self.others
            && whose == plugin
        {
            return Arc::clone(others);
        }
        let owner = |row: &SchemaRow| match self.owners.owner(&row.object) {
            None => Some(Owner::Application),
            Some(owner) => (owner != plugin).then(|| Owner::Plugin(owner.clone())),
        };
        let others = self
            .rows
            .iter()
            .filter_map(|row| Some((row.object.name.to_ascii_lowercase(), owner(row)?)));
        let others = Arc::new(others.collect());
        self.others = Some((plugin.clone(), Arc::clone(&others)));
        others
    }
}

impl SqliteSession {
    /// Reads, at the start of a hook's transaction, schema and map, unless they are known, and bounds a confined plugin.
    pub(super) async fn know_objects(&mut self) -> Result<(), BackendError> {
        self.guard.take_schema_actions();
        self.guard.take_shaped();
        if self.objects.maker.is_none() {
            return Ok(());
        }
        let versions = self.versions().await?;
        let is_known = self.objects.known.as_ref().is_some_and(|known| known.versions == versions);
        if !is_known {
            let (rows, last_row) = self.rows_behind(0).await?;
            let owners = map::read(self, SCHEMA_VERSION).await?;
            self.objects.known = Some(Known { owners, rows, last_row, versions, others: None });
        }
        let Objects { granted, known, .. } = &mut self.objects;
        let bounds = granted.as_ref().zip(known.as_mut()).map(|(granted, known)| {
            let others = known.others(&granted.plugin);
            Arc::new(Bounds { granted: granted.clone(), others })
        });
        self.guard.bound(bounds);
        Ok(())
    }

    /// Judges, before the commit of a hook's transaction, what the hook leaves, and writes what it made, renamed and dropped.
    pub(super) async fn record_objects(&mut self) -> Result<(), BackendError> {
        // Where a guest ended the transaction nothing may be written; the checks say so.
        let is_open = self.is_open().await?;
        let (Some(maker), true) = (self.objects.maker.clone(), is_open) else { return Ok(()) };
        // What is noted of statements is over with the transaction: they are compiled again in the next one.
        self.forget_shapes();
        self.compare_sequences().await?;
        let versions = self.versions().await?;
        let Some(mut known) = self.objects.known.take_if(|known| known.versions != versions) else {
            return Ok(());
        };
        self.objects.is_pending = true;
        let changes = self.compare(&mut known, &maker).await?;
        known.owners.apply(&changes);
        known.versions = versions;
        self.objects.known = Some(known);
        own(self, map::write(&changes)).await?;
        Ok(())
    }

    async fn compare(
        &mut self,
        known: &mut Known,
        maker: &AlterationKey,
    ) -> Result<Changes, BackendError> {
        let actions = self.guard.take_schema_actions();
        let bounds = self.guard.bounds();
        if actions.is_empty() {
            let (added, last_row) = self.rows_behind(known.last_row).await?;
            if let Some(bounds) = bounds {
                self.judge(&bounds, &[], &added, &known.rows, &actions).await?;
            }
            let found: Vec<Found> = added.iter().map(|row| row.found(|_| true)).collect();
            let changes = known.owners.additions(&[], &found, maker);
            known.rows.extend(added);
            // What is new is the maker's, and to every other plugin another's.
            known.others.take_if(|(plugin, _)| *plugin != maker.plugin);
            known.last_row = last_row.max(known.last_row);
            return Ok(changes);
        }
        let (after, last_row) = self.rows_behind(0).await?;
        if let Some(bounds) = bounds {
            let own = |table: &str| own_of(&known.owners, &maker.plugin, table);
            others_are_as_they_were(&bounds, &known.rows, &after, &own)?;
            self.judge(&bounds, &known.rows, &after, &[], &actions).await?;
        }
        let is_altered = |name: &str| actions.altered.contains(&name.to_ascii_lowercase());
        let mut before: Vec<Found> = known.rows.iter().map(|row| row.found(is_altered)).collect();
        let columns = known.owners.iter().filter(|(object, _)| object.kind == ObjectKind::Column);
        before.extend(columns.map(|(object, _)| Found { object: object.clone(), identity: None }));
        let mut found: Vec<Found> = after.iter().map(|row| row.found(|_| true)).collect();
        found.extend(columns_after(&known.owners, maker, &known.rows, &after));
        let changes = known.owners.changes(&before, &found, maker);
        (known.rows, known.last_row, known.others) = (after, last_row, None);
        Ok(changes)
    }

    async fn versions(&mut self) -> Result<Versions, BackendError> {
        // No table can stand in for a pragma, as it could for the function of its name.
        let mut numbers = [0; 2];
        for (number, name) in numbers.iter_mut().zip(["schema_version", "data_version"]) {
            let rows = self.read_own(&format!("PRAGMA main.{name}"), &[]).await?;
            let row = rows.into_iter().next().unwrap_or_default();
            *number = Record::new(row, "the schema's version").integer(name)?;
        }
        let [schema, data] = numbers;
        Ok(Versions { schema, data })
    }

    /// Returns what the schema has behind a row, and its last row.
    async fn rows_behind(&mut self, row: i64) -> Result<(Vec<SchemaRow>, i64), BackendError> {
        self.guard.set(Rights::Host);
        let sql = "SELECT rowid, type, name, tbl_name, coalesce(sql, '') FROM main.sqlite_schema \
            WHERE rowid > ? ORDER BY rowid";
        let (mut rows, mut last) = (Vec::new(), row);
        for cells in self.read_own(sql, &[Cell::integer(row)]).await? {
            let mut cells = Record::new(cells, "the schema");
            last = cells.integer("rowid")?;
            let kind: Result<ObjectKind, _> = cells.text("type")?.parse();
            let name = cells.text("name")?;
            // What SQLite makes by itself comes and goes with its table.
            let (Ok(kind), false) = (kind, is_own(&name) || is_of_sqlite(&name)) else { continue };
            let object = Object { kind, place: String::new(), name };
            let (table, sql) = (cells.text("tbl_name")?, cells.text("sql")?);
            rows.push(SchemaRow { row: last, object, table, sql });
        }
        Ok((rows, last))
    }
}

impl SchemaActions {
    fn is_empty(&self) -> bool {
        self.dropped.is_empty() && self.altered.is_empty()
    }
}

/// Returns whether only SQLite itself can have given the name.
fn is_of_sqlite(name: &str) -> bool {
    name.get(.."sqlite_".len()).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"))
}
