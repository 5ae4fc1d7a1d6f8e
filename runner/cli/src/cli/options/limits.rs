//! What one hook may use.

use alteration_host::Limits;
use clap::Args;
use std::time::Duration;

/// What one hook may use.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits of each hook")]
pub(super) struct LimitArgs {
    /// Wall-clock time, including database calls
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = humantime::parse_duration)]
    pub(super) timeout: Duration,
    /// Memory
    #[arg(long, value_name = "SIZE", default_value = "256MiB")]
    max_memory: bytesize::ByteSize,
    /// Call stack
    #[arg(long, value_name = "SIZE", default_value = "1MiB")]
    max_stack: bytesize::ByteSize,
    /// Size of one result, one value, or the arguments of one call
    #[arg(long, value_name = "SIZE", default_value = "64MiB")]
    max_result: bytesize::ByteSize,
    /// Rows that one query may return at once
    #[arg(long, value_name = "ROWS", default_value_t = Limits::default().result_rows_max)]
    max_rows: usize,
    /// Size of one SQL statement
    #[arg(long, value_name = "SIZE", default_value = "16MiB")]
    max_sql: bytesize::ByteSize,
    /// Open cursors, bulk writers and streams
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().handles_max)]
    max_handles: usize,
    /// Elements in the component's WebAssembly tables
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().table_elements_max)]
    max_table: usize,
    /// Size of one component file
    #[arg(long, value_name = "SIZE", default_value = "64MiB")]
    max_component: bytesize::ByteSize,
    /// Size of one component's code, without its data
    #[arg(long, value_name = "SIZE", default_value = "32MiB")]
    max_code: bytesize::ByteSize,
    /// Wall-clock time to compile one component
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = humantime::parse_duration)]
    compile_timeout: Duration,
    /// Lines of log output
    #[arg(long, value_name = "LINES", default_value_t = Limits::default().log_lines_max)]
    max_log: usize,
}

impl LimitArgs {
    pub(super) fn limits(&self) -> Limits {
        let bytes = |size: bytesize::ByteSize| usize::try_from(size.as_u64()).unwrap_or(usize::MAX);
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Limits {
            timeout_ms: milliseconds(self.timeout),
            memory_bytes_max: bytes(self.max_memory),
            stack_bytes_max: bytes(self.max_stack),
            table_elements_max: self.max_table,
            handles_max: self.max_handles,
            result_rows_max: self.max_rows,
            result_bytes_max: bytes(self.max_result),
            sql_bytes_max: bytes(self.max_sql),
            component_bytes_max: bytes(self.max_component),
            code_bytes_max: bytes(self.max_code),
            compile_time_ms: milliseconds(self.compile_timeout),
            log_lines_max: self.max_log,
        }
    }
}
