//! Permissions of confined plugins on PostgreSQL: what a grant gives, and what it must not give beyond that.
//!
//! Each scenario deploys `evil/x`, which asks for something, to a database with a table of the application and one of the
//! confined plugin `acme/shop`; then it says what became of it.

use crate::support::{
    Run, Sandbox,
    servers::{Database, Postgres, is_full},
};
use std::fs;

pub(super) const ID: &str = "1.0.0-5-x";

/// Makes the rest as the owner of the schema, where nobody else makes anything.
pub(super) const PREPARED: &str = "REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO runner; SET ROLE runner;";
/// What the application has. `orders` is made by acme/shop.
const THEIRS: &str = "
    CREATE TABLE public.customers (id integer PRIMARY KEY, name text);
    INSERT INTO public.customers VALUES (1, 'Ada'), (2, 'Grace');
    CREATE TABLE public.vault (value text); INSERT INTO public.vault VALUES ('s3cr3t-needle');";
pub(super) const SHOP: &str = "CREATE TABLE orders (id integer PRIMARY KEY, note text);
    INSERT INTO orders VALUES (1, 's3cr3t-needle'), (2, 'two');";
/// What neither the application nor acme/shop may lose, nor anybody be given.
const REST: &str = "
    SELECT concat_ws('|', id, name) FROM public.customers ORDER BY 1;
    SELECT concat_ws('|', 'vault', value) FROM public.vault;
    SELECT concat_ws('|', 'order', id, note) FROM public.orders ORDER BY 1;
    SELECT concat_ws('|', c.relname, relowner::regrole, coalesce(relacl, acldefault('r', relowner))) FROM pg_class c
        WHERE relname IN ('customers', 'vault', 'orders') ORDER BY 1;
    SELECT concat_ws('|', 'role', rolname, rolsuper) FROM pg_roles WHERE rolname !~ '^runner_' ORDER BY 1;";
/// What a role of evil/x still has on tables that are not its own.
const KEPT: &str =
    "SELECT format('%s %s', a.privilege_type, c.relname) FROM pg_class c, aclexplode(c.relacl) a
    WHERE a.grantee::regrole::text ~ '^runner_evil' AND c.relowner <> a.grantee ORDER BY 1";

/// What is expected of the deploy.
enum Ends {
    /// It is applied; these queries then give these rows.
    Applied(&'static [(&'static str, &'static [&'static str])]),
    /// It is refused, with a text that contains this, and nothing of it is left.
    Refused(&'static str),
}

struct Scenario {
    name: &'static str,
    /// The permissions in the manifest.
    asks: &'static [&'static str],
    /// What `--grant` gives.
    granted: &'static [&'static str],
    up: &'static str,
    ends: Ends,
    /// Privileges that its role keeps.
    keeps: &'static [&'static str],
}

const READS: &str = "reads acme/shop:orders";
const REFERS: &str = "references app:customers";

