//! What is killed: plugins whose work shows when it is done twice, in part, or not at all.
//!
//! SQL that all backends share where there is such; ids are chosen by the alterations, because
//! counters move with every attempt by design.

use crate::{
    matrix::Scenario,
    place::{Family, Place},
    support::{Sandbox, guest},
};
use alteration_pack::{draft, section};
use std::fs;

const DEPLOY: &[&str] = &["deploy", "plugins"];
const DRAFTS: &[&str] = &["deploy", "plugins", "--allow-drafts"];
const BASELINE: &[&str] = &["baseline", "plugins", "--to", "acme/shop@latest"];
const UNDER_LEASE: &[&str] = &["deploy", "plugins", "--lock", "lease"];
const TAKEOVER: &[&str] = &["deploy", "plugins", "--accept-rename", "acme/core=acme/renamed"];
/// All of them; what is left of three when it is run again is at most three.
const ROLLBACK: &[&str] = &["rollback", "--steps", "3"];

/// Three alterations of two plugins: schema, data, a rebuild.
pub fn deploy() -> Scenario {
    Scenario {
        name: "deploy",
        start: people,
        args: DEPLOY,
        code: 0,
        holds: people_hold,
        resolve: None,
        let_pass: |_, _| (),
        points_min: 90,
    }
}

/// What is there already is recorded: all of it or nothing, for what is left out would run.
pub fn baseline() -> Scenario {
    Scenario {
        name: "baseline",
        start: grown,
        args: BASELINE,
        holds: all_or_nothing,
        points_min: 20,
        ..deploy()
    }
}

/// A plugin was renamed, and another one that requires it by its old name is pending.
pub fn takeover() -> Scenario {
    Scenario {
        name: "takeover",
        start: people_renamed,
        args: TAKEOVER,
        holds: one_name_holds,
        points_min: 50,
        ..deploy()
    }
}

/// The same three, taken back.
pub fn rollback() -> Scenario {
    Scenario { name: "rollback", start: people_deployed, args: ROLLBACK, ..deploy() }
}

/// A deploy whose second alteration fails at its last statement.
pub fn failing() -> Scenario {
    Scenario { name: "failing deploy", start: people_failing, code: 1, ..deploy() }
}

/// `before-up` with indexes that are built outside of any transaction, between changes of data.
pub fn prepared_up() -> Scenario {
    Scenario { name: "before-up", start: items, holds: items_hold, ..deploy() }
}

/// `before-up` of single statements between two transactions that the script opens itself, and on PostgreSQL a label that
/// is used behind its making, and code that the runner could not ask about again.
pub fn units() -> Scenario {
    Scenario {
        name: "units of a script",
        start: orders,
        holds: orders_hold,
        points_min: 30,
        ..deploy()
    }
}

/// `before-down` of the same.
pub fn prepared_down() -> Scenario {
    Scenario { name: "before-down", start: items_deployed, args: ROLLBACK, ..prepared_up() }
}

/// A file that its vendor mended: it goes on behind the statements that took effect of the one before.
pub fn mended() -> Scenario {
    Scenario { name: "a mended file", start: items_mended, holds: anything, ..deploy() }
}

/// The same under a lease, which runs out at once when its holder is killed: what the server still
/// does for it then is ended by whoever goes on.
pub fn leased() -> Scenario {
    Scenario { name: "under a lease", args: UNDER_LEASE, let_pass: lease_ran_out, ..prepared_up() }
}

/// A setting of the session between statements that commit: a resumed hook has it again.
pub fn settings() -> Scenario {
    Scenario { name: "settings of the session", start: sets, holds: anything, ..deploy() }
}

/// A backfill in SQL: four steps and the one that finds nothing left.
pub fn backfill() -> Scenario {
    Scenario { name: "backfill", start: names, holds: names_hold, ..deploy() }
}

/// The guest `prepares`: queries whose results matter between statements that commit.
pub fn guest_prepares() -> Scenario {
    Scenario { name: "guest with before-up", start: prepares, holds: anything, ..deploy() }
}

pub fn guest_prepares_down() -> Scenario {
    Scenario {
        name: "guest with before-down",
        start: prepares_deployed,
        args: ROLLBACK,
        ..guest_prepares()
    }
}

/// The guest `steps`: each step leaves a row that a second one would collide with.
pub fn guest_steps() -> Scenario {
    Scenario { name: "guest with a backfill", start: steps, holds: steps_hold, ..deploy() }
}

