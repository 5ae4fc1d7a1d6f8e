//! Foreign keys on SQLite, as each tool has them while it runs: what becomes of children, compared with sqlx-cli, wrangler
//! and Prisma; and what is refused.

use crate::{
    alike::alike,
    history::{History, Tool, forgotten},
    peer::program_of,
    support::{self, Place, Sandbox},
};

const FAMILY: &str = "CREATE TABLE p (id INTEGER PRIMARY KEY, n INT UNIQUE);
CREATE TABLE c (id INTEGER PRIMARY KEY, p INT REFERENCES p (id) ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE g (c INT REFERENCES c (id) ON DELETE CASCADE);
CREATE TABLE s (p INT REFERENCES p (id) ON DELETE SET NULL);
CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE d (p INT DEFAULT 2 REFERENCES p (id) ON DELETE SET DEFAULT);
INSERT INTO p VALUES (1, 10), (2, 20), (3, 30), (4, 40);
INSERT INTO c VALUES (1, 1), (2, 2), (3, 3), (4, 4);
INSERT INTO g VALUES (1), (2), (3), (4);
INSERT INTO s VALUES (1), (3);
INSERT INTO d VALUES (1), (3);\n";
/// As Prisma and drizzle write it, and their users copy it.
const REBUILT: &str = "PRAGMA foreign_keys=OFF;
CREATE TABLE p2 (id INTEGER PRIMARY KEY, n INT UNIQUE);
INSERT INTO p2 SELECT * FROM p;
DROP TABLE p;
ALTER TABLE p2 RENAME TO p;
PRAGMA foreign_keys=ON;\n";
const BY_TRIGGER: &str = "CREATE TRIGGER t AFTER INSERT ON s BEGIN DELETE FROM p WHERE id = 3; END;
INSERT INTO s VALUES (2);
DROP TRIGGER t;\n";

/// One history for each of them; what is refused comes last, and is not there for the tool.
fn as_the_tool_does(tool: Tool, file: fn(u8) -> String, is_rebuild_partly_off: bool) {
    let (theirs, ours) = (Sandbox::new(), Sandbox::new());
    let rebuilt = match is_rebuild_partly_off {
        true => format!("DELETE FROM p WHERE id = 2;\n{REBUILT}DELETE FROM p WHERE id = 1;\n"),
        false => REBUILT.to_owned(),
    };
    let texts = [
        FAMILY,
        "DELETE FROM p WHERE id = 4;\n",
        BY_TRIGGER,
        "DELETE FROM s;\nDELETE FROM d;\nUPDATE p SET id = 7, n = 70 WHERE id = 2;\n",
        "INSERT OR REPLACE INTO p VALUES (8, 70);\n",
        &rebuilt,
    ];
    for (number, text) in (1..).zip(texts) {
        theirs.write(&format!("history/{}", file(number)), text);
    }
    let folder = theirs.path().join("history");
    let history =
        History { tool, folder: "", place: Place::Sqlite, alterations: texts.len(), back: 0 };
    history.up(&theirs, &folder);
    theirs.sql(&forgotten(tool));
    let source = folder.display().to_string();
    let from = tool.as_str();
    ours.ok(&["pack", &source, "--from", from, "--plugin", "acme/app", "--out", "plugins"]);
    ours.ok(&["deploy", "plugins", "--dry-run"]);
    ours.ok(&["deploy", "plugins"]);
    alike(&theirs, &ours);
}

#[test]
fn sqlx() {
    as_the_tool_does(Tool::Sqlx, |number| format!("{number}_x.sql"), false);
}

#[test]
fn wrangler() {
    as_the_tool_does(Tool::Wrangler, |number| format!("{number:04}_x.sql"), false);
}

#[test]
fn prisma() {
    for is_partly in [false, true] {
        as_the_tool_does(
            Tool::Prisma,
            |number| format!("2023010100000{number}_x/migration.sql"),
            is_partly,
        );
    }
}

/// What one file does behind the family, for sqlx-cli and for the runner, rehearsed and deployed.
#[test]
fn sqlx_file_by_file() {
    let table = [
        "UPDATE p SET id = id + 100",
        "DELETE FROM s; DELETE FROM d; UPDATE p SET id = id + 100",
        "REPLACE INTO p (id, n) VALUES (3, 31)",
        "INSERT INTO c VALUES (9, 99)",
        "DROP TABLE g; DROP TABLE p",
        "CREATE TABLE k (p INT REFERENCES p (id) ON DELETE RESTRICT); INSERT INTO k VALUES (1); DELETE FROM p WHERE id = 1",
        "CREATE TABLE k (p INT REFERENCES p (n)); INSERT INTO k VALUES (10); UPDATE p SET n = 11 WHERE id = 1",
        "CREATE TABLE o (id INTEGER); CREATE TABLE k (o INT REFERENCES o (id)); INSERT INTO k VALUES (1)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, up INT REFERENCES t (id) ON DELETE CASCADE);
         INSERT INTO t VALUES (1, NULL), (2, 1), (3, 2), (4, NULL); DELETE FROM t WHERE id = 1",
        "CREATE TABLE k (p INT REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED); INSERT INTO k VALUES (50);
         INSERT INTO p VALUES (50, 500)",
        "CREATE TABLE k (p INT REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED); INSERT INTO k VALUES (50)",
        "PRAGMA defer_foreign_keys = ON; INSERT INTO c VALUES (50, 50); INSERT INTO p VALUES (50, 500)",
        "DELETE FROM d; DELETE FROM s; CREATE TABLE k (p INT REFERENCES p (id)); INSERT INTO k VALUES (1);
         PRAGMA defer_foreign_keys = ON; CREATE TABLE q (id INTEGER PRIMARY KEY, n INT UNIQUE);
         INSERT INTO q SELECT * FROM p; DROP TABLE p; ALTER TABLE q RENAME TO p",
        "-- no-transaction\nPRAGMA foreign_keys = OFF; DELETE FROM p WHERE id = 1; DELETE FROM c WHERE p = 1;
         DELETE FROM g WHERE c = 1; DELETE FROM s; DELETE FROM d; PRAGMA foreign_keys = ON; DELETE FROM p WHERE id = 2",
        "-- no-transaction\nDELETE FROM p WHERE id = 2",
    ];
    let mut refused = 0;
    for sql in table {
        let (theirs, ours) = (Sandbox::new(), Sandbox::new());
        for sandbox in [&theirs, &ours] {
            sandbox.write("history/1_a.sql", FAMILY);
            sandbox.write("history/2_b.sql", sql);
            // Whatever one leaves behind is none of the next one's.
            sandbox.write("history/3_c.sql", "INSERT INTO p VALUES (60, 600);");
        }
        let mut tool = program_of(&theirs, &support::target_folder().join("peers/bin/sqlx"));
        let url = format!("{}?mode=rwc", theirs.url());
        tool.args(["migrate", "run", "--source", "history", "--database-url", &url]);
        let is_done = tool.output().expect("sqlx").status.success();
        refused += usize::from(!is_done);
        ours.ok(&["pack", "history", "--plugin", "acme/app", "--out", "plugins"]);
        for how in ["--dry-run", "--yes"] {
            let run = ours.runner(&["deploy", "plugins", how]);
            assert_eq!(run.code, Some(i32::from(!is_done)), "{how}, {sql}: {run:#?}");
        }
        theirs.sql(&forgotten(Tool::Sqlx));
        alike(&theirs, &ours);
    }
    assert_eq!(refused, 8, "so many fail by sqlx");
}
