//! Journaled hooks: what a crash leaves is taken up again, and nothing is done twice.

use super::{Opened, Place, alteration, open, ready};
use alteration_domain::alteration::Dialect;
use alteration_record::{
    Attempt, Claim, Revision, Stop,
    session::{FailedInScript, ResultLimit, Script, SharedSession, Value},
};
use std::time::Duration;

const ALL: ResultLimit = ResultLimit { rows_max: 100, bytes_max: 1 << 20 };

async fn begin(backend: &mut Opened, revision: Revision) -> SharedSession {
    let attempt = Attempt::up(&alteration("one"));
    let claim = Claim { attempt: &attempt, revision, component: b"one" };
    backend.begin_journaled(&claim).await.expect("begins")
}

async fn execute(session: &SharedSession, sql: &str) {
    session.lock().await.execute(sql, vec![]).await.expect(sql);
}

async fn count(session: &SharedSession, sql: &str) -> Value {
    let rows = session.lock().await.query(sql, vec![], ALL).await.expect(sql).rows;
    rows[0][0].clone()
}

async fn script(session: &SharedSession, sql: &str) -> Result<(), FailedInScript> {
    let script = Script::new(sql).expect("no NUL");
    session.lock().await.execute_script(&script, &mut |_, _| {}).await
}

/// Returns what a runner that comes later finds: the connection of the first is gone, as after a kill.
async fn after_a_crash<P: Place>(place: &P, crashed: Opened) -> (Opened, Revision) {
    drop(crashed);
    let mut backend = open(place).await;
    backend.lock(Duration::from_secs(10), &mut |_| {}).await.expect("locks");
    let revision = backend.snapshot().await.expect("reads").revision.expect("prepared");
    (backend, revision)
}

/// The same calls again: what is recorded returns what it returned, the rest is done.
async fn hook<P: Place>(session: &SharedSession) {
    execute(session, "CREATE TABLE made (n INTEGER)").await;
    execute(session, "INSERT INTO made VALUES (1)").await;
    // Asked again after the crash, this must not see what came later.
    assert_eq!(count(session, "SELECT count(*) FROM made").await, Value::Int64(1));
    execute(session, P::SQL.committing()).await;
    execute(session, "INSERT INTO made VALUES (2)").await;
}

pub async fn a_journaled_hook_goes_on_after_a_crash<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    let session = begin(&mut backend, revision).await;
    hook::<P>(&session).await;
    drop(session);

    // Twice: what is taken up again can crash again.
    let (mut backend, revision) = after_a_crash(place, backend).await;
    let session = begin(&mut backend, revision).await;
    hook::<P>(&session).await;
    drop(session);

    let (mut backend, revision) = after_a_crash(place, backend).await;
    let session = begin(&mut backend, revision).await;
    hook::<P>(&session).await;
    assert_eq!(count(&session, "SELECT count(*) FROM made").await, Value::Int64(2));
    drop(session);
    let attempt = Attempt::up(&alteration("one"));
    let claim = Claim { attempt: &attempt, revision, component: b"one" };
    backend.commit(&claim, &super::COUNTS).await.expect("commits");
    let snapshot = backend.snapshot().await.expect("reads");
    assert!(snapshot.runs.is_empty());
    if let Some(server) = place.server() {
        assert_eq!(server.rows("SELECT n FROM made ORDER BY n"), ["1", "2"]);
    }
}

pub async fn a_hook_that_differs_when_it_is_run_again_is_stopped<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    let session = begin(&mut backend, revision).await;
    hook::<P>(&session).await;
    drop(session);
    let (mut backend, revision) = after_a_crash(place, backend).await;
    let session = begin(&mut backend, revision).await;
    let other = "CREATE TABLE other (n INTEGER)";
    let answer = session.lock().await.execute(other, vec![]).await;
    drop(session);
    let stop = backend.stopped().await.expect("rolls back");
    if P::SQL.committing_commits() {
        assert!(answer.is_err());
        assert!(matches!(stop, Some(Stop::Diverged { call: 0, .. })), "{stop:?}");
    } else {
        // Nothing of the first attempt is left, so there is nothing to differ from.
        assert!(answer.is_ok() && stop.is_none(), "{stop:?}");
    }
}

