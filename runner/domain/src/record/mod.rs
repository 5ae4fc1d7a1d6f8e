//! What the runner's own tables say, as data: rows of the state table, begun runs, decisions, and the changes to them.
//!
//! Asking and changing these tables is the database's part; what follows from them is the plan's.

mod cell;
mod decision;
mod entropy;
mod former;
pub mod grant;
mod hook_limits;
mod lock_holder;
mod mended;
mod object;
pub mod place;
mod row;
mod state;
mod stop;
mod strange_ledger;
mod stretch;
pub mod tables;
mod takeover;

pub use cell::Cell;
pub use decision::{Because, Decided, Decision, ParseBecauseError};
pub use entropy::Entropy;
pub use former::Former;
pub use grant::{Covering, RecordedGrant, covering};
pub use hook_limits::HookLimits;
pub use lock_holder::LockHolder;
pub use mended::{Asked, Fit, Mended};
pub use object::{Changes, Found, Object, ObjectKind, Owners};
pub use row::{Record, RecordError};
pub use state::{
    Applied, Attempt, Checkpoint, Claim, Ending, Phase, Revision, Run, SCHEMA_VERSION, Snapshot,
    StateRow, Status,
};
pub use stop::Stop;
pub use strange_ledger::StrangeLedger;
pub use stretch::{Effect, Mark, Trace, all_cut_off, cut_off};
pub use takeover::{RowChange, Takeover};
