//! graphile-migrate: `committed/<number>-<name>.sql` with `--! Previous:` and `--! Hash:`, ordered by number.
//!
//! As graphile-migrate 1 reads it: each file names the hash of the one before it and its own, which are verified unless
//! it says `--! AllowInvalidHash`; `:NAME` is a placeholder; a text that begins with `--! no-transaction` runs
//! outside of a transaction, as one message. There is no way back. `current.sql` and `current/` are not
//! committed, and not run.

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError, Problem},
    files::{self, File, Listing},
    hook, name,
    run_order::{self, Named},
    statements::each_statement,
};
use crate::{alteration::Dialect, sql::TokenKind};
use sha1::{Digest, Sha1};
use std::{collections::BTreeMap, path::Path};

const COMMITTED: &str = "committed";
/// What the tool itself has values for.
const OWN: [&str; 2] = ["DATABASE_NAME", "DATABASE_OWNER"];

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let listing = files::list(folder)?;
    let files = match listing.folders.iter().find(|below| below.name == COMMITTED) {
        Some(below) => below.inside()?.files,
        None => listing.files,
    };
    let mut migrations = Vec::new();
    let mut previous: Option<String> = None;
    for file in &files {
        let Some((number, name)) = parse(file) else { continue };
        let text = file.marked_sql()?;
        let headers =
            headers(&text).map_err(|problem| file.problem(FileProblem::Other(problem)))?;
        let hash = headers.verified(previous.as_deref());
        previous = Some(hash.map_err(|problem| file.problem(FileProblem::Other(problem)))?);
        let text = replaced(&text, context).map_err(|(at, problem)| {
            let line = 1 + text[..at].matches('\n').count();
            HistoryError::Line { path: file.path.clone(), line, problem }
        })?;
        let first = text.lines().find(|line| !is_header(line) && !line.trim().is_empty());
        let in_transaction = !first.is_some_and(leaves_transaction);
        let (hook, path) = (hook(false, in_transaction), file.path.clone());
        let section = Section { hook, text, path, first_line: 1 };
        let mut migration = Named { file, number, name }.migration(vec![section])?;
        let message = headers.found.get("Message").and_then(|message| message.clone());
        migration.description = message.or(migration.description);
        migrations.push(migration);
    }
    run_order::kept(migrations, Layout::GraphileMigrate)
}

/// Returns whether it is a folder of this tool: one of its committed files.
pub(super) fn is(listing: &Listing) -> Result<Option<File>, HistoryError> {
    let committed = match listing.folders.iter().find(|below| below.name == COMMITTED) {
        Some(below) => below.inside()?.files,
        None => listing.files.clone(),
    };
    let is_one = |file: &File| {
        parse(file).is_some()
            && file.marked_sql().is_ok_and(|text| text.starts_with("--! Previous:"))
    };
    Ok(committed.into_iter().find(is_one))
}

/// `<number>.sql`, or `<number>-<letters, digits, - and _>.sql`.
fn parse(file: &File) -> Option<(&str, &str)> {
    let (number, rest) = name::numbered(file.stem()?)?;
    let name = if rest.is_empty() { rest } else { rest.strip_prefix('-')? };
    let fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    fits.then_some((number, name))
}

/// What a file says of itself.
struct Headers<'a> {
    found: BTreeMap<&'a str, Option<String>>,
    body: &'a str,
}

fn is_header(line: &str) -> bool {
    header(line).is_some()
}

/// `--! Name` or `--! Name: value`, where the name begins with a capital letter.
fn header(line: &str) -> Option<(&str, Option<String>)> {
    let line = line.strip_prefix("--! ")?;
    let (name, value) = match line.split_once(':') {
        Some((name, value)) => (name, Some(value.trim().to_owned())),
        None => (line, None),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(fits))
        .then_some((name, value))
}

fn headers(text: &str) -> Result<Headers<'_>, &'static str> {
    let mut found = BTreeMap::new();
    let mut body = text;
    loop {
        let (line, rest) = body.split_once('\n').unwrap_or((body, ""));
        let Some((name, value)) = header(line) else { break };
        if found.insert(name, value).is_some() {
            return Err("one of its `--!` lines is there twice; restore the file");
        }
        body = rest;
    }
    match body.starts_with('\n') {
        true => Ok(Headers { found, body }),
        false => Err("there is no empty line behind its `--!` lines; restore the file"),
    }
}

