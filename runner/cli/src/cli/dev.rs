//! `runner dev`: at each save of a project's files, its drafts go down and up again on a scratch database.

use super::{
    explain::{self, Exit},
    options::{Cache, Database, Format, HandedArgs, Offer, Style, TrustArgs},
    output::{self, count, duration},
    project::{self, ProjectArgs, shown},
    report::Reporter,
    signals, test,
};
use crate::project::{Project, Watch};
use alteration_deploy::{Control, DeployOptions, Round, Workbench};
use alteration_domain::{
    escape::Escaped,
    plan::{Folders, Policy},
};
use std::{path::PathBuf, time::Instant};

/// Watches a project: on each save, rebuilds its drafts and reapplies them on a scratch database
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The scratch database is removed at the end (Ctrl-C). If --database names a server, the scratch database is created \
there; the database in the URL is not changed.

Examples:
  runner dev
  runner dev --database postgres://me@server/dev --with ../shop/released")]
pub(super) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    #[command(flatten)]
    database: Database,
    /// Apply these components of other plugins first; may be repeated
    #[arg(long = "with", value_name = "PLUGINS")]
    with: Vec<PathBuf>,
    /// Run this SQL on the scratch database first, such as tables and rows of the application
    #[arg(long, value_name = "FILE")]
    prepare: Option<PathBuf>,
    /// Build and apply once, then exit
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    handed: HandedArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    cache: Cache,
}

pub(super) async fn run(mut args: Args) -> Exit {
    let format = Format::Text;
    let project = match Project::open(&args.project.project) {
        Ok(project) => project,
        Err(error) => return project::explain(&error, format),
    };
    // First, so that no save is missed while the first round runs.
    let mut watch = match Watch::start(&project) {
        Ok(watch) => watch,
        Err(error) => return project::explain(&error, format),
    };
    let reporter = Reporter::new(Style { format, statements: false, save: false, verbose: false });
    let (cancelled, _) = signals::listen();
    let control = Control {
        observer: reporter.observer(),
        cancelled: cancelled.clone(),
        ..Control::default()
    };
    let mut workbench = None;
    let mut last = Exit::Done;
    loop {
        let began = Instant::now();
        match round(&mut args, &project, &mut workbench, &control).await {
            Ok(Some(round)) => {
                reporter.clear();
                show(&round);
                last = Exit::Done;
            }
            Ok(None) => {
                output::note("Nothing to apply: every alteration was released; `runner add NAME`.");
                last = Exit::Done;
            }
            Err(Trouble::Project(error)) => last = project::explain(&error, format),
            Err(Trouble::Run(alteration_deploy::Error::Interrupted)) => break,
            Err(Trouble::Run(error)) => {
                reporter.clear();
                last = match args.once {
                    true => explain::error(&error, format),
                    false => {
                        let next = "correct it and save: only the scratch database has seen it";
                        output::problem(&error.to_string(), &[("next", next.to_owned())]);
                        Exit::Failed
                    }
                };
            }
        }
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if args.once {
            output::note(&format!("Done in {}.", duration(ms)));
            break;
        }
        output::note(&format!("Done in {}; waiting for a change…", duration(ms)));
        let mut stop = cancelled.clone();
        tokio::select! {
            changed = watch.changed() => match changed {
                Some(path) => output::note(&format!("\n{} changed", shown(&path))),
                None => break,
            },
            () = stop.cancelled() => break,
        }
    }
    if let Some(workbench) = workbench {
        workbench.close(&control).await;
    }
    // Whoever ends it has seen what went wrong; a script that runs it once has not.
    if args.once { last } else { Exit::Done }
}

enum Trouble {
    Project(crate::project::ProjectError),
    Run(alteration_deploy::Error),
}

/// Builds and applies; `None` where there is no draft.
async fn round(
    args: &mut Args,
    project: &Project,
    workbench: &mut Option<Workbench>,
    control: &Control,
) -> Result<Option<Round>, Trouble> {
    let cache = args.cache.folder();
    let built = project::build(project, cache.clone(), Format::Text).map_err(Trouble::Project)?;
    if built.drafts().is_empty() {
        return Ok(None);
    }
    let run = |error| Trouble::Run(error);
    let own = project::own(project, &built).map_err(Trouble::Project)?;
    let mut plugins = built.paths();
    plugins.extend(args.with.iter().cloned());
    let bench = match workbench {
        Some(bench) => bench,
        None => {
            let runner = args.database.runner(&plugins).map_err(run)?.cache_folder(cache);
            let bench = Workbench::open(&runner, args.prepare.as_deref(), control).await;
            workbench.insert(bench.map_err(run)?)
        }
    };
    bench.offer(&plugins);
    let policy = Policy { drafts: true, folders: Folders::Ignored, ..Policy::default() };
    let options = DeployOptions { policy, ..DeployOptions::default() };
    let offer = Offer { plugins, database: args.database.clone() };
    let mut options = args.handed.hand(&offer, options).map_err(run)?;
    options.levels = args.trust.and(options.levels).on_scratch();
    if let Some(own) = own {
        options.grants.extend(own.grants);
        options.levels.trusted.extend(own.trusts);
    }
    bench.round(&options, control).await.map(Some).map_err(run)
}

fn show(round: &Round) {
    if let Some(reason) = &round.made_anew {
        output::note(&format!(
            "The scratch database was made anew, because a draft could not be taken down: {}",
            Escaped(reason)
        ));
    }
    for change in &round.changes {
        test::show(change);
    }
    if round.changes.is_empty() {
        output::result("     nothing is otherwise than before");
    }
    let steps = round.up.steps.len() as u64;
    output::result(&format!("Applied {}.", count(steps, "alteration")));
}