/// A statement of which the catalogue does not tell whether it took effect: TRUNCATE. Only where
/// the kill falls between its beginning and its record, a person has to say; the test looks.
pub fn undecidable() -> Scenario {
    Scenario {
        name: "a statement to resolve",
        start: truncates,
        holds: anything,
        resolve: Some(truncated),
        points_min: 60,
        ..deploy()
    }
}

/// Two drafts of which the first has changed: both go down and up again.
pub fn drafts() -> Scenario {
    Scenario {
        name: "drafts",
        start: drafts_changed,
        args: DRAFTS,
        holds: drafts_hold,
        points_min: 60,
        ..deploy()
    }
}

/// A draft was released as it was applied, and another alteration is pending.
pub fn released() -> Scenario {
    Scenario {
        name: "released drafts",
        start: drafts_released,
        args: DEPLOY,
        holds: anything,
        points_min: 40,
        ..deploy()
    }
}

fn drafts_released(place: Place) -> Sandbox {
    let sandbox = place.sandbox();
    let first = ("1.0.0-1700000000-drafted", "CREATE TABLE drafted (n INTEGER);", "");
    sandbox.sql_plugin("acme/drafts", &[first]);
    let path = sandbox.path().join(format!("plugins/acme/drafts/{}.wasm", first.0));
    let marked = draft::mark(&fs::read(&path).expect("it was packed")).expect("a component");
    fs::write(&path, marked).expect("it is marked");
    sandbox.ok(DRAFTS);
    let second = ("1.0.0-1700000001-more", "INSERT INTO drafted VALUES (1);", "");
    sandbox.sql_plugin("acme/drafts", &[first, second]);
    sandbox
}

fn drafts_changed(place: Place) -> Sandbox {
    let sandbox = place.sandbox();
    let (first, second) = ("1.0.0-1700000000-drafted", "1.0.0-1700000001-counted");
    for column in ["n INTEGER NOT NULL", "n INTEGER NOT NULL, more INTEGER"] {
        let create = format!(
            "CREATE TABLE drafted (id INTEGER PRIMARY KEY, {column});
             INSERT INTO drafted (id, n) VALUES (1, 0);"
        );
        // Not idempotent on purpose, either way.
        let up = "UPDATE drafted SET n = n + 1; INSERT INTO drafted (id, n) VALUES (2, 0);";
        let down = "DELETE FROM drafted WHERE id = 2; UPDATE drafted SET n = n - 1;";
        sandbox.sql_plugin(
            "acme/drafts",
            &[(first, &create, "DROP TABLE drafted;"), (second, up, down)],
        );
        for id in [first, second] {
            let path = sandbox.path().join(format!("plugins/acme/drafts/{id}.wasm"));
            let marked =
                draft::mark(&fs::read(&path).expect("it was packed")).expect("a component");
            fs::write(&path, marked).expect("it is marked");
        }
        if !column.contains("more") {
            sandbox.ok(DRAFTS);
        }
    }
    sandbox
}

fn drafts_hold(place: Place, sandbox: &Sandbox) -> Result<(), String> {
    let there = place.has_table(sandbox, "drafted");
    if place.is_transactional() {
        fits(place, sandbox, "drafted", || there)?;
    }
    fits(place, sandbox, "counted", || {
        there && sandbox.rows("SELECT n FROM drafted WHERE id = 1") == ["1"]
    })
}

/// Three alterations whose tables are there, and that nobody recorded.
fn grown(place: Place) -> Sandbox {
    let sandbox = place.sandbox();
    let create = |name| format!("CREATE TABLE {name} (id INTEGER);");
    let [one, two, three] = ["one", "two", "three"].map(create);
    sandbox.sql(&format!("{one} {two} {three}"));
    let alterations =
        [("1.0.0-1-one", &*one, ""), ("1.0.0-2-two", &*two, ""), ("1.0.0-3-three", &*three, "")];
    sandbox.sql_plugin("acme/shop", &alterations);
    sandbox
}

fn all_or_nothing(place: Place, sandbox: &Sandbox) -> Result<(), String> {
    if !place.has_table(sandbox, "alteration_state") {
        return Ok(());
    }
    let count = sandbox.state().len();
    ensure(count == 0 || count == 3, &format!("{count} of three are recorded"))
}

fn anything(_: Place, _: &Sandbox) -> Result<(), String> {
    Ok(())
}

fn ensure(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("does not hold: {what}")) }
}

fn status(place: Place, sandbox: &Sandbox, name: &str) -> String {
    if !place.has_table(sandbox, "alteration_state") {
        return String::new();
    }
    let sql = format!("SELECT status FROM alteration_state WHERE id LIKE '%-{name}'");
    sandbox.rows(&sql).pop().unwrap_or_default()
}

