//! Every SQL component of the tree runs the same with its WebAssembly and without it.

use super::*;
use crate::{
    alteration::{Handed, Permissions},
    entropy,
    host::{HookError, HookEvent, Limits, StepAnswer},
    pack::{self, Layout, PackOptions, PackedComponent},
    session::{
        Column, Counts, ErrorKind, Handle, Outcome, ResultLimit, Row, RowSet, Script as SqlScript,
        Session, SharedSession, SqlError, Value,
    },
    sql::statement_length,
};
use async_trait::async_trait;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

/// Notes what a hook asks for, and answers as it was told: the texts are what counts here, not a database.
struct Noting {
    dialect: Dialect,
    /// Rows that each statement affects; none for an error.
    answer: Option<u64>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Noting {
    fn answer(&self, asked: &str) -> Result<Outcome, SqlError> {
        self.asked.lock().unwrap().push(asked.to_owned());
        let refused = || SqlError::new(ErrorKind::Constraint, "there is one already");
        let rows_affected = self.answer.ok_or_else(refused)?;
        Ok(Outcome { rows_affected, last_insert_id: None })
    }
}

#[async_trait]
impl Session for Noting {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    fn quote_identifier(&self, name: &str) -> String {
        name.to_owned()
    }

    async fn statement_length(
        &mut self,
        script: &SqlScript,
        start: usize,
    ) -> Result<Option<usize>, SqlError> {
        let rest = script.text(start);
        Ok(statement_length(rest, self.dialect).unwrap_or(Some(rest.len())))
    }

    async fn execute(&mut self, sql: &str, params: Vec<Value>) -> Result<Outcome, SqlError> {
        self.answer(&format!("{sql} {params:?}"))
    }

    async fn query(&mut self, _: &str, _: Vec<Value>, _: ResultLimit) -> Result<RowSet, SqlError> {
        unreachable!("a component of SQL asks for no rows")
    }

    async fn open_cursor(
        &mut self,
        _: &str,
        _: Vec<Value>,
    ) -> Result<(Handle, Vec<Column>), SqlError> {
        unreachable!("a component of SQL asks for no rows")
    }

    async fn fetch(&mut self, _: Handle, _: ResultLimit) -> Result<Vec<Row>, SqlError> {
        unreachable!("a component of SQL asks for no rows")
    }

    async fn close_cursor(&mut self, _: Handle) -> Result<(), SqlError> {
        unreachable!("a component of SQL asks for no rows")
    }

    async fn open_writer(&mut self, _: &str, _: &[String]) -> Result<Handle, SqlError> {
        unreachable!("a component of SQL writes no rows in bulk")
    }

    async fn write(&mut self, _: Handle, _: Vec<Row>) -> Result<u64, SqlError> {
        unreachable!("a component of SQL writes no rows in bulk")
    }

    async fn finish_writer(&mut self, _: Handle) -> Result<u64, SqlError> {
        unreachable!("a component of SQL writes no rows in bulk")
    }
}

/// What came of a hook: what it asked for, what was reported, how it ended.
type Outcomes = (Vec<String>, Vec<String>, Counts, Result<StepAnswer, String>);

async fn run(
    program: &Program,
    host: &Host,
    (id, hook): (&AlterationId, &Hook),
    dialect: Dialect,
    answer: Option<u64>,
) -> Outcomes {
    let (asked, reported) =
        (Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<Vec<String>>>::default());
    let session = Noting { dialect, answer, asked: Arc::clone(&asked) };
    let session: SharedSession = Arc::new(tokio::sync::Mutex::new(session));
    let seen = Arc::clone(&reported);
    let call = Call {
        hook: hook.clone(),
        id: id.clone(),
        permissions: Permissions::new(),
        settings: Handed::new(),
        entropy: entropy::draw().unwrap(),
        observer: Arc::new(move |event: HookEvent<'_>| {
            seen.lock().unwrap().push(format!("{event:?}"));
        }),
        timeout: None,
    };
    let (counts, ended) = program.prepare(host, call, dialect).run(session).await;
    // Only its size says anything of how it trapped.
    let ended = ended.map_err(|error| match error {
        HookError::Trapped(_) => "trapped".to_owned(),
        error => error.to_string(),
    });
    let (asked, reported) = (asked.lock().unwrap().clone(), reported.lock().unwrap().clone());
    (asked, reported, Counts { duration_ms: 0, ..counts }, ended)
}

