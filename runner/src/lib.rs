//! Applies database alterations shipped by people you do not have to trust.
//!
//! Each alteration is a WebAssembly component with `up` and `down` hooks. It is run in a sandbox
//! that gives it one database connection inside one transaction, and nothing else; what happened
//! is recorded in the database itself. Nothing is altered when an application starts: the
//! application only checks, and a person or a pipeline deploys.
//!
//! ```no_run
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! use runner::{Control, DeployOptions, Runner};
//!
//! let runner = Runner::new("sqlite:app.db")?.plugins(["./plugins"]);
//! runner.deploy(&DeployOptions::default(), &Control::default()).await?;
//! runner.check().await?.require_deployed()?;
//! # Ok(())
//! # }
//! ```

pub mod backend;
pub mod cancel;
pub mod cli;
pub mod config;
mod crash;
pub mod deploy;
pub mod entropy;
mod error;
pub mod event;
pub mod host;
pub mod new;
mod operator;
pub mod pack;
pub mod project;
pub mod rehearsals;
mod runner;
pub mod trial;

pub(crate) use alteration_domain::secret;
pub use alteration_domain::{alteration, escape, plan};
pub use alteration_source as source;
pub use alteration_sql as sql;
pub use deploy::{
    Answer, BaselineOptions, Control, Correction, DeployOptions, How, Powerful, Question, Replaced,
    Resolved, RollbackOptions, Trust,
};
pub use error::{Error, Lost, StepError, StepFailure};
pub use event::{Report, StepReport};
pub use plan::{Check, NotDeployed};
pub use runner::{BaselineFrom, Runner, Standing, Unfinished};
pub use trial::{Round, RowFiles, TestOptions, Trial, Workbench};

/// What a hook can do to a database, and what `backend` and `host` share of it.
pub mod session {
    pub use alteration_domain::session::*;
    use std::sync::Arc;

    /// A session that a backend and a hook call hold together. The backend gets it back even when
    /// the call is cancelled half-way.
    pub type SharedSession = Arc<tokio::sync::Mutex<dyn Session>>;
}
