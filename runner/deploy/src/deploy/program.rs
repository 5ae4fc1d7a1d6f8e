//! What a component's hooks run as: WebAssembly, or the SQL that it is known to hand over.
//!
//! A component that is, byte for byte, what `pack` makes of its SQL does nothing but hand that over. So it is not compiled.

use crate::{
    alteration::{AlterationId, Checksum, Dialect},
    host::{Call, Hook, Host, LoadError, Loaded, Prepared, Script},
    pack::{SqlCall, SqlHook, SqlSource},
};
use std::sync::Arc;

/// A component that is ready to run.
#[derive(Debug)]
pub(super) enum Program {
    Sql(SqlSource),
    Code(Arc<Loaded>),
}

impl Program {
    /// Reads a component, and compiles it if it has to be. Takes CPU time.
    pub(super) fn load(host: &Host, bytes: &[u8], checksum: Checksum) -> Result<Self, LoadError> {
        match SqlSource::of(bytes) {
            Some(source) => Ok(Self::Sql(source)),
            None => Ok(Self::Code(Arc::new(host.load(bytes, checksum)?))),
        }
    }

    /// Returns its SQL, if that is all that it is.
    pub(super) fn sql(&self) -> Option<&SqlSource> {
        match self {
            Self::Sql(source) => Some(source),
            Self::Code(_) => None,
        }
    }

    pub(super) fn has_preparation(&self) -> bool {
        match self {
            Self::Sql(source) => source.has_preparation(),
            Self::Code(loaded) => loaded.has_preparation(),
        }
    }

    pub(super) fn has_backfill(&self) -> bool {
        match self {
            Self::Sql(source) => source.has_backfill(),
            Self::Code(loaded) => loaded.has_backfill(),
        }
    }

    /// Makes a hook ready to be called.
    pub(super) fn prepare(&self, host: &Host, call: Call, dialect: Dialect) -> Prepared {
        match self {
            Self::Sql(source) => {
                host.prepare_script(script(source, &call.id, &call.hook, dialect), call)
            }
            Self::Code(loaded) => host.prepare(loaded, call),
        }
    }
}

fn script(source: &SqlSource, id: &AlterationId, hook: &Hook, dialect: Dialect) -> Script {
    let hook = match hook {
        Hook::BeforeUp => SqlHook::BeforeUp,
        Hook::Up => SqlHook::Up,
        Hook::BeforeDown => SqlHook::BeforeDown,
        Hook::Down => SqlHook::Down,
        Hook::Step(_) => SqlHook::Step,
    };
    match source.call(id, hook, dialect) {
        SqlCall::Script(sql) => Script::Text(Arc::from(sql)),
        SqlCall::Step(sql) => Script::Step(Arc::from(sql)),
        SqlCall::Nothing => Script::Nothing,
        SqlCall::Missing => Script::Missing,
    }
}

#[cfg(test)]
mod tests;
