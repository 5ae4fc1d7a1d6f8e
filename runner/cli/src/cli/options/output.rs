//! How a verb writes its result.

use clap::{Args, ValueEnum};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people.
    Text,
    /// One JSON document on standard output, for programs.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Choose how to write the result
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(crate) format: Format,
}

/// What to show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    pub(crate) format: Format,
    /// Every statement with its rows.
    pub(crate) statements: bool,
    /// Statements are kept until the end, to be saved.
    pub(crate) save: bool,
    pub(crate) verbose: bool,
}
