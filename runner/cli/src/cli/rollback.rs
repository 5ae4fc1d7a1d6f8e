//! `runner rollback`: takes applied alterations back, from the archive.

use super::{
    deploy::{Unasked, strict_control, summary},
    explain::Exit,
    options::{Allow, Database, Format, RunArgs, SettingArgs, TrustArgs},
    output, recorder,
    report::Reporter,
};
use alteration_deploy::{
    RollbackOptions,
    deploy::{Grant, Replaced, ReplacedSql},
};
use alteration_domain::{
    alteration::{ParseVersionError, PluginName},
    escape::Escaped,
    plan::RollbackTarget,
};
use std::path::PathBuf;

/// Reverts applied alterations, and the data they created; needs no plugin files
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("how_far").required(true), after_help = "\
Examples:
  runner rollback --steps 1 --database sqlite:demo.db
  runner rollback --plugin acme/shop --to 1.0.0 --database sqlite:demo.db
  runner rollback --steps 1 --with fixed.wasm                  with a corrected `down` from its vendor
  runner rollback --plugin acme/shop --to none --dry-run       show which tables would be dropped
  runner rollback --plugin acme/shop --to none --export saved  save them, then drop them")]
pub(super) struct Args {
    #[command(flatten)]
    database: Database,
    /// Revert this plugin only; required with --to
    #[arg(long, value_name = "VENDOR/NAME")]
    plugin: Option<PluginName>,
    /// Revert the plugin to this version; none reverts all of it
    #[arg(long, value_name = "VERSION", value_parser = version, requires = "plugin",
        group = "how_far")]
    to: Option<RollbackTarget>,
    /// Revert the last N alterations
    #[arg(long, value_name = "N", group = "how_far")]
    steps: Option<usize>,
    /// Run the `down` of this component instead of the archived one, for the alterations it declares; may be repeated
    #[arg(long, value_name = "FILE")]
    with: Vec<PathBuf>,
    /// Grant a further permission that a component of --with asks for: PERMISSION, or VENDOR/NAME:PERMISSION
    #[arg(long, value_name = "GRANT", requires = "with")]
    grant: Vec<Grant>,
    /// Save the tables that lose data to this new folder first, with the statements that restore them
    #[arg(long, value_name = "DIR", conflicts_with = "dry_run")]
    export: Option<PathBuf>,
    /// Choose what to do with alterations that a baseline recorded and that never ran here
    #[arg(long, value_enum, default_value_t = Allow::Error, value_name = "WHAT")]
    baselined: Allow,
    #[command(flatten)]
    settings: SettingArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    run: RunArgs,
}

fn version(text: &str) -> Result<RollbackTarget, ParseVersionError> {
    match text {
        "none" => Ok(RollbackTarget::Nothing),
        version => version.parse().map(RollbackTarget::Version),
    }
}

pub(super) async fn run(args: Args) -> Exit {
    let format = args.run.output.format;
    let reporter = Reporter::new(args.run.style());
    let unasked = Unasked::default();
    let target = args.to.clone().unwrap_or(RollbackTarget::Steps(args.steps.unwrap_or_default()));
    let rolled_back = async {
        let runner = args.run.runner(&args.database, &[])?;
        let (settings, levels) = args.settings.settings(&args.database.config)?;
        let options = RollbackOptions {
            plugin: args.plugin.clone(),
            target,
            baselined: args.baselined == Allow::Allow,
            settings,
            levels: args.trust.and(levels),
            export: args.export.clone(),
            with: args.with.clone(),
            grants: args.grant.iter().cloned().collect(),
            how: args.run.how(),
        };
        let url = runner.url().to_string();
        let yes = args.run.yes || args.run.dry_run;
        let control = strict_control(&reporter, url.clone(), yes, format, &unasked);
        runner.rollback(&options, &control).await.map(|report| (report, url))
    };
    let rolled_back = rolled_back.await;
    reporter.clear();
    match rolled_back {
        Ok((report, url)) if report.steps.is_empty() && format == Format::Text => {
            output::result(&format!("{url}: nothing to roll back."));
            Exit::Done
        }
        Ok((report, url)) => {
            summary(&report, &url, format, reporter.statements());
            recorder::save(&reporter, &args.run, &url, &report)
        }
        Err(error) => unasked.explain(&error, format),
    }
}

/// Shows how components differ that go down instead of those that were applied.
pub(super) fn replaced(replaced: &[Replaced], line: impl Fn(&str)) {
    for Replaced { key, applied, applied_bytes, with, with_bytes, sql } in replaced {
        let size = |bytes: usize| output::count(bytes as u64, "byte");
        line(&format!("   {key} goes down with another component than was applied:"));
        let applied_size = applied_bytes.map_or("not in the archive".to_owned(), size);
        line(&format!("     - {} ({applied_size})", applied.short()));
        line(&format!("     + {} ({})", with.short(), size(*with_bytes)));
        let Some(sql) = sql else {
            line("     what differs in them cannot be shown: it is not SQL");
            continue;
        };
        for ReplacedSql { hook, lines } in sql {
            match lines.is_empty() {
                true => line(&format!("     {hook}: the same SQL")),
                false => line(&format!("     {hook}:")),
            }
            for text in lines {
                line(&format!("       {}", Escaped(text)));
            }
        }
    }
}
