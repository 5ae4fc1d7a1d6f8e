//! From a component's bytes to something that can be called: compile, check, link. No guest
//! code runs here.

use super::{
    Machine, absent,
    bindings::exports::runner::alteration::{backfill, hooks, preparation},
    cache::Extent,
    error::LoadError,
    exports,
    offer::HOOKS,
    pool::{self, Places},
    state::HookState,
    synchronous,
};
use crate::alteration::Checksum;
use wasmtime::{
    Engine,
    component::{Component, HasSelf, InstancePre, Linker},
};

/// A component that has been compiled, checked and linked.
pub struct Loaded {
    pub(super) pre: InstancePre<HookState>,
    pub(super) places: Places,
    pub(super) hooks: hooks::GuestIndices,
    /// Its optional exports, found without running it.
    pub(super) preparation: Option<preparation::GuestIndices>,
    pub(super) backfill: Option<backfill::GuestIndices>,
}

impl Loaded {
    pub fn has_preparation(&self) -> bool {
        self.preparation.is_some()
    }

    pub fn has_backfill(&self) -> bool {
        self.backfill.is_some()
    }
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded")
            .field("has_preparation", &self.has_preparation())
            .field("has_backfill", &self.has_backfill())
            .finish_non_exhaustive()
    }
}

/// Returns what hooks are linked with: WASI, and the world of `wit/`. Names of compatible versions lead to the same.
/// The place for a world that is none of these any more: bindings of its own, whose traits call those of the newest,
/// added here, and its exports looked for in [`load`] and `exports`.
pub(super) fn linker(engine: &Engine) -> Result<Linker<HookState>, LoadError> {
    let failed = |error: wasmtime::Error| LoadError::Engine(format!("{error:#}"));
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(failed)?;
    super::bindings::AlterationComplete::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)
        .map_err(failed)?;
    Ok(linker)
}

/// Compiles (or takes from the cache), checks imports and exports, and links.
pub(super) fn load(
    machine: &Machine,
    bytes: &[u8],
    checksum: Checksum,
    code_bytes_max: usize,
) -> Result<Loaded, LoadError> {
    let Machine { engine, linker, offer, cache, places } = machine;
    let cache = cache.as_ref();
    let cached = |extent| cache.and_then(|cache| cache.load(engine, checksum, extent));
    let compile = |bytes: &[u8], extent| {
        super::blowup::check(bytes, code_bytes_max)?;
        let component = Component::new(engine, bytes).map_err(|error| refused(&error))?;
        if let Some(cache) = cache {
            cache.store(engine, checksum, extent, &component);
        }
        Ok(component)
    };
    let component = match cached(Extent::Whole) {
        Some(component) => component,
        None => whole_or_synchronous(bytes, cached, compile)?,
    };
    offer.check(engine, &component)?;
    exports::check(engine, offer, &component)?;
    // What most components import is there.
    let pre = linker
        .instantiate_pre(&component)
        .or_else(|_| absent::fill(linker, engine, &component)?.instantiate_pre(&component));
    let pre = pre.map_err(|error| offer.not_linked(engine, &component, format!("{error:#}")))?;
    let hooks =
        hooks::GuestIndices::new(&pre).map_err(|error| no_hooks(engine, &component, &error))?;
    let preparation = preparation::GuestIndices::new(&pre).ok();
    let backfill = backfill::GuestIndices::new(&pre).ok();
    Ok(Loaded { pre, places: places.clone(), hooks, preparation, backfill })
}

/// Compiles the component as it is, or, where the engine refuses that, without what waits for something.
fn whole_or_synchronous(
    bytes: &[u8],
    cached: impl Fn(Extent) -> Option<Component>,
    compile: impl Fn(&[u8], Extent) -> Result<Component, LoadError>,
) -> Result<Component, LoadError> {
    let refused = match compile(bytes, Extent::Whole) {
        Err(error @ LoadError::Compile(_)) => error,
        compiled => return compiled,
    };
    let Some(synchronous) = synchronous::of(bytes) else { return Err(refused) };
    match cached(Extent::Synchronous) {
        Some(component) => Ok(component),
        None => compile(&synchronous, Extent::Synchronous).map_err(|error| match error {
            LoadError::Compile(reason) => LoadError::Compile(format!(
                "its hooks wait for something, which this runner has no place for; build them without `async`: {reason}"
            )),
            error => error,
        }),
    }
}

fn refused(error: &wasmtime::Error) -> LoadError {
    let reason = format!("{error:#}");
    match pool::is_beyond(&reason) {
        Some(reason) => LoadError::TooLarge(reason),
        None => LoadError::Compile(reason),
    }
}

fn no_hooks(engine: &Engine, component: &Component, error: &wasmtime::Error) -> LoadError {
    let component_type = component.component_type();
    let exports: Vec<String> =
        component_type.exports(engine).map(|(name, _)| format!("`{name}`")).collect();
    if exports.contains(&format!("`{HOOKS}`")) {
        let reason = format!("{error:#}");
        return LoadError::WrongHooks { interface: HOOKS.to_owned(), reason };
    }
    let found = match exports.is_empty() {
        true => "it exports nothing".to_owned(),
        false => format!("it exports {}", exports.join(", ")),
    };
    LoadError::NoHooks { expected: HOOKS.to_owned(), found }
}
