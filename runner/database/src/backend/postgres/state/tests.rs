//! Every way from every state.

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

#[test]
fn a_transaction_waits_for_its_turn() {
    let start = || Start::own(vec![crate::backend::transaction::Own::run("UPDATE t", [])]);
    let mut state = inside(Whole, Guest);
    state.wait_for(start(), vec![Rows::new()]);
    assert!(state.is_ahead() && state.is_used());
    assert_eq!((state.transaction(), state.hook(), state.side()), (None, None, Own));
    let waiting = state.clone();
    assert_eq!(state.claim(&Start::default()), None, "another one");
    assert_eq!(state, waiting);
    assert_eq!(state.claim(&start()), Some(vec![Rows::new()]));
    assert_eq!(state, inside(Whole, Guest));
    assert_eq!(state.claim(&start()), None, "once");
    leads(State::roll_back, vec![(waiting, unsettled(None))]);
}
