//! Runs packed components on a stub of the database interface that records the SQL it is given.

use wasmtime::{
    Engine, Store,
    component::{Component, ComponentType, Lift, Linker, Lower},
};

#[derive(Debug, Clone, PartialEq, ComponentType, Lift, Lower)]
#[component(record)]
pub(super) struct HookError {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    pub(super) sqlstate: Option<String>,
    pub(super) constraint: Option<String>,
    pub(super) retryable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
#[expect(dead_code, reason = "the interface has them all, the tests need one")]
pub(super) enum ErrorKind {
    #[component(name = "constraint")]
    Constraint,
    #[component(name = "serialization")]
    Serialization,
    #[component(name = "denied")]
    Denied,
    #[component(name = "limit")]
    Limit,
    #[component(name = "syntax")]
    Syntax,
    #[component(name = "conversion")]
    Conversion,
    #[component(name = "disconnected")]
    Disconnected,
    #[component(name = "other")]
    Other,
}

struct State {
    received: Vec<String>,
    answer: Result<(), HookError>,
    limits: wasmtime::StoreLimits,
}

/// What happened in one call.
#[derive(Debug)]
pub(super) struct Called {
    /// The SQL that reached the database, one text for each call.
    pub(super) received: Vec<String>,
    /// What the hook returned; an error if it trapped.
    pub(super) returned: wasmtime::Result<Result<(), HookError>>,
}

/// Compiled once, instantiated for each call, as the runner does.
pub(super) struct Guest {
    engine: Engine,
    component: Component,
}

impl Guest {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let engine = Engine::default();
        let component = Component::new(&engine, bytes).unwrap();
        Self { engine, component }
    }

    /// Calls `hook` with a database that answers every script with `answer`.
    pub(super) fn call(&self, hook: &str, id: &str, answer: Result<(), HookError>) -> Called {
        self.call_limited(hook, id, answer, usize::MAX)
    }

    pub(super) fn call_limited(
        &self,
        hook: &str,
        id: &str,
        answer: Result<(), HookError>,
        memory_bytes_max: usize,
    ) -> Called {
        let mut linker = Linker::<State>::new(&self.engine);
        linker
            .instance("runner:alteration/database@0.1.0")
            .unwrap()
            .func_wrap("execute-script", |mut store, (sql,): (String,)| {
                let state: &mut State = store.data_mut();
                state.received.push(sql);
                Ok((state.answer.clone(),))
            })
            .unwrap();
        let limits = wasmtime::StoreLimitsBuilder::new().memory_size(memory_bytes_max).build();
        let mut store = Store::new(&self.engine, State { received: Vec::new(), answer, limits });
        store.limiter(|state| &mut state.limits);
        let instance = linker.instantiate(&mut store, &self.component).unwrap();
        let hooks = instance
            .get_export_index(&mut store, None, "runner:alteration/hooks@0.1.0")
            .expect("the component exports hooks");
        let hook = instance.get_export_index(&mut store, Some(&hooks), hook).unwrap();
        let hook =
            instance.get_typed_func::<(&str,), (Result<(), HookError>,)>(&mut store, hook).unwrap();
        let returned = hook.call(&mut store, (id,)).map(|(result,)| result);
        Called { received: store.into_data().received, returned }
    }
}
