//! The end of a plugin: what is said before it, what is saved, and that nothing is dropped where it cannot be saved.

use crate::{
    polite,
    samples::CRM,
    support::{
        Run, Sandbox, each_database, finish, root,
        servers::{Postgres, Role},
    },
    terminal::typed,
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

const NONE: [&str; 5] = ["rollback", "--plugin", "acme/notes", "--to", "none"];

/// Tables and a column with rows, and a table that stays.
const NOTES: [(&str, &str, &str); 2] = [
    (
        "1.0.0-1700000000-create-notes",
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);\nINSERT INTO notes VALUES (1, ''), (2, NULL), (3, 'x');\nALTER TABLE customers ADD COLUMN points INTEGER;\n",
        "DROP TABLE notes;\nALTER TABLE customers DROP COLUMN points;\n",
    ),
    (
        "1.1.0-1700000100-create-tags",
        "CREATE TABLE notes_tags (id INTEGER PRIMARY KEY);\nINSERT INTO notes_tags VALUES (1), (2);\n",
        "DROP TABLE notes_tags;\n",
    ),
];

fn deployed(sandbox: &Sandbox) {
    sandbox
        .sql("CREATE TABLE customers (id INTEGER PRIMARY KEY); INSERT INTO customers VALUES (1)");
    sandbox.sql_plugin("acme/notes", &NOTES);
    // It alters a table of the application.
    sandbox.ok(&["deploy", "plugins", "--guard", "acme/notes"]);
    fs::remove_dir_all(sandbox.path().join("plugins")).expect("a folder");
}

fn run(sandbox: &Sandbox, args: &[&str], code: i32) -> Run {
    let run = sandbox.runner(args);
    polite::check(&run);
    assert_eq!(run.code, Some(code), "runner {args:?}: {run:#?}");
    run
}

/// Names without the schema that PostgreSQL has.
fn plain(text: &str) -> String {
    text.replace("public.", "")
}

#[test]
fn what_goes_is_said_before_anything_does() {
    each_database(|sandbox| {
        deployed(sandbox);
        let before = (sandbox.state(), sandbox.dump());
        let mut command = sandbox.command(&NONE);
        let refused = finish(command.env_remove("RUNNER_YES"));
        polite::check(&refused);
        assert_eq!(refused.code, Some(2), "{refused:#?}");
        let said = plain(&refused.stderr);
        for line in [
            "   drops table notes (3 rows)\n",
            "   drops table notes_tags (2 rows)\n",
            "   drops column points of table customers (1 row)\n",
            "   `--export DIR` writes these tables to files first\n",
        ] {
            assert!(said.contains(line), "{line} is not in {refused:#?}");
        }
        assert!(!said.contains("there may be more"), "{refused:#?}");
        assert_eq!(before, (sandbox.state(), sandbox.dump()));
        let json = run(sandbox, &[&NONE[..], &["--format", "json"]].concat(), 0);
        let document: serde_json::Value = serde_json::from_str(&plain(&json.stdout)).expect("JSON");
        let how = if is_rehearsed(sandbox) { "rehearsed" } else { "read" };
        let expected = serde_json::json!({
            "tables": [
                { "table": "notes", "rows": 3, "certainty": how },
                { "table": "notes_tags", "rows": 2, "certainty": how },
            ],
            "columns": [
                { "table": "customers", "column": "points", "rows": 1, "certainty": how },
            ],
        });
        assert_eq!(document["drops"], expected);
        assert_eq!(document["outcome"], "reverted");
        assert!(sandbox.state().iter().all(|row| row.ends_with(" reverted")));
    });
}

#[test]
fn a_terminal_is_told_how_to_save_it() {
    let sandbox = Sandbox::new();
    deployed(&sandbox);
    let before = sandbox.dump();
    let asked = typed(&sandbox, &NONE.join(" "), true, "n\n");
    assert_eq!(asked.code, Some(1), "{asked:#?}");
    assert!(asked.stdout.contains("drops table notes_tags (2 rows)"), "{asked:#?}");
    let question =
        "What is dropped cannot be brought back; `--export DIR` saves it first. Go on? [y/N]";
    assert!(asked.stdout.contains(question), "{asked:#?}");
    assert_eq!(before, sandbox.dump());
    let asked = typed(&sandbox, &format!("{} --export saved", NONE.join(" ")), true, "n\n");
    assert!(asked.stdout.contains("these are written to saved first"), "{asked:#?}");
    assert!(!sandbox.path().join("saved").exists(), "nothing is written before the answer");
}

