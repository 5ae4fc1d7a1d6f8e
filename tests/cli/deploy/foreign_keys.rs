//! Alterations that declare foreign keys on SQLite as enforced: in a deploy, a rollback, a trial and a rehearsal, with
//! their record in one transaction, and beside others that have them checked.

use crate::support::Sandbox;

const FAMILY: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY);
    CREATE TABLE c (p INT REFERENCES p (id) ON DELETE CASCADE ON UPDATE CASCADE);
    INSERT INTO p VALUES (1), (2), (3); INSERT INTO c VALUES (1), (2), (3);";
const REBUILT: &str = "CREATE TABLE q (id INTEGER PRIMARY KEY); INSERT INTO q SELECT id FROM p;
    DROP TABLE p; ALTER TABLE q RENAME TO p;";
const SETTINGS: &str = "[alterations.2-b]\nforeign_keys = 'enforced'\n";

/// The runner's own layout: `1-a` makes the family, `2-b` has `hook` of `sql` and says that it is enforced.
fn own(hooks: &[(&str, &str)], settings: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("own/1-a.up.sql", FAMILY);
    sandbox.write("own/1-a.down.sql", "DROP TABLE c; DROP TABLE p;");
    for (hook, sql) in hooks {
        sandbox.write(&format!("own/2-b.{hook}.sql"), sql);
    }
    sandbox.write("own/alteration.toml", settings);
    sandbox.ok(&["pack", "own", "--plugin", "acme/app", "--out", "plugins"]);
    sandbox
}

fn children(sandbox: &Sandbox) -> Vec<String> {
    sandbox.rows("SELECT p FROM c ORDER BY 1")
}

#[test]
fn as_declared() {
    // Children follow, whoever deletes or changes their parents.
    let by_trigger = "CREATE TRIGGER t AFTER INSERT ON p BEGIN DELETE FROM p WHERE id = 1; END;
        INSERT INTO p VALUES (9); DROP TRIGGER t;";
    let table: [(&str, &str, &[&str]); 7] = [
        ("up", "DELETE FROM p WHERE id = 1;", &["2", "3"]),
        ("up", by_trigger, &["2", "3"]),
        ("up", "UPDATE p SET id = 7 WHERE id = 1;", &["2", "3", "7"]),
        ("up", "REPLACE INTO p VALUES (1);", &["2", "3"]),
        ("up", REBUILT, &[]),
        ("before-up", "DELETE FROM p WHERE id = 1;", &["2", "3"]),
        ("step", "DELETE FROM p WHERE id = 1;", &["2", "3"]),
    ];
    for (hook, sql, expected) in table {
        let hooks: &[(&str, &str)] = match hook {
            "step" => &[("up", "SELECT 1"), (hook, sql)],
            _ => &[(hook, sql)],
        };
        let sandbox = own(hooks, SETTINGS);
        sandbox.ok(&["deploy", "plugins", "--dry-run"]);
        sandbox.ok(&["deploy", "plugins"]);
        assert_eq!(children(&sandbox), expected, "{hook}: {sql}");
    }
    let sandbox = own(&[("up", REBUILT)], "");
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(children(&sandbox), ["1", "2", "3"], "without a word they are checked");
}

/// Nothing of it stays, and a rehearsal says the same as the deploy.
#[test]
fn violations() {
    let late = "foreign keys are violated at the end of the hook";
    let table = [
        ("INSERT INTO c VALUES (99);", "statement 1 failed (constraint): FOREIGN KEY"),
        ("PRAGMA defer_foreign_keys = ON; INSERT INTO c VALUES (99);", late),
        // SQLite counts what a table loses with its rows, and not that it gets another name.
        (
            "PRAGMA defer_foreign_keys = ON; CREATE TABLE k (p INT REFERENCES p (id)); INSERT INTO k VALUES (1);
             CREATE TABLE q (id INTEGER PRIMARY KEY); INSERT INTO q SELECT id FROM p; DROP TABLE p;
             ALTER TABLE q RENAME TO p;",
            "FOREIGN KEY constraint failed at the end of the hook",
        ),
    ];
    for (sql, message) in table {
        let sandbox = own(&[("up", sql)], SETTINGS);
        for last in ["--dry-run", "--yes"] {
            let run = sandbox.runner(&["deploy", "plugins", last]);
            assert_eq!(run.code, Some(1), "{sql}: {run:#?}");
            assert!(run.stderr.contains("acme/app 2-b failed (up)"), "{sql}: {run:#?}");
            assert!(run.stderr.contains(message), "{sql}: {run:#?}");
            let changed = match last {
                "--yes" => "nothing of acme/app 2-b",
                _ => "nothing: this was a dry run",
            };
            assert!(run.stderr.contains(changed), "{sql}: {run:#?}");
        }
        assert_eq!(children(&sandbox), ["1", "2", "3"], "{sql}");
        assert_eq!(
            sandbox.rows("SELECT name FROM sqlite_schema WHERE name IN ('q', 'k')").len(),
            0
        );
    }
}

/// What one of them defers is none of the next one's, though a rehearsal commits neither.
#[test]
fn deferred_by_one() {
    let sandbox = Sandbox::new();
    sandbox.write("in/1_a.sql", FAMILY);
    sandbox.write(
        "in/2_b.sql",
        "PRAGMA defer_foreign_keys = ON; INSERT INTO c VALUES (50); INSERT INTO p VALUES (50);",
    );
    sandbox.write("in/3_c.sql", "INSERT INTO c VALUES (60); INSERT INTO p VALUES (60);");
    sandbox.ok(&["pack", "in", "--plugin", "acme/app", "--out", "plugins"]);
    for last in ["--dry-run", "--yes"] {
        let run = sandbox.runner(&["deploy", "plugins", last]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains("acme/app 3-c failed (up): statement 1"), "{run:#?}");
    }
    assert_eq!(children(&sandbox), ["1", "2", "3", "50"]);
}

