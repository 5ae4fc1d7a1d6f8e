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
    sql_table::{self, NO_ID_LEN, Place, Shape, TABLE_AT},
    sql_texts::SqlTexts,
};
use crate::alteration::{AlterationId, Dialect, ForeignKeys, Permissions, Requirements};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry},
    sync::{Arc, OnceLock},
};
use wasmparser::{Parser, Payload};

/// The SQL of a component that the runner itself made.
#[derive(Debug)]
pub struct SqlSource {
    shape: Shape,
    alterations: Vec<SqlAlteration>,
    /// Where the alterations of each id are in `alterations`.
    by_id: HashMap<AlterationId, Vec<usize>>,
}

/// What a hook of such a component does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlCall<'a> {
    /// Hands the text to `execute-script`.
    Script(&'a str),
    /// Runs the statement, if it is not empty, with `execute`. The step is the last one if no row was affected.
    Step(&'a str),
    Nothing,
    /// Traps: there is no such alteration or hook.
    Missing,
}

impl SqlSource {
    /// Reads the SQL of a component; `None` where it is none that this version makes of SQL.
    pub fn of(component: &[u8]) -> Option<Self> {
        let bytes = section::strip_own(component).ok()?;
        let (section, module) = section::first_module(&bytes)?;
        let wrapper = wrappers().find(|wrapper| {
            bytes[..section.start] == wrapper.before && bytes[section.end..] == wrapper.after
        })?;
        let alterations = read(wrapper.shape, data(module)?)?;
        let again: Vec<&SqlAlteration> = alterations.iter().collect();
        // Without any, there would be nothing to make a module of.
        let is_same = !again.is_empty()
            && Shape::of(&again) == wrapper.shape
            && section::nested(&sql_module::encode(&again)) == bytes[section];
        let mut by_id: HashMap<AlterationId, Vec<usize>> = HashMap::new();
        for (at, alteration) in alterations.iter().enumerate() {
            by_id.entry(alteration.id.clone()).or_default().push(at);
        }
        is_same.then_some(Self { shape: wrapper.shape, alterations, by_id })
    }

    /// Returns what `hook` of the alteration hands over on `dialect`; empty where it has no SQL.
    pub fn text(&self, id: &AlterationId, hook: SqlHook, dialect: Dialect) -> &str {
        self.entry(id, dialect).map_or("", |alteration| alteration.sql.text(hook, dialect))
    }

    /// As the module's own `find` does it: the first that runs on the dialect is the one.
    fn entry(&self, id: &AlterationId, dialect: Dialect) -> Option<&SqlAlteration> {
        let mut of_id = self.by_id.get(id)?.iter().filter_map(|at| self.alterations.get(*at));
        of_id.find(|one| !self.shape.dialects || one.sql.dialects().contains(&dialect))
    }

    /// Returns what `hook` of the alteration does on `dialect`: what the module's functions do.
    pub fn call(&self, id: &AlterationId, hook: SqlHook, dialect: Dialect) -> SqlCall<'_> {
        let (Some(alteration), Some(_)) = (self.entry(id, dialect), self.shape.slot(hook)) else {
            return SqlCall::Missing;
        };
        let text = |hook| alteration.sql.text(hook, dialect);
        let has_groups = self.shape.preparation || self.shape.backfill;
        match (hook, text(hook)) {
            (SqlHook::Step, sql) => SqlCall::Step(sql),
            (SqlHook::Up, "") if !has_groups => SqlCall::Missing,
            (SqlHook::Down, "") if text(SqlHook::BeforeDown).is_empty() => SqlCall::Missing,
            (_, "") => SqlCall::Nothing,
            (_, sql) => SqlCall::Script(sql),
        }
    }

    /// Returns whether the component has hooks outside of a transaction.
    pub fn has_preparation(&self) -> bool {
        self.shape.preparation
    }

    /// Returns whether the component has steps.
    pub fn has_backfill(&self) -> bool {
        self.shape.backfill
    }

    /// Returns whether dialects differ in what one of its alterations does there.
    pub fn varies(&self) -> bool {
        self.alterations.iter().any(|alteration| alteration.sql.varies())
    }

    /// Returns the different texts of each hook, and the dialects that get each.
    pub fn texts(
        &self,
    ) -> impl Iterator<Item = (&AlterationId, SqlHook, Vec<(Vec<Dialect>, &str)>)> {
        self.alterations.iter().flat_map(|alteration| {
            let hooks = SqlHook::ALL.into_iter().filter(|hook| alteration.sql.has(*hook));
            hooks.map(|hook| (&alteration.id, hook, alteration.sql.variants(hook)))
        })
    }

    /// Returns all of its texts as they are handed over, alteration by alteration, each one's in the order in which
    /// they run; where databases differ, one for each.
    pub(crate) fn handed(&self) -> Vec<HandedSql<'_>> {
        let mut texts = Vec::new();
        for alteration in &self.alterations {
            for hook in HOOKS_AS_THEY_RUN {
                let variants = alteration.sql.variants(hook);
                let is_alike = variants.len() == 1;
                for (dialects, sql) in variants.into_iter().filter(|(_, sql)| !sql.is_empty()) {
                    let of = |dialect| HandedSql { id: &alteration.id, hook, dialect, sql };
                    match is_alike {
                        true => texts.push(of(None)),
                        false => {
                            texts.extend(dialects.into_iter().map(|dialect| of(Some(dialect))))
                        }
                    }
                }
            }
        }
        texts
    }
}

