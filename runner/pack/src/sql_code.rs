//! The functions of the module of SQL components, instruction by instruction.
//!
//! The host lays its `result<_, error>` out as the hook must return it, so a hook returns the very
//! address it gave to the host, and nothing is copied. Knows the canonical ABI and where `sql_table`
//! put things; knows nothing of sections.

use super::sql_table::{ID, RESULT_AT, TABLE_AT};
use wasm_encoder::{BlockType, Function, InstructionSink, MemArg, ValType};

pub(super) const PAGE_BYTES: u32 = 65_536;
/// The one global: the first address that is not taken yet.
const HEAP: u32 = 0;

/// What a hook does for an alteration that has no SQL for it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Without {
    /// The runner reads in the manifest that it must not be called.
    Trap,
    Nothing,
    /// Nothing where there is SQL in another slot of the entry; else it must not be called.
    NothingBeside(u64),
}

/// `(id, length) -> entry`: compares with each id of the table, and traps after the last. With
/// `get_dialect`, there is a table for each of what that returns.
pub(super) fn find(table_len: u32, entry_len: u32, get_dialect: Option<u32>) -> Function {
    const ID_PARAM: u32 = 0;
    const LENGTH: u32 = 1;
    const ENTRY: u32 = 2;
    const INDEX: u32 = 3;
    const END: u32 = 4;
    let mut function = Function::new([(2 + u32::from(get_dialect.is_some()), ValType::I32)]);
    let mut code = function.instructions();
    match get_dialect {
        Some(get_dialect) => {
            code.call(get_dialect).i32_const(table_len.cast_signed()).i32_mul();
            code.i32_const(TABLE_AT.cast_signed()).i32_add().local_tee(ENTRY);
            code.i32_const(table_len.cast_signed()).i32_add().local_set(END);
        }
        None => {
            code.i32_const(TABLE_AT.cast_signed()).local_set(ENTRY);
        }
    }
    code.loop_(BlockType::Empty);
    code.local_get(ENTRY);
    match get_dialect {
        Some(_) => code.local_get(END),
        None => code.i32_const((TABLE_AT + table_len).cast_signed()),
    };
    trap_if(code.i32_eq());

    code.block(BlockType::Empty);
    code.local_get(ENTRY).i32_load(word(ID + 4)).local_get(LENGTH).i32_ne().br_if(0);
    code.i32_const(0).local_set(INDEX);
    code.loop_(BlockType::Empty);
    code.local_get(INDEX).local_get(LENGTH).i32_eq();
    code.if_(BlockType::Empty).local_get(ENTRY).return_().end();
    code.local_get(ID_PARAM).local_get(INDEX).i32_add().i32_load8_u(byte(0));
    code.local_get(ENTRY).i32_load(word(ID)).local_get(INDEX).i32_add().i32_load8_u(byte(0));
    code.i32_ne().br_if(1);
    code.local_get(INDEX).i32_const(1).i32_add().local_set(INDEX).br(0);
    code.end().end();

    code.local_get(ENTRY).i32_const(entry_len.cast_signed()).i32_add().local_set(ENTRY).br(0);
    code.end().unreachable().end();
    function
}

/// `(id, length) -> result`: hands the text at `slot` of the id's entry to `execute-script`.
pub(super) fn hook(find: u32, execute_script: u32, slot: u64, without: Without) -> Function {
    const ID_PARAM: u32 = 0;
    const LENGTH: u32 = 1;
    const ENTRY: u32 = 2;
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(ID_PARAM).local_get(LENGTH).call(find).local_set(ENTRY);
    code.local_get(ENTRY).i32_load(word(slot + 4)).i32_eqz();
    match without {
        Without::Trap => trap_if(&mut code),
        Without::Nothing => return_ok_if(&mut code),
        Without::NothingBeside(other) => {
            code.if_(BlockType::Empty);
            trap_if(code.local_get(ENTRY).i32_load(word(other + 4)).i32_eqz());
            code.i32_const(RESULT_AT.cast_signed()).return_().end();
        }
    }
    code.local_get(ENTRY).i32_load(word(slot));
    code.local_get(ENTRY).i32_load(word(slot + 4));
    code.i32_const(RESULT_AT.cast_signed()).call(execute_script);
    code.i32_const(RESULT_AT.cast_signed()).end();
    function
}

