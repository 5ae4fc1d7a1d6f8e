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
//!   Unsettled <── ended, where a hook was left; roll_back, from anywhere that a hook has been
//! ```
//!
//! Only a journaled hook is ever outside of a transaction. Pure: which messages go with a way is said in `hook.rs` and
//! `transaction.rs`. A lost connection is no state, because the link knows of it: whatever is sent fails, until a new
//! connection begins with the first state.

use super::facts::Facts;
use crate::{
    backend::connection::{HookMode, HookSettings},
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
            Self::Idle { .. } | Self::Unsettled { .. } | Self::Hook { at: At::Outside, .. } => {
                Self::Unsettled { tables: None }
            }
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
            Self::Own { .. } | Self::Hook { .. } | Self::Unsettled { .. } => {
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
            Self::Hook { .. } => {}
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
            Self::Idle { .. } | Self::Unsettled { .. } | Self::Hook { at: At::Outside, .. } => None,
        }
    }

    pub(super) fn transaction_mut(&mut self) -> Option<&mut Transaction> {
        match self {
            Self::Own { transaction, .. } | Self::Hook { at: At::Inside(transaction), .. } => {
                Some(transaction)
            }
            Self::Idle { .. } | Self::Unsettled { .. } | Self::Hook { at: At::Outside, .. } => None,
        }
    }

    pub(super) fn hook(&self) -> Option<&Hook> {
        match self {
            Self::Hook { hook, .. } => Some(hook),
            Self::Idle { .. } | Self::Own { .. } | Self::Unsettled { .. } => None,
        }
    }

    pub(super) fn hook_mut(&mut self) -> Option<&mut Hook> {
        match self {
            Self::Hook { hook, .. } => Some(hook),
            Self::Idle { .. } | Self::Own { .. } | Self::Unsettled { .. } => None,
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
            Self::Hook { .. } | Self::Unsettled { .. } => true,
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
mod tests {
    use super::*;
    use std::time::Duration;

    fn facts() -> Facts {
        let last = ["7", "1 2", ""].map(|text| Some(text.to_owned()));
        Facts::of(&[], &last).expect("answers")
    }

    fn hook(mode: HookMode) -> Hook {
        let lock_wait = Duration::from_secs(1);
        let settings = HookSettings {
            mode,
            level: Level::Guarded,
            lock_wait,
            statement_time: None,
            foreign_keys: Default::default(),
        };
        Hook::new(settings, Some(facts()), false)
    }

    fn transaction(side: Side) -> Transaction {
        let view = View { side, is_pinned: false };
        Transaction { id: Some("17".to_owned()), view, ..Transaction::default() }
    }

    fn own(tables: Tables, is_used: bool) -> State {
        State::Own { transaction: transaction(Side::Own), tables, is_used }
    }

    fn inside(mode: HookMode, side: Side) -> State {
        State::Hook { hook: hook(mode), at: At::Inside(transaction(side)) }
    }

    fn outside() -> State {
        State::Hook { hook: hook(HookMode::Journaled), at: At::Outside }
    }

    fn idle(tables: Tables) -> State {
        State::Idle { tables }
    }

    fn unsettled(tables: Tables) -> State {
        State::Unsettled { tables }
    }

    /// Each state that there is, with the one that a way leads to.
    fn leads(way: impl Fn(&mut State), table: Vec<(State, State)>) {
        for (from, to) in table {
            let mut state = from.clone();
            way(&mut state);
            assert_eq!(state, to, "from {from:?}");
        }
    }

    use HookMode::{Journaled, Transaction as Whole};
    use Side::{Guest, Own};

    #[test]
    fn a_transaction_begins() {
        let known = Some(facts());
        let begin = |state: &mut State| {
            state.begin();
            assert_eq!(state.transaction(), Some(&Transaction::default()));
            state.transaction_mut().expect("begun").id = Some("17".to_owned());
        };
        leads(
            begin,
            vec![
                (idle(known.clone()), own(known.clone(), false)),
                (unsettled(known.clone()), own(known.clone(), true)),
                (own(known.clone(), true), own(known, true)),
                (outside(), inside(Journaled, Own)),
                (inside(Journaled, Guest), inside(Journaled, Own)),
            ],
        );
    }

    #[test]
    fn a_hook_enters() {
        let known = Some(facts());
        let mut state = own(known.clone(), false);
        assert_eq!(state.entering(), known, "what is known is asked for no more");
        assert_eq!(state, own(None, true));
        state.entered(hook(Whole));
        assert_eq!(state, inside(Whole, Guest));
        leads(
            |state| drop(state.entering()),
            vec![
                (inside(Whole, Own), own(None, true)),
                (idle(known), unsettled(None)),
                (outside(), unsettled(None)),
            ],
        );
        leads(
            |state| state.entered(hook(Whole)),
            vec![(idle(None), idle(None)), (unsettled(None), unsettled(None))],
        );
    }

    #[test]
    fn a_hook_is_left() {
        leads(
            State::left,
            vec![
                (inside(Whole, Own), own(Some(facts()), true)),
                (inside(Journaled, Own), own(None, true)),
                (outside(), unsettled(None)),
                (own(None, false), own(None, false)),
                (idle(None), idle(None)),
            ],
        );
    }

    #[test]
    fn a_transaction_ends() {
        let known = Some(facts());
        leads(
            State::ended,
            vec![
                (own(known.clone(), false), idle(known.clone())),
                (own(known.clone(), true), unsettled(known.clone())),
                (inside(Journaled, Guest), outside()),
                (outside(), outside()),
                (idle(known.clone()), idle(known)),
            ],
        );
    }

    #[test]
    fn a_session_is_settled() {
        let known = Some(facts());
        leads(
            State::settled,
            vec![
                (unsettled(known.clone()), idle(known.clone())),
                (outside(), outside()),
                (own(known.clone(), true), own(known, true)),
            ],
        );
    }

    /// From anywhere, what a hook may have left is taken back until the server has said so.
    #[test]
    fn all_is_rolled_back() {
        let known = Some(facts());
        leads(
            State::roll_back,
            vec![
                (idle(known.clone()), idle(known.clone())),
                (own(known.clone(), false), idle(known.clone())),
                (own(known.clone(), true), unsettled(None)),
                (inside(Whole, Guest), unsettled(None)),
                (outside(), unsettled(None)),
                (unsettled(known), unsettled(None)),
            ],
        );
    }

    #[test]
    fn a_savepoint_is_taken_back() {
        let known = Some(facts());
        let of_rehearsal = |mut state: State, is_saved| {
            state.set_purpose(Purpose::Rehearsal { is_saved });
            assert_eq!(state.is_saved(), is_saved && state.transaction().is_some());
            state
        };
        let saved = |state| of_rehearsal(state, true);
        let before = |state| of_rehearsal(state, false);
        let mut marked = saved(inside(Journaled, Guest));
        marked.transaction_mut().expect("open").marked = Some(View::default());
        leads(
            State::taken_back,
            vec![
                (saved(inside(Whole, Guest)), before(own(None, true))),
                (marked, before(own(None, true))),
                (saved(own(known.clone(), true)), before(own(None, true))),
                (before(own(known.clone(), false)), before(own(known, false))),
                (outside(), outside()),
            ],
        );
    }

    #[test]
    fn what_states_say() {
        let table = [
            (idle(None), false, Own, false),
            (unsettled(None), true, Own, false),
            (own(None, false), false, Own, false),
            (own(None, true), true, Own, false),
            (inside(Whole, Guest), true, Guest, false),
            (inside(Journaled, Own), true, Own, true),
            (outside(), true, Own, false),
        ];
        for (state, is_used, side, is_in_segment) in table {
            assert_eq!(state.is_used(), is_used, "{state:?}");
            assert_eq!(state.side(), side, "{state:?}");
            assert_eq!(state.is_in_segment(), is_in_segment, "{state:?}");
        }
    }
}
