//! SQLite: a plugin that is bounded by the map of owners. All attacks are tried, always: there is no server to start.

use crate::{
    attack::{self, Attack},
    support::{Run, Sandbox, block_on},
};
use std::{
    fs,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

const ATTACKS: &str = include_str!("sqlite.txt");
/// What no plugin may get hold of.
const NEEDLE: &str = "s3cr3t-needle";
const THREADS: usize = 2;

/// What the plugin made before.
const MINE: &str = "
    CREATE TABLE mine (id INTEGER PRIMARY KEY AUTOINCREMENT, value TEXT);
    CREATE TABLE lent (id INTEGER PRIMARY KEY, value TEXT);
    INSERT INTO lent VALUES (1, 'lent');
    CREATE TABLE watched (id INTEGER PRIMARY KEY, value TEXT);";

const CRM: &str = "
    CREATE TABLE crm_people (id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO crm_people VALUES (1, 's3cr3t-needle');";

/// What the application has, some of it from before any plugin.
const THEIRS: &str = "
    CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, secret TEXT);
    INSERT INTO users (name, secret) VALUES ('ada', 's3cr3t-needle'), ('bob', 's3cr3t-needle');
    CREATE INDEX users_name ON users (name);
    CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id) ON DELETE CASCADE);
    INSERT INTO notes VALUES (1, 1), (2, 2);
    CREATE TABLE audit (id INTEGER PRIMARY KEY, what TEXT);
    INSERT INTO audit (what) VALUES ('begun');
    CREATE VIEW user_names AS SELECT name FROM users;
    CREATE TRIGGER users_touch AFTER UPDATE ON users BEGIN INSERT INTO audit (what) VALUES ('touched'); END;
    CREATE VIRTUAL TABLE docs USING fts5(body);
    INSERT INTO docs VALUES ('s3cr3t-needle');
    ANALYZE;
    PRAGMA user_version = 7;
    PRAGMA application_id = 11;";

/// What it makes around the plugin's tables.
const AROUND: &str = "
    CREATE TABLE borrows (lent_id INTEGER REFERENCES lent (id) ON DELETE CASCADE);
    INSERT INTO borrows VALUES (1);
    CREATE VIEW lent_values AS SELECT value FROM lent;
    CREATE TRIGGER app_watch AFTER INSERT ON watched BEGIN INSERT INTO audit (what) VALUES (NEW.value); END;";

/// What the application does after each deploy, with its own tables and with the plugin's.
const WORK: [&str; 12] = [
    "PRAGMA foreign_keys = ON",
    "INSERT INTO users (name, secret) VALUES ('cy', 's3cr3t-needle')",
    "UPDATE users SET name = 'eve' WHERE id = 2",
    "DELETE FROM users WHERE id = 1",
    "INSERT INTO audit (what) SELECT name FROM user_names",
    "INSERT INTO audit (what) SELECT value FROM lent_values",
    "INSERT INTO borrows VALUES (1)",
    "INSERT INTO docs VALUES ('more')",
    "INSERT INTO mine (value) VALUES ('app')",
    "UPDATE mine SET value = 'again'",
    "DELETE FROM mine",
    "INSERT INTO watched (value) VALUES ('seen')",
];

const OTHERS: [&str; 7] =
    ["users", "notes", "audit", "crm_people", "borrows", "docs", "lent_values"];