#[test]
fn a_dry_run_says_it_too() {
    for sandbox in [Sandbox::new(), Sandbox::on(Postgres::shared().database())] {
        deployed(&sandbox);
        let before = (sandbox.state(), sandbox.dump());
        let tried = run(&sandbox, &[&NONE[..], &["--dry-run"]].concat(), 0);
        assert!(plain(&tried.stderr).contains("   drops table notes (3 rows)\n"), "{tried:#?}");
        assert_eq!(before, (sandbox.state(), sandbox.dump()));
    }
}

/// Rows that go from tables that stay: deleted, emptied by a table made again, overwritten. And tables to which nothing of it happens.
const HOST: &str = "CREATE TABLE customers (id INTEGER PRIMARY KEY);
    INSERT INTO customers VALUES (1), (2), (3);
    CREATE TABLE staff (id INTEGER PRIMARY KEY, name VARCHAR(9)); INSERT INTO staff VALUES (1, 'x');
    CREATE TABLE codes (id INTEGER PRIMARY KEY); INSERT INTO codes VALUES (1);
    CREATE TABLE journal (id INTEGER PRIMARY KEY); INSERT INTO journal VALUES (1);
    CREATE TABLE kept (id INTEGER PRIMARY KEY); INSERT INTO kept VALUES (1);";
const FOLLOWED_BY_KEYS: &str = "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER,
        FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE CASCADE);
    CREATE TABLE visits (customer INTEGER,
        FOREIGN KEY (customer) REFERENCES customers (id) ON DELETE SET NULL);
    INSERT INTO orders VALUES (1, 1), (2, 2); INSERT INTO visits VALUES (3);";
const FOLLOWED_BY_TRIGGER: &str = "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER);
    CREATE TABLE visits (customer INTEGER);
    INSERT INTO orders VALUES (1, 1), (2, 2); INSERT INTO visits VALUES (3);
    CREATE TRIGGER gone AFTER DELETE ON customers BEGIN
        DELETE FROM orders WHERE customer = OLD.id;
        UPDATE visits SET customer = NULL WHERE customer = OLD.id;
    END;";
const INVOICES: (&str, &str, &str) = (
    "1.0.0-1700000000-create-invoices",
    "CREATE TABLE invoices (id INTEGER PRIMARY KEY);\nINSERT INTO invoices VALUES (1), (2);\n",
    "DELETE FROM customers WHERE id > 1;\nDROP TABLE invoices;\nCREATE TABLE invoices (id INTEGER PRIMARY KEY);\n\
     UPDATE staff SET name = NULL;\nDROP TABLE codes;\nCREATE TABLE codes (id INTEGER PRIMARY KEY);\n\
     INSERT INTO codes VALUES (9);\nINSERT INTO journal VALUES (2);\n",
);

fn is_rehearsed(sandbox: &Sandbox) -> bool {
    !sandbox.url().starts_with("mysql") && !sandbox.url().starts_with("mariadb")
}

