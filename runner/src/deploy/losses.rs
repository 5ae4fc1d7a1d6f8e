//! What a rollback destroys: tables and columns with their rows, found before anybody is asked.
//!
//! Where a database can take all of it back, the rollback is rehearsed and the schema compared. Elsewhere the SQL of each
//! `down` is read; where a component is code, only tables whose names occur in it can be named. Alters nothing.

use super::{Control, How, Job, Work, components::Components, lock};
use crate::{
    alteration::{AlterationId, Dialect},
    backend::{Backend, BackendError, RowSource, Thing},
    error::{Error, StepError},
    event::{Report, silent},
    host::Host,
    pack::{SqlHook, SqlSource},
    plan::{Plan, Renames},
    sql::{Statement, Token, TokenKind, statement_length},
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// It was seen in a rehearsal, which was rolled back.
    Rehearsed,
    /// The SQL says so.
    Read,
    /// Its name occurs: rows of it may be deleted, or the table itself.
    Perhaps,
}

/// A table that goes, or may go, with its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LostTable {
    /// A stranger may have named it: escape it.
    pub table: String,
    pub rows: u64,
    pub certainty: Certainty,
}

/// A column that goes from a table that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LostColumn {
    pub table: String,
    pub column: String,
    /// Of the table.
    pub rows: u64,
    pub certainty: Certainty,
}

/// What a rollback destroys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Losses {
    pub tables: Vec<LostTable>,
    pub columns: Vec<LostColumn>,
    /// Why there may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsure: Option<String>,
}

impl Losses {
    /// Every table that loses something, or may.
    pub(super) fn touched(&self) -> BTreeSet<&str> {
        let tables = self.tables.iter().map(|lost| lost.table.as_str());
        tables.chain(self.columns.iter().map(|lost| lost.table.as_str())).collect()
    }
}

/// What is found, by table.
#[derive(Default)]
struct Found {
    tables: BTreeMap<String, Certainty>,
    columns: BTreeMap<(String, String), Certainty>,
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
    components: &mut Components,
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
    components: &mut Components,
    backend: &mut Backend,
    control: &Control,
    may_run: bool,
) -> Result<Losses, Error> {
    let before = tables(backend).await?;
    let can_rehearse = matches!(backend.dialect(), Dialect::Sqlite | Dialect::Postgresql);
    let mut found = Found::default();
    let mut is_whole = false;
    if can_rehearse && may_run {
        match rehearse((job, how, host), components, backend, control).await? {
            Ok((after, whole)) => {
                compare(&before, &after, &mut found);
                is_whole = whole;
            }
            Err(reason) => found.unsure = Some(format!("a rehearsal of it failed: {reason}")),
        }
    }
    if !is_whole {
        read(plan, components, &before, backend.dialect(), &mut found);
    }
    backend.begin_looking().await?;
    let counted = count(&before, &found, backend).await;
    backend.abandon().await?;
    Ok(counted?)
}

async fn tables(backend: &mut Backend) -> Result<Tables, BackendError> {
    backend.begin_looking().await?;
    let things = backend.things().await;
    backend.abandon().await?;
    let table = |thing: Thing| (thing.kind == "table").then_some((thing.name, thing.rows?));
    Ok(things?.into_iter().filter_map(table).collect())
}

/// The tables that are left after all of it, and whether all of it ran; or why it failed.
async fn rehearse(
    (job, how, host): (&Job<'_>, &How, &Host),
    components: &mut Components,
    backend: &mut Backend,
    control: &Control,
) -> Result<Result<(Tables, bool), String>, Error> {
    let quiet =
        Control { observer: silent(), cancelled: control.cancelled.clone(), ..Control::default() };
    let mut report = Report { rehearsed: true, ..Report::default() };
    let mut work = Work {
        job,
        host,
        components: std::mem::take(components),
        control: &quiet,
        renames: Renames::new(),
        before: 0,
        later: 0,
        report: &mut report,
        retries: how.retries,
        step_time: how.step_time,
        step_pause: how.step_pause,
    };
    backend.begin_rehearsal().await?;
    let worked = work.work_on(backend).await;
    *components = work.components;
    let after = match &worked {
        Ok(()) => Some(tables(backend).await),
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
            let after = after.transpose()?.unwrap_or_default();
            Ok(Ok((after, report.not_rehearsed.is_none())))
        }
    }
}

fn compare(before: &Tables, after: &Tables, found: &mut Found) {
    for (name, rows) in before {
        match after.get(name) {
            None => found.table(name, Certainty::Rehearsed),
            Some(left) => {
                for column in rows.columns.iter().filter(|column| !left.columns.contains(column)) {
                    let key = (name.clone(), column.clone());
                    found.columns.insert(key, Certainty::Rehearsed);
                }
            }
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
                    format!(
                        "{} is code, of which nobody knows before it runs what it does",
                        step.key
                    )
                });
            }
        }
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
    if statement.starts_with(&["ALTER", "TABLE"]) {
        let Some(table) = names.first() else { return };
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
                found.table(table, Certainty::Perhaps);
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
    let keeps = ["CREATE", "INSERT", "SELECT", "SET", "COMMENT", "GRANT", "REVOKE", "ANALYZE"];
    let is_of_index = statement.starts_with(&["DROP", "INDEX"])
        || statement.starts_with(&["DROP", "TRIGGER"])
        || statement.starts_with(&["DROP", "VIEW"]);
    if !keeps.contains(&statement.verb().as_str()) && !is_of_index {
        names.into_iter().for_each(|name| found.table(name, Certainty::Perhaps));
    }
}

async fn count(
    tables: &Tables,
    found: &Found,
    backend: &mut Backend,
) -> Result<Losses, BackendError> {
    let mut losses = Losses { unsure: found.unsure.clone(), ..Losses::default() };
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    let names = found.tables.keys().chain(found.columns.keys().map(|(table, _)| table));
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
        let columns =
            found.columns.iter().map(|((table, column), how)| format!("{table}.{column} {how:?}"));
        tables.chain(columns).chain(found.unsure.iter().map(|_| "unsure".to_owned())).collect()
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
            ("ALTER TABLE a DROP PARTITION p1", &["a Perhaps"]),
            ("ALTER TABLE a ADD COLUMN z INT", &[]),
            ("DELETE FROM a WHERE x = 'b'", &["a Perhaps"]),
            ("TRUNCATE b; DROP TABLE b", &["b Read"]),
            (
                "UPDATE a SET x = 1; INSERT INTO b SELECT * FROM ab; DROP INDEX i ON b",
                &["a Perhaps"],
            ),
            ("SELECT 'DROP TABLE a'", &[]),
            ("DROP TABLE a; SELECT 'never closed", &["a Read", "unsure"]),
        ];
        for (sql, expected) in table {
            assert_eq!(read_of(sql), *expected, "{sql}");
        }
    }

    #[test]
    fn what_a_rehearsal_shows() {
        let rows = RowSource::of_columns;
        let before: Tables =
            [("a".to_owned(), rows(&["x", "y"])), ("b".to_owned(), rows(&["x"]))].into();
        let after: Tables =
            [("a".to_owned(), rows(&["y", "z"])), ("c".to_owned(), rows(&["x"]))].into();
        let mut found = Found::default();
        compare(&before, &after, &mut found);
        assert_eq!(found.tables, [("b".to_owned(), Certainty::Rehearsed)].into());
        let column = ("a".to_owned(), "x".to_owned());
        assert_eq!(found.columns, [(column, Certainty::Rehearsed)].into());
    }
}
