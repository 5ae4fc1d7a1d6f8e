//! What one store holds: everything that belongs to one hook call and ends with it.

use super::{HookError, Limits, statements::Statements};
use crate::{
    alteration::{Handed, Permissions},
    entropy::EntropySource,
    session::{Column, Handle},
};
use std::{collections::BTreeMap, sync::Arc};
use wasmtime::{ResourceLimiter, component::ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

/// The data of a hook's store.
pub(super) struct HookState {
    pub(super) statements: Statements,
    pub(super) limits: Arc<Limits>,
    pub(super) permissions: Permissions,
    pub(super) settings: Handed,
    /// What it used without having declared it, or although it is not there, which ends it.
    pub(super) undeclared: Option<HookError>,
    pub(super) writers_open: usize,
    /// Open cursors, each with its statement and the rows read through it so far.
    pub(super) cursors: BTreeMap<Handle, (Arc<str>, u64)>,
    pub(super) entropy: EntropySource,
    pub(super) memory: MemoryLimiter,
    pub(super) table: ResourceTable,
    pub(super) wasi: WasiCtx,
}

/// The host's side of a `cursor`.
#[derive(Debug)]
pub struct CursorResource {
    pub(super) handle: Handle,
    pub(super) columns: Vec<Column>,
}

/// The host's side of a `bulk-writer`.
#[derive(Debug)]
pub struct WriterResource {
    pub(super) handle: Handle,
    pub(super) table: Arc<str>,
    pub(super) width: usize,
    pub(super) rows: u64,
    pub(super) finished: bool,
}

impl WasiView for HookState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// Bounds memories and tables over all instances of a store, and remembers a refusal, because
/// the guest's own message about it is rarely helpful.
#[derive(Debug)]
pub(super) struct MemoryLimiter {
    bytes_max: usize,
    bytes: usize,
    elements_max: usize,
    elements: usize,
    pub(super) refused: bool,
}

impl MemoryLimiter {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            bytes_max: limits.memory_bytes_max,
            bytes: 0,
            elements_max: limits.table_elements_max,
            elements: 0,
            refused: false,
        }
    }
}

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let grown = self.bytes.saturating_add(desired.saturating_sub(current));
        let allowed = grown <= self.bytes_max;
        if allowed {
            self.bytes = grown;
        }
        self.refused |= !allowed;
        Ok(allowed)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let grown = self.elements.saturating_add(desired.saturating_sub(current));
        let allowed = grown <= self.elements_max;
        if allowed {
            self.elements = grown;
        }
        self.refused |= !allowed;
        Ok(allowed)
    }
}
