//! What the module of SQL components keeps in memory, and which hooks it therefore has. Pure layout:
//! emits no instruction.
//!
//! From low to high: the area where a hook's result is laid out, the table with an entry for each
//! alteration, the ids and the SQL that it points to, and what the host allocates.

use super::{folder::SqlAlteration, sql_name::SqlHook};

/// Where a result lies; not address 0, which looks like no address.
pub(super) const RESULT_AT: u32 = 16;
/// The longest result of the interface, in bytes; a test compares it with the interface.
pub(super) const RESULT_LEN: u32 = 48;
pub(super) const TABLE_AT: u32 = 64;
const _: () = assert!(RESULT_AT + RESULT_LEN <= TABLE_AT);

/// Address and length of a text: what an entry is made of, the alteration's id first.
const SLOT_LEN: u32 = 8;
pub(super) const ID: u64 = 0;

/// Which groups of hooks a component exports: those that one of its alterations has SQL for.
///
/// A component's bytes identify its alterations, so that one without such SQL must stay what it was
/// before there were any groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) preparation: bool,
    pub(super) backfill: bool,
}

impl Shape {
    pub(super) fn of(alterations: &[&SqlAlteration]) -> Self {
        let any =
            |hooks: &[SqlHook]| alterations.iter().any(|a| a.sql.keys().any(|h| hooks.contains(h)));
        Self {
            preparation: any(&[SqlHook::BeforeUp, SqlHook::BeforeDown]),
            backfill: any(&[SqlHook::Step]),
        }
    }

    /// The world of the interface that has these exports.
    pub(super) fn world(self) -> &'static str {
        match (self.preparation, self.backfill) {
            (false, false) => "alteration",
            (true, false) => "alteration-preparation",
            (false, true) => "alteration-backfill",
            (true, true) => "alteration-complete",
        }
    }

    /// The hooks in the order of an entry's slots.
    fn slots(self) -> impl Iterator<Item = SqlHook> {
        let preparation = self.preparation.then_some([SqlHook::BeforeUp, SqlHook::BeforeDown]);
        let backfill = self.backfill.then_some(SqlHook::Step);
        [SqlHook::Up, SqlHook::Down]
            .into_iter()
            .chain(preparation.into_iter().flatten())
            .chain(backfill)
    }

    /// Where in an entry the text of `hook` is; `None` where the component has no such hook.
    pub(super) fn slot(self, hook: SqlHook) -> Option<u64> {
        let at = self.slots().position(|slot| slot == hook)?;
        Some(u64::from(SLOT_LEN) * (at as u64 + 1))
    }

    pub(super) fn entry_len(self) -> u32 {
        SLOT_LEN * (self.slots().count() as u32 + 1)
    }

    /// The first address after the table.
    pub(super) fn table_end(self, alterations: &[&SqlAlteration]) -> u32 {
        TABLE_AT + self.entry_len() * alterations.len() as u32
    }
}

/// The bytes that belong at [`TABLE_AT`], and the first address after them. A hook without SQL has
/// a text of length 0.
pub(super) fn data(shape: Shape, alterations: &[&SqlAlteration]) -> (Vec<u8>, u32) {
    let mut table = Vec::new();
    let mut texts = Vec::new();
    let texts_at = shape.table_end(alterations);
    for alteration in alterations {
        let id = [alteration.id.as_str()].into_iter();
        for text in id.chain(shape.slots().map(|hook| alteration.text(hook))) {
            table.extend((texts_at + texts.len() as u32).to_le_bytes());
            table.extend((text.len() as u32).to_le_bytes());
            texts.extend(text.as_bytes());
        }
    }
    let end = texts_at + texts.len() as u32;
    table.append(&mut texts);
    (table, end)
}
