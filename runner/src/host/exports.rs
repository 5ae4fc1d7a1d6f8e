//! Checks the types of a component's hooks before any of its code runs. Wasmtime itself would
//! compare them only when the hook is about to be called, which is too late: by then the database
//! has been touched.

use super::{error::LoadError, offer::HOOKS};
use wasmtime::{
    Engine,
    component::{
        Component, Type,
        types::{ComponentFunc, ComponentItem},
    },
};

/// Each of these takes the alteration's id, and returns nothing or an error.
const FUNCTIONS: [&str; 2] = ["up", "down"];
const EXPECTED: &str = "func(alteration: string) -> result<_, error>";

/// Does nothing where the interface or a function is missing, which linking explains.
pub(super) fn check(engine: &Engine, component: &Component) -> Result<(), LoadError> {
    let component_type = component.component_type();
    let Some(hooks) = component_type.get_export(engine, HOOKS) else { return Ok(()) };
    let ComponentItem::ComponentInstance(hooks) = hooks.ty else {
        return Err(wrong("it is not an interface".to_owned()));
    };
    for name in FUNCTIONS {
        match hooks.get_export(engine, name).map(|item| item.ty) {
            None => return Err(wrong(format!("it has no function `{name}`"))),
            Some(ComponentItem::ComponentFunc(function)) if is_hook(&function) => {}
            Some(_) => return Err(wrong(format!("`{name}` is not `{EXPECTED}`"))),
        }
    }
    Ok(())
}

fn wrong(reason: String) -> LoadError {
    LoadError::WrongHooks { interface: HOOKS.to_owned(), reason }
}

fn is_hook(function: &ComponentFunc) -> bool {
    let parameters: Vec<Type> = function.params().map(|(_, parameter)| parameter).collect();
    let results: Vec<Type> = function.results().collect();
    let ([Type::String], [Type::Result(result)]) = (&parameters[..], &results[..]) else {
        return false;
    };
    result.ok().is_none() && result.err().is_some_and(|error| is_error(&error))
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
