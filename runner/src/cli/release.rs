//! `runner release`: tests the drafts of a project on each database it is meant for, and releases those very bytes.

use super::{
    explain::{self, Exit},
    options::{Cache, Format, Output},
    output::{self, count},
    project::{self, ProjectArgs, shown},
    test,
};
use crate::{
    alteration::Dialect,
    backend::{DatabaseUrl, Scheme},
    config::Config,
    project::{Built, Project, ReleaseReport},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// Releases a project's drafts: builds and tests them, and puts what was tested into `released`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
SQLite is always tested, if the manifest does not leave it out. A server is tested if it is named: by \
RUNNER_TEST_POSTGRESQL, RUNNER_TEST_MARIADB or RUNNER_TEST_MYSQL, or under [test] in runner.toml. A database \
of its own is made there, and removed. A dialect that the manifest names and that has no server must be left out \
by name: --untested mysql.

Commit `released` and `alterations.lock`: what is there never changes.

Examples:
  runner release
  RUNNER_TEST_POSTGRESQL=postgres://ci@localhost/ci runner release
  runner release --with ../shop/released --untested mysql,mariadb")]
pub(super) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    /// Dialects to release for without a test; written into the lock
    #[arg(long, value_name = "DIALECT", value_delimiter = ',')]
    untested: Vec<Dialect>,
    /// Components of other plugins that these need; may be repeated
    #[arg(long = "with", value_name = "PLUGINS")]
    with: Vec<PathBuf>,
    /// SQL to run on the scratch database before anything, such as tables and rows of the application
    #[arg(long, value_name = "FILE")]
    prepare: Option<PathBuf>,
    #[command(flatten)]
    cache: Cache,
    #[command(flatten)]
    output: Output,
}

/// All dialects, SQLite first because it needs no server.
const DIALECTS: [Dialect; 4] =
    [Dialect::Sqlite, Dialect::Postgresql, Dialect::Mariadb, Dialect::Mysql];

pub(super) async fn run(args: Args) -> Exit {
    let format = args.output.format;
    let project = match Project::open(&args.project.project) {
        Ok(project) => project,
        Err(error) => return project::explain(&error, format),
    };
    let prepared = project::build(&project, args.cache.folder(), format).and_then(|built| {
        let tested = project.to_release(&built)?;
        let dialects = project.dialects(&built)?;
        Ok((built, tested, dialects))
    });
    let (built, tested, dialects) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return project::explain(&error, format),
    };
    let servers = match servers(&project) {
        Ok(servers) => servers,
        Err(error) => return explain::error(&error, format),
    };
    let untested = match untested(&dialects, &servers, &args.untested) {
        Ok(untested) => untested,
        Err(exit) => return exit(format),
    };
    let tests = match try_all(&args, &project, &built, &dialects, &servers, &untested).await {
        Ok(tests) => tests,
        Err(exit) => return exit,
    };
    match project.release(&built, &tested, &untested) {
        Ok(report) => {
            show(&report, &untested, &tests, format);
            Exit::Done
        }
        Err(error) => project::explain(&error, format),
    }
}

fn scheme(dialect: Dialect) -> Scheme {
    match dialect {
        Dialect::Sqlite => Scheme::Sqlite,
        Dialect::Postgresql => Scheme::Postgres,
        Dialect::Mysql | Dialect::Mariadb => Scheme::Mysql,
    }
}

/// Where each dialect is tested: a variable goes before the file.
fn servers(project: &Project) -> Result<BTreeMap<Dialect, String>, crate::Error> {
    let mut servers = Config::of_project(project.root())?.tests();
    for dialect in DIALECTS {
        let variable = format!("RUNNER_TEST_{}", dialect.as_str().to_ascii_uppercase());
        if let Ok(url) = std::env::var(variable)
            && !url.is_empty()
        {
            servers.insert(dialect, url);
        }
    }
    servers.entry(Dialect::Sqlite).or_insert_with(|| test::SCRATCH_URL.to_owned());
    Ok(servers)
}

type Refusal = Box<dyn FnOnce(Format) -> Exit>;

