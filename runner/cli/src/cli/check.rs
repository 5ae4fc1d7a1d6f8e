//! `runner check`: the gate before an application starts.

use super::{
    command,
    explain::{self, Exit},
    options::{Format, LockFileArgs, Offer, Output, PolicyArgs},
    output,
};
use alteration_deploy::{Check, Error, Runner};
use alteration_domain::plan::{Policy, Reason, Severity};
use alteration_record::DatabaseUrl;
use serde::Serialize;
use std::time::{Duration, Instant};

/// Between two looks at a database that another runner deploys to.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Checks before an application starts: exits 0 if every released alteration is applied, 3 if not, 4 if a person has
/// to decide
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  runner check ./plugins --database sqlite:app.db && exec ./server
  runner check ./plugins --until-deployed 10m && exec ./server
  runner check ./plugins --format json")]
pub(super) struct Args {
    #[command(flatten)]
    offer: Offer,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    lock_file: LockFileArgs,
    /// Wait at most this long until everything is deployed
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    until_deployed: Option<Duration>,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Document<'a> {
    /// The database's URL, without its password.
    database: &'a str,
    /// Whether the exit code is 0.
    deployed: bool,
    #[serde(flatten)]
    check: &'a Check,
}

pub(super) async fn run(args: Args) -> Exit {
    let format = args.output.format;
    let checked = async {
        let runner = args.offer.runner(&args.lock_file)?;
        let check = wait(&runner, args.policy.policy(), args.until_deployed).await?;
        Ok::<_, Error>((check, runner.url().clone()))
    };
    match checked.await {
        Ok((check, url)) => {
            let exit = exit(&check);
            match format {
                Format::Json => output::json(&Document {
                    database: &url.to_string(),
                    deployed: exit == Exit::Done,
                    check: &check,
                }),
                Format::Text => text(&check, &url),
            }
            exit
        }
        Err(error) => explain::error(&error, format),
    }
}

/// Checks, and again as long as something is undeployed that nobody has to decide about.
async fn wait(
    runner: &Runner,
    policy: Policy,
    until_deployed: Option<Duration>,
) -> Result<Check, Error> {
    let began = Instant::now();
    let mut is_told = false;
    loop {
        let check = runner.check_with(policy).await?;
        let is_over = until_deployed.is_none_or(|time| began.elapsed() >= time);
        if is_over || exit(&check) != Exit::Undeployed {
            return Ok(check);
        }
        if !is_told {
            let count = output::count(check.undeployed.len() as u64, "undeployed alteration");
            output::note(&format!("Waiting for {count} of {}.", runner.url()));
            is_told = true;
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

fn exit(check: &Check) -> Exit {
    match explain::findings_exit(&check.findings) {
        Exit::Done if check.undeployed.is_empty() => Exit::Done,
        Exit::Done => Exit::Undeployed,
        objection => objection,
    }
}

fn text(check: &Check, url: &DatabaseUrl) {
    for finding in &check.findings {
        match finding.severity() {
            Severity::Note => command::warn(finding),
            Severity::Decision | Severity::Invalid => {
                let effects = finding.took_effect().iter().cloned();
                let mut lines: Vec<_> = effects.map(|effect| ("took effect", effect)).collect();
                lines.push(("next", command::advice(finding)));
                output::problem(&finding.to_string(), &lines);
                output::commands(&command::of_finding(finding), output::note);
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
    let drafts = check.undeployed.iter().any(|step| step.draft || step.reason == Reason::Again);
    let drafts = if drafts { " --allow-drafts" } else { "" };
    output::result(&format!("Deploy them with: {}{drafts}", command::deploys()));
}
