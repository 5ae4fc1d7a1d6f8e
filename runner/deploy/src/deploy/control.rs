//! The caller's part in a deploy or rollback: what it is told, asked, and how it stops it.

use crate::{
    cancel::Cancelled,
    event::{Losses, Observer, Replaced},
    given::Powerful,
    plan::{Finding, Plan, Rename},
};
use std::path::Path;

/// The caller's part while the runner works.
pub struct Control {
    pub observer: Observer,
    /// Asked before anything is altered: once, and before that about plugins that take over what is recorded of others.
    pub confirm: Box<dyn Fn(&Question<'_>) -> Answer + Send + Sync>,
    pub cancelled: Cancelled,
}

/// A question to the operator, before anything is altered.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub plan: &'a Plan,
    /// Plugins of the plan that are not trusted with what the URL's user may do, if there are any. Then only
    /// [`Answer::Trust`] goes on.
    pub powerful: Option<&'a Powerful>,
    /// Plugins that would take over what is recorded of others, and are not agreed to yet. If there are any, the
    /// question is about them, and only [`Answer::Rename`] goes on.
    pub renames: &'a [Rename],
    /// Alterations that lie in another folder than what is recorded of their plugin, and are not allowed yet. If
    /// there are any, the question is about them, and only [`Answer::Folder`] goes on.
    pub folders: &'a [Finding],
    /// Tables, columns and rows that a rollback destroys, if that was looked for.
    pub losses: Option<&'a Losses>,
    /// The folder that they are written to first.
    pub export: Option<&'a Path>,
    /// Components that go down instead of those that were applied.
    pub replaced: &'a [Replaced],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    No,
    /// Goes on with plugins that are trusted, and with what was granted. With others it is [`crate::Error::Powerful`], without a
    /// grant [`crate::Error::NotGranted`].
    Yes,
    /// Goes on, and grants what the plan's steps ask for: that is recorded. As [`Answer::Yes`] otherwise.
    Grant,
    /// As [`Answer::Grant`], and trusts every plugin of the plan for this run.
    Trust,
    /// Lets the plugins that were asked about take over what is recorded of others.
    Rename,
    /// Lets the alterations run that were asked about, without what was given to the name of their plugin.
    Folder,
}

impl Default for Control {
    /// Says yes, trusts no plugin, drops events, never stops.
    fn default() -> Self {
        Self {
            observer: crate::event::silent(),
            confirm: Box::new(|_| Answer::Yes),
            cancelled: Cancelled::never(),
        }
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}
