//! What the runner records in a database: ledger, state, history, archive, journal and lock.
//!
//! ```text
//! database   one connected database: what the apply loop calls
//! attempt    which transaction a record is in; baseline, mended, released, resolve, takeover: other decisions
//! tables     the runner's own tables: a file a table, and their schema
//! journal    a session that records what a hook does, so that it can be resumed
//! oversight  whom a hook holds up, and whether its end comes to an end
//! lock       the runner's lock, and the lease in its place
//! confined   plugins with users of their own; confine: a plugin with records becomes one; rights, scratch, export: what else is asked of a database
//! former     ledgers of other tools
//! ```
//!
//! Written once for every database, above the traits of `alteration-database`: it knows neither sqlx nor a server's
//! protocol, and decides nothing about what runs. Internal to the runner of database alterations: the API is not stable.

mod archiving;
mod attempt;
mod baseline;
mod confine;
mod confined;
mod database;
mod disk;
mod export;
mod former;
mod grants;
mod group;
mod journal;
mod lease;
mod lock;
mod mended;
mod oversight;
mod owners;
mod rehearsed;
mod released;
mod resolve;
mod rights;
mod scratch;
mod tables;
mod takeover;

pub use alteration_database::backend::confining::{
    Foreign, Holdings, Strayed, TurnedFunction, ViewRead,
};
pub use alteration_database::{
    backend::{
        Access, BackendError, Blocked, Company, ConnectOptions, DatabaseUrl, Export, ExportColumn,
        ExportFormat, LockKind, Locks, Obstacle, ParseUrlError, Power, Powers, Reach, RowSource,
        SCRATCH_PREFIX, Scheme, TableLock, Thing, UnknownParameter, UrlPart, Waiting, Written,
    },
    crash, operator, session,
};
pub use alteration_domain::record::{
    Applied, Asked, Attempt, Because, Checkpoint, Claim, Decided, Decision, Ending, Entropy, Fit,
    Former, HookLimits, LockHolder, Mended, ParseBecauseError, Phase, Revision, RowChange, Run,
    SCHEMA_VERSION, Snapshot, StateRow, Status, StrangeLedger, Takeover,
};
pub use attempt::{Following, Next, Part, Undone, Work};
pub use confine::Made;
pub use database::Backend;
pub use former::{FormerError, FormerTool};
pub use grants::NewGrant;
pub use journal::Stop;
pub use oversight::{HeldUp, Intervention, Oversight};
pub use scratch::ScriptError;

use alteration_database::backend::{
    confining, connection, connector, export as exported, granted, identifier, map, recorded,
    transaction,
};
use alteration_domain::{alteration, escape};
use alteration_sql as sql;
use session::Counts;

/// Connects to the database that `url` names.
pub async fn connect(url: &DatabaseUrl, options: ConnectOptions) -> Result<Backend, BackendError> {
    let connector = connector(url, &options)?;
    let connection = connector.connect(false).await?;
    Ok(Backend::new(url.to_string(), connector, connection, options))
}
