//! Whose rights a plugin runs with: one that could run programs on the server, and one that cannot be confined.

use super::Explanation;
use crate::cli::command;
use alteration_deploy::{config::CONFIG_FILE, deploy::Powerful};
use alteration_domain::{
    alteration::{AlterationKey, Direction, PluginName},
    escape::Escaped,
    session::Lacks,
};

/// The way without a role of the plugin's own.
pub(super) const WEAKER: &str = "if you trust the plugin with your own rights in this database, name it with `--guard VENDOR/NAME`, or write `guarded = true` for it in runner.toml";

/// Advises what a database administrator runs once, or less protection, which has to be chosen.
pub(super) fn confined(explanation: &mut Explanation, setup: &[String]) -> String {
    if setup.is_empty() {
        return WEAKER.to_owned();
    }
    explanation.owner_sql = setup.to_vec();
    let sql: String = setup.iter().map(|line| format!("\n      {line}")).collect();
    explanation.details.push(("set-up", format!("a database administrator runs once:{sql}")));
    format!("run the set-up, then this again; or, {WEAKER}")
}

/// A permission that the vendor would declare, or another level, for a confined plugin that asked for what is not its own.
pub(super) fn bounded(
    explanation: &mut Explanation,
    (key, direction): (&AlterationKey, Direction),
    lacks: &Lacks,
) -> String {
    let plugin = &key.plugin;
    if direction == Direction::Up {
        explanation.commands = vec![command::again(&format!("--guard {plugin}"))];
    }
    let vendor = match lacks {
        Lacks::Permission(permission) => format!(
            "it is confined to what it made: ask its vendor to declare the permission `{}`, which you then grant",
            Escaped(permission)
        ),
        Lacks::Level => "it is confined to what it made: contact its vendor".to_owned(),
    };
    let file = format!("write `guarded = true` under `[plugins.\"{plugin}\"]` in {CONFIG_FILE}");
    match direction {
        Direction::Up => format!(
            "{vendor}. If you trust it with your own rights in the whole database, {file}, or say so for this run:"
        ),
        Direction::Down => {
            format!("{vendor}. If you trust it with your own rights in the whole database, {file}")
        }
    }
}

/// Two ways out: a user who can do no more than the database needs, or trust.
pub(super) fn powerful(explanation: &mut Explanation, powerful: &Powerful) -> String {
    let Powerful { powers, plugins, claimed } = powerful;
    explanation.owner_sql.clone_from(&powers.owner_sql);
    let sql: String = powers.owner_sql.iter().map(|line| format!("\n      {line}")).collect();
    let safer = format!(
        "ask the server's administrator to create a user for this database only, and name it in the URL:{sql}"
    );
    explanation.details.push(("safer", safer));
    let flags: Vec<String> = plugins.iter().map(|plugin| format!("--trust {plugin}")).collect();
    explanation.commands = vec![command::again(&flags.join(" "))];
    if !claimed.is_empty() {
        explanation.commands = vec![command::again("--trust '*'")];
        let claimed: Vec<&str> = claimed.iter().map(PluginName::as_str).collect();
        return format!(
            "alterations of {} lie in another folder than what is recorded of it, and are not trusted by its name: pin them with `runner lock`, or, if you trust the code of all plugins, say so for this run:",
            claimed.join(" and ")
        );
    }
    let sections: Vec<String> =
        plugins.iter().map(|plugin| format!("`[plugins.\"{plugin}\"]`")).collect();
    format!(
        "if you trust the code of {}, write `trusted = true` under {} in {CONFIG_FILE}, or say so for this run:",
        if plugins.len() == 1 { "this plugin" } else { "these plugins" },
        sections.join(" and ")
    )
}
