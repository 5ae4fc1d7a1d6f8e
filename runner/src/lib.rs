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

pub mod cancel;
pub mod cli;
pub mod config;
pub mod deploy;
mod error;
pub mod event;
pub mod given;
pub mod new;
pub mod project;
pub mod rehearsals;
mod runner;
pub mod source;
pub mod trial;
mod workbench;

pub use alteration_database::backend;
use alteration_database::{crash, operator};
pub(crate) use alteration_domain::secret;
pub use alteration_domain::{alteration, escape, plan};
pub use alteration_host::{self as host, entropy, session};
pub use alteration_pack as pack;
pub use alteration_sql as sql;
pub use deploy::{
    Answer, BaselineOptions, Control, Correction, DeployOptions, How, Question, Resolved,
    RollbackOptions,
};
pub use error::{Error, Lost, StepError, StepFailure};
pub use event::{Replaced, Report, StepReport};
pub use given::{Powerful, Trust};
pub use runner::{BaselineFrom, Check, NotDeployed, Runner, Standing, Unfinished};
pub use trial::{RowFiles, TestOptions, Trial};
pub use workbench::{Round, Workbench};
