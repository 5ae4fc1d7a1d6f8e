//! `runner pack`: sources become components, which are loaded once before they are written.

use super::{
    command,
    explain::{self, Exit, Refusal},
    options::{Cache, Format, Output},
    output::{self, count},
};
use alteration_domain::{
    alteration::{AlterationId, Checksum, Dialect, PluginName},
    escape::Escaped,
};
use alteration_host::{Host, Limits};
use alteration_pack::{
    self as pack, Existing, Layout, Leftover, PackOptions, Reading, history::HistoryError,
};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Builds components from a folder of SQL, a core module or a component
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  runner pack ./sql --out ./plugins/acme/shop              one component per alteration
  runner pack ./sql --bundle --out ./out                   one component per version
  runner pack module.wasm --manifest alteration.json --out ./out

Migrations of another tool are packed as they are. The tool is detected from file names and markers; if
ambiguous, pass --from TOOL:
  runner pack ./migrations --plugin acme/shop --out ./out
  runner pack ./migrations --from refinery --plugin acme/shop --out ./out
  runner pack ./sql --from flyway --placeholder schema=shop --plugin acme/shop --out ./out

  sqlx            <number>_<name>.sql, or .up.sql and .down.sql; `-- no-transaction`
  golang-migrate  <number>_<name>.up.sql and .down.sql
  diesel          <number>_<name>/up.sql, down.sql, metadata.toml
  dbmate          <number>_<name>.sql with `-- migrate:up`, `-- migrate:down`
  goose           <number>_<name>.sql with `-- +goose Up`, `-- +goose Down`
  flyway          V<version>__<name>.sql, U…, R__<name>.sql, flyway.conf, <script>.conf
  refinery        V<number>__<name>.sql, U<number>__<name>.sql
  prisma          <stamp>_<name>/migration.sql and down.sql, migration_lock.toml
  drizzle         <number>_<name>.sql with meta/_journal.json, or folders
  supabase        <stamp>_<name>.sql in supabase/migrations
  wrangler        <number>_<name>.sql of D1
  atlas           <version>_<name>.sql with atlas.sum; `-- atlas:txmode none`
  sql-migrate     <name>.sql with `-- +migrate Up`, `-- +migrate Down`
  sqitch          sqitch.plan with deploy/, revert/, verify/
  liquibase       SQL with `--liquibase formatted sql`, `--changeset author:id`
  node-pg-migrate <number>_<name>.sql with `-- Up Migration`, `-- Down Migration`
  db-migrate      <number>-<name>.js with sqls/<number>-<name>-up.sql, -down.sql
  postgrator      <number>.do.<name>.sql and <number>.undo.<name>.sql
  postgres-migrations  <number>_<name>.sql or <number>-<name>.sql, from 1 without a gap
  graphile-migrate  committed/<number>-<name>.sql with `--! Previous:`, `--! Hash:`
  umzug           <name>.sql with down/<name>.sql
  tern            <number>_<name>.sql with `---- create above / drop below ----`
  rambler         <number>_<name>.sql with `-- rambler up`, `-- rambler down`
  mybatis         <number>_<name>.sql with `-- //@UNDO`
  npm-sqlite      <number>-<name>.sql with `-- Down`
  micrate         <number>_<name>.sql with `-- +micrate Up`, `-- +micrate Down`
  shmig           <number>-<name>.sql with `-- ====  UP  ====`, `-- ==== DOWN ====`
  runner          <id>.up.sql, .down.sql, .before-up.sql, .before-down.sql, .step.sql

In runner's own layout, SQL that differs between databases is in one file per database, for any hook:

  <id>.up.sql             for every database without its own file
  <id>.postgresql.up.sql  for PostgreSQL
  <id>.sqlite.up.sql      for SQLite
  <id>.mysql.up.sql       for MySQL, and for MariaDB without its own file
  <id>.mariadb.up.sql     for MariaDB

One component holds all of them. A history may also have one folder per database (sqlite/, postgres/,
mysql/, mariadb/): files of the same name become one component, and a file that only some folders
have is for those databases only.")]
pub(super) struct Args {
    /// A folder of SQL, a core module or a component
    source: PathBuf,
    /// Write the components to this folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Read the folder as migrations of this tool
    #[arg(long, value_name = "TOOL", value_parser = layouts())]
    from: Option<Layout>,
    /// Declare a database that the SQL is for, if `alteration.toml` does not; may be repeated or separated by commas
    #[arg(long = "dialect", value_name = "DIALECT", value_delimiter = ',', value_parser = dialects())]
    dialects: Vec<Dialect>,
    /// Replace `${NAME}` in Flyway scripts, or `$NAME` in goose scripts, with this value; may be repeated
    #[arg(long = "placeholder", value_name = "NAME=VALUE", value_parser = placeholder)]
    placeholders: Vec<(String, String)>,
    /// Name the plugin, if the source does not
    #[arg(long, value_name = "VENDOR/NAME")]
    plugin: Option<PluginName>,
    /// Use this manifest (JSON or TOML) for a module or component
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Write one component per version instead of one per alteration; every id needs a version
    #[arg(long)]
    bundle: bool,
    /// Overwrite files of the same name that differ; only for files that were never shipped
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    cache: Cache,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Document<'a> {
    /// The components, in the order in which they were written.
    components: &'a [pack::Written],
    /// Scripts beside them, which `runner test` runs after the alteration went up.
    checks: &'a [pack::Written],
    /// How a folder of another tool was read; null for any other source.
    history: Option<History<'a>>,
    /// What is worth knowing about the source.
    notes: Vec<String>,
}