impl Headers<'_> {
    /// Returns the hash of the file, which has to be that of its text.
    fn verified(&self, before: Option<&str>) -> Result<String, &'static str> {
        let of = |name| self.found.get(name).and_then(Option::as_deref);
        let previous = of("Previous").ok_or("it has no `--! Previous:`; restore the file")?;
        let hash = of("Hash").ok_or("it has no `--! Hash:`; restore the file")?;
        let previous = Some(previous).filter(|hash| *hash != "-");
        if previous != before {
            return Err(
                "its `--! Previous:` is not the hash of the file before it: a file is missing, or one too many is there; restore what was committed",
            );
        }
        let text = format!("{}\n{}", previous.unwrap_or_default(), self.body.trim());
        let mut real = "sha1:".to_owned();
        for byte in Sha1::digest(format!("{}\n", text.trim())) {
            real.push_str(&format!("{byte:02x}"));
        }
        match (real == hash, self.found.contains_key("AllowInvalidHash")) {
            (true, false) | (false, true) => Ok(hash.to_owned()),
            (false, false) => Err(
                "its `--! Hash:` is not that of its text, so that it was changed after it was committed, which graphile-migrate refuses; restore the file",
            ),
            (true, true) => Err(
                "it says `--! AllowInvalidHash` and its hash is valid, which graphile-migrate refuses; take the line out",
            ),
        }
    }
}

fn leaves_transaction(line: &str) -> bool {
    let word = line.strip_prefix("--!").map(str::trim_start);
    let rest = word.and_then(|word| word.strip_prefix("no-transaction"));
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
}

/// Returns the text with the values of its placeholders; or the byte of one that has none.
fn replaced(text: &str, context: &Context<'_>) -> Result<String, (usize, Problem)> {
    let no_value = |at: usize, name: &str| {
        let (text, name) = (format!(":{name}"), name.to_owned());
        (at, Problem::NoValue { text, name, elsewhere: "" })
    };
    let mut replaced = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(at) = text[from..].find(':').map(|at| from + at) {
        let name = placeholder(&text[at + 1..]);
        let value = context.placeholders.get(name);
        replaced.push_str(&text[from..at]);
        from = at + 1 + name.len();
        match value {
            Some(value) => replaced.push_str(value),
            None if OWN.contains(&name) => return Err(no_value(at, name)),
            None => replaced.push_str(&text[at..from]),
        }
    }
    replaced.push_str(&text[from..]);
    // Outside of strings, PostgreSQL has no such name.
    let mut missing = None;
    // What is wrong with the SQL itself is told by who looks through it.
    let _ = each_statement(&replaced, Dialect::Postgresql, |start, statement| {
        for pair in statement.tokens().windows(3) {
            let [before, colon, word] = pair else { continue };
            let is_cast =
                before.kind == TokenKind::Symbol(b':') && before.range().end == colon.range().start;
            let name = word.text(statement.text());
            let is_name = word.kind == TokenKind::Word && placeholder(name).len() == name.len();
            if colon.kind == TokenKind::Symbol(b':')
                && colon.range().end == word.range().start
                && is_name
                && name.len() > 1
                && !is_cast
            {
                missing.get_or_insert_with(|| (start + colon.range().start, name.to_owned()));
            }
        }
        Ok(())
    });
    match missing {
        Some((at, name)) => Err(no_value(at.min(text.len()), &name)),
        None => Ok(replaced),
    }
}

/// Returns the name that `text` begins with: a capital letter, then capitals, digits and `_`; empty if it is none.
fn placeholder(text: &str) -> &str {
    let fits = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    let end = text.bytes().take_while(fits).count();
    let goes_on = text[end..].starts_with(|c: char| c.is_ascii_lowercase());
    let is_name = text.starts_with(|c: char| c.is_ascii_uppercase()) && !goes_on;
    if is_name { &text[..end] } else { "" }
}
