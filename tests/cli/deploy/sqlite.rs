//! What SQLite's own manual tells its users to write, and what SQLite runs for it: pragmas, VACUUM, virtual tables,
//! in a transaction and outside of one.

use crate::{
    pack::sqlite::{OUTSIDE, UP, packed},
    support::Sandbox,
};

/// Deploys `sql` behind the mark `up`, with a table, and takes it back; what is asked in between.
fn seen(up: &str, sql: &str, query: &str) -> Vec<String> {
    let sandbox = Sandbox::new();
    let text =
        format!("{up}\n{sql};\nCREATE TABLE t (id INTEGER);\n-- migrate:down\nDROP TABLE t;\n");
    let packed = packed(&sandbox, &[("1_a.sql", text)]);
    assert_eq!(packed.code, Some(0), "{sql}: {packed:#?}");
    sandbox.ok(&["deploy", "plugins"]);
    let rows = sandbox.rows(query);
    // Whatever mode the file is in, the next runs go on.
    sandbox.ok(&["deploy", "plugins"]);
    sandbox.ok(&["check", "plugins"]);
    sandbox.ok(&["status"]);
    sandbox.ok(&["rollback", "--steps", "1"]);
    assert!(sandbox.rows("SELECT name FROM sqlite_schema WHERE name = 't'").is_empty(), "{sql}");
    sandbox.ok(&["deploy", "plugins"]);
    rows
}

#[test]
fn pragmas_of_histories() {
    let table = [
        ("PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal"),
        ("PRAGMA user_version = 3", "PRAGMA user_version", "3"),
        ("PRAGMA application_id = 7", "PRAGMA application_id", "7"),
        ("PRAGMA legacy_alter_table = ON", "SELECT 1", "1"),
        ("PRAGMA synchronous = NORMAL", "SELECT 1", "1"),
        ("PRAGMA busy_timeout = 5000", "SELECT 1", "1"),
        ("PRAGMA recursive_triggers = ON", "SELECT 1", "1"),
        ("PRAGMA integrity_check", "SELECT 1", "1"),
        ("PRAGMA optimize", "SELECT 1", "1"),
        ("PRAGMA wal_checkpoint(TRUNCATE)", "SELECT 1", "1"),
        ("ANALYZE", "SELECT 1", "1"),
        ("VACUUM", "SELECT 1", "1"),
        ("PRAGMA page_size = 8192; VACUUM", "PRAGMA page_size", "8192"),
        ("PRAGMA auto_vacuum = FULL; VACUUM", "PRAGMA auto_vacuum", "1"),
    ];
    for (sql, query, expected) in table {
        assert_eq!(seen(OUTSIDE, sql, query), [expected], "{sql}");
        if !sql.contains("VACUUM") {
            assert_eq!(seen(UP, sql, query), [expected], "{sql} in a transaction");
        }
    }
}