/// What was violated before is nobody's fault, as where they are checked.
#[test]
fn older_violations() {
    let sandbox =
        own(&[("up", "DELETE FROM p WHERE id = 1; UPDATE c SET p = 3 WHERE p = 2;")], SETTINGS);
    sandbox.ok(&["deploy", "plugins/1-a.wasm"]);
    sandbox.sql("PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (77)");
    sandbox.ok(&["deploy", "plugins", "--dry-run"]);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(children(&sandbox), ["3", "3", "77"]);
}

/// A rollback has no file: the archived component says it.
#[test]
fn taken_back() {
    for hook in ["down", "before-down"] {
        let sandbox = own(
            &[
                ("up", "INSERT INTO p VALUES (4); INSERT INTO c VALUES (4);"),
                (hook, "DELETE FROM p WHERE id = 4;"),
            ],
            SETTINGS,
        );
        sandbox.ok(&["test", "plugins"]);
        sandbox.ok(&["deploy", "plugins"]);
        std::fs::remove_dir_all(sandbox.path().join("plugins")).expect("a folder");
        sandbox.ok(&["rollback", "--steps", "1", "--dry-run"]);
        assert_eq!(children(&sandbox), ["1", "2", "3", "4"], "{hook}");
        sandbox.ok(&["rollback", "--steps", "1", "--yes"]);
        assert_eq!(children(&sandbox), ["1", "2", "3"], "{hook}");
    }
}

/// Each alteration of one deploy, and of one rehearsal, has what it declares.
#[test]
fn beside_others() {
    let sandbox = Sandbox::new();
    sandbox.write("in/1_a.sql", FAMILY);
    sandbox.write("in/3_c.sql", "DELETE FROM p WHERE id = 1;");
    sandbox.ok(&["pack", "in", "--from", "sqlx", "--plugin", "acme/app", "--out", "plugins"]);
    sandbox.write("own/2-b.up.sql", REBUILT);
    sandbox.write(
        "own/2-b.before-up.sql",
        "PRAGMA foreign_keys = ON; UPDATE p SET id = 8 WHERE id = 2;",
    );
    sandbox.write("own/alteration.toml", "requires = { 'acme/app' = '*' }");
    sandbox.ok(&["pack", "own", "--plugin", "other/own", "--out", "plugins"]);
    // The second plugin works on the first one's tables.
    sandbox.ok(&["deploy", "plugins", "--dry-run", "--guard", "other/own"]);
    sandbox.ok(&["deploy", "plugins", "--guard", "other/own"]);
    assert_eq!(children(&sandbox), ["3", "8"]);
}

/// What sets them outside of a transaction has its effect, in a rehearsal too; in a transaction it has none.
#[test]
fn set_by_the_hook() {
    let off = format!(
        "PRAGMA foreign_keys = OFF; {REBUILT} PRAGMA foreign_keys = ON; DELETE FROM p WHERE id = 1;"
    );
    let table: [(&str, &[&str]); 2] = [("before-up", &["2", "3"]), ("up", &[])];
    for (hook, expected) in table {
        let sandbox = own(&[(hook, &off), ("step", "SELECT 1")], SETTINGS);
        sandbox.ok(&["deploy", "plugins", "--dry-run"]);
        sandbox.ok(&["deploy", "plugins"]);
        assert_eq!(children(&sandbox), expected, "{hook}");
    }
    // Left on for less than the rest of it.
    let on = "PRAGMA foreign_keys = ON; DELETE FROM p WHERE id = 1; PRAGMA foreign_keys = OFF;";
    let sandbox = own(&[("before-up", &format!("{on} {REBUILT}"))], "");
    sandbox.ok(&["deploy", "plugins", "--dry-run"]);
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(children(&sandbox), ["2", "3"]);
}

/// On SQLite the two do not run a history in the same way.
#[test]
fn whose_history_it_is() {
    let sandbox = Sandbox::new();
    sandbox.write("in/1_a.up.sql", FAMILY);
    sandbox.write("in/1_a.down.sql", "DROP TABLE c; DROP TABLE p;");
    let refused = sandbox.runner(&["pack", "in", "--plugin", "acme/app", "--out", "plugins"]);
    assert_eq!(refused.code, Some(1), "{refused:#?}");
    assert!(refused.stderr.contains("`--from sqlx` or `--from golang-migrate`"), "{refused:#?}");
    for (tool, is_enforced) in [("sqlx", true), ("golang-migrate", false)] {
        let out = format!("of-{tool}");
        sandbox.ok(&["pack", "in", "--from", tool, "--plugin", "acme/app", "--out", &out]);
        let seen = sandbox.ok(&["inspect", &format!("{out}/1-a.wasm")]);
        assert_eq!(seen.stdout.contains("foreign keys are enforced on SQLite"), is_enforced);
    }
    // Elsewhere nobody can tell the difference.
    sandbox.ok(&[
        "pack",
        "in",
        "--dialect",
        "postgresql",
        "--plugin",
        "acme/app",
        "--out",
        "plugins",
    ]);
    let seen = sandbox.ok(&["inspect", "plugins/1-a.wasm"]);
    assert!(!seen.stdout.contains("foreign keys"), "{seen:#?}");
}
