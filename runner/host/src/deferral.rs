//! Functions of an engine that few hooks call, which are compiled only when one does.
//!
//! Compiling is most of what the first deploy of a component written in JavaScript waits for, and three fifths of
//! its functions are parts of the engine that hardly any hook gets to. Where a core module is, byte for byte, an
//! engine that is known here, those that its profile does not name trap instead. A hook that meets one is undone and
//! called again, with the whole component, as if something had been in its way.
//!
//! Only modules that are known are changed, so that what is left out is known to be valid and to compile; what
//! a component says of itself has no say in it.

use crate::alteration::Checksum;
use std::{collections::BTreeSet, ops::Range, sync::LazyLock};
use wasmparser::{Parser, Payload, TypeRef};
use wasmtime::{Trap, WasmBacktrace};

/// `tests/scripts/engine-profile` writes them.
static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    [include_str!("profiles/quickjs-small.txt")].into_iter().filter_map(Profile::parse).collect()
});
/// To be changed with what is done to those that are not called: artefacts in caches are told apart by it.
const METHOD: &[u8] = b"1";
/// No locals, `unreachable`; as many `nop` as there is place for, and `end`. Nothing in the file moves.
const TRAP: [u8; 2] = [0x00, 0x00];
const NOP: u8 = 0x01;
const END: u8 = 0x0b;

/// What is known of one engine.
#[derive(Debug, PartialEq, Eq)]
struct Profile {
    /// Its core module.
    module: Checksum,
    module_bytes: usize,
    /// The functions that hooks were seen to call, by their index.
    called: BTreeSet<u32>,
    /// Tells this profile from an earlier one of the same engine.
    version: Checksum,
}

/// The functions of one component that wait.
#[derive(Debug)]
pub(super) struct Deferral {
    functions: BTreeSet<u32>,
    bodies: Vec<Range<usize>>,
    version: Checksum,
}

impl Deferral {
    /// `None` where nothing of the component may wait.
    pub(super) fn of(component: &[u8]) -> Option<Self> {
        Self::with(&PROFILES, component)
    }

    fn with(profiles: &[Profile], component: &[u8]) -> Option<Self> {
        let modules = Parser::new(0).parse_all(component).map_while(Result::ok);
        let mut modules = modules.filter_map(|payload| match payload {
            Payload::ModuleSection { unchecked_range, .. } => Some(unchecked_range),
            _ => None,
        });
        modules.find_map(|range| {
            let module = component.get(range.clone())?;
            let profile = profiles.iter().find(|profile| {
                profile.module_bytes == module.len() && profile.module == Checksum::of(module)
            })?;
            profile.deferral(module, range.start)
        })
    }

    /// The component without them, as long as it was.
    pub(super) fn apply(&self, component: &[u8]) -> Vec<u8> {
        let mut component = component.to_vec();
        for range in &self.bodies {
            if let Some([begin @ .., end]) = component.get_mut(range.clone()) {
                begin.fill(NOP);
                begin[..TRAP.len()].copy_from_slice(&TRAP);
                *end = END;
            }
        }
        component
    }

    /// Whether a hook ended because it called one of them. Of a function of another module that has the same index
    /// it is said too, which costs one more try.
    pub(super) fn was_met(&self, error: &wasmtime::Error) -> bool {
        let trap = error.downcast_ref::<Trap>();
        let frames = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames);
        trap == Some(&Trap::UnreachableCodeReached)
            && frames
                .and_then(<[_]>::first)
                .is_some_and(|frame| self.functions.contains(&frame.func_index()))
    }

    /// What an artefact without them has to be told apart by.
    pub(super) fn version(&self) -> Checksum {
        self.version
    }
}

