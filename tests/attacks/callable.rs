//! Functions of the application's that run with their owner's rights and that any role may call.

use crate::support::{
    Run, Sandbox, finish,
    servers::{Client, Postgres},
};

const NEEDLE: &str = "s3cr3t-needle";
const LOOT: &str = "SELECT value FROM loot";

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

/// The hook has the function read a temporary table with a trigger of its own.
#[test]
fn without_a_path_of_its_own_no_plugin_is_confined() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let up = format!(
        "CREATE TABLE loot (value text); GRANT ALL ON loot TO PUBLIC;
         CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {STEAL}; RETURN NEW; END $$;
         CREATE TEMPORARY TABLE settings (k varchar, v varchar);
         CREATE TRIGGER t BEFORE INSERT ON settings FOR EACH ROW EXECUTE FUNCTION steal();
         GRANT ALL ON settings TO PUBLIC;
         SELECT public.note('x'); DROP TABLE pg_temp.settings; DROP FUNCTION steal();"
    );
    for path in ["", "SET search_path = public"] {
        let sandbox = sandbox(&server, path);
        let run = deploy(&sandbox, &up);
        assert_eq!(run.code, Some(2), "{run:#?}");
        let mend =
            "ALTER FUNCTION public.note(character varying) SET search_path = public, pg_temp;";
        assert!(run.stderr.contains(mend), "{run:#?}");
        assert!(run.stderr.contains("changed: nothing was altered"), "{run:#?}");
        sandbox.server().admin_sql(mend);
        // Then it writes to the application's own table, where the hook may not put a trigger.
        let run = deploy(&sandbox, &up);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains("removed them again"), "{run:#?}");
        assert!(sandbox.rows("SELECT to_regclass('loot') IS NULL") == ["t"], "{run:#?}");
        assert!(sandbox.rows("SELECT k FROM settings").is_empty(), "{run:#?}");
    }
}

/// The hook makes a function that fits the call in the body better than PostgreSQL's own, and drops it before its end, also in
/// a block that is rolled back.
#[test]
fn what_was_there_for_a_moment_is_seen() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let made = format!(
        "CREATE FUNCTION public.lower(varchar) RETURNS varchar LANGUAGE plpgsql AS \
            $f$ BEGIN {STEAL}; RETURN $1; END $f$"
    );
    let carried = "DO $$ DECLARE found text; BEGIN BEGIN
            CREATE FUNCTION public.lower(varchar) RETURNS varchar LANGUAGE sql AS 'SELECT string_agg(value, '','')::varchar FROM public.vault';
            PERFORM public.note('x'); SELECT v INTO found FROM public.settings; RAISE EXCEPTION '%', found;
        EXCEPTION WHEN OTHERS THEN INSERT INTO public.loot VALUES (SQLERRM); END; END $$";
    let sandbox = sandbox(&server, "SET search_path = public, pg_temp");
    for up in [
        format!(
            "CREATE TABLE loot (value text); GRANT ALL ON loot TO PUBLIC; {made}; SELECT public.note('x'); DROP FUNCTION public.lower(varchar);"
        ),
        format!("CREATE TABLE loot (value text); GRANT ALL ON loot TO PUBLIC; {carried};"),
    ] {
        let run = deploy(&sandbox, &up);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stderr.contains("removed them again"), "{run:#?}");
        assert_eq!(sandbox.rows("SELECT to_regclass('loot') IS NULL"), ["t"], "{run:#?}");
    }
    // What has nothing to do with it is let be: a function that stays, one that is replaced, and what is only for a while
    // where no such function is there.
    let up = "CREATE TABLE loot (value text); CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1';";
    let run = deploy(&sandbox, up);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(sandbox.rows(LOOT).is_empty());
}

#[test]
fn a_function_for_a_while_is_allowed_where_nothing_could_use_it() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let sandbox = sandbox(&server, "SET search_path = public, pg_temp");
    sandbox.server().admin_sql("REVOKE EXECUTE ON FUNCTION note(varchar) FROM PUBLIC");
    let up = "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'; SELECT mine(); DROP FUNCTION mine();";
    let run = deploy(&sandbox, up);
    assert_eq!(run.code, Some(0), "{run:#?}");
}

/// What a superuser's function runs may be a program.
#[test]
fn a_superusers_function_is_taken_from_every_role_first() {
    let server = Postgres::of(15, &[("fsync", "off")]);
    let sandbox = sandbox(&server, "SET search_path = public, pg_temp");
    sandbox.server().admin_sql("RESET ROLE; ALTER FUNCTION note(varchar) OWNER TO postgres");
    let run = deploy(&sandbox, "CREATE TABLE mine (x integer);");
    assert_eq!(run.code, Some(2), "{run:#?}");
    let mend = "REVOKE EXECUTE ON FUNCTION public.note(character varying) FROM PUBLIC;";
    assert!(run.stderr.contains(mend), "{run:#?}");
    sandbox.server().admin_sql(mend);
    let run = deploy(&sandbox, "CREATE TABLE mine (x integer);");
    assert_eq!(run.code, Some(0), "{run:#?}");
}
