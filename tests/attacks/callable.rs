//! Functions of the application's that run with their owner's rights and that any role may call.

use crate::support::{Run, Sandbox, finish, servers::Postgres};

const NEEDLE: &str = "s3cr3t-needle";

/// A database with a secret and a function that runs as its owner, with what is said of its search path.
fn sandbox(server: &Postgres, path: &str) -> Sandbox {
    let sandbox = Sandbox::on(server.database());
    sandbox.server().admin_sql(&format!(
        "ALTER ROLE runner CREATEROLE; ALTER SCHEMA public OWNER TO runner; \
         REVOKE CREATE ON SCHEMA public FROM PUBLIC; SET ROLE runner; \
         CREATE TABLE vault (value text); INSERT INTO vault VALUES ('{NEEDLE}'); \
         CREATE TABLE settings (k varchar, v varchar); \
         CREATE FUNCTION note(said varchar) RETURNS void LANGUAGE plpgsql SECURITY DEFINER {path} AS \
            $$ BEGIN INSERT INTO settings VALUES ('note', lower(said)); END $$"
    ));
    sandbox
}

fn deploy(sandbox: &Sandbox, up: &str) -> Run {
    sandbox.sql_plugin("evil/x", &[("1.0.0-1-x", up, "SELECT 1;")]);
    let mut command = sandbox.command(&["deploy", "plugins", "--yes"]);
    finish(command.env_remove("RUNNER_GUARD"))
}

/// What steals, as the body of a function that is called in place of another one.
const STEAL: &str = "INSERT INTO public.loot SELECT value FROM public.vault";

/// The hook would have the function write to a temporary table with a trigger of its own.
#[test]
fn while_any_role_may_call_one_no_plugin_is_confined() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let up = format!(
        "CREATE TABLE loot (value text); GRANT ALL ON loot TO PUBLIC;
         CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {STEAL}; RETURN NEW; END $$;
         CREATE TEMPORARY TABLE settings (k varchar, v varchar);
         CREATE TRIGGER t BEFORE INSERT ON settings FOR EACH ROW EXECUTE FUNCTION steal();
         GRANT ALL ON settings TO PUBLIC;
         SELECT public.note('x'); DROP TABLE pg_temp.settings; DROP FUNCTION steal();"
    );
    for path in ["", "SET search_path = ''", "SET search_path = public, pg_temp"] {
        let sandbox = sandbox(&server, path);
        let run = deploy(&sandbox, &up);
        assert_eq!(run.code, Some(2), "{run:#?}");
        let mend = "REVOKE EXECUTE ON ROUTINE public.note(character varying) FROM PUBLIC;";
        assert!(run.stderr.contains(mend), "{run:#?}");
        assert!(run.stderr.contains("changed: nothing was altered"), "{run:#?}");
        sandbox.server().admin_sql(mend);
        let run = deploy(&sandbox, &up);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains("permission denied for function note"), "{run:#?}");
        assert_eq!(sandbox.rows("SELECT to_regclass('loot') IS NULL"), ["t"], "{run:#?}");
    }
}

/// It asks nobody before it calls its function.
#[test]
fn an_event_trigger_that_runs_as_its_owner_keeps_plugins_out() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let sandbox = closed(&server);
    sandbox.server().admin_sql(
        "CREATE FUNCTION log_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS
            $$ BEGIN PERFORM command_tag FROM pg_event_trigger_ddl_commands(); END $$;
         REVOKE EXECUTE ON FUNCTION log_ddl() FROM PUBLIC;
         CREATE EVENT TRIGGER log ON ddl_command_end EXECUTE FUNCTION log_ddl();",
    );
    let run = deploy(&sandbox, "CREATE TABLE mine (x integer);");
    assert_eq!(run.code, Some(2), "{run:#?}");
    let mend = "ALTER EVENT TRIGGER log DISABLE;";
    assert!(run.stderr.contains(mend), "{run:#?}");
    sandbox.server().admin_sql(mend);
    let run = deploy(&sandbox, "CREATE TABLE mine (x integer);");
    assert_eq!(run.code, Some(0), "{run:#?}");
}

