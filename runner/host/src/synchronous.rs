//! A component that was made for an engine with asynchronous functions -> the same one without them.
//!
//! WASI 0.3 says in its types which functions may wait (`async func`, `stream`, `future`), and toolchains that are
//! made for it bring the parts that wait along, whether a hook gets there or not. The engine has all of that
//! turned off. So a function counts as one that does not wait, a stream or future as the number that its handle
//! is, and each part that would wait becomes a function that traps:
//!
//! ```text
//! canon stream.new T           ->   alias of an export of a module of traps, with the same core type
//! canon lower f async          ->   the same
//! core modules                 ->   byte for byte what they were
//! ```
//!
//! What comes out is validated, compiled and linked as any other component is: it gets nothing by having been
//! changed here. Hooks that are asynchronous themselves stay as they are, and are refused by the engine.

use std::convert::Infallible;
use wasm_encoder::{
    Alias, CanonicalFunctionSection, CodeSection, Component, ComponentAliasSection,
    ComponentSectionId, ExportKind, ExportSection, Function, FunctionSection, InstanceSection,
    Instruction, ModuleArg, ModuleSection, NameMap, NameSection, RawSection, TypeSection, ValType,
    reencode::{Error, Reencode, ReencodeComponent, component_utils},
};
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentDefinedType, ComponentFuncType,
    ExternalKind, Parser, Payload, PrimitiveValType, Validator, types::Types,
};

/// What the names of its traps begin with.
pub(super) const TRAP_NAME: &str = "asynchronous ";
/// To be changed with what is done here: artefacts in caches are told apart by it.
pub(super) const METHOD: &[u8] = b"synchronous 1";
const TRAPS_MAX: usize = 10_000;

type Encoded = Result<(), Error<Infallible>>;

/// `None` where the component is none, or has nothing in it that waits.
pub(super) fn of(component: &[u8]) -> Option<Vec<u8>> {
    let types = Validator::new().validate_all(component).ok()?;
    let traps = traps(component, &types)?;
    let mut rewriting = Rewriting { depth: 0, next_trap: 0, is_changed: !traps.is_empty() };
    let mut encoded = Component::new();
    encoded.section(&ModuleSection(&module(&traps)));
    let none: [(&str, ModuleArg); 0] = [];
    encoded.section(InstanceSection::new().instantiate(0, none));
    rewriting.parse_component(&mut encoded, Parser::new(0), component).ok()?;
    rewriting.is_changed.then(|| encoded.finish())
}

/// A function that stands for one that waits.
struct Trap {
    name: String,
    parameters: Vec<ValType>,
    results: Vec<ValType>,
}

/// Those of the outermost component, in its order.
fn traps(component: &[u8], types: &Types) -> Option<Vec<Trap>> {
    let (mut traps, mut depth, mut core_function) = (Vec::new(), 0_usize, 0);
    for payload in Parser::new(0).parse_all(component) {
        match payload.ok()? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentAliasSection(aliases) if depth == 0 => {
                for alias in aliases {
                    let kind = match alias.ok()? {
                        ComponentAlias::CoreInstanceExport { kind, .. } => kind,
                        _ => continue,
                    };
                    core_function += u32::from(kind == ExternalKind::Func);
                }
            }
            Payload::ComponentCanonicalSection(functions) if depth == 0 => {
                for function in functions {
                    let function = function.ok()?;
                    if matches!(function, CanonicalFunction::Lift { .. }) {
                        continue;
                    }
                    if waits(&function) {
                        traps.push(trap(&function, types, core_function)?);
                    }
                    core_function += 1;
                }
            }
            _ => {}
        }
    }
    (traps.len() <= TRAPS_MAX).then_some(traps)
}