/// A folder of SQL, as it was read.
#[derive(Serialize)]
struct History<'a> {
    /// The folder of each dialect, if there is one for each.
    folders: BTreeMap<&'a Dialect, String>,
    /// The tool whose history it is, as `--from` names it.
    layout: &'a str,
    /// Alterations that not every folder has, with the dialects that have them.
    only_for: &'a BTreeMap<AlterationId, BTreeSet<Dialect>>,
    /// Files that the tool does not run.
    passed_over: Vec<String>,
    /// Alterations whose written way back does nothing.
    without_way_back: &'a [AlterationId],
}

/// How often a line tells that it is still compiling.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Components of each kind that are named.
const LEFT_MAX: usize = 10;
/// Notes about files that are shown.
const NOTES_MAX: usize = 50;
const UNCHANGED: &str = "nothing was written";
const NEXT: &str =
    "correct that and pack again; `--replace` replaces files that were never shipped";
/// The advice for a folder that fits several tools.
const CHOOSE: &str = "pack it as a history of the tool that runs it:";

pub(super) fn run(args: &Args) -> Exit {
    let options = PackOptions {
        plugin: args.plugin.clone(),
        manifest: args.manifest.clone(),
        bundle: args.bundle,
        layout: args.from,
        dialects: args.dialects.iter().copied().collect(),
        placeholders: args.placeholders.iter().cloned().collect::<BTreeMap<_, _>>(),
        shipped: Some(args.out.clone()),
        ..PackOptions::default()
    };
    let existing = if args.replace { Existing::Replace } else { Existing::Keep };
    let written = pack::pack(&args.source, &options)
        .map_err(Unpacked::of)
        .and_then(|components| {
            load(&components, cache(args).as_deref(), args.output.format)
                .map_err(Unpacked::new)
                .map(|()| components)
        })
        .and_then(|components| {
            let reading = pack::reading(&args.source, &options);
            let written = pack::write(&components, &args.out, existing);
            let left = match args.source.is_dir() {
                true => pack::leftovers(&components, &args.out),
                // Each alteration of code has a source of its own.
                false => Vec::new(),
            };
            reading.and_then(|reading| Ok((written?, reading, left))).map_err(Unpacked::of)
        });
    match written {
        Ok((written, (reading, notes), left)) => {
            match args.output.format {
                Format::Json => output::sorted_json(&Document {
                    components: &written.components,
                    checks: &written.checks,
                    history: reading.as_ref().map(history),
                    notes: notes.iter().map(pack::Note::told).collect(),
                }),
                Format::Text => text(&written, reading.as_ref(), &notes),
            }
            still_there(&left);
            Exit::Done
        }
        Err(Unpacked { message, problems, fits }) => {
            let commands: Vec<String> =
                fits.iter().map(|tool| command::again(&format!("--from {tool}"))).collect();
            let next = if commands.is_empty() { NEXT } else { CHOOSE };
            let refusal =
                Refusal { message: &message, changed: UNCHANGED, next, commands, problems };
            explain::refused(refusal, Exit::Failed, args.output.format)
        }
    }
}

/// Why nothing was written.
struct Unpacked {
    message: String,
    /// Each of a folder's problems.
    problems: Vec<String>,
    /// Tools that the folder could be a history of, if that is the problem.
    fits: Vec<Layout>,
}

impl Unpacked {
    fn new(message: String) -> Self {
        Self { problems: vec![message.clone()], message, fits: Vec::new() }
    }

    fn of(error: pack::PackError) -> Self {
        match &error {
            pack::PackError::Folder(pack::FolderError::Several(several)) => {
                let problems = several.0.iter().map(ToString::to_string).collect();
                Self { message: error.to_string(), problems, fits: Vec::new() }
            }
            pack::PackError::Folder(pack::FolderError::History(HistoryError::Ambiguous {
                first,
                second,
                ..
            })) => Self { fits: vec![*first, *second], ..Self::new(error.to_string()) },
            error => Self::new(error.to_string()),
        }
    }
}

fn layouts() -> impl TypedValueParser<Value = Layout> {
    PossibleValuesParser::new(Layout::ALL.map(Layout::as_str))
        .try_map(|name| name.parse::<Layout>())
}

fn dialects() -> impl TypedValueParser<Value = Dialect> {
    PossibleValuesParser::new(Dialect::ALL.map(Dialect::as_str)).map(|name| {
        let known = Dialect::ALL.into_iter().find(|dialect| dialect.as_str() == name);
        known.unwrap_or(Dialect::Sqlite)
    })
}

