//! Ledgers that hold names, times or states of their own: as their tools make them, on each kind of database.

use crate::support::{Place, Sandbox};

/// A ledger, the files of its tool, and what of them is recorded.
struct Case {
    tool: &'static str,
    place: Place,
    files: &'static [(&'static str, &'static str)],
    ledger: &'static str,
    recorded: &'static [&'static str],
}

const PRISMA: &[(&str, &str)] = &[
    ("0_init/migration.sql", "CREATE TABLE a (b INTEGER);"),
    ("20240101000000_a/migration.sql", "CREATE TABLE c (d INTEGER);"),
    ("20240101000000_b/migration.sql", "CREATE TABLE e (f INTEGER);"),
    ("20240102000000_late/migration.sql", "CREATE TABLE g (h INTEGER);"),
];
const PRISMA_TABLE: &str = "CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY, checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMP NULL, migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMP NULL,
    started_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, applied_steps_count INTEGER NOT NULL DEFAULT 0);";
/// The second was tried, rolled back and tried again; the third was rolled back alone.
const PRISMA_ROWS: &str = "INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, rolled_back_at) VALUES
    ('1', 'x', '0_init', '2024-01-01 00:00:00', '2024-01-01 00:00:01', NULL),
    ('2', 'x', '20240101000000_a', '2024-01-02 00:00:00', NULL, '2024-01-02 00:00:01'),
    ('3', 'x', '20240101000000_a', '2024-01-03 00:00:00', '2024-01-03 00:00:01', NULL),
    ('4', 'x', '20240101000000_b', '2024-01-04 00:00:00', NULL, '2024-01-04 00:00:01');";
const PRISMA_RECORDED: &[&str] = &["09999999999999-init", "20240101000000-a"];

const DRIZZLE: &[(&str, &str)] = &[
    (
        "meta/_journal.json",
        r#"{ "entries": [{ "when": 1700000000000, "tag": "0000_a" }, { "when": 1700000000009, "tag": "0001_b" },
            { "when": 1700000000004, "tag": "0002_late" }, { "when": 1700000000010, "tag": "0003_c" }] }"#,
    ),
    ("0000_a.sql", "CREATE TABLE a (b INTEGER);"),
    ("0001_b.sql", "CREATE TABLE c (d INTEGER);"),
    ("0002_late.sql", "CREATE TABLE e (f INTEGER);"),
    ("0003_c.sql", "CREATE TABLE g (h INTEGER);"),
];
const DRIZZLE_RECORDED: &[&str] =
    &["1700000000000-0000_a", "1700000000009-0001_b", "1700000000010-+w1700000000004-0002_late"];

const ATLAS: &[(&str, &str)] = &[
    ("20240101000000.sql", "CREATE TABLE a (b INTEGER);"),
    ("20240102000000_b.sql", "CREATE TABLE c (d INTEGER);"),
    ("3_c.sql", "CREATE TABLE e (f INTEGER);"),
    ("v4.sql", "CREATE TABLE g (h INTEGER);"),
    (
        "atlas.sum",
        "h1:EnaOMVXX3AD18+mKpdrDFJan6/j/wjoe8nbQ4asS0C4=
20240101000000.sql h1:IzRjhAF/Fdhk+qp+orxqEzEvMv61WMNqsfkdGbnDTz0=
20240102000000_b.sql h1:qGhnIYqGuS7rSPM7/B+lfJ/Eh0JAUTShWsn+RiAj5ho=
3_c.sql h1:f+3s3UXV7QdntHsrPMlSleGitO/31/2h4WndgB6taEg=
v4.sql h1:fOEEv0R5PpChKy9cUZWPkL2NWkwX2596ok/9jMBQb+E=
",
    ),
];
const ATLAS_TABLE: &str = "CREATE TABLE atlas_schema_revisions (version VARCHAR(255) PRIMARY KEY, description VARCHAR(255) NOT NULL,
    type BIGINT NOT NULL DEFAULT 2, applied BIGINT NOT NULL DEFAULT 0, total BIGINT NOT NULL DEFAULT 0);";