fn trap(function: &CanonicalFunction, types: &Types, core_function: u32) -> Option<Trap> {
    let types = types.as_ref();
    if core_function >= types.function_count() {
        return None;
    }
    let core_type = types[types.core_function_at(core_function)].unwrap_func();
    let values = |values: &[wasmparser::ValType]| {
        values.iter().map(|value| ValType::try_from(*value).ok()).collect::<Option<Vec<_>>>()
    };
    let (parameters, results) = (values(core_type.params())?, values(core_type.results())?);
    Some(Trap { name: format!("{TRAP_NAME}{}", what(function)), parameters, results })
}

/// `StreamNew { … }` as `stream new`.
fn what(function: &CanonicalFunction) -> String {
    if let CanonicalFunction::Lower { .. } = function {
        return "call of an import".to_owned();
    }
    let debug = format!("{function:?}");
    let mut words = String::new();
    for c in debug.chars().take_while(char::is_ascii_alphanumeric) {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

fn waits(function: &CanonicalFunction) -> bool {
    match function {
        CanonicalFunction::Lower { options, .. } => options.contains(&CanonicalOption::Async),
        // Of hooks the engine decides.
        CanonicalFunction::Lift { .. }
        | CanonicalFunction::ResourceNew { .. }
        | CanonicalFunction::ResourceDrop { .. }
        | CanonicalFunction::ResourceRep { .. } => false,
        _ => true,
    }
}

/// Exports each by its number.
fn module(traps: &[Trap]) -> wasm_encoder::Module {
    let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
    let (mut exports, mut code, mut names) =
        (ExportSection::new(), CodeSection::new(), NameMap::new());
    for (index, trap) in (0..).zip(traps) {
        types.ty().function(trap.parameters.iter().copied(), trap.results.iter().copied());
        functions.function(index);
        exports.export(&index.to_string(), ExportKind::Func, index);
        let mut body = Function::new([]);
        body.instruction(&Instruction::Unreachable).instruction(&Instruction::End);
        code.function(&body);
        names.append(index, &trap.name);
    }
    let mut name_section = NameSection::new();
    name_section.functions(&names);
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&functions).section(&exports).section(&code);
    module.section(&name_section);
    module
}

struct Rewriting {
    /// How deep in nested components and types it is.
    depth: u32,
    next_trap: u32,
    is_changed: bool,
}

impl Rewriting {
    /// The indices of the outermost component's core modules and instances begin behind those of the traps.
    fn moved(&self, depth: u32, index: u32) -> u32 {
        if depth == 0 { index + 1 } else { index }
    }
}

impl Reencode for Rewriting {
    type Error = Infallible;
}

impl ReencodeComponent for Rewriting {
    fn push_depth(&mut self) {
        self.depth += 1;
    }

    fn pop_depth(&mut self) {
        self.depth -= 1;
    }

    fn module_index(&mut self, index: u32) -> u32 {
        self.moved(self.depth, index)
    }

    fn instance_index(&mut self, index: u32) -> u32 {
        self.moved(self.depth, index)
    }

    fn outer_module_index(&mut self, count: u32, index: u32) -> u32 {
        match self.depth.checked_sub(count) {
            Some(depth) => self.moved(depth, index),
            None => index,
        }
    }

    fn parse_component_payload(
        &mut self,
        component: &mut Component,
        payload: Payload<'_>,
        whole: &[u8],
    ) -> Encoded {
        let Payload::ComponentCanonicalSection(functions) = payload else {
            return component_utils::parse_component_payload(self, component, payload, whole);
        };
        for function in functions {
            let function = function?;
            if self.depth == 0 && waits(&function) {
                let mut aliases = ComponentAliasSection::new();
                let name = self.next_trap.to_string();
                let (instance, kind) = (0, ExportKind::Func);
                aliases.alias(Alias::CoreInstanceExport { instance, kind, name: &name });
                component.section(&aliases);
                self.next_trap += 1;
            } else {
                let mut section = CanonicalFunctionSection::new();
                self.parse_component_canonical(&mut section, function)?;
                component.section(&section);
            }
        }
        Ok(())
    }

    fn parse_component_submodule(
        &mut self,
        component: &mut Component,
        _: Parser,
        module: &[u8],
    ) -> Encoded {
        let id = ComponentSectionId::CoreModule.into();
        component.section(&RawSection { id, data: module });
        Ok(())
    }

    fn parse_component_func_type(
        &mut self,
        encoder: wasm_encoder::ComponentFuncTypeEncoder<'_>,
        function: ComponentFuncType<'_>,
    ) -> Encoded {
        self.is_changed |= function.async_;
        let function = ComponentFuncType { async_: false, ..function };
        component_utils::parse_component_func_type(self, encoder, function)
    }

    fn parse_component_defined_type(
        &mut self,
        encoder: wasm_encoder::ComponentDefinedTypeEncoder<'_>,
        defined: ComponentDefinedType<'_>,
    ) -> Encoded {
        let is_handle =
            matches!(defined, ComponentDefinedType::Future(_) | ComponentDefinedType::Stream(_));
        self.is_changed |= is_handle;
        let defined = match is_handle {
            true => ComponentDefinedType::Primitive(PrimitiveValType::U32),
            false => defined,
        };
        component_utils::parse_component_defined_type(self, encoder, defined)
    }

    fn component_primitive_val_type(
        &mut self,
        primitive: PrimitiveValType,
    ) -> wasm_encoder::PrimitiveValType {
        let is_handle = primitive == PrimitiveValType::ErrorContext;
        self.is_changed |= is_handle;
        let primitive = if is_handle { PrimitiveValType::U32 } else { primitive };
        component_utils::component_primitive_val_type(self, primitive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::WasmFeatures;

    const WAITS: &str = r#"(component
        (core module $m (memory (export "memory") 1))
        (core instance $i (instantiate $m))
        (type $bytes (stream u8))
        (import "wasi:cli/stdout@0.3.0" (instance $out
            (type $in (stream u8)) (type $end (future (result)))
            (export "write" (func (param "data" $in) (result $end)))))
        (import "wasi:clocks/clock@0.3.0" (instance $clock
            (export "wait" (func async (param "for" u64)))))
        (alias export $out "write" (func $write))
        (alias export $clock "wait" (func $wait))
        (core func $write (canon lower (func $write)))
        (core func $new (canon stream.new $bytes))
        (core func $wait (canon lower (func $wait) async))
        (core func $later (canon lower (func $wait)))
        (core module $user
            (import "" "write" (func (param i32) (result i32)))
            (import "" "new" (func (result i64)))
            (import "" "wait" (func (param i64) (result i32)))
            (import "" "later" (func (param i64))))
        (core instance (instantiate $user (with "" (instance
            (export "write" (func $write)) (export "new" (func $new))
            (export "wait" (func $wait)) (export "later" (func $later))))))
    )"#;

    fn validates(component: &[u8]) -> bool {
        let off = WasmFeatures::CM_ASYNC | WasmFeatures::CM_ERROR_CONTEXT;
        let mut validator = Validator::new_with_features(WasmFeatures::default() - off);
        validator.validate_all(component).is_ok()
    }

    #[test]
    fn nothing_of_it_waits_any_more() {
        let component = wat::parse_str(WAITS).unwrap();
        assert!(!validates(&component));
        let rewritten = of(&component).unwrap();
        assert!(validates(&rewritten), "{:?}", Validator::new().validate_all(&rewritten).err());
        let text = String::from_utf8_lossy(&rewritten);
        assert!(text.contains("asynchronous stream new"));
        assert!(text.contains("asynchronous call of an import"));
        assert_eq!(of(&rewritten), None);
    }

    #[test]
    fn what_does_not_wait_stays() {
        let text = r#"(component (import "a" (func (param "x" u32))) (core module))"#;
        assert_eq!(of(&wat::parse_str(text).unwrap()), None);
        assert_eq!(of(b"no component"), None);
        assert_eq!(of(b"\0asm\x01\0\0\0"), None);
    }
}
