//! A transaction of the runner's as data: what it begins with, what is recorded in it, how it ends.
//!
//! ```text
//!   apply(statements)                 no guest, nothing to decide
//!   read(queries)                     one snapshot, nothing is written
//!   start(Start) ─ own ─ own ─ finish(End) | rollback
//!             └─ a hook works on the session
//!   finish(End { then: Start })       the next one may be begun with the commit
//! ```
//!
//! A [`super::connection::Connection`] gets these values and may send them in one message or in several. Statements are lists, so that
//! an error names its statement by its place.

use super::BackendError;
use crate::{
    alteration::ForeignKeys,
    sql::{Isolation, Level},
};
pub use alteration_domain::record::Cell;
use std::{borrow::Cow, time::Duration};

/// The rows that a statement returned.
pub type Rows = Vec<Vec<Cell>>;

/// One of the runner's own statements: exactly one, with `?` for each value and `@name` for the runner's table
/// `alteration_name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    pub sql: Cow<'static, str>,
    pub params: Vec<Cell>,
    pub expects: Expects,
    /// It goes after all that stands before it, in a message of its own with its bytes beside the text, so that no code of
    /// a guest can read them. If it returns no row, nothing was done: [`BackendError::Unlisted`].
    pub is_sealed: bool,
}

/// What has to come of an own statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expects {
    /// Nothing in particular: it may match any number of rows.
    Nothing,
    /// Rows, which are returned.
    Rows,
    /// One row that it matches (UPDATE, DELETE, INSERT) or returns (SELECT); else [`BackendError::Moved`].
    OneRow,
    /// A new row. If there is one already, [`BackendError::Moved`].
    NewRow,
}

impl Own {
    fn new(
        sql: impl Into<Cow<'static, str>>,
        params: impl Into<Vec<Cell>>,
        expects: Expects,
    ) -> Self {
        Self { sql: sql.into(), params: params.into(), expects, is_sealed: false }
    }

    /// A statement that may match any number of rows.
    pub fn run(sql: impl Into<Cow<'static, str>>, params: impl Into<Vec<Cell>>) -> Self {
        Self::new(sql, params, Expects::Nothing)
    }

    /// A query.
    pub fn rows(sql: impl Into<Cow<'static, str>>, params: impl Into<Vec<Cell>>) -> Self {
        Self::new(sql, params, Expects::Rows)
    }

    /// An UPDATE, DELETE, INSERT or SELECT of exactly one row.
    pub fn one_row(sql: impl Into<Cow<'static, str>>, params: impl Into<Vec<Cell>>) -> Self {
        Self::new(sql, params, Expects::OneRow)
    }

    /// An `INSERT … VALUES` into a table with a primary key.
    pub fn new_row(sql: impl Into<Cow<'static, str>>, params: impl Into<Vec<Cell>>) -> Self {
        Self::new(sql, params, Expects::NewRow)
    }

    /// The same, sealed.
    pub fn sealed(self) -> Self {
        Self { is_sealed: true, ..self }
    }

    /// Whether it only reads.
    pub fn is_query(&self) -> bool {
        self.sql.trim_start().starts_with("SELECT")
    }
}

/// What a transaction begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Start {
    /// Run first. All of them are answered before a guest runs.
    pub own: Vec<Own>,
    pub guest: Guest,
    /// The database's usual level for this runner if `None`: READ COMMITTED, or SQLite's own.
    pub isolation: Option<Isolation>,
}

/// How the statements of a hook run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookMode {
    /// All in one transaction, with the record of it. What would end that transaction is refused.
    Transaction,
    /// Journaled: a statement may commit by itself, or run outside of any transaction.
    Journaled,
    /// Journaled, in a session that is the hook's own: see `Apart::open_apart`.
    Apart,
}