#[test]
fn what_sqlite_runs_for_a_statement() {
    const T: &str =
        "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO p VALUES (1, 'one two');";
    let table = [
        "ALTER TABLE p ADD COLUMN n INTEGER CHECK (n > 0)",
        "ALTER TABLE p ADD COLUMN n TEXT NOT NULL DEFAULT 'x' CHECK (n IN ('x', 'y'))",
        "ALTER TABLE p ADD COLUMN n TEXT NOT NULL GENERATED ALWAYS AS (a || 'x') VIRTUAL",
        "CREATE TABLE s (id INTEGER PRIMARY KEY) STRICT; ALTER TABLE s ADD COLUMN n INT",
        "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1); INSERT INTO r VALUES (1, 2, 3); SELECT rtreecheck('r'); ALTER TABLE r RENAME TO q; DROP TABLE q",
        "CREATE VIRTUAL TABLE r USING rtree_i32(id, x0, x1, +note TEXT); INSERT INTO r VALUES (1, 2, 3, 'n')",
        "CREATE VIRTUAL TABLE f USING fts3(a, tokenize=porter); INSERT INTO f VALUES ('x'); SELECT offsets(f) FROM f WHERE f MATCH 'x'; DROP TABLE f",
        "CREATE VIRTUAL TABLE f USING fts4(a, content='p'); INSERT INTO f(f) VALUES ('rebuild'); INSERT INTO f(f) VALUES ('optimize'); CREATE VIRTUAL TABLE g USING fts4aux(f); SELECT * FROM g; ALTER TABLE f RENAME TO h",
        "CREATE VIRTUAL TABLE f USING fts3tokenize('simple'); SELECT token FROM f WHERE input = 'a b'",
        "CREATE VIRTUAL TABLE f USING fts5(a, content='p', content_rowid='id'); INSERT INTO f(f) VALUES ('rebuild'); CREATE TRIGGER i AFTER INSERT ON p BEGIN INSERT INTO f(rowid, a) VALUES (new.id, new.a); END; INSERT INTO p VALUES (2, 'three'); SELECT highlight(f, 0, '<', '>'), bm25(f) FROM f WHERE f MATCH 'three'; INSERT INTO f(f) VALUES ('integrity-check')",
        "CREATE VIRTUAL TABLE f USING fts5(a, tokenize='trigram'); CREATE VIRTUAL TABLE v USING fts5vocab(f, row); SELECT * FROM v; ALTER TABLE f RENAME TO g",
        "SELECT sum(pgsize) FROM dbstat; CREATE VIRTUAL TABLE temp.d USING dbstat(main); SELECT * FROM d",
        "SELECT * FROM json_each('[1]'), json_tree('{}'); SELECT json_extract('{\"a\":1}', '$.a'), '[1]' ->> 0",
        "SELECT * FROM pragma_quick_check, pragma_table_info('p'); PRAGMA quick_check; PRAGMA foreign_key_check",
        "ANALYZE; ANALYZE p; SELECT * FROM sqlite_stat1; REINDEX",
    ];
    for sql in table {
        for up in [UP, OUTSIDE] {
            let sandbox = Sandbox::new();
            let text = format!("{up}\n{T}\n{sql};\n");
            assert_eq!(packed(&sandbox, &[("1_a.sql", text)]).code, Some(0), "{sql}");
            // Some leave what names a table that is gone, which a confined plugin may not.
            sandbox.ok(&["deploy", "plugins", "--guard", "acme/app"]);
        }
    }
}

/// A column that rows do not fit is refused as by SQLite.
#[test]
fn a_check_that_fails_fails() {
    let sandbox = Sandbox::new();
    let text = format!(
        "{UP}\nCREATE TABLE p (a); INSERT INTO p VALUES (1);\nALTER TABLE p ADD COLUMN n INTEGER DEFAULT 0 CHECK (n > 0);\n"
    );
    packed(&sandbox, &[("1_a.sql", text)]);
    let failed = sandbox.runner(&["deploy", "plugins"]);
    assert_eq!(failed.code, Some(1));
    assert!(failed.stderr.contains("CHECK constraint failed"), "{failed:#?}");
}

#[test]
fn a_setting_ends_with_its_hook() {
    let sandbox = Sandbox::new();
    let look = "INSERT INTO seen SELECT recursive_triggers || legacy_alter_table FROM pragma_recursive_triggers, pragma_legacy_alter_table;";
    let set = "PRAGMA recursive_triggers = ON;\nPRAGMA legacy_alter_table = 1;";
    let outside = format!("{OUTSIDE}\n{set}\nVACUUM;\n{look}\n");
    let files = [
        ("1_a.sql", format!("{UP}\nCREATE TABLE seen (v);\n{look}\n{set}\n{look}\n")),
        ("2_b.sql", format!("{UP}\n{look}\n")),
        ("3_c.sql", outside),
        ("4_d.sql", format!("{UP}\n{look}\n")),
    ];
    assert_eq!(packed(&sandbox, &files).code, Some(0));
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.rows("SELECT v FROM seen"), ["00", "11", "00", "11", "00"]);
}