const SCENARIOS: [Scenario; 19] = [
    Scenario {
        name: "reads without asking",
        asks: &[],
        granted: &[],
        up: "CREATE TABLE loot AS SELECT * FROM orders;",
        ends: Ends::Refused("permission denied for table orders"),
        keeps: &[],
    },
    Scenario {
        name: "asks and is not granted",
        asks: &[READS],
        granted: &[],
        up: "CREATE TABLE loot AS SELECT * FROM orders;",
        ends: Ends::Refused("which is not granted"),
        keeps: &[],
    },
    Scenario {
        name: "is granted something else",
        asks: &[READS],
        granted: &["reads app:customers", "references acme/shop:orders"],
        up: "CREATE TABLE loot AS SELECT * FROM orders;",
        ends: Ends::Refused("which is not granted"),
        keeps: &[],
    },
    Scenario {
        name: "reads with the grant",
        asks: &[READS],
        granted: &[READS],
        up: "CREATE TABLE copies AS SELECT * FROM orders;",
        ends: Ends::Applied(&[("SELECT count(*) FROM copies", &["2"])]),
        keeps: &[],
    },
    Scenario {
        name: "writes with a grant to read",
        asks: &[READS],
        granted: &[READS],
        up: "UPDATE orders SET note = 'owned';",
        ends: Ends::Refused("permission denied for table orders"),
        keeps: &[],
    },
    Scenario {
        name: "reads another table with a grant to read one",
        asks: &[READS],
        granted: &[READS],
        up: "CREATE TABLE loot AS SELECT * FROM vault;",
        ends: Ends::Refused("permission denied for table vault"),
        keeps: &[],
    },
    Scenario {
        name: "gives on what it was granted",
        asks: &[READS],
        granted: &[READS],
        // PostgreSQL only warns.
        up: "DO $$ BEGIN EXECUTE 'GRANT SELECT ON orders TO PUBLIC'; END $$;",
        ends: Ends::Applied(&[]),
        keeps: &[],
    },
    Scenario {
        name: "a view keeps the right to read",
        asks: &[READS],
        granted: &[READS],
        up: "CREATE VIEW notes AS SELECT note FROM orders;",
        ends: Ends::Applied(&[("SELECT count(*) FROM notes", &["2"])]),
        keeps: &["SELECT orders"],
    },
    Scenario {
        name: "a view that executes text over what it may read",
        asks: &[READS],
        granted: &[READS],
        up: "CREATE VIEW notes AS SELECT query_to_xml('SELECT value FROM vault', true, true, '') FROM orders;",
        ends: Ends::Refused("calls"),
        keeps: &[],
    },
    Scenario {
        name: "a table of the application is not acme/shop's",
        asks: &["reads acme/shop:vault"],
        granted: &["reads acme/shop:vault"],
        up: "CREATE TABLE loot AS SELECT * FROM vault;",
        ends: Ends::Refused("no plugin that is recorded here made the table public.vault"),
        keeps: &[],
    },
    Scenario {
        name: "a table of acme/shop is not the application's",
        asks: &["reads app:orders"],
        granted: &["reads app:orders"],
        up: "CREATE TABLE loot AS SELECT * FROM orders;",
        ends: Ends::Refused("acme/shop made the table public.orders"),
        keeps: &[],
    },
    Scenario {
        name: "a table that is not there",
        asks: &["reads app:nothing"],
        granted: &["reads app:nothing"],
        up: "CREATE TABLE own (x integer);",
        ends: Ends::Refused("there is no such table"),
        keeps: &[],
    },
    Scenario {
        name: "the runner's own tables",
        asks: &["reads app:alteration_ticket"],
        granted: &["reads app:alteration_ticket"],
        up: "CREATE TABLE loot AS SELECT 1 AS x;",
        ends: Ends::Refused("there is no such table"),
        keeps: &[],
    },
    Scenario {
        name: "refers without the grant",
        asks: &[],
        granted: &[],
        up: "CREATE TABLE tags (customer integer REFERENCES customers);",
        ends: Ends::Refused("permission denied for table customers"),
        keeps: &[],
    },
    Scenario {
        name: "refers with the grant",
        asks: &[REFERS],
        granted: &[REFERS],
        up: "CREATE TABLE tags (customer integer REFERENCES customers ON DELETE CASCADE);
            ALTER TABLE tags ADD COLUMN other integer REFERENCES customers;
            INSERT INTO tags VALUES (1, NULL);",
        ends: Ends::Applied(&[("SELECT count(*) FROM tags", &["1"])]),
        keeps: &[],
    },
    Scenario {
        name: "reads with a grant to refer",
        asks: &[REFERS],
        granted: &[REFERS],
        up: "CREATE TABLE loot AS SELECT * FROM customers;",
        ends: Ends::Refused("permission denied for table customers"),
        keeps: &[],
    },
    Scenario {
        name: "refers in a DO block, where a cast could be made meanwhile",
        asks: &[REFERS],
        granted: &[REFERS],
        up: "DO $$ BEGIN EXECUTE 'CREATE TABLE tags (customer integer REFERENCES customers)'; END $$;",
        ends: Ends::Refused("permission denied for table customers"),
        keeps: &[],
    },
    Scenario {
        // The check of a foreign key runs as the owner of the table that it refers to.
        name: "an implicit cast in a foreign key",
        asks: &[REFERS],
        granted: &[REFERS],
        up: "CREATE TYPE mine AS ENUM ('a');
            CREATE FUNCTION steal(mine) RETURNS integer LANGUAGE plpgsql AS 'BEGIN UPDATE vault SET value = ''owned''; RETURN 1; END';
            CREATE CAST (mine AS integer) WITH FUNCTION steal(mine) AS IMPLICIT;
            CREATE TABLE tags (customer mine REFERENCES customers);
            INSERT INTO tags VALUES ('a');",
        ends: Ends::Refused("implicit cast from public.mine to integer"),
        keeps: &[],
    },
    Scenario {
        name: "a function that would make the cast while it refers",
        asks: &[REFERS],
        granted: &[REFERS],
        up: "CREATE FUNCTION later() RETURNS integer LANGUAGE plpgsql AS 'BEGIN EXECUTE ''CREATE TYPE mine AS ENUM (1)''; RETURN 1; END';
            CREATE TABLE tags (x integer);
            INSERT INTO tags VALUES (1);
            ALTER TABLE tags ADD COLUMN y integer DEFAULT later() REFERENCES customers;",
        ends: Ends::Refused("which makes objects or executes text"),
        keeps: &[],
    },
];

