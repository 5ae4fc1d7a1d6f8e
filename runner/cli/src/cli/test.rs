//! `runner test`: takes each alteration up, down and up again on a scratch database, and shows what
//! does not come back.

mod show;

pub(super) use show::show;

use super::{
    explain::{self, Exit},
    options::{
        BoundArgs, Database, Format, HandedArgs, HookArgs, LockFileArgs, Offer, Output, Style,
        TrustArgs,
    },
    output,
    project::{self, Own},
    report::Reporter,
    signals,
};
use crate::project::{Built, Project, TESTS};
use alteration_deploy::{
    Control, DeployOptions, RowFiles, TestOptions, Trial,
    deploy::Trust,
    trial::{ColumnName, Tested},
};
use alteration_domain::alteration::{Alteration, AlterationId, AlterationKey, Dialect};
use clap::{Args as _, FromArgMatches as _};
use serde::Serialize;
use show::{summary, text};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// Names no file: a scratch database for SQLite is one in a temporary folder.
pub(super) const SCRATCH_URL: &str = "sqlite:scratch.db";

/// Tests alterations: applies, reverts and reapplies each on a scratch database
#[derive(Debug, clap::Args)]
#[command(after_help = "\
On PostgreSQL, MariaDB and MySQL, --database names the server: a scratch database runner_test_… is created \
there and removed at the end. The next run lists scratch databases of killed runs; drop them by hand. On \
SQLite, a file in a temporary folder runner-test-… is used; files of killed runs stay there.

After `down`, schema and rows must be as they were before `up`; after the second `up`, as they were after the \
first. The counters of sequences and AUTO_INCREMENT are not compared; the values they gave are.

If an alteration fails, the ones that need it are not tested; all others are. If it leaves something behind, \
the test continues on a new scratch database; with --keep it stops.

Without PLUGINS, the drafts of the project in the working directory are built and tested, after its released \
alterations are applied. `tests/<id>.sql`, or `tests/<id>.<dialect>.sql`, runs before that alteration is first \
applied.

Plugins run with the rights of the URL's user: use a server without valuable data. A user who could run \
programs on the server, such as a superuser, needs --trust; a project of code does not, because its build has \
already run that code.

Examples:
  runner test                                  in a project, on SQLite
  runner test --database postgres://ci@server/ci
  runner test ./plugins --database sqlite:test.db
  runner test ./shop ./crm --database postgres://ci@server/ci --prepare customers.sql
  runner test ./shop --database mariadb://ci@server/ci --ignore orders.created_at")]
pub(super) struct Args {
    /// Component files, or folders to search for them [default: the project in the working directory]
    plugins: Vec<PathBuf>,
    /// Build and test the drafts of the project in this folder too
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    bound: BoundArgs,
    /// Run this SQL on the scratch database first, such as tables and rows of the application
    #[arg(long, value_name = "FILE")]
    prepare: Option<PathBuf>,
    /// Do not compare this column, because its values differ in each run; may be repeated
    #[arg(long, value_name = "TABLE.COLUMN")]
    ignore: Vec<ColumnName>,
    /// Keep the scratch database, and show its URL
    #[arg(long)]
    keep: bool,
    #[command(flatten)]
    handed: HandedArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    lock_file: LockFileArgs,
    /// Show each statement when it is done, and debug messages of components
    #[arg(long, short)]
    verbose: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    hooks: HookArgs,
}

#[derive(Serialize)]
struct Document<'a> {
    /// The database's URL, without its password.
    database: &'a str,
    #[serde(flatten)]
    trial: &'a Trial,
}

/// How a test ended, and its document for programs, which is not printed yet.
pub(super) struct Ended {
    pub(super) exit: Exit,
    pub(super) document: Option<serde_json::Value>,
    /// What was tested on; `None` where nothing was.
    pub(super) dialect: Option<Dialect>,
}

impl From<Exit> for Ended {
    fn from(exit: Exit) -> Self {
        Self { exit, document: None, dialect: None }
    }
}

impl Ended {
    fn shown(self) -> Exit {
        if let Some(document) = &self.document {
            output::json(document);
        }
        self.exit
    }
}

/// What a test of a project has beside its arguments.
#[derive(Default)]
struct Extra {
    rows: BTreeMap<AlterationKey, RowFiles>,
    only: Option<BTreeSet<AlterationKey>>,
    /// Where checks lie, besides those beside components.
    checks: Option<PathBuf>,
    is_project: bool,
}

pub(super) async fn run(mut args: Args) -> Exit {
    if args.project.is_none() && !args.plugins.is_empty() {
        return try_plugins(args, Extra::default()).await.shown();
    }
    let format = args.output.format;
    let folder = args.project.take().unwrap_or_else(|| PathBuf::from("."));
    let built = Project::open(&folder).and_then(|project| {
        let built = project::build(&project, args.hooks.cache_folder(), format)?;
        Ok((project, built))
    });
    match built {
        Ok((project, built)) => try_project(args, &project, &built).await.shown(),
        Err(error) => project::explain(&error, format),
    }
}

