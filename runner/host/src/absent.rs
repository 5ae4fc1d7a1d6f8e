//! What components import of WASI and the engine's own WASI does not have: newer interfaces and functions.
//!
//! A toolchain lets its runtime import WASI whether a hook uses it or not. So what it imports is there, and
//! nothing is behind it: no environment, no files, clocks that stand still, bytes that repeat, as in
//! `wasi`. What cannot be answered with nothing ends the hook, which says by name what it called.

use super::{
    error::{HookError, cut},
    state::HookState,
    wasi::RANDOM_BYTES_MAX,
};
use semver::Version;
use wasmtime::{
    Engine, Result,
    component::{
        Component, Linker, LinkerInstance, ResourceType, Type, Val,
        types::{ComponentFunc, ComponentInstance, ComponentItem},
    },
};

/// The version of the engine's own WASI. Names of its track lead there, so that what it lacks is added there.
const OWN: Version = Version::new(0, 2, 12);
/// The packages that WASI 0.2 and 0.3 consist of.
const PACKAGES: [&str; 7] = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"];
/// The minor versions of WASI 0.
const MINORS: [u64; 2] = [2, 3];
/// Interfaces whose functions say that there is nothing.
const EMPTY: [&str; 9] = [
    "cli/environment",
    "cli/terminal-stderr",
    "cli/terminal-stdin",
    "cli/terminal-stdout",
    "clocks/monotonic-clock",
    "clocks/system-clock",
    "clocks/wall-clock",
    "filesystem/preopens",
    "random/insecure-seed",
];
/// Interfaces whose functions give bytes.
const RANDOM: [&str; 2] = ["random/insecure", "random/random"];

/// Stands for every resource of such an interface. There is none, so that none is taken for another.
struct Absent;

/// What a function of an absent interface does.
#[derive(Debug, Clone, Copy)]
enum Answer {
    /// Zero, empty, none.
    Nothing,
    /// The shortest time that a clock could tell.
    Resolution,
    Bytes,
    Trap,
}

/// `linker` with all that `component` imports of WASI and that is not there.
pub(super) fn fill(
    linker: &Linker<HookState>,
    engine: &Engine,
    component: &Component,
) -> Result<Linker<HookState>> {
    let mut linker = linker.clone();
    for (import, item) in component.component_type().imports(engine) {
        let (Some((interface, version)), ComponentItem::ComponentInstance(instance)) =
            (of_wasi(import), item.ty)
        else {
            continue;
        };
        let is_on_own_track = version.minor == OWN.minor && version.pre.is_empty();
        let at =
            if is_on_own_track { format!("wasi:{interface}@{OWN}") } else { import.to_owned() };
        define(&mut linker.instance(&at)?, engine, import, interface, &instance)?;
    }
    Ok(linker)
}

/// The interface, as `cli/environment`, of an import that is to be there whether the engine knows it or not.
fn of_wasi(import: &str) -> Option<(&str, Version)> {
    let (interface, version) = import.strip_prefix("wasi:")?.split_once('@')?;
    let version: Version = version.parse().ok()?;
    let (package, _) = interface.split_once('/')?;
    let is_known = version.major == 0 && MINORS.contains(&version.minor);
    (is_known && PACKAGES.contains(&package)).then_some((interface, version))
}

fn define(
    linker: &mut LinkerInstance<'_, HookState>,
    engine: &Engine,
    import: &str,
    interface: &str,
    instance: &ComponentInstance,
) -> Result<()> {
    for (name, item) in instance.exports(engine) {
        // What is defined already stays, and is an error here.
        let _ = match item.ty {
            ComponentItem::ComponentFunc(_) => {
                let (called, answer) = (format!("{import}#{name}"), answer(interface, name));
                linker.func_new(name, move |mut store, function, given, results| {
                    answered(answer, &function, given, results).ok_or_else(|| {
                        store.data_mut().undeclared = Some(HookError::Absent(cut(called.clone())));
                        wasmtime::Error::msg("nothing is behind this import")
                    })
                })
            }
            ComponentItem::Resource(_) => {
                linker.resource(name, ResourceType::host::<Absent>(), |_, _| Ok(()))
            }
            _ => Ok(()),
        };
    }
    Ok(())
}

