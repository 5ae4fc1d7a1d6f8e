//! What the verbs of a project share: where it is, what goes on, and what went wrong.

use super::{
    explain::{self, Exit, Refusal},
    options::Format,
    output,
};
use crate::{
    new::Language,
    project::{BuildOptions, Built, Project, ProjectError},
};
use alteration_deploy::deploy::{Grant, Trust};
use alteration_domain::{
    alteration::{Catalog, Permission, PluginName},
    escape::Escaped,
};
use alteration_pack::{Outcome, Written};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// The project to work in.
#[derive(Debug, clap::Args)]
pub(super) struct ProjectArgs {
    /// Work in this project folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) project: PathBuf,
}

/// Says what goes on, on standard error.
pub(super) fn progress(line: &str) {
    output::note(&format!("{}…", Escaped(line)));
}

/// Builds, and shows what came out.
pub(super) fn build(
    project: &Project,
    cache_folder: Option<PathBuf>,
    format: Format,
) -> Result<Built, ProjectError> {
    let built = project.build(&BuildOptions { cache_folder }, &progress)?;
    if format == Format::Text {
        for written in &built.components {
            output::note(&component(written));
        }
        for path in &built.removed {
            output::note(&format!("{}  removed: no draft is made of it any more", shown(path)));
        }
    }
    Ok(built)
}

fn component(written: &Written) -> String {
    let outcome = match written.outcome {
        Outcome::Created => "built",
        Outcome::Replaced => "built again",
        Outcome::Unchanged => "up to date",
    };
    format!("{}  {} bytes, {outcome}", shown(&written.path), written.size_bytes)
}

pub(super) fn shown(path: &Path) -> String {
    let path = match path.strip_prefix(".") {
        Ok(within) if within != Path::new("") => within,
        _ => path,
    };
    Escaped(&path.display().to_string()).to_string()
}

/// Explains what went wrong with a project, as text or for programs.
pub(super) fn explain(error: &ProjectError, format: Format) -> Exit {
    const UNCHANGED: &str = "nothing was released, and no database was altered";
    let exit = match error {
        ProjectError::NoProject { .. } | ProjectError::Name { .. } => Exit::Usage,
        ProjectError::ReleasedChanged { .. }
        | ProjectError::VersionReleased { .. }
        | ProjectError::OutOfOrder { .. }
        | ProjectError::ReleasedMissing { .. }
        | ProjectError::OtherPlugin { .. } => Exit::NeedsDecision,
        _ => Exit::Failed,
    };
    refused(&error.to_string(), UNCHANGED, &error.next(), exit, format)
}

/// Says why a verb of a project does not go on, as text or for programs.
pub(super) fn refused(
    message: &str,
    unchanged: &str,
    next: &str,
    exit: Exit,
    format: Format,
) -> Exit {
    let refusal = Refusal { message, changed: unchanged, next, ..Refusal::default() };
    explain::refused(refusal, exit, format)
}

/// What an author's own components are handed: all that they ask for.
pub(super) struct Own {
    pub(super) plugin: PluginName,
    pub(super) catalog: Catalog,
    pub(super) grants: Vec<Grant>,
    pub(super) trusts: Vec<Trust>,
}

/// Reads what was built. Whoever builds a project of code has run that code on this machine, so that it may run as any
/// user of a server to test on; a build of SQL runs nothing.
pub(super) fn own(project: &Project, built: &Built) -> Result<Option<Own>, ProjectError> {
    let catalog = built.catalog()?;
    let Some(plugin) = catalog.plugins().next().cloned() else { return Ok(None) };
    let asked = catalog.of(&plugin).flat_map(|alteration| &alteration.permissions);
    let asked: BTreeSet<Permission> = asked.cloned().collect();
    let grant = |permission| Grant { plugin: Some(plugin.clone()), permission };
    let grants = asked.into_iter().map(grant).collect();
    let trusts = match project.language() {
        Language::Sql => Vec::new(),
        _ => vec![Trust::Plugin(plugin.clone())],
    };
    Ok(Some(Own { plugin, catalog, grants, trusts }))
}