// `result<step-result, error>` from its start. An error lies where the error of `execute` lies.
const STEP_RESULT: u64 = 8;
const CHECKPOINT: u64 = 16;
const DONE: u64 = CHECKPOINT + 8;
const TOTAL: u64 = CHECKPOINT + 16;
const FINISHED: i32 = 1;
// `result<outcome, error>` from its start.
const ROWS_AFFECTED: u64 = 8;
/// A running count of rows, little-endian.
const STATE_LEN: i32 = 8;

/// `(id, length, has state, state, state length) -> result`: runs the text at `slot` of the id's
/// entry with `execute`; finished where that affected no row, or where there is no text.
pub(super) fn step(find: u32, execute: u32, slot: u64) -> Function {
    const ID_PARAM: u32 = 0;
    const LENGTH: u32 = 1;
    const HAS_STATE: u32 = 2;
    const STATE: u32 = 3;
    const STATE_LENGTH: u32 = 4;
    const ENTRY: u32 = 5;
    const BEFORE: u32 = 6;
    const ROWS: u32 = 7;
    let result = RESULT_AT.cast_signed();
    let mut function = Function::new([(1, ValType::I32), (2, ValType::I64)]);
    let mut code = function.instructions();
    code.local_get(ID_PARAM).local_get(LENGTH).call(find).local_set(ENTRY);

    // A state is what the step before returned; any other would be a wrong count.
    code.local_get(HAS_STATE).if_(BlockType::Empty);
    trap_if(code.local_get(STATE_LENGTH).i32_const(STATE_LEN).i32_ne());
    code.local_get(STATE).i64_load(MemArg { offset: 0, align: 0, memory_index: 0 });
    code.local_set(BEFORE).end();

    code.local_get(ENTRY).i32_load(word(slot + 4)).if_(BlockType::Empty);
    code.local_get(ENTRY).i32_load(word(slot));
    code.local_get(ENTRY).i32_load(word(slot + 4));
    // No parameters: a list of length 0, wherever.
    code.i32_const(result).i32_const(0).i32_const(result).call(execute);
    code.i32_const(result).i32_load8_u(byte(0));
    code.if_(BlockType::Empty).i32_const(result).return_().end();
    code.i32_const(result).i64_load(long(ROWS_AFFECTED)).local_set(ROWS).end();

    code.local_get(ROWS).i64_eqz().if_(BlockType::Empty);
    code.i32_const(result).i32_const(FINISHED).i32_store8(byte(STEP_RESULT));
    code.else_();
    code.i32_const(result).i32_const(0).i32_store8(byte(STEP_RESULT));
    // The state is the very bytes of `done`.
    code.i32_const(result).i32_const(result + DONE as i32).i32_store(word(CHECKPOINT));
    code.i32_const(result).i32_const(STATE_LEN).i32_store(word(CHECKPOINT + 4));
    code.i32_const(result).local_get(BEFORE).local_get(ROWS).i64_add().i64_store(long(DONE));
    code.i32_const(result).i32_const(0).i32_store8(byte(TOTAL));
    code.end();
    code.i32_const(result).end();
    function
}

/// `(old, old length, alignment, length) -> address`: takes from the end of memory, gives nothing back.
///
/// One hook runs in one instance, so what it allocates is little and lives as long. Every sum is
/// checked by what it wraps to: an address past the end of 32 bits traps, as does memory that
/// the host does not give.
pub(super) fn realloc() -> Function {
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

/// Memory starts as zeros, and a result of zeros is `ok`: nothing has been written there before.
fn return_ok_if(code: &mut InstructionSink<'_>) {
    code.if_(BlockType::Empty).i32_const(RESULT_AT.cast_signed()).return_().end();
}

fn long(offset: u64) -> MemArg {
    MemArg { offset, align: 3, memory_index: 0 }
}

fn word(offset: u64) -> MemArg {
    MemArg { offset, align: 2, memory_index: 0 }
}

fn byte(offset: u64) -> MemArg {
    MemArg { offset, align: 0, memory_index: 0 }
}
