//! `runner release`: tests the drafts of a project on each database it is meant for, and releases those very bytes.

use super::{
    explain::{self, Exit},
    options::{Cache, Format, Output, TrustArgs},
    output::{self, count},
    project::{self, ProjectArgs, shown},
    test,
};
use crate::project::{Built, Project, ProjectError, ReleaseReport};
use alteration_deploy::{config::Config, deploy::Levels};
use alteration_domain::alteration::{AlterationId, Dialect};
use alteration_record::{DatabaseUrl, Scheme};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// Releases a project's drafts: builds and tests them, then moves the tested files to `released`
#[derive(Debug, clap::Args)]
#[command(after_help = "\
SQLite is always tested, unless the manifest leaves it out. To test on a server, set RUNNER_TEST_POSTGRESQL, \
RUNNER_TEST_MARIADB or RUNNER_TEST_MYSQL, or name it under [test] in runner.toml: a scratch database is created \
there and removed. If the manifest names a dialect without a server, leave it out by name: --untested mysql.

Commit `released` and `alterations.lock`: released files never change.

Examples:
  runner release
  RUNNER_TEST_POSTGRESQL=postgres://ci@server/ci runner release
  runner release --with ../shop/released --untested mysql,mariadb")]
pub(super) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    /// Release for these dialects without a test; `alterations.lock` records it
    #[arg(long, value_name = "DIALECT", value_delimiter = ',')]
    untested: Vec<Dialect>,
    /// Apply these components of other plugins first; may be repeated
    #[arg(long = "with", value_name = "PLUGINS")]
    with: Vec<PathBuf>,
    /// Run this SQL on the scratch database first, such as tables and rows of the application
    #[arg(long, value_name = "FILE")]
    prepare: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    cache: Cache,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Document<'a> {
    /// The ids that were released.
    alterations: &'a [AlterationId],
    /// The components in `released`.
    components: Vec<String>,
    /// Those of them that are large for version control.
    large: Vec<String>,
    /// One document for each database, as `runner test` prints it.
    tests: &'a [serde_json::Value],
    /// Dialects that it was not tested on.
    untested: Vec<&'a str>,
}

/// Printed if a test failed: nothing was released.
#[derive(Serialize)]
struct Failed<'a> {
    /// Empty: nothing was released.
    alterations: [&'a AlterationId; 0],
    /// One document for each database, as `runner test` prints it.
    tests: &'a [serde_json::Value],
}

