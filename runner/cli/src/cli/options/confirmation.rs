//! What an operator agrees to: a plain yes, and what is refused by default.

use clap::ValueEnum;

/// Whether something that is refused by default may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Allow {
    /// Refuse.
    Error,
    /// Go on.
    Allow,
}

/// Reads the variable: a job that sets it to nothing has not said yes.
pub(crate) fn yes(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "y" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "n" | "off" => Ok(false),
        _ => Err("expected 1 or 0".to_owned()),
    }
}