/// Outside of a transaction the pragma means what it means to the tool: cascades with it on, none with it off.
#[test]
fn foreign_keys_are_the_files_own_outside_of_a_transaction() {
    const TABLES: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE);\nINSERT INTO p VALUES (1), (2);\nINSERT INTO c VALUES (10, 1), (20, 2);";
    const REBUILD: &str = "CREATE TABLE q (id INTEGER PRIMARY KEY, n);\nINSERT INTO q (id) SELECT id FROM p;\nDROP TABLE p;\nALTER TABLE q RENAME TO p;";
    let files = [
        ("1_a.sql", format!("{UP}\n{TABLES}\n")),
        (
            "2_b.sql",
            format!(
                "{OUTSIDE}\nPRAGMA foreign_keys = OFF;\n{REBUILD}\nPRAGMA foreign_key_check;\nPRAGMA foreign_keys = ON;\nDELETE FROM p WHERE id = 1;\n"
            ),
        ),
        // Off again: the runner's check finds what is left.
        ("3_c.sql", format!("{UP}\nDELETE FROM p WHERE id = 2;\n")),
    ];
    let sandbox = Sandbox::new();
    assert_eq!(packed(&sandbox, &files).code, Some(0));
    let failed = sandbox.runner(&["deploy", "plugins"]);
    assert_eq!(failed.code, Some(1), "{failed:#?}");
    assert!(
        failed.stderr.contains("1 rows of c refer to rows of p that do not exist"),
        "{failed:#?}"
    );
    assert_eq!(sandbox.state()[..2], ["acme/app 1-a applied", "acme/app 2-b applied"]);
    assert_eq!(
        sandbox.rows("SELECT id FROM c"),
        ["20"],
        "the rebuild kept both, the delete took one"
    );
    assert_eq!(sandbox.rows("SELECT id FROM p"), ["2"]);
}

#[test]
fn violations_of_a_hook_outside_are_found_at_its_end() {
    let sandbox = Sandbox::new();
    let text = format!(
        "{OUTSIDE}\nCREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p);\nINSERT INTO c VALUES (7);\nVACUUM;\nSELECT 1;\n"
    );
    packed(&sandbox, &[("1_a.sql", text)]);
    let failed = sandbox.runner(&["deploy", "plugins"]);
    assert_eq!(failed.code, Some(1));
    assert!(
        failed.stderr.contains("foreign keys are violated at the end of the hook"),
        "{failed:#?}"
    );
}

#[test]
fn a_dry_run_ends_at_what_cannot_be_rolled_back() {
    let sandbox = Sandbox::new();
    packed(&sandbox, &[("1_a.sql", format!("{OUTSIDE}\nPRAGMA foreign_keys = ON;\nVACUUM;\n"))]);
    let dry = sandbox.runner(&["deploy", "plugins", "--dry-run"]);
    let told = "was not rehearsed: it runs a statement that cannot be rolled back: VACUUM";
    assert!(format!("{}{}", dry.stdout, dry.stderr).contains(told), "{dry:#?}");
}