#[test]
fn rows_that_go_from_tables_that_stay_are_said_and_saved() {
    each_database(|sandbox| {
        sandbox.sql(HOST);
        // Their rows go, and change, although no SQL of the plugin names them.
        sandbox.sql(match sandbox.url().starts_with("sqlite") {
            // The runner has no foreign keys act there.
            true => FOLLOWED_BY_TRIGGER,
            false => FOLLOWED_BY_KEYS,
        });
        sandbox.sql_plugin("acme/notes", &[INVOICES]);
        sandbox.ok(&["deploy", "plugins", "--guard", "*"]);
        let before = (sandbox.state(), sandbox.dump());
        let mut command = sandbox.command(&NONE);
        let refused = finish(command.env_remove("RUNNER_YES"));
        polite::check(&refused);
        let said = plain(&refused.stderr);
        let lines: &[&str] = match is_rehearsed(sandbox) {
            true => &[
                "   may lose rows of table codes, or values in them (1 row)\n",
                "   loses 2 of 3 rows of table customers\n",
                "   loses 2 of 2 rows of table invoices\n",
                "   loses 1 of 2 rows of table orders\n",
                "   may lose rows of table staff, or values in them (1 row)\n",
                "   may lose rows of table visits, or values in them (1 row)\n",
            ],
            false => &[
                "   drops table codes (1 row)\n",
                "   drops table invoices (2 rows)\n",
                "   may lose rows of table customers, or values in them (3 rows)\n",
                "   may lose rows of table orders, or values in them (2 rows)\n",
                "   may lose rows of table staff, or values in them (1 row)\n",
                "   may lose rows of table visits, or values in them (1 row)\n",
            ],
        };
        assert!(said.contains(&lines.concat()), "{refused:#?}");
        assert!(!said.contains("journal") && !said.contains("kept"), "{refused:#?}");
        assert_eq!(before, (sandbox.state(), sandbox.dump()));
        let args = [&NONE[..], &["--export", "saved", "--format", "json"]].concat();
        let json = run(sandbox, &args, 0);
        let document: serde_json::Value = serde_json::from_str(&plain(&json.stdout)).expect("JSON");
        let (drops, exported) = match is_rehearsed(sandbox) {
            true => (
                serde_json::json!({ "tables": [], "columns": [], "rows": [
                    { "table": "codes", "rows": 1, "certainty": "perhaps" },
                    { "table": "customers", "lost": 2, "rows": 3, "certainty": "rehearsed" },
                    { "table": "invoices", "lost": 2, "rows": 2, "certainty": "rehearsed" },
                    { "table": "orders", "lost": 1, "rows": 2, "certainty": "rehearsed" },
                    { "table": "staff", "rows": 1, "certainty": "perhaps" },
                    { "table": "visits", "rows": 1, "certainty": "perhaps" },
                ]}),
                (6, 10),
            ),
            false => (
                serde_json::json!({ "tables": [
                    { "table": "codes", "rows": 1, "certainty": "read" },
                    { "table": "invoices", "rows": 2, "certainty": "read" },
                ], "columns": [], "rows": [
                    { "table": "customers", "rows": 3, "certainty": "perhaps" },
                    { "table": "orders", "rows": 2, "certainty": "perhaps" },
                    { "table": "staff", "rows": 1, "certainty": "perhaps" },
                    { "table": "visits", "rows": 1, "certainty": "perhaps" },
                ]}),
                (6, 10),
            ),
        };
        assert_eq!(document["drops"], drops);
        let (tables, rows) = exported;
        let exported = serde_json::json!({ "folder": "saved", "tables": tables, "rows": rows });
        assert_eq!(document["exported"], exported);
    });
}

#[test]
fn a_terminal_is_told_that_rows_are_lost() {
    let sandbox = Sandbox::new();
    sandbox.sql(HOST);
    sandbox.sql_plugin("acme/notes", &[INVOICES]);
    sandbox.ok(&["deploy", "plugins", "--guard", "*"]);
    let asked = typed(&sandbox, &NONE.join(" "), true, "n\n");
    let question =
        "What is lost cannot be brought back; `--export DIR` saves it first. Go on? [y/N]";
    assert!(asked.stdout.contains(question), "{asked:#?}");
}

