//! The machine, fed with rows: what it asks in each state, and what it makes of the answers.

use super::*;
use alteration_domain::{alteration::Checksum, plan::Finding};

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
const TABLES: [&str; 7] = tables::TABLES;

/// What the records say, as rows of text.
#[derive(Clone)]
struct Records {
    tables: Vec<&'static str>,
    version: i64,
    /// One for each time that the ledger is read; the last one stays.
    revisions: Vec<i64>,
    state: Rows,
    runs: Rows,
    traces: Rows,
    successors: Rows,
}

fn row(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| (*text != "NULL").then(|| (*text).to_owned())).collect()
}

/// A row of the state table, without the columns that later versions added.
fn state(id: &str, checksum: &str, status: &str) -> Vec<Option<String>> {
    let head = ["acme/shop", id, checksum, checksum, status, "2026-01-01T00:00:00Z"];
    let tail = ["1", "1", "0", "tester", "0.1.0", "[]", "{}", "0", "3", "NULL"];
    row(&[&head[..], &tail[..]].concat())
}

/// A row of the run table, of the second version.
fn run(id: &str, checksum: &str) -> Vec<Option<String>> {
    let seed = "0".repeat(64);
    let head = ["acme/shop", id, "up", "main", "NULL", checksum, &seed, "0"];
    let tail = ["0.1.0", "mariadb", "m", "2026", "NULL", "0", "0", "NULL", "1", "1", "1"];
    row(&[&head[..], &tail[..]].concat())
}

fn checksum() -> String {
    Checksum::of(COMPONENT).to_string()
}

fn plugins() -> Plugins {
    let names = ["1.0.0-1-x", "1.1.0-2-y"].map(|id| format!("acme/shop/{id}.wasm"));
    Plugins::embedded(names.map(|name| (name, COMPONENT))).unwrap()
}

impl Records {
    /// Of a schema of that version.
    fn new(version: i64, state: &[Vec<Option<String>>]) -> Self {
        let mut state = state.to_vec();
        for row in &mut state {
            row.extend((version >= 3).then(|| Some("[]".to_owned())));
            row.extend((version >= 5).then(|| Some("0".to_owned())));
        }
        let (runs, traces, successors) = (Vec::new(), Vec::new(), Vec::new());
        let revisions = vec![3];
        Self { tables: TABLES.to_vec(), version, revisions, state, runs, traces, successors }
    }

    fn answer(&mut self, sql: &str) -> Rows {
        let column = |names: &[&str]| names.iter().map(|name| row(&[name])).collect();
        match sql.rsplit_once("FROM ").map(|(_, from)| from.trim()) {
            None => vec![row(&["10.11.6-MariaDB"])],
            Some(from) if from.contains("NOT LIKE") => column(&["2"]),
            Some(from) if from.contains("LIKE 'alteration") => column(&self.tables),
            Some(from) if from.contains("alteration_ledger") => {
                let revision = match self.revisions.len() {
                    1 => self.revisions[0],
                    _ => self.revisions.remove(0),
                };
                vec![row(&[&self.version.to_string(), &revision.to_string(), "0"])]
            }
            Some(from) if from.contains("alteration_state") => self.state.clone(),
            Some(from) if from.contains("alteration_run") => self.runs.clone(),
            Some(from) if from.contains("alteration_journal") => self.traces.clone(),
            Some(from) if from.contains("alteration_history") => self.successors.clone(),
            Some(other) => panic!("an unexpected question to {other}"),
        }
    }

    /// Feeds the machine, at most so many rows as an endless one would need.
    fn ask(&mut self, dialect: Dialect) -> Result<Queries, QueriesError> {
        let mut queries = Queries::new(dialect, None);
        for _ in 0..1_000 {
            let Some(sql) = queries.next() else { return Ok(queries) };
            let rows = self.answer(sql);
            queries.put(rows)?;
        }
        panic!("it never ends");
    }

    fn check(&mut self) -> Result<Answer, QueriesError> {
        self.ask(Dialect::Sqlite)?.answer(&plugins())
    }
}

#[test]
fn every_version_is_read() {
    for version in 1..=6 {
        let applied = ["1.0.0-1-x", "1.1.0-2-y"].map(|id| state(id, &checksum(), "applied"));
        let mut records = Records::new(version, &applied);
        if version == 1 {
            records.tables.retain(|name| !["alteration_run", "alteration_journal"].contains(name));
        }
        if version < 6 {
            records.tables.retain(|name| *name != "alteration_object");
        }
        assert_eq!(records.check().unwrap(), Answer::Deployed, "{version}");
    }
    let error = Records::new(7, &[]).check().unwrap_err().to_string();
    assert!(error.contains("version 7") && error.contains("use a newer runner"), "{error}");
}

