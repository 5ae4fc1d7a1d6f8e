//! `runner confine`: has a plugin with records work as a confined one, and back.

use super::{
    explain::{self, Exit},
    options::{Database, Format, HookArgs, Output, SettingArgs, Style, TrustArgs, yes},
    output::{self, count},
    report::Reporter,
    signals::{self, Asking},
};
use alteration_deploy::{
    ConfineOptions, Confined, Confinement, Control, Error, Replay, Wish,
    event::{Event, Observer},
    shown,
};
use alteration_domain::{alteration::PluginName, escape::Escaped, record::Object};
use alteration_record::{Holdings, TurnedFunction, ViewRead};
use serde::Serialize;
use std::{
    io::{BufRead as _, IsTerminal as _},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// How often a line says how far a replay is where there is no progress bar.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Confines a plugin that is already installed, so that it reaches only what it made and what you granted
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Shows the plugin's objects and what changes, asks, and gives them to a role of the plugin's own in one transaction \
(PostgreSQL). The user of the URL keeps all rights on them; the privileges of others stay as they are. On SQLite only \
the record changes.

If the record does not say what the plugin made, because it is from an older runner, the plugin's alterations are \
replayed on a scratch database runner_test_…, with the rights of the URL's user.

Examples:
  runner confine acme/shop --database postgres://runner@host/app
  runner confine acme/shop --prepare application.sql   if its alterations need the application's tables
  runner confine acme/shop --undo                      works with the rights of the URL's user again
  runner confine acme/shop --repair                    after a restore elsewhere, or if its role was dropped")]
pub(super) struct Args {
    /// The plugin
    #[arg(value_name = "VENDOR/NAME")]
    plugin: PluginName,
    /// Have it work with the rights of the URL's user again: its objects become that user's, its role is dropped
    #[arg(long, group = "wish")]
    undo: bool,
    /// Make role, rights and owners what is recorded: the database was restored elsewhere, or the role was dropped
    #[arg(long, group = "wish")]
    repair: bool,
    /// Run this SQL on the scratch database first, such as tables of the application
    #[arg(long, value_name = "FILE", conflicts_with = "wish")]
    prepare: Option<PathBuf>,
    /// Replay the alterations even if the record says what they made
    #[arg(long, conflicts_with_all = ["wish", "no_replay"])]
    replay: bool,
    /// Take the recorded objects as all there are, and replay nothing
    #[arg(long, conflicts_with_all = ["wish", "prepare"])]
    no_replay: bool,
    /// Do not ask for confirmation; needed if there is no terminal
    #[arg(long, short, env = "RUNNER_YES", hide_env_values = true, value_parser = yes,
        action = clap::ArgAction::SetTrue)]
    yes: bool,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    settings: SettingArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    hooks: HookArgs,
}

#[derive(Serialize)]
struct Document<'a> {
    /// The database's URL, without its password.
    database: &'a str,
    /// The plugin.
    plugin: &'a PluginName,
    /// `confined`, `guarded` (with `--undo`), `repaired` or `up-to-date`.
    outcome: &'static str,
    /// The plugin's role; with `--undo` its former role, if that could not be dropped. Null if there is none.
    role: Option<&'a str>,
    /// The objects that changed their owner, or that it is confined to from here on.
    objects: Vec<MovedObject>,
    /// The functions that run with the plugin's own rights from here on.
    functions: Vec<ChangedFunction>,
    /// The plugin's code on tables that are not its own, which stays there.
    code_elsewhere: Vec<String>,
    /// What the plugin's views read, on which it got the right to.
    reads: Vec<GrantedRead>,
    /// How many alterations were replayed on a scratch database.
    replayed: usize,
}

/// An object of the plugin.
#[derive(Serialize)]
struct MovedObject {
    /// `table`, `view`, `sequence`, `function`, `type`, `schema`; on SQLite also `index` and `trigger`.
    kind: &'static str,
    /// Its schema; empty on SQLite.
    schema: String,
    /// Its name, of a function with the types of its parameters.
    name: String,
}

/// A function that runs in another way than before.
#[derive(Serialize)]
struct ChangedFunction {
    /// Its name, with the types of its parameters.
    name: String,
    /// Whether only hooks of the plugin can call it.
    closed: bool,
}

