//! `runner deploy`: applies what is pending, after asking.

use super::{
    command,
    explain::{self, Exit},
    losses,
    options::{
        ConfineArgs, Format, HandedArgs, LockFileArgs, Offer, RenameArgs, RunArgs, TargetArgs,
        TrustArgs,
    },
    output::{self, count, duration},
    plan, recorder,
    report::{Reporter, Statement},
    rollback,
    signals::{self, Asking},
};
use alteration_deploy::{
    Answer, Control, DeployOptions, Question, Report,
    event::{NotRehearsed, TakenOver, Unrehearsed},
};
use alteration_domain::{
    alteration::Direction,
    escape::Escaped,
    plan::{Finding, Rename},
};
use alteration_record::DatabaseUrl;
use serde::Serialize;
use std::{
    io::{BufRead, IsTerminal},
    sync::{Arc, OnceLock, atomic::Ordering},
};

/// Applies pending alterations
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  runner deploy ./plugins --database sqlite:demo.db
  runner deploy ./plugins --dry-run                       run everything, then roll back
  runner deploy ./plugins --dry-run --save                and save the statements
  runner deploy ./plugins --target acme/shop@1.1.0 --yes  one plugin, up to a version
  DATABASE_URL=sqlite:demo.db RUNNER_YES=1 runner deploy ./plugins --format json")]
pub(super) struct Args {
    #[command(flatten)]
    offer: Offer,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    handed: HandedArgs,
    /// Start new records here, even though another schema of this database has some of these alterations applied
    #[arg(long)]
    new_state: bool,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    confine: ConfineArgs,
    #[command(flatten)]
    lock_file: LockFileArgs,
    #[command(flatten)]
    renames: RenameArgs,
    /// Apply to this copy of the database instead, to rehearse what a dry run cannot
    #[arg(long, value_name = "URL", group = "rehearsal", hide_env_values = true)]
    rehearse_on: Option<DatabaseUrl>,
    #[command(flatten)]
    run: RunArgs,
}

pub(super) async fn run(args: Args) -> Exit {
    let format = args.run.output.format;
    let reporter = Reporter::new(args.run.style());
    let unasked = Unasked::default();
    let deployed = async {
        let Offer { database, plugins } = &args.offer;
        let lock = args.lock_file.read(&database.config, plugins)?;
        let runner = args.run.runner(database, plugins)?.lock_file(lock);
        let options = args.handed.hand(&args.offer, args.target.options()?)?;
        let levels = args.confine.and(args.trust.and(options.levels));
        let new_state = args.new_state;
        let renames = args.renames.renames();
        let options = DeployOptions { how: args.run.how(), levels, renames, new_state, ..options };
        let url = runner.url().to_string();
        let on = args.rehearse_on.as_ref().map(ToString::to_string);
        let shown = on.unwrap_or_else(|| url.clone());
        let yes = args.run.yes || args.run.dry_run;
        let control = strict_control(&reporter, shown, yes, format, &unasked);
        let report = match &args.rehearse_on {
            Some(scratch) => runner.rehearse_on(scratch, &options, &control).await?,
            None => runner.deploy(&options, &control).await?,
        };
        Ok::<_, alteration_deploy::Error>((report, url))
    };
    let deployed = deployed.await;
    reporter.clear();
    match deployed {
        Ok((report, url)) => {
            match &args.rehearse_on {
                Some(_) if format == Format::Text => {
                    let done = count(report.steps.len() as u64, "alteration");
                    let total = duration(report.duration_ms);
                    output::result(&format!("Rehearsed {done} in {total}; {url} was not touched."));
                }
                _ => summary(&report, &url, format, reporter.statements()),
            }
            let on = args.rehearse_on.as_ref().map(ToString::to_string).unwrap_or(url);
            recorder::save(&reporter, &args.run, &on, &report)
        }
        Err(error) => unasked.explain(&error, format),
    }
}

/// What was not run, because it needed a yes and there was no terminal to ask at.
#[derive(Debug, Clone, Default)]
pub(super) struct Unasked(Arc<OnceLock<(usize, Direction)>>);

