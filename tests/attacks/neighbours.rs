//! Functions of a confined plugin that others may call, and code of others that a confined plugin could have run: by writing to
//! its own tables, or while a statement of its works with a table that it may alter.

use crate::support::{
    Run, Sandbox, finish,
    servers::{Postgres, is_full},
};

const NEEDLE: &str = "s3cr3t-needle";

fn server(major: u32) -> Postgres {
    let server = Postgres::of(major, &[("fsync", "off")]);
    server.database().admin_sql(
        "ALTER ROLE runner CREATEROLE; CREATE ROLE app; CREATE ROLE reader; CREATE ROLE stranger",
    );
    server
}

/// A database where `runner` has the schema, and gives what it makes to `app`.
fn sandbox(server: &Postgres, made: &str) -> Sandbox {
    let sandbox = Sandbox::on(server.database());
    sandbox.server().admin_sql(&format!(
        "ALTER SCHEMA public OWNER TO runner; REVOKE CREATE ON SCHEMA public FROM PUBLIC; SET ROLE runner; \
         ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app; \
         CREATE TABLE vault (value text); INSERT INTO vault VALUES ('{NEEDLE}'); {made}"
    ));
    sandbox
}

/// Packs one alteration of a plugin that asks for `asks`.
fn pack(sandbox: &Sandbox, plugin: &str, (id, up): (&str, &str), asks: &[&str]) {
    let asks: Vec<String> = asks.iter().map(|ask| format!("'{ask}'")).collect();
    let manifest =
        format!("plugin = '{plugin}'\n[alterations.'{id}']\npermissions = [{}]\n", asks.join(", "));
    let sources = format!("sources/{plugin}/{id}");
    sandbox.write(&format!("{sources}/alteration.toml"), manifest);
    sandbox.write(&format!("{sources}/{id}.up.sql"), up);
    sandbox.ok(&["pack", &sources, "--out", &format!("plugins/{plugin}")]);
}

fn deploy(sandbox: &Sandbox, grants: &[&str]) -> Run {
    let mut command = sandbox.command(&["deploy", "plugins", "--yes"]);
    command.args(grants.iter().map(|grant| format!("--grant={grant}")));
    finish(command.env_remove("RUNNER_GUARD"))
}

/// Deploys an alteration of evil/x, which is refused.
fn refused(sandbox: &Sandbox, up: &str, asks: &[&str], why: &str) {
    std::fs::remove_dir_all(sandbox.path().join("plugins/evil")).ok();
    std::fs::remove_dir_all(sandbox.path().join("sources/evil")).ok();
    pack(sandbox, "evil/x", ("1.0.0-9-x", up), asks);
    let grants: Vec<String> = asks.iter().map(|ask| format!("evil/x:{ask}")).collect();
    let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
    let run = deploy(sandbox, &grants);
    let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(run.code == Some(1) && said.contains(why), "{up}: {run:#?}");
    assert!(!said.contains(NEEDLE), "{up}: {run:#?}");
    assert_eq!(sandbox.rows("SELECT to_regclass('loot') IS NULL"), ["t"], "{run:#?}");
    std::fs::remove_dir_all(sandbox.path().join("plugins/evil")).ok();
}

const SHOP: &str = "CREATE TABLE shop_keys (value text); INSERT INTO shop_keys VALUES ('s3cr3t-needle');
    CREATE FUNCTION shop_key() RETURNS text LANGUAGE sql AS 'SELECT max(value) FROM shop_keys';
    CREATE FUNCTION shop_both(text, text) RETURNS text LANGUAGE sql AS 'SELECT concat($1, value) FROM shop_keys';
    CREATE AGGREGATE shop_all(text) (SFUNC = shop_both, STYPE = text);
    CREATE FUNCTION shop_logs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.value := (SELECT max(value) FROM shop_keys); RETURN NEW; END';
    CREATE FUNCTION shop_own_path() RETURNS integer LANGUAGE sql SET search_path = public AS 'SELECT 1';
    CREATE TABLE shop_orders (id integer, key text DEFAULT shop_key());
    CREATE VIEW shop_totals AS SELECT length(shop_key()) AS long, id FROM shop_orders;
    GRANT SELECT, INSERT ON shop_orders TO reader;";

/// The application goes on as before, also where it is another login than the URL's.
#[test]
fn a_function_of_a_plugin_is_none_of_anothers() {
    calls(15);
}