/// What a view reads that is not the plugin's.
#[derive(Serialize)]
struct GrantedRead {
    /// The view.
    view: String,
    /// The table or view that it reads.
    relation: String,
}

pub(super) async fn run(args: Args) -> Exit {
    let format = args.output.format;
    let style = Style { format, statements: false, save: false, verbose: false };
    let reporter = Reporter::new(style);
    let is_unasked = AtomicBool::new(false);
    let confined = async {
        let runner = args.hooks.runner(&args.database, &[], false)?;
        let (settings, levels) = args.settings.settings(&args.database.config)?;
        let options = ConfineOptions {
            wish: match (args.undo, args.repair) {
                (true, _) => Wish::Undo,
                (_, true) => Wish::Repair,
                (false, false) => Wish::Confine,
            },
            replay: match (args.replay, args.no_replay) {
                (true, _) => Replay::Always,
                (_, true) => Replay::Never,
                (false, false) => Replay::IfNeeded,
            },
            prepare: args.prepare.clone(),
            settings,
            levels: args.trust.and(levels),
            how: args.hooks.how(),
        };
        let (cancelled, asking) = signals::listen();
        let observer = telling(reporter.observer(), format);
        let control = Control { observer, cancelled, ..Control::default() };
        let url = runner.url().to_string();
        let confirm = |what: &Confinement| {
            reporter.clear();
            confirm(&args, what, &url, &is_unasked, &asking)
        };
        let done = runner.confine(&args.plugin, &options, &control, &confirm).await?;
        Ok::<_, Error>((done, url))
    };
    let confined = confined.await;
    reporter.clear();
    match confined {
        Ok((done, url)) => {
            shown_result(&args, &done, &url);
            Exit::Done
        }
        Err(Error::Declined) if is_unasked.load(Ordering::Relaxed) => {
            explain::unconfined(&args.plugin, format)
        }
        Err(error) => explain::error(&error, format),
    }
}

/// Also writes a line now and then of how far a replay is, if there is no terminal; never beside a result for programs.
fn telling(observer: Observer, format: Format) -> Observer {
    let is_told = format == Format::Text && !std::io::stderr().is_terminal();
    let last = Mutex::new(Instant::now());
    Arc::new(move |event| {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Event::Started { position, total, .. } = event
            && is_told
            && last.elapsed() >= LINE_EVERY
        {
            *last = Instant::now();
            let all = count(total as u64, "alteration");
            output::note(&format!("Replaying: {position} of {all}"));
        }
        observer(event);
    })
}

