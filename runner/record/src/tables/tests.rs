//! The runner's own tables on SQLite: where they came from, and what is noticed about them.

use super::*;
use crate::{
    Access, Attempt, BackendError, ConnectOptions, Counts, Entropy, Phase, Revision, Run,
    SCHEMA_VERSION, Status,
    alteration::{Catalog, Checksum, ComponentFile, Declaration, Dialect, Manifest},
    connection::{Cell, Connection, SharedConnection},
    connector, operator,
    recorded::query,
    session::SqlLimits,
    transaction::{End, Own, Start, TxError},
};

/// Single steps of a transaction.
#[async_trait::async_trait]
trait Verbs: Connection {
    async fn begin(&mut self) -> Result<(), TxError> {
        self.start(Start::default()).await.map(drop)
    }

    async fn run_sql(&mut self, sql: &str, params: &[Cell]) -> Result<(), TxError> {
        self.own(vec![Own::run(sql.to_owned(), params)]).await.map(drop)
    }

    async fn commit(&mut self) -> Result<(), TxError> {
        self.finish(End::default()).await.map(drop)
    }
}

impl<T: Connection + ?Sized> Verbs for T {}

async fn memory() -> SharedConnection {
    let url = "sqlite::memory:".parse().unwrap();
    let limits = SqlLimits { sql_bytes_max: 16 << 20, value_bytes_max: 64 << 20, cursors_max: 8 };
    let connector = connector(&url, &ConnectOptions::new(Access::Create, limits)).unwrap();
    let connection = connector.connect(true).await.unwrap().unwrap();
    // Nothing is changed outside of a transaction: the connection would not commit it.
    connection.lock().await.begin().await.unwrap();
    connection
}

/// The tables as the first version made them.
const VERSION_1: [&str; 5] = [
    "CREATE TABLE @ledger (one INTEGER PRIMARY KEY CHECK (one = 1),
        schema_version INTEGER NOT NULL, revision INTEGER NOT NULL, fence INTEGER NOT NULL)",
    "CREATE TABLE @state (plugin TEXT NOT NULL, id TEXT NOT NULL, version TEXT,
        checksum TEXT NOT NULL, component_checksum TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('applied', 'reverted', 'failed', 'running')),
        applied_at TEXT, duration_ms INTEGER, statements INTEGER, rows_affected INTEGER,
        applied_by TEXT, runner_version TEXT, permissions TEXT NOT NULL, requires TEXT NOT NULL,
        irreversible INTEGER NOT NULL, revision INTEGER NOT NULL, error TEXT,
        PRIMARY KEY (plugin, id))",
    "CREATE TABLE @history (sequence INTEGER PRIMARY KEY, plugin TEXT NOT NULL, id TEXT NOT NULL,
        direction TEXT NOT NULL, event TEXT NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL,
        runner_version TEXT NOT NULL, checksum TEXT NOT NULL, component_checksum TEXT NOT NULL,
        permissions TEXT NOT NULL, duration_ms INTEGER, statements INTEGER, rows_affected INTEGER,
        error TEXT)",
    "CREATE TABLE @archive (component_checksum TEXT NOT NULL, chunk INTEGER NOT NULL,
        bytes BLOB NOT NULL, PRIMARY KEY (component_checksum, chunk))",
    "INSERT INTO @ledger (one, schema_version, revision, fence) VALUES (1, 1, 7, 0)",
];

/// Every table with its columns.
async fn columns(connection: &mut dyn Connection) -> Vec<Vec<Cell>> {
    let sql = "SELECT m.name, c.name, c.type, c.\"notnull\", c.pk
         FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
         WHERE m.name LIKE 'alteration!_%' ESCAPE '!' ORDER BY m.name, c.name";
    query(connection, sql, []).await.unwrap()
}

