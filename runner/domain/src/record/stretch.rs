//! What a journal says of a hook that cannot be resumed, because what the rest of it needs was its session's.
//!
//! From the first statement on that a resumed hook could not repeat, its rows are marked; how they come to be is the
//! database's part.

use super::{Cell, Record, RecordError, Stop};
use crate::alteration::AlterationKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How the mark of such a row begins, which stands where other rows have what the catalogue said.
const MARK: &str = "not resumable: ";

/// What a statement does to what was done before it in the hook's transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// It is kept, with all that was open.
    Kept,
    /// It is undone unless something keeps it later.
    Held,
    /// What was open is undone.
    Dropped,
}

/// What a row is marked with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The session on the server that ran it.
    pub session: String,
    pub effect: Effect,
}

impl Mark {
    /// Returns what goes into the row's column `fingerprint`.
    pub fn to_fingerprint(&self) -> String {
        format!("{MARK}{}", serde_json::to_string(self).unwrap_or_default())
    }

    /// Reads what [`Self::to_fingerprint`] wrote.
    pub fn of_fingerprint(text: &str) -> Option<Self> {
        serde_json::from_str(text.strip_prefix(MARK)?).ok()
    }

    /// Returns whether a row's column `fingerprint` has a mark, readable or not.
    pub fn is_on(fingerprint: &str) -> bool {
        fingerprint.starts_with(MARK)
    }
}

/// What of a journal's row decides whether its hook can be resumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Whether it took effect; `false` for a statement whose outcome is unknown.
    pub is_done: bool,
    pub statement: Option<String>,
    pub fingerprint: Option<String>,
}

impl Trace {
    fn is_held(&self) -> bool {
        let mark = self.fingerprint.as_deref().and_then(Mark::of_fingerprint);
        mark.is_some_and(|mark| mark.effect == Effect::Held)
    }

    fn text(&self) -> String {
        self.statement.as_deref().unwrap_or_default().trim().to_owned()
    }
}

/// Why a hook with these rows, in the order of its calls, cannot go on; `None` where it can. Nothing is forgotten that may
/// have taken effect: a question too many is better than a statement that runs twice.
pub fn cut_off(traces: &[Trace]) -> Option<Stop> {
    let last = traces.last()?;
    last.fingerprint.as_deref().filter(|text| Mark::is_on(text))?;
    let held = traces.iter().rev().take_while(|trace| trace.is_held()).count();
    Some(match &traces[traces.len() - held..] {
        [] => Stop::Apart { statement: last.text(), is_known: last.is_done },
        doubtful => {
            let statements: Vec<String> = doubtful.iter().map(Trace::text).collect();
            Stop::Apart { statement: statements.join("\n"), is_known: false }
        }
    })
}

/// From the rows of [`super::tables::TRACES`]: why hooks cannot go on, as messages show it, by their alteration.
pub fn all_cut_off(rows: Vec<Vec<Cell>>) -> Result<BTreeMap<AlterationKey, String>, RecordError> {
    let mut traces: BTreeMap<AlterationKey, Vec<Trace>> = BTreeMap::new();
    for cells in rows {
        let mut row = Record::new(cells, "alteration_journal, a row");
        let key = row.key("alteration_journal")?;
        traces.entry(key).or_default().push(Trace {
            is_done: row.text("status")? == "done",
            statement: row.maybe_text("statement")?,
            fingerprint: row.maybe_text("fingerprint")?,
        });
    }
    let cut = |(key, traces): (_, Vec<_>)| Some((key, cut_off(&traces)?.to_string()));
    Ok(traces.into_iter().filter_map(cut).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(statement: &str, is_done: bool, effect: Option<Effect>) -> Trace {
        let mark = |effect| Mark { session: "1".to_owned(), effect }.to_fingerprint();
        let statement = Some(statement.to_owned());
        Trace { is_done, statement, fingerprint: effect.map(mark) }
    }

    #[test]
    fn what_a_cut_leaves() {
        let (kept, held) = (Some(Effect::Kept), Some(Effect::Held));
        let apart = |statement: &str, is_known| {
            Some(Stop::Apart { statement: statement.to_owned(), is_known })
        };
        let table = [
            (vec![], None),
            (vec![trace("a", true, None)], None),
            (vec![trace("a", true, None), trace(" b ", true, kept)], apart("b", true)),
            (vec![trace("a", true, kept), trace("b", false, kept)], apart("b", false)),
            (
                vec![trace("a", true, kept), trace("b", true, held), trace("c", true, held)],
                apart("b\nc", false),
            ),
        ];
        for (traces, expected) in table {
            assert_eq!(cut_off(&traces), expected, "{traces:?}");
        }
        assert!(Mark::is_on("not resumable: edited"));
        assert_eq!(Mark::of_fingerprint("not resumable: edited"), None);
    }
}