/// What was saved before a rollback failed is named, kept, and in no retry's way.
#[test]
fn an_export_outlives_a_failed_rollback() {
    each_database(|sandbox| {
        sandbox.sql("CREATE TABLE customers (id INTEGER PRIMARY KEY)");
        sandbox.sql("INSERT INTO customers VALUES (1)");
        let down = "INSERT INTO customers\n  VALUES (1);\nDROP TABLE notes;\n";
        let up = "CREATE TABLE notes (id INTEGER PRIMARY KEY);\nINSERT INTO notes VALUES (1);\n";
        sandbox.sql_plugin("acme/notes", &[("1.0.0-1700000000-x", up, down)]);
        sandbox.ok(&["deploy", "plugins", "--guard", "*"]);
        let saving = |folder| [&NONE[..], &["--export", folder]].concat();
        let failed = run(sandbox, &saving("saved"), 1);
        assert!(failed.stderr.contains("  exported: 1 table is in saved\n"), "{failed:#?}");
        assert!(failed.stderr.contains("because saved is kept:\n      runner "), "{failed:#?}");
        assert!(failed.stderr.contains(" --export saved-2"), "{failed:#?}");
        assert!(!failed.stderr.contains("\\n"), "{failed:#?}");
        let saved = sandbox.path().join("saved/export.json");
        let before = fs::read(&saved).expect("an export");
        let json = run(sandbox, &[&saving("saved-2")[..], &["--format", "json"]].concat(), 1);
        let document: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
        let exported = serde_json::json!({ "folder": "saved-2", "tables": 1, "rows": 1 });
        assert_eq!(document["error"]["exported"], exported);
        let commands = document["error"]["commands"].as_array().expect("commands");
        let command = commands[0].as_str().expect("a command");
        assert!(command.contains("--export saved-2-2"), "{command}");
        sandbox.sql("DELETE FROM customers");
        let gone = run(sandbox, &saving("saved-2-2"), 0);
        assert!(gone.stdout.contains("Exported 1 table with 1 row to saved-2-2."), "{gone:#?}");
        assert_eq!(before, fs::read(&saved).expect("it is kept"));
    });
}

/// Returns what each database has of values that are easily lost.
fn hard_values(sandbox: &Sandbox) -> &'static str {
    match sandbox.url() {
        url if url.starts_with("sqlite") => {
            "CREATE TABLE hard (id INTEGER PRIMARY KEY, a, twice INTEGER GENERATED ALWAYS AS (id * 2));
             INSERT INTO hard (id, a) VALUES (1, NULL), (2, ''), (3, 'NULL'), (4, x'00ff27'), (5, x''), (6, 0.1),
                (7, 9223372036854775807), (8, 1e300), (9, 'it''s \\ \"q\"' || char(10, 13) || ','),
                (10, 'a' || char(0) || 'b'), (11, 'é\u{1f980}'), (12, '12'), (13, '2024-02-29T12:00:00Z');"
        }
        url if url.starts_with("postgres") => {
            "CREATE TABLE hard (id bigint PRIMARY KEY, a text, b bytea, n numeric, f double precision,
                t timestamptz, l text[], twice bigint GENERATED ALWAYS AS (id * 2) STORED);
             INSERT INTO hard VALUES (1, NULL, NULL, NULL, NULL, NULL, NULL),
                (2, '', '', 0, 0, '2024-02-29 12:00:00.123456+02', '{}'), (3, 'NULL', '\\x00ff', 1.500, 0.1, '0044-03-15 BC', '{NULL,\"\"}'),
                (4611686018427387903, E'it''s \\\\ \"q\"\\n\\r,', '\\x22', 12345678901234567890.123456789, 'NaN', 'infinity', '{\"a,b\"}'),
                (4, '\\.', '\\x5c', 'NaN', 1e300, now(), NULL), (5, E'é\u{1f980}\\t', NULL, NULL, 0.30000000000000004, NULL, NULL);"
        }
        _ => {
            "CREATE TABLE hard (id BIGINT PRIMARY KEY, a TEXT, b BLOB, n DECIMAL(40, 10), f DOUBLE, g FLOAT, t TIMESTAMP(6) NULL,
                d DATETIME(3), m TIME(2), y YEAR, e ENUM('x', 'it''s'), bits BIT(12), j JSON,
                twice BIGINT GENERATED ALWAYS AS (id * 2) STORED) DEFAULT CHARSET utf8mb4;
             SET time_zone = '+00:00';
             INSERT INTO hard (id, a, b, n, f, g, t, d, m, y, e, bits, j) VALUES
                (1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                (2, '', '', 0, 0, 0, '2024-02-29 12:00:00.123456', '1000-01-01', '-838:59:59', 1901, 'x', 0, 'null'),
                (3, 'NULL', x'00ff27', 123456789012345678901234567890.0123456789, 0.1, 0.1, NULL, '9999-12-31 23:59:59.999', '00:00:00.01', 2155, 'it''s', 4095, '{\"a\": \"\\\\\\\"\"}'),
                (4, CONCAT('it''s ', CHAR(92), ' \"q\"', CHAR(10), CHAR(13), CHAR(0), CHAR(26)), x'', -0.5, 1e300, 1.5e-30, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                (5, 'é\u{1f980}', x'5c', 1, 0.30000000000000004, 3.4e38, NULL, NULL, NULL, NULL, NULL, NULL, '[]');"
        }
    }
}

