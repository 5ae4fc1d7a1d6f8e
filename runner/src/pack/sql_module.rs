//! SQL alterations -> a core module: the SQL as data, and two hooks that hand it to the host.
//!
//! Memory holds, from low to high: the area where the host leaves a hook's result, the table, the ids,
//! the SQL, and what the host allocates. The host lays its `result<_, error>` out as the hook must
//! return it, so the hook returns the very address it gave to the host, and nothing is copied.
//! An id that is not in the table, and a `down` that does not exist, trap: the runner reads the manifest
//! and calls neither. Knows the canonical ABI; knows nothing of manifests.

use super::folder::SqlAlteration;
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function,
    FunctionSection, GlobalSection, GlobalType, ImportSection, InstructionSink, MemArg,
    MemorySection, MemoryType, Module, TypeSection, ValType,
};

const PAGE_BYTES: u32 = 65_536;
/// Where the host leaves a result; not address 0, which looks like no address.
const RESULT_AT: u32 = 16;
/// `result<_, error>` of the interface, in bytes; a test compares it with the interface.
pub(super) const RESULT_LEN: u32 = 44;
const TABLE_AT: u32 = 64;
const _: () = assert!(RESULT_AT + RESULT_LEN <= TABLE_AT);

// One entry of the table: address and length of the id, of `up`, and of `down` (length 0: none).
const ID: u64 = 0;
const UP: u64 = 8;
const DOWN: u64 = 16;
const ENTRY_LEN: u32 = 24;

// Indexes into the function space, the import first.
const EXECUTE_SCRIPT: u32 = 0;
const FIND: u32 = 1;
/// The one global: the first address that is not taken yet.
const HEAP: u32 = 0;

