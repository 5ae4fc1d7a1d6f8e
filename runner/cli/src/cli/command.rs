//! Commands that a person can paste: with the database that this process was given, never with its password.
//!
//! Advice names commands between backticks, as in "see `runner status`": errors and findings are written where no command
//! line is known. [`completed`] adds what is missing just before they are shown.

use super::output;
use alteration_deploy::lock_file::LOCK_FILE;
use alteration_domain::{
    alteration::{AlterationKey, Direction, PluginName},
    plan::Finding,
    secret::hidden,
};
use alteration_record::{DatabaseUrl, Scheme};
use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// The database as it was given.
static DATABASE: OnceLock<String> = OnceLock::new();
/// The plugins as they were given.
static PLUGINS: OnceLock<Vec<PathBuf>> = OnceLock::new();
/// Flags that say which records of the database are meant.
static RECORDS: OnceLock<String> = OnceLock::new();
/// Where a database may come from that is not named.
const DATABASE_VARIABLE: &str = "DATABASE_URL";

const DEPLOY: &str = "runner deploy";
pub(super) const ROLLBACK: &str = "runner rollback";
/// Verbs that take a database, and are useless without one.
const WITH_DATABASE: [&str; 9] = [
    "baseline",
    "check",
    "deploy",
    "permissions",
    "plan",
    "resolve",
    "rollback",
    "setup",
    "status",
];

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

/// Completes the commands between backticks in `text`, so that each can be pasted as it stands. A process that has no
/// database leaves them as they are.
pub(super) fn completed(text: &str) -> String {
    if DATABASE.get().is_none() {
        return text.to_owned();
    }
    let verb = std::env::args().nth(1);
    let parts = text.split('`').enumerate().map(|(at, part)| match at % 2 {
        0 => part.to_owned(),
        _ => complete(part, verb.as_deref()),
    });
    parts.collect::<Vec<_>>().join("`")
}

/// Returns what an operator can do about `finding`, with its commands completed.
pub(super) fn advice(finding: &Finding) -> String {
    completed(&finding.advice())
}

