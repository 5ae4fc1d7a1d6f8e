//! Commands that a person can paste: with the database that this process was given, never with its password.
//!
//! Advice names commands and flags between backticks, as in "see `runner status`" and "with `--changed allow`": errors and
//! findings are written where no command line is known. [`completed`] adds what is missing just before they are shown.

use super::output;
use alteration_deploy::lock_file::LOCK_FILE;
use alteration_domain::{
    alteration::{AlterationKey, Direction, PluginName},
    plan::Finding,
    secret::hidden,
};
use alteration_record::{DatabaseUrl, Scheme};
use clap::ArgAction;
use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The `--database` of this process.
static DATABASE: OnceLock<String> = OnceLock::new();
/// The PLUGINS of this process.
static PLUGINS: OnceLock<Vec<PathBuf>> = OnceLock::new();
/// Flags that say which records of the database are meant.
static RECORDS: OnceLock<String> = OnceLock::new();
/// The variable that names the database where `--database` does not.
const DATABASE_VARIABLE: &str = "DATABASE_URL";

const DEPLOY: &str = "runner deploy";
pub(super) const ROLLBACK: &str = "runner rollback";
/// Verbs that take a database, and are useless without one.
const WITH_DATABASE: [&str; 10] = [
    "baseline",
    "check",
    "confine",
    "deploy",
    "permissions",
    "plan",
    "resolve",
    "rollback",
    "setup",
    "status",
];
/// Flags without a value that advice tells to add.
const SWITCHES: [&str; 3] = ["--allow-drafts", "--new-state", "--yes"];
/// Words in the value of a flag that stand for something that only a person knows.
const PLACEHOLDERS: [&str; 11] =
    ["DATABASE", "DIR", "FILE", "ID", "KEY", "N", "NAME", "TABLE", "TEXT", "URL", "VENDOR"];

/// Remembers what the commands of this process are about.
pub(super) fn remember(
    database: &str,
    plugins: &[PathBuf],
    state_schema: Option<&str>,
    config: Option<&Path>,
) {
    DATABASE.get_or_init(|| database.to_owned());
    PLUGINS.get_or_init(|| plugins.to_owned());
    RECORDS.get_or_init(|| {
        let schema = state_schema.map(|schema| format!(" --state-schema {}", output::word(schema)));
        let config = config.map(|file| format!(" --config {}", path_word(file)));
        [schema, config].into_iter().flatten().collect()
    });
}

/// Completes the commands and flags between backticks in `text`, so that each can be pasted as it stands. A flag stays as
/// it is if it is in one of `commands`, which are shown below the text.
pub(super) fn completed(text: &str, commands: &[String]) -> String {
    completed_for(text, commands, own_verb().as_deref())
}

fn completed_for(text: &str, commands: &[String], own: Option<&str>) -> String {
    let mut goes_back = false;
    let parts = text.split('`').enumerate().map(|(at, part)| match at % 2 {
        0 => part.to_owned(),
        _ if part.starts_with("--") => {
            let is_below = commands.iter().any(|command| command.contains(part));
            let whole = (!is_below).then(|| with_flag(part, own)).flatten();
            goes_back |= whole.as_ref().is_some_and(|whole| whole.starts_with(ROLLBACK));
            whole.unwrap_or_else(|| part.to_owned())
        }
        _ => complete(part, own),
    });
    let text = parts.collect::<Vec<_>>().join("`");
    if !goes_back || text.contains("delete") {
        return text;
    }
    let (text, end) = text.strip_suffix(':').map_or((&*text, ""), |text| (text, ":"));
    format!("{text}; a rollback deletes the data that it takes back{end}")
}

/// Returns what an operator can do about `finding`, with its commands completed.
pub(super) fn advice(finding: &Finding) -> String {
    completed(&finding.advice(), &of_finding(finding))
}