/// Reads every file back as `export.json` says.
fn restore(sandbox: &Sandbox, folder: &Path) {
    let index = fs::read(folder.join("export.json")).expect("an index");
    let index: serde_json::Value = serde_json::from_slice(&index).expect("JSON");
    for table in index["tables"].as_array().expect("tables") {
        let file = folder.join(table["file"].as_str().expect("a name"));
        let command = table["restore"].as_str().expect("a command");
        if let Some(copy) = command.strip_prefix("\\copy ") {
            let name = table["file"].as_str().expect("a name");
            let copy = copy.replace(name, &file.display().to_string());
            sandbox.sql(&format!("\\copy {copy}\n"));
        } else {
            sandbox.sql(&fs::read_to_string(file).expect("SQL"));
        }
    }
}

#[test]
fn what_is_saved_comes_back_exactly() {
    each_database(|sandbox| {
        let create = hard_values(sandbox).split("INSERT").next().expect("a table").to_owned();
        let create = create.replace("SET time_zone = '+00:00';", "");
        let up = ("1.0.0-1700000000-hard", create.as_str(), "DROP TABLE hard;\n");
        sandbox.sql_plugin("acme/notes", &[up]);
        sandbox.ok(&["deploy", "plugins"]);
        sandbox.sql(hard_values(sandbox).split_once(';').expect("rows").1);
        let before = sandbox.dump();
        let gone = run(sandbox, &[&NONE[..], &["--export", "saved/here"]].concat(), 0);
        assert!(gone.stdout.contains("Exported 1 table with "), "{gone:#?}");
        let folder = sandbox.path().join("saved/here");
        let mode =
            |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join("export.json"))), (0o700, 0o600));
        assert_ne!(before, sandbox.dump());
        sandbox.ok(&["deploy", "plugins"]);
        restore(sandbox, &folder);
        assert_eq!(before, sandbox.dump());
    });
}

#[test]
fn what_cannot_be_saved_is_not_dropped() {
    each_database(|sandbox| {
        deployed(sandbox);
        sandbox.write("full/file", "x");
        sandbox.write("file", "x");
        let before = (sandbox.state(), sandbox.dump());
        for folder in ["full", "file", "file/below"] {
            let refused = run(sandbox, &[&NONE[..], &["--export", folder]].concat(), 1);
            let told = format!("error: nothing can be exported to {folder}: ");
            assert!(refused.stderr.contains(&told), "{refused:#?}");
            assert!(refused.stderr.contains("changed: nothing was altered"), "{refused:#?}");
        }
        assert_eq!(before, (sandbox.state(), sandbox.dump()));
        // Also less than all of a plugin, to a folder that is there and empty.
        fs::create_dir(sandbox.path().join("empty")).expect("a folder");
        let some = ["rollback", "--steps", "1", "--export", "empty", "--format", "json"];
        let document = run(sandbox, &some, 0).stdout;
        let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
        let exported = serde_json::json!({ "folder": "empty", "tables": 1, "rows": 2 });
        assert_eq!(document["exported"], exported);
    });
}

