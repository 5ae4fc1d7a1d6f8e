//! The operator's side: lock, ledger, state, archive, rehearsal.

use super::{COUNTS, Opened, Place, alteration, begin, commit, key, open, open_for, ready};
use alteration_domain::alteration::Checksum;
use alteration_record::{Access, Attempt, BackendError, Claim, Ending, Revision, Status, Takeover};
use sqlx::Connection as _;
use std::time::Duration;

pub async fn untouched_is_empty<P: Place>(place: &P) {
    let snapshot = open(place).await.snapshot().await.expect("reads");
    assert!(snapshot.revision.is_none() && snapshot.rows.is_empty());
}

pub async fn reading_creates_nothing<P: Place>(place: &P) {
    for _ in 0..2 {
        let mut backend = open_for(place, Access::Read).await;
        assert!(backend.snapshot().await.expect("reads").revision.is_none());
        backend.close().await;
    }
}

pub async fn preparing_twice_is_preparing_once<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    backend.prepare().await.expect("prepares");
    let snapshot = backend.snapshot().await.expect("reads");
    assert_eq!(snapshot.revision, Some(revision));
}

/// Runs statements as somebody else would; no backend may be open.
pub async fn as_anybody<P: Place>(place: &P, statements: &[&str]) {
    let sql = statements.join("; ");
    if let Some(server) = place.server() {
        return server.sql(&sql);
    }
    let mut connection = sqlx::SqliteConnection::connect(&place.url()).await.expect("connects");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.expect("runs");
    connection.close().await.expect("closes");
}

/// Version 2 had no settings, version 4 no drafts, version 5 no map of owners. Where a schema change commits by itself, a killed upgrade leaves
/// some of it done.
pub async fn an_older_schema_is_upgraded<P: Place>(place: &P) {
    let state = "ALTER TABLE alteration_state DROP COLUMN settings";
    let run = "ALTER TABLE alteration_run DROP COLUMN settings";
    let draft = "ALTER TABLE alteration_state DROP COLUMN draft";
    let second = "UPDATE alteration_ledger SET schema_version = 2";
    let fourth = "UPDATE alteration_ledger SET schema_version = 4";
    let fifth = "UPDATE alteration_ledger SET schema_version = 5";
    let object = "DROP TABLE alteration_object";
    let level = "ALTER TABLE alteration_state DROP COLUMN level";
    let mut older = vec![
        ("one", vec![state, run, draft, level, object, second]),
        ("two", vec![draft, level, object, fourth]),
        ("five", vec![level, object, fifth]),
    ];
    if P::SQL.is_journaled() {
        older.push(("three", vec![run, draft, object, level, second]));
        older.push(("four", vec![fourth]));
    }
    for (name, statements) in &older {
        let (backend, _) = ready(place).await;
        backend.close().await;
        as_anybody(place, statements).await;
        let mut reading = open_for(place, Access::Read).await;
        assert!(reading.snapshot().await.expect("reads").revision.is_some());
        reading.close().await;
        let (mut backend, revision) = ready(place).await;
        begin(&mut backend, name, revision).await.expect("begins");
        commit(&mut backend, name, revision).await.expect("commits");
        let row = backend.snapshot().await.expect("reads").rows.remove(&key(name)).expect("a row");
        assert!(row.settings.is_empty() && !row.draft);
        backend.close().await;
    }
}

/// The mark is written with what is applied, and taken away with the next that is not a draft.
pub async fn a_draft_is_recorded<P: Place>(place: &P) {
    for is_draft in [true, false] {
        let (mut backend, revision) = ready(place).await;
        let rows = backend.snapshot().await.expect("reads").rows;
        let mut attempt = Attempt::up(&alteration("one"));
        attempt.previous = rows.get(&key("one")).map(|row| row.status);
        attempt.draft = is_draft;
        let claim = Claim { attempt: &attempt, revision, component: b"one" };
        backend.begin(&claim).await.expect("begins");
        let revision = backend.commit(&claim, &COUNTS).await.expect("commits");
        let row = backend.snapshot().await.expect("reads").rows.remove(&key("one")).expect("a row");
        assert_eq!(row.draft, is_draft);
        let attempt = Attempt::down(&row);
        let claim = Claim { attempt: &attempt, revision, component: b"" };
        backend.begin(&claim).await.expect("begins");
        backend.commit(&claim, &COUNTS).await.expect("commits");
        backend.close().await;
    }
}