/// Completes one command; what is none of the runner's stays as it is, and so does everything in a process without a
/// database. `own` is the verb of this process.
fn complete(command: &str, own: Option<&str>) -> String {
    let Some(rest) = command.strip_prefix("runner ") else { return command.to_owned() };
    if let Some(flag) = rest.strip_prefix("deploy ").filter(|flag| flag.starts_with("--")) {
        let own = own.filter(|own| *own == "deploy");
        return with_flag(flag, own).unwrap_or_else(|| command.to_owned());
    }
    let verb = rest.split(' ').next().unwrap_or_default();
    if DATABASE.get().is_none() || !WITH_DATABASE.contains(&verb) || rest.contains(" --help") {
        return command.to_owned();
    }
    match rest {
        "deploy" | "rollback" if own == Some(verb) => same(),
        "deploy" | "plan" | "check" => format!("{command} {}{}", plugins(), database_flag()),
        "baseline" => {
            format!("{command} {} --to VENDOR/NAME@latest --dry-run{}", plugins(), database_flag())
        }
        _ => format!(
            "{}{}",
            command.replace(" PLUGINS ", &format!(" {} ", plugins())),
            database_flag()
        ),
    }
}

/// Returns the command line of this process with `flag`, as in `--changed allow`, or a deploy with it if its verb does not
/// take the flag. `None` if the flag has no value yet, or a placeholder for one.
fn with_flag(flag: &str, own: Option<&str>) -> Option<String> {
    let (name, value) = flag.split_once(' ').unwrap_or((flag, ""));
    let is_placeholder = |word: &str| PLACEHOLDERS.contains(&word);
    let is_whole = match value.is_empty() {
        true => SWITCHES.contains(&name),
        false => !value.split(|c: char| !c.is_alphanumeric()).any(is_placeholder),
    };
    if !is_whole || name == "--set" {
        return None;
    }
    if let Some(verb) = own.filter(|verb| takes(verb, name).is_some()) {
        return Some(again_on(verb, flag));
    }
    let is_known = DATABASE.get().is_some() && takes("deploy", name).is_some();
    let database = match name {
        "--config" | "--state-schema" => database_alone(),
        _ => database_flag(),
    };
    is_known.then(|| format!("runner deploy {flag} {}{database}", plugins()))
}

/// Returns how often the verb takes the flag `name`, if it does.
fn takes(verb: &str, name: &str) -> Option<ArgAction> {
    let command = super::command();
    let mut flags = command.find_subcommand(verb)?.get_arguments();
    let long = name.strip_prefix("--")?;
    flags.find(|flag| flag.get_long() == Some(long)).map(|flag| flag.get_action().clone())
}

/// Returns the verb of this process.
fn own_verb() -> Option<String> {
    std::env::args().nth(1)
}

/// Returns the command that applies, or takes back if `direction` says so: that of this process, if it does either. A
/// deploy may revert drafts as well.
pub(super) fn runs(direction: Direction) -> &'static str {
    let by_direction = match direction {
        Direction::Up => DEPLOY,
        Direction::Down => ROLLBACK,
    };
    own_run().unwrap_or(by_direction)
}

/// Returns the command of this process, if it is one that applies or takes back.
pub(super) fn own_run() -> Option<&'static str> {
    match own_verb()?.as_str() {
        "deploy" => Some(DEPLOY),
        "rollback" => Some(ROLLBACK),
        _ => None,
    }
}

/// Returns this very command line, with the database wherever it came from.
fn same() -> String {
    let words: Vec<String> = without_values(std::env::args().skip(1)).collect();
    let database = database_beside(&words);
    let words = words.iter().map(|word| output::word(word)).collect::<Vec<_>>().join(" ");
    format!("runner {words}{database}")
}

/// Returns the database for a command line, unless it names one.
fn database_beside(words: &[String]) -> String {
    let is_named = words.iter().any(|word| word == "--database" || word.starts_with("--database="));
    if is_named { String::new() } else { database_alone() }
}

/// Returns the plugins that this process was given; a placeholder if it was given none.
fn plugins() -> String {
    let words: Vec<String> =
        PLUGINS.get().into_iter().flatten().map(|path| path_word(path)).collect();
    match words.is_empty() {
        true => "PLUGINS".to_owned(),
        false => words.join(" "),
    }
}

fn path_word(path: &Path) -> String {
    output::word(&path.display().to_string())
}

/// Returns this very command line with `flag`.
pub(super) fn again(flag: &str) -> String {
    again_on(&own_verb().unwrap_or_default(), flag)
}

