//! `runner baseline`: adopts a database that has its tables already.

use super::{
    command,
    deploy::control,
    explain::{self, Exit},
    options::{Format, Lock, LockFileArgs, Offer, Output, Style},
    output::{self, count},
    plan,
    report::Reporter,
};
use alteration_deploy::{BaselineFrom, BaselineOptions, Error, How, Report, Runner, deploy::Grant};
use alteration_domain::{
    alteration::{AlterationKey, PluginName},
    plan::UpTo,
};
use alteration_record::FormerTool;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;

/// Records alterations as applied without running them, for a database that has their tables already
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("how_far").required(true).multiple(false), after_help = "\
Examples:
  runner baseline ./plugins --from sqlx --dry-run         preview what sqlx-cli applied
  runner baseline ./plugins --from goose --ledger app.goose_db_version
  runner baseline ./plugins --to acme/shop@1.4.0-1718000000-add-invoices
  runner baseline ./plugins --to acme/shop@latest --yes")]
pub(super) struct Args {
    #[command(flatten)]
    offer: Offer,
    /// Record a plugin's alterations up to this one: VENDOR/NAME@ID, @VERSION or @latest; may be repeated
    #[arg(long, value_name = "ALTERATION", group = "how_far")]
    to: Vec<UpTo>,
    /// Record what this tool applied, as its own table says
    #[arg(long, value_name = "TOOL", value_parser = tool(), group = "how_far")]
    from: Option<FormerTool>,
    /// Read this table of the tool, if it is not the usual one; for Sqitch on SQLite, this file
    #[arg(long, value_name = "TABLE", requires = "from")]
    ledger: Option<String>,
    /// Name the plugin that the tool applied, if there are files of several plugins
    #[arg(long, value_name = "VENDOR/NAME", requires = "from")]
    plugin: Option<PluginName>,
    /// Grant a permission for a later rollback: PERMISSION, or VENDOR/NAME:PERMISSION
    #[arg(long, value_name = "GRANT")]
    grant: Vec<Grant>,
    /// Start new records here, even though another schema of this database has some of these alterations applied
    #[arg(long)]
    new_state: bool,
    /// Show what would be recorded, and record nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    lock_file: LockFileArgs,
    #[command(flatten)]
    lock: Lock,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Document<'a> {
    /// The database's URL, without its password.
    database: &'a str,
    /// The alterations that are recorded as applied now.
    recorded: Vec<&'a AlterationKey>,
}

fn tool() -> impl TypedValueParser<Value = FormerTool> {
    let find = |name: &str| FormerTool::ALL.into_iter().find(|tool| tool.as_str() == name);
    PossibleValuesParser::new(FormerTool::ALL.map(FormerTool::as_str))
        .map(move |name| find(&name).expect("clap lets no other through"))
}

pub(super) async fn run(args: Args) -> Exit {
    let format = args.output.format;
    match recorded(&args).await {
        Ok(()) => Exit::Done,
        Err(error) => explain::error(&error, format),
    }
}

async fn recorded(args: &Args) -> Result<(), Error> {
    let Offer { database, plugins } = &args.offer;
    let lock = args.lock_file.read(&database.config, plugins)?;
    let runner = database.locked_runner(&args.lock, plugins)?.lock_file(lock);
    let runner = runner.plugins(plugins.iter().cloned());
    let (keys, repeatables) = runner.baseline_keys(&from(args)).await?;
    if repeatables > 0 {
        let scripts = count(repeatables as u64, "repeatable script");
        output::warning(
            &format!(
                "the ledger has {scripts}, and does not say with which text: they stay pending"
            ),
            "the next deploy runs them once more; record those that must not run with `--to VENDOR/NAME@ID`",
        );
    }
    let options = BaselineOptions {
        new_state: args.new_state,
        keys,
        grants: args.offer.database.config.grants(&args.grant, &args.offer.plugins)?,
        how: How { lock_patience: args.lock.lock_timeout, ..How::default() },
    };
    if args.dry_run {
        return show(&runner, &options, args.output.format).await;
    }
    let style =
        Style { format: args.output.format, statements: false, save: false, verbose: false };
    let reporter = Reporter::new(style);
    let url = runner.url().to_string();
    let control = control(&reporter, url.clone(), args.yes, args.output.format);
    let report = runner.baseline(&options, &control).await;
    reporter.clear();
    summary(&report?, &url, args.output.format);
    Ok(())
}

fn from(args: &Args) -> BaselineFrom {
    match args.from {
        None => BaselineFrom::UpTo(args.to.clone()),
        Some(tool) => {
            BaselineFrom::Former { tool, table: args.ledger.clone(), plugin: args.plugin.clone() }
        }
    }
}

async fn show(runner: &Runner, options: &BaselineOptions, format: Format) -> Result<(), Error> {
    let shown = runner.plan_baseline(options).await?;
    match format {
        Format::Json => output::json(&shown),
        Format::Text => plan::text(&shown, &runner.url().to_string(), output::result),
    }
    if shown.objections().next().is_some() {
        return Err(Error::Objections(Box::new(shown)));
    }
    Ok(())
}

fn summary(report: &Report, url: &str, format: Format) {
    for finding in &report.notes {
        command::warn(finding);
    }
    let recorded: Vec<_> = report.steps.iter().map(|step| &step.key).collect();
    match (format, recorded.len()) {
        (Format::Json, _) => {
            output::sorted_json(&Document { database: url, recorded });
        }
        (Format::Text, 0) => output::result(&format!("{url}: nothing to record.")),
        (Format::Text, steps) => {
            let alterations = count(steps as u64, "alteration");
            output::result(&format!("Recorded {alterations} as applied; none of them ran."));
        }
    }
}