#[test]
fn states_are_decided() {
    let (first, second) = ("1.0.0-1-x", "1.1.0-2-y");
    let other = Checksum::of(b"other").to_string();
    let applied = state(first, &checksum(), "applied");
    // The rows, and what the answer says.
    let table = [
        (vec![], "Found undeployed database alterations: acme/shop 1.0.0-1-x, acme/shop 1.1.0-2-y"),
        (vec![applied.clone()], "Found undeployed database alterations: acme/shop 1.1.0-2-y"),
        (vec![applied.clone(), state(second, &checksum(), "reverted")], "undeployed"),
        (vec![applied.clone(), state(second, &checksum(), "failed")], "need a decision"),
        (vec![applied.clone(), state(second, &checksum(), "running")], "need a decision"),
        (
            vec![applied.clone(), state(second, &other, "applied")],
            "was changed after it was applied",
        ),
        (vec![applied.clone(), state("1.0.5-1-z", &other, "applied")], "need a decision"),
        (vec![state(second, &checksum(), "applied")], "need a decision"),
        (vec![applied, state("2.0.0-3-z", &other, "applied")], "need a decision"),
    ];
    for (rows, expected) in table {
        let said = Records::new(6, &rows).check().unwrap().require_deployed();
        let said = said.expect_err(expected).to_string();
        assert!(said.contains(expected), "{rows:?}: {said}");
    }
}

#[test]
fn without_tables_everything_is_undeployed() {
    let mut records = Records::new(5, &[]);
    records.tables = vec!["alteration_lease"];
    let queries = records.ask(Dialect::Sqlite).unwrap();
    let check = queries.check(&plugins()).unwrap();
    assert_eq!(check.undeployed.len(), 2);
    assert_eq!(check.findings, [Finding::Unrecorded { tables: 2 }]);
    assert!(matches!(check.answer(), Answer::Undeployed(steps) if steps.len() == 2));
}

#[test]
fn a_revision_that_moves_is_read_again() {
    let applied = ["1.0.0-1-x", "1.1.0-2-y"].map(|id| state(id, &checksum(), "applied"));
    let mut records = Records::new(5, &applied);
    records.revisions = vec![1, 2, 3, 4, 5];
    assert_eq!(records.check().unwrap(), Answer::Deployed);
    assert_eq!(records.revisions, [5], "it began again until two were equal");
    records.revisions = (0..1_000).collect();
    assert!(matches!(records.check(), Err(QueriesError::Moving)));
}

#[test]
fn an_attempt_that_was_begun_and_cut_off() {
    let applied = state("1.0.0-1-x", &checksum(), "applied");
    let begun = state("1.1.0-2-y", &checksum(), "running");
    let mut records = Records::new(2, &[applied, begun]);
    records.runs = vec![run("1.1.0-2-y", &checksum())];
    let said = |records: &mut Records| {
        let answer = records.ask(Dialect::Mariadb).unwrap().answer(&plugins()).unwrap();
        answer.require_deployed().unwrap_err().to_string()
    };
    let goes_on = said(&mut records);
    assert!(goes_on.starts_with("Found undeployed database alterations: acme/shop 1.1.0-2-y"));
    let mark = "not resumable: {\"session\":\"7\",\"effect\":\"Kept\"}";
    let trace = ["acme/shop", "1.1.0-2-y", "started", "CALL p()", mark];
    records.traces = vec![row(&trace)];
    let cut = said(&mut records);
    assert!(cut.contains("need a decision") && cut.contains("CALL p()"), "{cut}");
}

#[test]
fn tables_that_are_half_made() {
    let mut records = Records::new(0, &[]);
    records.tables = vec!["alteration_ledger", "alteration_state"];
    let queries = records.ask(Dialect::Mariadb).unwrap();
    assert!(matches!(queries.answer(&plugins()).unwrap(), Answer::Undeployed(_)));
    assert!(matches!(records.check(), Err(QueriesError::Record(_))));
    records.version = 5;
    let error = records.check().unwrap_err().to_string();
    assert!(error.contains("is missing"), "{error}");
}

#[test]
fn the_place_on_postgresql_is_chosen() {
    let ledger = |schema: &str, is_own: &str| row(&[schema, "somebody", is_own, "false"]);
    // The current schema and the ledgers that there are; the schema that is asked, or the error.
    let table = [
        ("public", vec![], Ok("\"public\"")),
        ("public", vec![ledger("public", "true")], Ok("\"public\"")),
        ("public", vec![ledger("trap", "false")], Ok("\"public\"")),
        ("public", vec![ledger("app", "true")], Err("in the schema app")),
        ("public", vec![ledger("public", "false")], Err("belong to the role somebody")),
        ("NULL", vec![], Err("names no schema")),
    ];
    for (current, ledgers, expected) in table {
        let mut queries = Queries::new(Dialect::Postgresql, None);
        queries.put(vec![row(&[current])]).unwrap();
        match (queries.put(ledgers.clone()), expected) {
            (Ok(()), Ok(schema)) => {
                let sql = queries.next().unwrap();
                assert!(sql.contains(schema), "{ledgers:?}: {sql}");
            }
            (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{error}"),
            (result, _) => panic!("{current} {ledgers:?}: {result:?}"),
        }
    }
    let named = Queries::new(Dialect::Postgresql, Some("app"));
    assert!(named.next().unwrap().contains("'\"app\"'"));
}

#[test]
fn rows_that_are_not_of_the_question() {
    let mut queries = Queries::new(Dialect::Sqlite, None);
    let shape = queries.put(vec![row(&["alteration_ledger", "x"])]);
    assert!(matches!(shape, Err(QueriesError::Shape { found: 2, expected: 1 })));
    assert!(matches!(queries.answer(&plugins()), Err(QueriesError::Unanswered)));
    let edited = state("1.0.0-1-x", "no checksum", "applied");
    let error = Records::new(5, &[edited]).check().unwrap_err().to_string();
    assert!(error.contains("acme/shop 1.0.0-1-x: the column checksum"), "{error}");
}
