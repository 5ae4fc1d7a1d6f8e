//! Failures of loading and of running a component, told apart by whose fault they are.

use crate::{
    escape::Escaped,
    session::{ErrorKind, SqlError},
};
use std::fmt;

/// The component cannot be used. Found before any of its code runs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    #[error("the component does not compile: {0}")]
    Compile(String),
    #[error("it is made of more than this runner has place for: {0}")]
    TooLarge(String),
    #[error("it has {bytes} bytes of code; at most {bytes_max} are compiled")]
    Code { bytes: u64, bytes_max: usize },
    #[error("it was not compiled in {time_ms} ms")]
    CompileTime { time_ms: u64 },
    #[error("it imports `{import}`, which this runner does not offer; it offers {offered}")]
    UnknownImport { import: String, offered: String },
    #[error("it imports `{import}`; this runner offers `{offered}`: build it against that version")]
    ImportVersion { import: String, offered: String },
    #[error(
        "it imports the function `{function}` of `{interface}`, which has no such function; it has {offered}"
    )]
    UnknownFunction { interface: String, function: String, offered: String },
    /// `needs` and `speaks` are versions of `runner:alteration`.
    #[error(
        "it needs a runner that speaks version {needs} of `runner:alteration`, and this one speaks {speaks}: {why}"
    )]
    NewerRunner { needs: String, speaks: String, why: String },
    #[error("its imports do not fit: {0}")]
    Link(String),
    #[error("it exports no `{expected}`; {found}")]
    NoHooks { expected: String, found: String },
    #[error("its export `{interface}` does not fit: {reason}")]
    WrongHooks { interface: String, reason: String },
    #[error("its manifest cannot be read: {0}")]
    Manifest(String),
    #[error("this machine cannot run WebAssembly: {0}")]
    Engine(String),
}

impl LoadError {
    /// Returns the bound of [`super::Limits`] that an operator may raise, as a command line flag.
    pub fn flag(&self) -> Option<&'static str> {
        match self {
            Self::Code { .. } => Some("--max-code"),
            Self::CompileTime { .. } => Some("--compile-timeout"),
            _ => None,
        }
    }
}

/// A hook did not succeed. Its transaction is rolled back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookError {
    /// The guest returned an error of its own accord.
    #[error("the hook returned an error: {0}")]
    Returned(String),
    #[error("{0}")]
    Statement(FailedStatement),
    #[error("the hook went on after a failed statement and reported success; {0}")]
    Ignored(FailedStatement),
    #[error("the hook left {0} bulk-writers unfinished: their rows would be lost")]
    UnfinishedWriter(usize),
    #[error("the hook trapped: {0}")]
    Trapped(String),
    /// The process may not have more address space.
    #[error("the hook had no place in memory: {0}")]
    AddressSpace(String),
    #[error("the hook needed more than {bytes_max} bytes of memory")]
    Memory { bytes_max: usize },
    #[error("the hook recursed deeper than its stack of {bytes_max} bytes")]
    Stack { bytes_max: usize },
    #[error("the hook passed more than {bytes_max} bytes in one call")]
    Arguments { bytes_max: usize },
    #[error("the hook ran longer than {timeout_ms} ms")]
    Timeout { timeout_ms: u64 },
    #[error("the step returned a state of {bytes} bytes; at most {bytes_max} are kept")]
    Checkpoint { bytes: usize, bytes_max: usize },
    #[error("the hook used `{0}`, which its manifest does not declare")]
    Undeclared(&'static str),
    /// A function of WASI that this runner does not have. The name is the guest's.
    #[error("the hook called `{}`, which is not there", Escaped(.0))]
    Absent(String),
    /// The name is the guest's.
    #[error("the hook asked for the setting `{}`, which its manifest does not declare", Escaped(.0))]
    UndeclaredSetting(String),
}

impl HookError {
    /// The bound of [`super::Limits`] that an operator may raise, as a command line flag.
    pub fn flag(&self) -> Option<&'static str> {
        match self {
            Self::Memory { .. } => Some("--max-memory"),
            Self::Stack { .. } => Some("--max-stack"),
            Self::Arguments { .. } => Some("--max-result"),
            Self::Timeout { .. } => Some("--timeout"),
            Self::Statement(failed) | Self::Ignored(failed) => flag(&failed.error),
            _ => None,
        }
    }
}

/// The flag for a bound of this run. A limit of the server's own, which has an SQLSTATE, has none.
fn flag(error: &SqlError) -> Option<&'static str> {
    if error.kind != ErrorKind::Limit {
        return None;
    }
    match error.sqlstate.as_deref() {
        None if error.message.starts_with("the SQL text has") => Some("--max-sql"),
        None => Some("--max-result`, `--max-rows`, `--max-sql` or `--max-handles"),
        // A statement was ended: PostgreSQL, MySQL and MariaDB.
        Some("57014" | "70100" | "HYT00") => Some("--statement-timeout"),
        Some(_) => None,
    }
}

/// Characters of a guest's message that are recorded and shown.
const MESSAGE_CHARS_MAX: usize = 4_000;

/// Shortens a message, which a guest may make as long as a result may be: it is stored with every
/// attempt.
pub(super) fn cut(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(MESSAGE_CHARS_MAX) {
        let bytes = message.len();
        message.truncate(end);
        message.push_str(&format!("… ({bytes} bytes in all)"));
    }
    message
}

/// The first statement of a hook that failed.
#[derive(Debug, Clone)]
pub struct FailedStatement {
    /// Counted from 1 over the hook's statements.
    pub number: u64,
    pub error: SqlError,
    /// The lines around the position, escaped.
    pub excerpt: String,
}

impl fmt::Display for FailedStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, error, excerpt } = self;
        let message = Escaped(&error.message);
        match error.kind {
            ErrorKind::Other => write!(f, "statement {number} failed: {message}")?,
            kind => write!(f, "statement {number} failed ({kind}): {message}")?,
        }
        if let Some(constraint) =
            error.constraint.as_deref().filter(|c| !error.message.contains(*c))
        {
            write!(f, " [constraint {}]", Escaped(constraint))?;
        }
        if excerpt.is_empty() { Ok(()) } else { write!(f, "\n{excerpt}") }
    }
}
