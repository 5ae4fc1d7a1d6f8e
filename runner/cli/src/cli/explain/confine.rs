//! Why a plugin with records stays at its level, and what to do about it.

use super::{Exit, Explanation};
use crate::cli::command;
use alteration_deploy::{ConfineError, Error};
use alteration_domain::{alteration::PluginName, escape::Escaped, record::Object};
use alteration_record::Foreign;

/// Returns the exit code of `error`.
pub(super) fn exit(error: &ConfineError) -> Exit {
    match error {
        ConfineError::NotYet { .. } => Exit::Usage,
        ConfineError::NoRecords(_)
        | ConfineError::Unfinished(_)
        | ConfineError::Strayed { .. }
        | ConfineError::Objects { .. }
        | ConfineError::MadeByAnother { .. } => Exit::NeedsDecision,
        ConfineError::Reads { .. } | ConfineError::Replay { .. } => Exit::Failed,
    }
}

/// Returns what to do, and adds to `explanation` what belongs to it.
pub(super) fn advice(explanation: &mut Explanation, error: &ConfineError) -> String {
    match error {
        ConfineError::NoRecords(_) => {
            "look for its name with `runner status`; a plugin without records is confined by its first deploy"
                .to_owned()
        }
        ConfineError::Unfinished(key) => {
            explanation.alteration = Some(key.to_string());
            "finish or give up what was begun, which `runner resolve` lists; then run this again"
                .to_owned()
        }
        ConfineError::NotYet { plugin, .. } => guarded(plugin),
        ConfineError::Strayed { plugin, .. } => {
            explanation.commands = vec![command::confine(plugin, " --repair")];
            "have its role, rights and objects made as they are recorded:".to_owned()
        }
        ConfineError::Objects { user, missing, foreign, .. } => {
            let owners = foreign.iter().map(|Foreign { object, .. }| owner_sql(object, user));
            explanation.owner_sql = owners.collect();
            match (explanation.owner_sql.is_empty(), missing.is_empty()) {
                (false, _) => {
                    let sql: String =
                        explanation.owner_sql.iter().map(|line| format!("\n      {line}")).collect();
                    explanation.details.push(("owners", format!("the owner or an administrator runs:{sql}")));
                    "if they are the plugin's, name their owner in the URL, or have them owned by this user; then run this again".to_owned()
                }
                (true, _) => {
                    "restore what is missing; or roll back the alteration that made it, and deploy it again"
                        .to_owned()
                }
            }
        }
        ConfineError::Reads { reads, .. } => {
            let grants = reads.iter().map(|read| {
                format!("GRANT SELECT ON {} TO CURRENT_USER WITH GRANT OPTION;", Escaped(&read.relation))
            });
            format!("ask the owner to run, for this user: {}", grants.collect::<Vec<_>>().join(" "))
        }
        ConfineError::Replay { plugin, key, cause } => {
            explanation.alteration = Some(key.to_string());
            if let Error::Objections(plan) = &**cause {
                explanation.findings.clone_from(&plan.findings);
            }
            explanation.commands = vec![command::confine(plugin, " --no-replay")];
            "name a file with what it needs of the application with `--prepare FILE`; or, if the record says all it made, go on with that:"
                .to_owned()
        }
        ConfineError::MadeByAnother { .. } => {
            "one of the two plugins made it again: ask their vendors which".to_owned()
        }
    }
}

/// The way of a plugin that cannot be confined.
fn guarded(plugin: &PluginName) -> String {
    format!(
        "if you trust the plugin with your own rights in this database, it can stay as it is: write `guarded = true` under `[plugins.\"{plugin}\"]` in runner.toml"
    )
}

/// Returns the statement that makes `user` the owner of `object`.
fn owner_sql(Object { kind, place, name }: &Object, user: &str) -> String {
    let kind = match kind.as_str() {
        "function" => "ROUTINE".to_owned(),
        kind => kind.to_uppercase(),
    };
    // A function's name has its parameters.
    let (name, parameters) = match name.split_once('(') {
        Some((name, parameters)) if kind == "ROUTINE" => (name, format!("({parameters}")),
        _ => (name.as_str(), String::new()),
    };
    let place = if kind == "SCHEMA" { String::new() } else { format!("{}.", quoted(place)) };
    let sql =
        format!("ALTER {kind} {place}{}{parameters} OWNER TO {};", quoted(name), quoted(user));
    Escaped(&sql).to_string()
}

/// Returns a name as SQL writes it, quoted where it has to be.
fn quoted(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    match is_plain {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_changed_by_statements_that_run() {
        let table = [
            ("table", "public", "orders", "ALTER TABLE public.orders OWNER TO app;"),
            ("view", "Shop", "a\"b", "ALTER VIEW \"Shop\".\"a\"\"b\" OWNER TO app;"),
            ("function", "s", "f(x integer)", "ALTER ROUTINE s.f(x integer) OWNER TO app;"),
            ("schema", "s", "s", "ALTER SCHEMA s OWNER TO app;"),
        ];
        for (kind, place, name, expected) in table {
            let (place, name) = (place.to_owned(), name.to_owned());
            let object = Object { kind: kind.parse().unwrap(), place, name };
            assert_eq!(owner_sql(&object, "app"), expected);
        }
    }
}