/// Compares each hook of each alteration of a component on each database. Returns how many calls it compared.
async fn compare(host: &Host, bytes: &[u8], ids: &[AlterationId]) -> usize {
    let sql = Program::load(host, bytes, Checksum::of(bytes)).unwrap();
    assert!(sql.sql().is_some(), "it is made of SQL");
    let code = Program::Code(Arc::new(host.load(bytes, Checksum::of(bytes)).unwrap()));
    assert_eq!(
        (sql.has_preparation(), sql.has_backfill()),
        (code.has_preparation(), code.has_backfill())
    );
    let mut hooks = vec![Hook::Up, Hook::Down];
    if sql.has_preparation() {
        hooks.extend([Hook::BeforeUp, Hook::BeforeDown]);
    }
    if sql.has_backfill() {
        let states = [None, Some(300u64.to_le_bytes().to_vec()), Some(vec![1, 2])];
        hooks.extend(states.map(Hook::Step));
    }
    // Where databases do not differ, one stands for all.
    let dialects = match sql.sql().is_some_and(SqlSource::varies) {
        true => &Dialect::ALL[..],
        false => &Dialect::ALL[..1],
    };
    let mut compared = 0;
    for id in ids {
        for (hook, dialect) in
            hooks.iter().flat_map(|hook| dialects.iter().map(move |d| (hook, *d)))
        {
            for answer in [Some(0), Some(7), None] {
                let with = run(&code, host, (id, hook), dialect, answer).await;
                let without = run(&sql, host, (id, hook), dialect, answer).await;
                assert_eq!(without, with, "{id} {hook:?} {dialect:?} {answer:?}");
                compared += 1;
            }
        }
    }
    compared
}

/// Returns the folders below `path`, itself included.
fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let below = entries.filter(|path| path.is_dir() && !path.ends_with("node_modules"));
    let below = below.flat_map(|path| folders(&path));
    [path.to_owned()].into_iter().chain(below).collect()
}

/// Packs a folder of SQL by the first way in which it can be: whose history it is and for which database, the tests that
/// deploy it know.
fn pack_somehow(folder: &Path) -> Vec<PackedComponent> {
    let plugins = ["acme/shop", "acme/app"].map(|name| Some(name.parse().unwrap()));
    let layouts = [None].into_iter().chain(Layout::ALL.map(Some));
    let dialects = [None].into_iter().chain(Dialect::ALL.map(Some));
    for (layout, dialect) in layouts.flat_map(|layout| dialects.clone().map(move |d| (layout, d))) {
        for plugin in &plugins {
            let options = PackOptions {
                plugin: plugin.clone(),
                bundle: true,
                layout,
                dialects: dialect.into_iter().collect(),
                ..PackOptions::default()
            };
            if let Ok(components) = pack::pack(folder, &options) {
                return components;
            }
        }
    }
    Vec::new()
}

#[tokio::test(flavor = "multi_thread")]
async fn sql_of_the_tree_runs_the_same_with_and_without_its_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let host = Host::new(Limits::default(), None);
    let (mut packed, mut compared) = (0, 0);
    for folder in ["plugins", "examples", "tests/histories"].map(|folder| root.join(folder)) {
        for folder in folders(&folder) {
            for component in pack_somehow(&folder) {
                let declared = component.manifest.alterations.iter();
                let mut ids: Vec<_> = declared.map(|declared| declared.id.clone()).collect();
                ids.push("9.9.9-9-unknown".parse().unwrap());
                packed += ids.len() - 1;
                compared += compare(&host, &component.bytes, &ids).await;
            }
        }
    }
    assert!(packed > 75 && compared > 600, "{packed} alterations, {compared} calls");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_group_of_hooks_runs_the_same_with_and_without_its_code() {
    let files = [
        ("1.0.0-1-a.up.sql", "CREATE TABLE a (t TEXT DEFAULT 'é\r\n');\n-- end\nSELECT 1"),
        ("1.0.0-1-a.down.sql", "DROP TABLE a;\n"),
        ("1.0.0-2-b.up.sql", "-- one way\n"),
        ("1.0.0-3-c.before-up.sql", "CREATE INDEX CONCURRENTLY i ON a (t)"),
        ("1.0.0-3-c.before-down.sql", "DROP INDEX CONCURRENTLY i"),
        ("1.0.0-4-d.step.sql", "UPDATE a SET t = 1 WHERE t IS NULL"),
        ("1.0.0-5-e.postgresql.up.sql", "CREATE TABLE e (x int)"),
        ("1.0.0-5-e.sqlite.up.sql", "CREATE TABLE e (x)"),
        ("1.0.0-5-e.down.sql", "DROP TABLE e"),
    ];
    let host = Host::new(Limits::default(), None);
    let plugin = Some("acme/shop".parse().unwrap());
    // With each file there is another choice of groups.
    for (last, bundle) in (0..files.len()).flat_map(|last| [(last, true), (last, false)]) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in &files[..=last] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let options = PackOptions { plugin: plugin.clone(), bundle, ..PackOptions::default() };
        for component in pack::pack(folder.path(), &options).unwrap() {
            let declared = component.manifest.alterations.iter();
            let ids: Vec<_> = declared.map(|declared| declared.id.clone()).collect();
            assert!(compare(&host, &component.bytes, &ids).await > 0);
        }
    }
}
