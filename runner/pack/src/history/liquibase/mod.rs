//! Liquibase, formatted SQL: files that begin with `--liquibase formatted sql`, with `--changeset author:id` before each
//! alteration; in this folder and those below, ordered by their paths' text as `includeAll` does it.
//!
//! As Liquibase reads it: a changeset is a transaction unless it says `runInTransaction:false`; `endDelimiter` and
//! `splitStatements` say where statements end; `dbms` which databases need it; `--rollback` is its way back, and the word
//! `empty` one in which nothing is done; `--property` and `--placeholder` give values for `${name}`. `runOnChange` becomes
//! an alteration for each text, as Flyway's repeatable scripts do. What is decided when Liquibase runs
//! (preconditions, contexts, labels) is decided now, or refused.
//!
//! An id is the place of its changeset and `author-id`. Its place is the number that its file begins with, or else
//! the stamp of the file's path (`text_order`), and its place in the file: a changeset that is added at the end of any file,
//! and a file that is added anywhere, change no other id.

mod attributes;
mod changelog;
mod comments;

use super::{
    Context, HistoryError, Layout, Migration, Section,
    error::{FileProblem, Problem},
    files::{self, File},
    flyway::repeatable,
    hook, name, text_order,
};
use crate::alteration::{Dialect, LedgerKey};
use attributes::holds;
use changelog::{Changeset, RAW, Rollback, Text, is_formatted, parse};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

const PLACE_DIGITS: usize = 4;
const CHANGESETS_MAX: usize = 9999;
/// Digits for files that begin with one number.
const FILE_DIGITS: usize = 2;
const FILES_MAX: usize = 99;
/// More digits are no date.
const NUMBER_DIGITS_MAX: usize = 14;

/// Returns whether the file is formatted SQL.
pub(super) fn is(file: &File) -> bool {
    // Whatever is wrong with its text is told by who reads it.
    files::is_sql(file) && file.marked_sql().is_ok_and(|text| is_formatted(&text))
}

/// Returns whether the file is a changelog that is no SQL.
pub(super) fn is_other_changelog(file: &File) -> bool {
    let name = file.name.to_lowercase();
    [".xml", ".yaml", ".yml", ".json"].iter().any(|ending| name.ends_with(ending))
        && file.settings().is_ok_and(|text| text.contains("databaseChangeLog"))
}

const OTHER: &str = "a changelog of Liquibase that is no SQL, which only Liquibase can read. If it includes files of SQL alone, in the order of their names, pack their folder without this file; else write all of it as SQL first (`liquibase update-sql --output-file=changelog.sql` against an empty database), put `--liquibase formatted sql` and a `--changeset author:id` before each part, and pack that";

pub(super) fn refuse_other_changelogs(file: &File) -> Result<(), HistoryError> {
    match is_other_changelog(file) {
        true => Err(file.problem(FileProblem::Other(OTHER))),
        false => Ok(()),
    }
}

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let everywhere = files::everywhere(folder)?;
    everywhere.iter().try_for_each(refuse_other_changelogs)?;
    let files: Vec<&File> = everywhere.iter().filter(|file| file.stem().is_some()).collect();
    let mut paths: Vec<(String, &File)> =
        files.iter().map(|file| (relative(folder, file), *file)).collect();
    paths.sort_by(|one, two| one.0.cmp(&two.0));
    let mut reader = Reader { context, properties: BTreeMap::new(), seen: BTreeMap::new() };
    let (mut read, mut scripts) = (Vec::new(), Vec::new());
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    for (path, file) in &paths {
        let place = match number(path) {
            Some(number) => {
                let count = numbers.entry(number.to_owned()).or_insert(0);
                *count += 1;
                if *count > FILES_MAX {
                    let why = "at most 99 files begin with one number";
                    return Err(file.problem(FileProblem::Version(Layout::Liquibase, why)));
                }
                Place::Number(format!("{number}{:0FILE_DIGITS$}", *count - 1))
            }
            None => Place::Text(path.clone()),
        };
        for (migration, script) in reader.file(file, &place)? {
            match script {
                Some(name) => scripts.push((name, *file, migration)),
                None => read.push((*file, migration)),
            }
        }
    }
    let newest = read.iter().map(|(_, migration)| &migration.id).max().cloned();
    let (placed, added) = repeatable::place_each(scripts, newest.as_ref(), context)?;
    read.extend(placed);
    read.sort_by(|one, two| one.1.id.cmp(&two.1.id));
    let by_path = |file: &File| paths.iter().position(|(_, other)| other.path == file.path);
    let mut in_order: Vec<_> =
        read.iter().map(|(file, migration)| (by_path(file), &migration.id, *file)).collect();
    in_order.sort_by(|one, two| one.0.cmp(&two.0).then_with(|| one.1.cmp(two.1)));
    text_order::checked(in_order.into_iter().map(|(_, id, file)| (id, file)), Layout::Liquibase)?;
    let mut migrations: Vec<_> = read.into_iter().map(|(_, migration)| migration).collect();
    migrations.extend(added);
    Ok(migrations)
}