pub async fn up_and_row_commit_together<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    let session = begin(&mut backend, "one", revision).await.expect("begins");
    session.lock().await.execute("CREATE TABLE made (x INTEGER)", vec![]).await.expect("runs");
    drop(session);

    // Another connection sees neither before the commit, and both after it.
    let mut other = open(place).await;
    let rows = other.snapshot().await.expect("reads").rows;
    if P::SQL.is_journaled() {
        // The table is there already: the record must say that somebody is at it.
        assert_eq!(rows[&key("one")].status, Status::Running);
    } else {
        assert!(rows.is_empty());
    }
    let next = commit(&mut backend, "one", revision).await.expect("commits");
    if P::SQL.is_journaled() {
        assert!(next.0 > revision.0);
    } else {
        assert_eq!(next, Revision(revision.0 + 1));
    }
    let snapshot = other.snapshot().await.expect("reads");
    assert_eq!(snapshot.revision, Some(next));
    let row = &snapshot.rows[&key("one")];
    assert_eq!(row.status, Status::Applied);
    assert_eq!((row.duration_ms, row.statements, row.rows_affected), (Some(1), Some(2), Some(3)));
    assert!(row.applied_at.is_some() && row.applied_by.is_some() && row.runner_version.is_some());
}

/// A renamed plugin's records: all of them, once, and never from a stale state.
pub async fn records_change_their_name_together<P: Place>(place: &P) {
    let (mut backend, mut revision) = ready(place).await;
    for name in ["one", "two"] {
        begin(&mut backend, name, revision).await.expect("begins");
        revision = commit(&mut backend, name, revision).await.expect("commits");
    }
    let before = backend.snapshot().await.expect("reads");
    let from = key("one").plugin;
    let to: alteration_domain::alteration::PluginName = "acme/renamed".parse().expect("a name");
    let other = Checksum::of(b"another manifest");
    let checksums = [(key("two").id, other)].into();
    let takeover = Takeover { from: from.clone(), to: to.clone(), checksums };
    let stale = backend.take_over(&takeover, &before, Revision(revision.0 - 1)).await;
    assert!(matches!(stale, Err(BackendError::Moved)), "{stale:?}");
    // A row that is not as it was read stops all of it.
    let mut edited = before.clone();
    edited.rows.get_mut(&key("two")).expect("a row").checksum = other;
    let moved = backend.take_over(&takeover, &edited, revision).await;
    assert!(matches!(moved, Err(BackendError::Moved)), "{moved:?}");
    let same = backend.snapshot().await.expect("reads");
    assert_eq!(same.revision, Some(revision));
    assert!(same.rows.keys().eq(before.rows.keys()) && same.successors.is_empty());

    let next = backend.take_over(&takeover, &before, revision).await.expect("takes over");
    let now = backend.snapshot().await.expect("reads");
    assert_eq!(now.revision, Some(next));
    assert_eq!(now.successors, [(from.clone(), to.clone())].into());
    assert_eq!((now.name_now(&from), now.name_now(&to)), (&to, &to));
    let expected = before.taken_over(&takeover);
    assert!(now.rows.keys().eq(expected.rows.keys()));
    for (key, row) in &now.rows {
        assert_eq!((&key.plugin, row.status), (&to, Status::Applied));
        assert_eq!(row.checksum, expected.rows[key].checksum);
        // What ran is what goes down.
        assert!(backend.archived(row.component_checksum).await.expect("reads").is_some());
    }
    assert_eq!(now.rows.values().filter(|row| row.checksum == other).count(), 1);
    // And back again: neither name leads away from the one that has the records.
    let back = Takeover { from: to.clone(), to: from.clone(), checksums: Default::default() };
    backend.take_over(&back, &now, next).await.expect("takes over");
    let now = backend.snapshot().await.expect("reads");
    assert_eq!((now.name_now(&from), now.name_now(&to)), (&from, &from));
    backend.close().await;
}

pub async fn rolled_back_leaves_nothing<P: Place>(place: &P) {
    if P::SQL.is_journaled() {
        return rolled_back_leaves_what_committed_itself(place).await;
    }
    let (mut backend, revision) = ready(place).await;
    let session = begin(&mut backend, "one", revision).await.expect("begins");
    session.lock().await.execute("CREATE TABLE made (x INTEGER)", vec![]).await.expect("runs");
    drop(session);
    backend.rollback().await.expect("rolls back");
    let snapshot = backend.snapshot().await.expect("reads");
    assert!(snapshot.rows.is_empty());
    assert_eq!(snapshot.revision, Some(revision));
    // The name is free: the table is gone too.
    let session = begin(&mut backend, "one", revision).await.expect("begins");
    session.lock().await.execute("CREATE TABLE made (x INTEGER)", vec![]).await.expect("runs");
}