fn answer(interface: &str, function: &str) -> Answer {
    match interface {
        _ if RANDOM.contains(&interface) => Answer::Bytes,
        _ if !EMPTY.contains(&interface) => Answer::Trap,
        _ if function == "get-resolution" => Answer::Resolution,
        _ => Answer::Nothing,
    }
}

/// Writes the answer in the types that the component wants it in; `None` where that cannot be.
fn answered(
    answer: Answer,
    function: &ComponentFunc,
    given: &[Val],
    results: &mut [Val],
) -> Option<()> {
    for (result, wanted) in results.iter_mut().zip(function.results()) {
        *result = match answer {
            Answer::Nothing => nothing(&wanted, 0)?,
            Answer::Resolution => nothing(&wanted, 1)?,
            Answer::Bytes => bytes(&wanted, given)?,
            Answer::Trap => return None,
        };
    }
    // One without a result is called for what it does.
    (!results.is_empty()).then_some(())
}

fn bytes(wanted: &Type, given: &[Val]) -> Option<Val> {
    // Bytes that repeat: a guest that takes them for random is noticed in its first test.
    match (wanted, given) {
        (Type::List(list), [Val::U64(length)]) if matches!(list.ty(), Type::U8) => {
            let length = (*length).min(RANDOM_BYTES_MAX);
            Some(Val::List((0..=u8::MAX).cycle().zip(0..length).map(|(b, _)| Val::U8(b)).collect()))
        }
        (Type::U64, []) => Some(Val::U64(u64::from_le_bytes([0, 1, 2, 3, 4, 5, 6, 7]))),
        _ => nothing(wanted, 0).filter(|_| given.is_empty()),
    }
}

/// Zero, empty or none of a type, with `least` for its numbers. Nothing is behind a resource, so that there is
/// no value of one.
fn nothing(wanted: &Type, least: u8) -> Option<Val> {
    Some(match wanted {
        Type::Bool => Val::Bool(false),
        Type::S8 => Val::S8(0),
        Type::U8 => Val::U8(least),
        Type::S16 => Val::S16(least.into()),
        Type::U16 => Val::U16(least.into()),
        Type::S32 => Val::S32(least.into()),
        Type::U32 => Val::U32(least.into()),
        Type::S64 => Val::S64(least.into()),
        Type::U64 => Val::U64(least.into()),
        Type::String => Val::String(String::new()),
        Type::List(_) => Val::List(Vec::new()),
        Type::Option(_) => Val::Option(None),
        Type::Tuple(tuple) => {
            Val::Tuple(tuple.types().map(|part| nothing(&part, least)).collect::<Option<_>>()?)
        }
        Type::Record(record) => Val::Record(
            record
                .fields()
                .map(|field| Some((field.name.to_owned(), nothing(&field.ty, least)?)))
                .collect::<Option<_>>()?,
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wasi_that_is_there() {
        let there = [
            "wasi:cli/environment@0.2.99",
            "wasi:cli/environment@0.3.0",
            "wasi:clocks/system-clock@0.3.7",
            "wasi:http/handler@0.3.0-rc-2025-09-16",
        ];
        for import in there {
            assert!(of_wasi(import).is_some(), "{import}");
        }
        let absent = [
            "wasi:teleport/beam@0.2.0",
            "wasi:cli/environment@0.9.0",
            "wasi:cli/environment",
            "wasi:cli@0.2.0",
            "acme:cli/environment@0.2.0",
        ];
        for import in absent {
            assert!(of_wasi(import).is_none(), "{import}");
        }
    }
}
