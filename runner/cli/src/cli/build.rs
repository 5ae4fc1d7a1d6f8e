//! `runner build`: components of a project's drafts.

use super::{
    explain::Exit,
    options::{Cache, Format, Output},
    output::{self, count},
    project::{self, ProjectArgs},
};
use crate::project::Project;
use alteration_pack::Written;
use serde::Serialize;

/// Builds a project's drafts into `dist`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A draft is an alteration that is not released yet. It may still change: builds replace it. `runner deploy` \
refuses drafts without --allow-drafts.

Examples:
  runner build
  runner build --project ./notes --format json")]
pub(super) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    cache: Cache,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Document<'a> {
    /// The components of the project's drafts.
    components: &'a [Written],
}

pub(super) fn run(args: &Args) -> Exit {
    let format = args.output.format;
    let built = Project::open(&args.project.project)
        .and_then(|project| project::build(&project, args.cache.folder(), format));
    match built {
        Ok(built) if format == Format::Json => {
            output::sorted_json(&Document { components: &built.components });
            Exit::Done
        }
        Ok(built) => {
            let drafts = built.drafts().len() as u64;
            output::result(&match drafts {
                0 => "Nothing to build: every alteration was released.".to_owned(),
                _ => format!("Built {}.", count(drafts, "draft")),
            });
            Exit::Done
        }
        Err(error) => project::explain(&error, format),
    }
}
