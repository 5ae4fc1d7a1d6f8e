//! `runner check`: the gate before an application starts.

use super::{
    explain::{self, Exit},
    options::{Format, Offer, Output, PolicyArgs},
    output,
};
use crate::{Check, plan::Severity};
use serde::Serialize;
use std::path::PathBuf;

/// Exits 0 if everything released is applied, 3 if not, 4 if the state needs a decision
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  runner check ./plugins --database sqlite:app.db && exec ./server
  runner check ./plugins --format json")]
pub(super) struct Args {
    #[command(flatten)]
    offer: Offer,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Document<'a> {
    database: &'a str,
    deployed: bool,
    #[serde(flatten)]
    check: &'a Check,
}

pub(super) async fn run(args: Args) -> Exit {
    let format = args.output.format;
    let checked = async {
        let runner = args.offer.runner()?;
        runner.check_with(args.policy.policy()).await.map(|check| (check, runner.url().to_string()))
    };
    match checked.await {
        Ok((check, url)) => {
            let exit = exit(&check);
            match format {
                Format::Json => output::json(&Document {
                    database: &url,
                    deployed: exit == Exit::Done,
                    check: &check,
                }),
                Format::Text => text(&check, &url, &args.offer.plugins),
            }
            exit
        }
        Err(error) => explain::error(&error, format),
    }
}

fn exit(check: &Check) -> Exit {
    match explain::findings_exit(&check.findings) {
        Exit::Done if check.undeployed.is_empty() => Exit::Done,
        Exit::Done => Exit::Undeployed,
        objection => objection,
    }
}

fn text(check: &Check, url: &str, plugins: &[PathBuf]) {
    for finding in &check.findings {
        match finding.severity() {
            Severity::Note => output::warning(&finding.to_string(), &finding.advice()),
            Severity::Decision | Severity::Invalid => {
                output::problem(&finding.to_string(), &[("next", finding.advice())]);
            }
        }
    }
    if check.undeployed.is_empty() {
        if check.objections().next().is_none() {
            output::result(&format!("{url} is up to date."));
        }
        return;
    }
    output::result("Found undeployed database alterations:");
    for step in &check.undeployed {
        output::result(&format!("  {}", step.key));
    }
    if check.objections().next().is_some() {
        // Deploying would be refused as well: the findings say what to do.
        return;
    }
    let plugins: Vec<String> =
        plugins.iter().map(|path| output::word(&path.display().to_string())).collect();
    output::result(&format!(
        "Deploy them with: runner deploy {} --database {}",
        plugins.join(" "),
        output::word(url)
    ));
}
