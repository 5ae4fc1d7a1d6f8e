//! The bytes of a component -> the SQL that its hooks hand to the host, where that can be known for sure.
//!
//! A component may say anything of itself. So the texts are read from its data, the component is made of them
//! anew, and only if that gives the very same bytes are they what will run: the code around them is
//! then the runner's own. Of any other component nothing is known. Runs nothing, and allocates no more than the
//! component is long.

use super::{
    folder::SqlAlteration,
    section,
    sql_component::SqlEncoder,
    sql_module,
    sql_name::SqlHook,
    sql_table::{self, Shape, TABLE_AT},
};
use crate::alteration::{AlterationId, Dialect, MANIFEST_SECTION, Permissions, Requirements};
use std::{collections::BTreeMap, sync::OnceLock};
use wasmparser::{Parser, Payload};

/// The SQL of a component that the runner itself made.
#[derive(Debug)]
pub(crate) struct SqlSource {
    alterations: Vec<SqlAlteration>,
}

impl SqlSource {
    /// `None` where the component is none that this version makes of SQL.
    pub(crate) fn of(component: &[u8]) -> Option<Self> {
        let bytes = section::strip(component, MANIFEST_SECTION).ok()?;
        let (section, module) = section::first_module(&bytes)?;
        let wrapper = wrappers().iter().find(|wrapper| {
            bytes[..section.start] == wrapper.before && bytes[section.end..] == wrapper.after
        })?;
        let alterations = read(wrapper.shape, data(module)?)?;
        let again: Vec<&SqlAlteration> = alterations.iter().collect();
        // Without any, there would be nothing to make a module of.
        let is_same = !again.is_empty()
            && Shape::of(&again) == wrapper.shape
            && section::nested(&sql_module::encode(&again)) == bytes[section];
        is_same.then_some(Self { alterations })
    }

    /// All of its texts, alteration by alteration, each one's in the order in which they run.
    pub(crate) fn texts(&self) -> impl Iterator<Item = SqlText<'_>> {
        self.alterations.iter().flat_map(|alteration| {
            let hooks = HOOKS_AS_THEY_RUN.into_iter();
            let texts = hooks.map(move |hook| (hook, alteration.text(hook)));
            let texts = texts.filter(|(_, sql)| !sql.is_empty());
            texts.map(|(hook, sql)| SqlText { id: &alteration.id, hook, dialect: None, sql })
        })
    }

    /// What `hook` of the alteration hands over; empty where it has no SQL.
    pub(crate) fn text(&self, id: &AlterationId, hook: SqlHook) -> &str {
        // As the module's own `find` does it: the first is the one.
        let found = self.alterations.iter().find(|alteration| alteration.id == *id);
        found.map_or("", |alteration| alteration.text(hook))
    }
}

/// What one hook hands over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SqlText<'a> {
    pub(crate) id: &'a AlterationId,
    pub(crate) hook: SqlHook,
    /// The one that it is for; `None` where it is for all.
    pub(crate) dialect: Option<Dialect>,
    pub(crate) sql: &'a str,
}

const HOOKS_AS_THEY_RUN: [SqlHook; 5] =
    [SqlHook::BeforeUp, SqlHook::Up, SqlHook::Step, SqlHook::BeforeDown, SqlHook::Down];

/// What stands around the module in each component of one shape.
struct Wrapper {
    shape: Shape,
    before: Vec<u8>,
    after: Vec<u8>,
}

/// Made once: parsing the interface takes longer than looking at a component.
fn wrappers() -> &'static [Wrapper] {
    static WRAPPERS: OnceLock<Vec<Wrapper>> = OnceLock::new();
    WRAPPERS.get_or_init(|| {
        let encoder = SqlEncoder::new();
        let shapes = [(false, false), (true, false), (false, true), (true, true)];
        let shapes = shapes.map(|(preparation, backfill)| Shape { preparation, backfill });
        shapes.into_iter().filter_map(|shape| wrapper(&encoder, shape)).collect()
    })
}

fn wrapper(encoder: &SqlEncoder, shape: Shape) -> Option<Wrapper> {
    let hooks = [
        Some(SqlHook::Up),
        shape.preparation.then_some(SqlHook::BeforeUp),
        shape.backfill.then_some(SqlHook::Step),
    ];
    let sql = hooks.into_iter().flatten().map(|hook| (hook, "SELECT 1".to_owned())).collect();
    let sample = alteration("1-sample".parse().ok()?, sql);
    let bytes = encoder.componentize(sql_module::encode(&[&sample]), shape);
    let (section, _) = section::first_module(&bytes)?;
    let (before, after) = (bytes[..section.start].to_vec(), bytes[section.end..].to_vec());
    Some(Wrapper { shape, before, after })
}

fn alteration(id: AlterationId, sql: BTreeMap<SqlHook, String>) -> SqlAlteration {
    SqlAlteration {
        id,
        sql,
        description: None,
        permissions: Permissions::new(),
        requires: Requirements::new(),
        lock_timeout_ms: None,
        statement_timeout_ms: None,
    }
}

/// The contents of a module's one data segment.
fn data(module: &[u8]) -> Option<&[u8]> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::DataSection(segments) = payload.ok()? {
            return segments.into_iter().next()?.ok().map(|segment| segment.data);
        }
    }
    None
}

/// Reads what [`sql_table::data`] wrote. Each text has to follow the one before it, as they were written.
fn read(shape: Shape, data: &[u8]) -> Option<Vec<SqlAlteration>> {
    let word = |at: usize| {
        let bytes = data.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes) as usize)
    };
    let texts_at = word(0)?.checked_sub(TABLE_AT as usize)?;
    let mut next = texts_at;
    let mut text = |at: usize| {
        let (address, length) = (word(at)?.checked_sub(TABLE_AT as usize)?, word(at + 4)?);
        let bytes = data.get(address..address.checked_add(length)?)?;
        let is_next = address == next;
        next += length;
        is_next.then(|| str::from_utf8(bytes).ok())?
    };
    let slots = SqlHook::ALL.into_iter().filter_map(|hook| Some((shape.slot(hook)?, hook)));
    let mut slots: Vec<_> = slots.collect();
    // In the order in which their texts lie there.
    slots.sort();
    let mut alterations = Vec::new();
    for entry in (0..texts_at).step_by(shape.entry_len() as usize) {
        let id: AlterationId = text(entry + sql_table::ID as usize)?.parse().ok()?;
        let mut sql = BTreeMap::new();
        for (slot, hook) in &slots {
            let text = text(entry + *slot as usize)?;
            if !text.is_empty() {
                sql.insert(*hook, text.to_owned());
            }
        }
        alterations.push(alteration(id, sql));
    }
    Some(alterations)
}
