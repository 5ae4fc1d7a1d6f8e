//! What the verbs of a project share: where it is, what goes on, and what went wrong.

use super::{explain::Exit, options::Format, output};
use crate::{
    alteration::{AlterationId, Permission, PluginName},
    deploy::{Grant, Trust},
    escape::{Escaped, EscapedLines},
    pack::{Outcome, Written},
    project::{BuildOptions, Built, Project, ProjectError},
};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// The project to work in.
#[derive(Debug, clap::Args)]
pub(super) struct ProjectArgs {
    /// The project's folder
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
    let path = path.strip_prefix(".").unwrap_or(path);
    Escaped(&path.display().to_string()).to_string()
}

/// What went wrong with a project, as text or for programs.
pub(super) fn explain(error: &ProjectError, format: Format) -> Exit {
    const UNCHANGED: &str = "nothing was released, and no database was altered";
    let exit = match error {
        ProjectError::NoProject { .. } | ProjectError::Name { .. } => Exit::Usage,
        ProjectError::ReleasedChanged { .. } | ProjectError::VersionReleased { .. } => {
            Exit::NeedsDecision
        }
        _ => Exit::Failed,
    };
    let message = EscapedLines(&error.to_string()).to_string();
    let next = error.next();
    if format == Format::Json {
        output::json(&serde_json::json!({
            "error": {
                "message": message,
                "changed": UNCHANGED,
                "next": next,
                "exit_code": exit as u8,
            }
        }));
    }
    output::problem(&message, &[("changed", UNCHANGED.to_owned()), ("next", next)]);
    exit
}

/// What an author's own components are handed: all that they ask for.
pub(super) struct Own {
    pub(super) plugin: Option<PluginName>,
    pub(super) ids: Vec<AlterationId>,
    pub(super) grants: Vec<Grant>,
    pub(super) trusts: Vec<Trust>,
}

/// Reads the project's own components. Who builds a project has run its author's code already.
pub(super) fn own(project: &Project) -> Result<Own, ProjectError> {
    let catalog = project.catalog()?;
    let mut own = Own {
        plugin: catalog.plugins().next().cloned(),
        ids: catalog.iter().map(|alteration| alteration.key.id.clone()).collect(),
        grants: Vec::new(),
        trusts: Vec::new(),
    };
    for plugin in catalog.plugins() {
        own.trusts.push(Trust::Plugin(plugin.clone()));
        let asked = catalog.of(plugin).flat_map(|alteration| &alteration.permissions);
        let asked: BTreeSet<Permission> = asked.copied().collect();
        let grant = |permission| Grant { plugin: Some(plugin.clone()), permission };
        own.grants.extend(asked.into_iter().map(grant));
    }
    Ok(own)
}