#[tokio::test]
async fn the_first_version_is_upgraded_to_what_is_made_anew() {
    let old = memory().await;
    let old = &mut *old.lock().await;
    for statement in VERSION_1 {
        old.run_sql(statement, &[]).await.unwrap();
    }
    let (before, _) = snapshot::read(old).await.unwrap();
    assert_eq!(before.revision, Some(Revision(7)), "it can be read as it is");
    schema::upgrade(old).await.unwrap();
    let fresh = memory().await;
    let fresh = &mut *fresh.lock().await;
    schema::upgrade(fresh).await.unwrap();
    let mut expected = columns(fresh).await;
    // SQLite's integer keys need no NOT NULL; the first version did not say it.
    for column in &mut expected {
        if column[0] == Cell::text("alteration_ledger") && column[1] == Cell::text("one") {
            column[3] = Cell::integer(0);
        }
    }
    assert_eq!(columns(old).await, expected);
    let ledger = ledger::read(old).await.unwrap();
    assert_eq!((ledger.schema_version, ledger.revision), (SCHEMA_VERSION, Revision(8)));
}

/// What the second version had otherwise.
const VERSION_2: [&str; 6] = [
    WITHOUT_OBJECTS,
    WITHOUT_LEVELS,
    "ALTER TABLE @state DROP COLUMN draft",
    "ALTER TABLE @state DROP COLUMN settings",
    "ALTER TABLE @run DROP COLUMN settings",
    "UPDATE @ledger SET schema_version = 2",
];

/// What the fourth version had otherwise.
const WITHOUT_DRAFTS: &str = "ALTER TABLE @state DROP COLUMN draft";
/// What the fifth version had otherwise.
const WITHOUT_OBJECTS: &str = "DROP TABLE @object";
const WITHOUT_LEVELS: &str = "ALTER TABLE @state DROP COLUMN level";

#[tokio::test]
async fn the_fourth_version_is_upgraded_with_what_is_applied() {
    let connection = memory().await;
    let connection = &mut *connection.lock().await;
    schema::upgrade(connection).await.unwrap();
    let fresh = columns(connection).await;
    let attempt = begun_attempt();
    connection.own(vec![state::record(&attempt, Revision(1), &Counts::default())]).await.unwrap();
    for older in
        [WITHOUT_OBJECTS, WITHOUT_LEVELS, WITHOUT_DRAFTS, "UPDATE @ledger SET schema_version = 4"]
    {
        connection.run_sql(older, &[]).await.unwrap();
    }
    let read = async |connection: &mut dyn Connection| {
        let (snapshot, _) = snapshot::read(connection).await.unwrap();
        snapshot.rows[&attempt.key].draft
    };
    assert!(!read(connection).await, "it can be read as it is");
    schema::upgrade(connection).await.unwrap();
    assert_eq!(columns(connection).await, fresh);
    assert!(!read(connection).await, "what an older runner applied was none");
    for (value, expected) in [("1", Some(true)), ("0", Some(false)), ("2", None)] {
        let edited = format!("UPDATE @state SET draft = {value}");
        connection.run_sql(&edited, &[]).await.unwrap();
        let found = snapshot::read(connection).await;
        assert_eq!(found.ok().map(|(snapshot, _)| snapshot.rows[&attempt.key].draft), expected);
    }
}

fn begun() -> Run {
    let (entropy, now) = (Entropy::new([7; 32], 1), operator::now());
    Run::new(&begun_attempt(), Phase::Preparation, Dialect::Sqlite, "0.1.0", entropy, now)
}

fn begun_attempt() -> Attempt {
    let id = "1.0.0-1700000000-one".parse().unwrap();
    let mut declaration = Declaration::new(id);
    declaration.settings = ["REGION".parse().unwrap(), "UNSET".parse().unwrap()].into();
    let manifest = Manifest::new("acme/shop".parse().unwrap(), vec![declaration]);
    let component_checksum = Checksum::of(b"one");
    let file = ComponentFile::released("one", component_checksum, manifest);
    let catalog = Catalog::new([file]).unwrap();
    let mut attempt = Attempt::up(catalog.iter().next().unwrap());
    let region = attempt.settings.get_mut("REGION").unwrap();
    *region = Some("eu \0 \u{1f30d}".to_owned().try_into().unwrap());
    attempt
}

