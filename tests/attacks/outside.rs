//! Confined plugins on PostgreSQL whose hooks run outside of transactions: what they may do there, what is refused, and
//! that nothing of what such a statement was given stays.

use crate::support::{
    Run, Sandbox, finish,
    servers::{Postgres, is_full},
};

const FIRST: &str = "1.0.0-5-first";
const SECOND: &str = "1.0.0-6-second";

/// What the application has.
const THEIRS: &str = "
    CREATE TABLE public.customers (id integer PRIMARY KEY, name text);
    INSERT INTO public.customers VALUES (1, 'Ada');
    CREATE FUNCTION public.app_label(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';";

const TABLE: &str = "CREATE TABLE t (x integer); INSERT INTO t VALUES (1), (2);";
/// What the plugin has of objects, and whether its indexes are valid.
const OBJECTS: &str = "SELECT concat_ws(' ', c.relkind, c.relname, i.indisvalid) FROM pg_class c
    LEFT JOIN pg_index i ON i.indexrelid = c.oid
    WHERE c.relowner::regrole::text ~ '^runner_' AND c.relkind <> 't' AND c.relnamespace = 'public'::regnamespace ORDER BY 1";
/// Rights to make something, sessions, logins and tickets that are left.
const LEFT: &str = "SELECT concat_ws(' ',
    (SELECT count(*) FROM pg_namespace n, aclexplode(n.nspacl) a JOIN pg_roles r ON r.oid = a.grantee
        WHERE r.rolname ~ '^runner_' AND a.privilege_type = 'CREATE'),
    (SELECT count(*) FROM pg_stat_activity WHERE usename ~ '^runner_'),
    (SELECT count(*) FROM pg_authid WHERE rolname IN (SELECT role FROM public.alteration_role)
        AND (rolcanlogin OR rolpassword IS NOT NULL)))";

enum Ends {
    Applied,
    /// With a text that contains this.
    Refused(&'static str),
}

struct Scenario {
    name: &'static str,
    /// The `up` of the plugin's first alteration, behind the one that makes `t`.
    first: &'static str,
    /// The `before-up` of its second one.
    before: &'static str,
    ends: Ends,
    /// What the plugin has afterwards.
    has: &'static [&'static str],
}

const ONLY_THE_TABLE: &[&str] = &["r t"];

const SCENARIOS: [Scenario; 13] = [
    Scenario {
        name: "indexes are made and dropped, with changes of rows in between",
        first: "",
        before: "UPDATE t SET x = x + 10;
            CREATE INDEX CONCURRENTLY t_x ON t (x);
            INSERT INTO t VALUES (7);
            DROP INDEX CONCURRENTLY t_x;
            CREATE UNIQUE INDEX CONCURRENTLY t_unique ON t (x) WHERE x > 0;",
        ends: Ends::Applied,
        has: &["i t_unique t", "r t"],
    },
    Scenario {
        name: "an index calls the plugin's own function",
        first: "CREATE FUNCTION doubled(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';",
        before: "CREATE INDEX CONCURRENTLY t_doubled ON t (doubled(x));",
        ends: Ends::Applied,
        has: &["i t_doubled t", "r t"],
    },
    Scenario {
        name: "a table is tended",
        first: "CREATE INDEX t_x ON t (x);",
        before: "VACUUM t; REINDEX TABLE CONCURRENTLY t; CLUSTER t USING t_x; VACUUM (ANALYZE) t;",
        ends: Ends::Applied,
        has: &["i t_x t", "r t"],
    },
    Scenario {
        name: "objects are made in a transaction of the hook",
        first: "",
        before: "CREATE TABLE made (x integer); INSERT INTO made VALUES (1); CREATE INDEX CONCURRENTLY made_x ON made (x);",
        ends: Ends::Applied,
        has: &["i made_x t", "r made", "r t"],
    },
    Scenario {
        name: "a block that commits",
        first: "",
        before: "DO $$ BEGIN CREATE TABLE stolen (x integer); COMMIT; END $$;",
        ends: Ends::Refused("may not run code that commits"),
        has: ONLY_THE_TABLE,
    },
    Scenario {
        name: "a procedure that commits",
        first: "CREATE PROCEDURE commits() LANGUAGE plpgsql AS 'BEGIN INSERT INTO t VALUES (99); COMMIT; END';",
        before: "CALL commits();",
        // As a definer's procedure it cannot commit anywhere.
        ends: Ends::Refused("may not run code that commits"),
        has: ONLY_THE_TABLE,
    },
    Scenario {
        name: "a query that says it had to be outside",
        first: "CREATE FUNCTION outside() RETURNS integer LANGUAGE plpgsql AS
            $$ BEGIN RAISE SQLSTATE '25001'; END $$;",
        before: "SELECT outside();",
        // It is no statement that could need to.
        ends: Ends::Refused("failed: 25001"),
        has: ONLY_THE_TABLE,
    },
    Scenario {
        name: "a table of what says that it had to be outside",
        first: "CREATE FUNCTION outside() RETURNS integer LANGUAGE plpgsql AS
            $$ BEGIN IF pg_current_xact_id_if_assigned() IS NOT NULL THEN RAISE SQLSTATE '25001'; END IF; RETURN 1; END $$;",
        before: "CREATE TABLE stolen AS SELECT outside() AS concurrently;",
        ends: Ends::Refused("may not run this outside of a transaction"),
        has: ONLY_THE_TABLE,
    },
    Scenario {
        name: "an index whose expression makes a table",
        first: "CREATE FUNCTION makes(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
            $$ BEGIN CREATE TABLE IF NOT EXISTS stolen (x integer); RETURN $1; END $$;",
        before: "CREATE INDEX CONCURRENTLY t_makes ON t (makes(x));",
        ends: Ends::Refused("permission denied for function makes"),
        has: ONLY_THE_TABLE,
    },
    Scenario {
        name: "an index whose expression reads the application's table",
        first: "CREATE FUNCTION spies(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
            $$ DECLARE found integer; BEGIN SELECT count(*) INTO found FROM public.customers; RETURN found; END $$;",
        before: "CREATE INDEX CONCURRENTLY t_spies ON t (spies(x));",
        ends: Ends::Refused("permission denied for table customers"),
        has: ONLY_THE_TABLE,
    },
    Scenario {
        name: "an index that calls the application's function",
        first: "",
        before: "CREATE INDEX CONCURRENTLY t_label ON t (app_label(x));",
        ends: Ends::Refused("the index public.t_label calls public.app_label(integer)"),
        has: ONLY_THE_TABLE,
    },
    Scenario {
        name: "an index on the application's table",
        first: "",
        before: "CREATE INDEX CONCURRENTLY customers_name ON customers (name);",
        ends: Ends::Refused("must be owner of table customers"),
        has: ONLY_THE_TABLE,
    },
    Scenario {
        name: "an index that holds the session",
        first: "CREATE FUNCTION slow(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
            $$ BEGIN PERFORM pg_sleep(300); RETURN $1; END $$;",
        before: "CREATE INDEX CONCURRENTLY t_slow ON t (slow(x));",
        ends: Ends::Refused(""),
        has: ONLY_THE_TABLE,
    },
];