/// A test of a project's drafts on one database.
pub(super) struct Trying<'a> {
    pub(super) project: &'a Project,
    pub(super) built: &'a Built,
    /// Components of other plugins.
    pub(super) with: &'a [PathBuf],
    pub(super) prepare: Option<&'a Path>,
    pub(super) url: &'a str,
    /// Plugins that may run as a user who reaches beyond the database.
    pub(super) trusts: Vec<Trust>,
    pub(super) format: Format,
}

/// Tests what was built, as `runner test` does without further arguments.
pub(super) async fn project(trying: Trying<'_>) -> Ended {
    let Trying { project, built, with, prepare, url, trusts, format } = trying;
    let command = Args::augment_args(clap::Command::new("test").no_binary_name(true));
    let parsed = command.try_get_matches_from([format!("--database={url}")]);
    // It has what a test needs, and the rest by default.
    let args = parsed.and_then(|matches| Args::from_arg_matches(&matches));
    let mut args = args.expect("no more than a database is needed");
    args.plugins = with.to_vec();
    args.prepare = prepare.map(Path::to_owned);
    args.output.format = format;
    args.trust.trust(trusts);
    try_project(args, project, built).await
}

/// Tests the drafts of a project that are for the database, after what was released.
async fn try_project(mut args: Args, project: &Project, built: &Built) -> Ended {
    let Own { plugin, catalog, grants, trusts } = match project::own(project, built) {
        Ok(Some(own)) => own,
        Ok(None) => {
            output::note("Nothing to test: the project has no alteration.");
            return Exit::Done.into();
        }
        Err(error) => return project::explain(&error, args.output.format).into(),
    };
    let drafts = built.drafts();
    if drafts.is_empty() {
        output::note("Nothing to test: every alteration was released.");
        return Exit::Done.into();
    }
    let dialects = args.database.dialects();
    let is_here = |one: &&Alteration| dialects.iter().any(|dialect| one.is_written_for(*dialect));
    let here: Vec<&Alteration> = catalog.iter().filter(is_here).collect();
    for left in catalog.iter().filter(|one| !is_here(one) && drafts.contains(&one.key.id)) {
        let names: Vec<&str> = left.dialects.iter().map(|dialect| dialect.as_str()).collect();
        output::note(&format!(
            "Not tested here: {}, which is for {}.",
            left.key.id,
            names.join(", ")
        ));
    }
    args.plugins.extend(here.iter().map(|one| one.path.clone()).collect::<BTreeSet<_>>());
    args.handed.grant(grants);
    args.trust.trust(trusts);
    let rows = here.iter().map(|one| {
        let file =
            |name: String| Some(project.root().join(TESTS).join(name)).filter(|path| path.exists());
        let id = &one.key.id;
        let of = Dialect::ALL.into_iter();
        let of = of.filter_map(|dialect| Some((dialect, file(format!("{id}.{dialect}.sql"))?)));
        let files = RowFiles { all: file(format!("{id}.sql")), of: of.collect() };
        (one.key.clone(), files)
    });
    let key = |id: &AlterationId| AlterationKey { plugin: plugin.clone(), id: id.clone() };
    let extra = Extra {
        rows: rows.collect(),
        only: Some(drafts.iter().map(|id| key(id)).collect()),
        checks: Some(project.root().join(TESTS)),
        is_project: true,
    };
    try_plugins(args, extra).await
}

async fn try_plugins(args: Args, extra: Extra) -> Ended {
    let format = args.output.format;
    let offer = Offer { plugins: args.plugins, database: args.database };
    let reporter =
        Reporter::new(Style { format, statements: false, save: false, verbose: args.verbose });
    let tested = async {
        // What an author builds is not what an operator pinned.
        let lock = match extra.is_project && !args.lock_file.is_named() {
            true => None,
            false => args.lock_file.read(&offer.database.config, &offer.plugins)?,
        };
        let runner = args.hooks.runner(&offer.database, &offer.plugins, args.verbose)?;
        let runner = runner.lock_file(lock);
        let deploy = DeployOptions {
            target: args.bound.target()?,
            how: args.hooks.how(),
            ..DeployOptions::default()
        };
        let deploy = args.handed.hand(&offer, deploy)?;
        let options = TestOptions {
            deploy: DeployOptions { levels: args.trust.and(deploy.levels).on_scratch(), ..deploy },
            prepare: args.prepare.clone(),
            keep: args.keep,
            ignore: args.ignore.iter().cloned().collect(),
            rows: extra.rows,
            only: extra.only,
            checks: extra.checks,
        };
        let (cancelled, _) = signals::listen();
        let control = Control { observer: reporter.observer(), cancelled, ..Control::default() };
        let tested = |tested: &Tested| {
            if format == Format::Text {
                reporter.clear();
                text(tested);
            }
        };
        let trial = runner.test(&options, &control, &tested).await?;
        Ok::<_, alteration_deploy::Error>((trial, runner.url().to_string()))
    };
    let tested = tested.await;
    reporter.clear();
    match tested {
        Ok((trial, url)) => {
            let document = Document { database: &url, trial: &trial };
            let document = (format == Format::Json).then(|| {
                serde_json::to_value(&document).expect("results hold nothing that JSON cannot say")
            });
            let exit = summary(&trial, format, extra.is_project);
            Ended { exit, document, dialect: Some(trial.dialect) }
        }
        Err(error) => explain::error(&error, format).into(),
    }
}