impl Unasked {
    /// Explains `error`, which may be that nobody could be asked.
    pub(super) fn explain(&self, error: &alteration_deploy::Error, format: Format) -> Exit {
        match (error, self.0.get()) {
            (alteration_deploy::Error::Declined, Some((steps, direction))) => {
                explain::unasked(*steps, *direction, format)
            }
            _ => explain::error(error, format),
        }
    }
}

/// Takes part for a person at a terminal: asks there, and nowhere else.
pub(super) fn control(reporter: &Arc<Reporter>, url: String, yes: bool, format: Format) -> Control {
    confirming(reporter, url, yes, format, None)
}

/// The same for a verb that needs a yes: where there is no terminal, and none was given, nothing is done.
pub(super) fn strict_control(
    reporter: &Arc<Reporter>,
    url: String,
    yes: bool,
    format: Format,
    unasked: &Unasked,
) -> Control {
    confirming(reporter, url, yes, format, Some(unasked.clone()))
}

fn confirming(
    reporter: &Arc<Reporter>,
    url: String,
    yes: bool,
    format: Format,
    unasked: Option<Unasked>,
) -> Control {
    let (cancelled, asking) = signals::listen();
    let confirm = move |question: &Question<'_>| {
        let Question { plan, powerful, renames, folders, losses, export, replaced } = *question;
        let person = !yes && std::io::stdin().is_terminal();
        // Whoever is asked has to see what it is about, also when the result is for a program.
        if format == Format::Text || person {
            plan::text(plan, &url, output::note);
            rollback::replaced(replaced, output::note);
            if let Some(losses) = losses {
                losses::text(losses, export, output::note);
            }
        }
        match (&unasked, powerful) {
            _ if person => ask(&asking, question),
            // Nor to this one.
            _ if !renames.is_empty() || !folders.is_empty() => Answer::Yes,
            // A yes would be no answer to it, nor to what is not granted.
            (_, Some(_)) => Answer::Yes,
            _ if plan.lacks_grants() => Answer::Yes,
            (Some(unasked), None) if !yes => {
                // Drafts that a deploy takes down before are among those that it applies.
                let direction = plan.steps.last().map_or(Direction::Up, |step| step.direction);
                let steps = plan.steps.iter().filter(|step| step.direction == direction).count();
                unasked.0.get_or_init(|| (steps, direction));
                Answer::No
            }
            _ => Answer::Yes,
        }
    };
    Control { observer: reporter.observer(), confirm: Box::new(confirm), cancelled }
}

/// A yes does not trust anybody with a server: that takes the word itself.
fn ask(asking: &Asking, question: &Question<'_>) -> Answer {
    let Question { powerful, renames, folders, .. } = *question;
    // Before the question is seen, because the answer may follow at once.
    asking.store(true, Ordering::SeqCst);
    match powerful {
        _ if !renames.is_empty() => output::ask(&renames_question(renames)),
        _ if !folders.is_empty() => output::ask(&folders_question(folders)),
        Some(powerful) => output::ask(&format!(
            "Careful: {powerful}.\nType trust if you trust it with that, for this run{}. Go on? [trust/N] ",
            if question.plan.lacks_grants() {
                ", and to grant what is NOT granted above"
            } else {
                ""
            }
        )),
        None => output::ask(&losses::question(question)),
    }
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    asking.store(false, Ordering::SeqCst);
    match answer.trim().to_ascii_lowercase().as_str() {
        _ if read.is_err() => Answer::No,
        "rename" if !renames.is_empty() => Answer::Rename,
        _ if !renames.is_empty() => Answer::No,
        "folder" if !folders.is_empty() => Answer::Folder,
        _ if !folders.is_empty() => Answer::No,
        "y" | "yes" if question.plan.lacks_grants() => Answer::Grant,
        "y" | "yes" => Answer::Yes,
        "trust" if powerful.is_some() => Answer::Trust,
        _ => Answer::No,
    }
}

/// Asks whose records they are. A yes is soon typed; this takes the word itself.
fn renames_question(renames: &[Rename]) -> String {
    let said: String = renames
        .iter()
        .map(|Rename { from, to }| {
            format!("{to} says that it is what {from} was called before; its records, and what comes with them, would be {to}'s.\n")
        })
        .collect();
    let vendors: Vec<_> = renames.iter().map(|rename| rename.from.to_string()).collect();
    format!(
        "Careful: {said}Any plugin can say so. Type rename if the vendor of {} says so too. Go on? [rename/N] ",
        vendors.join(" and ")
    )
}

