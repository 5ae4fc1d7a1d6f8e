//! From plugins and a database to alterations that are applied, checked, tried or taken back.
//!
//! ```text
//! runner    what an application calls: one type, with options
//! deploy    the apply loop: plan, components, attempts, records
//! trial     the same on a scratch database, and what it left behind; workbench keeps one
//! config    runner.toml; lock_file: runner.lock; given: what an operator allows and sets
//! event     what is said meanwhile; error: what went wrong, and what is altered now
//! ```
//!
//! Prints nothing and decides no exit code. Internal to the package alteration-runner, which says what of it an
//! application may use: the API is not stable.

pub mod cancel;
pub mod config;
pub mod deploy;
pub mod error;
pub mod event;
pub mod given;
pub mod lock_file;
mod permissions;
pub mod rehearsals;
mod runner;
pub mod trial;
mod workbench;

pub use deploy::{
    Answer, BaselineOptions, Control, Correction, DeployOptions, How, Question, Resolved,
    RollbackOptions,
};
pub use error::{Error, Lost, StepError, StepFailure};
pub use event::{Replaced, Report, StepReport};
pub use given::{Powerful, Trust};
pub use permissions::Revoked;
pub use runner::{
    BaselineFrom, ConfineError, ConfineOptions, Confined, Confinement, Replay, Runner, Standing,
    Unfinished, Wish, shown,
};
pub use trial::{RowFiles, TestOptions, Trial};
pub use workbench::{Round, Workbench};

pub use alteration_domain::plan::{Check, NotDeployed};
use alteration_domain::{alteration, escape, lock_file as lock, plan, record};
use alteration_host::{self as host, entropy, session};
use alteration_pack as pack;
use alteration_record::{self as backend, crash, operator};
pub use alteration_source as source;
use alteration_sql as sql;