/// What that means where CREATE TABLE commits by itself: rows go, the table stays, and the record
/// says that somebody has to go on from there.
async fn rolled_back_leaves_what_committed_itself<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    let session = begin(&mut backend, "one", revision).await.expect("begins");
    for sql in ["CREATE TABLE made (x INTEGER)", "INSERT INTO made VALUES (1)"] {
        session.lock().await.execute(sql, vec![]).await.expect(sql);
    }
    drop(session);
    backend.rollback().await.expect("rolls back");
    let server = place.server().expect("such a database is on a server");
    assert_eq!(server.rows("SELECT count(*) FROM made"), ["0"]);
    let snapshot = backend.snapshot().await.expect("reads");
    assert_eq!(snapshot.rows[&key("one")].status, Status::Running);
}

pub async fn a_stale_revision_is_refused<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    begin(&mut backend, "one", revision).await.expect("begins");
    let next = commit(&mut backend, "one", revision).await.expect("commits");
    let stale = begin(&mut backend, "two", revision).await;
    assert!(matches!(stale, Err(BackendError::Moved)));
    let attempt = Attempt::up(&alteration("two"));
    // It may only be refused with what it is the start of.
    let stale = match backend.record_start(&attempt, revision).await {
        Ok(started) => begin(&mut backend, "two", started).await.map(drop),
        Err(error) => Err(error),
    };
    assert!(matches!(stale, Err(BackendError::Moved)));
    begin(&mut backend, "two", next).await.expect("the right revision is accepted");
}

pub async fn an_applied_alteration_is_not_applied_again<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    begin(&mut backend, "one", revision).await.expect("begins");
    let next = commit(&mut backend, "one", revision).await.expect("commits");
    let attempt = Attempt::up(&alteration("one"));
    refused(&mut backend, &Claim { attempt: &attempt, revision: next, component: b"one" }).await;
    assert_eq!(backend.snapshot().await.expect("reads").revision, Some(next));
}

/// An attempt that does not fit the row of its alteration, refused when it begins or when it is recorded.
async fn refused(backend: &mut Opened, claim: &Claim<'_>) {
    let refused = match backend.begin(claim).await {
        Ok(_) => {
            let ended = backend.commit(claim, &COUNTS).await;
            backend.rollback().await.expect("rolls back");
            ended.map(drop)
        }
        Err(error) => Err(error),
    };
    assert!(matches!(refused, Err(BackendError::Moved)), "{refused:?}");
}

pub async fn down_needs_an_applied_row<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    let mut attempt = Attempt::up(&alteration("one"));
    attempt.direction = alteration_domain::alteration::Direction::Down;
    let claim = Claim { attempt: &attempt, revision, component: b"one" };
    refused(&mut backend, &claim).await;

    begin(&mut backend, "one", revision).await.expect("begins");
    let revision = commit(&mut backend, "one", revision).await.expect("commits");
    let claim = Claim { attempt: &attempt, revision, component: b"one" };
    backend.begin(&claim).await.expect("begins");
    let revision = backend.commit(&claim, &COUNTS).await.expect("commits");
    let snapshot = backend.snapshot().await.expect("reads");
    assert_eq!(snapshot.rows[&key("one")].status, Status::Reverted);
    let claim = Claim { attempt: &attempt, revision, component: b"one" };
    refused(&mut backend, &claim).await;
    begin(&mut backend, "one", revision).await.expect("what was reverted goes up again");
}

pub async fn a_failure_is_recorded_and_can_be_retried<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    begin(&mut backend, "one", revision).await.expect("begins");
    backend.rollback().await.expect("rolls back");
    let attempt = Attempt::up(&alteration("one"));
    backend.record_failure(&attempt, Ending::Failed, &COUNTS, "it broke").await.expect("records");
    let snapshot = backend.snapshot().await.expect("reads");
    let row = &snapshot.rows[&key("one")];
    assert_eq!((row.status, row.error.as_deref()), (Status::Failed, Some("it broke")));
    let revision = snapshot.revision.expect("a revision");
    begin(&mut backend, "one", revision).await.expect("begins again");
    commit(&mut backend, "one", revision).await.expect("commits");
    let snapshot = backend.snapshot().await.expect("reads");
    let row = &snapshot.rows[&key("one")];
    assert_eq!((row.status, row.error.as_deref()), (Status::Applied, None));
}

pub async fn a_failure_never_hides_applied<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    begin(&mut backend, "one", revision).await.expect("begins");
    commit(&mut backend, "one", revision).await.expect("commits");
    let attempt = Attempt::up(&alteration("one"));
    backend.record_failure(&attempt, Ending::Failed, &COUNTS, "late news").await.expect("records");
    let snapshot = backend.snapshot().await.expect("reads");
    assert_eq!(snapshot.rows[&key("one")].status, Status::Applied);
}

