//! What a connection can be in, and every way from one state to another.
//!
//! ```text
//!           begin            entering, entered
//!   Idle ───────────> Own ─────────────────────> Hook, inside
//!    ^  ^              │ ^                        │ │    ^
//!    │  └── ended ─────┘ └───────── left ─────────┘ │    │ begin
//!    │                                       ended  v    │
//!    │ settled                                 Hook, outside
//!    │
//!    │     claim                 wait_for
//!    │  Hook, inside <── Ahead <────────── Hook, inside of a transaction that was begun behind a COMMIT
//!    │
//!   Unsettled <── ended, where a hook was left; roll_back, from anywhere that a hook has been
//! ```
//!
//! Only a journaled hook is ever outside of a transaction. Pure: which messages go with a way is said in `hook.rs` and
//! `transaction.rs`. A lost connection is no state, because the link knows of it: whatever is sent fails, until a new
//! connection begins with the first state.

use super::facts::Facts;
use crate::{
    backend::{
        connection::{HookMode, HookSettings},
        transaction::{Rows, Start},
    },
    sql::Level,
};

/// What a connection is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Outside of transactions, in a session in which nothing of a hook is left.
    Idle { tables: Tables },
    /// In a transaction in which no hook is at work. `is_used` from when a hook was about to enter, or was left.
    Own { transaction: Transaction, tables: Tables, is_used: bool },
    /// A hook is at work.
    Hook { hook: Hook, at: At },
    /// Outside of transactions, in a session that may still have settings of a hook.
    Unsettled { tables: Tables },
    /// In the transaction of a hook that has not had its turn yet. To everything but the `start` that wants it, the connection
    /// is outside of transactions: see `ahead.rs`.
    Ahead(Box<Waiting>),
}

/// A transaction that was begun before anything asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    start: Start,
    /// Of its own statements.
    rows: Vec<Rows>,
    /// What the connection is in once it is asked for.
    state: State,
}

/// What the server said of the runner's tables when a hook was left, for the next one's beginning.
pub(super) type Tables = Option<Facts>;

/// Where a hook is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum At {
    Inside(Transaction),
    Outside,
}

/// The hook that the session is prepared for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hook {
    pub(super) settings: HookSettings,
    /// What the server said of the runner's tables before it began.
    pub(super) facts: Option<Facts>,
    /// Of a journaled hook: what the question about the tables was answered when its statements last got the
    /// session, in the transaction at hand.
    pub(super) seen: Option<String>,
    /// The facts are those of the end of the hook before.
    pub(super) is_carried: bool,
    /// It may have set how values are written.
    pub(super) sets_forms: bool,
}

/// A transaction that is open on the server, or was begun in a message on its way there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) purpose: Purpose,
    /// Its id on the server; none for readers.
    pub(super) id: Option<String>,
    pub(super) view: View,
    /// How that was when the mark was set, if one is.
    pub(super) marked: Option<View>,
}

/// What a transaction is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Purpose {
    /// What is done in it is committed or rolled back with it.
    #[default]
    Whole,
    /// It holds all that is rehearsed, and is rolled back. `is_saved` while a savepoint stands for a transaction.
    Rehearsal { is_saved: bool },
}

/// How the session reads and writes now: settings that end with the transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct View {
    pub(super) side: Side,
    /// Output forms are pinned.
    pub(super) is_pinned: bool,
}

impl Transaction {
    /// As it was before a savepoint that stood for another one.
    fn before(self) -> Self {
        let purpose = Purpose::Rehearsal { is_saved: false };
        Self { id: self.id, purpose, ..Self::default() }
    }
}

/// Whose names and settings the server session has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Side {
    #[default]
    Own,
    Guest,
}

impl Hook {
    pub(super) fn new(settings: HookSettings, facts: Option<Facts>, is_carried: bool) -> Self {
        // What others commit between two statements of a journaled hook is not its work: it is looked at anew each
        // time that it gets the session.
        let is_journaled = settings.mode == HookMode::Journaled;
        let seen = facts.as_ref().filter(|_| is_journaled).map(Facts::expected);
        Self { settings, facts, seen, is_carried, sets_forms: false }
    }

    /// Whether it may choose whom its session works as.
    fn acts(&self) -> bool {
        self.settings.level == Level::Trusted
    }
}

