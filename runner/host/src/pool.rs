//! Where hooks live: memories, tables and stacks that one hook hands to the next.
//!
//! A hook has an instance of its own, and each touches some hundred pages of the same picture of an
//! engine's memory. Mapped anew each time, every page costs a fault; a place that is used again is
//! written over instead, after its hook has ended and beside the next.

use super::Limits;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{Config, PoolingAllocationConfig};

/// A deployment has three at most that may wait for each other: the next step's, which runs ahead, this step's, which
/// does too while it is prepared, and its preparation. What is tidied up has the fourth, and waits for nobody.
const HOOKS_MAX: usize = 4;
/// Of one component. Toolchains make two memories and three tables, each part of a composition as many.
const MEMORIES_MAX: u32 = 20;
const TABLES_MAX: u32 = 64;
/// All that a component may have by what [`super::blowup`] lets through.
const INSTANCES_MAX: u32 = 10_000;
const INSTANCES_BYTES_MAX: usize = 256 << 20;
/// Address space alone: what a hook may use of it is bounded by [`Limits`].
const MEMORY_BYTES_MAX: usize = 1 << 32;
/// How much of a memory is written over, touched or not, and stays; what lies behind it is given back.
const KEPT_BYTES: usize = 8 << 20;

/// The settings of an engine that keeps places for hooks.
pub(super) fn pooled(config: &Config, limits: &Limits) -> Config {
    let hooks = u32::try_from(HOOKS_MAX).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_stacks(hooks)
        .total_component_instances(hooks)
        .total_core_instances(hooks * INSTANCES_MAX)
        .max_core_instances_per_component(INSTANCES_MAX)
        .max_core_instance_size(INSTANCES_BYTES_MAX)
        .max_component_instance_size(INSTANCES_BYTES_MAX)
        .total_memories(hooks * MEMORIES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_memories_per_module(MEMORIES_MAX)
        .max_memory_size(MEMORY_BYTES_MAX)
        .linear_memory_keep_resident(KEPT_BYTES)
        .total_tables(hooks * TABLES_MAX)
        .max_tables_per_component(TABLES_MAX)
        .max_tables_per_module(TABLES_MAX)
        .table_elements(limits.table_elements_max)
        // A place that was another component's is taken before one that never was anybody's.
        .max_unused_warm_slots(0);
    let mut config = config.clone();
    config.allocation_strategy(pool);
    config
}

/// Returns in an operator's words that a component has more parts than a slot, if that is why it was refused.
pub(super) fn is_beyond(reason: &str) -> Option<String> {
    let of_the_pool = " in the pooling allocator";
    let reason = reason.contains(of_the_pool).then(|| reason.replace(of_the_pool, ""))?;
    Some(reason.replace("configured maximum", "maximum"))
}

/// How many hooks have a place.
#[derive(Clone)]
pub(super) struct Places(Arc<Semaphore>);

/// To be dropped after the store that lives there.
pub(super) struct Place {
    _held: Option<OwnedSemaphorePermit>,
}

impl Places {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(HOOKS_MAX)))
    }

    /// Waits until one that has ended was tidied up. For one deployment at a time: those of several could
    /// wait for each other.
    pub(super) async fn take(&self) -> Place {
        // Nobody closes it.
        Place { _held: Arc::clone(&self.0).acquire_owned().await.ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmtime::component::Component;

    /// A component of `count` instances of a module.
    fn component(module: &str, count: u32) -> String {
        let instances = "(core instance (instantiate $m))".repeat(count as usize);
        format!("(component (core module $m {module}) {instances})")
    }

    #[test]
    fn a_component_has_no_more_than_its_places_have() {
        let engine = crate::engine::engine(&Limits::default()).expect("an engine");
        for (module, most, says) in [
            ("(memory 1)", MEMORIES_MAX, "21 Wasm linear memories"),
            ("(table 1 funcref)", TABLES_MAX, "65 tables"),
        ] {
            let made = |count| {
                let bytes = wat::parse_str(component(module, count)).expect("a component");
                Component::new(&engine, bytes)
            };
            made(most).expect(module);
            let error = format!("{:#}", made(most + 1).map(drop).expect_err(module));
            let reason = is_beyond(&error).expect(&error);
            assert!(reason.contains(says) && !reason.contains("pool"), "{reason}");
        }
    }
}