/// Names are a stranger's.
#[test]
fn a_tables_name_stays_a_name() {
    let sandbox = Sandbox::new();
    let up = "CREATE TABLE \"../../x\u{1b}[31m --\" (\"a;b\"); INSERT INTO \"../../x\u{1b}[31m --\" VALUES (1);\n";
    let down = "DROP TABLE \"../../x\u{1b}[31m --\";\n";
    sandbox.sql_plugin("acme/notes", &[("1.0.0-1700000000-x", up, down)]);
    sandbox.ok(&["deploy", "plugins"]);
    let before = sandbox.dump();
    run(&sandbox, &[&NONE[..], &["--export", "saved"]].concat(), 0);
    let files: Vec<_> = fs::read_dir(sandbox.path().join("saved")).expect("a folder").collect();
    assert_eq!(files.len(), 2);
    sandbox.ok(&["deploy", "plugins"]);
    sandbox.sql("DELETE FROM \"../../x\u{1b}[31m --\"");
    restore(&sandbox, &sandbox.path().join("saved"));
    assert_eq!(before, sandbox.dump());
}

/// Nothing that a plugin brings runs as a superuser before somebody trusted it, a rehearsal included.
#[test]
fn nothing_is_rehearsed_before_it_is_trusted() {
    let server = Postgres::own();
    let sandbox = Sandbox::on(server.database());
    let down = "DROP TABLE notes; SELECT pg_catalog.pg_advisory_lock(1), 1 / (SELECT 0);\n";
    sandbox.sql_plugin(
        "acme/notes",
        &[("1.0.0-1700000000-x", "CREATE TABLE notes (id INTEGER);\n", down)],
    );
    sandbox.ok(&["deploy", "plugins"]);
    let failing = run(&sandbox, &NONE, 1);
    assert!(failing.stderr.contains("there may be more: a rehearsal of it failed"), "{failing:#?}");
    assert!(plain(&failing.stderr).contains("drops table notes (0 rows)"), "{failing:#?}");
    server.client().sql(Role::Administrator, "postgres", "ALTER ROLE runner SUPERUSER");
    let refused = run(&sandbox, &NONE, 1);
    assert!(!refused.stderr.contains("a rehearsal"), "{refused:#?}");
    assert!(plain(&refused.stderr).contains("drops table notes (0 rows)"), "{refused:#?}");
    assert!(refused.stderr.contains("changed: nothing was altered"), "{refused:#?}");
}

/// Every text that advises to take a plugin's alterations back says what that does.
#[test]
fn no_text_advises_it_without_saying_what_it_destroys() {
    let crates = fs::read_dir(root().join("runner")).expect("a folder");
    let sources = crates.map(|found| found.expect("an entry").path().join("src"));
    let mut folders: Vec<_> = sources.filter(|folder| folder.is_dir()).collect();
    assert!(folders.len() >= 8, "the crates and the guide: {folders:?}");
    let mut texts = vec![root().join("README.md")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match path.is_dir() {
                true if name == "tests" || name == "node_modules" => {}
                true => folders.push(path),
                false if name == "tests.rs" => {}
                false => texts.push(path),
            }
        }
    }
    let mut seen = 0;
    for path in texts {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let is_code = path.extension().is_some_and(|extension| extension == "rs");
        for paragraph in text.split(if is_code { "\n" } else { "\n\n" }) {
            let advises = match is_code {
                true => paragraph.contains("`runner rollback --"),
                false => paragraph.contains("--to none"),
            };
            if advises {
                seen += 1;
                let says =
                    ["delete", "drop", "destroy"].into_iter().any(|word| paragraph.contains(word));
                assert!(says, "{} says without a warning: {paragraph}", path.display());
            }
        }
    }
    assert!(seen >= 2, "nothing was found: the words have changed");
    let sandbox = Sandbox::new();
    sandbox.sql_plugin("acme/crm", &CRM);
    sandbox.sql_plugin("acme/notes", &[NOTES[1]]);
    sandbox.ok(&["deploy", "plugins"]);
    fs::remove_dir_all(sandbox.path().join("plugins/acme/notes")).expect("a folder");
    let absent = run(&sandbox, &["plan", "plugins"], 0);
    assert!(absent.stdout.contains("deletes their data"), "{absent:#?}");
}