fn again_on(verb: &str, flag: &str) -> String {
    let name = flag.split(' ').next().unwrap_or_default();
    let given = without_values(std::env::args().skip(2)).collect();
    let given = match takes(verb, name) {
        Some(ArgAction::Append) => given,
        Some(action) => without_flag(given, name, action.takes_values()),
        None => given,
    };
    // Only one of these is taken.
    let given = match name {
        "--as" => without_flag(given, "--statement", true),
        _ => given,
    };
    let database = match WITH_DATABASE.contains(&verb) {
        true => database_beside(&given),
        false => String::new(),
    };
    let words = [output::word(verb), flag.to_owned()];
    let words = words.into_iter().chain(given.iter().map(|word| output::word(word)));
    format!("runner {}{database}", words.collect::<Vec<_>>().join(" "))
}

/// Returns a command line without the flag `name` and its value.
fn without_flag(words: Vec<String>, name: &str, takes_value: bool) -> Vec<String> {
    let mut is_value = false;
    let is_kept = |word: &String| {
        let is_flag = word == name;
        let was_flag = std::mem::replace(&mut is_value, is_flag && takes_value);
        let is_joined = word.strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
        !(is_flag || was_flag || is_joined)
    };
    words.into_iter().filter(is_kept).collect()
}

/// Returns this very command line with another value for `flag`.
pub(super) fn again_to(flag: &str, value: &str) -> String {
    let given = without_values(std::env::args().skip(1));
    let words = ["runner".to_owned()].into_iter().chain(with_value(given, flag, value));
    words.map(|word| output::word(&word)).collect::<Vec<_>>().join(" ")
}

/// Returns a command line with `value` wherever a value of `flag` is.
fn with_value(
    words: impl Iterator<Item = String>,
    flag: &str,
    value: &str,
) -> impl Iterator<Item = String> {
    let mut is_value = false;
    words.map(move |word| {
        let was_flag = std::mem::replace(&mut is_value, word == flag);
        let is_joined = word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('='));
        match (was_flag, is_joined) {
            (true, _) => value.to_owned(),
            (false, true) => format!("{flag}={value}"),
            (false, false) => word,
        }
    })
}

/// Returns the command that rehearses a file and keeps its statements; on the database of the environment, if there is one.
pub(super) fn rehearse(file: &str, draft: bool) -> String {
    let database = match std::env::var_os(DATABASE_VARIABLE).is_some_and(|set| !set.is_empty()) {
        true => "",
        false => " --database URL",
    };
    let drafts = if draft { " --allow-drafts" } else { "" };
    format!("runner deploy {}{database}{drafts} --dry-run --save", output::word(file))
}

/// Returns a command line without passwords and without what plugins are given, which may be a secret all the same.
fn without_values(words: impl Iterator<Item = String>) -> impl Iterator<Item = String> {
    let mut is_setting = false;
    words.map(move |word| {
        let was_setting = std::mem::replace(&mut is_setting, word == "--set");
        match word.strip_prefix("--set=") {
            Some(setting) => format!("--set={}", without_value(setting)),
            None if was_setting => without_value(&word),
            None => without_password(&word),
        }
    })
}

/// Returns `VENDOR/NAME:KEY=VALUE` without the value.
fn without_value(setting: &str) -> String {
    setting.split_once('=').map_or("…".to_owned(), |(key, _)| format!("{key}=…"))
}

/// Returns the commands that the advice of a finding speaks of, in its order.
pub(super) fn of_finding(finding: &Finding) -> Vec<String> {
    match finding {
        Finding::TakesOver { from, to, accepted: false, .. } => {
            vec![deploy(&format!("--accept-rename {from}={to}"))]
        }
        Finding::NotConfined { plugin } => vec![confine(plugin, "")],
        Finding::OwnerChanged { plugin, .. } => vec![confine(plugin, " --repair")],
        Finding::OtherFolder { allowed: false, .. } => vec![deploy("--other-folder allow")],
        Finding::NotAsLocked { difference } => {
            vec![update_lock(&difference.plugin, &difference.lock_file)]
        }
        Finding::BegunOtherwise { key, direction: Direction::Up, .. }
        | Finding::Failed { key, unfinished: true, mended: false, .. }
        | Finding::Unfinished { key } => vec![resolve_as_reverted(key)],
        Finding::BegunOtherwise { key, direction: Direction::Down, .. }
        | Finding::CutOff { key, .. } => either(key),
        Finding::UnfinishedRollback { key } => {
            [vec![rollback_one(&key.plugin)], either(key)].concat()
        }
        Finding::Running { key } => ["applied", "reverted"]
            .map(|status| resolve(key, &format!("--as {status} --because TEXT")))
            .into(),
        _ => Vec::new(),
    }
}