/// sql-migrate's order is by number; the newest is not applied.
const SQL_MIGRATE: &[(&str, &str)] = &[
    ("2-b.sql", "-- +migrate Up\nCREATE TABLE a (b INTEGER);\n-- +migrate Down\nDROP TABLE a;\n"),
    ("10_c.sql", "-- +migrate Up\nCREATE TABLE c (d INTEGER);\n-- +migrate Down\nDROP TABLE c;\n"),
    ("late.sql", "-- +migrate Up\nCREATE TABLE e (f INTEGER);\n-- +migrate Down\nDROP TABLE e;\n"),
    ("11 d.sql", "-- +migrate Up\nCREATE TABLE g (h INTEGER);\n-- +migrate Down\nDROP TABLE g;\n"),
];
const SQL_MIGRATE_ROWS: &str =
    "INSERT INTO gorp_migrations VALUES ('10_c.sql', '2024-01-02 00:00:00'),
    ('2-b.sql', '2024-01-01 00:00:00'), ('late.sql', '2024-01-03 00:00:00');";
const SQL_MIGRATE_RECORDED: &[&str] = &["0.0.0-177668570000000000000-late", "10-_c", "2-b"];

const LIQUIBASE: &[(&str, &str)] = &[
    (
        "001-a.sql",
        "--liquibase formatted sql\n--changeset ann:1\nCREATE TABLE a (b INTEGER);\n--rollback DROP TABLE a;\n\
         --changeset Zoë Smith:two\nINSERT INTO a VALUES (1);\n--rollback DELETE FROM a;\n",
    ),
    (
        "deep/002-b.sql",
        "--liquibase formatted sql\n--changeset bob:1\nCREATE TABLE c (d INTEGER);\n--rollback DROP TABLE c;\n\
         --changeset bob:4\nCREATE TABLE e (f INTEGER);\n--rollback DROP TABLE e;\n",
    ),
];
/// Run, run anew, and taken as run by a precondition; the newest is not there.
const LIQUIBASE_ROWS: &str = "INSERT INTO DATABASECHANGELOG (ID, AUTHOR, FILENAME, DATEEXECUTED, ORDEREXECUTED, EXECTYPE, MD5SUM) VALUES
    ('1', 'ann', 'changes/001-a.sql', '2024-01-01 00:00:00', 1, 'EXECUTED', '9:ba69a743514f5fe7356a6bda59a08119'),
    ('two', 'Zoë Smith', 'changes/001-a.sql', '2024-01-01 00:00:00', 2, 'RERAN', '9:a391403c4144d520e9eeb8695b0513a3'),
    ('1', 'bob', 'changes/deep/002-b.sql', '2024-01-01 00:00:00', 3, 'MARK_RAN', NULL);";
const LIQUIBASE_RECORDED: &[&str] = &[
    "0.0.0-169707081161717191467.15000001-bob-1",
    "001000001-ann-1",
    "001000002-Zo+C3+AB+20Smith-two",
];