/// Everything in the file that is not the plugin's.
pub(super) fn rest(sandbox: &Sandbox) -> Vec<String> {
    let names = OTHERS.map(|name| format!("'{name}'")).join(", ");
    let mut rest = sandbox.rows(&format!(
        "SELECT concat_ws('|', type, name, tbl_name, sql) FROM sqlite_schema WHERE tbl_name IN ({names})
            OR name IN ('app_watch', 'user_names', 'users_touch', 'users_name') OR tbl_name LIKE 'docs%' ORDER BY 1"
    ));
    for table in ["users", "notes", "audit", "crm_people", "borrows", "docs"] {
        let columns = sandbox.rows(&format!(
            "SELECT group_concat('quote(\"' || name || '\")', '||'',''||') FROM pragma_table_info('{table}')"
        ));
        let columns = columns.first().map_or("''", String::as_str);
        let rows = sandbox.rows(&format!("SELECT {columns} FROM \"{table}\" ORDER BY 1"));
        rest.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
    }
    for sql in [
        "SELECT concat('version ', user_version) FROM pragma_user_version",
        "SELECT concat('id ', application_id) FROM pragma_application_id",
        "SELECT concat('mode ', journal_mode) FROM pragma_journal_mode",
        "SELECT concat_ws('|', 'number', name, seq) FROM sqlite_sequence WHERE name = 'users'",
        "SELECT concat_ws('|', 'statistics', tbl, idx, stat) FROM sqlite_stat1 WHERE tbl = 'users'",
        "SELECT concat_ws('|', plugin, id, status, level) FROM alteration_state WHERE plugin <> 'evil/x' ORDER BY 1",
        "SELECT concat_ws('|', plugin, kind, name) FROM alteration_object WHERE plugin <> 'evil/x' ORDER BY 1",
        "SELECT concat('evil has ', name) FROM alteration_object WHERE plugin = 'evil/x' AND name IN ('users', 'audit', 'borrows')",
        "SELECT concat_ws('|', 'ledger', count(*), min(schema_version)) FROM alteration_ledger",
        "SELECT concat('runner has ', name) FROM sqlite_schema WHERE name LIKE 'alteration!_%' ESCAPE '!' ORDER BY 1",
    ] {
        rest.extend(sandbox.rows(sql));
    }
    rest
}

/// Runs statements as the application, each whatever becomes of the others; which of its own succeeded.
fn work(sandbox: &Sandbox, then: &[(String, String)]) -> Vec<String> {
    let url = sandbox.url();
    let mut told = Vec::new();
    block_on(async {
        use sqlx::Connection;
        let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("a database");
        for (_, sql) in then {
            let _ = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.as_str())).execute(&mut connection).await;
        }
        for sql in WORK {
            let done = sqlx::raw_sql(sql).execute(&mut connection).await.is_ok();
            // What becomes of statements on the plugin's tables is its own affair.
            if !["mine", "watched"].iter().any(|table| sql.contains(table)) {
                told.push(format!("{sql}: {done}"));
            }
        }
        connection.close().await.expect("closes");
    });
    told
}

/// A sandbox in which the application and two plugins have what they have.
pub(super) fn ground() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sql(THEIRS);
    sandbox.sql_plugin("acme/crm", &[("1.0.0-1-people", CRM, "DROP TABLE crm_people;")]);
    sandbox.sql_plugin("evil/x", &[("1.0.0-1-a", MINE, "DROP TABLE mine;")]);
    let deployed = sandbox.ok(&["deploy", "plugins", "--yes"]);
    assert!(deployed.code == Some(0), "{deployed:#?}");
    sandbox.sql(AROUND);
    sandbox
}

/// The same again.
pub(super) fn copy(ground: &Sandbox) -> Sandbox {
    let sandbox = Sandbox::new();
    fs::copy(ground.database(), sandbox.database()).expect("a copy");
    for plugin in ["acme/crm", "evil/x"] {
        let folder = ground.path().join("plugins").join(plugin);
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let bytes = fs::read(&path).expect("a component");
            sandbox.write(&format!("plugins/{plugin}/{name}"), bytes);
        }
    }
    sandbox
}

