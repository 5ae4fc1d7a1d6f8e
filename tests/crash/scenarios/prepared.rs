//! Hooks outside of transactions: indexes, units of a script, settings of the session, a file that was mended, a statement to resolve.

use super::{DEPLOY, deployed, ensure, fits, packed, packed_with, status};
use crate::{
    place::{Family, Place},
    support::Sandbox,
};

pub(super) fn items(place: Place) -> Sandbox {
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

pub(super) fn items_mended(place: Place) -> Sandbox {
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

pub(super) fn items_deployed(place: Place) -> Sandbox {
    deployed(items(place))
}

pub(super) fn items_hold(place: Place, sandbox: &Sandbox) -> Result<(), String> {
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

pub(super) fn orders(place: Place) -> Sandbox {
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

/// Checks that a unit is there with all of its statements, or with none.
pub(super) fn orders_hold(place: Place, sandbox: &Sandbox) -> Result<(), String> {
    if !place.has_table(sandbox, "orders") {
        return Ok(());
    }
    let rows = sandbox.rows("SELECT total FROM orders ORDER BY id");
    let all = [&[][..], &["5"], &["6", "6"], &["12", "12"], &["11", "11", "11"]];
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    ensure(all.contains(&&*rows), &format!("a unit is whole: {rows:?}"))
}

/// Packs a hook that would make other tables, or longer fractions, without its settings.
pub(super) fn sets(place: Place) -> Sandbox {
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

pub(super) fn lease_ran_out(place: Place, sandbox: &Sandbox) {
    if place.has_table(sandbox, "alteration_lease") {
        sandbox.sql("UPDATE alteration_lease SET heartbeat_ms = 0;");
    }
}

pub(super) fn truncates(place: Place) -> Sandbox {
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

pub(super) fn truncated(sandbox: &Sandbox) -> Vec<&'static str> {
    let is_empty = sandbox.rows("SELECT count(*) FROM wiped") == ["0"];
    let decision = if is_empty { "done" } else { "not-done" };
    vec!["resolve", "acme/wipe", "1.1.0-1700000001-wipe", "--statement", decision]
}