#[tokio::test]
async fn the_second_version_is_upgraded_with_what_is_unfinished() {
    let connection = memory().await;
    let connection = &mut *connection.lock().await;
    schema::upgrade(connection).await.unwrap();
    let fresh = columns(connection).await;
    connection.own(vec![run::insert(&begun())]).await.unwrap();
    for statement in VERSION_2 {
        connection.run_sql(statement, &[]).await.unwrap();
    }
    let read = async |connection: &mut dyn Connection| {
        let (snapshot, _) = snapshot::read(connection).await.unwrap();
        snapshot.runs.into_values().next().expect("the run").settings
    };
    assert!(read(connection).await.is_empty(), "it can be read as it is");
    schema::upgrade(connection).await.unwrap();
    assert_eq!(columns(connection).await, fresh);
    assert!(read(connection).await.is_empty(), "nobody gave it any");
    assert_eq!(ledger::read(connection).await.unwrap().schema_version, SCHEMA_VERSION);
}

/// A hook could set the sequence that numbers came from in older versions, to its very end.
#[tokio::test]
async fn rows_of_the_history_are_numbered_one_after_the_other() {
    let connection = memory().await;
    let connection = &mut *connection.lock().await;
    schema::upgrade(connection).await.unwrap();
    for older in
        [WITHOUT_OBJECTS, WITHOUT_LEVELS, WITHOUT_DRAFTS, "UPDATE @ledger SET schema_version = 3"]
    {
        connection.run_sql(older, &[]).await.unwrap();
    }
    let attempt = begun_attempt();
    connection.own(vec![history::append(&attempt, None)]).await.unwrap();
    for number in [i64::MAX - 1, i64::MAX] {
        let jam = "INSERT INTO @history (sequence, plugin, id, direction, event, at, done_by, runner_version,
                checksum, component_checksum, permissions)
             SELECT ?, plugin, id, direction, event, at, done_by, runner_version, checksum,
                component_checksum, permissions FROM @history WHERE sequence = 1";
        connection.run_sql(jam, &[Cell::integer(number)]).await.unwrap();
    }
    schema::upgrade(connection).await.unwrap();
    connection.own(vec![history::append(&attempt, None)]).await.unwrap();
    let rows = query(connection, "SELECT sequence FROM @history ORDER BY 1", []).await.unwrap();
    assert_eq!(rows.concat(), [1, 2, 3, 4].map(|number: i64| Cell::integer(number)));
}

#[tokio::test]
async fn a_run_keeps_its_settings() {
    let connection = memory().await;
    let connection = &mut *connection.lock().await;
    schema::upgrade(connection).await.unwrap();
    let run = begun();
    connection.own(vec![run::insert(&run)]).await.unwrap();
    let (snapshot, _) = snapshot::read(connection).await.unwrap();
    assert_eq!(snapshot.runs[&run.key].settings, run.settings);
    let edited = "UPDATE @run SET settings = '{\"a b\":null}'";
    connection.run_sql(edited, &[]).await.unwrap();
    let error = snapshot::read(connection).await.unwrap_err();
    assert!(error.to_string().contains("the column settings holds no valid value"), "{error}");
}