/// Shows what would change, and asks the person at the terminal.
fn confirm(
    args: &Args,
    what: &Confinement,
    url: &str,
    is_unasked: &AtomicBool,
    asking: &Asking,
) -> bool {
    let person = !args.yes && std::io::stdin().is_terminal();
    if args.output.format == Format::Text || person {
        changes(&args.plugin, what, url);
    }
    if !person {
        is_unasked.store(!args.yes, Ordering::Relaxed);
        return args.yes;
    }
    // Before the question is seen, because the answer may follow at once.
    asking.store(true, Ordering::SeqCst);
    output::ask("Go on? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    asking.store(false, Ordering::SeqCst);
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

fn changes(plugin: &PluginName, what: &Confinement, url: &str) {
    let Confinement { wish, made, holdings, replayed } = what;
    let Holdings { user, role, moving, staying, functions, code_elsewhere, reads, .. } = holdings;
    let has_users = !user.is_empty();
    if *replayed > 0 {
        let replayed = count(*replayed as u64, "alteration");
        output::note(&format!("Replayed {replayed} on a scratch database."));
    }
    output::note(&match (wish, has_users, role) {
        (Wish::Undo, true, Some(role)) => format!(
            "{plugin} on {url}: what its role {} owns becomes {}'s",
            Escaped(role),
            Escaped(user)
        ),
        (Wish::Undo, ..) => format!("{plugin} on {url}: it would not be confined any more"),
        (Wish::Repair, ..) => format!("{plugin} on {url}: these become its role's again"),
        (Wish::Confine, true, _) => {
            format!("{plugin} on {url}: these become a role's of its own")
        }
        (Wish::Confine, false, _) => format!("{plugin} on {url}: it would be confined to these"),
    });
    let listed: Vec<&Object> = match wish {
        Wish::Undo => made.keys().collect(),
        Wish::Confine | Wish::Repair => moving.iter().collect(),
    };
    for object in listed {
        output::note(&format!("   {}", shown(object)));
    }
    if *wish == Wish::Undo || !has_users {
        return;
    }
    for schema in staying {
        output::note(&format!(
            "   {}  (stays as it is: it holds others' objects too)",
            shown(schema)
        ));
    }
    if !functions.is_empty() {
        output::note("Functions that would run with the plugin's own rights, whoever calls them:");
    }
    for TurnedFunction { name, is_closed } in functions {
        let closed = if *is_closed {
            "  (makes objects or executes text: only the plugin's hooks could call it)"
        } else {
            ""
        };
        output::note(&format!("   {}{closed}", Escaped(name)));
    }
    if !code_elsewhere.is_empty() {
        output::note("Its code on what is not its own, which stays there:");
    }
    for code in code_elsewhere {
        output::note(&format!("   {}", Escaped(code)));
    }
    if !reads.is_empty() {
        output::note("What its views read, which it would be granted:");
    }
    for ViewRead { view, relation, .. } in reads {
        output::note(&format!("   {}  (by {})", Escaped(relation), Escaped(view)));
    }
    output::note(&format!(
        "{} keeps all rights on them. The privileges of others stay as they are.",
        Escaped(user)
    ));
}

fn shown_result(args: &Args, done: &Confined, url: &str) {
    let plugin = &args.plugin;
    let (outcome, what, role) = match done {
        Confined::UpToDate => ("up-to-date", None, None),
        Confined::Done { what, role } => {
            let outcome = match what.wish {
                Wish::Confine => "confined",
                Wish::Undo => "guarded",
                Wish::Repair => "repaired",
            };
            (outcome, Some(what), role.as_deref())
        }
    };
    if args.output.format == Format::Json {
        let objects = what.map(|what| match what.wish {
            Wish::Undo => what.made.keys().cloned().collect(),
            Wish::Confine | Wish::Repair => what.holdings.moving.clone(),
        });
        let holdings = what.map(|what| what.holdings.clone()).unwrap_or_default();
        output::json(&Document {
            database: url,
            plugin,
            outcome,
            role,
            objects: objects.unwrap_or_default().into_iter().map(MovedObject::from).collect(),
            functions: holdings.functions.into_iter().map(ChangedFunction::from).collect(),
            code_elsewhere: holdings.code_elsewhere,
            reads: holdings.reads.into_iter().map(GrantedRead::from).collect(),
            replayed: what.map(|what| what.replayed).unwrap_or_default(),
        });
        return;
    }
    let user = what.map(|what| what.holdings.user.as_str()).unwrap_or_default();
    output::result(&match (what.map(|what| what.wish), role) {
        (None, _) if args.undo || args.repair => {
            format!("{url}: {plugin} is as it should be; nothing was changed.")
        }
        (None, _) => format!("{url}: {plugin} is confined."),
        (Some(Wish::Confine), Some(role)) => {
            format!("{plugin} is confined: it works as the role {}.", Escaped(role))
        }
        (Some(Wish::Confine), None) => format!("{plugin} is confined."),
        (Some(Wish::Repair), _) => format!("{plugin} has what is recorded of it again."),
        (Some(Wish::Undo), Some(role)) => format!(
            "{plugin} is not confined any more. The role {} has no rights here; a database administrator may drop it.",
            Escaped(role)
        ),
        (Some(Wish::Undo), None) if user.is_empty() => {
            format!("{plugin} is not confined any more.")
        }
        (Some(Wish::Undo), None) => {
            format!("{plugin} is not confined any more: it works as {}.", Escaped(user))
        }
    });
}

impl From<Object> for MovedObject {
    fn from(object: Object) -> Self {
        Self { kind: object.kind.as_str(), schema: object.place, name: object.name }
    }
}

impl From<TurnedFunction> for ChangedFunction {
    fn from(function: TurnedFunction) -> Self {
        Self { name: function.name, closed: function.is_closed }
    }
}

impl From<ViewRead> for GrantedRead {
    fn from(read: ViewRead) -> Self {
        Self { view: read.view, relation: read.relation }
    }
}
