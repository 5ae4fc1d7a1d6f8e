//! Backfills in SQL and in a guest, and a guest with a preparation.

use super::{deployed, ensure, packed, status};
use crate::{
    place::{Family, Place},
    support::{Sandbox, guest},
};
use alteration_pack::section;
use std::fs;

pub(super) fn names(place: Place) -> Sandbox {
    let sandbox = place.sandbox();
    let rows = "WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 350)";
    let insert = match place.family() {
        Family::Postgres => format!("{rows} INSERT INTO names (id, clean) SELECT i, 0 FROM r"),
        _ => format!("INSERT INTO names (id, clean) {rows} SELECT i, 0 FROM r"),
    };
    let step = match place.family() {
        Family::Mysql => "UPDATE names SET clean = clean + 1 WHERE clean = 0 ORDER BY id LIMIT 100",
        _ => {
            "UPDATE names SET clean = clean + 1
             WHERE id IN (SELECT id FROM names WHERE clean = 0 ORDER BY id LIMIT 100)"
        }
    };
    let create = "CREATE TABLE names (id INTEGER PRIMARY KEY, clean INTEGER NOT NULL)";
    for (hook, sql) in [
        ("up", format!("{create}; {insert};")),
        ("step", step.to_owned()),
        ("down", "DROP TABLE names;".to_owned()),
    ] {
        sandbox.write(&format!("sources/acme/names/1.0.0-1700000000-names.{hook}.sql"), sql);
    }
    packed(sandbox, "acme/names")
}

/// Checks that rows and checkpoint agree: as many are cleaned, once each, as steps are recorded.
pub(super) fn names_hold(place: Place, sandbox: &Sandbox) -> Result<(), String> {
    if !place.has_table(sandbox, "names") || !place.has_table(sandbox, "alteration_run") {
        return Ok(());
    }
    let steps = sandbox.rows("SELECT steps FROM alteration_run WHERE phase = 'backfill'").pop();
    let expected = match (&*status(place, sandbox, "names"), steps) {
        ("applied", _) => 350,
        (_, Some(steps)) => 350.min(100 * steps.parse::<u64>().expect("a number")),
        (_, None) => 0,
    };
    let found = sandbox
        .rows("SELECT concat_ws(' ', coalesce(sum(clean), 0), coalesce(max(clean), 0)) FROM names");
    let most = u64::from(expected > 0);
    ensure(found == [format!("{expected} {most}")], &format!("{expected} rows clean: {found:?}"))
}

/// Packs a guest that was built from source, as the one plugin; `asks` are more fields of its declaration.
pub fn guest_plugin(place: Place, file: &str, id: &str, asks: &str) -> Sandbox {
    let sandbox = place.sandbox();
    let file = guest(file).display().to_string();
    sandbox.ok(&["pack", &file, "--out", "packed"]);
    let packed = fs::read_dir(sandbox.path().join("packed")).expect("a folder").next();
    let component = fs::read(packed.expect("one").expect("an entry").path()).expect("bytes");
    let manifest = format!(
        r#"{{"manifest":1,"plugin":"hostile/guests","alterations":[{{"id":"{id}"{asks}}}]}}"#
    );
    let component = section::append(&component, manifest.as_bytes()).expect("a component");
    sandbox.write("plugins/guest.wasm", component);
    sandbox
}

pub(super) fn prepares(place: Place) -> Sandbox {
    guest_plugin(place, "hostile-preparation", "1.0.0-1710000000-prepares", "")
}

pub(super) fn prepares_deployed(place: Place) -> Sandbox {
    deployed(prepares(place))
}

pub(super) fn steps(place: Place) -> Sandbox {
    guest_plugin(place, "hostile-backfill", "1.0.0-1720000000-steps", "")
}

pub(super) fn steps_hold(place: Place, sandbox: &Sandbox) -> Result<(), String> {
    if !place.has_table(sandbox, "steps_log") {
        return Ok(());
    }
    let steps = sandbox.rows("SELECT steps FROM alteration_run WHERE phase = 'backfill'").pop();
    let expected = match (&*status(place, sandbox, "steps"), steps) {
        ("applied", _) => "11".to_owned(),
        (_, Some(steps)) => steps,
        (_, None) => "0".to_owned(),
    };
    let found = sandbox.rows("SELECT count(*) FROM steps_log");
    ensure(found == [expected.clone()], &format!("{expected} steps in the log: {found:?}"))
}