/// An alteration's effect is there exactly when its row says so; while it runs outside of a
/// transaction, it may be.
fn fits(
    place: Place,
    sandbox: &Sandbox,
    name: &str,
    effect: impl FnOnce() -> bool,
) -> Result<(), String> {
    let status = status(place, sandbox, name);
    let effect = effect();
    let fits = match &*status {
        "applied" => effect,
        "running" => true,
        "failed" if !place.is_transactional() => true,
        _ => !effect,
    };
    ensure(fits, &format!("{name} is `{status}`, its effect there: {effect}"))
}

fn people(place: Place) -> Sandbox {
    people_with(place, "")
}

fn people_failing(place: Place) -> Sandbox {
    people_with(place, "INSERT INTO people (id, name, n) VALUES (1, 'again', 0);")
}

fn people_deployed(place: Place) -> Sandbox {
    deployed(people(place))
}

fn deployed(sandbox: Sandbox) -> Sandbox {
    sandbox.ok(DEPLOY);
    sandbox
}

fn people_renamed(place: Place) -> Sandbox {
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

/// As [`people_hold`], and all that one plugin has is recorded under one name.
fn one_name_holds(place: Place, sandbox: &Sandbox) -> Result<(), String> {
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

fn people_hold(place: Place, sandbox: &Sandbox) -> Result<(), String> {
    let people = place.has_table(sandbox, "people");
    if place.is_transactional() {
        fits(place, sandbox, "people", || people)?;
    }
    fits(place, sandbox, "rebuild", || place.has_index(sandbox, "people_n"))?;
    fits(place, sandbox, "count", || {
        people && sandbox.rows("SELECT count(*) FROM people WHERE name = 'd'") == ["1"]
    })
}

fn items(place: Place) -> Sandbox {
    let sandbox = place.sandbox();
    let create_n = place.create_index("INDEX", "items_n", "items (n)");
    let create_both = place.create_index("UNIQUE INDEX", "items_both", "items (n, id)");
    let drop_n = place.drop_index("items_n", "items");
    let drop_both = place.drop_index("items_both", "items");
    let id = "1.1.0-1700000001-index";
    for (hook, sql) in [
        (
            "before-up",
            format!(
                "UPDATE items SET hits = hits + 1;
                 {create_n};
                 UPDATE items SET hits = hits + 10;
                 INSERT INTO items (id, n, hits) VALUES (4, 40, 0);
                 {create_both};
                 UPDATE items SET hits = hits + 100;"
            ),
        ),
        (
            "before-down",
            format!(
                "UPDATE items SET hits = hits - 100;
                 {drop_both};
                 UPDATE items SET hits = hits - 10;
                 {drop_n};
                 DELETE FROM items WHERE id = 4;"
            ),
        ),
    ] {
        sandbox.write(&format!("sources/acme/items/{id}.{hook}.sql"), sql);
    }
    let all: [(&str, &str, &str); 2] = [
        (
            "1.0.0-1700000000-items",
            "CREATE TABLE items (id INTEGER PRIMARY KEY, n INTEGER NOT NULL, hits INTEGER NOT NULL);
             INSERT INTO items (id, n, hits) VALUES (1, 10, 0), (2, 20, 0), (3, 30, 0);",
            "DROP TABLE items;",
        ),
        (
            id,
            "ALTER TABLE items ADD COLUMN more INTEGER; UPDATE items SET hits = hits + 1000, more = n;",
            "ALTER TABLE items DROP COLUMN more; UPDATE items SET hits = hits - 1000;",
        ),
    ];
    for (id, up, down) in all {
        sandbox.write(&format!("sources/acme/items/{id}.up.sql"), up);
        sandbox.write(&format!("sources/acme/items/{id}.down.sql"), down);
    }
    packed(sandbox, "acme/items")
}

fn items_mended(place: Place) -> Sandbox {
    let sandbox = place.sandbox();
    let first = place.create_index("INDEX", "items_n", "items (n)");
    let last = place.create_index("UNIQUE INDEX", "items_both", "items (n, id)");
    let source = "sources/acme/items";
    let create = "CREATE TABLE items (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);
         INSERT INTO items (id, n) VALUES (1, 10), (2, 20);";
    sandbox.write(&format!("{source}/1.0.0-1700000000-items.up.sql"), create);
    let begins = format!("INSERT INTO items (id, n) VALUES (3, 30);\n{first};\n");
    let before = |end: &str| format!("{begins}{end};\n{last};\n");
    let file = format!("{source}/1.1.0-1700000001-index.before-up.sql");
    sandbox.write(&file, before("UPDATE items SET nope = 1"));
    let sandbox = packed(sandbox, "acme/items");
    let failed = sandbox.runner(DEPLOY);
    assert!(failed.code == Some(1) && failed.stderr.contains("took effect"), "{failed:#?}");
    sandbox.write(&file, before("UPDATE items SET n = n + 1"));
    sandbox.ok(&["pack", source, "--out", "plugins/acme/items", "--replace"]);
    sandbox
}

fn packed(sandbox: Sandbox, plugin: &str) -> Sandbox {
    packed_with(sandbox, plugin, "")
}

/// `settings` of its alterations come into its `alteration.toml`.
fn packed_with(sandbox: Sandbox, plugin: &str, settings: &str) -> Sandbox {
    let source = format!("sources/{plugin}");
    let settings = format!("plugin = \"{plugin}\"\n{settings}");
    sandbox.write(&format!("{source}/alteration.toml"), settings);
    sandbox.ok(&["pack", &source, "--out", &format!("plugins/{plugin}")]);
    sandbox
}

fn items_deployed(place: Place) -> Sandbox {
    deployed(items(place))
}

fn items_hold(place: Place, sandbox: &Sandbox) -> Result<(), String> {
    let items = place.has_table(sandbox, "items");
    if place.is_transactional() {
        fits(place, sandbox, "items", || items)?;
    }
    for index in ["items_n", "items_both"] {
        fits(place, sandbox, "index", || place.has_index(sandbox, index))?;
    }
    if place.family() == Family::Postgres && status(place, sandbox, "index") != "running" {
        let invalid = sandbox.rows("SELECT count(*) FROM pg_index WHERE NOT indisvalid");
        ensure(invalid == ["0"], "no invalid index is left")?;
    }
    Ok(())
}

fn orders(place: Place) -> Sandbox {
    let sandbox = place.sandbox();
    let (first, last) = match place.family() {
        Family::Postgres => (
            "CREATE TYPE stage AS ENUM ('new'); ALTER TYPE stage ADD VALUE 'paid';
             CREATE TABLE labels AS SELECT 'paid'::stage AS stage;",
            "VACUUM orders;",
        ),
        _ => ("", ""),
    };
    let id = "1.0.0-1700000000-orders";
    sandbox.write(
        &format!("sources/acme/orders/{id}.before-up.sql"),
        format!(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER NOT NULL);
             {first}
             INSERT INTO orders (id, total) VALUES (1, 5);
             BEGIN;
             INSERT INTO orders (id, total) VALUES (2, 5);
             UPDATE orders SET total = total + 1;
             COMMIT;
             UPDATE orders SET total = total * 2;
             {last}
             START TRANSACTION;
             INSERT INTO orders (id, total) VALUES (3, 12);
             UPDATE orders SET total = total - 1;
             COMMIT;"
        )
        .replace(
            "START TRANSACTION",
            if place.family() == Family::Sqlite { "BEGIN" } else { "START TRANSACTION" },
        ),
    );
    packed(sandbox, "acme/orders")
}

/// A unit is there with all of its statements, or with none.
fn orders_hold(place: Place, sandbox: &Sandbox) -> Result<(), String> {
    if !place.has_table(sandbox, "orders") {
        return Ok(());
    }
    let rows = sandbox.rows("SELECT total FROM orders ORDER BY id");
    let all = [&[][..], &["5"], &["6", "6"], &["12", "12"], &["11", "11", "11"]];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    ensure(all.contains(&&*rows), &format!("a unit is whole: {rows:?}"))
}

/// Without its settings the hook would make other tables, or longer fractions.
fn sets(place: Place) -> Sandbox {
    let sandbox = place.sandbox();
    let sql = match place.family() {
        Family::Mysql => {
            "CREATE TABLE thirds (id INTEGER PRIMARY KEY, third VARCHAR(99));
             SET SESSION div_precision_increment = 2;
             INSERT INTO thirds (id, third) VALUES (1, 1 / 3);
             CREATE TABLE first_third AS SELECT 1 / 3 AS third;
             INSERT INTO thirds (id, third) VALUES (2, 1 / 3);
             SET SESSION div_precision_increment = 3;
             CREATE INDEX thirds_third ON thirds (third);
             INSERT INTO thirds (id, third) VALUES (3, 1 / 3);
             ALTER TABLE first_third ADD COLUMN more INTEGER DEFAULT 7;
             INSERT INTO thirds (id, third) SELECT 4, more / 3 FROM first_third;"
        }
        Family::Sqlite => {
            "CREATE TABLE p (id INTEGER PRIMARY KEY);
             CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE);
             CREATE TABLE seen (id INTEGER PRIMARY KEY, v TEXT);
             INSERT INTO p VALUES (1), (2);
             INSERT INTO c VALUES (10, 1), (20, 2);
             PRAGMA recursive_triggers = ON;
             VACUUM;
             INSERT INTO seen (v) SELECT recursive_triggers FROM pragma_recursive_triggers;
             PRAGMA foreign_keys = ON;
             DELETE FROM p WHERE id = 1;
             PRAGMA journal_mode = WAL;
             INSERT INTO seen (v) SELECT 'keys ' || foreign_keys FROM pragma_foreign_keys;
             PRAGMA foreign_keys = OFF;
             INSERT INTO seen (v) SELECT foreign_keys || recursive_triggers
                 FROM pragma_foreign_keys, pragma_recursive_triggers;
             VACUUM;"
        }
        Family::Postgres => {
            "CREATE SCHEMA side;
             CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT);
             SET search_path = side;
             CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT);
             INSERT INTO words (id, word) VALUES (1, 'abc');
             CREATE INDEX CONCURRENTLY words_word ON words (word);
             INSERT INTO words (id, word) SELECT 2, indexdef FROM pg_catalog.pg_indexes
                 WHERE indexname = 'words_word';
             CREATE UNIQUE INDEX CONCURRENTLY words_both ON words (word, id);
             INSERT INTO words (id, word) VALUES (3, 'ghi');"
        }
    };
    let hook = if place.family() == Family::Mysql { "up" } else { "before-up" };
    sandbox.write(&format!("sources/acme/words/1.0.0-1700000000-words.{hook}.sql"), sql);
    if place.family() == Family::Sqlite {
        // Declared, and switched off by the hook for as long as a table is made again: its children stay.
        let rebuilt = "CREATE TABLE q (id INTEGER PRIMARY KEY); INSERT INTO q SELECT id FROM p;
             DROP TABLE p; ALTER TABLE q RENAME TO p;";
        sandbox.write(
            "sources/acme/words/1.0.0-1700000001-keys.before-up.sql",
            format!(
                "INSERT INTO p VALUES (3), (4); INSERT INTO c VALUES (30, 3), (40, 4);
                 DELETE FROM p WHERE id = 3;
                 PRAGMA foreign_keys = OFF; {rebuilt} VACUUM; {rebuilt}
                 PRAGMA foreign_keys = ON; DELETE FROM p WHERE id = 4;"
            ),
        );
        let enforced = "[alterations.'1.0.0-1700000001-keys']\nforeign_keys = 'enforced'\n";
        return packed_with(sandbox, "acme/words", enforced);
    }
    packed(sandbox, "acme/words")
}

