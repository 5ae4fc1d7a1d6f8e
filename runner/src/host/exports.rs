//! Checks the types of a component's hooks before any of its code runs. Wasmtime itself would
//! compare them only when the hook is about to be called, which is too late: by then the database
//! has been touched.

use super::{
    error::LoadError,
    offer::{BACKFILL, HOOKS, PREPARATION},
};
use wasmtime::{
    Engine,
    component::{
        Component, Type,
        types::{ComponentFunc, ComponentItem},
    },
};

const HOOK: &str = "func(alteration: string) -> result<_, error>";
const STEP: &str =
    "func(alteration: string, state: option<list<u8>>) -> result<step-result, error>";

/// What is looked for: each interface, whether it is needed, its functions, their type.
type Expected = (&'static str, &'static [&'static str], &'static str, fn(&ComponentFunc) -> bool);
const INTERFACES: [Expected; 3] = [
    (HOOKS, &["up", "down"], HOOK, is_hook),
    (PREPARATION, &["before-up", "before-down"], HOOK, is_hook),
    (BACKFILL, &["step"], STEP, is_step),
];

/// Does nothing where an interface is missing, which linking explains for the one that is needed.
pub(super) fn check(engine: &Engine, component: &Component) -> Result<(), LoadError> {
    let component_type = component.component_type();
    for (interface, functions, expected, fits) in INTERFACES {
        let wrong = |reason| LoadError::WrongHooks { interface: interface.to_owned(), reason };
        let Some(found) = component_type.get_export(engine, interface) else { continue };
        let ComponentItem::ComponentInstance(found) = found.ty else {
            return Err(wrong("it is not an interface".to_owned()));
        };
        for name in functions {
            match found.get_export(engine, name).map(|item| item.ty) {
                None => return Err(wrong(format!("it has no function `{name}`"))),
                Some(ComponentItem::ComponentFunc(function)) if fits(&function) => {}
                Some(_) => return Err(wrong(format!("`{name}` is not `{expected}`"))),
            }
        }
    }
    Ok(())
}

fn is_hook(function: &ComponentFunc) -> bool {
    let parameters: Vec<Type> = function.params().map(|(_, parameter)| parameter).collect();
    let results: Vec<Type> = function.results().collect();
    let ([Type::String], [Type::Result(result)]) = (&parameters[..], &results[..]) else {
        return false;
    };
    result.ok().is_none() && result.err().is_some_and(|error| is_error(&error))
}

fn is_step(function: &ComponentFunc) -> bool {
    let parameters: Vec<Type> = function.params().map(|(_, parameter)| parameter).collect();
    let results: Vec<Type> = function.results().collect();
    let ([Type::String, Type::Option(state)], [Type::Result(result)]) =
        (&parameters[..], &results[..])
    else {
        return false;
    };
    is_bytes(&state.ty())
        && result.err().is_some_and(|error| is_error(&error))
        && result.ok().is_some_and(|answer| is_step_result(&answer))
}

fn is_bytes(found: &Type) -> bool {
    matches!(found, Type::List(list) if matches!(list.ty(), Type::U8))
}

/// The variant `step-result` of the interface `backfill`.
fn is_step_result(found: &Type) -> bool {
    let Type::Variant(variant) = found else { return false };
    let cases: Vec<(&str, Option<Type>)> =
        variant.cases().map(|case| (case.name, case.ty)).collect();
    let [("more", Some(Type::Record(checkpoint))), ("finished", None)] = &cases[..] else {
        return false;
    };
    let fields: Vec<(&str, Type)> =
        checkpoint.fields().map(|field| (field.name, field.ty)).collect();
    match &fields[..] {
        [("state", state), ("done", Type::U64), ("total", Type::Option(total))] => {
            is_bytes(state) && matches!(total.ty(), Type::U64)
        }
        _ => false,
    }
}

/// The record `error` of the package's `types`.
fn is_error(error: &Type) -> bool {
    let Type::Record(record) = error else { return false };
    let is_optional_text =
        |of: &Type| matches!(of, Type::Option(option) if matches!(option.ty(), Type::String));
    let fields: Vec<(&str, Type)> = record.fields().map(|field| (field.name, field.ty)).collect();
    match &fields[..] {
        [
            ("kind", Type::Enum(kind)),
            ("message", Type::String),
            ("sqlstate", sqlstate),
            ("constraint", constraint),
            ("retryable", Type::Bool),
        ] => {
            is_optional_text(sqlstate)
                && is_optional_text(constraint)
                && kind.names().eq(KINDS.iter().copied())
        }
        _ => false,
    }
}

/// The cases of `error-kind`, in their order.
const KINDS: [&str; 8] = [
    "constraint",
    "serialization",
    "denied",
    "limit",
    "syntax",
    "conversion",
    "disconnected",
    "other",
];