fn packed(sandbox: &Sandbox, scenario: &Scenario) {
    let source = |id: &str, hook: &str| format!("sources/evil/{id}.{hook}.sql");
    sandbox.write(&source(FIRST, "up"), format!("{TABLE}\n{}", scenario.first));
    sandbox.write(&source(SECOND, "before-up"), scenario.before);
    sandbox.write(&source(SECOND, "up"), "INSERT INTO t VALUES (100);");
    sandbox.ok(&["pack", "sources/evil", "--plugin", "evil/x", "--out", "plugins/evil"]);
}

fn deploy(sandbox: &Sandbox) -> Run {
    let args = ["deploy", "plugins", "--yes", "--confine", "*", "--timeout", "8s"];
    finish(&mut sandbox.command(&args))
}

fn ends_as_expected(server: &Postgres, scenario: &Scenario) -> Result<(), String> {
    let sandbox = Sandbox::on(server.database());
    let database = sandbox.server();
    database.admin_sql(&format!(
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO runner; SET ROLE runner; {THEIRS}"
    ));
    packed(&sandbox, scenario);
    let run = deploy(&sandbox);
    match scenario.ends {
        Ends::Applied if run.code == Some(0) => {}
        Ends::Refused(why) if run.code == Some(1) && run.stderr.contains(why) => {}
        _ => return Err(format!("it ended otherwise: {run:#?}")),
    }
    let has = database.rows(OBJECTS);
    if has != scenario.has {
        return Err(format!("it has {has:?}: {run:#?}"));
    }
    let left = database.rows(LEFT);
    if left != ["0 0 0"] {
        return Err(format!("left: {left:?}: {run:#?}"));
    }
    let rows = sandbox.rows("SELECT count(*) FROM t WHERE x IN (99, 100)");
    let expected = if matches!(scenario.ends, Ends::Applied) { "1" } else { "0" };
    match rows == [expected] {
        true => Ok(()),
        false => Err(format!("its rows: {rows:?}")),
    }
}

/// Partitions can be detached so from version 14 on.
const DETACHES: Scenario = Scenario {
    name: "a partition is detached",
    first: "CREATE TABLE whole (k integer) PARTITION BY LIST (k); CREATE TABLE part PARTITION OF whole FOR VALUES IN (1);",
    before: "ALTER TABLE whole DETACH PARTITION part CONCURRENTLY;",
    ends: Ends::Applied,
    has: &["p whole", "r part", "r t"],
};

fn try_all(major: u32) {
    let server = Postgres::of(major, &[("fsync", "off")]);
    server.database().admin_sql("ALTER ROLE runner CREATEROLE");
    let detaches = (major >= 14).then_some(&DETACHES);
    let tried = SCENARIOS.iter().chain(detaches).filter_map(|scenario| {
        let ended = ends_as_expected(&server, scenario).err()?;
        Some(format!("{}: {ended}", scenario.name))
    });
    let failures: Vec<String> = tried.collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn what_runs_outside_of_transactions() {
    try_all(15);
}

#[test]
fn on_other_versions() {
    if is_full() {
        for major in [13, 14, 16, 18] {
            try_all(major);
        }
    }
}