/// Asks whose files they are. A yes is soon typed; this takes the word itself.
fn folders_question(folders: &[Finding]) -> String {
    let said: String = folders.iter().map(|finding| format!("{finding}.\n")).collect();
    format!(
        "Careful: {said}Any manifest can claim that name. Type folder if its vendor ships these files too: they run without what is granted to the name. Go on? [folder/N] "
    )
}

/// The result of a deploy or rollback.
#[derive(Serialize)]
struct Document<'a> {
    /// The database's URL, without its password.
    database: &'a str,
    /// `applied`, `reverted`, `up-to-date`, `taken-over` (records only), `rehearsed` or `partly-rehearsed`.
    outcome: &'static str,
    #[serde(flatten)]
    report: &'a Report,
    /// What ran, with `--dry-run`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    statements: Vec<Statement>,
}

pub(super) fn summary(report: &Report, url: &str, format: Format, statements: Vec<Statement>) {
    let going =
        |direction| report.steps.iter().filter(|step| step.direction == direction).count() as u64;
    let (ups, downs) = (going(Direction::Up), going(Direction::Down));
    let steps = ups + downs;
    for finding in &report.notes {
        command::warn(finding);
    }
    // A deploy may have taken drafts down before it applied them again.
    let down = ups == 0;
    if let Some(exported) = &report.exported
        && format == Format::Text
    {
        losses::exported(exported);
    }
    let outcome = match (steps, report.rehearsed, down) {
        (_, true, _) if report.not_rehearsed.is_some() => "partly-rehearsed",
        (0, true, _) if !report.taken_over.is_empty() => "rehearsed",
        (0, ..) if !report.taken_over.is_empty() => "taken-over",
        (0, ..) => "up-to-date",
        (_, true, _) => "rehearsed",
        (_, false, true) => "reverted",
        (_, false, false) => "applied",
    };
    if format == Format::Json {
        output::json(&Document { database: url, outcome, report, statements });
        return;
    }
    if let Some(NotRehearsed { key, reason, statement, rest }) = &report.not_rehearsed {
        let reason = match reason {
            Unrehearsed::Statement => format!(
                "it runs a statement that cannot be rolled back: {}",
                Escaped(statement.as_deref().unwrap_or_default())
            ),
            Unrehearsed::OtherPlugin => {
                "a confined plugin works on a session of its own, which does not see what was rehearsed of another plugin".to_owned()
            }
            Unrehearsed::Outside => {
                "its plugin is confined, and it has hooks that run outside of a transaction".to_owned()
            }
            Unrehearsed::Stays => {
                "its plugin is confined, and needs an extension or a role first, which would stay".to_owned()
            }
        };
        let what = format!("{key} was not rehearsed: {reason}");
        let rest = match rest {
            0 => "nothing comes after it".to_owned(),
            rest => format!("nor were the {} after it", count(*rest as u64, "alteration")),
        };
        output::warning(&what, &format!("{rest}; `--rehearse-on URL` runs all of it on a copy"));
    }
    let total = duration(report.duration_ms);
    let mut alterations = count(if down { downs } else { ups }, "alteration");
    if !down && downs > 0 {
        let drafts = count(downs, "draft");
        match report.rehearsed {
            true => alterations = format!("{drafts} down and {alterations} up"),
            false => output::result(&format!("Took {drafts} down first.")),
        }
    }
    for TakenOver { from, to, applied } in &report.taken_over {
        let count = count(*applied as u64, "applied alteration");
        match report.rehearsed {
            true => output::result(&format!("{to} would take over {count} of {from}.")),
            false => {
                output::result(&format!("{to} took over {count} of {from}; none of them ran."))
            }
        }
    }
    if steps == 0 && !report.taken_over.is_empty() && report.not_rehearsed.is_none() {
        return;
    }
    output::result(&match (steps, report.rehearsed, down) {
        (0, ..) if report.not_rehearsed.is_none() => format!("{url} is up to date."),
        (_, true, _) => {
            format!("Dry run: {alterations} ran in {total}; all of it was rolled back.")
        }
        (_, false, true) => format!("Rolled back {alterations} in {total}."),
        (_, false, false) => format!("Applied {alterations} in {total}."),
    });
}
