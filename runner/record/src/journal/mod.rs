//! The journal: a session that records what a hook does, so that it can be run again after a crash.
//!
//! For hooks whose statements commit by themselves or run outside of any transaction. Consecutive
//! queries and changes of data form one transaction, a *segment*, whose results are kept in memory;
//! a statement that commits is preceded by a row that says so and by the results of its segment. A unit of a
//! script (`BEGIN` … `COMMIT`) is a segment of its own, and so is on PostgreSQL each statement outside of one.
//! Run again, calls that are recorded return what they returned then; work goes on at the first
//! that is not. If the outcome of a statement was never recorded, the catalogue is asked. A statement that could not be
//! run again in this way goes to a session of its own (`apart`), and the hook stays there. A confined plugin's hook has a
//! session of the plugin's from the beginning (`own`).

mod apart;
mod call;
mod calls;
mod made;
mod own;
mod prefix;
mod session;
mod statement;
mod unit;

pub(super) use apart::{cut as cut_off, effects, parted};
pub use call::Stop;
pub(super) use own::OwnSession;
pub(super) use prefix::{asked_anew, begins_with};
pub(super) use session::Journal;

use std::sync::Arc;

pub(super) type SharedJournal = Arc<tokio::sync::Mutex<Journal>>;
