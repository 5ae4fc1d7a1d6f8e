//! `runner inspect --sql`: the SQL of a component, or the statements of its last rehearsal.
//!
//! On a terminal in colours; elsewhere a script whose headings are comments. All of it is a stranger's text:
//! what a terminal would act on is shown as escapes, and a heading says so. A text can hold comments that look like
//! headings: so each heading says how many lines it is of, and on a terminal no comment has a heading's colour.

use super::{
    command,
    explain::{self, Exit, Refusal},
    options::Format,
    output::{self, count},
};
use alteration_deploy::rehearsals::{Rehearsal, Rehearsals, RehearsedStatement};
use alteration_domain::{
    alteration::Dialect,
    escape::{Escaped, EscapedLines, is_deceptive},
};
use alteration_pack::{HookSql, SqlOf, section::Kind};
use alteration_sql::{self as sql, Paint};
use anstyle::{AnsiColor, Effects, Style};
use serde::Serialize;
use std::{fmt::Write as _, path::Path};

const KEYWORD: Style = AnsiColor::Blue.on_default().bold();
const TEXT: Style = AnsiColor::Green.on_default();
const NUMBER: Style = AnsiColor::Magenta.on_default();
const HEADING: Style = AnsiColor::Cyan.on_default();
const COMMENT: Style = Style::new().effects(Effects::DIMMED);

#[derive(Serialize)]
#[serde(tag = "source", rename_all = "kebab-case")]
enum Document<'a> {
    /// What its hooks hand over, which is known without running them.
    Component {
        /// SHA-256 of the file.
        component_checksum: String,
        /// Each text of SQL that it hands over.
        texts: &'a [HookSql],
    },
    /// It is code: what ran when it was last rehearsed.
    Rehearsal {
        /// SHA-256 of the file.
        component_checksum: String,
        /// What is saved of it.
        rehearsals: &'a [Rehearsal],
        /// Its alterations of which no rehearsal is saved.
        without: Vec<&'a String>,
    },
}

/// Prints what is known of the SQL of `file`.
pub(super) fn list(file: &Path, of: &SqlOf, kept: Option<&Rehearsals>, format: Format) -> Exit {
    let component_checksum = of.component_checksum.to_string();
    if let Some(texts) = &of.texts {
        match format {
            Format::Json => output::json(&Document::Component { component_checksum, texts }),
            Format::Text => texts.iter().enumerate().for_each(|(at, text)| one_text(at, text, of)),
        }
        return Exit::Done;
    }
    let rehearsals = kept.map(|kept| kept.of(of.component_checksum)).unwrap_or_default();
    if rehearsals.is_empty() {
        return unknown(file, of, format);
    }
    let is_without = |key: &&String| rehearsals.iter().all(|known| known.alteration != **key);
    let without: Vec<_> = of.alterations.iter().filter(is_without).collect();
    match format {
        Format::Json => {
            let rehearsals = &rehearsals;
            output::json(&Document::Rehearsal { component_checksum, rehearsals, without });
        }
        Format::Text => {
            rehearsals.iter().enumerate().for_each(|(at, rehearsal)| one_rehearsal(at, rehearsal));
            for key in without {
                output::result("");
                heading(&format!("{key}: no rehearsal of it is saved"));
            }
        }
    }
    Exit::Done
}

fn one_text(at: usize, text: &HookSql, of: &SqlOf) {
    let HookSql { alteration, hook, dialect, sql } = text;
    if at > 0 {
        output::result("");
    }
    let on = dialect.map(|dialect| format!(" on {dialect}")).unwrap_or_default();
    heading(&format!("{alteration}: {hook}{on}, {}", lines(sql)));
    let dialects = match (dialect, &of.dialects[..]) {
        (Some(dialect), _) => std::slice::from_ref(dialect),
        (None, []) => &sql::DIALECTS,
        (None, dialects) => dialects,
    };
    script(sql, dialects);
}