const CASES: [Case; 15] = [
    Case { tool: "prisma", place: Place::Sqlite, files: PRISMA, ledger: PRISMA_ROWS, recorded: PRISMA_RECORDED },
    Case { tool: "prisma", place: Place::Postgres, files: PRISMA, ledger: PRISMA_ROWS, recorded: PRISMA_RECORDED },
    Case { tool: "prisma", place: Place::Mariadb, files: PRISMA, ledger: PRISMA_ROWS, recorded: PRISMA_RECORDED },
    Case {
        tool: "drizzle",
        place: Place::Sqlite,
        files: DRIZZLE,
        ledger: "CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric);
            INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 1700000000000), ('y', 1700000000009);",
        recorded: DRIZZLE_RECORDED,
    },
    Case {
        tool: "drizzle",
        place: Place::Postgres,
        files: DRIZZLE,
        ledger: "CREATE SCHEMA drizzle;
            CREATE TABLE drizzle.__drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint);
            INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('x', 1700000000009);",
        recorded: DRIZZLE_RECORDED,
    },
    Case {
        tool: "drizzle",
        place: Place::Mariadb,
        files: DRIZZLE,
        ledger: "CREATE TABLE __drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
            INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 1700000000009), ('y', 1700000000000);",
        recorded: DRIZZLE_RECORDED,
    },
    Case {
        tool: "supabase",
        place: Place::Postgres,
        files: &[
            ("20240101000000_a.sql", "CREATE TABLE a (b INTEGER);"),
            ("202402_b.sql", "CREATE TABLE c (d INTEGER);"),
            ("20240301000000_c.sql", "CREATE TABLE e (f INTEGER);"),
        ],
        ledger: "CREATE SCHEMA supabase_migrations; CREATE SCHEMA auth; CREATE TABLE auth.schema_migrations (version text);
            CREATE TABLE supabase_migrations.schema_migrations (version text PRIMARY KEY, statements text[], name text);
            INSERT INTO auth.schema_migrations VALUES ('00'); INSERT INTO supabase_migrations.schema_migrations (version)
            VALUES ('20240101000000'), ('202402');",
        recorded: &["20240101000000-a", "20240299999999-b"],
    },
    Case {
        tool: "wrangler",
        place: Place::Sqlite,
        files: &[
            ("0001_a.sql", "CREATE TABLE a (b INTEGER);"),
            ("0001_b c.sql", "CREATE TABLE c (d INTEGER);"),
            ("0002_d.sql", "CREATE TABLE e (f INTEGER);"),
        ],
        ledger: "CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
                applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL);
            INSERT INTO d1_migrations (name) VALUES ('0001_b c.sql'), ('0001_a.sql');",
        recorded: &["0001-a", "0001-b+20c"],
    },
    Case {
        tool: "atlas",
        place: Place::Sqlite,
        files: ATLAS,
        ledger: "INSERT INTO atlas_schema_revisions VALUES ('20240101000000', '', 2, 1, 1), ('20240102000000', 'b', 6, 0, 0),
            ('v4', '', 2, 1, 1), ('.atlas_cloud_identifier', '', 0, 0, 0);",
        recorded: &["20240101000000-+-", "20240102000000-b", "999999999999999-+-v4"],
    },
    Case {
        tool: "atlas",
        place: Place::Postgres,
        files: ATLAS,
        ledger: "INSERT INTO atlas_schema_revisions VALUES ('20240102000000', 'b', 1, 0, 0), ('3', 'c', 2, 2, 2);",
        recorded: &["20240101000000-+-", "20240102000000-b", "39999999999999-c"],
    },
    Case {
        tool: "atlas",
        place: Place::Mariadb,
        files: ATLAS,
        // What was begun and then declared as done.
        ledger: "INSERT INTO atlas_schema_revisions VALUES ('20240101000000', '', 6, 1, 3);",
        recorded: &["20240101000000-+-"],
    },
    // Both as sql-migrate of Debian makes it, dialects sqlite3 and mysql.
    Case {
        tool: "sql-migrate",
        place: Place::Sqlite,
        files: SQL_MIGRATE,
        ledger: r#"CREATE TABLE "gorp_migrations" ("id" varchar(255) not null primary key, "applied_at" datetime);"#,
        recorded: SQL_MIGRATE_RECORDED,
    },
    Case {
        tool: "sql-migrate",
        place: Place::Mariadb,
        files: SQL_MIGRATE,
        ledger: "CREATE TABLE `gorp_migrations` (`id` varchar(255) not null primary key, `applied_at` datetime) engine=InnoDB charset=UTF8;",
        recorded: SQL_MIGRATE_RECORDED,
    },
    // Both as Liquibase 4.28.0 makes it.
    Case {
        tool: "liquibase",
        place: Place::Sqlite,
        files: LIQUIBASE,
        ledger: "CREATE TABLE DATABASECHANGELOG (ID VARCHAR(255) NOT NULL, AUTHOR VARCHAR(255) NOT NULL, FILENAME VARCHAR(255) NOT NULL,
            DATEEXECUTED TEXT NOT NULL, ORDEREXECUTED INTEGER NOT NULL, EXECTYPE VARCHAR(10) NOT NULL, MD5SUM VARCHAR(35), DESCRIPTION VARCHAR(255),
            COMMENTS VARCHAR(255), TAG VARCHAR(255), LIQUIBASE VARCHAR(20), CONTEXTS VARCHAR(255), LABELS VARCHAR(255), DEPLOYMENT_ID VARCHAR(10));",
        recorded: LIQUIBASE_RECORDED,
    },
    Case {
        tool: "liquibase",
        place: Place::Mariadb,
        files: LIQUIBASE,
        ledger: "CREATE TABLE DATABASECHANGELOG (ID VARCHAR(255) NOT NULL, AUTHOR VARCHAR(255) NOT NULL, FILENAME VARCHAR(255) NOT NULL,
            DATEEXECUTED datetime NOT NULL, ORDEREXECUTED INT NOT NULL, EXECTYPE VARCHAR(10) NOT NULL, MD5SUM VARCHAR(35) NULL, DESCRIPTION VARCHAR(255) NULL,
            COMMENTS VARCHAR(255) NULL, TAG VARCHAR(255) NULL, LIQUIBASE VARCHAR(20) NULL, CONTEXTS VARCHAR(255) NULL, LABELS VARCHAR(255) NULL,
            DEPLOYMENT_ID VARCHAR(10) NULL) CHARSET = latin1;",
        recorded: LIQUIBASE_RECORDED,
    },
];