/// A statement that commits cannot be told apart from reads that go on around it.
pub async fn nothing_is_open_across_a_statement_that_commits<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    let session = begin(&mut backend, revision).await;
    execute(&session, "CREATE TABLE made (n INTEGER)").await;
    let mut session = session.lock().await;
    session.open_cursor("SELECT n FROM made", vec![]).await.expect("opens");
    let answer = session.execute(P::SQL.committing(), vec![]).await;
    assert_eq!(answer.is_err(), P::SQL.committing_commits(), "{answer:?}");
}

/// As a guest in another language comes by it: statements, a cursor and a bulk-writer in a session of the hook's own.
pub async fn what_cannot_be_repeated_is_not_run_again<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    let session = begin(&mut backend, revision).await;
    if !matches!(session.lock().await.dialect(), Dialect::Mysql | Dialect::Mariadb) {
        return;
    }
    execute(&session, "CREATE TABLE made (n INTEGER)").await;
    execute(&session, "INSERT INTO made VALUES (1)").await;
    execute(&session, "SET @one = 1").await;
    execute(&session, "CREATE TEMPORARY TABLE seen AS SELECT n + @one AS n FROM made").await;
    let mut guest = session.lock().await;
    let (cursor, _) = guest.open_cursor("SELECT n FROM seen", vec![]).await.expect("opens");
    let rows = guest.fetch(cursor, ALL).await.expect("reads");
    assert_eq!(rows, [[Value::Int64(2)]]);
    guest.close_cursor(cursor).await.expect("closes");
    let writer = guest.open_writer("made", &["n".to_owned()]).await.expect("opens");
    guest.write(writer, vec![vec![Value::Int64(3)]]).await.expect("writes");
    assert_eq!(guest.finish_writer(writer).await.expect("finishes"), 1);
    let asked = guest.query("SELECT ROW_COUNT()", vec![], ALL).await.expect("asks").rows;
    assert_eq!(asked.len(), 1);
    drop(guest);
    assert_eq!(count(&session, "SELECT count(*) FROM made").await, Value::Int64(2));
    drop(session);

    for _ in 0..2 {
        let (mut later, revision) = after_a_crash(place, backend).await;
        let session = begin(&mut later, revision).await;
        let answer = session.lock().await.execute("CREATE TABLE made (n INTEGER)", vec![]).await;
        assert!(answer.is_err());
        drop(session);
        let stop = later.stopped().await.expect("rolls back");
        assert!(matches!(&stop, Some(Stop::Apart { is_known: true, .. })), "{stop:?}");
        backend = later;
    }
    if let Some(server) = place.server() {
        assert_eq!(server.rows("SELECT n FROM made ORDER BY n"), ["1", "3"]);
    }
}

/// Some guests ask everything as a query, and have to be answered as one after a crash too.
pub async fn a_statement_that_commits_may_be_asked_as_a_query<P: Place>(place: &P) {
    let (mut backend, mut revision) = ready(place).await;
    for _ in 0..2 {
        let session = begin(&mut backend, revision).await;
        execute(&session, "CREATE TABLE made (n INTEGER)").await;
        let answer = session.lock().await.query(P::SQL.committing(), vec![], ALL).await;
        assert_eq!(answer.expect("a result").rows, Vec::<Vec<Value>>::new());
        drop(session);
        (backend, revision) = after_a_crash(place, backend).await;
    }
}

/// Whatever is given by then: the journal holds what the hook did with the first ones.
pub async fn a_run_goes_on_with_the_settings_it_began_with<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    let mut attempt = Attempt::up(&alteration("one"));
    // What text columns and their encodings stumble over.
    let value = "eu \0 \u{1f30d} ' \\ \u{feff}".repeat(3_000);
    attempt.settings = [
        ("REGION".parse().expect("a name"), Some(value.try_into().expect("short enough"))),
        ("UNSET".parse().expect("a name"), None),
    ]
    .into();
    let claim = Claim { attempt: &attempt, revision, component: b"one" };
    let session = backend.begin_journaled(&claim).await.expect("begins");
    hook::<P>(&session).await;
    drop(session);

    let (mut backend, _) = after_a_crash(place, backend).await;
    let snapshot = backend.snapshot().await.expect("reads");
    let key = &attempt.key;
    let mut later = Attempt::up(&alteration("one"));
    later.settings = [("REGION".parse().expect("a name"), None)].into();
    let resumed = later.resumed(&snapshot.rows[key], &snapshot.runs[key]);
    assert!(resumed.settings == attempt.settings, "others than it was begun with");
    let names: Vec<&str> = snapshot.rows[key].settings.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["REGION", "UNSET"]);
}

