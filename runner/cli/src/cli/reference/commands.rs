//! The page of commands.

use super::{page, prose, sentence};
use clap::{Arg, Command};
use std::fmt::Write as _;

const ABOUT: &str = "Every verb with its arguments and options, as `runner VERB --help` shows them. A time is written as in `30s` or `5m`, \
a size as in `64MiB`.";

#[test]
fn is_what_the_code_says() {
    let mut command = crate::cli::command();
    command.build();
    let mut body = String::new();
    let verbs: Vec<&Command> =
        command.get_subcommands().filter(|verb| verb.get_name() != "help").collect();
    for verb in &verbs {
        let name = verb.get_name();
        let about = prose(&verb.get_about().unwrap_or_default().to_string());
        let _ = writeln!(body, "- [`runner {name}`](#runner-{name}): {}", sentence(&about));
    }
    for verb in verbs {
        one(verb, &mut body);
    }
    page("commands.md", "Commands", ABOUT, &body);
}

fn one(verb: &Command, body: &mut String) {
    let about = verb.get_about().unwrap_or_default().to_string();
    let usage = verb.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let _ = writeln!(
        body,
        "\n## `runner {}`\n\n{}\n\n```text\n{usage}\n```",
        verb.get_name(),
        sentence(&prose(&about))
    );
    let shown = |arg: &&Arg| !arg.is_hide_set() && arg.get_id() != "help";
    let arguments: Vec<&Arg> = verb.get_positionals().filter(shown).collect();
    table(body, "Argument", &arguments);
    // In the order of the help, each heading once.
    let options: Vec<&Arg> = verb.get_opts().chain(flags(verb)).filter(shown).collect();
    let mut headings: Vec<Option<&str>> = Vec::new();
    let mut all: Vec<&Arg> = verb.get_arguments().filter(shown).collect();
    all.retain(|arg| options.iter().any(|option| option.get_id() == arg.get_id()));
    for arg in &all {
        if !headings.contains(&arg.get_help_heading()) {
            headings.push(arg.get_help_heading());
        }
    }
    headings.sort_by_key(Option::is_some);
    for heading in headings {
        let of = all.iter().copied().filter(|arg| arg.get_help_heading() == heading);
        table(body, heading.unwrap_or("Option"), &of.collect::<Vec<_>>());
    }
    if let Some(after) = verb.get_after_help() {
        notes(after.to_string().trim(), body);
    }
}

/// What the help ends with: sentences, whose lines wrap, and what is indented, whose lines do not.
fn notes(after: &str, body: &mut String) {
    for paragraph in after.split("\n\n") {
        let is_code = |line: &&str| line.starts_with("  ");
        let text: Vec<&str> = paragraph.lines().take_while(|line| !is_code(line)).collect();
        let code = paragraph.lines().skip(text.len());
        let code: Vec<&str> = code.map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
        if !text.is_empty() {
            let _ = writeln!(body, "\n{}", prose(&text.join("\n")));
        }
        if !code.is_empty() {
            let _ = writeln!(body, "\n```text\n{}\n```", code.join("\n"));
        }
    }
}

fn flags(verb: &Command) -> impl Iterator<Item = &Arg> {
    verb.get_arguments().filter(|arg| !arg.is_positional() && !arg.get_action().takes_values())
}

fn table(body: &mut String, title: &str, args: &[&Arg]) {
    if args.is_empty() {
        return;
    }
    let _ = writeln!(body, "\n| {title} | Meaning |\n|---|---|");
    for arg in args {
        let _ = writeln!(body, "| {} | {} |", name(arg), meaning(arg));
    }
}

/// `-y`, `--yes` or `--wait TIME`, as it is typed.
fn name(arg: &Arg) -> String {
    let value = arg.get_value_names().unwrap_or_default().join(" ");
    let value = match arg.get_action().takes_values() {
        true => value,
        false => String::new(),
    };
    let long = arg.get_long().map(|long| format!("`{}`", format!("--{long} {value}").trim()));
    let short = arg.get_short().map(|short| format!("`-{short}`"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    if names.is_empty() { format!("`{value}`") } else { names.join(", ") }
}

fn meaning(arg: &Arg) -> String {
    let help = arg.get_help().unwrap_or_default().to_string();
    // What is no fixed value is said in the text.
    let (help, default) = match help.split_once(" [default: ") {
        Some((help, default)) => (help, Some(default.trim_end_matches(']'))),
        None => (&*help, None),
    };
    let mut text = sentence(&prose(help));
    if let Some(default) = default {
        let _ = write!(text, " Default: {}.", prose(default));
    }
    if arg.is_required_set() {
        text.push_str(" Required.");
    }
    let values: Vec<String> = match arg.get_action().takes_values() {
        true => arg.get_possible_values().iter().map(value).collect(),
        false => Vec::new(),
    };
    if !values.is_empty() {
        let _ = write!(text, " One of {}.", values.join(", "));
    }
    let defaults = arg.get_default_values().iter();
    let defaults: Vec<String> =
        defaults.map(|value| format!("`{}`", value.to_string_lossy())).collect();
    if !defaults.is_empty() && arg.get_action().takes_values() {
        let _ = write!(text, " Default: {}.", defaults.join(", "));
    }
    if let Some(variable) = arg.get_env() {
        let _ = write!(text, " Environment variable: `{}`.", variable.to_string_lossy());
    }
    text
}

fn value(value: &clap::builder::PossibleValue) -> String {
    let help = value.get_help().map(|help| prose(help.to_string().trim_end_matches('.')));
    let help = help.map(|help| format!(" ({help})")).unwrap_or_default();
    format!("`{}`{help}", value.get_name())
}