impl Default for State {
    fn default() -> Self {
        Self::Idle { tables: None }
    }
}

/// The ways from one state to another.
impl State {
    /// A transaction begins, on the runner's side.
    pub(super) fn begin(&mut self) {
        let transaction = Transaction::default();
        self.change(|state| match state {
            Self::Idle { tables } => Self::Own { transaction, tables, is_used: false },
            Self::Unsettled { tables } => Self::Own { transaction, tables, is_used: true },
            Self::Own { tables, is_used, .. } => Self::Own { transaction, tables, is_used },
            Self::Hook { hook, .. } => Self::Hook { hook, at: At::Inside(transaction) },
            Self::Ahead(_) => Self::Own { transaction, tables: None, is_used: true },
        });
    }

    /// The session is about to be made a hook's. Returns what is known of the tables, which is forgotten: it is asked
    /// anew if this fails.
    pub(super) fn entering(&mut self) -> Tables {
        let mut known = None;
        self.change(|state| match state {
            Self::Own { transaction, tables, .. } => {
                known = tables;
                Self::Own { transaction, tables: None, is_used: true }
            }
            Self::Hook { at: At::Inside(transaction), .. } => {
                Self::Own { transaction, tables: None, is_used: true }
            }
            Self::Idle { .. }
            | Self::Unsettled { .. }
            | Self::Ahead(_)
            | Self::Hook { at: At::Outside, .. } => Self::Unsettled { tables: None },
        });
        known
    }

    /// The session is a hook's.
    pub(super) fn entered(&mut self, hook: Hook) {
        self.change(|state| match state {
            Self::Own { transaction, .. } | Self::Hook { at: At::Inside(transaction), .. } => {
                let view = View { side: Side::Guest, is_pinned: false };
                Self::Hook { hook, at: At::Inside(Transaction { view, ..transaction }) }
            }
            state => state,
        });
    }

    /// The transaction at hand is of this purpose from here on.
    pub(super) fn set_purpose(&mut self, purpose: Purpose) {
        if let Some(transaction) = self.transaction_mut() {
            transaction.purpose = purpose;
        }
    }

    /// The session works for the other side from here on.
    pub(super) fn turn(&mut self, side: Side) {
        if let Some(transaction) = self.transaction_mut() {
            transaction.view.side = side;
        }
    }

    /// The transaction at hand was begun with `start` before its turn, and its own statements gave `rows`.
    pub(super) fn wait_for(&mut self, start: Start, rows: Vec<Rows>) {
        self.change(|state| Self::Ahead(Box::new(Waiting { start, rows, state })));
    }

    /// Takes the transaction that was begun with `start`, if one was; the rows of its own statements.
    pub(super) fn claim(&mut self, start: &Start) -> Option<Vec<Rows>> {
        let mut claimed = None;
        self.change(|state| match state {
            Self::Ahead(waiting) if waiting.start == *start => {
                claimed = Some(waiting.rows);
                waiting.state
            }
            state => state,
        });
        claimed
    }

    pub(super) fn is_ahead(&self) -> bool {
        matches!(self, Self::Ahead(_))
    }

    /// The hook is over, and was found to be as it should be. Its record may follow.
    pub(super) fn left(&mut self) {
        self.change(|state| match state {
            Self::Hook { hook, at } => {
                // What a journaled hook saw is not about its beginning.
                let tables = hook.facts.filter(|_| hook.seen.is_none());
                match at {
                    At::Inside(transaction) => Self::Own { transaction, tables, is_used: true },
                    At::Outside => Self::Unsettled { tables },
                }
            }
            state => state,
        });
    }

    /// The transaction is over: committed, or only read in.
    pub(super) fn ended(&mut self) {
        self.change(|state| match state {
            Self::Own { tables, is_used: false, .. } => Self::Idle { tables },
            Self::Own { tables, is_used: true, .. } => Self::Unsettled { tables },
            Self::Hook { hook, .. } => Self::Hook { hook, at: At::Outside },
            state => state,
        });
    }

    /// Nothing of a hook is left in the session. One that is at work stays.
    pub(super) fn settled(&mut self) {
        self.change(|state| match state {
            Self::Unsettled { tables } => Self::Idle { tables },
            state => state,
        });
    }

