//! What one hook call may use. Every bound has a default and can be set for a run.

use crate::session::SqlLimits;

const MIB: usize = 1 << 20;

/// Bounds for one run; units stand last in each name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Wall time of one hook, its database calls included.
    pub timeout_ms: u64,
    /// All linear memories of one component together. The hook of the next step, which runs ahead, may
    /// have as much at the same time; of two before it up to 8 MiB of each memory stay for those to come.
    pub memory_bytes_max: usize,
    /// The guest's call stack.
    pub stack_bytes_max: usize,
    /// Elements of all tables of one component together.
    pub table_elements_max: usize,
    /// Open handles: cursors, bulk-writers, streams.
    pub handles_max: usize,
    /// Rows of one `query`.
    pub result_rows_max: usize,
    /// Bytes of one result or batch, and of all arguments of one call.
    pub result_bytes_max: usize,
    /// Bytes of one SQL statement. A script may have more of them than any bound for one.
    pub sql_bytes_max: usize,
    /// Bytes of one component file.
    pub component_bytes_max: usize,
    /// Bytes of one component's code, data aside: what is compiled.
    pub code_bytes_max: usize,
    /// Wall time of compiling one component.
    pub compile_time_ms: u64,
    /// Lines a hook may log; further ones are counted, not kept.
    pub log_lines_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout_ms: 10 * 60 * 1_000,
            memory_bytes_max: 256 * MIB,
            stack_bytes_max: MIB,
            table_elements_max: 100_000,
            handles_max: 1_000,
            result_rows_max: 100_000,
            result_bytes_max: 64 * MIB,
            sql_bytes_max: SqlLimits::SQL_BYTES_MAX_DEFAULT,
            component_bytes_max: 64 * MIB,
            code_bytes_max: 32 * MIB,
            compile_time_ms: 5 * 60 * 1_000,
            log_lines_max: 1_000,
        }
    }
}

impl Limits {
    /// The part that a backend enforces.
    pub fn sql(&self) -> SqlLimits {
        SqlLimits {
            sql_bytes_max: self.sql_bytes_max,
            value_bytes_max: self.result_bytes_max,
            cursors_max: self.handles_max,
        }
    }
}
