//! node-pg-migrate: `<number>_<name>.sql` with `-- Up Migration` and `-- Down Migration`, or `.up.sql` with
//! `.down.sql`, ordered by number.
//!
//! As node-pg-migrate 9 reads it: a mark is in any case, indented, with more dashes, and anything may follow it;
//! what stands before the first mark is not run; either direction may come first; a number of 17 digits
//! is a date, and goes by its time among the milliseconds of the others. A file without marks goes forward.

use super::{
    Context, Layout, Migration, Section,
    error::{FileProblem, HistoryError, Problem},
    files::{self, File},
    hook,
    mark::{self, Line},
    name, notes,
    run_order::{self, Named},
};
use std::{collections::BTreeMap, ops::Range, path::Path};

const CODE: [&str; 6] = [".js", ".ts", ".cjs", ".mjs", ".cts", ".mts"];
const UTC_DIGITS: usize = 17;

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let files = files::flat(folder, Layout::NodePgMigrate)?;
    let is_code = |file: &&File| {
        name::numbered(&file.name).is_some()
            && CODE.iter().any(|ending| file.name.ends_with(ending))
            && !file.name.ends_with(".d.ts")
    };
    if let Some(code) = files.iter().find(is_code) {
        return Err(code.problem(FileProblem::Code(Layout::NodePgMigrate)));
    }
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    for file in &files {
        let Some(stem) = file.stem().filter(|stem| name::numbered(stem).is_some()) else {
            continue;
        };
        if let Some(stem) = stem.strip_suffix(".up") {
            groups.entry(stem).or_default().up = Some(file);
        } else if let Some(stem) = stem.strip_suffix(".down") {
            groups.entry(stem).or_default().down = Some(file);
        } else {
            groups.entry(stem).or_default().single = Some(file);
        }
    }
    let mut found = Vec::with_capacity(groups.len());
    for (stem, group) in &groups {
        let (number, rest) = name::numbered(stem).unwrap_or_default();
        let (file, sections) = group.read(context)?;
        let named = Named { file, number, name: rest.strip_prefix('_').unwrap_or(rest) };
        found.push(((time(&named)?, collated(stem)), named.migration(sections)?));
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    run_order::kept(
        found.into_iter().map(|(_, migration)| migration).collect(),
        Layout::NodePgMigrate,
    )
}

/// The files of one name.
#[derive(Debug, Default)]
struct Group<'a> {
    single: Option<&'a File>,
    up: Option<&'a File>,
    down: Option<&'a File>,
}

impl<'a> Group<'a> {
    fn read(&self, context: &Context<'_>) -> Result<(&'a File, Vec<Section>), HistoryError> {
        let whole = |file: &File, is_way_back| -> Result<Section, HistoryError> {
            let (text, path) = (file.sql()?, file.path.clone());
            Ok(Section { hook: hook(is_way_back, true), text, path, first_line: 1 })
        };
        match (self.single, self.up, self.down) {
            (Some(single), None, None) => Ok((single, sections(single, context)?)),
            (None, Some(up), down) => {
                let down = down.map(|down| whole(down, true)).transpose()?;
                Ok((up, [Some(whole(up, false)?), down].into_iter().flatten().collect()))
            }
            (Some(single), up, down) => {
                let second = up.or(down).unwrap_or(single).path.clone();
                let layout = Layout::NodePgMigrate;
                Err(HistoryError::OneVersion { first: single.path.clone(), second, layout })
            }
            (None, None, Some(down)) => Err(down.problem(FileProblem::DownWithoutUp)),
            (None, None, None) => unreachable!("a group is made for a file"),
        }
    }
}

