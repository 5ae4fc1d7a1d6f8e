//! `runner deploy`: applies what is pending, after asking.

use super::{
    explain::{self, Exit},
    options::{Format, HandedArgs, Offer, RunArgs, TargetArgs},
    output::{self, count, duration},
    plan,
    report::{Reporter, Statement},
    signals::{self, Asking},
};
use crate::{
    Control, DeployOptions, Report, backend::DatabaseUrl, escape::Escaped, event::NotRehearsed,
    plan::Plan,
};
use serde::Serialize;
use std::{
    io::{BufRead, IsTerminal},
    sync::{Arc, atomic::Ordering},
};

/// Applies the alterations that are pending
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  runner deploy ./plugins --database sqlite:demo.db
  runner deploy ./plugins --dry-run                       run everything, keep nothing
  runner deploy ./plugins --target acme/shop@1.1.0 --yes  one plugin, so far and no further
  DATABASE_URL=sqlite:demo.db runner deploy ./plugins --format json")]
pub(super) struct Args {
    #[command(flatten)]
    offer: Offer,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    handed: HandedArgs,
    /// Apply to this copy of the database instead, for what a dry run cannot run
    #[arg(long, value_name = "URL", conflicts_with = "dry_run", hide_env_values = true)]
    rehearse_on: Option<DatabaseUrl>,
    #[command(flatten)]
    run: RunArgs,
}

pub(super) async fn run(args: Args) -> Exit {
    let format = args.run.output.format;
    let reporter = Reporter::new(args.run.style());
    let deployed = async {
        let runner = args.run.runner(&args.offer.database, &args.offer.plugins)?;
        let options = args.handed.hand(&args.offer.plugins, args.target.options()?)?;
        let options = DeployOptions { how: args.run.how(), ..options };
        let url = runner.url().to_string();
        let on = args.rehearse_on.as_ref().map(ToString::to_string);
        let shown = on.unwrap_or_else(|| url.clone());
        let control = control(&reporter, shown, args.run.yes || args.run.dry_run, format);
        let report = match &args.rehearse_on {
            Some(scratch) => runner.rehearse_on(scratch, &options, &control).await?,
            None => runner.deploy(&options, &control).await?,
        };
        Ok::<_, crate::Error>((report, url))
    };
    let deployed = deployed.await;
    reporter.clear();
    match deployed {
        Ok((report, url)) if args.rehearse_on.is_some() && format == Format::Text => {
            let done = count(report.steps.len() as u64, "alteration");
            let total = duration(report.duration_ms);
            output::result(&format!("Rehearsed {done} in {total}; {url} was not touched."));
            Exit::Done
        }
        Ok((report, url)) => {
            summary(&report, &url, format, reporter.statements());
            Exit::Done
        }
        Err(error) => explain::error(&error, format),
    }
}

/// Takes part for a person at a terminal: asks there, and nowhere else.
pub(super) fn control(reporter: &Arc<Reporter>, url: String, yes: bool, format: Format) -> Control {
    let (cancelled, asking) = signals::listen();
    let confirm = move |plan: &Plan| {
        let person = !yes && std::io::stdin().is_terminal();
        // Whoever is asked has to see what it is about, also when the result is for a program.
        if format == Format::Text || person {
            plan::text(plan, &url, output::note);
        }
        !person || ask(&asking)
    };
    Control { observer: reporter.observer(), confirm: Box::new(confirm), cancelled }
}

fn ask(asking: &Asking) -> bool {
    // Before the question is seen, because the answer may follow at once.
    asking.store(true, Ordering::SeqCst);
    output::ask("Go on? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    asking.store(false, Ordering::SeqCst);
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// The result of a deploy or rollback, as JSON.
#[derive(Serialize)]
struct Document<'a> {
    database: &'a str,
    outcome: &'static str,
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    statements: Vec<Statement>,
}

pub(super) fn summary(report: &Report, url: &str, format: Format, statements: Vec<Statement>) {
    let steps = report.steps.len() as u64;
    for finding in &report.notes {
        output::warning(&finding.to_string(), &finding.advice());
    }
    let down = report.steps.iter().any(|step| step.direction == crate::alteration::Direction::Down);
    let outcome = match (steps, report.rehearsed, down) {
        (_, true, _) if report.not_rehearsed.is_some() => "partly-rehearsed",
        (0, ..) => "up-to-date",
        (_, true, _) => "rehearsed",
        (_, false, true) => "reverted",
        (_, false, false) => "applied",
    };
    if format == Format::Json {
        output::json(&Document { database: url, outcome, report, statements });
        return;
    }
    if let Some(NotRehearsed { key, statement, rest }) = &report.not_rehearsed {
        let what = format!(
            "{key} was not rehearsed: it runs a statement that cannot be rolled back: {}",
            Escaped(statement)
        );
        let rest = match rest {
            0 => "nothing comes after it".to_owned(),
            rest => format!("nor were the {} after it", count(*rest as u64, "alteration")),
        };
        output::warning(&what, &format!("{rest}; `--rehearse-on URL` runs all of it on a copy"));
    }
    let total = duration(report.duration_ms);
    let alterations = count(steps, "alteration");
    output::result(&match (steps, report.rehearsed, down) {
        (0, ..) if report.not_rehearsed.is_none() => format!("{url} is up to date."),
        (_, true, _) => {
            format!("Dry run: {alterations} ran in {total}; all of it was rolled back.")
        }
        (_, false, true) => format!("Rolled back {alterations} in {total}."),
        (_, false, false) => format!("Applied {alterations} in {total}."),
    });
}