fn calls(major: u32) {
    let server = server(major);
    let sandbox = sandbox(&server, "");
    pack(&sandbox, "acme/shop", ("1.0.0-1-a", SHOP), &[]);
    let run = deploy(&sandbox, &[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let denied = "permission denied for";
    let calls = [
        ("CREATE TABLE loot AS SELECT shop_key();", "function shop_key"),
        ("CREATE TABLE loot AS SELECT shop_all('x');", "aggregate shop_all"),
        (
            "CREATE TABLE loot (value text); CREATE TRIGGER t BEFORE INSERT ON loot FOR EACH ROW EXECUTE FUNCTION shop_logs(); \
            INSERT INTO loot VALUES ('');",
            "function shop_logs",
        ),
    ];
    for (up, what) in calls {
        refused(&sandbox, up, &[], &format!("{denied} {what}"));
    }
    for role in ["app", "reader", "runner"] {
        let database = sandbox.server();
        database.admin_sql(&format!("SET ROLE {role}; INSERT INTO shop_orders (id) VALUES (1)"));
    }
    assert_eq!(sandbox.rows("SELECT count(*) FROM shop_orders WHERE key IS NOT NULL"), ["3"]);
    let strangers = "SELECT has_function_privilege('stranger', 'shop_key()', 'EXECUTE')";
    assert_eq!(sandbox.rows(strangers), ["f"]);
    // What a runner before this one left.
    sandbox.server().admin_sql("GRANT EXECUTE ON FUNCTION shop_key() TO PUBLIC");
    refused(&sandbox, calls[0].0, &[], &format!("{denied} {}", calls[0].1));
    assert_eq!(sandbox.rows(strangers), ["f"]);
    let path = "SELECT proconfig[1] FROM pg_proc WHERE proname = 'shop_own_path'";
    assert_eq!(sandbox.rows(path), ["search_path=public, pg_temp"]);
}

#[test]
fn what_may_be_read_may_call_what_it_is_made_with() {
    reads(15);
}

fn reads(major: u32) {
    let server = server(major);
    let sandbox = sandbox(&server, "");
    pack(&sandbox, "acme/shop", ("1.0.0-1-a", SHOP), &[]);
    let asks = ["reads acme/shop:shop_totals", "alters acme/shop:shop_orders"];
    let up = "INSERT INTO shop_orders (id) VALUES (7); CREATE TABLE copies AS SELECT long FROM shop_totals;";
    pack(&sandbox, "acme/tags", ("1.0.0-2-b", up), &asks);
    let grants = asks.map(|ask| format!("acme/tags:{ask}"));
    let run = deploy(&sandbox, &[&grants[0], &grants[1]]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(sandbox.rows("SELECT long FROM copies"), ["13"]);
    let kept = "SELECT count(*) FROM pg_proc p, aclexplode(p.proacl) a
        WHERE p.proname ~ '^shop_' AND a.grantee::regrole::text ~ '^runner_acme_tags'";
    assert_eq!(sandbox.rows(kept), ["0"]);
}

/// What steals the application's row when it runs with the application's rights.
const STEALS: &str = "CREATE TABLE loot (value text); GRANT ALL ON loot TO PUBLIC;
    CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO public.loot SELECT value FROM public.vault; RETURN NEW; END';
    CREATE TEMPORARY TABLE settings (k text);
    CREATE TRIGGER t BEFORE INSERT ON settings FOR EACH ROW EXECUTE FUNCTION steal();
    GRANT ALL ON settings TO PUBLIC;";

/// The application's trigger would write to the plugin's temporary table, and run its trigger, as the application.
#[test]
fn a_cascade_runs_nothing_that_finds_names_as_the_hook_has_them() {
    cascades(15);
}

fn cascades(major: u32) {
    let server = server(major);
    let noted = "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO settings VALUES ('noted'); RETURN coalesce(NEW, OLD); END $$;";
    let seats = "CREATE TABLE members (id integer PRIMARY KEY, team integer REFERENCES teams ON DELETE CASCADE);
        CREATE TABLE seats (member integer REFERENCES members ON DELETE SET NULL);
        INSERT INTO members VALUES (1, 1); INSERT INTO seats VALUES (1);";
    let triggers = [
        format!("{noted} CREATE TRIGGER noted BEFORE DELETE ON members FOR EACH ROW EXECUTE FUNCTION noted()"),
        format!("{noted} CREATE TRIGGER noted BEFORE UPDATE ON seats FOR EACH ROW EXECUTE FUNCTION noted()"),
        // On the plugin's own table, as its owner. An empty path is none: temporary types come first.
        "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS
            $$ BEGIN INSERT INTO public.settings VALUES ('noted'); RETURN OLD; END $$;
         REVOKE EXECUTE ON FUNCTION noted() FROM PUBLIC; GRANT TRIGGER ON teams TO runner;
         CREATE TRIGGER noted BEFORE DELETE ON teams FOR EACH ROW EXECUTE FUNCTION noted()".to_owned(),
    ];
    for trigger in triggers {
        let sandbox = sandbox(&server, "CREATE TABLE settings (k text);");
        let teams = "CREATE TABLE teams (id integer PRIMARY KEY); INSERT INTO teams VALUES (1);
            GRANT REFERENCES ON teams TO runner;";
        pack(&sandbox, "evil/x", ("1.0.0-1-a", teams), &[]);
        let run = deploy(&sandbox, &[]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        sandbox.server().admin_sql(&format!("SET ROLE runner; {seats} {trigger}"));
        let up = format!(
            "{STEALS} DELETE FROM teams; DROP TABLE pg_temp.settings; DROP FUNCTION steal();"
        );
        pack(&sandbox, "evil/x", ("1.0.0-2-b", &up), &[]);
        let run = deploy(&sandbox, &[]);
        let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(said.contains("finds names by the path of its caller"), "{run:#?}");
        assert!(said.contains("ALTER FUNCTION public.noted() SET search_path = "), "{run:#?}");
        assert_eq!(sandbox.rows("SELECT count(*) FROM members"), ["1"], "{run:#?}");
        sandbox
            .server()
            .admin_sql("ALTER FUNCTION public.noted() SET search_path = public, pg_temp");
        let run = deploy(&sandbox, &[]);
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert_eq!(sandbox.rows("SELECT count(*) FROM loot"), ["0"]);
        assert_eq!(sandbox.rows("SELECT k FROM settings"), ["noted"]);
    }
}

const LEAK: &str = "CREATE TABLE loot (value text);
    CREATE FUNCTION keep(text) RETURNS integer LANGUAGE plpgsql AS
        'BEGIN INSERT INTO public.loot VALUES ($1), ((SELECT max(name) FROM public.guests)); RETURN 1; END';
    CREATE FUNCTION leak(seen text DEFAULT NULL) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
        'BEGIN RETURN public.keep(seen); END';";

/// A table with row level security can be altered, and its rows stay what nobody saw.
#[test]
fn rows_behind_policies_are_not_seen_by_altering_their_table() {
    veils(15);
}

fn veils(major: u32) {
    let server = server(major);
    let guests = format!(
        "CREATE TABLE guests (id integer PRIMARY KEY, name text); INSERT INTO guests VALUES (1, '{NEEDLE}'), (2, '{NEEDLE}'); \
         ALTER TABLE guests ENABLE ROW LEVEL SECURITY; GRANT SELECT ON guests TO app;"
    );
    let sandbox = sandbox(&server, &guests);
    let asks = ["alters app:guests"];
    let works_with_rows = [
        "ALTER TABLE guests ADD CHECK (name::integer > 0);",
        "ALTER TABLE guests ADD CONSTRAINT c CHECK (length(name) > 99);",
        "ALTER TABLE guests ADD UNIQUE (name);",
        "CREATE UNIQUE INDEX i ON guests (name);",
        "CREATE INDEX i ON guests (leak(name));",
        "ALTER TABLE guests ADD COLUMN x integer GENERATED ALWAYS AS (leak(name)) STORED;",
        "ALTER TABLE guests ALTER COLUMN name TYPE integer USING leak(name);",
        "CREATE TABLE mine (x text); INSERT INTO mine VALUES (''); ALTER TABLE mine ALTER x TYPE integer USING leak(guests) , ADD guests text;",
    ];
    for sql in works_with_rows {
        let up = format!("{LEAK} {sql}");
        refused(&sandbox, &up, &asks, "guests has row level security");
        refused(&sandbox, &up, &asks, "leaves code on app:guests");
    }
    let by_name = format!(
        "{LEAK} CREATE TABLE mine (x text); INSERT INTO mine VALUES (''); ALTER TABLE mine ADD COLUMN guests integer DEFAULT leak();"
    );
    refused(&sandbox, &by_name, &asks, "permission denied for table guests");
    // Everybody may read what the policies show, which is nothing; an owner would see all.
    sandbox.server().admin_sql("GRANT SELECT ON guests TO PUBLIC");
    pack(&sandbox, "acme/y", ("1.0.0-3-y", &by_name), &asks);
    let rights = "SELECT concat_ws('|', relowner::regrole, relacl, relforcerowsecurity) FROM pg_class WHERE relname = 'guests'";
    let was = sandbox.rows(rights);
    let run = deploy(&sandbox, &["acme/y:alters app:guests"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(sandbox.rows("SELECT count(*) FROM loot WHERE value IS NOT NULL"), ["0"]);
    assert_eq!(sandbox.rows(rights), was);
    // Whoever may leave code there, may turn the security off.
    let both = ["alters app:guests", "leaves code on app:guests"];
    pack(&sandbox, "acme/z", ("1.0.0-4-z", "CREATE INDEX by_name ON guests (name);"), &both);
    let run = deploy(
        &sandbox,
        &[
            "acme/y:alters app:guests",
            "acme/z:alters app:guests",
            "acme/z:leaves code on app:guests",
        ],
    );
    assert_eq!(run.code, Some(0), "{run:#?}");
}

#[test]
fn on_other_versions() {
    if is_full() {
        for major in [14, 16, 18] {
            calls(major);
            reads(major);
            cascades(major);
            veils(major);
        }
    }
}