/// Deploys one attack to a copy, with these flags; `None` where no component comes of it.
fn attacked(ground: &Sandbox, attack: &Attack, flags: &[&str]) -> (Sandbox, Option<Run>) {
    let sandbox = copy(ground);
    let name = match attack.name.contains("before-up") {
        true => "1.0.0-2-b.before-up.sql",
        false => "1.0.0-2-b.up.sql",
    };
    sandbox.write(&format!("sources/evil/{name}"), &attack.up);
    sandbox.write(
        "sources/evil/1.0.0-2-b.up.sql",
        match attack.name.contains("before-up") {
            true => "SELECT 1;",
            false => &attack.up,
        },
    );
    let pack = ["pack", "sources/evil", "--plugin", "evil/x", "--out", "plugins/evil/x"];
    if sandbox.runner(&pack).code != Some(0) {
        return (sandbox, None);
    }
    let run = sandbox.runner(&[&["deploy", "plugins", "--yes"], flags].concat());
    (sandbox, Some(run))
}

/// Tries one attack, with these flags; what it reached.
fn reached(ground: &Sandbox, attack: &Attack, flags: &[&str]) -> Result<(), String> {
    let was = rest(ground);
    let (sandbox, Some(run)) = attacked(ground, attack, flags) else { return Ok(()) };
    if run.code != Some(0) && !run.stderr.contains("evil/x") {
        return Err(format!("it failed for another reason: {run:#?}"));
    }
    let is = rest(&sandbox);
    if was != is {
        return Err(format!("changed: {:#?}\n{run:#?}", difference(&was, &is)));
    }
    let honest = copy(ground);
    let (expected, worked) = (work(&honest, &attack.then), work(&sandbox, &attack.then));
    let (expected, worked) =
        ([rest(&honest), expected].concat(), [rest(&sandbox), worked].concat());
    if expected != worked {
        return Err(format!("changed later: {:#?}\n{run:#?}", difference(&expected, &worked)));
    }
    for (table, rows) in [("later", "precious"), ("step", "precious")] {
        let made = attack.then.iter().any(|(_, sql)| sql.contains(&format!("INTO {table} ")));
        if made
            && sandbox.rows(&format!("SELECT count(*) FROM {table} WHERE x = '{rows}'")) != ["1"]
        {
            return Err(format!("the application's {table} was changed\n{run:#?}"));
        }
    }
    let kept = sandbox.rows(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'alteration!_%' ESCAPE '!'
            AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name NOT LIKE 'docs%'",
    );
    let theirs = [&OTHERS[..], &["user_names"]].concat();
    for table in kept.iter().filter(|table| !theirs.contains(&table.as_str())) {
        let columns = sandbox.rows(&format!(
            "SELECT group_concat('quote(\"' || name || '\")', '||'',''||') FROM pragma_table_info('{table}')"
        ));
        let Some(columns) = columns.first() else { continue };
        let rows = sandbox.rows(&format!("SELECT {columns} FROM \"{table}\" LIMIT 100"));
        let is_loot =
            table == "loot" && rows.iter().any(|row| row.split(',').any(|it| it != "NULL"));
        if is_loot || rows.iter().any(|row| row.contains(NEEDLE)) {
            return Err(format!("{table} holds what is not the plugin's\n{run:#?}"));
        }
    }
    Ok(())
}

pub(super) fn difference(was: &[String], is: &[String]) -> Vec<String> {
    let gone = was.iter().filter(|row| !is.contains(row)).map(|row| format!("- {row}"));
    gone.chain(is.iter().filter(|row| !was.contains(row)).map(|row| format!("+ {row}"))).collect()
}

/// Those that reached something, with what it was.
fn failures(attacks: &[Attack], flags: &[&str]) -> Vec<String> {
    let ground = ground();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(attack) = attacks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = reached(&ground, attack, flags) {
                        let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                        failures.push(format!("{}: {why}", attack.name));
                    }
                }
            });
        }
    });
    failures.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn every_attack() {
    let attacks = attack::read(ATTACKS);
    assert!(attacks.len() >= 100, "only {} attacks", attacks.len());
    let failures = failures(&attacks, &[]);
    let (reached, of) = (failures.len(), attacks.len());
    assert!(failures.is_empty(), "{reached} of {of} reached something:\n{}", failures.join("\n\n"));
}