/// A database whose function nobody may call who was not told of it.
fn closed(server: &Postgres) -> Sandbox {
    let sandbox = sandbox(server, "");
    sandbox.server().admin_sql("REVOKE EXECUTE ON FUNCTION note(varchar) FROM PUBLIC");
    sandbox
}

/// A cursor that outlives its function runs at the commit, as the application; and a trigger could fetch from the
/// application's own cursors.
#[test]
fn cursors_are_none_of_a_plugins_triggers() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let loot = "CREATE TABLE loot (value text); CREATE TABLE bait (x integer);";
    let trigger = "CREATE TRIGGER t BEFORE INSERT ON bait FOR EACH ROW EXECUTE FUNCTION t();";
    let function = |body: &str| {
        format!("CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$;")
    };
    let body = "DECLARE c refcursor := 'x'; r record; BEGIN FETCH c INTO r; RETURN NEW; END";
    let run = deploy(&closed(&server), &format!("{loot} {} {trigger}", function(body)));
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("which it could do in the sessions of others"), "{run:#?}");
    let sandbox = closed(&server);
    let arm = "CREATE FUNCTION arm() RETURNS void LANGUAGE sql AS 'DECLARE c CURSOR WITH HOLD FOR SELECT 1';";
    let calls = function("BEGIN PERFORM public.arm(); RETURN NEW; END");
    let run = deploy(&sandbox, &format!("{loot} {arm} {calls} {trigger}"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    sandbox.server().sql(
        "DO $$ BEGIN BEGIN INSERT INTO bait VALUES (1); RAISE 'it ran'; \
            EXCEPTION WHEN insufficient_privilege THEN NULL; END; END $$",
    );
}

/// A view over what PostgreSQL shows to its reader alone; a right that outlives the view that it was kept for; names that the
/// application would take for its own.
#[test]
fn what_is_the_readers_stays_the_readers() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let sandbox = closed(&server);
    for view in ["pg_stats", "pg_stat_activity", "information_schema.views"] {
        let run = deploy(&sandbox, &format!("CREATE VIEW v AS SELECT 1 AS one FROM {view};"));
        assert_eq!(run.code, Some(1), "{view}: {run:#?}");
        assert!(run.stderr.contains("with the rights of whoever uses it"), "{view}: {run:#?}");
    }
    sandbox.server().admin_sql(
        "CREATE SCHEMA store; CREATE DOMAIN store.email AS text; CREATE SEQUENCE store.numbers; \
         CREATE TEXT SEARCH CONFIGURATION store.words (COPY = simple); GRANT USAGE ON SCHEMA store TO PUBLIC; \
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, store', current_database()); END $$",
    );
    for made in [
        "CREATE DOMAIN public.email AS text;",
        "CREATE SEQUENCE public.numbers;",
        "CREATE TEXT SEARCH CONFIGURATION public.words (COPY = simple);",
        "CREATE FUNCTION public.uuid(t text) RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid';",
    ] {
        let run = deploy(&sandbox, made);
        assert_eq!(run.code, Some(1), "{made}: {run:#?}");
        assert!(run.stderr.contains("the name of another one"), "{made}: {run:#?}");
    }
    sandbox.write(
        "sources/evil/y/alteration.toml",
        "plugin = \"evil/y\"\n[permissions]\nreads = [\"app:vault\"]\n",
    );
    sandbox.write(
        "sources/evil/y/1.0.0-1-y.up.sql",
        "CREATE TABLE kept (x integer); CREATE TEMPORARY VIEW t AS SELECT value FROM public.vault;",
    );
    sandbox.ok(&["pack", "sources/evil/y", "--out", "plugins/evil/y"]);
    let args = ["deploy", "plugins/evil/y", "--yes", "--grant", "evil/y:reads app:vault"];
    let run = finish(sandbox.command(&args).env_remove("RUNNER_GUARD"));
    assert_eq!(run.code, Some(0), "{run:#?}");
    let rights = "SELECT count(*) FROM pg_class c, aclexplode(c.relacl) a
        WHERE c.relname = 'vault' AND a.grantee::regrole::text ~ '^runner_evil'";
    assert_eq!(sandbox.rows(rights), ["0"]);
}
