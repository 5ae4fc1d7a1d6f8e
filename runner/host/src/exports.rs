//! Checks the types of a component's hooks before any of its code runs. Wasmtime itself would
//! compare them only when the hook is about to be called, which is too late: by then the database
//! has been touched.

use super::{
    error::LoadError,
    offer::{BACKFILL, HOOKS, Offer, PREPARATION},
    versions::{self, Fit},
};
use std::collections::BTreeMap;
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
pub(super) fn check(
    engine: &Engine,
    offer: &Offer,
    component: &Component,
) -> Result<(), LoadError> {
    let component_type = component.component_type();
    let exports: BTreeMap<&str, ComponentItem> =
        component_type.exports(engine).map(|(name, item)| (name, item.ty)).collect();
    check_versions(engine, offer, &exports)?;
    for (interface, functions, expected, fits) in INTERFACES {
        let Some((name, found)) = called(&exports, offer, interface) else { continue };
        let wrong = |reason| LoadError::WrongHooks { interface: name.to_owned(), reason };
        let ComponentItem::ComponentInstance(found) = found else {
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

/// The export that is called as `interface`: the very one, or else the latest that is compatible, as the engine
/// looks for it.
fn called<'a>(
    exports: &'a BTreeMap<&str, ComponentItem>,
    offer: &Offer,
    interface: &'a str,
) -> Option<(&'a str, &'a ComponentItem)> {
    if let Some(found) = exports.get(interface) {
        return Some((interface, found));
    }
    let (wanted, _) = versions::split(interface)?;
    let compatible = exports.iter().filter_map(|(name, item)| {
        let (base, built) = versions::split(name)?;
        let fits = base == wanted && versions::fit(offer.version(), &built) == Fit::Compatible;
        fits.then_some((built, *name, item))
    });
    let latest = compatible.max_by(|(one, ..), (other, ..)| one.cmp(other));
    latest.map(|(_, name, item)| (name, item))
}

/// Refuses what a later version added: it would never be called here, and the author counts on that.
fn check_versions(
    engine: &Engine,
    offer: &Offer,
    exports: &BTreeMap<&str, ComponentItem>,
) -> Result<(), LoadError> {
    for (name, item) in exports {
        let Some((base, built)) = versions::split(name) else { continue };
        let ComponentItem::ComponentInstance(instance) = item else { continue };
        let mut functions_of_it = instance
            .exports(engine)
            .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentFunc(_)))
            .map(|(function, _)| function)
            .peekable();
        // Types alone are called by nobody.
        if built <= *offer.version() || functions_of_it.peek().is_none() {
            continue;
        }
        let known = INTERFACES.iter().find(|(interface, ..)| {
            versions::split(interface).is_some_and(|(known, _)| known == base)
        });
        let newer = |what: String| Err(offer.newer(&built, what));
        let Some((interface, functions, ..)) = known else {
            return newer(format!("it exports `{name}`, and `{HOOKS}` is what is called"));
        };
        if versions::fit(offer.version(), &built) != Fit::Compatible {
            // It may be made for several.
            match called(exports, offer, interface) {
                Some(_) => continue,
                None => return newer(format!("it exports `{name}`, and `{interface}` is called")),
            }
        }
        if let Some(function) = functions_of_it.find(|function| !functions.contains(function)) {
            return newer(format!("it exports the function `{function}` of `{name}`"));
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