/// What holds for the statements of one hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HookSettings {
    pub mode: HookMode,
    pub level: Level,
    /// How long one statement may wait for somebody else's lock.
    pub lock_wait: Duration,
    /// How long one statement may take; `None` leaves it to the hook's own time-out.
    pub statement_time: Option<Duration>,
    /// For SQLite; the others enforce theirs.
    pub foreign_keys: ForeignKeys,
}

/// Whether a hook works in a transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Guest {
    #[default]
    None,
    /// A hook begins: what an earlier one left in the session is forgotten first.
    Enters(HookSettings),
    /// The journaled hook at work goes on.
    GoesOn,
}

impl Start {
    /// Without a guest.
    pub fn own(own: Vec<Own>) -> Self {
        Self { own, ..Self::default() }
    }

    /// With a hook that begins.
    pub fn entering(own: Vec<Own>, hook: HookSettings) -> Self {
        Self { own, guest: Guest::Enters(hook), isolation: None }
    }
}

/// How a transaction ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct End {
    pub checks: Checks,
    /// Run after the checks, before the commit.
    pub own: Vec<Own>,
    pub durability: Durability,
    /// What is started next, if nothing comes in between. A driver may begin it in the message of the commit, and then answers
    /// the `start` of an equal value without asking the server again. Whatever else comes first rolls it back.
    pub then: Option<Start>,
}

/// What is checked of a guest's work before the record of it is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Checks {
    /// Of a journaled hook that goes on: what the database leaves to the commit. Nothing where no hook is at work.
    #[default]
    Segment,
    /// At the end of a hook: all that is left unchecked (deferred constraints, foreign keys, the runner's own tables),
    /// and that the transaction is still the one that was begun.
    Hook,
}

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// It waits; so all commits before it are on the disk too.
    #[default]
    Flushed,
    /// It need not. A crash of the server may take it along, and then takes all that was committed after it too.
    Unflushed,
    /// It need not be committed yet, if the database commits several transactions together: then it is with the next one that
    /// waits, or with [`super::connection::Groups::commit_group`]. Whatever ends this process before takes it along.
    Grouped,
}

impl End {
    /// Commits `own`, and waits for the disk.
    pub fn own(own: Vec<Own>) -> Self {
        Self { own, ..Self::default() }
    }

    /// Ends a hook, with its record.
    pub fn hook(own: Vec<Own>, durability: Durability) -> Self {
        Self { checks: Checks::Hook, own, durability, then: None }
    }
}

/// Where a transaction failed.
#[derive(Debug, thiserror::Error)]
pub enum TxError {
    /// It was not begun, or a hook could not be entered.
    #[error("{0}")]
    Start(BackendError),
    /// The guest's work was refused at its end. Not committed.
    #[error("{0}")]
    Checks(BackendError),
    /// The own statement at this place of the list that was passed failed. Not committed.
    #[error("{1}")]
    Own(usize, BackendError),
    /// The commit itself failed: not committed.
    #[error("{0}")]
    Commit(BackendError),
    /// Committed; what came behind the COMMIT failed.
    #[error("{0}")]
    Behind(BackendError),
    /// The connection was lost with a COMMIT on its way: whether it took place has to be looked for.
    #[error("{0}")]
    Unknown(BackendError),
}

impl From<TxError> for BackendError {
    fn from(error: TxError) -> Self {
        match error {
            TxError::Start(error)
            | TxError::Checks(error)
            | TxError::Own(_, error)
            | TxError::Commit(error)
            | TxError::Behind(error)
            | TxError::Unknown(error) => error,
        }
    }
}

impl TxError {
    /// Whether the transaction is committed, or may be.
    pub fn is_committed(&self) -> bool {
        matches!(self, Self::Behind(_) | Self::Unknown(_))
    }

    /// An error of the COMMIT, of which a lost connection leaves open what came of it.
    pub fn of_commit(error: BackendError) -> Self {
        match error {
            BackendError::Disconnected(_) => Self::Unknown(error),
            error => Self::Commit(error),
        }
    }
}