/// Completes one command; what is none of the runner's stays as it is. `own` is the verb of this process.
fn complete(command: &str, own: Option<&str>) -> String {
    let Some(rest) = command.strip_prefix("runner ") else { return command.to_owned() };
    let verb = rest.split(' ').next().unwrap_or_default();
    if !WITH_DATABASE.contains(&verb) || rest.contains(" --help") {
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
    match std::env::args().nth(1)?.as_str() {
        "deploy" => Some(DEPLOY),
        "rollback" => Some(ROLLBACK),
        _ => None,
    }
}

/// This very command line, with the database wherever it came from.
fn same() -> String {
    let words: Vec<String> = without_values(std::env::args().skip(1)).collect();
    let is_named = words.iter().any(|word| word == "--database" || word.starts_with("--database="));
    let database = if is_named { String::new() } else { database_alone() };
    let words = words.iter().map(|word| output::word(word)).collect::<Vec<_>>().join(" ");
    format!("runner {words}{database}")
}

/// The plugins that this process was given; a placeholder if it was given none.
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

/// This very command line with one more `flag`.
pub(super) fn again(flag: &str) -> String {
    let mut words = vec!["runner".to_owned()];
    let mut given = without_values(std::env::args().skip(1)).map(|word| output::word(&word));
    words.extend(given.next());
    words.push(flag.to_owned());
    words.extend(given);
    words.join(" ")
}

/// This very command line with another value for `flag`.
pub(super) fn again_to(flag: &str, value: &str) -> String {
    let given = without_values(std::env::args().skip(1));
    let words = ["runner".to_owned()].into_iter().chain(with_value(given, flag, value));
    words.map(|word| output::word(&word)).collect::<Vec<_>>().join(" ")
}

/// A command line with `value` wherever a value of `flag` is.
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

/// Rehearses a file and keeps its statements; on the database of the environment, if there is one.
pub(super) fn rehearse(file: &str, draft: bool) -> String {
    let database = match std::env::var_os(DATABASE_VARIABLE).is_some_and(|set| !set.is_empty()) {
        true => "",
        false => " --database URL",
    };
    let drafts = if draft { " --allow-drafts" } else { "" };
    format!("runner deploy {}{database}{drafts} --dry-run --save", output::word(file))
}

/// A command line without passwords and without what plugins are given, which may be a secret all the same.
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

/// `VENDOR/NAME:KEY=VALUE` without the value.
fn without_value(setting: &str) -> String {
    setting.split_once('=').map_or("…".to_owned(), |(key, _)| format!("{key}=…"))
}

/// What the advice of a finding speaks of, in its order.
pub(super) fn of_finding(finding: &Finding) -> Vec<String> {
    match finding {
        Finding::TakesOver { from, to, accepted: false, .. } => {
            vec![deploy(&format!("--accept-rename {from}={to}"))]
        }
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

/// Resumes a rollback of one alteration of `plugin`.
fn rollback_one(plugin: &PluginName) -> String {
    let plugin = output::word(plugin.as_str());
    format!("runner rollback --plugin {plugin} --steps 1{}", database_flag())
}

/// Records that an unfinished alteration is in place, or that nothing of it is.
pub(super) fn either(key: &AlterationKey) -> Vec<String> {
    vec![resolve_as(key, "applied"), resolve_as(key, "reverted")]
}

/// A deploy of the plugins that this process was given, with one more `flag`: this very command line, if it is one.
fn deploy(flag: &str) -> String {
    if std::env::args().nth(1).is_some_and(|verb| verb == "deploy") {
        return again(flag);
    }
    format!("runner deploy {flag} {}{}", plugins(), database_flag())
}

/// A deploy of the plugins that this process was given.
pub(super) fn deploys() -> String {
    complete("runner deploy", None)
}

/// Shows what there is to pin otherwise of a plugin, and asks.
fn update_lock(plugin: &PluginName, lock_file: &Path) -> String {
    let lock_file = match lock_file == Path::new(LOCK_FILE) {
        true => String::new(),
        false => format!(" --lock-file {}", path_word(lock_file)),
    };
    format!("runner lock --update {plugin} {}{lock_file}", plugins())
}

/// Records that nothing of an unfinished alteration is in place.
pub(super) fn resolve_as_reverted(key: &AlterationKey) -> String {
    resolve_as(key, "reverted")
}

/// Records that an unfinished alteration is in place, all of it or nothing.
fn resolve_as(key: &AlterationKey, status: &str) -> String {
    resolve(key, &format!("--as {status}"))
}

/// Records whether the statement whose outcome is unknown took effect.
pub(super) fn resolve_statement(key: &AlterationKey) -> Vec<String> {
    ["done", "not-done"].map(|choice| resolve(key, &format!("--statement {choice}"))).into()
}

fn resolve(key: &AlterationKey, decision: &str) -> String {
    let (plugin, id) = (output::word(key.plugin.as_str()), output::word(key.id.as_str()));
    format!("runner resolve {plugin} {id} {decision}{}", database_flag())
}

/// The database, and which of its records are meant.
pub(super) fn database_flag() -> String {
    format!("{}{}", database_alone(), RECORDS.get().map_or("", String::as_str))
}

/// Empty where only the variable has the password, so that the command works as it stands.
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

/// `text` without the password of the URL that it is, or holds behind a flag's `=`.
fn without_password(text: &str) -> String {
    let (flag, rest) = match text.split_once('=') {
        Some((flag, rest)) if flag.starts_with("--") => (format!("{flag}="), rest),
        _ => (String::new(), text),
    };
    match rest.parse::<DatabaseUrl>() {
        Ok(url) if url.scheme() != Scheme::Sqlite => format!("{flag}{}", url.without_password()),
        // A server's URL with the wrong scheme holds a password too.
        Ok(_) => hidden(text),
        // What cannot be taken apart may hold a password anywhere.
        Err(_) if rest.contains("://") => format!("{flag}…"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{complete, with_value, without_password, without_values};

    #[test]
    fn commands_are_completed_where_they_take_a_database() {
        super::remember("postgres://u:p@h/d", &["a b".into()], Some("rec"), None);
        let flags = "--database postgres://u@h/d --state-schema rec";
        let table = [
            ("runner status", format!("runner status {flags}")),
            ("runner deploy", format!("runner deploy 'a b' {flags}")),
            ("runner rollback --steps 1", format!("runner rollback --steps 1 {flags}")),
            ("runner baseline PLUGINS --to x", format!("runner baseline 'a b' --to x {flags}")),
            ("runner resolve --help", "runner resolve --help".to_owned()),
            ("runner release", "runner release".to_owned()),
            ("--changed allow", "--changed allow".to_owned()),
        ];
        for (command, expected) in table {
            assert_eq!(complete(command, None), expected);
        }
        assert_eq!(
            super::completed("see `runner status`; or `ls`"),
            format!("see `runner status {flags}`; or `ls`")
        );
    }

    #[test]
    fn a_command_line_shows_no_values() {
        let words = ["deploy", "p", "--set", "a/b:KEY=s3cret", "--set=a/b:OTHER=s3cret=", "--set"];
        let shown: Vec<_> = without_values(words.map(str::to_owned).into_iter()).collect();
        assert_eq!(shown, ["deploy", "p", "--set", "a/b:KEY=…", "--set=a/b:OTHER=…", "--set"]);
    }

    #[test]
    fn a_flag_gets_another_value() {
        let words = ["rollback", "--export", "a", "--yes", "--export=b", "--exported"];
        let shown: Vec<_> =
            with_value(words.map(str::to_owned).into_iter(), "--export", "c").collect();
        assert_eq!(shown, ["rollback", "--export", "c", "--yes", "--export=c", "--exported"]);
    }

    #[test]
    fn a_url_keeps_all_but_its_password() {
        let table = [
            ("sqlite:demo.db?mode=rwc", "sqlite:demo.db?mode=rwc"),
            ("postgres://h/d", "postgres://h/d"),
            ("postgres://u@h:5/d?search_path=a", "postgres://u@h:5/d?search_path=a"),
            ("postgres://u:p@h/d", "postgres://u@h/d"),
            ("mysql://u:p@q:r@h/d?a=b", "…"),
            ("--database=postgres://u:p@h/d", "--database=postgres://u@h/d"),
            ("--rehearse-on=postgres://u:p@q@h/d", "--rehearse-on=…"),
            ("postgres://h/d?password=p&sslmode=require", "postgres://h/d?sslmode=require"),
            ("postgres:///d?password=p", "postgres:///d"),
            ("plugins", "plugins"),
            ("acme/app:entropy", "acme/app:entropy"),
        ];
        for (text, expected) in table {
            assert_eq!(without_password(text), expected);
        }
    }
}
