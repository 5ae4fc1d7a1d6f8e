//! The guide's reference pages, made from the code: `runner/guide/src/reference/`.
//!
//! Commands come from their definitions, JSON documents and exit codes from the types and their doc comments, tables
//! from the statements that create them, files from their schemas. A page that is not what the code says fails its
//! test; with [`UPDATE`] set, the test writes the page.

mod attacks;
mod commands;
mod exit_codes;
mod json;
mod schemas;
mod source;
mod tables;

use std::{fs, path::PathBuf};

/// Set to any value, the pages are written instead of compared.
const UPDATE: &str = "RUNNER_UPDATE_REFERENCE";

/// Returns a file or folder of the repository, which this package is somewhere in.
fn repository(path: &str) -> PathBuf {
    let package = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let found = package.ancestors().map(|folder| folder.join(path)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("no folder above {} has {path}", package.display()))
}

/// Compares a page with what the code says now, or writes it.
fn page(name: &str, title: &str, about: &str, body: &str) {
    let command = format!("{UPDATE}=1 cargo test --lib reference");
    let text = format!(
        "<!-- Made from the code. To change it, change the code, then run: {command} -->\n\n# {title}\n\n{about}\n\n{}\n",
        body.trim()
    );
    let path = repository("runner/guide/src/reference").join(name);
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, text).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let differ = found.lines().zip(text.lines()).position(|(found, text)| found != text);
    let line = differ.unwrap_or_else(|| found.lines().count().min(text.lines().count()));
    assert!(
        found == text,
        "{name} is not what the code says, from line {} on.\n found: {}\n  code: {}\nRewrite it with: {command}",
        line + 1,
        found.lines().nth(line).unwrap_or("the end"),
        text.lines().nth(line).unwrap_or("the end"),
    );
}

#[test]
fn the_guide_lists_every_page() {
    let folder = repository("runner/guide/src/reference");
    let summary = fs::read_to_string(repository("runner/guide/src/SUMMARY.md")).unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name();
        let link = format!("(reference/{})", name.to_string_lossy());
        assert!(summary.contains(&link), "SUMMARY.md lacks {link}");
    }
}

/// Escapes what Markdown would read as markup, but in code between backticks.
fn prose(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut is_code = false;
    for c in text.chars() {
        is_code ^= c == '`';
        match c {
            // A table's cell ends here, whether it is code or not.
            '|' => shown.push_str("\\|"),
            '*' | '<' | '[' if !is_code => shown.extend(['\\', c]),
            _ => shown.push(c),
        }
    }
    shown
}

/// Makes a sentence end as one.
fn sentence(text: &str) -> String {
    let text = text.trim();
    match text.ends_with(['.', '!', '?', ':']) || text.is_empty() {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}
