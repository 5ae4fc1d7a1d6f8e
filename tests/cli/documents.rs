//! The project's documents: links lead somewhere, short pages stay short, and the map names files that are there.

use crate::support::{Sandbox, root};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const ARCHITECTURE_LINES_MAX: usize = 120;
const README_LINES_MAX: usize = 150;
/// Folders with documents that are not the project's own.
const FOREIGN: [&str; 6] = ["target", "node_modules", ".git", "templates", "book", "dist"];

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every document of the project.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !path.is_symlink() && !FOREIGN.contains(&name.as_str()) {
                folders.push(path);
            } else if !path.is_symlink()
                && path.extension().is_some_and(|extension| extension == "md")
            {
                found.push(path);
            }
        }
    }
    found
}

/// The lines of a text that are not in a block of code.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence && !line.starts_with("    ")
    })
}

/// Returns where the links of a text lead, `[…](here)`.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in prose(text) {
        for rest in line.split("](").skip(1) {
            found.extend(rest.split_once(')').map(|(target, _)| target.to_owned()));
        }
    }
    found
}

/// The anchor of a heading, as GitHub and mdBook make it.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    prose(text).filter(|line| line.starts_with('#')).map(anchor).collect()
}

fn within(path: &Path, folder: &Path) -> bool {
    path.canonicalize().is_ok_and(|path| path.starts_with(folder.canonicalize().expect("a folder")))
}

#[test]
fn no_link_is_dead() {
    let mut dead = Vec::new();
    let mut seen = 0;
    for document in documents() {
        let folder = document.parent().expect("a folder");
        let text = read(&document);
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            seen += 1;
            let (path, fragment) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { document.clone() } else { folder.join(path) };
            let leads = target.exists()
                && (fragment.is_empty() || anchors(&read(&target)).contains(fragment));
            // A built book has only its own pages.
            let leaves = |from: &Path| document.starts_with(from) && !within(&target, from);
            if !leads || leaves(&root().join("runner/guide/src")) {
                dead.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
    assert!(seen > 100, "only {seen} links were found");
}

/// A page that the summary does not name is in no book.
#[test]
fn the_summary_names_every_page_once_and_in_its_part() {
    let book = root().join("runner/guide/src");
    let summary = read(&book.join("SUMMARY.md"));
    let named = links(&summary);
    let mut part = "";
    for line in summary.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            part = title.split(':').next().unwrap_or_default();
        }
        let folder = match part {
            "Tutorials" => "tutorial/",
            "How-to" => "how-to/",
            "Reference" => "reference/",
            "Explanation" => "explanation/",
            _ => "",
        };
        for link in links(line) {
            assert!(link.starts_with(folder), "{link} is in the part {part}");
        }
    }
    let mut pages = Vec::new();
    for folder in ["tutorial", "how-to", "reference", "explanation"] {
        for entry in fs::read_dir(book.join(folder)).expect("a part of the guide") {
            let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            pages.push(format!("{folder}/{name}"));
        }
    }
    for page in pages {
        let times = named.iter().filter(|name| **name == page).count();
        assert_eq!(times, 1, "{page} in SUMMARY.md");
    }
}

#[test]
fn the_index_names_every_decision() {
    let folder = root().join("runner/decisions");
    let index = links(&read(&folder.join("README.md")));
    for entry in fs::read_dir(&folder).expect("the decisions") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == "README.md" {
            continue;
        }
        assert!(index.contains(&name), "{name} is not in the index");
        let text = read(&path);
        for heading in ["\nDecided on ", "\n## Context\n", "\n## Decision\n", "\n## Consequence\n"]
        {
            assert!(text.contains(heading), "{name} lacks {heading:?}");
        }
    }
}

#[test]
fn the_map_and_the_readme_are_short() {
    for (name, most) in
        [("ARCHITECTURE.md", ARCHITECTURE_LINES_MAX), ("README.md", README_LINES_MAX)]
    {
        let lines = read(&root().join(name)).lines().count();
        assert!(lines <= most, "{name} has {lines} lines, of {most}");
    }
}

/// The line that the guide shows to developers is the example's, which its own tests run.
#[test]
fn the_check_at_a_start_is_the_example_s() {
    let page = read(&root().join("runner/guide/src/how-to/check-at-start.md"));
    let (_, rust) = page.split_once("## In Rust\n").expect("a part about Rust");
    let line = rust.lines().find_map(|line| line.strip_prefix("    ")).expect("a line of Rust");
    let example = read(&root().join("examples/startup-check/src/main.rs"));
    assert!(example.contains(line), "{line}");
}

/// Commands that are shown without what they print: `runner` knows their verbs and flags.
#[test]
fn every_command_of_the_guide_is_one() {
    let sandbox = Sandbox::new();
    let guide = root().join("runner/guide/src");
    let mut seen = 0;
    for document in documents().iter().filter(|path| path.starts_with(&guide)) {
        for line in read(document).lines().filter(|line| line.starts_with("    runner ")) {
            let words = line.trim().split(['&', '>', '|']).next().unwrap_or_default();
            let words = words.replace("\"$DATABASE_URL\"", "sqlite:app.db");
            let args: Vec<&str> = words.split_whitespace().skip(1).chain(["--help"]).collect();
            let run = sandbox.runner(&args);
            assert_eq!(run.code, Some(0), "{}: {line}: {run:#?}", document.display());
            seen += 1;
        }
    }
    assert!(seen > 5, "only {seen} commands were found");
}

/// The cells of each row of a table whose first column has the heading `first`.
fn rows<'a>(text: &'a str, first: &str) -> Vec<Vec<&'a str>> {
    let cells = |line: &'a str| line.trim_matches('|').split('|').map(str::trim).collect();
    let start = format!("| {first} |");
    let table = text.lines().skip_while(|line| !line.starts_with(&start)).skip(2);
    table.take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// Returns what stands between backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Paths of a row are those of its crate, or of the repository.
#[test]
fn the_map_names_files_that_are_there() {
    let text = read(&root().join("ARCHITECTURE.md"));
    let crates = rows(&text, "crate");
    let mut seen = 0;
    for row in rows(&text, "you want to change") {
        let [_, owner, places] = row[..] else { panic!("a row of three: {row:?}") };
        let folder = crates.iter().find(|cells| cells[0] == owner);
        let folder = folder.and_then(|cells| quoted(cells[1]).next());
        let folder = folder.unwrap_or_else(|| panic!("{owner} is in no table"));
        for path in quoted(places).filter(|path| path.contains(['/', '.'])) {
            seen += 1;
            let is_there = root().join(folder).join(path).exists() || root().join(path).exists();
            assert!(is_there, "{path} of {owner} is not there");
        }
    }
    assert!(seen > 50, "only {seen} paths were found");
}

/// Every tool whose files are taken has a section of its own.
#[test]
fn each_tool_is_in_the_reference() {
    let sandbox = Sandbox::new();
    let run =
        sandbox.runner(&["pack", ".", "--plugin", "acme/x", "--out", "x", "--from", "nothing"]);
    let (_, tools) = run.stderr.split_once("possible values: ").expect("the tools are listed");
    let tools: Vec<&str> = tools
        .split(']')
        .next()
        .into_iter()
        .flat_map(|tools| tools.split(','))
        .map(str::trim)
        .filter(|tool| *tool != "runner")
        .collect();
    assert!(tools.len() > 20, "{run:#?}");
    let page = read(&root().join("runner/guide/src/reference/histories.md"));
    for tool in tools {
        assert!(page.contains(&format!("\n## `{tool}`\n")), "{tool} is not in the reference");
    }
}
