//! The lock file that plugins have to match.

use super::ConfigArgs;
use crate::cli::output;
use alteration_deploy::{
    Error,
    lock_file::{LockFileError, LockPlace, Pins},
};
use alteration_domain::escape::Escaped;
use clap::Args;
use std::path::PathBuf;

/// What the components have to be.
#[derive(Debug, Args)]
pub(crate) struct LockFileArgs {
    /// Refuse components that are not what this file of `runner lock` says [default: runner.lock beside runner.toml, or
    /// in the working directory, if it exists]
    #[arg(long, value_name = "FILE")]
    lock_file: Option<PathBuf>,
}

impl LockFileArgs {
    pub(crate) fn is_named(&self) -> bool {
        self.lock_file.is_some()
    }

    /// Reads the file, and says so. It may not have come with `plugins`.
    pub(crate) fn read(
        &self,
        config: &ConfigArgs,
        plugins: &[PathBuf],
    ) -> Result<Option<Pins>, Error> {
        let place = match &self.lock_file {
            Some(path) => LockPlace::Named(path.clone()),
            None => LockPlace::beside(config.named()),
        };
        let path = place.path().to_owned();
        match place.read(plugins)? {
            Some(read) => {
                let shown = path.display().to_string();
                output::note(&format!("Components are pinned by {}", Escaped(&shown)));
                Ok(Some(Pins { path, file: read.file }))
            }
            None if self.is_named() => Err(LockFileError::NotThere { path }.into()),
            None => Ok(None),
        }
    }
}
