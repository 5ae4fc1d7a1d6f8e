//! Runs packed components on a stub of the database interface that records the SQL it is given.

use crate::alteration::Dialect;
use wasmtime::{
    Engine, Store,
    component::{
        Component, ComponentExportIndex, ComponentType, Instance, Lift, Linker, Lower, Val,
    },
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

#[derive(Debug, Clone, Copy, ComponentType, Lift, Lower)]
#[component(record)]
pub(super) struct Outcome {
    #[component(name = "rows-affected")]
    pub(super) rows_affected: u64,
    #[component(name = "last-insert-id")]
    pub(super) last_insert_id: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, ComponentType, Lift, Lower)]
#[component(record)]
pub(super) struct Checkpoint {
    pub(super) state: Vec<u8>,
    pub(super) done: u64,
    pub(super) total: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, ComponentType, Lift, Lower)]
#[component(variant)]
pub(super) enum StepResult {
    #[component(name = "more")]
    More(Checkpoint),
    #[component(name = "finished")]
    Finished,
}

struct State {
    received: Vec<String>,
    answer: Result<(), HookError>,
    /// What `execute` answers; it is never called if there is none.
    outcome: Option<Result<Outcome, HookError>>,
    limits: wasmtime::StoreLimits,
}

/// What happened in one call.
#[derive(Debug)]
pub(super) struct Called<T = ()> {
    /// The SQL that reached the database, one text for each call.
    pub(super) received: Vec<String>,
    /// What the hook returned; an error if it trapped.
    pub(super) returned: wasmtime::Result<Result<T, HookError>>,
}

/// Compiled once, instantiated for each call, as the runner does.
pub(super) struct Guest {
    engine: Engine,
    component: Component,
    /// What `get-dialect` answers.
    dialect: Dialect,
}

impl Guest {
    pub(super) fn new(bytes: &[u8]) -> Self {
        let engine = Engine::default();
        let component = Component::new(&engine, bytes).unwrap();
        Self { engine, component, dialect: Dialect::Sqlite }
    }

    pub(super) fn on(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
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
        let (mut store, instance) = self.instantiate(answer, None, memory_bytes_max);
        let interface = if hook.starts_with("before-") { "preparation" } else { "hooks" };
        let hook = export(&mut store, &instance, interface, hook);
        let hook =
            instance.get_typed_func::<(&str,), (Result<(), HookError>,)>(&mut store, hook).unwrap();
        let returned = hook.call(&mut store, (id,)).map(|(result,)| result);
        Called { received: store.into_data().received, returned }
    }

    /// Calls `step` with a database that answers the statement with `outcome`.
    pub(super) fn step(
        &self,
        id: &str,
        state: Option<&[u8]>,
        outcome: Result<Outcome, HookError>,
    ) -> Called<StepResult> {
        let (mut store, instance) = self.instantiate(Ok(()), Some(outcome), usize::MAX);
        let step = export(&mut store, &instance, "backfill", "step");
        let step = instance
            .get_typed_func::<(&str, Option<&[u8]>), (Result<StepResult, HookError>,)>(
                &mut store, step,
            )
            .unwrap();
        let returned = step.call(&mut store, (id, state)).map(|(result,)| result);
        Called { received: store.into_data().received, returned }
    }

    fn instantiate(
        &self,
        answer: Result<(), HookError>,
        outcome: Option<Result<Outcome, HookError>>,
        memory_bytes_max: usize,
    ) -> (Store<State>, Instance) {
        let mut linker = Linker::<State>::new(&self.engine);
        let mut database = linker.instance("runner:alteration/database@0.1.0").unwrap();
        database
            .func_wrap("execute-script", |mut store, (sql,): (String,)| {
                let state: &mut State = store.data_mut();
                state.received.push(sql);
                Ok((state.answer.clone(),))
            })
            .unwrap();
        let dialect = self.dialect.as_str();
        database
            .func_new("get-dialect", move |_, _, _, results| {
                results[0] = Val::Enum(dialect.to_owned());
                Ok(())
            })
            .unwrap();
        // The values are of a type that no SQL component has a use for: it is taken by its type.
        database
            .func_new("execute", |mut store, _, params, results| {
                let state: &mut State = store.data_mut();
                let [Val::String(sql), Val::List(values)] = params else {
                    panic!("{params:?}");
                };
                assert!(values.is_empty(), "{values:?}");
                state.received.push(sql.clone());
                results[0] = as_val(state.outcome.clone().expect("`execute` is for steps"));
                Ok(())
            })
            .unwrap();
        let limits = wasmtime::StoreLimitsBuilder::new().memory_size(memory_bytes_max).build();
        let state = State { received: Vec::new(), answer, outcome, limits };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.limits);
        let instance = linker.instantiate(&mut store, &self.component).unwrap();
        (store, instance)
    }
}

fn export(
    store: &mut Store<State>,
    instance: &Instance,
    interface: &str,
    hook: &str,
) -> ComponentExportIndex {
    let interface = format!("runner:alteration/{interface}@0.1.0");
    let interface = instance.get_export_index(&mut *store, None, &interface).expect("is exported");
    instance.get_export_index(store, Some(&interface), hook).unwrap()
}

fn as_val(outcome: Result<Outcome, HookError>) -> Val {
    let optional = |text: Option<String>| Val::Option(text.map(|text| Val::String(text).into()));
    let record = |fields: Vec<(&str, Val)>| {
        Val::Record(fields.into_iter().map(|(name, val)| (name.to_owned(), val)).collect())
    };
    Val::Result(match outcome {
        Ok(outcome) => Ok(Some(
            record(vec![
                ("rows-affected", Val::U64(outcome.rows_affected)),
                (
                    "last-insert-id",
                    Val::Option(outcome.last_insert_id.map(|id| Val::U64(id).into())),
                ),
            ])
            .into(),
        )),
        Err(error) => Err(Some(
            record(vec![
                ("kind", Val::Enum(format!("{:?}", error.kind).to_lowercase())),
                ("message", Val::String(error.message)),
                ("sqlstate", optional(error.sqlstate)),
                ("constraint", optional(error.constraint)),
                ("retryable", Val::Bool(error.retryable)),
            ])
            .into(),
        )),
    })
}