fn relative(folder: &Path, file: &File) -> String {
    let path = file.path.strip_prefix(folder).unwrap_or(&file.path);
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    parts.join("/")
}

/// Returns the number that a file in the folder itself begins with.
fn number(path: &str) -> Option<&str> {
    let (number, _) = name::numbered(path)?;
    (number.len() <= NUMBER_DIGITS_MAX && !path.contains('/')).then_some(number)
}

/// How the ids of a file's changesets begin.
enum Place {
    Number(String),
    Text(String),
}

impl Place {
    /// Returns the version and the stamp of the changeset at a place in the file, from 1.
    fn stamp(&self, at: usize) -> (Option<&'static str>, String) {
        match self {
            Self::Number(number) => (None, format!("{number}{at:0PLACE_DIGITS$}")),
            Self::Text(path) => {
                let (whole, fraction) = text_order::stamp(path.strip_suffix("sql").unwrap_or(path));
                // No character has these two digits.
                let stamp = format!("{whole}.{fraction}00{at:0PLACE_DIGITS$}");
                (Some(text_order::VERSION), stamp)
            }
        }
    }
}

/// Returns what the ledger calls `path::id::author`, with a path that may begin above the folder.
pub(super) fn ledger_key(version: &str) -> Option<LedgerKey> {
    let mut parts = version.rsplitn(3, "::");
    let (author, id, path) = (parts.next()?, parts.next()?, parts.next()?);
    let shown = format!("{author}-{id}");
    let name = name::id(None, "0", &format!("_{shown}")).ok()?.name().to_owned();
    let script = format!("{}-", repeatable::script(&shown));
    let starts = path.match_indices(['/', ':']).map(|(at, _)| at + 1);
    let key = |start: usize| {
        let path = &path[start..];
        let (head, digits) = match number(path) {
            Some(number) => (number.to_owned(), FILE_DIGITS + PLACE_DIGITS),
            None => {
                let (version, stamp) = Place::Text(path.to_owned()).stamp(0);
                let head = &stamp[..stamp.len() - PLACE_DIGITS];
                (format!("{}-{head}", version.unwrap_or_default()), PLACE_DIGITS)
            }
        };
        LedgerKey::Counted { head, digits, name: name.clone(), script: script.clone() }
    };
    Some(LedgerKey::Any(std::iter::once(0).chain(starts).map(key).collect()))
}

/// What is known over all files.
struct Reader<'a> {
    context: &'a Context<'a>,
    properties: BTreeMap<String, String>,
    /// The SQL of each changeset, by author and id.
    seen: BTreeMap<(String, String), String>,
}

/// An alteration, and the name of its script where it runs again whenever it changes.
type Read = (Migration, Option<String>);