pub async fn an_interruption_leaves_the_state_as_it_was<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    begin(&mut backend, "one", revision).await.expect("begins");
    backend.rollback().await.expect("rolls back");
    let attempt = Attempt::up(&alteration("one"));
    let recorded = backend.record_failure(&attempt, Ending::Interrupted, &COUNTS, "stopped").await;
    recorded.expect("records");
    let snapshot = backend.snapshot().await.expect("reads");
    if P::SQL.is_journaled() {
        // It may say that it was begun, and never that it failed.
        assert!(snapshot.rows.values().all(|row| row.status == Status::Running), "{snapshot:?}");
    } else {
        assert!(snapshot.rows.is_empty());
    }
    let revision = snapshot.revision.expect("a revision");
    begin(&mut backend, "one", revision).await.expect("begins again");
    commit(&mut backend, "one", revision).await.expect("commits");
}

pub async fn the_lock_excludes<P: Place>(place: &P) {
    let (mut first, _) = ready(place).await;
    let mut second = open(place).await;
    let mut seen = 0;
    let patience = Duration::from_millis(120);
    let refused = second.lock(patience, &mut |_| seen += 1).await;
    let Err(BackendError::Locked(holder)) = refused else { panic!("locked: {refused:?}") };
    assert_eq!(holder.pid, std::process::id());
    assert!(seen > 0, "it asked more than once");
    first.unlock().await;
    second.lock(Duration::ZERO, &mut |_| {}).await.expect("free now");
}

pub async fn the_lock_ends_with_its_backend<P: Place>(place: &P) {
    let (first, _) = ready(place).await;
    drop(first);
    open(place).await.lock(Duration::from_secs(5), &mut |_| {}).await.expect("free now");
}

/// Safety does not rest on the lock: a second runner that has none is stopped by the ledger.
pub async fn without_the_lock_the_ledger_holds<P: Place>(place: &P) {
    let (mut first, revision) = ready(place).await;
    let mut second = open(place).await;
    assert_eq!(second.snapshot().await.expect("reads").revision, Some(revision));
    begin(&mut first, "one", revision).await.expect("begins");
    commit(&mut first, "one", revision).await.expect("commits");
    // Not even for another alteration: the plan was made for a state that is no more.
    let late = begin(&mut second, "two", revision).await;
    assert!(matches!(late, Err(BackendError::Moved)));
}

pub async fn the_archive_keeps_components<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    let checksum = alteration("one").component_checksum;
    assert_eq!(backend.archived(checksum).await.expect("reads"), None);
    begin(&mut backend, "one", revision).await.expect("begins");
    commit(&mut backend, "one", revision).await.expect("commits");
    let archived = backend.archived(checksum).await.expect("reads");
    assert_eq!(archived.as_deref(), Some(&b"one"[..]));
}

pub async fn a_rehearsal_leaves_nothing<P: Place>(place: &P) {
    let mut backend = open(place).await;
    backend.lock(Duration::ZERO, &mut |_| {}).await.expect("locks");
    if P::SQL.is_journaled() {
        // What commits by itself cannot be taken back, and is not begun.
        assert!(backend.begin_rehearsal().await.is_err());
        let snapshot = backend.snapshot().await.expect("reads");
        assert!(snapshot.revision.is_none() && snapshot.rows.is_empty());
        return;
    }
    backend.begin_rehearsal().await.expect("begins");
    backend.prepare().await.expect("prepares");
    for name in ["one", "two"] {
        let revision = backend.snapshot().await.expect("reads").revision.expect("prepared");
        let session = begin(&mut backend, name, revision).await.expect("begins");
        let sql = format!("CREATE TABLE made_{name} (x INTEGER)");
        session.lock().await.execute(&sql, vec![]).await.expect("runs");
        drop(session);
        commit(&mut backend, name, revision).await.expect("is kept for now");
    }
    assert_eq!(backend.snapshot().await.expect("reads").rows.len(), 2);
    backend.end_rehearsal().await.expect("ends");
    let snapshot = backend.snapshot().await.expect("reads");
    assert!(snapshot.revision.is_none() && snapshot.rows.is_empty());
}

/// Dropping a call in the middle of a statement leaves a backend that can roll back and go on.
pub async fn a_cancelled_statement_ends<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    let session = begin(&mut backend, "one", revision).await.expect("begins");
    let limit = alteration_record::session::ResultLimit { rows_max: 1, bytes_max: 1_000 };
    let call = async { session.lock().await.query(P::SQL.endless(), vec![], limit).await };
    let ended = tokio::time::timeout(Duration::from_millis(50), call).await;
    assert!(ended.is_err(), "it should not have ended by itself");
    drop(session);
    backend.rollback().await.expect("rolls back");
    let revision = backend.snapshot().await.expect("reads").revision.expect("a revision");
    begin(&mut backend, "one", revision).await.expect("begins");
    commit(&mut backend, "one", revision).await.expect("commits");
}