fn rest(database: &Database) -> Vec<String> {
    let statements = REST.split_inclusive(';').filter(|sql| !sql.trim().is_empty());
    statements.flat_map(|sql| database.rows(sql)).collect()
}

/// A database with the application's tables and a confined acme/shop.
fn prepared(server: &Postgres) -> Sandbox {
    let sandbox = Sandbox::on(server.database());
    sandbox.server().admin_sql(&format!("{PREPARED} {THEIRS}"));
    sandbox.sql_plugin("acme/shop", &[("1.0.0-1-orders", SHOP, "DROP TABLE orders;")]);
    sandbox
}

fn deploy(sandbox: &Sandbox, url: &str, grants: &[&str]) -> Run {
    let grants: Vec<String> =
        grants.iter().map(|grant| format!("--grant=evil/x:{grant}")).collect();
    let mut args = vec!["deploy", "plugins", "--yes", "--confine", "*", "--database", url];
    args.extend(grants.iter().map(String::as_str));
    sandbox.runner(&args)
}

/// Packs evil/x with what it asks for.
fn pack(sandbox: &Sandbox, asks: &[&str], up: &str) {
    let asks: Vec<String> = asks.iter().map(|ask| format!("'{ask}'")).collect();
    let settings =
        format!("plugin = 'evil/x'\n[alterations.'{ID}']\npermissions = [{}]\n", asks.join(", "));
    sandbox.write("sources/evil/alteration.toml", settings);
    sandbox.write(&format!("sources/evil/{ID}.up.sql"), up);
    sandbox.write(&format!("sources/evil/{ID}.down.sql"), "DROP TABLE IF EXISTS copies;");
    sandbox.ok(&["pack", "sources/evil", "--out", "plugins/evil/x", "--replace"]);
}

fn tried(server: &Postgres, user: &str, scenario: &Scenario) -> Result<(), String> {
    let sandbox = prepared(server);
    let database = sandbox.server();
    let url = sandbox.url().replace("//runner:", &format!("//{user}:"));
    let shop = deploy(&sandbox, &url, &[]);
    if shop.code != Some(0) {
        return Err(format!("acme/shop failed: {shop:#?}"));
    }
    let was = rest(database);
    pack(&sandbox, scenario.asks, scenario.up);
    let run = deploy(&sandbox, &url, scenario.granted);
    match &scenario.ends {
        Ends::Refused(why) => {
            if run.code == Some(0) || !run.stderr.contains(why) {
                return Err(format!("not refused for `{why}`: {run:#?}"));
            }
        }
        Ends::Applied(found) => {
            if run.code != Some(0) {
                return Err(format!("not applied: {run:#?}"));
            }
            for (sql, rows) in *found {
                if database.rows(sql) != *rows {
                    return Err(format!("{sql}: {:?}", database.rows(sql)));
                }
            }
        }
    }
    let kept = database.rows(KEPT);
    if kept != scenario.keeps {
        return Err(format!("it keeps {kept:?}"));
    }
    let is = rest(database);
    let without_keeps = |row: &String| !scenario.keeps.iter().any(|_| row.starts_with("orders|"));
    if was.iter().filter(|row| without_keeps(row)).ne(is.iter().filter(|row| without_keeps(row))) {
        return Err(format!("changed: {was:#?} {is:#?}"));
    }
    Ok(())
}