/// Warns of a finding, with what can be typed about it.
pub(super) fn warn(finding: &Finding) {
    output::warning(&finding.to_string(), &advice(finding));
    output::commands(&of_finding(finding), output::note);
}

/// Returns the command that changes how a plugin with records works; `flag` begins with a space.
pub(super) fn confine(plugin: &PluginName, flag: &str) -> String {
    format!("runner confine {}{flag}{}", output::word(plugin.as_str()), database_flag())
}

/// Returns the command that resumes a rollback of one alteration of `plugin`.
fn rollback_one(plugin: &PluginName) -> String {
    let plugin = output::word(plugin.as_str());
    format!("runner rollback --plugin {plugin} --steps 1{}", database_flag())
}

/// Returns the commands that record that an unfinished alteration is in place, or that nothing of it is.
pub(super) fn either(key: &AlterationKey) -> Vec<String> {
    vec![resolve_as(key, "applied"), resolve_as(key, "reverted")]
}

/// Returns a deploy of the plugins that this process was given, with `flag`: this very command line, if it is one.
fn deploy(flag: &str) -> String {
    if own_verb().is_some_and(|verb| verb == "deploy") {
        return again(flag);
    }
    format!("runner deploy {flag} {}{}", plugins(), database_flag())
}

/// Returns a deploy of the plugins that this process was given.
pub(super) fn deploys() -> String {
    complete("runner deploy", None)
}

/// Returns the command that shows what there is to pin otherwise of a plugin, and asks.
fn update_lock(plugin: &PluginName, lock_file: &Path) -> String {
    let lock_file = match lock_file == Path::new(LOCK_FILE) {
        true => String::new(),
        false => format!(" --lock-file {}", path_word(lock_file)),
    };
    format!("runner lock --update {plugin} {}{lock_file}", plugins())
}

/// Returns the command that records that nothing of an unfinished alteration is in place.
pub(super) fn resolve_as_reverted(key: &AlterationKey) -> String {
    resolve_as(key, "reverted")
}

/// Returns the command that records that an unfinished alteration is in place, all of it or nothing.
fn resolve_as(key: &AlterationKey, status: &str) -> String {
    resolve(key, &format!("--as {status}"))
}

/// Returns the commands that record whether the statement whose outcome is unknown took effect.
pub(super) fn resolve_statement(key: &AlterationKey) -> Vec<String> {
    ["done", "not-done"].map(|choice| resolve(key, &format!("--statement {choice}"))).into()
}

fn resolve(key: &AlterationKey, decision: &str) -> String {
    let (plugin, id) = (output::word(key.plugin.as_str()), output::word(key.id.as_str()));
    format!("runner resolve {plugin} {id} {decision}{}", database_flag())
}

/// Returns the flags for the database, and for which of its records are meant.
pub(super) fn database_flag() -> String {
    format!("{}{}", database_alone(), RECORDS.get().map_or("", String::as_str))
}

/// Returns the flag for the database; nothing if only the variable has the password, so that the command works as it stands.
fn database_alone() -> String {
    let Some(database) = DATABASE.get() else { return String::new() };
    let shown = match database.parse::<DatabaseUrl>() {
        // Parameters of a file may forbid what the command does.
        Ok(url) if url.scheme() == Scheme::Sqlite => url.without_password(),
        _ => without_password(database),
    };
    let is_variable = std::env::var(DATABASE_VARIABLE).is_ok_and(|set| set == *database);
    match is_variable && shown != *database {
        true => String::new(),
        false => format!(" --database {}", output::word(&shown)),
    }
}

/// Returns `text` without the password of the URL that it is, or holds behind a flag's `=`. Lines with commands may show
/// the rest of it, its user included.
fn without_password(text: &str) -> String {
    let (flag, rest) = match text.split_once('=') {
        Some((flag, rest)) if flag.starts_with("--") => (format!("{flag}="), rest),
        _ => (String::new(), text),
    };
    match rest.parse::<DatabaseUrl>() {
        Ok(url) if url.scheme() != Scheme::Sqlite => {
            let shown = url.without_password();
            output::show_url(&shown);
            format!("{flag}{shown}")
        }
        // A server's URL with the wrong scheme holds a password too.
        Ok(_) => hidden(text),
        // What cannot be taken apart may hold a password anywhere.
        Err(_) if rest.contains("://") => format!("{flag}…"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
