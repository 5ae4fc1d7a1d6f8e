//! What the module of SQL components keeps in memory, and which hooks it therefore has. Pure layout:
//! emits no instruction.
//!
//! From low to high: the area where a hook's result is laid out, the table with an entry for each
//! alteration, the ids and the SQL that it points to, and what the host allocates.
//!
//! Where dialects differ, there is a table for each of them, all of one length and in the order of the
//! interface's `dialect`. A text that several dialects get is there once. The entry of an alteration that
//! does not run on a dialect has an id that no id is equal to.

use super::{folder::SqlAlteration, sql_name::SqlHook};
use crate::alteration::Dialect;

/// Where a result lies; not address 0, which looks like no address.
pub(super) const RESULT_AT: u32 = 16;
/// The longest result of the interface, in bytes; a test compares it with the interface.
pub(super) const RESULT_LEN: u32 = 48;
pub(super) const TABLE_AT: u32 = 64;
const _: () = assert!(RESULT_AT + RESULT_LEN <= TABLE_AT);

/// Address and length of a text: what an entry is made of, the alteration's id first.
const SLOT_LEN: u32 = 8;
pub(super) const ID: u64 = 0;
/// The length of an id that no id has.
pub(super) const NO_ID_LEN: u32 = u32::MAX;

/// Which groups of hooks a component exports: those that one of its alterations has SQL for.
///
/// A component's bytes identify its alterations, so that one without such SQL must stay what it was
/// before there were any groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) preparation: bool,
    pub(super) backfill: bool,
    /// Whether dialects differ in what one of its alterations does there.
    pub(super) dialects: bool,
}

impl Shape {
    pub(super) fn of(alterations: &[&SqlAlteration]) -> Self {
        let any = |hooks: &[SqlHook]| {
            alterations.iter().any(|a| hooks.iter().any(|hook| a.sql.has(*hook)))
        };
        Self {
            preparation: any(&[SqlHook::BeforeUp, SqlHook::BeforeDown]),
            backfill: any(&[SqlHook::Step]),
            dialects: alterations.iter().any(|a| a.sql.varies()),
        }
    }

    /// Returns the world of the interface that has these exports.
    pub(super) fn world(self) -> &'static str {
        match (self.preparation, self.backfill) {
            (false, false) => "alteration",
            (true, false) => "alteration-preparation",
            (false, true) => "alteration-backfill",
            (true, true) => "alteration-complete",
        }
    }

    /// Returns the hooks in the order of an entry's slots.
    fn slots(self) -> impl Iterator<Item = SqlHook> {
        let preparation = self.preparation.then_some([SqlHook::BeforeUp, SqlHook::BeforeDown]);
        let backfill = self.backfill.then_some(SqlHook::Step);
        [SqlHook::Up, SqlHook::Down]
            .into_iter()
            .chain(preparation.into_iter().flatten())
            .chain(backfill)
    }

    /// Returns where in an entry the text of `hook` is; `None` where the component has no such hook.
    pub(super) fn slot(self, hook: SqlHook) -> Option<u64> {
        let at = self.slots().position(|slot| slot == hook)?;
        Some(u64::from(SLOT_LEN) * (at as u64 + 1))
    }

    pub(super) fn entry_len(self) -> u32 {
        SLOT_LEN * (self.slots().count() as u32 + 1)
    }

    /// Returns the dialects that have a table; where there is one table for all of them, any of them.
    fn tables(self) -> &'static [Dialect] {
        if self.dialects { &Dialect::ALL } else { &Dialect::ALL[..1] }
    }

    pub(super) fn table_count(self) -> u32 {
        self.tables().len() as u32
    }

    /// Returns the bytes of one table of so many alterations.
    pub(super) fn table_len(self, alterations: usize) -> u32 {
        self.entry_len() * alterations as u32
    }
}

/// Where a text is: its address and its length.
pub(super) type Place = (u32, u32);

/// The texts behind the tables, each written once.
struct Texts {
    at: u32,
    bytes: Vec<u8>,
}

impl Texts {
    fn push(&mut self, text: &str) -> Place {
        let place = (self.at + self.bytes.len() as u32, text.len() as u32);
        self.bytes.extend(text.as_bytes());
        place
    }

    /// Returns the id and the hooks of an alteration, in each table.
    fn entries(&mut self, shape: Shape, alteration: &SqlAlteration) -> Vec<Vec<Place>> {
        let tables = shape.tables();
        let (id_at, id_len) = self.push(alteration.id.as_str());
        let runs_on = alteration.sql.dialects();
        let id_of = |dialect| match !shape.dialects || runs_on.contains(dialect) {
            true => (id_at, id_len),
            false => (id_at, NO_ID_LEN),
        };
        let mut entries: Vec<Vec<Place>> = tables.iter().map(|d| vec![id_of(d)]).collect();
        for hook in shape.slots() {
            let mut seen: Vec<(&str, Place)> = Vec::new();
            for (dialect, entry) in tables.iter().zip(&mut entries) {
                let text = alteration.sql.text(hook, *dialect);
                let known = seen.iter().find(|(other, _)| *other == text).map(|(_, place)| *place);
                let place = known.unwrap_or_else(|| self.push(text));
                seen.push((text, place));
                entry.push(place);
            }
        }
        entries
    }
}

/// Returns the bytes that belong at [`TABLE_AT`], and the first address after them. A hook without SQL has
/// a text of length 0.
pub(super) fn data(shape: Shape, alterations: &[&SqlAlteration]) -> (Vec<u8>, u32) {
    let at = TABLE_AT + shape.table_len(alterations.len()) * shape.table_count();
    let mut texts = Texts { at, bytes: Vec::new() };
    let mut tables: Vec<Vec<u8>> = vec![Vec::new(); shape.tables().len()];
    for alteration in alterations {
        let entries = texts.entries(shape, alteration);
        for (table, entry) in tables.iter_mut().zip(entries) {
            for (address, length) in entry {
                table.extend(address.to_le_bytes());
                table.extend(length.to_le_bytes());
            }
        }
    }
    let end = at + texts.bytes.len() as u32;
    let mut data = tables.concat();
    data.append(&mut texts.bytes);
    (data, end)
}
