//! `runner plan`: what a deploy would run, in which order, and why.

use super::{
    command,
    explain::{self, Exit},
    options::{
        ConfineArgs, Format, HandedArgs, LockFileArgs, Offer, Output, RenameArgs, TargetArgs,
        TrustArgs,
    },
    output,
};
use alteration_deploy::DeployOptions;
use alteration_domain::{
    alteration::{Direction, Level},
    escape::Escaped,
    plan::{Finding, Plan, Reason, Severity},
};
use serde::Serialize;

/// Shows what `deploy` would run, in which order, and why
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  runner plan ./plugins --database sqlite:demo.db
  runner plan ./plugins --target acme/shop@1.1.0 --format json")]
pub(super) struct Args {
    #[command(flatten)]
    offer: Offer,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    handed: HandedArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    confine: ConfineArgs,
    #[command(flatten)]
    lock_file: LockFileArgs,
    #[command(flatten)]
    renames: RenameArgs,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Document<'a> {
    /// The database's URL, without its password.
    database: &'a str,
    #[serde(flatten)]
    plan: &'a Plan,
}

pub(super) async fn run(args: Args) -> Exit {
    let format = args.output.format;
    let planned = async {
        let runner = args.offer.runner(&args.lock_file)?;
        let options = args.handed.hand(&args.offer, args.target.options()?)?;
        let levels = args.confine.and(args.trust.and(options.levels));
        let options = DeployOptions { renames: args.renames.renames(), levels, ..options };
        runner.plan(&options).await.map(|plan| (plan, runner.url().to_string()))
    };
    match planned.await {
        Ok((plan, url)) => {
            match format {
                Format::Json => output::json(&Document { database: &url, plan: &plan }),
                Format::Text => text(&plan, &url, output::result),
            }
            explain::findings_exit(&plan.findings)
        }
        Err(error) => explain::error(&error, format),
    }
}

/// Lists a plan, line by line.
pub(super) fn text(plan: &Plan, database: &str, line: impl Fn(&str)) {
    let steps = plan.steps.len() as u64;
    let down = plan.steps.iter().filter(|step| step.direction == Direction::Down).count() as u64;
    let is_mixed = (1..steps).contains(&down);
    let way = match plan.steps.first().map(|step| (step.direction, &step.reason)) {
        Some((Direction::Down, _)) => "to roll back",
        Some((_, Reason::Recorded)) => "to record as applied, without running them",
        _ => "to apply",
    };
    match steps {
        0 => line(&format!("{database}: nothing {way}")),
        _ if is_mixed => line(&format!(
            "{database}: {} to take down, with what {} made, then {} to apply",
            output::count(down, "draft"),
            if down == 1 { "it" } else { "they" },
            steps - down
        )),
        _ => line(&format!("{database}: {} {way}", output::count(steps, "alteration"))),
    }
    for (at, step) in plan.steps.iter().enumerate() {
        let mut about = step.reason.to_string();
        if step.direction == Direction::Up {
            about.push_str(if step.draft { "; draft" } else { "" });
            about.push_str(if step.irreversible { "; irreversible" } else { "" });
        }
        if step.level != Level::Guarded {
            about.push_str(&format!("; {}", step.level));
        }
        let way = match step.direction {
            _ if !is_mixed => "",
            Direction::Up => "up   ",
            Direction::Down => "down ",
        };
        line(&format!("{:>4}. {way}{}  ({about})", at + 1, step.key));
        if let Some(description) = &step.description {
            line(&format!("      {}", Escaped(description)));
        }
        for asked in step.asks.lines() {
            line(&format!("      {asked}"));
        }
        if !step.creates.is_empty() {
            let names: Vec<String> =
                step.creates.iter().map(|name| Escaped(name).to_string()).collect();
            line(&format!("      makes {}", names.join(", ")));
        }
    }
    for skip in &plan.skipped {
        line(&format!("   -  {}  (left: {})", skip.key, skip.reason));
    }
    for key in &plan.released {
        line(&format!("   -  {key}  (applied as a draft, and released now)"));
    }
    for (at, finding) in plan.findings.iter().enumerate() {
        let label = match finding.severity() {
            Severity::Note => "note",
            Severity::Decision | Severity::Invalid => "objection",
        };
        line(&format!("   {label}: {finding}"));
        // The same of each, so that it is said once.
        if matches!(finding, Finding::NotResumable { .. })
            && matches!(plan.findings.get(at + 1), Some(Finding::NotResumable { .. }))
        {
            continue;
        }
        for effect in finding.took_effect() {
            line(&format!("     took effect: {}", Escaped(effect)));
        }
        line(&format!("     next: {}", command::advice(finding)));
        output::commands(&command::of_finding(finding), &line);
    }
}
