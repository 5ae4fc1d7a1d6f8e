//! What a rollback destroys: tables, columns, and rows of tables that stay, found before anybody is asked.
//!
//! Where a database can take all of it back, the rollback is rehearsed: the schema is compared, and so are the numbers of rows
//! of the tables that it wrote to. For those whose numbers say nothing, the database's own account of the rehearsal and the
//! SQL that ran in it are read. Elsewhere the SQL of each `down` is read; where a component is code, only tables whose names
//! occur in it can be named. Alters nothing.

use super::{Control, How, Job, Work, components::Components, lock};
use crate::{
    alteration::{AlterationId, Dialect},
    backend::{Backend, BackendError, RowSource, Thing, Written},
    error::{Error, StepError},
    event::{Certainty, Event, Losses, LostColumn, LostRows, LostTable, Observer, Report},
    host::{HookEvent, Host},
    pack::{SqlHook, SqlSource},
    plan::{Plan, Renames},
    sql::{Statement, Token, TokenKind, statement_length},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

/// What is found, by table.
#[derive(Default)]
struct Found {
    tables: BTreeMap<String, Certainty>,
    columns: BTreeMap<(String, String), Certainty>,
    /// Tables that stay and whose rows may be deleted or changed.
    rows: BTreeSet<String>,
    /// How many rows are left in tables that stay.
    left: BTreeMap<String, u64>,
    unsure: Option<String>,
}

impl Found {
    /// Adds a table, unless more is known of it.
    fn table(&mut self, name: &str, certainty: Certainty) {
        let known = self.tables.entry(name.to_owned()).or_insert(certainty);
        if *known == Certainty::Perhaps {
            *known = certainty;
        }
    }
}

type Tables = BTreeMap<String, RowSource>;

/// Looks what `plan`, a rollback, destroys. `may_run`: its hooks may run in a rehearsal.
pub(super) async fn look(
    (job, how, host): (&Job<'_>, &How, &Host),
    plan: &Plan,
    components: &mut Arc<Components>,
    backend: &mut Backend,
    control: &Control,
    may_run: bool,
) -> Result<Losses, Error> {
    lock(backend, how, control).await?;
    let looked = find((job, how, host), plan, components, backend, control, may_run).await;
    backend.unlock().await;
    looked
}

async fn find(
    (job, how, host): (&Job<'_>, &How, &Host),
    plan: &Plan,
    components: &mut Arc<Components>,
    backend: &mut Backend,
    control: &Control,
    may_run: bool,
) -> Result<Losses, Error> {
    let things = things(backend).await?;
    let before = tables(&things);
    let can_rehearse = matches!(backend.dialect(), Dialect::Sqlite | Dialect::Postgresql);
    let mut found = Found::default();
    let mut is_whole = false;
    if can_rehearse && may_run {
        match rehearse((job, how, host), &before, components, backend, control).await? {
            Ok(rehearsed) => {
                compare(&before, &rehearsed, &mut found);
                is_whole = rehearsed.is_whole;
            }
            Err(reason) => found.unsure = Some(format!("a rehearsal of it failed: {reason}")),
        }
    }
    if !is_whole {
        read(plan, components, &before, backend.dialect(), &mut found);
        follow(&things, &before, &mut found);
    }
    backend.begin_looking().await?;
    let counted = count(&before, &found, backend).await;
    backend.abandon().await?;
    Ok(counted?)
}

async fn things(backend: &mut Backend) -> Result<Vec<Thing>, BackendError> {
    backend.begin_looking().await?;
    let things = backend.things().await;
    backend.abandon().await?;
    things
}

fn tables(things: &[Thing]) -> Tables {
    let tables = things.iter().filter(|thing| thing.kind == "table");
    tables.filter_map(|thing| Some((thing.name.clone(), thing.rows.clone()?))).collect()
}

/// What a rehearsal showed.
#[derive(Default)]
struct Rehearsed {
    /// The tables that are left.
    tables: Tables,
    written: Written,
    /// How many rows are left in tables that were written to.
    left: BTreeMap<String, u64>,
    /// What the SQL says that ran.
    said: Found,
    /// Whether all of it ran.
    is_whole: bool,
}

/// Rehearses the rollback; or says why that failed.
async fn rehearse(
    (job, how, host): (&Job<'_>, &How, &Host),
    before: &Tables,
    components: &mut Arc<Components>,
    backend: &mut Backend,
    control: &Control,
) -> Result<Result<Rehearsed, String>, Error> {
    let said = Arc::new(Mutex::new(Found::default()));
    let observer = reader(before.clone(), backend.dialect(), Arc::clone(&said));
    let quiet = Control { observer, cancelled: control.cancelled.clone(), ..Control::default() };
    let mut report = Report { rehearsed: true, ..Report::default() };
    let mut work = Work {
        job,
        host,
        components: Arc::clone(components),
        control: &quiet,
        renames: Renames::new(),
        permitted: Vec::new(),
        before: 0,
        later: 0,
        report: &mut report,
        retries: how.retries,
        step_time: how.step_time,
        step_pause: how.step_pause,
        block_limit: how.block_limit,
    };
    backend.begin_rehearsal().await?;
    let worked = work.work_on(backend).await;
    *components = work.components;
    let after = match &worked {
        Ok(()) => Some(look_after(backend).await),
        Err(_) => None,
    };
    let ended = backend.end_rehearsal().await;
    match (worked, after) {
        (Err(Error::Interrupted), _) => Err(Error::Interrupted),
        (Err(Error::Step(failure)), _) if matches!(failure.cause, StepError::Interrupted) => {
            Err(Error::Interrupted)
        }
        (Err(error), _) => {
            ended?;
            Ok(Err(error.to_string()))
        }
        (Ok(()), after) => {
            ended?;
            let mut rehearsed = after.transpose()?.unwrap_or_default();
            rehearsed.said =
                std::mem::take(&mut *said.lock().unwrap_or_else(PoisonError::into_inner));
            rehearsed.is_whole = report.not_rehearsed.is_none();
            Ok(Ok(rehearsed))
        }
    }
}

/// Reads each statement that runs into `said`.
fn reader(before: Tables, dialect: Dialect, said: Arc<Mutex<Found>>) -> Observer {
    Arc::new(move |event| {
        if let Event::Hook { key, event: HookEvent::Statement { sql, .. }, .. } = event {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            read_sql(sql, &key.id, &before, dialect, &mut said);
        }
    })
}

/// Looks what a rehearsal has done so far.
async fn look_after(backend: &mut Backend) -> Result<Rehearsed, BackendError> {
    let tables = tables(&things(backend).await?);
    backend.begin_looking().await?;
    let looked = count_left(tables, backend).await;
    backend.abandon().await?;
    looked
}

async fn count_left(tables: Tables, backend: &mut Backend) -> Result<Rehearsed, BackendError> {
    let written = backend.written().await?;
    let mut left = BTreeMap::new();
    for (name, rows) in tables.iter().filter(|(name, _)| written.rewrote(name).is_some()) {
        left.insert(name.clone(), backend.count_rows(rows).await?);
    }
    Ok(Rehearsed { tables, written, left, ..Rehearsed::default() })
}

fn compare(before: &Tables, rehearsed: &Rehearsed, found: &mut Found) {
    let Rehearsed { tables, written, left, said, .. } = rehearsed;
    for (name, rows) in before {
        let Some(after) = tables.get(name) else {
            found.table(name, Certainty::Rehearsed);
            continue;
        };
        for column in &rows.columns {
            let key = (name.clone(), column.clone());
            if !after.columns.contains(column) {
                found.columns.insert(key, Certainty::Rehearsed);
            } else if said.columns.contains_key(&key) {
                // It was dropped and made again.
                found.columns.insert(key, Certainty::Perhaps);
            }
        }
        let Some(is_rewritten) = written.rewrote(name) else { continue };
        if let Some(left) = left.get(name) {
            found.left.insert(name.clone(), *left);
        }
        if is_rewritten || said.rows.contains(name) || said.tables.contains_key(name) {
            found.rows.insert(name.clone());
        }
    }
}

/// Reads what each step would run.
fn read(
    plan: &Plan,
    components: &Components,
    tables: &Tables,
    dialect: Dialect,
    found: &mut Found,
) {
    for step in &plan.steps {
        let Some((_, ready)) = components.get(&step.key) else { continue };
        match SqlSource::of(&ready.bytes) {
            Some(source) => {
                for hook in [SqlHook::BeforeDown, SqlHook::Down] {
                    let sql = source.text(&step.key.id, hook, dialect);
                    read_sql(sql, &step.key.id, tables, dialect, found);
                }
            }
            None => {
                for name in tables.keys().filter(|name| occurs(bare(name), &ready.bytes)) {
                    found.table(name, Certainty::Perhaps);
                }
                found.unsure.get_or_insert_with(|| {
                    format!("{} is code, whose effects are known only when it runs", step.key)
                });
            }
        }
    }
}

/// Adds the tables whose rows foreign keys and triggers may delete or change along with those that were found.
fn follow(things: &[Thing], tables: &Tables, found: &mut Found) {
    loop {
        let is_found = |name: &String| found.rows.contains(name) || found.tables.contains_key(name);
        let mut more = BTreeSet::new();
        for thing in things {
            let text = thing.lines.join("\n");
            match thing.kind.as_str() {
                "table" => {
                    let follows = |line: &String| {
                        let parent = acting_key(line);
                        let mut found = tables.keys().filter(|table| is_found(table));
                        parent.is_some_and(|parent| found.any(|table| mentions(&parent, table)))
                    };
                    if thing.lines.iter().any(follows) {
                        more.insert(thing.name.clone());
                    }
                }
                "trigger" => {
                    let Some((event, body)) = acting_trigger(&text) else { continue };
                    if found.rows.iter().any(|table| mentions(&event, table)) {
                        let named = tables.keys().filter(|table| mentions(&body, table));
                        more.extend(named.cloned());
                    }
                }
                _ => {}
            }
        }
        let known = found.rows.len();
        found.rows.extend(more);
        if found.rows.len() == known {
            return;
        }
    }
}

/// What a foreign key refers to that deletes or changes rows when those are deleted or changed, in upper case.
fn acting_key(line: &str) -> Option<String> {
    let line = line.to_ascii_uppercase();
    let (_, parent) = line.split_once("REFERENCES")?;
    let acts = ["ON DELETE CASCADE", "ON DELETE SET", "ON UPDATE CASCADE", "ON UPDATE SET"];
    acts.into_iter().any(|act| parent.contains(act)).then(|| parent.to_owned())
}

/// Event and body of a trigger that runs when rows are deleted or changed, and may do the same; in upper case.
fn acting_trigger(text: &str) -> Option<(String, String)> {
    let text = text.to_ascii_uppercase();
    let (event, body) = text.split_once("FOR EACH ROW").or_else(|| text.split_once("BEGIN"))?;
    let has = |text: &str, words: &[&str]| words.iter().any(|word| mentions(text, word));
    let acts = has(event, &["DELETE", "UPDATE"])
        && has(body, &["DELETE", "UPDATE", "REPLACE", "TRUNCATE", "CALL"]);
    acts.then(|| (event.to_owned(), body.to_owned()))
}

/// Whether `text` has the name of a table as a word.
fn mentions(text: &str, table: &str) -> bool {
    let name = bare(table);
    let in_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    match name.chars().all(in_name) {
        true => text.split(|c| !in_name(c)).any(|word| word.eq_ignore_ascii_case(name)),
        false => occurs(name, text.as_bytes()),
    }
}

/// A table's name without its schema and its quotes.
fn bare(name: &str) -> &str {
    let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
    name.trim_matches('"')
}

fn occurs(name: &str, bytes: &[u8]) -> bool {
    !name.is_empty()
        && bytes.windows(name.len()).any(|window| window.eq_ignore_ascii_case(name.as_bytes()))
}

fn read_sql(text: &str, id: &AlterationId, tables: &Tables, dialect: Dialect, found: &mut Found) {
    let mut start = 0;
    while let Some(rest) = text.get(start..) {
        let Ok(length) = statement_length(rest, dialect) else {
            found
                .unsure
                .get_or_insert_with(|| format!("the SQL of {id} cannot be read to its end"));
            return;
        };
        let Some(length) = length else { return };
        if let Ok(statement) = Statement::one(&rest[..length], dialect) {
            read_statement(&statement, tables, found);
        }
        start += length;
    }
}

fn read_statement(statement: &Statement<'_>, tables: &Tables, found: &mut Found) {
    let named = |token: &Token| {
        let text = token.text(statement.text());
        let name = match token.kind {
            TokenKind::Word => text,
            TokenKind::QuotedName => text.get(1..text.len().saturating_sub(1)).unwrap_or_default(),
            _ => return None,
        };
        tables.keys().find(|table| bare(table).eq_ignore_ascii_case(name))
    };
    let is_word = |token: &Token, word: &str| {
        token.kind == TokenKind::Word && token.text(statement.text()).eq_ignore_ascii_case(word)
    };
    let tokens = statement.tokens();
    let names: Vec<&String> = tokens.iter().filter_map(named).collect();
    let drops = statement.starts_with(&["DROP", "TABLE"])
        || statement.starts_with(&["DROP", "TEMPORARY", "TABLE"]);
    if drops {
        names.into_iter().for_each(|name| found.table(name, Certainty::Read));
        return;
    }
    if statement.starts_with(&["CREATE", "OR", "REPLACE", "TABLE"]) {
        names.into_iter().take(1).for_each(|name| found.table(name, Certainty::Read));
        return;
    }
    if statement.starts_with(&["ALTER", "TABLE"]) {
        let Some(table) = names.first() else { return };
        // Another type may round or cut values; a partition may go.
        let changes = ["TYPE", "MODIFY", "CHANGE", "TRUNCATE", "EXCHANGE", "DETACH"];
        if tokens.iter().any(|token| changes.into_iter().any(|word| is_word(token, word))) {
            found.rows.insert((*table).clone());
        }
        let drops = tokens.iter().enumerate().filter(|(_, token)| is_word(token, "DROP"));
        for (at, _) in drops {
            let what = tokens.get(at + 1);
            let is = |word: &str| what.is_some_and(|token| is_word(token, word));
            if ["CONSTRAINT", "INDEX", "KEY", "PRIMARY", "FOREIGN", "CHECK", "DEFAULT"]
                .into_iter()
                .any(is)
            {
                continue;
            }
            if is("PARTITION") {
                found.rows.insert((*table).clone());
                continue;
            }
            let skips = ["COLUMN", "IF", "EXISTS"];
            let name = tokens[at + 1..]
                .iter()
                .find(|token| !skips.into_iter().any(|skip| is_word(token, skip)));
            let text = name.map(|token| token.text(statement.text()).trim_matches(['`', '"']));
            let columns =
                tables.get(*table).map(|rows| rows.columns.as_slice()).unwrap_or_default();
            let known = columns
                .iter()
                .find(|column| text.is_some_and(|text| column.eq_ignore_ascii_case(text)));
            if let Some(column) = known {
                found.columns.entry(((*table).clone(), column.clone())).or_insert(Certainty::Read);
            }
        }
        return;
    }
    let verb = statement.verb();
    let is_changing_insert = verb == "INSERT"
        && tokens.iter().any(|token| is_word(token, "UPDATE") || is_word(token, "REPLACE"));
    if is_changing_insert {
        found.rows.extend(names.first().map(|name| (*name).clone()));
    }
    let is_of_index = statement.starts_with(&["DROP", "INDEX"])
        || statement.starts_with(&["DROP", "TRIGGER"])
        || statement.starts_with(&["DROP", "VIEW"]);
    if !KEEPS.contains(&verb.as_str()) && !is_of_index {
        // Also those in the body of a DO block.
        let mentioned = statement.names();
        let is_mentioned =
            |table: &&String| mentioned.iter().any(|name| name.eq_ignore_ascii_case(bare(table)));
        found.rows.extend(tables.keys().filter(is_mentioned).cloned());
    }
}

/// Verbs that leave rows as they are.
const KEEPS: [&str; 11] = [
    "CREATE", "INSERT", "SELECT", "SET", "COMMENT", "GRANT", "REVOKE", "ANALYZE", "PRAGMA",
    "REINDEX", "VACUUM",
];

async fn count(
    tables: &Tables,
    found: &Found,
    backend: &mut Backend,
) -> Result<Losses, BackendError> {
    let mut losses = Losses { unsure: found.unsure.clone(), ..Losses::default() };
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    let names = found.tables.keys().chain(found.columns.keys().map(|(table, _)| table));
    let names = names.chain(&found.rows).chain(found.left.keys());
    for name in names {
        if let Some(rows) = tables.get(name)
            && !counted.contains_key(name.as_str())
        {
            counted.insert(name, backend.count_rows(rows).await?);
        }
    }
    let rows = |table: &str| counted.get(table).copied().unwrap_or_default();
    for (table, certainty) in &found.tables {
        let (table, certainty, rows) = (table.clone(), *certainty, rows(table));
        losses.tables.push(LostTable { table, rows, certainty });
    }
    for ((table, column), certainty) in &found.columns {
        let (rows, certainty) = (rows(table), *certainty);
        if !found.tables.contains_key(table) {
            losses.columns.push(LostColumn {
                table: table.clone(),
                column: column.clone(),
                rows,
                certainty,
            });
        }
    }
    let stays = |table: &&String| !found.tables.contains_key(*table);
    let names: BTreeSet<&String> = found.rows.iter().chain(found.left.keys()).collect();
    for table in names.into_iter().filter(stays) {
        let rows = rows(table);
        let lost = found.left.get(table).and_then(|left| rows.checked_sub(*left));
        let lost = lost.filter(|lost| *lost > 0);
        let certainty = match lost {
            Some(_) => Certainty::Rehearsed,
            None if rows > 0 && found.rows.contains(table) => Certainty::Perhaps,
            None => continue,
        };
        losses.rows.push(LostRows { table: table.clone(), lost, rows, certainty });
    }
    Ok(losses)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of `sql` on MariaDB, where there are tables `a`, `b` and `ab`, each with columns `x` and `y`.
    fn read_of(sql: &str) -> Vec<String> {
        let rows = || RowSource::of_columns(&["x", "y"]);
        let tables: Tables =
            ["a", "b", "ab"].into_iter().map(|name| (name.to_owned(), rows())).collect();
        let mut found = Found::default();
        read_sql(sql, &"1-x".parse().expect("an id"), &tables, Dialect::Mariadb, &mut found);
        let tables = found.tables.iter().map(|(name, how)| format!("{name} {how:?}"));
        let rows = found.rows.iter().map(|name| format!("rows of {name}"));
        let columns =
            found.columns.iter().map(|((table, column), how)| format!("{table}.{column} {how:?}"));
        tables
            .chain(columns)
            .chain(rows)
            .chain(found.unsure.iter().map(|_| "unsure".to_owned()))
            .collect()
    }

    #[test]
    fn what_sql_drops() {
        let table: &[(&str, &[&str])] = &[
            ("DROP TABLE a", &["a Read"]),
            ("drop table if exists `a`, shop.b cascade;", &["a Read", "b Read"]),
            ("DROP /* b */ TABLE A; -- DROP TABLE b", &["a Read"]),
            ("DROP TEMPORARY TABLE ab", &["ab Read"]),
            ("DROP TABLE c", &[]),
            ("ALTER TABLE a DROP COLUMN x, DROP `y`", &["a.x Read", "a.y Read"]),
            (
                "ALTER TABLE a DROP COLUMN IF EXISTS x, DROP INDEX y, DROP PRIMARY KEY",
                &["a.x Read"],
            ),
            ("ALTER TABLE a DROP PARTITION p1", &["rows of a"]),
            ("ALTER TABLE a ADD COLUMN z INT", &[]),
            ("ALTER TABLE a MODIFY x INT", &["rows of a"]),
            ("CREATE OR REPLACE TABLE a LIKE b", &["a Read"]),
            ("DELETE FROM a WHERE x = 'b'", &["rows of a"]),
            ("TRUNCATE b; DROP TABLE b", &["b Read", "rows of b"]),
            (
                "UPDATE a SET x = 1; INSERT INTO b SELECT * FROM ab; DROP INDEX i ON b",
                &["rows of a"],
            ),
            ("INSERT INTO a SELECT * FROM b ON DUPLICATE KEY UPDATE x = 1", &["rows of a"]),
            ("REPLACE INTO a VALUES (1, 2)", &["rows of a"]),
            ("WITH old AS (SELECT 1) DELETE FROM ab", &["rows of ab"]),
            ("SELECT 'DROP TABLE a'", &[]),
            ("DROP TABLE a; SELECT 'never closed", &["a Read", "unsure"]),
        ];
        for (sql, expected) in table {
            assert_eq!(read_of(sql), *expected, "{sql}");
        }
    }

    #[test]
    fn what_follows_from_it() {
        let thing = |kind: &str, name: &str, line: &str| Thing {
            kind: kind.to_owned(),
            name: name.to_owned(),
            lines: vec![line.to_owned()],
            rows: (kind == "table").then(|| RowSource::of_columns(&["x"])),
        };
        let things = [
            thing("table", "a", "x"),
            thing("table", "b", "FOREIGN KEY (`x`) REFERENCES `a` (`x`) ON DELETE CASCADE"),
            thing("table", "c", "FOREIGN KEY (`x`) REFERENCES `b` (`x`) ON DELETE SET NULL"),
            thing("table", "d", "FOREIGN KEY (`x`) REFERENCES `a` (`x`)"),
            thing("table", "e", "x"),
            thing("table", "f", "FOREIGN KEY (`x`) REFERENCES `ab` (`x`) ON DELETE CASCADE"),
            thing(
                "trigger",
                "t",
                "CREATE TRIGGER t AFTER DELETE ON `c` FOR EACH ROW DELETE FROM e",
            ),
            thing("trigger", "u", "CREATE TRIGGER u AFTER DELETE ON a FOR EACH ROW INSERT INTO f"),
            thing("trigger", "v", "CREATE TRIGGER v AFTER INSERT ON a FOR EACH ROW DELETE FROM d"),
        ];
        let mut found = Found { rows: ["a".to_owned()].into(), ..Found::default() };
        follow(&things, &tables(&things), &mut found);
        assert_eq!(found.rows, ["a", "b", "c", "e"].map(str::to_owned).into());
    }

    #[test]
    fn what_a_rehearsal_shows() {
        let rows = RowSource::of_columns;
        let before: Tables =
            [("a".to_owned(), rows(&["x", "y"])), ("b".to_owned(), rows(&["x"]))].into();
        let tables: Tables =
            [("a".to_owned(), rows(&["y", "z"])), ("c".to_owned(), rows(&["x"]))].into();
        let mut found = Found::default();
        compare(&before, &Rehearsed { tables, ..Rehearsed::default() }, &mut found);
        assert_eq!(found.tables, [("b".to_owned(), Certainty::Rehearsed)].into());
        let column = ("a".to_owned(), "x".to_owned());
        assert_eq!(found.columns, [(column, Certainty::Rehearsed)].into());
    }
}
