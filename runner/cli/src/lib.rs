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

pub mod cli;
pub mod new;
pub mod project;

// The embedding API: the runner, and the modules whose types its methods take and return.
pub use alteration_deploy::{
    Answer, BaselineFrom, BaselineOptions, Check, ConfineError, ConfineOptions, Confined,
    Confinement, Control, Correction, DeployOptions, Error, How, Lost, NotDeployed, Powerful,
    Question, Replaced, Report, Resolved, RollbackOptions, Round, RowFiles, Runner, Standing,
    StepError, StepFailure, StepReport, TestOptions, Trial, Trust, Unfinished, Wish, Workbench,
    cancel, config, deploy, error, event, given, lock_file, rehearsals, trial,
};
pub use alteration_domain::{alteration, plan};
pub use alteration_host::Limits;
pub use alteration_record as backend;
