//! Journaled hooks: what a crash leaves is taken up again, and nothing is done twice.

use super::{Opened, Place, alteration, open, ready};
use runner::{
    alteration::Dialect,
    backend::{Attempt, Claim, Revision, Stop},
    session::{ResultLimit, SharedSession, Value},
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

/// What a runner that comes later finds: the connection of the first is gone, as after a kill.
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