/// Dialects that nobody tests: of those that the manifest names, each has to be left out on purpose.
fn untested(
    named: &BTreeSet<Dialect>,
    servers: &BTreeMap<Dialect, String>,
    asked: &[Dialect],
) -> Result<BTreeSet<Dialect>, Refusal> {
    let meant = |dialect: &Dialect| named.is_empty() || named.contains(dialect);
    let without: BTreeSet<Dialect> = DIALECTS
        .into_iter()
        .filter(|dialect| meant(dialect))
        .filter(|dialect| asked.contains(dialect) || !servers.contains_key(dialect))
        .collect();
    let forgotten: Vec<&str> = without
        .iter()
        .filter(|dialect| named.contains(dialect) && !asked.contains(dialect))
        .map(|dialect| dialect.as_str())
        .collect();
    if forgotten.is_empty() {
        return Ok(without);
    }
    let message = format!(
        "the manifest is for {}, and there is no server to test it on",
        forgotten.join(" and ")
    );
    let variables: Vec<String> = forgotten
        .iter()
        .map(|name| format!("RUNNER_TEST_{}=URL", name.to_ascii_uppercase()))
        .collect();
    let next = format!(
        "name one: `{} runner release`; or release it untested: `runner release --untested {}`",
        variables.join(" "),
        forgotten.join(",")
    );
    Err(Box::new(move |format| {
        if format == Format::Json {
            output::json(&serde_json::json!({
                "error": {
                    "message": message,
                    "changed": "nothing was released",
                    "next": next,
                    "exit_code": Exit::Failed as u8,
                }
            }));
        }
        let lines = [("changed", "nothing was released".to_owned()), ("next", next)];
        output::problem(&message, &lines);
        Exit::Failed
    }))
}

/// Tests on each database in turn.
async fn try_all(
    args: &Args,
    project: &Project,
    built: &Built,
    named: &BTreeSet<Dialect>,
    servers: &BTreeMap<Dialect, String>,
    untested: &BTreeSet<Dialect>,
) -> Result<Vec<serde_json::Value>, Exit> {
    let format = args.output.format;
    let mut documents = Vec::new();
    for (dialect, url) in servers {
        if untested.contains(dialect) || (!named.is_empty() && !named.contains(dialect)) {
            continue;
        }
        if url.parse::<DatabaseUrl>().is_ok_and(|url| url.scheme() != scheme(*dialect)) {
            let message = format!("the server for {dialect} is of another kind");
            let next = format!(
                "correct RUNNER_TEST_{}, or [test] in runner.toml",
                dialect.as_str().to_ascii_uppercase()
            );
            output::problem(
                &message,
                &[("changed", "nothing was released".to_owned()), ("next", next)],
            );
            return Err(Exit::Usage);
        }
        output::note(&format!("Testing on {dialect}"));
        let trying = test::Trying {
            project,
            drafts: built.drafts(),
            with: &args.with,
            prepare: args.prepare.as_deref(),
            url,
            format,
        };
        let ended = test::project(trying).await;
        documents.extend(ended.document);
        if ended.exit != Exit::Done {
            if format == Format::Json && !documents.is_empty() {
                output::json(&serde_json::json!({ "tests": documents, "alterations": [] }));
            }
            output::note("Nothing was released.");
            return Err(ended.exit);
        }
    }
    Ok(documents)
}

fn show(
    report: &ReleaseReport,
    untested: &BTreeSet<Dialect>,
    tests: &[serde_json::Value],
    format: Format,
) {
    let untested: Vec<&str> = untested.iter().map(|dialect| dialect.as_str()).collect();
    if format == Format::Json {
        let paths = report.components.iter().map(|path| path.display().to_string());
        output::json(&serde_json::json!({
            "components": paths.collect::<Vec<_>>(),
            "alterations": report.alterations,
            "untested": untested,
            "tests": tests,
        }));
        return;
    }
    for path in &report.components {
        output::result(&shown(path));
    }
    output::result(&format!(
        "Released {} in {}.",
        count(report.alterations.len() as u64, "alteration"),
        count(report.components.len() as u64, "component")
    ));
    if !untested.is_empty() {
        output::note(&format!("Not tested on {}; the lock says so.", untested.join(", ")));
    }
    for (path, bytes) in &report.large {
        output::note(&format!(
            "{} has {} MiB: keep such files outside of version control where it has a place for them.",
            shown(path),
            bytes >> 20
        ));
    }
    output::note("next: commit `released` and `alterations.lock`");
}