impl Reader<'_> {
    fn file(&mut self, file: &File, place: &Place) -> Result<Vec<Read>, HistoryError> {
        let text = file.marked_sql()?;
        let at = |(line, problem)| HistoryError::Line { path: file.path.clone(), line, problem };
        let changesets = match is_formatted(&text) {
            true => {
                let placeholders = self.context.placeholders;
                let value = |name: &str| placeholders.get(name).cloned();
                parse(&text, &mut self.properties, &value).map_err(at)?
            }
            // Liquibase takes it for one changeset.
            false => vec![Changeset::raw(&file.sql()?)],
        };
        if changesets.len() > CHANGESETS_MAX {
            let why = "a file has at most 9999 changesets";
            return Err(file.problem(FileProblem::Version(Layout::Liquibase, why)));
        }
        let mut read = Vec::with_capacity(changesets.len());
        let mut known: BTreeSet<(String, String, Dialect)> = BTreeSet::new();
        for (index, changeset) in changesets.into_iter().enumerate() {
            let line = changeset.line;
            for dialect in changeset.attributes.dialects() {
                let (author, id) = (changeset.author.clone(), changeset.id.clone());
                if !known.insert((author, id, dialect)) {
                    let message = "this changeset is in the file twice, which Liquibase refuses; give one of them another id";
                    return Err(at((line, Problem::Plan(message.to_owned()))));
                }
            }
            let of = self.changeset(changeset, file, place, index + 1);
            read.extend(of.map_err(|error| match error {
                Error::Here(problem) => at((line, problem)),
                Error::There(error) => error,
            })?);
        }
        Ok(read)
    }

    fn changeset(
        &mut self,
        changeset: Changeset,
        file: &File,
        place: &Place,
        at: usize,
    ) -> Result<Option<Read>, Error> {
        let Changeset { author, id, attributes, line, sql, rollback, comment } = changeset;
        for (key, what) in [
            (
                "runalways",
                "runs again with each deploy, and an alteration runs once; take it out, and run its SQL by itself",
            ),
            (
                "failonerror",
                "goes on after an error, and an alteration never does; write SQL that succeeds, and take it out",
            ),
        ] {
            let default = key == "failonerror";
            if attributes.is_true(key).is_some_and(|value| value != default) {
                return Err(Error::Here(Problem::Attribute { key, what }));
            }
        }
        if attributes.get("runwith").is_some_and(|with| !with.eq_ignore_ascii_case("jdbc")) {
            let what =
                "gives it to a client such as psql; take it out, and what only the client knows";
            return Err(Error::Here(Problem::Attribute { key: "runwith", what }));
        }
        let bare = |text: &str| match attributes.is_true("stripcomments") {
            Some(false) => text.to_owned(),
            // Nothing is said of a file that is not formatted, and nothing taken out of it.
            _ if (author.as_str(), id.as_str()) == RAW => text.to_owned(),
            _ => comments::stripped(text),
        };
        let text = delimited(&bare(&sql.text), attributes.get("enddelimiter"));
        self.seen.entry((author.clone(), id.clone())).or_insert_with(|| text.clone());
        if attributes.is_true("ignore") == Some(true) || !self.is_chosen(&attributes)? {
            return Ok(None);
        }
        let Some(needed_on) = self.needed_on(&attributes.dialects()) else { return Ok(None) };
        let in_transaction = attributes.is_true("runintransaction") != Some(false);
        let section = |text: String, first_line: usize, is_way_back| Section {
            hook: hook(is_way_back, in_transaction),
            // What does nothing is an alteration all the same.
            text: if text.trim().is_empty() { "-- nothing\n".to_owned() } else { text },
            path: file.path.clone(),
            first_line,
        };
        let mut sections = vec![section(text, sql.first_line.max(line), false)];
        let delimiter = attributes.get("rollbackenddelimiter");
        match rollback {
            Rollback::None => {}
            Rollback::Empty => sections.push(section("SELECT 1;\n".to_owned(), line, true)),
            Rollback::Sql(Text { text, first_line, .. }) => {
                sections.push(section(delimited(&bare(&text), delimiter), first_line, true));
            }
            Rollback::Of { line, id, author } => {
                let Some(text) = self.seen.get(&(author, id)) else {
                    let problem = Problem::Plan("there is no such changeset before this one; write the SQL that takes it back".to_owned());
                    return Err(Error::There(HistoryError::Line {
                        path: file.path.clone(),
                        line,
                        problem,
                    }));
                };
                sections.push(section(text.clone(), line, true));
            }
        }
        let (version, stamp) = place.stamp(at);
        let shown = format!("{author}-{id}");
        let named = name::id(version, &stamp, &format!("_{shown}"))
            .map_err(|error| Error::There(HistoryError::Id { path: file.path.clone(), error }))?;
        let description = match comment.is_empty() {
            true => name::description(named.name(), &shown),
            false => name::description("", &comment),
        };
        let migration = Migration { needed_on, ..Migration::new(named, description, sections) };
        let again = attributes.is_true("runonchange") == Some(true);
        Ok(Some((migration, again.then_some(shown))))
    }

    /// Returns whether contexts and labels let it run.
    fn is_chosen(&self, attributes: &attributes::Attributes) -> Result<bool, Error> {
        let given = |name: &str| self.context.placeholders.get(name).map(String::as_str);
        if let Some(expression) = attributes.get("contextfilter").or(attributes.get("context")) {
            let what = "is chosen by `--contexts` when Liquibase runs; say which with `--placeholder contexts=NAME,NAME`, or that all of them run with `--placeholder contexts=`";
            let contexts = given("contexts")
                .ok_or(Error::Here(Problem::Attribute { key: "context", what }))?;
            let is_set =
                |name: &str| contexts.split(',').any(|set| set.trim().eq_ignore_ascii_case(name));
            if !contexts.trim().is_empty() && !holds(expression, &is_set) {
                return Ok(false);
            }
        }
        if let Some(labels) = attributes.get("labels") {
            let what = "is chosen by `--label-filter` when Liquibase runs; say which with `--placeholder labels=EXPRESSION`, or that all of them run with `--placeholder labels=`";
            let filter =
                given("labels").ok_or(Error::Here(Problem::Attribute { key: "labels", what }))?;
            let is_set =
                |name: &str| labels.split(',').any(|label| label.trim().eq_ignore_ascii_case(name));
            return Ok(holds(filter, &is_set));
        }
        Ok(true)
    }

    /// Returns the dialects that need it, of those that are asked for; empty for all of these. `None` where none does.
    fn needed_on(&self, named: &BTreeSet<Dialect>) -> Option<BTreeSet<Dialect>> {
        let asked = match self.context.dialects.is_empty() {
            true => BTreeSet::from(Dialect::ALL),
            false => self.context.dialects.clone(),
        };
        let needed: BTreeSet<Dialect> = named.intersection(&asked).copied().collect();
        match needed.is_empty() {
            true => None,
            false if needed == asked => Some(BTreeSet::new()),
            false => Some(needed),
        }
    }
}

