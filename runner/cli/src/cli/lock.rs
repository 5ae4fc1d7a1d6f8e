//! `runner lock`: pins what may be deployed, after showing what changes.
//!
//! Reads component files and the lock file, and connects to no database.

use super::{
    command,
    explain::{self, Exit},
    options::{Format, Output, yes},
    output::{self, count},
};
use alteration_deploy::{
    Error,
    lock_file::{
        ChangedPin, LockFile, LockFileError, LockPlace, Moved, Pin, PluginChanges, changes, pin,
    },
};
use alteration_domain::{
    alteration::{Catalog, PluginName},
    escape::Escaped,
    plan::Finding,
};
use serde::Serialize;
use std::{
    collections::BTreeSet,
    io::{BufRead as _, IsTerminal as _},
    path::{Path, PathBuf},
};

/// Pins what may be deployed: writes runner.lock, which `deploy`, `check`, `plan` and `test` then compare with the files
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A new lock file is written at once. If there is one, the difference is shown first; on a terminal, runner asks, \
elsewhere it needs --yes. Commit the file.

Examples:
  runner lock ./plugins
  runner lock --update acme/shop ./plugins                change what is pinned of one plugin
  runner lock --update acme/shop ./plugins --yes          without a terminal, after a review")]
pub(super) struct Args {
    /// Component files, or folders to search for them
    #[arg(required = true)]
    plugins: Vec<PathBuf>,
    /// Change only what is pinned of this plugin; may be repeated
    #[arg(long, value_name = "VENDOR/NAME")]
    update: Vec<PluginName>,
    /// Write this file [default: runner.lock beside runner.toml, or in the working directory]
    #[arg(long, value_name = "FILE")]
    lock_file: Option<PathBuf>,
    /// Write runner.lock beside this runner.toml
    #[arg(long, value_name = "FILE", conflicts_with = "lock_file")]
    config: Option<PathBuf>,
    /// Do not ask for confirmation; needed to change a lock file if there is no terminal
    #[arg(long, short, env = "RUNNER_YES", hide_env_values = true, value_parser = yes,
        action = clap::ArgAction::SetTrue)]
    yes: bool,
    /// Size of one component file
    #[arg(long, value_name = "SIZE", default_value = "64MiB")]
    max_component: bytesize::ByteSize,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Document<'a> {
    /// The lock file.
    lock_file: &'a Path,
    /// `written` (there was none), `updated` or `up-to-date`.
    outcome: &'static str,
    /// How many plugins it pins.
    plugins: usize,
    /// How many alterations it pins.
    alterations: usize,
    /// What changed in it, by plugin.
    changes: &'a [PluginChanges],
}

pub(super) fn run(args: &Args) -> Exit {
    let format = args.output.format;
    match lock(args) {
        Ok(exit) => exit,
        Err(error) => explain::error(&error, format),
    }
}

fn lock(args: &Args) -> Result<Exit, Error> {
    let format = args.output.format;
    let place = match &args.lock_file {
        Some(path) => LockPlace::Named(path.clone()),
        None => LockPlace::beside(args.config.as_deref()),
    };
    let path = place.path();
    let read = place.read(&args.plugins)?;
    if read.is_none() && !args.update.is_empty() {
        return Err(LockFileError::NotThere { path: path.to_owned() }.into());
    }
    let bytes_max = usize::try_from(args.max_component.as_u64()).unwrap_or(usize::MAX);
    let (catalog, pinned) = pin(&args.plugins, path, bytes_max)?;
    let before = read.as_ref().map(|read| read.file.clone()).unwrap_or_default();
    if let Some(plugin) = unknown(&args.update, &before, &pinned) {
        return Ok(nothing_of(plugin, path, format));
    }
    let after = match args.update.is_empty() {
        true => pinned,
        false => before.with(&args.update, &pinned),
    };
    let changes = changes(&before, &after);
    let shown = Escaped(&path.display().to_string()).to_string();
    if read.is_some() && changes.is_empty() {
        tell(path, "up-to-date", &after, &changes, format);
        return Ok(Exit::Done);
    }
    let person = read.is_some() && !args.yes && std::io::stdin().is_terminal();
    if format == Format::Text || person {
        text(&changes, &shown, read.is_some());
        for finding in several_folders(&catalog, &changes) {
            command::warn(&finding);
        }
    }
    match (&read, args.yes) {
        (None, _) | (Some(_), true) => {}
        (Some(_), false) if person => {
            if !agreed(&shown) {
                return Err(Error::Declined);
            }
        }
        (Some(_), false) => return Ok(explain::unlocked(changes.len(), &shown, format)),
    }
    place.write(&after, read.as_ref(), &args.plugins)?;
    let outcome = if read.is_some() { "updated" } else { "written" };
    tell(path, outcome, &after, &changes, format);
    Ok(Exit::Done)
}

