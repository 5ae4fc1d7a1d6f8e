//! The map of owners: what an alteration makes, renames and drops is recorded with it.

use super::{COUNTS, Opened, Place, begin, commit, key, open, ready};
use alteration_record::{Attempt, Claim, Revision};
use std::collections::BTreeSet;

/// `kind name plugin id` of each object that the map has.
async fn map(backend: &mut Opened) -> BTreeSet<String> {
    let owners = backend.owners().await.expect("reads");
    owners.iter().map(|(object, key)| format!("{} {} {key}", object.kind, object.name)).collect()
}

/// What the map says if these were made by the alteration of that name.
fn expected<P: Place>(made: &[(&str, &str)]) -> BTreeSet<String> {
    let is_kept =
        |(object, _): &&(&str, &str)| P::SQL.maps_indexes() || !object.starts_with("index ");
    let made = made.iter().filter(is_kept);
    made.map(|(object, name)| format!("{object} {}", key(name))).collect()
}

async fn up(backend: &mut Opened, name: &str, revision: Revision, sql: &[&str]) -> Revision {
    let session = begin(backend, name, revision).await.expect("begins");
    for statement in sql {
        session.lock().await.execute(statement, vec![]).await.expect("runs");
    }
    drop(session);
    commit(backend, name, revision).await.expect("commits")
}

/// What every database finds: tables and views, made and dropped, and no other's that were altered.
pub async fn what_is_made_is_recorded<P: Place>(place: &P) {
    ready(place).await.0.close().await;
    super::state::as_anybody(place, &["CREATE TABLE applications (x INTEGER)"]).await;
    let (mut backend, revision) = ready(place).await;
    let one = ["CREATE TABLE first (x INTEGER)", "CREATE VIEW seen AS SELECT x FROM first"];
    let revision = up(&mut backend, "one", revision, &one).await;
    let kept = [("table first", "one"), ("view seen", "one")];
    assert_eq!(map(&mut backend).await, expected::<P>(&kept));
    let two = [
        "DROP VIEW seen",
        "ALTER TABLE first ADD COLUMN y INTEGER",
        "ALTER TABLE applications ADD COLUMN y INTEGER",
        "CREATE TABLE second (x INTEGER)",
    ];
    up(&mut backend, "two", revision, &two).await;
    let mut two = expected::<P>(&[("table first", "one"), ("table second", "two")]);
    if P::SQL.maps_columns() {
        // So is a column of a table that is not the plugin's.
        two.extend(expected::<P>(&[("column y", "two")]));
    }
    assert_eq!(map(&mut backend).await, two);
    backend.close().await;
}

pub async fn objects_are_recorded_with_what_made_them<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    if !P::SQL.maps_renames() {
        return backend.close().await;
    }
    let revision = up(
        &mut backend,
        "one",
        revision,
        &[
            "CREATE TABLE first (id INTEGER PRIMARY KEY, x INTEGER)",
            "CREATE INDEX first_x ON first (x)",
            "CREATE VIEW seen AS SELECT x FROM first",
        ],
    )
    .await;
    let one = [("table first", "one"), ("index first_x", "one"), ("view seen", "one")];
    assert_eq!(map(&mut backend).await, expected::<P>(&one));

    // What another alteration adds is its own; what it renames is whose it was; what it drops is gone.
    let revision = up(
        &mut backend,
        "two",
        revision,
        &[
            "CREATE TABLE second (x INTEGER)",
            "DROP VIEW seen",
            "ALTER TABLE first RENAME TO former",
            "CREATE TABLE third (x INTEGER)",
        ],
    )
    .await;
    let two = [
        ("table former", "one"),
        ("index first_x", "one"),
        ("table second", "two"),
        ("table third", "two"),
    ];
    assert_eq!(map(&mut backend).await, expected::<P>(&two));

    // A table that is rebuilt stays whose it is.
    let rebuilt = [
        "CREATE TABLE rebuilt (id INTEGER PRIMARY KEY, x INTEGER)",
        "DROP TABLE former",
        "ALTER TABLE rebuilt RENAME TO former",
    ];
    let revision = up(&mut backend, "three", revision, &rebuilt).await;
    let three = [("table former", "one"), ("table second", "two"), ("table third", "two")];
    assert_eq!(map(&mut backend).await, expected::<P>(&three));

    // What goes down goes out of the map, and what is left stays.
    let rows = backend.snapshot().await.expect("reads").rows;
    let attempt = Attempt::down(&rows[&key("two")]);
    let claim = Claim { attempt: &attempt, revision, component: b"" };
    let session = backend.begin(&claim).await.expect("begins");
    session.lock().await.execute("DROP TABLE second", vec![]).await.expect("runs");
    drop(session);
    backend.commit(&claim, &COUNTS).await.expect("commits");
    let down = [("table former", "one"), ("table third", "two")];
    assert_eq!(map(&mut backend).await, expected::<P>(&down));
    backend.close().await;
}

/// Whatever is rolled back is in no map, nor in what a runner knows of it.
pub async fn the_map_is_as_committed<P: Place>(place: &P) {
    let (mut backend, revision) = ready(place).await;
    let expected = |made: &[(&str, &str)]| -> BTreeSet<String> {
        made.iter().map(|(object, name)| format!("{object} {}", key(name))).collect()
    };
    if P::SQL.is_journaled() {
        // What it committed by itself stays.
        return backend.close().await;
    }
    let session = begin(&mut backend, "one", revision).await.expect("begins");
    let made = session.lock().await.execute("CREATE TABLE made (x INTEGER)", vec![]).await;
    made.expect("runs");
    drop(session);
    backend.rollback().await.expect("rolls back");
    assert!(map(&mut backend).await.is_empty());
    up(&mut backend, "two", revision, &["CREATE TABLE made (x INTEGER)"]).await;
    assert_eq!(map(&mut backend).await, expected(&[("table made", "two")]));
    backend.close().await;

    // Another runner, after the application dropped one table and made another one.
    let gone = "DROP TABLE made; CREATE TABLE applications (x INTEGER)";
    super::state::as_anybody(place, &[gone]).await;
    let (mut backend, revision) = ready(place).await;
    up(&mut backend, "three", revision, &["CREATE TABLE more (x INTEGER)", "DROP TABLE more"])
        .await;
    assert_eq!(map(&mut backend).await, expected(&[]));
    backend.close().await;
    let mut other = open(place).await;
    assert_eq!(map(&mut other).await, expected(&[]));
    other.close().await;
}
