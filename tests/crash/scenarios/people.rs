//! Three alterations of two plugins, each not idempotent: applied, taken back, failing, under a new name, or recorded.

use super::{deployed, ensure, fits};
use crate::{place::Place, support::Sandbox};
use std::fs;

pub(super) fn people(place: Place) -> Sandbox {
    people_with(place, "")
}

pub(super) fn people_failing(place: Place) -> Sandbox {
    people_with(place, "INSERT INTO people (id, name, n) VALUES (1, 'again', 0);")
}

pub(super) fn people_deployed(place: Place) -> Sandbox {
    deployed(people(place))
}

pub(super) fn people_renamed(place: Place) -> Sandbox {
    let sandbox = people_deployed(place);
    sandbox.ok(&["rollback", "--steps", "1"]);
    fs::remove_dir_all(sandbox.path().join("plugins/acme/core")).expect("a folder");
    sandbox.write(
        "sources/acme/core/alteration.toml",
        "plugin = \"acme/renamed\"\nreplaces = \"acme/core\"\n",
    );
    sandbox.ok(&["pack", "sources/acme/core", "--out", "plugins/acme/renamed"]);
    sandbox
}

/// Checks [`people_hold`], and that all that one plugin has is recorded under one name.
pub(super) fn one_name_holds(place: Place, sandbox: &Sandbox) -> Result<(), String> {
    let names = "SELECT DISTINCT plugin FROM alteration_state WHERE plugin LIKE 'acme/%'";
    let found = sandbox.rows(names);
    match found.len() {
        1 => people_hold(place, sandbox),
        _ => Err(format!("one plugin is recorded as {found:?}")),
    }
}

fn people_with(place: Place, last: &str) -> Sandbox {
    let sandbox = place.sandbox();
    let drop_index = place.drop_index("people_n", "people").replace("CONCURRENTLY", "");
    sandbox.sql_plugin(
        "acme/core",
        &[
            (
                "1.0.0-1700000000-people",
                "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
                 INSERT INTO people (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c');",
                "DROP TABLE people;",
            ),
            (
                "1.1.0-1700000001-rebuild",
                &format!(
                    "CREATE TABLE people_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL, n INTEGER NOT NULL);
                     INSERT INTO people_new SELECT id, name, id * 10 FROM people;
                     DROP TABLE people;
                     ALTER TABLE people_new RENAME TO people;
                     UPDATE people SET n = n + 100;
                     CREATE INDEX people_n ON people (n);
                     UPDATE people SET n = n + 1000;
                     {last}"
                ),
                &format!(
                    "UPDATE people SET n = n - 1000;
                     {drop_index};
                     UPDATE people SET name = concat(name, n);
                     ALTER TABLE people DROP COLUMN n;"
                ),
            ),
        ],
    );
    // Not idempotent on purpose: run twice, it shows.
    sandbox.sql_plugin_requiring(
        "globex/ext",
        "\"acme/core\" = \">=1.1\"",
        &[(
            "0.1.0-1600000000-count",
            "UPDATE people SET n = n + 1; INSERT INTO people (id, name, n) VALUES (4, 'd', 0);",
            "DELETE FROM people WHERE name = 'd'; UPDATE people SET n = n - 1;",
        )],
    );
    sandbox
}

pub(super) fn people_hold(place: Place, sandbox: &Sandbox) -> Result<(), String> {
    let people = place.has_table(sandbox, "people");
    if place.is_transactional() {
        fits(place, sandbox, "people", || people)?;
    }
    fits(place, sandbox, "rebuild", || place.has_index(sandbox, "people_n"))?;
    fits(place, sandbox, "count", || {
        people && sandbox.rows("SELECT count(*) FROM people WHERE name = 'd'") == ["1"]
    })
}

/// Makes three alterations whose tables are there and are not recorded.
pub(super) fn grown(place: Place) -> Sandbox {
    let sandbox = place.sandbox();
    let create = |name| format!("CREATE TABLE {name} (id INTEGER);");
    let [one, two, three] = ["one", "two", "three"].map(create);
    sandbox.sql(&format!("{one} {two} {three}"));
    let alterations =
        [("1.0.0-1-one", &*one, ""), ("1.0.0-2-two", &*two, ""), ("1.0.0-3-three", &*three, "")];
    sandbox.sql_plugin("acme/shop", &alterations);
    sandbox
}

pub(super) fn all_or_nothing(place: Place, sandbox: &Sandbox) -> Result<(), String> {
    if !place.has_table(sandbox, "alteration_state") {
        return Ok(());
    }
    let count = sandbox.state().len();
    ensure(count == 0 || count == 3, &format!("{count} of three are recorded"))
}