fn all(major: u32, user: &str) {
    let server = Postgres::of(major, &[("fsync", "off")]);
    server
        .database()
        .admin_sql("ALTER ROLE runner CREATEROLE; ALTER ROLE postgres PASSWORD 's3cret'");
    let tried = |scenario: &Scenario| {
        let why = tried(&server, user, scenario).err()?;
        Some(format!("{}: {why}", scenario.name))
    };
    let failures: Vec<String> = SCENARIOS.iter().filter_map(tried).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn a_permission_gives_what_it_says_and_nothing_beyond() {
    all(15, "runner");
}

#[test]
fn a_permission_gives_no_more_with_a_superusers_url() {
    all(15, "postgres");
}

#[test]
fn permissions_on_other_versions() {
    if is_full() {
        for major in [14, 16, 18] {
            all(major, "runner");
        }
    }
}

/// What is recorded of a grant, as a terminal's yes records it.
fn record(database: &Database, checksum: &str, event: &str) {
    database.sql(&format!(
        "CREATE TABLE IF NOT EXISTS alteration_grant (sequence bigint PRIMARY KEY, plugin text, permission text, id text, \
            checksum text, event text, at text, done_by text); \
         INSERT INTO alteration_grant SELECT coalesce(max(sequence), 0) + 1, 'evil/x', '{READS}', '{ID}', '{checksum}', \
            '{event}', '2026-11-30T10:00:00Z', 'me@host' FROM alteration_grant"
    ));
}

/// SHA-256 of the one component of evil/x.
fn checksum(sandbox: &Sandbox) -> String {
    let folder = fs::read_dir(sandbox.path().join("plugins/evil/x")).expect("its folder");
    let file = folder.map(|entry| entry.expect("an entry").path()).next().expect("its component");
    let run = sandbox.ok(&["inspect", &file.display().to_string(), "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    found["component_checksum"].as_str().expect("a checksum").to_owned()
}

#[test]
fn a_recorded_grant_is_for_bytes_that_were_shown_until_it_is_revoked() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    server.database().admin_sql("ALTER ROLE runner CREATEROLE");
    let sandbox = prepared(&server);
    let url = sandbox.url();
    assert_eq!(deploy(&sandbox, &url, &[]).code, Some(0));
    pack(&sandbox, &[READS], "CREATE TABLE copies AS SELECT * FROM orders;");
    record(sandbox.server(), &"0".repeat(64), "granted");
    let other = deploy(&sandbox, &url, &[]);
    assert!(other.stderr.contains("which is not granted"), "{other:#?}");
    assert!(!sandbox.server().dump().contains("copies"));

    record(sandbox.server(), &checksum(&sandbox), "granted");
    let revoked = sandbox.ok(&["permissions", "evil/x", "--revoke", READS, "--database", &url]);
    assert!(revoked.stdout.contains(READS), "{revoked:#?}");
    let after = deploy(&sandbox, &url, &[]);
    assert!(after.stderr.contains("which is not granted"), "{after:#?}");

    record(sandbox.server(), &checksum(&sandbox), "granted");
    let granted = deploy(&sandbox, &url, &[]);
    assert_eq!(granted.code, Some(0), "{granted:#?}");
    assert!(granted.stderr.contains("granted for this checksum"), "{granted:#?}");
    let listed = sandbox.ok(&["permissions", "--database", &url]);
    assert!(listed.stdout.contains(READS) && listed.stdout.contains("me@host"), "{listed:#?}");
}

#[test]
fn a_name_is_of_the_plugin_that_made_the_table() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    server.database().admin_sql("ALTER ROLE runner CREATEROLE");
    let sandbox = Sandbox::on(server.database());
    sandbox.server().admin_sql(
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO runner; SET ROLE runner;",
    );
    let url = sandbox.url();
    // It makes the table before acme/shop does.
    sandbox.sql_plugin("bad/first", &[("1.0.0-1-a", "CREATE TABLE orders (id integer);", "")]);
    assert_eq!(deploy(&sandbox, &url, &[]).code, Some(0));
    pack(&sandbox, &[READS], "CREATE TABLE copies AS SELECT * FROM orders;");
    let squatted = deploy(&sandbox, &url, &[READS]);
    assert_eq!(squatted.code, Some(4), "{squatted:#?}");
    assert!(squatted.stderr.contains("bad/first made the table public.orders"), "{squatted:#?}");

    // The table is another one's by now.
    sandbox
        .server()
        .admin_sql("DROP TABLE orders; SET ROLE runner; CREATE TABLE orders (id integer)");
    let changed = deploy(&sandbox, &url, &[READS]);
    assert_eq!(changed.code, Some(4), "{changed:#?}");
    assert!(changed.stderr.contains("belongs to another user now"), "{changed:#?}");
    assert!(!sandbox.server().dump().contains("copies"), "it was made");
}