/// The idioms of five applications' histories, which stopped before.
#[test]
fn idioms() {
    let files = [
        (
            "1_a.sql",
            format!(
                "{UP}\nPRAGMA journal_mode = WAL;\nPRAGMA synchronous = NORMAL;\nCREATE TABLE invoices (id INTEGER PRIMARY KEY, state INTEGER NOT NULL, paid TIMESTAMP);\nINSERT INTO invoices VALUES (1, 0, NULL);\n"
            ),
        ),
        (
            "2_b.sql",
            format!(
                "{UP}\nALTER TABLE invoices ADD COLUMN hodl BOOLEAN NOT NULL DEFAULT 0 CHECK (hodl IN (0, 1));\nALTER TABLE invoices ADD COLUMN amp BLOB CHECK (length(amp) = 32);\n"
            ),
        ),
        (
            "3_c.sql",
            format!(
                "{OUTSIDE}\nPRAGMA foreign_keys=OFF;\nPRAGMA legacy_alter_table=ON;\nCREATE VIEW paid AS SELECT id FROM invoices;\nALTER TABLE invoices RENAME TO old_invoices;\nCREATE TABLE invoices (id INTEGER PRIMARY KEY, state INTEGER NOT NULL CHECK (state >= 0), paid TIMESTAMP, hodl BOOLEAN, amp BLOB);\nINSERT INTO invoices SELECT * FROM old_invoices;\nDROP TABLE old_invoices;\nPRAGMA legacy_alter_table=OFF;\nPRAGMA foreign_keys=ON;\n"
            ),
        ),
        (
            "4_d.sql",
            format!(
                "{UP}\nCREATE VIRTUAL TABLE memo_fts USING fts5(content, tokenize='unicode61');\nALTER TABLE invoices ADD COLUMN slug TEXT NOT NULL GENERATED ALWAYS AS ('i' || id) VIRTUAL;\nCREATE UNIQUE INDEX invoices_slug ON invoices (slug);\nPRAGMA user_version = 4;\n"
            ),
        ),
        ("5_e.sql", format!("{OUTSIDE}\nVACUUM;\nANALYZE;\nPRAGMA optimize;\n")),
    ];
    let sandbox = Sandbox::new();
    assert_eq!(packed(&sandbox, &files).code, Some(0));
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.rows("SELECT concat_ws(' ', slug, hodl, state) FROM invoices"), ["i1 0 0"]);
    assert_eq!(sandbox.rows("SELECT id FROM paid"), ["1"], "the view means the new table");
    assert_eq!(sandbox.rows("PRAGMA journal_mode"), ["wal"]);
}

#[test]
fn what_is_temporary_ends_with_its_hook() {
    let sandbox = Sandbox::new();
    let make = "CREATE TEMP TABLE s (v);\nCREATE TEMP VIEW w AS SELECT v FROM s;\nCREATE TEMP TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO s VALUES (new.id); END;\nINSERT INTO t VALUES (7);\nINSERT INTO seen SELECT v FROM w;";
    let look =
        "INSERT INTO seen SELECT count(*) FROM sqlite_temp_schema;\nINSERT INTO t VALUES (8);";
    let files = [
        ("1_a.sql", format!("{UP}\nCREATE TABLE t (id);\nCREATE TABLE seen (v);\n{make}\n")),
        (
            "2_b.sql",
            format!("{OUTSIDE}\n{look}\n{make}\nPRAGMA journal_mode = DELETE;\nSELECT * FROM s;\n"),
        ),
        ("3_c.sql", format!("{UP}\n{look}\n")),
    ];
    assert_eq!(packed(&sandbox, &files).code, Some(0));
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.rows("SELECT v FROM seen"), ["7", "0", "7", "0"]);
}

#[test]
fn a_failure_is_recorded_whatever_was_set_before_it() {
    for setting in [
        "PRAGMA auto_vacuum = FULL",
        "PRAGMA auto_vacuum = INCREMENTAL",
        "PRAGMA auto_vacuum = FULL; VACUUM",
        "PRAGMA page_size = 8192",
        "PRAGMA page_size = 8192; VACUUM",
        "PRAGMA secure_delete = ON",
        "PRAGMA analysis_limit = 10",
        "PRAGMA recursive_triggers = ON",
        "PRAGMA legacy_alter_table = ON",
        "PRAGMA ignore_check_constraints = ON",
        "PRAGMA case_sensitive_like = ON",
        "PRAGMA reverse_unordered_selects = ON",
    ] {
        for mark in [UP, OUTSIDE] {
            if mark == UP && setting.contains("VACUUM") {
                continue;
            }
            let sandbox = Sandbox::new();
            let text =
                format!("{mark}\nCREATE TABLE t (a);\n{setting};\nINSERT INTO nope VALUES (2);\n");
            let packed = packed(&sandbox, &[("1_a.sql", text)]);
            assert_eq!(packed.code, Some(0), "{setting}: {packed:#?}");
            let failed = sandbox.runner(&["deploy", "plugins"]);
            assert!(failed.stderr.contains("nope"), "{setting}: {failed:#?}");
            assert!(!failed.stderr.contains("not recorded"), "{setting}: {failed:#?}");
        }
    }
}
