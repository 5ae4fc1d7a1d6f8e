//! The command line: the only place that parses arguments, prints, and decides exit codes.
//!
//! Each verb has a file, its options beside its code. Options that several verbs share are in `options/`, errors are
//! explained in `explain/`, and progress is shown by `report.rs`.

mod add;
mod baseline;
mod build;
mod check;
mod command;
mod completions;
mod confine;
mod deploy;
mod dev;
mod explain;
mod inspect;
mod listing;
mod lock;
mod losses;
mod man;
mod new;
mod options;
mod output;
mod pack;
mod permissions;
mod plan;
mod project;
mod recorder;
#[cfg(test)]
mod reference;
mod release;
mod report;
mod resolve;
mod rollback;
mod setup;
mod signals;
mod status;
mod test;
mod wrap;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use explain::Exit;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  runner deploy ./plugins --database sqlite:demo.db       apply pending alterations
  runner check ./plugins --database sqlite:demo.db        exit 3 if any are not applied
  runner rollback --steps 1 --database sqlite:demo.db     revert the last alteration
  runner pack ./sql --out ./plugins/acme/shop             build components from SQL
  runner new acme/notes --lang sql                        create a plugin project

";

/// Applies database alterations (migrations) from vendors you do not have to trust.
#[derive(Debug, Parser)]
#[command(name = "runner", version, after_help = format!("{EXAMPLES}Exit codes: {}.", Exit::list()), max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Deploy(Box<deploy::Args>),
    Check(check::Args),
    Plan(plan::Args),
    Status(status::Args),
    Rollback(rollback::Args),
    Resolve(resolve::Args),
    Baseline(baseline::Args),
    Permissions(permissions::Args),
    Confine(Box<confine::Args>),
    Setup(setup::Args),
    New(new::Args),
    Add(add::Args),
    Build(build::Args),
    Dev(dev::Args),
    Release(release::Args),
    Test(test::Args),
    Pack(pack::Args),
    Inspect(inspect::Args),
    Lock(lock::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Shows help, or what is wrong with the arguments: without a password that stands among them.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        error.exit();
    }
    let text = error.render().to_string();
    match alteration_domain::secret::hidden(&text) == text {
        true => error.exit(),
        false => output::note(alteration_domain::secret::hidden(&text).trim_end()),
    }
    Exit::Usage.into()
}

/// The whole command line. What tries alterations on a scratch database needs to be told none.
fn command() -> clap::Command {
    let scratch = |verb: clap::Command| {
        verb.mut_arg("database", |arg| arg.required(false).default_value(test::SCRATCH_URL))
    };
    Cli::command().mut_subcommand("test", scratch).mut_subcommand("dev", scratch)
}

/// Parses the arguments of this process, does what they say, and tells how it ended.
pub fn main() -> ExitCode {
    let parsed = command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    // One thread does the work and waits for answers itself: with several, each answer of a server would wake
    // one thread that wakes another.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::problem(&format!("this process cannot start its threads: {error}"), &[]);
            return Exit::Failed.into();
        }
    };
    let exit = runtime.block_on(async {
        match cli.verb {
            Verb::Deploy(args) => deploy::run(*args).await,
            Verb::Check(args) => check::run(args).await,
            Verb::Plan(args) => plan::run(args).await,
            Verb::Status(args) => status::run(args).await,
            Verb::Rollback(args) => rollback::run(args).await,
            Verb::Resolve(args) => resolve::run(args).await,
            Verb::Baseline(args) => baseline::run(args).await,
            Verb::Permissions(args) => permissions::run(args).await,
            Verb::Confine(args) => confine::run(*args).await,
            Verb::Setup(args) => setup::run(args).await,
            Verb::New(args) => new::run(&args),
            Verb::Add(args) => add::run(&args),
            Verb::Build(args) => build::run(&args),
            Verb::Dev(args) => dev::run(args).await,
            Verb::Release(args) => release::run(args).await,
            Verb::Test(args) => test::run(args).await,
            Verb::Pack(args) => pack::run(&args),
            Verb::Inspect(args) => inspect::run(&args),
            Verb::Lock(args) => lock::run(&args),
            Verb::Completions(args) => completions::run(&args),
            Verb::Man(args) => man::run(&args),
        }
    });
    // What is compiled for a run that has ended is not waited for.
    runtime.shutdown_background();
    match exit {
        Exit::Done if !output::all_written() => Exit::Failed.into(),
        exit => exit.into(),
    }
}