impl Profile {
    /// A line `module <bytes> <sha256>`, then indices of functions and ranges of them. Lines that begin with `#`
    /// are for people. `None` where it is none.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let mut module = lines.next()?.strip_prefix("module ")?.split(' ');
        let module_bytes = module.next()?.parse().ok()?;
        let checksum = module.next()?.parse().ok()?;
        let mut called = BTreeSet::new();
        for word in lines.flat_map(str::split_whitespace) {
            let (from, to) = word.split_once('-').unwrap_or((word, word));
            called.extend(from.parse::<u32>().ok()?..=to.parse().ok()?);
        }
        let version = Checksum::of_parts([METHOD, text.as_bytes()]);
        Some(Self { module: checksum, module_bytes, called, version })
    }

    /// What waits of `module`, which begins `at` this byte of its component.
    fn deferral(&self, module: &[u8], at: usize) -> Option<Deferral> {
        let mut index = 0;
        let (mut functions, mut bodies) = (BTreeSet::new(), Vec::new());
        for payload in Parser::new(0).parse_all(module) {
            match payload.ok()? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        index += u32::from(matches!(import.ok()?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    let range = body.range();
                    // A body that is a trap already is nobody's to wait for.
                    let is_trap = body.as_bytes().starts_with(&TRAP);
                    if !self.called.contains(&index) && range.len() > TRAP.len() && !is_trap {
                        functions.insert(index);
                        bodies.push(range.start + at..range.end + at);
                    }
                    index += 1;
                }
                _ => {}
            }
        }
        Some(Deferral { functions, bodies, version: self.version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODULE: &str = r#"(core module
        (import "a" "memory" (memory 1)) (import "a" "f" (func)) (import "a" "g" (func (param i32)))
        (func (export "called") (result i32) i32.const 7)
        (func (export "not called") (param i32) (result i32) (local i64) local.get 0)
        (func (export "short")) (func (export "trap") unreachable nop))"#;

    fn component() -> Vec<u8> {
        let text = format!("(component (core module) (component (core module)) {MODULE})");
        wat::parse_str(text).unwrap()
    }

    fn module(component: &[u8]) -> &[u8] {
        let ranges = Parser::new(0).parse_all(component).filter_map(|payload| match payload {
            Ok(Payload::ModuleSection { unchecked_range, .. }) => Some(unchecked_range),
            _ => None,
        });
        &component[ranges.last().unwrap()]
    }

    fn profile(module: &[u8]) -> Profile {
        let (bytes, checksum) = (module.len(), Checksum::of(module));
        Profile::parse(&format!("# of a test\nmodule {bytes} {checksum}\n2 9-12\n")).unwrap()
    }

    #[test]
    fn what_is_not_called_traps_and_nothing_moves() {
        let component = component();
        let deferral = Deferral::with(&[profile(module(&component))], &component).unwrap();
        // `short` has no place for a trap, and `trap` is one.
        assert_eq!(deferral.functions, BTreeSet::from([3]));
        let changed = deferral.apply(&component);
        assert_eq!(changed.len(), component.len());
        let expected = MODULE.replace(
            "(local i64) local.get 0",
            // As long as it was: two bytes say which locals there are.
            "unreachable nop nop nop",
        );
        let expected = format!("(component (core module) (component (core module)) {expected})");
        assert_eq!(module(&changed), module(&wat::parse_str(expected).unwrap()));
        wasmparser::validate(&changed).unwrap();
    }

    #[test]
    fn only_a_module_that_is_known_is_changed() {
        let component = component();
        let known = profile(module(&component));
        let at = component.windows(6).position(|bytes| bytes == b"called").unwrap();
        let mut other = component.clone();
        other[at] ^= 1;
        assert!(Deferral::with(&[known], &other).is_none());
        assert!(Deferral::of(&component).is_none());
        assert!(Deferral::of(b"no component").is_none());
    }

    #[test]
    fn profiles_are_read() {
        assert_eq!(PROFILES.len(), 1);
        assert_eq!(profile(b"x").called, BTreeSet::from([2, 9, 10, 11, 12]));
        for text in ["", "module", "module 1 zz", &format!("module 1 {}\nx", "0".repeat(64)), "2"] {
            assert_eq!(Profile::parse(text), None, "{text}");
        }
    }
}
