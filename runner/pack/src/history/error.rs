//! Why a history was not taken as it is. Each names the file, and the line where there is one.

use super::{Layout, foreign::Tool};
use crate::{
    alteration::ParseIdError, escape::Escaped, read::ReadError, settings::SETTINGS_FILE, shown,
    sql_text::SqlTextError,
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
        "{} runs before {} in {layout}, which orders by {}, and the numbers of their ids would run them the other way round. {}",
        shown(.first), shown(.second), .layout.order().0, .layout.order().1
    )]
    Order { first: PathBuf, second: PathBuf, layout: Layout },
    #[error("{}: {message}", shown(.path))]
    Settings { path: PathBuf, message: String },
    #[error(
        "{} runs before {} in {layout}, and ids made of their names would run them the other way round; rename them so that both agree: a number for each, of one length",
        shown(.first), shown(.second)
    )]
    IdOrder { first: PathBuf, second: PathBuf, layout: Layout },
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("`{}` is no mark that {layout} knows; it knows {known}", Escaped(.mark))]
    UnknownMark { mark: String, layout: Layout, known: &'static str },
    #[error("`{}` {why}", Escaped(.mark))]
    MisplacedMark { mark: String, why: &'static str },
    #[error("`{}` {}", Escaped(.mark), turned(*.tool, *.layout, *.is_way_back))]
    OtherWay { mark: String, tool: Tool, layout: Layout, is_way_back: bool },
    #[error(
        "there is no SQL behind this mark and none to take it back: write it, or delete the file"
    )]
    NoSql,
    #[error("there is SQL before the first mark, which {0} refuses; move it below `{1}`")]
    BeforeMarks(Layout, &'static str),
    #[error(
        "no line behind this one ends with `;`, and {0} never runs a statement whose line does not; end it, or delete it"
    )]
    NeverRun(Layout),
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
        "{what} cannot run in a transaction, and BEGIN opened one before it: move it behind COMMIT"
    )]
    InOwnTransaction { what: String },
    #[error(
        "`{}` is used in the transaction that adds it to the type {}, which PostgreSQL refuses: {how}",
        Escaped(.label),
        Escaped(.of)
    )]
    UsedTooEarly { label: String, of: String, how: &'static str },
    #[error(
        "`{}` opens a transaction, and where it ends depends on the database; name yours in {SETTINGS_FILE}, as in dialects = [\"postgresql\"]",
        Escaped(.0)
    )]
    WhoseTransaction(String),
    #[error("a deploy would refuse this: {0}")]
    Refused(String),
    #[error(
        "the statement that begins here has no `;` at the end of a line, which {0} refuses; add it"
    )]
    NoTerminator(Layout),
    #[error(
        "`{{{{` opens a template, which its tool fills in when it runs and no database reads; write what it comes to, in a file for each database if it depends on that"
    )]
    Template,
    #[error("{0}")]
    Plan(String),
    #[error(
        "`{}` decides from the database whether the changeset runs, and nobody knows here: take it out where all databases are alike, or write the SQL so that it can run in any case",
        Escaped(.0)
    )]
    Precondition(String),
    #[error("`{key}` {what}")]
    Attribute { key: &'static str, what: &'static str },
    #[error(
        "`{}` is a command of the database's client, which no server knows; write what it does as SQL, or take it out",
        Escaped(.0)
    )]
    ClientCommand(String),
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
    #[error("the version is not one that {0} takes: {1}")]
    Version(Layout, &'static str),
    #[error(
        "there is nothing that it takes back; add the file of that version, or remove this one"
    )]
    DownWithoutUp,
    #[error("it holds neither `{up}` nor `{down}`, which say what its SQL is for; add them", up = .0, down = .1)]
    NoMarks(&'static str, &'static str),
    #[error("{}", taken_back(*.tool, *.layout))]
    DownName { tool: Tool, layout: Layout },
    #[error(
        "it is code that {0} runs, not SQL; make a code component of it, then move the file out of this folder"
    )]
    Code(Layout),
    #[error(
        "it says that this is for `{}`, and the runner deploys to SQLite, PostgreSQL, MySQL and MariaDB alone",
        Escaped(.0)
    )]
    Provider(String),
    #[error(
        "it names `{}`, of which there is no file; restore the file, or take the entry out",
        Escaped(.0)
    )]
    NamedWithoutFile(String),
    #[error("{0}; look at what happened, then run `atlas migrate hash`")]
    Sum(&'static str),
    #[error("{0}")]
    Other(&'static str),
}

/// Returns why a mark for the other way is refused, and what to do.
fn turned(tool: Tool, layout: Layout, is_way_back: bool) -> String {
    let (way, other) = if is_way_back { ("forward", "back") } else { ("back", "forward") };
    let next = match tool {
        Tool::Layout(own) if own == layout => {
            format!("write the mark as {own} reads it, which takes {}", own.files())
        }
        Tool::Layout(from) if layout.is_by_name() => format!("pack it with `--from {from}`"),
        _ if layout.is_by_name() => {
            "split the file at the mark into `.up.sql` and `.down.sql`".to_owned()
        }
        _ => format!("split the file at the mark, as {layout} has it in {}", layout.files()),
    };
    format!(
        "marks what {tool} runs on the way {way}, and {layout} would run it on the way {other}, with the rest of the file: {next}. If it is a comment and no mark, make it a sentence that begins with another word"
    )
}

/// Returns why a name for the way back is refused, and what to do.
fn taken_back(tool: Tool, layout: Layout) -> String {
    let next = match tool {
        Tool::Layout(from) if from != layout => format!("pack it with `--from {from}`, or "),
        _ => String::new(),
    };
    format!(
        "by its name it takes something back, as {tool} has it, and {layout} would run it on the way forward: {next}rename it (to `.down.sql` where {layout} knows that), or move it away"
    )
}