    /// All that is open is taken back, and the hook with it. Whether its settings are gone is known once the server
    /// has answered.
    pub(super) fn roll_back(&mut self) {
        self.change(|state| match state {
            Self::Own { tables, is_used: false, .. } => Self::Idle { tables },
            Self::Idle { tables } => Self::Idle { tables },
            // What is taken back was looked at last.
            Self::Own { .. } | Self::Hook { .. } | Self::Unsettled { .. } | Self::Ahead(_) => {
                Self::Unsettled { tables: None }
            }
        });
    }

    /// The server is back where the transaction was before a savepoint that stood for another one.
    pub(super) fn taken_back(&mut self) {
        self.change(|state| match state {
            Self::Own { transaction, tables, is_used } => {
                let tables = tables.filter(|_| !is_used);
                Self::Own { transaction: transaction.before(), tables, is_used }
            }
            Self::Hook { at: At::Inside(transaction), .. } => {
                Self::Own { transaction: transaction.before(), tables: None, is_used: true }
            }
            state => state,
        });
    }

    /// What is known of the runner's tables does not hold any more.
    pub(super) fn forget_tables(&mut self) {
        match self {
            Self::Idle { tables } | Self::Own { tables, .. } | Self::Unsettled { tables } => {
                *tables = None;
            }
            Self::Hook { .. } | Self::Ahead(_) => {}
        }
    }

    fn change(&mut self, to: impl FnOnce(Self) -> Self) {
        *self = to(std::mem::take(self));
    }
}

/// What a state says.
impl State {
    pub(super) fn transaction(&self) -> Option<&Transaction> {
        match self {
            Self::Own { transaction, .. } | Self::Hook { at: At::Inside(transaction), .. } => {
                Some(transaction)
            }
            Self::Idle { .. }
            | Self::Unsettled { .. }
            | Self::Ahead(_)
            | Self::Hook { at: At::Outside, .. } => None,
        }
    }

    pub(super) fn transaction_mut(&mut self) -> Option<&mut Transaction> {
        match self {
            Self::Own { transaction, .. } | Self::Hook { at: At::Inside(transaction), .. } => {
                Some(transaction)
            }
            Self::Idle { .. }
            | Self::Unsettled { .. }
            | Self::Ahead(_)
            | Self::Hook { at: At::Outside, .. } => None,
        }
    }

    pub(super) fn hook(&self) -> Option<&Hook> {
        match self {
            Self::Hook { hook, .. } => Some(hook),
            Self::Idle { .. } | Self::Own { .. } | Self::Unsettled { .. } | Self::Ahead(_) => None,
        }
    }

    pub(super) fn hook_mut(&mut self) -> Option<&mut Hook> {
        match self {
            Self::Hook { hook, .. } => Some(hook),
            Self::Idle { .. } | Self::Own { .. } | Self::Unsettled { .. } | Self::Ahead(_) => None,
        }
    }

    /// The id of the transaction at hand.
    pub(super) fn transaction_id(&self) -> Option<&str> {
        self.transaction()?.id.as_deref()
    }

    /// Whether a savepoint stands for a transaction, in a rehearsal.
    pub(super) fn is_saved(&self) -> bool {
        let purpose = self.transaction().map(|transaction| transaction.purpose);
        purpose == Some(Purpose::Rehearsal { is_saved: true })
    }

    /// Whose side the session is on.
    pub(super) fn side(&self) -> Side {
        self.transaction().map(|transaction| transaction.view.side).unwrap_or_default()
    }

    /// Whether a hook has begun whose settings have not surely been taken back.
    pub(super) fn is_used(&self) -> bool {
        match self {
            Self::Idle { .. } => false,
            Self::Own { is_used, .. } => *is_used,
            Self::Hook { .. } | Self::Unsettled { .. } | Self::Ahead(_) => true,
        }
    }

    /// Whether the hook at work may choose whom its session works as.
    pub(super) fn acts(&self) -> bool {
        self.hook().is_some_and(Hook::acts)
    }

    /// How the statements of the hook at work run.
    pub(super) fn mode(&self) -> Option<HookMode> {
        self.hook().map(|hook| hook.settings.mode)
    }

    /// Whether a journaled hook is at work, in a transaction.
    pub(super) fn is_in_segment(&self) -> bool {
        self.mode() == Some(HookMode::Journaled) && self.transaction().is_some()
    }
}

#[cfg(test)]
mod tests;