/// What one hook hands over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HandedSql<'a> {
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

/// Of each shape, those without dialects first. Each is made once, when it is first looked at: that takes longer than
/// looking at a component.
fn wrappers() -> impl Iterator<Item = &'static Wrapper> {
    static ENCODER: OnceLock<SqlEncoder> = OnceLock::new();
    static WRAPPERS: [OnceLock<Option<Wrapper>>; 8] = [const { OnceLock::new() }; 8];
    WRAPPERS.iter().enumerate().filter_map(|(bits, wrapper)| {
        let shape =
            Shape { preparation: bits & 1 != 0, backfill: bits & 2 != 0, dialects: bits & 4 != 0 };
        let encoder = ENCODER.get_or_init(SqlEncoder::new);
        wrapper.get_or_init(|| self::wrapper(encoder, shape)).as_ref()
    })
}

fn wrapper(encoder: &SqlEncoder, shape: Shape) -> Option<Wrapper> {
    let hooks = [
        Some(SqlHook::Up),
        shape.preparation.then_some(SqlHook::BeforeUp),
        shape.backfill.then_some(SqlHook::Step),
    ];
    let dialects = if shape.dialects { &Dialect::ALL[..1] } else { &Dialect::ALL };
    let mut sql = SqlTexts::default();
    for hook in hooks.into_iter().flatten() {
        sql.insert(hook, dialects.iter().copied(), &Arc::from("SELECT 1"));
    }
    let sample = alteration("1-sample".parse().ok()?, sql);
    let bytes = encoder.componentize(sql_module::encode(&[&sample]), shape);
    let (section, _) = section::first_module(&bytes)?;
    let (before, after) = (bytes[..section.start].to_vec(), bytes[section.end..].to_vec());
    Some(Wrapper { shape, before, after })
}

fn alteration(id: AlterationId, sql: SqlTexts) -> SqlAlteration {
    SqlAlteration {
        id,
        sql,
        needed_on: BTreeSet::new(),
        needs: BTreeSet::new(),
        checks: BTreeMap::new(),
        description: None,
        permissions: Permissions::new(),
        creates: None,
        requires: Requirements::new(),
        lock_timeout_ms: None,
        statement_timeout_ms: None,
        foreign_keys: ForeignKeys::Checked,
    }
}

/// Returns the contents of a module's one data segment.
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
        Some(u32::from_le_bytes(bytes))
    };
    let place = |at: usize| Some((word(at)?, word(at + 4)?));
    let texts_at = word(0)?.checked_sub(TABLE_AT)? as usize;
    let entry_len = shape.entry_len() as usize;
    let table_len = texts_at / shape.table_count() as usize;
    let mut next = texts_at;
    let mut text = |(address, length): Place| {
        let (address, length) = (address.checked_sub(TABLE_AT)? as usize, length as usize);
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
    for entry in (0..table_len).step_by(entry_len) {
        let tables = (0..shape.table_count() as usize).map(|table| entry + table * table_len);
        let tables: Vec<usize> = tables.collect();
        let ids = tables.iter().map(|table| place(table + sql_table::ID as usize));
        let ids = ids.collect::<Option<Vec<Place>>>()?;
        let id = ids.iter().find(|(_, length)| *length != NO_ID_LEN)?;
        let id: AlterationId = text(*id)?.parse().ok()?;
        let mut sql = SqlTexts::default();
        for (slot, hook) in &slots {
            let mut seen: BTreeMap<Place, Arc<str>> = BTreeMap::new();
            for (at, table) in tables.iter().enumerate() {
                let place = place(table + *slot as usize)?;
                let found = match seen.entry(place) {
                    Entry::Occupied(entry) => Arc::clone(entry.get()),
                    Entry::Vacant(entry) => Arc::clone(entry.insert(Arc::from(text(place)?))),
                };
                if !found.is_empty() {
                    let dialects =
                        if shape.dialects { &Dialect::ALL[at..=at] } else { &Dialect::ALL };
                    sql.insert(*hook, dialects.iter().copied(), &found);
                }
            }
        }
        alterations.push(alteration(id, sql));
    }
    Some(alterations)
}
