//! Why a history was not taken as it is. Each names the file, and the line where there is one.

use super::Layout;
use crate::{
    alteration::ParseIdError,
    escape::Escaped,
    pack::{read::ReadError, settings::SETTINGS_FILE, shown, sql_text::SqlTextError},
};
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{}: {error}", shown(.path))]
    Text { path: PathBuf, error: SqlTextError },
    #[error("{}: {error}", shown(.path))]
    Id { path: PathBuf, error: ParseIdError },
    #[error("{}: line {line}: {problem}", shown(.path))]
    Line { path: PathBuf, line: usize, problem: Problem },
    #[error("{}: {problem}", shown(.path))]
    File { path: PathBuf, problem: FileProblem },
    #[error(
        "{} and {} have one version: {} would not tell which of them is applied; give one of them a version of its own",
        shown(.first), shown(.second), .layout
    )]
    OneVersion { first: PathBuf, second: PathBuf, layout: Layout },
    #[error(
        "{}: this folder fits {first} and {second}, which read it differently ({why}); say which with `--from {first}` or `--from {second}`",
        shown(.path)
    )]
    Ambiguous { path: PathBuf, first: Layout, second: Layout, why: &'static str },
    #[error("{}: nothing that {layout} would run is in it; expected {}", shown(.path), .layout.files())]
    Nothing { path: PathBuf, layout: Layout },
    #[error(
        "{} runs before {} in {layout}, which orders by text, but its number is larger: no order of numbers does the same. Rename them to numbers of one length",
        shown(.first), shown(.second)
    )]
    Order { first: PathBuf, second: PathBuf, layout: Layout },
    #[error("{}: {message}", shown(.path))]
    Settings { path: PathBuf, message: String },
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("`{}` is no mark that {layout} knows; it knows {known}", Escaped(.mark))]
    UnknownMark { mark: String, layout: Layout, known: &'static str },
    #[error("`{}` {why}", Escaped(.mark))]
    MisplacedMark { mark: String, why: &'static str },
    #[error("there is SQL before the first mark, which {0} refuses; move it below `{1}`")]
    BeforeMarks(Layout, &'static str),
    #[error(
        "there is no SQL behind this mark and none to take it back: write it, or delete the file"
    )]
    NoSql,
    #[error(
        "`{}` has no value; give it with `--placeholder {}=VALUE`{}", Escaped(.text), Escaped(.name), .elsewhere
    )]
    NoValue { text: String, name: String, elsewhere: &'static str },
    #[error("`{}` asks for more than the value of a variable; write the result in its place", Escaped(.0))]
    Expression(String),
    #[error("`{}` is opened here and never closed", Escaped(.0))]
    OpenPlaceholder(String),
    #[error(
        "COPY … FROM stdin reads rows that psql sends, and no server finds them in SQL text; write INSERT, or load them with a code component"
    )]
    CopyFromStdin,
    #[error(
        "`{}` is about transactions, and no BEGIN and COMMIT pair with it; the runner has its own: leave it out, or split the file where one ends",
        Escaped(.0)
    )]
    Transaction(String),
    #[error("{what} cannot run in a transaction, and {layout} opens one for this: {how}")]
    NeedsOutside { what: String, layout: Layout, how: &'static str },
    #[error(
        "{what} cannot run in a message with other statements, and {layout} sends this as one: {}",
        .layout.to_send_alone()
    )]
    SentTogether { what: String, layout: Layout },
    #[error(
        "`{}` opens a transaction, and where it ends depends on the database; name yours in {SETTINGS_FILE}, as in dialects = [\"postgresql\"]",
        Escaped(.0)
    )]
    WhoseTransaction(String),
    #[error("a deploy would refuse this: {0}")]
    Refused(String),
    #[error("{0}")]
    Syntax(String),
    #[error("`{}` is not understood: {why}", Escaped(.key))]
    Setting { key: String, why: &'static str },
}

/// What is wrong with a file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    #[error("its name is not Unicode; rename it")]
    NotUnicode,
    #[error("the ending must be in lower case, `.sql`: {0} passes over any other")]
    UpperCase(Layout),
    #[error("the version is not one that {0} takes: {1}")]
    Version(Layout, &'static str),
    #[error(
        "there is nothing that it takes back; add the file of that version, or remove this one"
    )]
    DownWithoutUp,
    #[error("it holds neither `{up}` nor `{down}`, which say what its SQL is for; add them", up = .0, down = .1)]
    NoMarks(&'static str, &'static str),
    #[error(
        "SQL in a folder below, where {0} does not look; move the file up, or pack its folder by itself"
    )]
    Nested(Layout),
    #[error(
        "it is code that {0} runs, not SQL; make a code component of it, then move the file out of this folder"
    )]
    Code(Layout),
    #[error("{0}")]
    Other(&'static str),
}