fn placeholder(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// A code component takes seconds to compile, and its author deploys it next. Those of SQL take
/// milliseconds, and are many.
fn cache(args: &Args) -> Option<PathBuf> {
    args.cache.folder().filter(|_| args.source.is_file())
}

/// Loads each component as `deploy` would: what does not load is not written.
fn load(
    components: &[pack::PackedComponent],
    cache: Option<&Path>,
    format: Format,
) -> Result<(), String> {
    let host = Host::new(Limits::default(), cache);
    let mut told = Instant::now();
    for (at, component) in components.iter().enumerate() {
        if told.elapsed() >= LINE_EVERY && format == Format::Text {
            told = Instant::now();
            output::note(&format!(
                "Compiling: {at} of {}",
                count(components.len() as u64, "component")
            ));
        }
        // What is known to be SQL is not compiled.
        if pack::SqlSource::of(&component.bytes).is_some() {
            continue;
        }
        host.load(&component.bytes, Checksum::of(&component.bytes))
            .map_err(|error| format!("{}: {error}", component.file_name))?;
    }
    Ok(())
}

/// Names components that a deploy would run besides. Those with the stamp of one that is made were most likely renamed.
fn still_there(left: &[Leftover]) {
    let shown = |leftover: &Leftover| Escaped(&leftover.path.display().to_string()).to_string();
    let (renamed, gone): (Vec<_>, Vec<_>) = left.iter().partition(|one| one.instead.is_some());
    for leftover in renamed.iter().take(LEFT_MAX) {
        let Some(instead) = &leftover.instead else { continue };
        output::remark(&format!(
            "Still there: {}, with the stamp of {instead}. A deploy would run both: remove it if it was never shipped, else put its name back in the source.",
            shown(leftover)
        ));
    }
    if let more @ 1.. = renamed.len().saturating_sub(LEFT_MAX) {
        output::remark(&format!("So are {more} more."));
    }
    if !gone.is_empty() {
        let names: Vec<String> = gone.iter().take(LEFT_MAX).map(|one| shown(one)).collect();
        let more = match gone.len().saturating_sub(LEFT_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        output::remark(&format!(
            "Still there, though the source no longer makes it: {}{more}. A deploy would run it: remove it if it was never shipped, else put its source back.",
            names.join(", ")
        ));
    }
}

fn history(reading: &Reading) -> History<'_> {
    let passed_over = reading.passed_over.iter().map(|path| path.display().to_string());
    let folders = reading.folders.iter();
    History {
        folders: folders.map(|(dialect, path)| (dialect, path.display().to_string())).collect(),
        layout: reading.layout.as_str(),
        only_for: &reading.only_for,
        passed_over: passed_over.collect(),
        without_way_back: &reading.lost_way_back,
    }
}

fn names<'a>(dialects: impl IntoIterator<Item = &'a Dialect>) -> String {
    dialects.into_iter().map(|dialect| dialect.as_str()).collect::<Vec<_>>().join(", ")
}

fn text(written: &pack::WrittenFiles, reading: Option<&Reading>, notes: &[pack::Note]) {
    if let Some(Reading { layout, alike, passed_over, lost_way_back, folders, only_for }) = reading
    {
        let alike = alike.map(|alike| format!("; {alike} would run it in the same way"));
        let alike = alike.unwrap_or_default();
        output::remark(&match folders.is_empty() {
            true => format!("Read as a history of {layout}{alike}."),
            false => format!(
                "Read as histories of {layout}, one in each folder, for {}{alike}.",
                names(folders.keys())
            ),
        });
        for (id, dialects) in only_for {
            output::remark(&format!(
                "{id} is only for {}: no other folder has it.",
                names(dialects)
            ));
        }
        for id in lost_way_back {
            output::remark(&format!("{id} has no way back: what was written for it does nothing."));
        }
        for path in passed_over {
            let path = path.display().to_string();
            output::remark(&format!("Passed over {}: {layout} does not run it.", Escaped(&path)));
        }
    }
    for note in notes.iter().take(NOTES_MAX) {
        output::remark(&format!("{}.", Escaped(&note.told())));
    }
    if let more @ 1.. = notes.len().saturating_sub(NOTES_MAX) {
        output::remark(&format!("{}.", count(more as u64, "more note")));
    }
    for file in written.components.iter().chain(&written.checks) {
        let path = file.path.display().to_string();
        let outcome = match file.outcome {
            pack::Outcome::Created => "created",
            pack::Outcome::Replaced => "replaced",
            pack::Outcome::Unchanged => "unchanged",
        };
        output::result(&format!("{}  {} bytes, {outcome}", Escaped(&path), file.size_bytes));
    }
    let components = count(written.components.len() as u64, "component");
    output::result(&match written.checks.len() {
        0 => format!("Packed {components}."),
        checks => {
            let checks = count(checks as u64, "check");
            format!("Packed {components}, and {checks} for `runner test`.")
        }
    });
}