/// Returns what of a tool's ledger is the same on each kind of database: what comes before a case's own, and behind it.
fn shared(tool: &str) -> (&'static str, &'static str) {
    match tool {
        "prisma" => (PRISMA_TABLE, ""),
        "atlas" => (ATLAS_TABLE, ""),
        "sql-migrate" => ("", SQL_MIGRATE_ROWS),
        "liquibase" => ("", LIQUIBASE_ROWS),
        _ => ("", ""),
    }
}

fn packed(place: Place, tool: &str, files: &[(&str, &str)]) -> Sandbox {
    let sandbox = place.sandbox();
    for (name, text) in files {
        sandbox.write(&format!("files/{name}"), text);
    }
    sandbox.ok(&["pack", "files", "--from", tool, "--plugin", "acme/app", "--out", "plugins"]);
    sandbox
}

#[test]
fn what_they_say_is_recorded() {
    for Case { tool, place, files, ledger, recorded } in CASES {
        let sandbox = packed(place, tool, files);
        let (table, rows) = shared(tool);
        sandbox.sql(&format!("{table}{ledger}{rows}"));
        let before = sandbox.dump();
        sandbox.ok(&["baseline", "plugins", "--from", tool]);
        let recorded: Vec<_> = recorded.iter().map(|id| format!("acme/app {id} applied")).collect();
        assert_eq!(sandbox.state(), recorded, "{place:?} {tool}: {ledger}");
        assert_eq!(sandbox.dump(), before, "{place:?} {tool}");
    }
}

#[test]
fn what_did_not_end_is_not_taken_over() {
    let table = [
        (
            "prisma",
            PRISMA,
            "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('1', 'x', '0_init')",
            "0_init did not succeed",
        ),
        (
            "prisma",
            PRISMA,
            "INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('1', 'x', '1_gone', 'x')",
            "1_gone is applied, and no file",
        ),
        (
            "atlas",
            ATLAS,
            "INSERT INTO atlas_schema_revisions VALUES ('3', 'c', 2, 1, 2)",
            "3 did not succeed",
        ),
    ];
    for (tool, files, ledger, words) in table {
        let sandbox = packed(Place::Sqlite, tool, files);
        sandbox.sql(&format!("{}{ledger}", shared(tool).0));
        let run = sandbox.runner(&["baseline", "plugins", "--from", tool]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains(words), "{run:#?}");
    }
}
