//! What the runner's own tables say, as data: rows of the state table, begun runs, decisions, and the changes to them.
//!
//! Reading and writing these tables is the database's part; what follows from them is the plan's.

mod decision;
mod entropy;
mod former;
mod hook_limits;
mod lock_holder;
mod mended;
mod state;
mod strange_ledger;
mod takeover;

pub use decision::{Because, Decided, Decision, ParseBecauseError};
pub use entropy::Entropy;
pub use former::Former;
pub use hook_limits::HookLimits;
pub use lock_holder::LockHolder;
pub use mended::{Asked, Fit, Mended};
pub use state::{
    Applied, Attempt, Checkpoint, Claim, Ending, Phase, Revision, Run, SCHEMA_VERSION, Snapshot,
    StateRow, Status,
};
pub use strange_ledger::StrangeLedger;
pub use takeover::{RowChange, Takeover};
