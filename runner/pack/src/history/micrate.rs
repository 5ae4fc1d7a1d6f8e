//! micrate: `<number>_<name>.sql` with `-- +micrate Up` and `-- +micrate Down`, ordered by number.
//!
//! As micrate 0.15 reads it: a mark begins its line, in its own case; what stands before the first one is not run; a
//! statement ends where its line ends with `;`, and one that does not is never run. Both directions run in
//! a transaction.

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError, Problem},
    files::{self, File},
    hook, mark, name, notes,
    numbered::{Numbered, by_version},
    run_order::Named,
};
use std::path::Path;

const PREFIX: &str = "-- +micrate ";
const UP: &str = "-- +micrate Up";
const DOWN: &str = "-- +micrate Down";
const KNOWN: &str = "Up, Down, StatementBegin, StatementEnd";

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::Micrate)?;
    let names = files.iter().filter_map(|file| {
        let (number, rest) = name::numbered(file.stem()?)?;
        let name = rest.strip_prefix('_')?;
        Some(Numbered { file, number, rest: name })
    });
    let names = by_version(names, Layout::Micrate)?;
    let migrations = names.into_values().map(|Numbered { file, number, rest: name }| {
        Named { file, number, name }.migration(sections(file, context)?)
    });
    migrations.collect()
}

/// The SQL of one direction.
#[derive(Debug, Default)]
struct Part {
    first_line: Option<usize>,
    text: String,
    in_statement: bool,
    /// A line of a statement that nothing ended yet.
    open: Option<usize>,
}

fn sections(file: &File, context: &Context<'_>) -> Result<Vec<Section>, HistoryError> {
    let text = file.marked_sql()?;
    let problem = |line, problem| HistoryError::Line { path: file.path.clone(), line, problem };
    let (mut up, mut down) = (Part::default(), Part::default());
    let mut is_down: Option<bool> = None;
    let mut start = 0;
    for line in mark::lines(&text) {
        let command = line.text.strip_prefix(PREFIX).map(str::trim);
        match command {
            Some("Up") => is_down = Some(false),
            Some("Down") => is_down = Some(true),
            None | Some("StatementBegin" | "StatementEnd") => {}
            Some(_) => {
                let mark = line.text.to_owned();
                let unknown = Problem::UnknownMark { mark, layout: Layout::Micrate, known: KNOWN };
                return Err(problem(line.number, unknown));
            }
        }
        let Some(is_down) = is_down else {
            start = line.range.end;
            continue;
        };
        let part = if is_down { &mut down } else { &mut up };
        part.first_line.get_or_insert(line.number);
        part.text.push_str(&text[line.range.clone()]);
        match command {
            Some("StatementBegin") => part.in_statement = true,
            Some("StatementEnd") => (part.in_statement, part.open) = (false, None),
            _ => {
                let code = line.text.split("--").next().unwrap_or_default().trim();
                if code.ends_with(';') && !part.in_statement {
                    part.open = None;
                } else if !code.is_empty() {
                    part.open.get_or_insert(line.number);
                }
            }
        }
    }
    let Some(_) = is_down else { return Err(file.problem(FileProblem::NoMarks(UP, DOWN))) };
    notes::not_run(&text, 0..start, &file.path, notes::BEFORE_MARKS, Layout::Micrate, context);
    let mut sections = Vec::new();
    for (part, is_way_back) in [(up, false), (down, true)] {
        if let Some(line) = part.open {
            return Err(problem(line, Problem::NeverRun(Layout::Micrate)));
        }
        let Some(first_line) = part.first_line else { continue };
        let (hook, path) = (hook(is_way_back, true), file.path.clone());
        sections.push(Section { hook, text: part.text, path, first_line });
    }
    match sections.first() {
        Some(section) if !section.hook.is_way_back() => Ok(sections),
        _ => Err(file.problem(FileProblem::NoMarks(UP, DOWN))),
    }
}