/// The module. Together the texts must be well below 4 GiB.
pub(super) fn encode(alterations: &[&SqlAlteration]) -> Vec<u8> {
    let (data, end) = data(alterations);
    let table_end = TABLE_AT + ENTRY_LEN * alterations.len() as u32;
    let mut module = Module::new();

    let mut types = TypeSection::new();
    let i32s = |count| vec![ValType::I32; count];
    types.ty().function(i32s(3), []); // 0: execute-script, as the host's side is lowered
    types.ty().function(i32s(2), i32s(1)); // 1: a hook, and `find`
    types.ty().function(i32s(4), i32s(1)); // 2: cabi_realloc
    module.section(&types);

    let mut imports = ImportSection::new();
    imports.import(
        "runner:alteration/database@0.1.0",
        "execute-script",
        wasm_encoder::EntityType::Function(0),
    );
    module.section(&imports);

    let mut functions = FunctionSection::new();
    for type_index in [1, 1, 1, 2] {
        functions.function(type_index);
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
    exports.export("runner:alteration/hooks@0.1.0#up", ExportKind::Func, 2);
    exports.export("runner:alteration/hooks@0.1.0#down", ExportKind::Func, 3);
    exports.export("cabi_realloc", ExportKind::Func, 4);
    exports.export("memory", ExportKind::Memory, 0);
    module.section(&exports);

    let mut code = CodeSection::new();
    code.function(&find(table_end));
    code.function(&hook(UP));
    code.function(&hook(DOWN));
    code.function(&realloc());
    module.section(&code);

    let mut segments = DataSection::new();
    segments.active(0, &ConstExpr::i32_const(TABLE_AT.cast_signed()), data);
    module.section(&segments);
    module.finish()
}

/// The bytes that belong at [`TABLE_AT`], and the first address after them.
fn data(alterations: &[&SqlAlteration]) -> (Vec<u8>, u32) {
    let mut table = Vec::new();
    let mut texts = Vec::new();
    let texts_at = TABLE_AT + ENTRY_LEN * alterations.len() as u32;
    for alteration in alterations {
        let down = alteration.down.as_deref().unwrap_or_default();
        for text in [alteration.id.as_str(), &alteration.up, down] {
            table.extend((texts_at + texts.len() as u32).to_le_bytes());
            table.extend((text.len() as u32).to_le_bytes());
            texts.extend(text.as_bytes());
        }
    }
    let end = texts_at + texts.len() as u32;
    table.append(&mut texts);
    (table, end)
}

/// `(id, length) -> entry`: compares with each id of the table, and traps after the last.
fn find(table_end: u32) -> Function {
    const ID_PARAM: u32 = 0;
    const LENGTH: u32 = 1;
    const ENTRY: u32 = 2;
    const INDEX: u32 = 3;
    let mut function = Function::new([(2, ValType::I32)]);
    let mut code = function.instructions();
    code.i32_const(TABLE_AT.cast_signed()).local_set(ENTRY);
    code.loop_(BlockType::Empty);
    trap_if(code.local_get(ENTRY).i32_const(table_end.cast_signed()).i32_eq());

    code.block(BlockType::Empty);
    code.local_get(ENTRY).i32_load(word(ID + 4)).local_get(LENGTH).i32_ne().br_if(0);
    code.i32_const(0).local_set(INDEX);
    code.loop_(BlockType::Empty);
    code.local_get(INDEX).local_get(LENGTH).i32_eq();
    code.if_(BlockType::Empty).local_get(ENTRY).return_().end();
    code.local_get(ID_PARAM).local_get(INDEX).i32_add().i32_load8_u(byte());
    code.local_get(ENTRY).i32_load(word(ID)).local_get(INDEX).i32_add().i32_load8_u(byte());
    code.i32_ne().br_if(1);
    code.local_get(INDEX).i32_const(1).i32_add().local_set(INDEX).br(0);
    code.end().end();

    code.local_get(ENTRY).i32_const(ENTRY_LEN.cast_signed()).i32_add().local_set(ENTRY).br(0);
    code.end().unreachable().end();
    function
}

/// `(id, length) -> result`: hands the text at `field` of the id's entry to the host.
fn hook(field: u64) -> Function {
    const ID_PARAM: u32 = 0;
    const LENGTH: u32 = 1;
    const ENTRY: u32 = 2;
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(ID_PARAM).local_get(LENGTH).call(FIND).local_set(ENTRY);
    trap_if(code.local_get(ENTRY).i32_load(word(field + 4)).i32_eqz());
    code.local_get(ENTRY).i32_load(word(field));
    code.local_get(ENTRY).i32_load(word(field + 4));
    code.i32_const(RESULT_AT.cast_signed()).call(EXECUTE_SCRIPT);
    code.i32_const(RESULT_AT.cast_signed()).end();
    function
}

/// `(old, old length, alignment, length) -> address`: takes from the end of memory, gives nothing back.
///
/// One hook runs in one instance, so what it allocates is little and lives as long. Every sum is
/// checked by what it wraps to: an address past the end of 32 bits traps, as does memory that
/// the host does not give.
fn realloc() -> Function {
    const OLD: u32 = 0;
    const OLD_LEN: u32 = 1;
    const ALIGN: u32 = 2;
    const LENGTH: u32 = 3;
    const AT: u32 = 4;
    const END: u32 = 5;
    let mut function = Function::new([(2, ValType::I32)]);
    let mut code = function.instructions();
    // at = (heap + align - 1) & -align, which is below `heap` if it wrapped
    code.global_get(HEAP).local_get(ALIGN).i32_add().i32_const(1).i32_sub();
    code.i32_const(0).local_get(ALIGN).i32_sub().i32_and().local_set(AT);
    trap_if(code.local_get(AT).global_get(HEAP).i32_lt_u());
    // end = at + length, likewise
    code.local_get(AT).local_get(LENGTH).i32_add().local_set(END);
    trap_if(code.local_get(END).local_get(AT).i32_lt_u());
    // Pages are counted in 64 bits, because the size of a full memory has no room in 32.
    code.local_get(END).i64_extend_i32_u().memory_size(0).i64_extend_i32_u();
    code.i64_const(i64::from(PAGE_BYTES)).i64_mul().i64_gt_u();
    code.if_(BlockType::Empty);
    code.local_get(END).i64_extend_i32_u().i64_const(i64::from(PAGE_BYTES - 1)).i64_add();
    code.i64_const(i64::from(PAGE_BYTES.trailing_zeros())).i64_shr_u().i32_wrap_i64();
    code.memory_size(0).i32_sub().memory_grow(0);
    trap_if(code.i32_const(-1).i32_eq());
    code.end();
    code.local_get(END).global_set(HEAP);
    // A text that grew is moved whole; one that shrank, as far as there is room.
    code.local_get(AT).local_get(OLD);
    code.local_get(OLD_LEN).local_get(LENGTH);
    code.local_get(OLD_LEN).local_get(LENGTH).i32_lt_u().select();
    code.memory_copy(0, 0);
    code.local_get(AT).end();
    function
}

fn trap_if(code: &mut InstructionSink<'_>) {
    code.if_(BlockType::Empty).unreachable().end();
}

fn word(offset: u64) -> MemArg {
    MemArg { offset, align: 2, memory_index: 0 }
}

fn byte() -> MemArg {
    MemArg { offset: 0, align: 0, memory_index: 0 }
}