/// Outside of a transaction they reach as little.
#[test]
fn attacks_of_a_preparation() {
    let prepares = |attack: Attack| Attack { name: format!("{} before-up", attack.name), ..attack };
    let attacks: Vec<Attack> = attack::read(ATTACKS).into_iter().map(prepares).collect();
    let failures = failures(&attack::chosen(attacks, 2), &[]);
    assert!(
        failures.is_empty(),
        "{} reached something:\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

/// Of a guarded plugin most of them reach something, so that it is confinement that stops them.
#[test]
fn a_guarded_plugin_reaches_others() {
    let attacks: Vec<Attack> = attack::read(ATTACKS).into_iter().step_by(4).collect();
    let failures = failures(&attacks, &["--guard", "evil/x"]);
    let (reached, of) = (failures.len(), attacks.len());
    assert!(
        reached * 2 > of,
        "only {reached} of {of} reached something:\n{}",
        failures.join("\n\n")
    );
}

/// Whoever agrees to a new name agrees to no more rights.
#[test]
fn another_name_gives_no_other_level() {
    let sandbox = copy(&ground());
    for (name, up) in [("1.0.0-1-a", MINE), ("1.0.0-2-b", "UPDATE users SET name = 'owned';")] {
        sandbox.write(&format!("sources/new/{name}.up.sql"), up);
        sandbox.write(&format!("sources/new/{name}.down.sql"), "DROP TABLE mine;");
    }
    let renamed = "plugin = 'evil/y'\nreplaces = 'evil/x'\n";
    sandbox.write("sources/new/alteration.toml", renamed);
    sandbox.ok(&["pack", "sources/new", "--out", "plugins/evil/y"]);
    fs::remove_dir_all(sandbox.path().join("plugins/evil/x")).expect("its folder");
    let run = sandbox.runner(&["deploy", "plugins", "--yes", "--accept-rename", "evil/x=evil/y"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("may not write `users` of the application"), "{run:#?}");
    assert_eq!(sandbox.rows("SELECT count(*) FROM users WHERE name = 'owned'"), ["0"]);
}

/// What is recorded of others, and the runner's tables, are out of reach at every level.
#[test]
fn no_level_reaches_the_record() {
    let (named, others): (Vec<Attack>, Vec<Attack>) = attack::read(ATTACKS)
        .into_iter()
        .partition(|attack| attack.up.to_ascii_lowercase().contains("alteration_"));
    let ground = ground();
    for flag in ["--guard", "--trust"] {
        for attack in named.iter().chain(others.iter().step_by(8)) {
            let (sandbox, run) = attacked(&ground, attack, &[flag, "evil/x"]);
            let Some(run) = run else { continue };
            let (was, is) = (recorded(&ground), recorded(&sandbox));
            assert_eq!(was, is, "{flag} {}: {run:#?}", attack.name);
        }
    }
}

/// The rows of [`rest`] about the runner's tables and what is recorded of others.
fn recorded(sandbox: &Sandbox) -> Vec<String> {
    let is_of_runner = |row: &String| {
        row.contains("|applied|")
            || row.starts_with("ledger|")
            || (row.starts_with("runner has ") && !row.ends_with("_later"))
    };
    rest(sandbox).into_iter().filter(is_of_runner).collect()
}

/// What a plugin may do with its own, in one alteration after the other.
const HONEST: [&str; 8] = [
    "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, b_id INTEGER REFERENCES b (id), x TEXT);
     CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a (id) ON DELETE CASCADE);
     CREATE INDEX a_x ON a (x); CREATE VIEW v AS SELECT a.x, count(*) AS n FROM a JOIN b ON b.id = a.b_id GROUP BY 1;
     INSERT INTO b (id) VALUES (1); INSERT INTO a (b_id, x) VALUES (1, 'x') RETURNING id;
     CREATE TRIGGER a_in AFTER INSERT ON a WHEN NEW.x IS NOT NULL BEGIN UPDATE b SET a_id = NEW.id WHERE id = NEW.b_id; END;
     CREATE TRIGGER v_in INSTEAD OF INSERT ON v BEGIN INSERT INTO a (x) VALUES (NEW.x); END;
     INSERT INTO v (x) VALUES ('through');",
    // Rebuilt in the usual way, with its trigger and index made anew.
    "CREATE TABLE a_new (id INTEGER PRIMARY KEY AUTOINCREMENT, b_id INTEGER REFERENCES b (id), x TEXT NOT NULL);
     DROP VIEW v;
     INSERT INTO a_new SELECT * FROM a; DROP TABLE a; ALTER TABLE a_new RENAME TO a;
     CREATE INDEX a_x ON a (x);
     CREATE TRIGGER a_in AFTER INSERT ON a BEGIN DELETE FROM b WHERE id = NEW.b_id AND id < 0; END;",
    "CREATE TABLE texts (id INTEGER PRIMARY KEY, body TEXT);
     CREATE VIRTUAL TABLE found USING fts5(body, content='texts', content_rowid='id');
     CREATE TRIGGER texts_in AFTER INSERT ON texts BEGIN INSERT INTO found (rowid, body) VALUES (NEW.id, NEW.body); END;
     INSERT INTO texts (body) VALUES ('some words'); INSERT INTO found (found) VALUES ('rebuild');
     CREATE VIRTUAL TABLE words USING fts5vocab(found, 'row'); CREATE VIRTUAL TABLE boxes USING rtree(id, x0, x1);
     INSERT INTO boxes VALUES (1, 0, 1);",
    "DELETE FROM sqlite_sequence WHERE name = 'a'; UPDATE sqlite_sequence SET seq = 40 WHERE name = 'mine';
     ANALYZE; PRAGMA optimize; REINDEX;
     CREATE TEMP TABLE t AS SELECT * FROM a; INSERT INTO a (x) SELECT x FROM t; DROP TABLE t;
     PRAGMA foreign_key_check; PRAGMA integrity_check; PRAGMA journal_mode = WAL;
     SELECT * FROM pragma_table_info('users'); SELECT name FROM sqlite_schema;",
    "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 3; ALTER TABLE a RENAME COLUMN y TO z; ALTER TABLE a DROP COLUMN z;
     DROP TABLE words; ALTER TABLE found RENAME TO hits;",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) INSERT INTO a (x) SELECT i FROM n;
     UPDATE a SET x = b.id FROM b WHERE b.id = a.b_id; INSERT INTO mine (id, value) VALUES (1, 'x') ON CONFLICT DO UPDATE SET value = 'y';
     REPLACE INTO b (id) VALUES (1); DELETE FROM mine;",
    "DROP TRIGGER a_in; DROP INDEX a_x; DROP TABLE hits; DROP TABLE texts; DROP TABLE boxes;",
    "DROP TABLE a; DROP TABLE b;",
];

/// The same plugin gets through with all that only concerns its own objects.
#[test]
fn honest_work() {
    let sandbox = copy(&ground());
    let was = rest(&sandbox);
    for (at, up) in HONEST.iter().enumerate() {
        sandbox.write(&format!("sources/evil/1.0.0-{}-b.up.sql", at + 2), up);
    }
    sandbox.write(
        "sources/evil/1.0.0-10-c.before-up.sql",
        "PRAGMA foreign_keys = ON;\nDELETE FROM mine;\n",
    );
    sandbox.write("sources/evil/1.0.0-10-c.up.sql", "SELECT 1;");
    sandbox.ok(&["pack", "sources/evil", "--plugin", "evil/x", "--out", "plugins/evil/x"]);
    sandbox.ok(&["deploy", "plugins", "--yes"]);
    assert_eq!(rest(&sandbox), was);
    let levels =
        sandbox.rows("SELECT DISTINCT level FROM alteration_state WHERE plugin = 'evil/x'");
    assert_eq!(levels, ["confined"]);
    let own = "SELECT group_concat(name, ' ' ORDER BY name) FROM alteration_object WHERE plugin = 'evil/x'";
    assert_eq!(sandbox.rows(own), ["lent mine watched"]);
}