/// What stands between BEGIN and COMMIT takes effect together, and with its record.
pub async fn a_unit_of_a_script_is_done_or_not<P: Place>(place: &P) {
    const DONE: &str = "CREATE TABLE made (n INTEGER);
        BEGIN; INSERT INTO made VALUES (1); INSERT INTO made VALUES (2); COMMIT;
        BEGIN; INSERT INTO made VALUES (3);";
    let (mut backend, revision) = ready(place).await;
    let session = begin(&mut backend, revision).await;
    let broken = format!("{DONE} INSERT INTO missing VALUES (1); COMMIT");
    let failed = script(&session, &broken).await.expect_err("there is no such table");
    assert_eq!(failed.before, 7, "the words of the units are statements of the script");
    drop(session);
    let (mut backend, revision) = after_a_crash(place, backend).await;
    if let Some(server) = place.server() {
        assert_eq!(server.rows("SELECT n FROM made ORDER BY n"), ["1", "2"]);
    }
    let session = begin(&mut backend, revision).await;
    let goes_on = format!(
        "{DONE} INSERT INTO made VALUES (4); COMMIT; BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO made VALUES (5); COMMIT"
    );
    let goes_on = match P::DIALECT {
        Dialect::Postgresql => goes_on,
        _ => goes_on.replace("ISOLATION LEVEL SERIALIZABLE", ""),
    };
    script(&session, &goes_on).await.expect("runs");
    assert_eq!(count(&session, "SELECT count(*) FROM made").await, Value::Int64(5));
    drop(session);
    let attempt = Attempt::up(&alteration("one"));
    let claim = Claim { attempt: &attempt, revision, component: b"one" };
    backend.commit(&claim, &super::COUNTS).await.expect("commits");
    if let Some(server) = place.server() {
        assert_eq!(server.rows("SELECT count(*) FROM made"), ["5"]);
    }
}

pub async fn units_of_a_script_pair<P: Place>(place: &P) {
    let (mut backend, mut revision) = ready(place).await;
    for (sql, before, reason) in [
        ("BEGIN; SELECT 1;", 0, "never closed"),
        ("BEGIN; SELECT 1; BEGIN", 2, "COMMIT that first"),
        ("BEGIN; SELECT 1; ROLLBACK; COMMIT", 2, "ROLLBACK is refused"),
        ("BEGIN; SAVEPOINT a; COMMIT", 1, "SAVEPOINT is refused"),
        // This one is committed where statements stand alone.
        ("SELECT 1; COMMIT", 1, "nothing opens"),
    ] {
        let session = begin(&mut backend, revision).await;
        let failed = script(&session, sql).await.expect_err(sql);
        assert_eq!(failed.before, before, "{sql}: {failed:?}");
        assert!(failed.error.message.contains(reason), "{sql}: {failed:?}");
        let one = session.lock().await.execute("BEGIN", vec![]).await;
        assert!(one.is_err(), "only a script has units");
        drop(session);
        (backend, revision) = after_a_crash(place, backend).await;
    }
}