pub(super) async fn run(args: Args) -> Exit {
    let format = args.output.format;
    let prepared = Project::open(&args.project.project).and_then(|project| {
        let built = project::build(&project, args.cache.folder(), format)?;
        let tested = project.to_release(&built)?;
        let meant = meant(&built)?;
        Ok((project, built, tested, meant))
    });
    let (project, built, tested, meant) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return project::explain(&error, format),
    };
    let servers = match servers(&project) {
        Ok(servers) => servers,
        Err(error) => return explain::error(&error, format),
    };
    let untested = match untested(&meant, &servers, &args.untested) {
        Ok(untested) => untested,
        Err(Refused::Project(error)) => return project::explain(&error, format),
        Err(Refused::Forgotten { message, next }) => {
            return refused(&message, &next, Exit::Failed, format);
        }
    };
    let tests = match try_all(&args, &project, &built, &meant, &servers).await {
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

/// Dialects that a draft is for, and whether its author named them.
struct Meant {
    dialects: BTreeSet<Dialect>,
    is_named: bool,
}

fn meant(built: &Built) -> Result<BTreeMap<AlterationId, Meant>, ProjectError> {
    let (catalog, drafts) = (built.catalog()?, built.drafts());
    let drafts = catalog.iter().filter(|one| drafts.contains(&one.key.id));
    let meant = drafts.map(|one| {
        let dialects = Dialect::ALL.into_iter();
        let dialects = dialects.filter(|d| one.is_written_for(*d) && !one.is_elsewhere(*d));
        let is_named = !one.dialects.is_empty() || !one.needed_on.is_empty();
        (one.key.id.clone(), Meant { dialects: dialects.collect(), is_named })
    });
    Ok(meant.collect())
}

fn scheme(dialect: Dialect) -> Scheme {
    match dialect {
        Dialect::Sqlite => Scheme::Sqlite,
        Dialect::Postgresql => Scheme::Postgres,
        Dialect::Mysql | Dialect::Mariadb => Scheme::Mysql,
    }
}

/// Returns where each dialect is tested: a variable goes before the file.
fn servers(project: &Project) -> Result<BTreeMap<Dialect, String>, alteration_deploy::Error> {
    let mut servers = Config::of_project(project.root())?.tests();
    for dialect in Dialect::ALL {
        if let Ok(url) = std::env::var(variable(dialect))
            && !url.is_empty()
        {
            servers.insert(dialect, url);
        }
    }
    servers.entry(Dialect::Sqlite).or_insert_with(|| test::SCRATCH_URL.to_owned());
    Ok(servers)
}

fn variable(dialect: Dialect) -> String {
    format!("RUNNER_TEST_{}", dialect.as_str().to_ascii_uppercase())
}

/// Why there is no release.
enum Refused {
    Project(Box<ProjectError>),
    /// Dialects that are named have neither a server nor were left out.
    Forgotten {
        message: String,
        next: String,
    },
}

/// Returns what each draft is for and is not tested on. What the manifest names has to be left out by name, and so has
/// all of what a draft is for.
fn untested(
    meant: &BTreeMap<AlterationId, Meant>,
    servers: &BTreeMap<Dialect, String>,
    asked: &[Dialect],
) -> Result<BTreeMap<AlterationId, BTreeSet<Dialect>>, Refused> {
    let is_tested = |dialect: &Dialect| servers.contains_key(dialect) && !asked.contains(dialect);
    let without = |meant: &Meant| -> BTreeSet<Dialect> {
        meant.dialects.iter().copied().filter(|dialect| !is_tested(dialect)).collect()
    };
    let named = meant.values().filter(|meant| meant.is_named).flat_map(without);
    let forgotten: BTreeSet<Dialect> = named.filter(|dialect| !asked.contains(dialect)).collect();
    if !forgotten.is_empty() {
        let names: Vec<&str> = forgotten.iter().map(|dialect| dialect.as_str()).collect();
        let variables: Vec<String> =
            forgotten.iter().map(|dialect| format!("{}=URL", variable(*dialect))).collect();
        return Err(Refused::Forgotten {
            message: format!(
                "the manifest is for {}, and there is no server to test it on",
                names.join(" and ")
            ),
            next: format!(
                "name one: `{} runner release`; or release it untested: `runner release --untested {}`",
                variables.join(" "),
                names.join(",")
            ),
        });
    }
    for (id, meant) in meant {
        let is_left_out = meant.dialects.iter().all(|dialect| asked.contains(dialect));
        if !meant.dialects.iter().any(is_tested) && !is_left_out {
            let names: Vec<&str> = meant.dialects.iter().map(|dialect| dialect.as_str()).collect();
            let (id, dialects) = (id.clone(), names.join(", "));
            let error = ProjectError::Untested { id, dialects };
            return Err(Refused::Project(Box::new(error)));
        }
    }
    Ok(meant.iter().map(|(id, meant)| (id.clone(), without(meant))).collect())
}

fn refused(message: &str, next: &str, exit: Exit, format: Format) -> Exit {
    project::refused(message, "nothing was released", next, exit, format)
}

/// Tests on each database in turn; the documents of the tests.
async fn try_all(
    args: &Args,
    project: &Project,
    built: &Built,
    meant: &BTreeMap<AlterationId, Meant>,
    servers: &BTreeMap<Dialect, String>,
) -> Result<Vec<serde_json::Value>, Exit> {
    let format = args.output.format;
    let mut documents = Vec::new();
    for (dialect, url) in servers {
        let is_meant = meant.values().any(|meant| meant.dialects.contains(dialect));
        if !is_meant || args.untested.contains(dialect) {
            continue;
        }
        let another = |what: &str| {
            let message = format!("the server for {dialect} is {what}");
            let next = format!("correct {}, or [test] in runner.toml", variable(*dialect));
            refused(&message, &next, Exit::Usage, format)
        };
        if url.parse::<DatabaseUrl>().is_ok_and(|url| url.scheme() != scheme(*dialect)) {
            return Err(another("of another kind"));
        }
        output::note(&format!("Testing on {dialect}"));
        let trying = test::Trying {
            project,
            built,
            with: &args.with,
            prepare: args.prepare.as_deref(),
            url,
            trusts: args.trust.and(Levels::default()).trusted.into_iter().collect(),
            format,
        };
        let ended = test::project(trying).await;
        if ended.exit != Exit::Done {
            // Without a document of its own, an error has printed one.
            if let Some(document) = ended.document {
                documents.push(document);
                output::sorted_json(&Failed { alterations: [], tests: &documents });
            }
            output::note("Nothing was released.");
            return Err(ended.exit);
        }
        if let Some(found) = ended.dialect.filter(|found| found != dialect) {
            return Err(another(&format!("one of {found}")));
        }
        documents.extend(ended.document);
    }
    Ok(documents)
}

fn show(
    report: &ReleaseReport,
    untested: &BTreeMap<AlterationId, BTreeSet<Dialect>>,
    tests: &[serde_json::Value],
    format: Format,
) {
    let untested: BTreeSet<Dialect> = untested.values().flatten().copied().collect();
    let untested: Vec<&str> = untested.iter().map(|dialect| dialect.as_str()).collect();
    if format == Format::Json {
        let paths = |paths: &mut dyn Iterator<Item = &PathBuf>| -> Vec<String> {
            paths.map(|path| path.display().to_string()).collect()
        };
        output::sorted_json(&Document {
            alterations: &report.alterations,
            components: paths(&mut report.components.iter()),
            large: paths(&mut report.large.iter().map(|(path, _)| path)),
            tests,
            untested,
        });
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