fn lease_ran_out(place: Place, sandbox: &Sandbox) {
    if place.has_table(sandbox, "alteration_lease") {
        sandbox.sql("UPDATE alteration_lease SET heartbeat_ms = 0;");
    }
}

fn names(place: Place) -> Sandbox {
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

/// Rows and checkpoint agree: as many are cleaned, once each, as steps are recorded.
fn names_hold(place: Place, sandbox: &Sandbox) -> Result<(), String> {
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

/// A guest that was built from source, as the one plugin; `asks` are more fields of its declaration.
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

fn prepares(place: Place) -> Sandbox {
    guest_plugin(place, "hostile-preparation", "1.0.0-1710000000-prepares", "")
}

fn prepares_deployed(place: Place) -> Sandbox {
    deployed(prepares(place))
}

fn steps(place: Place) -> Sandbox {
    guest_plugin(place, "hostile-backfill", "1.0.0-1720000000-steps", "")
}

fn steps_hold(place: Place, sandbox: &Sandbox) -> Result<(), String> {
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

fn truncates(place: Place) -> Sandbox {
    let sandbox = place.sandbox();
    sandbox.sql_plugin(
        "acme/wipe",
        &[
            (
                "1.0.0-1700000000-fill",
                "CREATE TABLE wiped (id INTEGER PRIMARY KEY); INSERT INTO wiped (id) VALUES (1), (2);",
                "",
            ),
            (
                "1.1.0-1700000001-wipe",
                "INSERT INTO wiped (id) VALUES (3); TRUNCATE TABLE wiped; INSERT INTO wiped (id) VALUES (4);",
                "",
            ),
        ],
    );
    sandbox
}

fn truncated(sandbox: &Sandbox) -> Vec<&'static str> {
    let is_empty = sandbox.rows("SELECT count(*) FROM wiped") == ["0"];
    let decision = if is_empty { "done" } else { "not-done" };
    vec!["resolve", "acme/wipe", "1.1.0-1700000001-wipe", "--statement", decision]
}