/// Each statement is committed before the next one begins, as the database's own client does it.
pub async fn statements_stand_alone_on_postgresql<P: Place>(place: &P) {
    let (Dialect::Postgresql, Some(server)) = (P::DIALECT, place.server()) else { return };
    let (mut backend, revision) = ready(place).await;
    let session = begin(&mut backend, revision).await;
    for sql in [
        "CREATE TYPE mood AS ENUM ('ok')",
        "ALTER TYPE mood ADD VALUE 'bad'",
        "CREATE TABLE made (m mood DEFAULT 'bad')",
        "INSERT INTO made VALUES ('bad')",
        "CREATE PROCEDURE more(times integer) LANGUAGE plpgsql AS $$ BEGIN
            FOR i IN 1 .. times LOOP INSERT INTO made DEFAULT VALUES; COMMIT; END LOOP; END $$",
        "CALL more(3)",
        "DO $$ BEGIN CALL more(2); COMMIT; END $$",
        "VACUUM (ANALYZE) made",
        "CLUSTER",
        "REINDEX TABLE CONCURRENTLY made",
        "CREATE INDEX CONCURRENTLY made_m ON made (m)",
        "ALTER TYPE mood ADD VALUE 'good'",
        "UPDATE made SET m = 'good'",
    ] {
        execute(&session, sql).await;
        assert_eq!(
            server.rows("SELECT count(*) FROM alteration_journal WHERE status = 'started'"),
            ["0"],
            "{sql}"
        );
    }
    assert_eq!(server.rows("SELECT m::text || count(*) FROM made GROUP BY m"), ["good6"]);
    drop(session);
    // Nothing of it is done twice.
    let (mut backend, revision) = after_a_crash(place, backend).await;
    let session = begin(&mut backend, revision).await;
    execute(&session, "CREATE TYPE mood AS ENUM ('ok')").await;
    drop(session);
    drop(backend);
    assert_eq!(server.rows("SELECT count(*) FROM made"), ["6"]);
}

/// What code committed before it failed is for a person to look at; what committed nothing is not.
pub async fn code_that_commits_and_fails_is_asked_about<P: Place>(place: &P) {
    let Dialect::Postgresql = P::DIALECT else { return };
    for (sql, is_open) in [
        ("DO $$ BEGIN PERFORM 1 / 0; COMMIT; END $$", false),
        ("DO $$ BEGIN INSERT INTO made VALUES (1); COMMIT; PERFORM 1 / 0; END $$", true),
    ] {
        let (mut backend, revision) = ready(place).await;
        let session = begin(&mut backend, revision).await;
        execute(&session, "CREATE TABLE IF NOT EXISTS made (n INTEGER)").await;
        let committed = "DO $$ BEGIN COMMIT; END $$";
        execute(&session, committed).await;
        session.lock().await.execute(sql, vec![]).await.expect_err(sql);
        drop(session);
        let stopped = backend.stopped().await.expect("looks");
        let asks = matches!(stopped, Some(Stop::Ambiguous { .. }));
        assert_eq!(asks, is_open, "{sql}: {stopped:?}");
        if !is_open {
            let (mut backend, revision) = after_a_crash(place, backend).await;
            let session = begin(&mut backend, revision).await;
            execute(&session, "CREATE TABLE IF NOT EXISTS made (n INTEGER)").await;
            execute(&session, committed).await;
            drop(session);
            let stopped = backend.stopped().await.expect("looks");
            assert_eq!(stopped, None);
        }
    }
}

/// What must be outside of a transaction is an error in one that the script opened.
pub async fn a_unit_holds_what_can_be_held<P: Place>(place: &P) {
    let Dialect::Postgresql = P::DIALECT else { return };
    for (sql, code) in [
        ("VACUUM made", "25001"),
        ("DO $$ BEGIN COMMIT; END $$", "2D000"),
        ("INSERT INTO made VALUES ('bad')", "55P04"),
    ] {
        let (mut backend, revision) = ready(place).await;
        let session = begin(&mut backend, revision).await;
        let made = "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE made (m mood);";
        let whole = format!("{made} BEGIN; ALTER TYPE mood ADD VALUE 'bad'; {sql}; COMMIT");
        let failed = script(&session, &whole).await.expect_err(sql);
        assert_eq!(
            (failed.before, failed.error.sqlstate.as_deref()),
            (4, Some(code)),
            "{failed:?}"
        );
        let is_told = failed.error.message.contains("between BEGIN and COMMIT");
        assert_eq!(is_told, code != "55P04", "{failed:?}");
        drop(session);
        drop(backend);
        let server = place.server().expect("a server");
        server.sql("DROP TABLE made; DROP TYPE mood; DELETE FROM alteration_journal; DELETE FROM alteration_run; DELETE FROM alteration_state; DELETE FROM alteration_history");
    }
}
