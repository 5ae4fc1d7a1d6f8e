//! `runner add`: the next alteration of a project.

use super::{
    explain::Exit,
    options::{Format, Output},
    output,
    project::{self, ProjectArgs, shown},
};
use crate::{
    new::AddedHooks,
    project::{Added, NextAlteration, Project},
};
use alteration_domain::alteration::{AlterationId, Version};
use serde::Serialize;
use std::time::{SystemTime, UNIX_EPOCH};

/// Adds an alteration to a project: its files, a test, and its entry in the manifest
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  runner add add-due-dates                   in the open release, or the next minor one
  runner add rename-titles --release 1.3.0   open a release
  runner add fill-slugs --backfill           move data in short steps, after `up`
  runner add index-titles --preparation      for statements that cannot run in a transaction")]
pub(super) struct Args {
    /// Name the alteration, in lower-case letters, digits and `-`
    #[arg(value_name = "NAME", required_unless_present = "release")]
    name: Option<String>,
    /// Open this release: the alteration belongs to it, and so do later ones
    #[arg(long, value_name = "VERSION")]
    release: Option<Version>,
    /// Describe it to the operator in a sentence [default: the name]
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Add a hook that runs before `up` and `down`, outside their transaction
    #[arg(long)]
    preparation: bool,
    /// Add a hook that moves data in short steps
    #[arg(long)]
    backfill: bool,
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Document<'a> {
    /// The new alteration's id; null if only a release was opened.
    alteration: Option<&'a AlterationId>,
    /// Every file that was written.
    files: Vec<String>,
    /// The manifest, which lists the alteration.
    manifest: String,
    /// The version that new alterations belong to.
    release: &'a Version,
}

pub(super) fn run(args: &Args) -> Exit {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let next = NextAlteration {
        name: args.name.clone(),
        release: args.release.clone(),
        description: args.description.clone(),
        hooks: AddedHooks { preparation: args.preparation, backfill: args.backfill },
        now,
    };
    let added = Project::open(&args.project.project).and_then(|project| project.add(&next));
    match added {
        Ok(added) => {
            show(&added, args.output.format);
            Exit::Done
        }
        Err(error) => project::explain(&error, args.output.format),
    }
}

fn show(added: &Added, format: Format) {
    let files: Vec<String> = added.files.iter().map(|path| path.display().to_string()).collect();
    if format == Format::Json {
        output::sorted_json(&Document {
            alteration: added.id.as_ref(),
            files,
            manifest: added.manifest.display().to_string(),
            release: &added.release,
        });
        return;
    }
    for path in &added.files {
        output::result(&shown(path));
    }
    match &added.id {
        Some(id) => {
            output::result(&format!("Added {id} to {}.", shown(&added.manifest)));
            output::note("next: write it, then `runner test`; `runner dev` tests at each save");
        }
        None => {
            output::result(&format!(
                "Opened release {} in {}.",
                added.release,
                shown(&added.manifest)
            ));
            output::note("next: `runner add NAME`");
        }
    }
}