fn sections(file: &File, context: &Context<'_>) -> Result<Vec<Section>, HistoryError> {
    let text = file.marked_sql()?;
    let first = |word| mark::lines(&text).find(|line| is_mark(line.text, word));
    let section = |line: Option<&Line<'_>>, range: Range<usize>, is_way_back| Section {
        hook: hook(is_way_back, true),
        text: text[range].to_owned(),
        path: file.path.clone(),
        first_line: line.map_or(1, |line| line.number),
    };
    let (up, down) = (first("up"), first("down"));
    if let Some(start) = [&up, &down].into_iter().flatten().map(|line| line.range.start).min() {
        notes::not_run(
            &text,
            0..start,
            &file.path,
            notes::BEFORE_MARKS,
            Layout::NodePgMigrate,
            context,
        );
    }
    Ok(match (up, down) {
        (None, None) => vec![section(None, 0..text.len(), false)],
        (None, Some(down)) => {
            let why = "has no `-- Up Migration` beside it, and without one node-pg-migrate runs the whole file on the way forward; add that line above what goes forward";
            let problem = Problem::MisplacedMark { mark: down.text.trim().to_owned(), why };
            return Err(HistoryError::Line { path: file.path.clone(), line: down.number, problem });
        }
        (Some(up), None) => vec![section(Some(&up), up.range.start..text.len(), false)],
        (Some(up), Some(down)) => {
            let (at, back) = (up.range.start, down.range.start);
            let (up_end, down_end) = if at < back { (back, text.len()) } else { (text.len(), at) };
            vec![section(Some(&up), at..up_end, false), section(Some(&down), back..down_end, true)]
        }
    })
}

/// `--`, more dashes or blanks, the direction, `migration`; then anything.
fn is_mark(line: &str, direction: &str) -> bool {
    let Some(comment) = line.trim_start().strip_prefix("--") else { return false };
    let comment = comment.trim_start_matches(|c: char| c == '-' || c.is_whitespace());
    let comment = comment.to_ascii_lowercase();
    let Some(rest) = comment.strip_prefix(direction) else { return false };
    rest.starts_with(char::is_whitespace) && rest.trim_start().starts_with("migration")
}

/// Returns what files of one time are ordered by: the name without its punctuation, in lower case, each number by its
/// size.
fn collated(stem: &str) -> String {
    const DIGITS: usize = 20;
    let mut collated = String::new();
    let mut rest = stem;
    while let Some(first) = rest.chars().next() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            collated.push_str(&format!("{:0>DIGITS$}", &rest[..digits]));
        } else if first.is_alphanumeric() {
            collated.extend(first.to_lowercase());
        }
        rest = &rest[digits.max(first.len_utf8())..];
    }
    collated
}

/// Returns what files are ordered by.
fn time(named: &Named<'_>) -> Result<u64, HistoryError> {
    let problem = |why| {
        let problem = FileProblem::Version(Layout::NodePgMigrate, why);
        named.file.problem(problem)
    };
    let number: u64 = named.number.parse().map_err(|_| problem("it is a number of 64 bits"))?;
    if named.number.len() != UTC_DIGITS {
        return Ok(number);
    }
    let part = |at: usize, length: usize| named.number[at..at + length].parse::<i16>().ok();
    let small = |at| part(at, 2).and_then(|part| i8::try_from(part).ok());
    let time = || {
        let thousandths = i32::from(part(14, 3)?) * 1_000_000;
        let (month, day, hour) = (small(4)?, small(6)?, small(8)?);
        let date = jiff::civil::DateTime::new(
            part(0, 4)?,
            month,
            day,
            hour,
            small(10)?,
            small(12)?,
            thousandths,
        );
        let time = date.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        u64::try_from(time.as_millisecond()).ok()
    };
    time().ok_or_else(|| problem("17 digits are a date, as in 20240131120000000"))
}

#[cfg(test)]
mod tests {
    use super::is_mark;

    #[test]
    fn marks() {
        for line in [
            "-- Up Migration",
            "--up migration",
            "  ---- - UP   MIGRATION of it",
            "-- up migrations",
        ] {
            assert!(is_mark(line, "up"), "{line}");
        }
        for line in ["-- Upmigration", "- Up Migration", "-- the up migration", "-- up, migration"]
        {
            assert!(!is_mark(line, "up"), "{line}");
        }
    }
}