/// The first plugin that is neither pinned nor among the files.
fn unknown<'a>(
    plugins: &'a [PluginName],
    before: &LockFile,
    pinned: &LockFile,
) -> Option<&'a PluginName> {
    let is_known = |plugin: &&PluginName| {
        before.plugins.contains_key(*plugin) || pinned.plugins.contains_key(*plugin)
    };
    plugins.iter().find(|plugin| !is_known(plugin))
}

fn nothing_of(plugin: &PluginName, path: &Path, format: Format) -> Exit {
    let path = path.display();
    let refusal = explain::Refusal {
        message: &format!("nothing of {plugin} is among the files or in {path}"),
        changed: "nothing was written",
        next: "correct the name behind `--update`, or add the plugin's files",
        ..explain::Refusal::default()
    };
    explain::refused(refusal, Exit::Usage, format)
}

/// Plugins that are about to be pinned and lie in several folders: one of these may not be the vendor's.
fn several_folders(catalog: &Catalog, changes: &[PluginChanges]) -> Vec<Finding> {
    let of = |change: &PluginChanges| {
        let folders: BTreeSet<_> = catalog
            .of(&change.plugin)
            .filter_map(|alteration| alteration.path.parent().map(Path::to_owned))
            .collect();
        let plugin = change.plugin.clone();
        let folders: Vec<PathBuf> = folders.into_iter().collect();
        (folders.len() > 1).then_some(Finding::SeveralFolders { plugin, folders })
    };
    changes.iter().filter_map(of).collect()
}

fn agreed(lock_file: &str) -> bool {
    output::ask(&format!("Write this to {lock_file}? Go on? [y/N] "));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

/// Lists changes as a plan is listed: what is added, taken out and otherwise, plugin by plugin.
fn text(changes: &[PluginChanges], lock_file: &str, is_there: bool) {
    let plugins = count(changes.len() as u64, "plugin");
    output::note(&match is_there {
        true => format!("Changes to {lock_file}, of {plugins}:"),
        false => format!("To be pinned in {lock_file}, of {plugins}:"),
    });
    for change in changes {
        plugin(change);
    }
}

fn plugin(change: &PluginChanges) {
    let shown = |text: &str| Escaped(text).to_string();
    let PluginChanges {
        plugin,
        added,
        removed,
        changed,
        permissions_gained,
        permissions_lost,
        creates_gained,
        creates_lost,
        ..
    } = change;
    let source = match &change.source {
        Some(Moved { from: Some(from), to: Some(to) }) => {
            format!("  from {} instead of {}", shown(to), shown(from))
        }
        Some(Moved { from: None, to: Some(to) }) => format!("  from {}", shown(to)),
        Some(Moved { to: None, .. }) => "  no longer pinned".to_owned(),
        None => String::new(),
    };
    output::note(&format!("  {plugin}{source}"));
    for (id, pin) in added {
        output::note(&format!("    + {id}  {}", described(pin)));
    }
    for (id, pin) in removed {
        output::note(&format!("    - {id}  {}", described(pin)));
    }
    for (id, ChangedPin { from, to }) in changed {
        output::note(&format!("    ~ {id}"));
        output::note(&format!("        is    {}", described(from)));
        output::note(&format!("        will be {}", described(to)));
    }
    for permission in permissions_gained {
        output::note(&format!("    + permission {permission}"));
    }
    for permission in permissions_lost {
        output::note(&format!("    - permission {permission}"));
    }
    for name in creates_gained {
        output::note(&format!("    + makes {} (MySQL, MariaDB)", shown(name)));
    }
    for name in creates_lost {
        output::note(&format!("    - makes {} (MySQL, MariaDB)", shown(name)));
    }
}

fn described(pin: &Pin) -> String {
    let Pin { file, component_checksum, size, .. } = pin;
    let bytes = count(*size, "byte");
    format!("{}: component {}, {bytes}", Escaped(file), component_checksum.short())
}

fn tell(
    path: &Path,
    outcome: &'static str,
    file: &LockFile,
    changes: &[PluginChanges],
    format: Format,
) {
    let (plugins, alterations) = (file.plugins.len(), file.alterations());
    if format == Format::Json {
        output::json(&Document { lock_file: path, outcome, plugins, alterations, changes });
        return;
    }
    let path = Escaped(&path.display().to_string()).to_string();
    let (plugins, alterations) =
        (count(plugins as u64, "plugin"), count(alterations as u64, "alteration"));
    output::result(&match outcome {
        "up-to-date" => format!("{path} is up to date: {alterations} of {plugins}."),
        _ => format!("Wrote {path}: {alterations} of {plugins}. Commit it."),
    });
}
