//! Hostile alterations that need no guest but SQL.

use super::support::{Run, Sandbox};

const ID: &str = "1.0.0-1700000000-evil";
const NEXT: &str = "1.0.0-1700000001-next";

fn deploy(sandbox: &Sandbox, plugin: &str, alterations: &[(&str, &str)], args: &[&str]) -> Run {
    let alterations: Vec<_> = alterations.iter().map(|(id, up)| (*id, *up, "SELECT 1")).collect();
    sandbox.sql_plugin(plugin, &alterations);
    sandbox.runner(&[&["deploy", "plugins"], args].concat())
}

/// The SQL fails with `word` in the message, nothing of it stays, and another plugin deploys.
fn fails(sql: &str, args: &[&str], word: &str) {
    let sandbox = Sandbox::guarded();
    let run = deploy(&sandbox, "evil/sql", &[(ID, sql)], args);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains(word), "no `{word}` in {}", run.stderr);
    assert_eq!(sandbox.dump(), "", "something stayed");
    assert!(!sandbox.path().join("app.db.runner-lock").exists(), "the lock was not released");
    std::fs::remove_dir_all(sandbox.path().join("plugins/evil")).expect("removed");
    let after = deploy(&sandbox, "acme/after", &[(NEXT, "CREATE TABLE t (x)")], &[]);
    assert_eq!(after.code, Some(0), "{after:#?}");
}

#[test]
fn a_rename_cannot_take_a_reserved_name() {
    for name in ["alteration_lease", "[Alteration_Lease]", "pragma_foreign_key_list"] {
        let sql = format!("CREATE TABLE x (a); ALTER TABLE x RENAME TO {name}");
        fails(&sql, &[], "the name is reserved");
    }
}

#[test]
fn the_foreign_key_check_cannot_be_shadowed() {
    let sql = "CREATE VIRTUAL TABLE pragma_foreign_key_list USING fts5(\"table\");
        CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (id));
        INSERT INTO c VALUES (99)";
    fails(sql, &[], "is SQLite's");
}

#[test]
fn a_temporary_sequence_does_not_outlive_its_hook() {
    let sql = "CREATE TEMP TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)";
    fails(sql, &[], "AUTOINCREMENT would outlive the hook");
}

#[test]
fn a_key_that_cannot_be_checked_stops_nobody_else() {
    let sandbox = Sandbox::guarded();
    sandbox.sql("CREATE TABLE old_p (a); CREATE TABLE old_c (x REFERENCES old_p (a))");
    let made = "CREATE TABLE p (u); CREATE UNIQUE INDEX pu ON p (u);
        CREATE TABLE c (u REFERENCES p (u))";
    // SQLite lets it be so, too: no row lacks its parent.
    let run = deploy(&sandbox, "evil/sql", &[(ID, made), (NEXT, "DROP INDEX pu")], &[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    sandbox.ok(&["rollback", "--steps", "1", "--yes"]);
}

#[test]
fn what_cannot_be_interrupted_does_not_hold_the_runner() {
    let sql =
        "SELECT replace(printf('%.*c', 60000000, 'a'), printf('%.*c', 20000000, 'a') || 'b', '')";
    fails(sql, &["--timeout", "500ms"], "cannot be interrupted");
}

#[test]
fn a_statement_cannot_take_all_memory() {
    let value = "printf('%.*c', 60000000, 'x')";
    fails(&format!("SELECT {}", vec![value; 40].join(", ")), &[], "out of memory");
    // Doubles with every name, while it is compiled.
    let doubled: String = (1..30)
        .map(|n| {
            format!(
                ", w{n} AS NOT MATERIALIZED (SELECT x FROM w{0} UNION ALL SELECT x FROM w{0})",
                n - 1
            )
        })
        .collect();
    fails(&format!("WITH w0 AS (SELECT 1 AS x){doubled} SELECT * FROM w29"), &[], "out of memory");
}

#[test]
fn nesting_without_end_is_an_error() {
    let chain: String = (1..6_000)
        .map(|n| {
            format!(
                ", w{n} AS NOT MATERIALIZED (SELECT x + 1 AS x FROM w{} ORDER BY x LIMIT 5)",
                n - 1
            )
        })
        .collect();
    let sql = format!("WITH w0 AS (SELECT 1 AS x){chain} SELECT * FROM w5999");
    fails(&sql, &[], "nested too deeply");
    let mut triggers = "CREATE TABLE t0 (x);".to_owned();
    for n in 0..1_500 {
        let next = n + 1;
        triggers += &format!(
            "CREATE TABLE t{next} (x);
             CREATE TRIGGER g{n} AFTER INSERT ON t{n} BEGIN INSERT INTO t{next} VALUES (1); END;"
        );
    }
    fails(&format!("{triggers} INSERT INTO t0 VALUES (1)"), &[], "nested too deeply");
}

#[test]
fn an_endless_message_is_cut() {
    let sql = "CREATE TABLE t (x);
        CREATE TRIGGER g BEFORE INSERT ON t BEGIN
            SELECT RAISE(ABORT, printf('%.*c', 20000000, 'z'));
        END;
        INSERT INTO t VALUES (1)";
    let sandbox = Sandbox::guarded();
    let run = deploy(&sandbox, "evil/sql", &[(ID, sql)], &[]);
    assert!(
        run.stderr.len() < 10_000 && run.stderr.contains("bytes in all"),
        "{}",
        run.stderr.len()
    );
    let stored = sandbox.rows("SELECT max(length(error)) FROM alteration_history");
    assert!(stored[0].parse::<u64>().expect("a number") < 10_000, "{stored:?}");
}

#[test]
fn a_full_text_index_can_be_read() {
    let sql = "CREATE VIRTUAL TABLE docs USING fts5(t); INSERT INTO docs VALUES ('hello world');
        CREATE TABLE found AS SELECT t FROM docs WHERE docs MATCH 'hello'";
    let sandbox = Sandbox::guarded();
    let run = deploy(&sandbox, "acme/docs", &[(ID, sql)], &[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(sandbox.rows("SELECT t FROM found"), ["hello world"]);
}

/// What was mended may not be broken again under the old count.
#[test]
fn a_violation_that_was_mended_counts_as_new() {
    let table: &[(&str, &str, &str)] = &[
        (
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE Orders (p REFERENCES p (id));
             INSERT INTO Orders VALUES (1)",
            "DELETE FROM orders",
            "INSERT INTO orders VALUES (7)",
        ),
        (
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE orders (p REFERENCES p (id));
             INSERT INTO orders VALUES (1)",
            "INSERT INTO p VALUES (1)",
            "INSERT INTO orders VALUES (2)",
        ),
    ];
    for (before, mends, breaks) in table {
        let sandbox = Sandbox::guarded();
        // Foreign keys are on for the application; it had them off once.
        sandbox.sql(&format!("PRAGMA foreign_keys = OFF; {before}"));
        let run = deploy(&sandbox, "evil/sql", &[(ID, mends), (NEXT, breaks)], &[]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains("foreign keys are violated"), "{}", run.stderr);
        assert!(run.stderr.contains("1 alteration before it stays applied"), "{}", run.stderr);
    }
}