fn one_rehearsal(at: usize, rehearsal: &Rehearsal) {
    let Rehearsal { alteration, direction, database, at: when, statements, .. } = rehearsal;
    if at > 0 {
        output::result("");
    }
    heading(&format!("{alteration}: {direction}, as rehearsed at {when} on {database}"));
    if statements.is_empty() && rehearsal.not_rehearsed.is_none() && rehearsal.left_out == 0 {
        heading("no statement");
    }
    let mut last_hook = direction.as_str();
    for (at, RehearsedStatement { hook, sql, times, rows }) in statements.iter().enumerate() {
        if hook != last_hook {
            heading(&format!("in {hook}:"));
            last_hook = hook;
        }
        let times = match times {
            1 => String::new(),
            times => format!("{times} times, "),
        };
        heading(&format!("{}. {}, {times}{}", at + 1, lines(sql), count(*rows, "row")));
        script(sql, &sql::DIALECTS);
    }
    if rehearsal.left_out > 0 {
        heading(&format!("and {} more, not kept", count(rehearsal.left_out, "statement")));
    }
    if let Some(statement) = &rehearsal.not_rehearsed {
        heading(&format!(
            "not rehearsed from here on: it runs a statement that cannot be rolled back: {statement}"
        ));
    }
}

/// Returns the number of lines of a text, for a message.
fn lines(sql: &str) -> String {
    count(shown(sql).split('\n').count() as u64, "line")
}

/// A text without what hangs behind it.
fn shown(sql: &str) -> &str {
    sql.trim_end_matches(['\n', '\r', ' ', '\t'])
}

/// One line of a comment.
fn heading(text: &str) {
    output::result(&format!("{HEADING}-- {}{HEADING:#}", Escaped(text)));
}

/// A text that other statements can stand behind.
fn script(text: &str, dialects: &[Dialect]) {
    let dialect = sql::dialect_of(text, dialects);
    if text.replace("\r\n", "\n").chars().any(|c| !matches!(c, '\n' | '\t') && is_deceptive(c)) {
        heading(
            "it holds characters that are shown as \\u{…} here, and are other ones where it runs",
        );
    }
    let text = shown(text);
    let mut shown = String::with_capacity(text.len());
    match output::is_coloured() {
        false => shown.push_str(&EscapedLines(text).to_string()),
        true => sql::highlight(text, dialect, |paint, part| {
            let (style, part) = (style(paint), EscapedLines(part));
            // Writing to a string cannot fail.
            let _ = write!(shown, "{style}{part}{style:#}");
        }),
    }
    shown.push_str(sql::terminator(text, dialect));
    output::result(&shown);
}

fn style(paint: Paint) -> Style {
    match paint {
        Paint::Plain => Style::new(),
        Paint::Keyword => KEYWORD,
        Paint::Text => TEXT,
        Paint::Number => NUMBER,
        Paint::Comment => COMMENT,
    }
}

/// Says how to find out.
fn unknown(file: &Path, of: &SqlOf, format: Format) -> Exit {
    let file = file.display().to_string();
    let shown = Escaped(&file);
    let (message, next, commands) = match of.kind {
        Kind::Module => (
            format!("{shown} is a core module, which runs nothing by itself"),
            "make a component of it, as in `runner pack FILE --out DIR`".to_owned(),
            Vec::new(),
        ),
        Kind::Component => (
            format!(
                "{shown} is code, and what it runs shows when it runs: no rehearsal of it is saved"
            ),
            "rehearse it on the database that it is for, which keeps nothing there, and ask again:"
                .to_owned(),
            vec![command::rehearse(&file, of.draft)],
        ),
    };
    let refusal = Refusal {
        message: &message,
        changed: "nothing was altered",
        next: &next,
        commands,
        ..Refusal::default()
    };
    explain::refused(refusal, Exit::Failed, format)
}
