//! SQL alterations -> a core module: the SQL as data, and hooks that hand it to the host.
//!
//! `sql_table` says where things lie in memory, `sql_code` what the functions do; the sections are
//! put together here. An id that is not in the table, and a `down` of an alteration without a way
//! back, trap: the runner reads the manifest and calls neither. Knows nothing of manifests.

use super::{
    folder::SqlAlteration,
    sql_code::{self, PAGE_BYTES, Without},
    sql_name::SqlHook,
    sql_table::{self, Shape, TABLE_AT},
};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, MemorySection, MemoryType, Module,
    TypeSection, ValType,
};

const DATABASE: &str = "runner:alteration/database@0.1.0";
const HOOKS: &str = "runner:alteration/hooks@0.1.0";
const PREPARATION: &str = "runner:alteration/preparation@0.1.0";
const BACKFILL: &str = "runner:alteration/backfill@0.1.0";

// Types of functions. The last two are there where the component has a `step`; that of `get-dialect` is behind
// them, where dialects differ.
const EXECUTE_SCRIPT_TYPE: u32 = 0;
/// Of a hook, and of `find`.
const HOOK_TYPE: u32 = 1;
const REALLOC_TYPE: u32 = 2;
const EXECUTE_TYPE: u32 = 3;
const STEP_TYPE: u32 = 4;

// Indexes into the function space, the imports first.
const EXECUTE_SCRIPT: u32 = 0;
/// Where there is a `step`. `get-dialect` is the last of the imports, where dialects differ.
const EXECUTE: u32 = 1;

/// A function of the module: its type, the name it is exported by, and its body.
struct Defined {
    type_index: u32,
    export: Option<String>,
    body: Function,
}

/// Returns the module. Together the texts must be well below 4 GiB.
pub(super) fn encode(alterations: &[&SqlAlteration]) -> Vec<u8> {
    let shape = Shape::of(alterations);
    let (data, end) = sql_table::data(shape, alterations);
    let get_dialect = 1 + u32::from(shape.backfill);
    let imported = get_dialect + u32::from(shape.dialects);
    let get_dialect = shape.dialects.then_some(get_dialect);
    let find = sql_code::find(shape.table_len(alterations.len()), shape.entry_len(), get_dialect);
    let defined = functions(shape, imported, find);
    let mut module = Module::new();

    let mut types = TypeSection::new();
    let i32s = |count| vec![ValType::I32; count];
    types.ty().function(i32s(3), []); // execute-script, as the host's side is lowered
    types.ty().function(i32s(2), i32s(1)); // a hook, and `find`
    types.ty().function(i32s(4), i32s(1)); // cabi_realloc
    if shape.backfill {
        types.ty().function(i32s(5), []); // execute
        types.ty().function(i32s(5), i32s(1)); // step
    }
    let get_dialect_type = types.len();
    if shape.dialects {
        types.ty().function([], i32s(1)); // get-dialect
    }
    module.section(&types);

    let mut imports = ImportSection::new();
    imports.import(DATABASE, "execute-script", EntityType::Function(EXECUTE_SCRIPT_TYPE));
    if shape.backfill {
        imports.import(DATABASE, "execute", EntityType::Function(EXECUTE_TYPE));
    }
    if shape.dialects {
        imports.import(DATABASE, "get-dialect", EntityType::Function(get_dialect_type));
    }
    module.section(&imports);

    let mut functions = FunctionSection::new();
    for function in &defined {
        functions.function(function.type_index);
    }
    module.section(&functions);

    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: u64::from(end.div_ceil(PAGE_BYTES)),
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    module.section(&memories);

    let mut globals = GlobalSection::new();
    globals.global(
        GlobalType { val_type: ValType::I32, mutable: true, shared: false },
        &ConstExpr::i32_const(end.cast_signed()),
    );
    module.section(&globals);

    let mut exports = ExportSection::new();
    for (function, index) in defined.iter().zip(imported..) {
        if let Some(name) = &function.export {
            exports.export(name, ExportKind::Func, index);
        }
    }
    exports.export("memory", ExportKind::Memory, 0);
    module.section(&exports);

    let mut code = CodeSection::new();
    for function in &defined {
        code.function(&function.body);
    }
    module.section(&code);

    let mut segments = DataSection::new();
    segments.active(0, &ConstExpr::i32_const(TABLE_AT.cast_signed()), data);
    module.section(&segments);
    module.finish()
}

/// Returns the module's own functions, in order; the first is `find`, with this index and body.
fn functions(shape: Shape, find: u32, body: Function) -> Vec<Defined> {
    let mut defined = vec![Defined { type_index: HOOK_TYPE, export: None, body }];
    // Without these groups every alteration has an `up`, as it had before there were any.
    let without_up = match shape.preparation || shape.backfill {
        true => Without::Nothing,
        false => Without::Trap,
    };
    let without_down =
        shape.slot(SqlHook::BeforeDown).map_or(Without::Trap, Without::NothingBeside);
    for (interface, name, hook, without) in [
        (HOOKS, "up", SqlHook::Up, without_up),
        (HOOKS, "down", SqlHook::Down, without_down),
        (PREPARATION, "before-up", SqlHook::BeforeUp, Without::Nothing),
        (PREPARATION, "before-down", SqlHook::BeforeDown, Without::Nothing),
    ] {
        if let Some(slot) = shape.slot(hook) {
            let body = sql_code::hook(find, EXECUTE_SCRIPT, slot, without);
            let export = Some(format!("{interface}#{name}"));
            defined.push(Defined { type_index: HOOK_TYPE, export, body });
        }
    }
    if let Some(slot) = shape.slot(SqlHook::Step) {
        let body = sql_code::step(find, EXECUTE, slot);
        let export = Some(format!("{BACKFILL}#step"));
        defined.push(Defined { type_index: STEP_TYPE, export, body });
    }
    let (export, body) = (Some("cabi_realloc".to_owned()), sql_code::realloc());
    defined.push(Defined { type_index: REALLOC_TYPE, export, body });
    defined
}
