//! A table of SQLite that is made again, as its manual shows it: its rows have children that would go with them, and
//! they stay, unless the alteration switches foreign keys on outside of a transaction, where that has an effect.

use crate::support::Sandbox;

#[test]
fn children_stay() {
    let foreign_keys = [("", ""), ("off", "on"), ("ON", ""), ("0", "1")];
    for (before, after) in foreign_keys {
        for option in ["", " transaction:false"] {
            let sandbox = Sandbox::guarded();
            sandbox.sql(
                "CREATE TABLE parents (id INTEGER PRIMARY KEY);
                 CREATE TABLE children (parent_id INTEGER REFERENCES parents (id) ON DELETE CASCADE);
                 INSERT INTO parents VALUES (1); INSERT INTO children VALUES (1);",
            );
            let pragma = |value: &str| match value {
                "" => String::new(),
                value => format!("PRAGMA foreign_keys = {value};\n"),
            };
            sandbox.write(
                "sql/1_rebuild.sql",
                format!(
                    "-- migrate:up{option}\n{}CREATE TABLE made (id INTEGER PRIMARY KEY, name TEXT);
                     INSERT INTO made SELECT id, 'x' FROM parents; DROP TABLE parents;
                     ALTER TABLE made RENAME TO parents;\n{}-- migrate:down\n",
                    pragma(before),
                    pragma(after)
                ),
            );
            sandbox.ok(&["pack", "sql", "--plugin", "acme/app", "--out", "plugins"]);
            sandbox.ok(&["deploy", "plugins"]);
            let children = sandbox.rows("SELECT CAST(parent_id AS TEXT) FROM children");
            // SQLite then deletes them with their parents, whoever sends it.
            let is_enforced = before == "ON" && option.contains("false");
            let expected: &[&str] = if is_enforced { &[] } else { &["1"] };
            assert_eq!(children, expected, "{before} {after}{option}");
        }
    }
}
