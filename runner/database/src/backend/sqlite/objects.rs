//! The map of owners on SQLite: the schema before and after each transaction of a hook, and what is written of it.
//!
//! ```text
//!   start:   schema as known? ── no ──> read schema and map
//!   finish:  schema_version moved? ── yes ──> compare, write alteration_object, in the same transaction
//! ```
//!
//! Reading a schema takes longer the more objects there are, so that a hook which only makes objects has only the rows read
//! that came behind the last one: SQLite gives each new row of its schema a larger number than any other.

use super::{guard::Rights, guard::is_own, session::SqliteSession};
use crate::{
    alteration::AlterationKey,
    backend::{
        BackendError,
        connection::{Cell, Maps},
        map,
        one_by_one::{Steps, own},
        transaction::TxError,
    },
};
use alteration_domain::record::{
    Changes, Found, Object, ObjectKind, Owners, Record, SCHEMA_VERSION,
};

/// Whose objects a hook makes, and what is known of the schema and of the map.
#[derive(Debug, Default)]
pub(super) struct Objects {
    maker: Option<AlterationKey>,
    known: Option<Known>,
    /// What is known is true once the transaction at hand is committed.
    is_pending: bool,
}

/// What schema and map say, as of `versions`.
#[derive(Debug)]
struct Known {
    owners: Owners,
    found: Vec<Found>,
    last_row: i64,
    versions: Versions,
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
}

impl Objects {
    /// Forgets what is known: somebody else changed it.
    pub(super) fn forget(&mut self) {
        self.known = None;
    }

    pub(super) fn committed(&mut self) {
        self.is_pending = false;
    }

    pub(super) fn rolled_back(&mut self) {
        if std::mem::take(&mut self.is_pending) {
            self.known = None;
        }
    }
}

impl SqliteSession {
    /// Reads, at the start of a hook's transaction, schema and map, unless they are known.
    pub(super) async fn know_objects(&mut self) -> Result<(), BackendError> {
        self.guard.take_schema_actions();
        if self.objects.maker.is_none() {
            return Ok(());
        }
        let versions = self.versions().await?;
        if self.objects.known.as_ref().is_some_and(|known| known.versions == versions) {
            return Ok(());
        }
        let (found, last_row) = self.found_behind(0).await?;
        let owners = map::read(self, SCHEMA_VERSION).await?;
        self.objects.known = Some(Known { owners, found, last_row, versions });
        Ok(())
    }

    /// Writes, before the commit of a hook's transaction, what the hook made, renamed and dropped.
    pub(super) async fn record_objects(&mut self) -> Result<(), TxError> {
        // Where a guest ended the transaction nothing may be written; the checks say so.
        let is_open = self.is_open().await.map_err(TxError::Checks)?;
        let (Some(maker), true) = (self.objects.maker.clone(), is_open) else { return Ok(()) };
        let versions = self.versions().await.map_err(TxError::Checks)?;
        let Some(mut known) = self.objects.known.take_if(|known| known.versions != versions) else {
            return Ok(());
        };
        self.objects.is_pending = true;
        let changes = self.compare(&mut known, &maker).await.map_err(TxError::Checks)?;
        known.owners.apply(&changes);
        known.versions = versions;
        self.objects.known = Some(known);
        own(self, map::write(&changes)).await.map_err(|error| TxError::Checks(error.into()))?;
        Ok(())
    }

    async fn compare(
        &mut self,
        known: &mut Known,
        maker: &AlterationKey,
    ) -> Result<Changes, BackendError> {
        let actions = self.guard.take_schema_actions();
        if !actions.has_dropped && actions.altered.is_empty() {
            let (added, last_row) = self.found_behind(known.last_row).await?;
            let changes = known.owners.additions(&[], &added, maker);
            known.found.extend(added);
            known.last_row = last_row.max(known.last_row);
            return Ok(changes);
        }
        let (after, last_row) = self.found_behind(0).await?;
        // SQLite gives the row of what was dropped last to what is made next, so that only a table that was altered can be
        // the one that has its row now.
        for Found { object, identity } in &mut known.found {
            *identity =
                identity.filter(|_| actions.altered.contains(&object.name.to_ascii_lowercase()));
        }
        let changes = known.owners.changes(&known.found, &after, maker);
        (known.found, known.last_row) = (after, last_row);
        Ok(changes)
    }

    async fn versions(&mut self) -> Result<Versions, BackendError> {
        let sql =
            "SELECT schema_version, data_version FROM pragma_schema_version, pragma_data_version";
        let row = self.read_own(sql, &[]).await?.into_iter().next().unwrap_or_default();
        let mut row = Record::new(row, "the schema's version");
        Ok(Versions { schema: row.integer("schema_version")?, data: row.integer("data_version")? })
    }

    /// Returns the objects whose rows come behind one, and the last row.
    async fn found_behind(&mut self, row: i64) -> Result<(Vec<Found>, i64), BackendError> {
        self.guard.set(Rights::Host);
        let sql = "SELECT rowid, type, name FROM main.sqlite_schema WHERE rowid > ? ORDER BY rowid";
        let (mut found, mut last) = (Vec::new(), row);
        for cells in self.read_own(sql, &[Cell::integer(row)]).await? {
            let mut cells = Record::new(cells, "the schema");
            last = cells.integer("rowid")?;
            let kind: Result<ObjectKind, _> = cells.text("type")?.parse();
            let name = cells.text("name")?;
            // What SQLite makes by itself comes and goes with its table.
            let (Ok(kind), false) = (kind, is_own(&name) || is_of_sqlite(&name)) else { continue };
            let object = Object { kind, place: String::new(), name };
            found.push(Found { object, identity: Some(last) });
        }
        Ok((found, last))
    }
}

/// Returns whether only SQLite itself can have given the name.
fn is_of_sqlite(name: &str) -> bool {
    name.get(.."sqlite_".len()).is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"))
}