#[tokio::test]
async fn a_newer_version_and_a_lost_table_are_refused() {
    let connection = memory().await;
    let connection = &mut *connection.lock().await;
    schema::upgrade(connection).await.unwrap();
    connection.run_sql("DROP TABLE @object", &[]).await.unwrap();
    let lost = schema::upgrade(connection).await.unwrap_err();
    assert!(lost.to_string().contains("alteration_object"), "{lost}");
    connection.run_sql("DROP TABLE @journal", &[]).await.unwrap();
    let lost = schema::version(connection).await.unwrap_err();
    assert!(lost.to_string().contains("alteration_journal"), "{lost}");
    connection.run_sql("UPDATE @ledger SET schema_version = 9", &[]).await.unwrap();
    let newer = schema::version(connection).await.unwrap_err();
    assert!(
        matches!(newer, BackendError::NewerSchema { found: 9, known: SCHEMA_VERSION }),
        "{newer}"
    );
}

#[tokio::test]
async fn a_revision_is_swapped_once_and_only_under_its_fence() {
    let connection = memory().await;
    let connection = &mut *connection.lock().await;
    schema::upgrade(connection).await.unwrap();
    let revision = ledger::read(connection).await.unwrap().revision;
    let fenced = connection.own(vec![ledger::advance(revision, 1)]).await;
    assert!(matches!(fenced, Err(TxError::Own(0, BackendError::Moved))), "it has another fence");
    connection.own(vec![ledger::advance(revision, 0)]).await.unwrap();
    assert_eq!(ledger::read(connection).await.unwrap().revision, revision.next());
    let again = connection.own(vec![ledger::advance(revision, 0)]).await;
    assert!(matches!(again, Err(TxError::Own(0, BackendError::Moved))));
}

#[tokio::test]
async fn the_archive_notices_damage() {
    let connection = memory().await;
    let connection = &mut *connection.lock().await;
    schema::upgrade(connection).await.unwrap();
    // Bytes that do not compress, so that there is more than one chunk.
    let component: Vec<u8> =
        (0..3_000_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let checksum = Checksum::of(&component);
    let store = archive::store(checksum, &component, None).await.unwrap();
    assert!(store.len() > 1);
    connection.own([store.clone(), store].concat()).await.unwrap();
    connection.commit().await.unwrap();
    assert!(archive::has(connection, checksum).await.unwrap());
    assert_eq!(archive::read(connection, checksum).await.unwrap(), Some(component));
    connection.begin().await.unwrap();
    let damage = "UPDATE @archive SET bytes = zeroblob(10) WHERE chunk = 1";
    connection.own(vec![Own::one_row(damage, [])]).await.unwrap();
    connection.commit().await.unwrap();
    let damaged = archive::read(connection, checksum).await;
    assert!(matches!(damaged, Err(BackendError::ArchiveDamaged(_))));
}

/// A rollback goes by that order, also where an earlier one was begun and put back.
#[tokio::test]
async fn an_unfinished_down_keeps_its_place_in_the_order() {
    let connection = memory().await;
    let connection = &mut *connection.lock().await;
    schema::upgrade(connection).await.unwrap();
    let key = begun().key;
    let manifest = Manifest::new(key.plugin.clone(), vec![Declaration::new(key.id.clone())]);
    let file = ComponentFile::released("x", Checksum::of(b"x"), manifest);
    let catalog = Catalog::new([file]).unwrap();
    let up = Attempt::up(catalog.get(&key).unwrap());
    connection.own(vec![state::record(&up, Revision(3), &Counts::default())]).await.unwrap();
    let (applied, _) = snapshot::read(connection).await.unwrap();
    let down = Attempt::down(&applied.rows[&key]);
    connection.own(vec![state::claim(&down, Revision(9), Status::Running)]).await.unwrap();
    connection.own(vec![state::mark(&key, Status::Applied, None)]).await.unwrap();
    let (after, _) = snapshot::read(connection).await.unwrap();
    assert_eq!(after.rows[&key].revision, Revision(3));
    connection.own(vec![state::record(&down, Revision(12), &Counts::default())]).await.unwrap();
    let (reverted, _) = snapshot::read(connection).await.unwrap();
    let row = &reverted.rows[&key];
    assert_eq!((row.status, row.revision), (Status::Reverted, Revision(12)));
}
