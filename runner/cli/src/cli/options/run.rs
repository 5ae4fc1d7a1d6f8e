//! How a verb runs that alters the database.

use super::{Database, HookArgs, Output, Style, yes};
use alteration_deploy::{Error, Runner, deploy::How, rehearsals::Rehearsals};
use clap::Args;
use std::path::PathBuf;

/// How a verb runs that alters the database.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Run everything in a transaction, show each statement, and roll back
    #[arg(long, group = "rehearsal")]
    pub(crate) dry_run: bool,
    /// Save the statements of a rehearsal in the cache folder, for `inspect --sql`; values of parameters are not saved
    #[arg(long, requires = "rehearsal", conflicts_with = "no_cache")]
    pub(crate) save: bool,
    /// Do not ask for confirmation; needed if there is no terminal
    #[arg(long, short, env = "RUNNER_YES", hide_env_values = true, value_parser = yes,
        action = clap::ArgAction::SetTrue)]
    pub(crate) yes: bool,
    /// Show each statement when it is done, and debug messages of components
    #[arg(long, short)]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    hooks: HookArgs,
}

impl RunArgs {
    pub(crate) fn runner(&self, database: &Database, plugins: &[PathBuf]) -> Result<Runner, Error> {
        self.hooks.runner(database, plugins, self.verbose)
    }

    /// Returns the store of rehearsals, if they are kept.
    pub(crate) fn rehearsals(&self) -> Option<Rehearsals> {
        self.hooks.cache.folder().as_deref().map(Rehearsals::of_cache)
    }

    pub(crate) fn how(&self) -> How {
        How { rehearse: self.dry_run, ..self.hooks.how() }
    }

    pub(crate) fn style(&self) -> Style {
        Style {
            format: self.output.format,
            statements: self.dry_run,
            save: self.save,
            verbose: self.verbose,
        }
    }
}