/// What is wrong with a changeset: in the line of its mark, or elsewhere.
enum Error {
    Here(Problem),
    There(HistoryError),
}

/// Returns the text with statements that end with `;`. Another end is one where it ends a line; so is a line of `go` or
/// `/`.
fn delimited(text: &str, delimiter: Option<&str>) -> String {
    let delimiter = delimiter.map(|end| end.trim_start_matches("\\n").trim_start_matches("\\s*"));
    let delimiter = delimiter.filter(|end| !matches!(*end, "" | ";"));
    let mut ended = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let rest = &line[content.len()..];
        let before = match delimiter {
            Some(end) => content
                .len()
                .checked_sub(end.len())
                .and_then(|at| content.split_at_checked(at))
                .filter(|(_, found)| found.eq_ignore_ascii_case(end))
                .map(|(before, _)| before),
            None => matches!(content.trim().to_lowercase().as_str(), "go" | "/").then_some(""),
        };
        match before {
            // An empty statement is none.
            Some(before) => {
                let is_ended = before.trim_end().ends_with(';');
                ended.push_str(before);
                ended.push_str(if is_ended { "" } else { ";" });
                ended.push_str(rest);
            }
            None => ended.push_str(line),
        }
    }
    ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_statements() {
        let table = [
            ("A;\nB\n", None, "A;\nB\n"),
            ("A\nGO\nB\n/\n", None, "A\n;\nB\n;\n"),
            ("A; END//\nB //\n", Some("//"), "A; END;\nB ;\n"),
            ("A;\nEND;\n/\n", Some("\\n/"), "A;\nEND;\n;\n"),
            ("'http://x'\nA;//\n", Some("//"), "'http://x'\nA;\n"),
        ];
        for (text, delimiter, expected) in table {
            assert_eq!(delimited(text, delimiter), expected, "{text}");
        }
    }

    #[test]
    fn what_a_ledger_names() {
        let is = |version: &str, id: &str| ledger_key(version).unwrap().is(&id.parse().unwrap());
        let (_, stamp) = Place::Text("changelog.sql".to_owned()).stamp(3);
        let id = format!("0.0.0-{stamp}-alice-add+20x");
        assert!(is("db/changelog.sql::add x::alice", &id));
        assert!(is("changelog.sql::add x::alice", &id));
        assert!(!is("db/changelogs.sql::add x::alice", &id));
        assert!(!is("changelog.sql::x::alice", &id));
        assert!(is("classpath:db/001-init.sql::1::alice", "001000012-alice-1"));
        assert!(!is("002-init.sql::1::alice", "001000012-alice-1"));
    }
}
