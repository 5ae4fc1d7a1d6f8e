//! A scratch database that stays for a while, for an author who changes an alteration and looks what it does.
//!
//! Each round takes the drafts down, looks, applies everything that is offered, and looks again. Where a draft
//! cannot be taken down, the database is made anew: nothing on it is worth keeping.

use crate::{
    alteration::Dialect,
    backend::Status,
    deploy::{Control, DeployOptions, How, RollbackOptions},
    error::Error,
    event::Report,
    given::Grants,
    plan::{RollbackTarget, StatusLine},
    runner::Runner,
    trial::{After, Difference, Ground, Picture, PictureError, Script, added_rows, between},
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// A runner on a scratch database. Has to be closed.
pub struct Workbench {
    original: Runner,
    scratch: Runner,
    ground: Ground,
    script: Option<Script>,
}

/// What one round did.
#[derive(Debug)]
pub struct Round {
    /// What went down, and up.
    pub down: Report,
    pub up: Report,
    /// What is otherwise than before the drafts.
    pub changes: Vec<Difference>,
    /// Whether the database was made anew, because a draft could not be taken down: why.
    pub made_anew: Option<String>,
}

impl std::fmt::Debug for Workbench {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workbench").field("scratch", &self.scratch).finish_non_exhaustive()
    }
}

impl Workbench {
    /// Makes a scratch database beside the one of `runner`, which is only connected to, and runs the SQL of
    /// `prepare` on it.
    pub async fn open(
        runner: &Runner,
        prepare: Option<&Path>,
        control: &Control,
    ) -> Result<Self, Error> {
        let script = prepare.map(Script::read).transpose()?;
        let (scratch, ground) = scratch(runner, script.as_ref(), control).await?;
        Ok(Self { original: runner.clone(), scratch, ground, script })
    }

    /// Offers other files from now on.
    pub fn offer(&mut self, plugins: &[PathBuf]) {
        self.scratch = self.scratch.clone().with_plugins(plugins.iter().cloned());
        self.original = self.original.clone().with_plugins(plugins.iter().cloned());
    }

    /// Takes down what are drafts there, and applies what the plugins' files offer now.
    pub async fn round(
        &mut self,
        options: &DeployOptions,
        control: &Control,
    ) -> Result<Round, Error> {
        let mut made_anew = None;
        let down = match self.take_down(options, control).await {
            Ok(report) => report,
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => {
                made_anew = Some(error.to_string());
                let script = self.script.as_ref();
                let (scratch, ground) = scratch(&self.original, script, control).await?;
                self.scratch = scratch;
                let before = std::mem::replace(&mut self.ground, ground);
                self.original.remove_ground(before, control).await;
                Report::default()
            }
        };
        let (before, _) = self.picture().await?;
        let up = self.scratch.deploy(options, control).await?;
        let (after, dialect) = self.picture().await?;
        let mut changes = between(&before, &after, After::Up, dialect);
        changes.extend(added_rows(&before, &after, After::Up));
        Ok(Round { down, up, changes, made_anew })
    }

    /// Removes the scratch database; where that fails, the answer is where it is.
    pub async fn close(self, control: &Control) -> Option<String> {
        self.original.remove_ground(self.ground, control).await
    }

    async fn take_down(&self, options: &DeployOptions, control: &Control) -> Result<Report, Error> {
        let standing = self.scratch.clone().with_plugins::<PathBuf>([]).status().await?;
        let is_applied_draft =
            |line: &&StatusLine| line.draft && line.status == Some(Status::Applied);
        let steps = standing.alterations.iter().filter(is_applied_draft).count();
        if steps == 0 {
            return Ok(Report::default());
        }
        let options = RollbackOptions {
            plugin: None,
            target: RollbackTarget::Steps(steps),
            baselined: false,
            export: None,
            with: Vec::new(),
            grants: Grants::default(),
            settings: options.settings.clone().standing(),
            levels: options.levels.clone(),
            how: options.how.clone(),
        };
        self.scratch.rollback(&options, control).await
    }

    async fn picture(&self) -> Result<(Picture, Dialect), Error> {
        let mut backend = self.scratch.connect_to_look().await?;
        let dialect = backend.dialect();
        let taken = Picture::take(&mut backend, &BTreeSet::new()).await;
        backend.close().await;
        Ok((taken.map_err(PictureError::unblamed)?, dialect))
    }
}

async fn scratch(
    runner: &Runner,
    script: Option<&Script>,
    control: &Control,
) -> Result<(Runner, Ground), Error> {
    let ground = runner.ground(control).await?;
    let scratch = runner.clone().on(ground.url.clone());
    match scratch.prepare(script, &How::default(), control).await {
        Ok(backend) => {
            backend.close().await;
            Ok((scratch, ground))
        }
        Err(error) => {
            runner.remove_ground(ground, control).await;
            Err(error)
        }
    }
}
