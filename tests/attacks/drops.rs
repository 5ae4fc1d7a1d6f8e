//! PostgreSQL: what a confined plugin drops of its own, where the application has made something upon it.
//!
//! One database has a pair of objects for each scenario. None of the drops takes the application's along, and what nobody else
//! uses is dropped as ever.

use crate::support::{
    Run, Sandbox, finish,
    servers::{Postgres, is_full},
};

/// What the plugin made, what the application made upon it, and how the plugin would take that along.
struct Scenario {
    name: &'static str,
    first: &'static str,
    theirs: &'static str,
    up: &'static str,
    /// How the refusal calls the application's object.
    named: &'static str,
}

const SCENARIOS: [Scenario; 26] = [
    Scenario {
        name: "an enumeration that the application's column has",
        first: "CREATE TYPE mood AS ENUM ('ok');",
        theirs: "CREATE TABLE a1 (m mood); INSERT INTO a1 VALUES ('ok')",
        up: "DROP TYPE mood CASCADE;",
        named: "column m of table public.a1",
    },
    Scenario {
        name: "the same in a block",
        first: "CREATE TYPE mood_2 AS ENUM ('ok');",
        theirs: "CREATE TABLE a2 (m mood_2); INSERT INTO a2 VALUES ('ok')",
        up: "DO $$ BEGIN EXECUTE 'DROP TYPE mood_2 CASCADE'; END $$;",
        named: "column m of table public.a2",
    },
    Scenario {
        name: "the same by a procedure of its own",
        first: "CREATE TYPE mood_3 AS ENUM ('ok'); CREATE PROCEDURE takes() LANGUAGE plpgsql AS 'BEGIN DROP TYPE mood_3 CASCADE; END';",
        theirs: "CREATE TABLE a3 (m mood_3); INSERT INTO a3 VALUES ('ok')",
        up: "CALL takes();",
        named: "column m of table public.a3",
    },
    Scenario {
        name: "the same with all that the role owns",
        first: "CREATE TYPE mood_4 AS ENUM ('ok');",
        theirs: "CREATE TABLE a4 (m mood_4); INSERT INTO a4 VALUES ('ok')",
        up: "DO $$ BEGIN EXECUTE format('DROP OWNED BY %I CASCADE', current_user); END $$;",
        named: "which is not the plugin's",
    },
    Scenario {
        name: "a domain that the application's column has",
        first: "CREATE DOMAIN short AS text;",
        theirs: "CREATE TABLE a5 (s short); INSERT INTO a5 VALUES ('x')",
        up: "DROP DOMAIN short CASCADE;",
        named: "column s of table public.a5",
    },
    Scenario {
        name: "a type of which the application's column has an array",
        first: "CREATE TYPE pair AS (x integer);",
        theirs: "CREATE TABLE a6 (p pair[]); INSERT INTO a6 VALUES ('{(1)}')",
        up: "DROP TYPE pair CASCADE;",
        named: "column p of table public.a6",
    },
    Scenario {
        name: "a table whose row type the application's column has",
        first: "CREATE TABLE o7 (x integer);",
        theirs: "CREATE TABLE a7 (r o7); INSERT INTO a7 VALUES ('(1)')",
        up: "DROP TABLE o7 CASCADE;",
        named: "column r of table public.a7",
    },
    Scenario {
        name: "a collation that the application's column has",
        first: "CREATE COLLATION sorted FROM \"C\";",
        theirs: "CREATE TABLE a8 (x text COLLATE sorted); INSERT INTO a8 VALUES ('x')",
        up: "DROP COLLATION sorted CASCADE;",
        named: "column x of table public.a8",
    },
    Scenario {
        name: "a table that the application's view reads",
        first: "CREATE TABLE o9 (x integer);",
        theirs: "CREATE VIEW a9 AS SELECT x FROM o9; CREATE VIEW a9_more AS SELECT x FROM a9",
        up: "DROP TABLE o9 CASCADE;",
        named: "view public.a9",
    },
    Scenario {
        name: "a column that the application's view reads",
        first: "CREATE TABLE o10 (x integer, y integer);",
        theirs: "CREATE MATERIALIZED VIEW a10 AS SELECT y FROM o10",
        up: "ALTER TABLE o10 DROP COLUMN y CASCADE;",
        named: "materialized view public.a10",
    },
    Scenario {
        name: "a key that the application's view groups by",
        first: "CREATE TABLE o11 (id integer PRIMARY KEY, x integer);",
        theirs: "CREATE VIEW a11 AS SELECT id, x FROM o11 GROUP BY id",
        up: "ALTER TABLE o11 DROP CONSTRAINT o11_pkey CASCADE;",
        named: "view public.a11",
    },
    Scenario {
        name: "a table that the application's foreign key refers to",
        first: "CREATE TABLE o12 (id integer PRIMARY KEY);",
        theirs: "CREATE TABLE a12 (o integer REFERENCES o12)",
        up: "DROP TABLE o12 CASCADE;",
        named: "constraint a12_o_fkey on table public.a12",
    },
    Scenario {
        name: "a key that the application's foreign key refers to",
        first: "CREATE TABLE o13 (id integer PRIMARY KEY);",
        theirs: "CREATE TABLE a13 (o integer REFERENCES o13)",
        up: "ALTER TABLE o13 DROP CONSTRAINT o13_pkey CASCADE;",
        named: "constraint a13_o_fkey on table public.a13",
    },
    Scenario {
        name: "an index that the application's foreign key refers to",
        first: "CREATE TABLE o14 (id integer); CREATE UNIQUE INDEX o14_i ON o14 (id);",
        theirs: "CREATE TABLE a14 (o integer REFERENCES o14 (id))",
        up: "DROP INDEX o14_i CASCADE;",
        named: "constraint a14_o_fkey on table public.a14",
    },
    Scenario {
        name: "a function that the application's trigger calls",
        first: "CREATE FUNCTION o15() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';",
        theirs: "CREATE TABLE a15 (x integer); CREATE TRIGGER t BEFORE INSERT ON a15 FOR EACH ROW EXECUTE FUNCTION o15()",
        up: "DROP FUNCTION o15 CASCADE;",
        named: "trigger t on table public.a15",
    },
    Scenario {
        name: "a sequence that the application's default draws from",
        first: "CREATE SEQUENCE o16;",
        theirs: "CREATE TABLE a16 (n integer DEFAULT nextval('o16'))",
        up: "DROP SEQUENCE o16 CASCADE;",
        named: "default value for column n of table public.a16",
    },
    Scenario {
        name: "a function that the application's check calls",
        first: "CREATE FUNCTION o17(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 0';",
        theirs: "CREATE TABLE a17 (n integer CONSTRAINT positive CHECK (o17(n)))",
        up: "DROP FUNCTION o17 CASCADE;",
        named: "constraint positive on table public.a17",
    },
    Scenario {
        name: "a function that the application's index calls",
        first: "CREATE FUNCTION o18(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';",
        theirs: "CREATE TABLE a18 (n integer); CREATE INDEX a18_i ON a18 (o18(n))",
        up: "DROP FUNCTION o18 CASCADE;",
        named: "index public.a18_i",
    },
    Scenario {
        name: "a function that the application's policy calls",
        first: "CREATE FUNCTION o19(integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 0';",
        theirs: "CREATE TABLE a19 (n integer); CREATE POLICY p ON a19 USING (o19(n))",
        up: "DROP FUNCTION o19 CASCADE;",
        named: "policy p on table public.a19",
    },
    Scenario {
        name: "a function that the application's generated column calls",
        first: "CREATE FUNCTION o20(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';",
        theirs: "CREATE TABLE a20 (n integer, g integer GENERATED ALWAYS AS (o20(n)) STORED); INSERT INTO a20 VALUES (1)",
        up: "DROP FUNCTION o20 CASCADE;",
        named: "column g of table public.a20",
    },
    Scenario {
        name: "an operator that the application's view uses",
        first: "CREATE FUNCTION o21(integer, integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
            CREATE OPERATOR <~~> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = o21);",
        theirs: "CREATE VIEW a21 AS SELECT 1 <~~> 2 AS x",
        up: "DROP OPERATOR <~~> (integer, integer) CASCADE;",
        named: "view public.a21",
    },
    Scenario {
        name: "a type that the application's function takes",
        first: "CREATE TYPE o22 AS ENUM ('ok');",
        theirs: "CREATE FUNCTION a22(o22) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        up: "DROP TYPE o22 CASCADE;",
        named: "function public.a22(public.o22)",
    },
    Scenario {
        name: "a type that the application's domain is made of",
        first: "CREATE TYPE o23 AS ENUM ('ok');",
        theirs: "CREATE DOMAIN a23 AS o23",
        up: "DROP TYPE o23 CASCADE;",
        named: "type public.a23",
    },
    Scenario {
        name: "a type that the application casts to one of its own",
        first: "CREATE TYPE o24 AS ENUM ('ok');",
        theirs: "CREATE TYPE a24 AS ENUM ('ok'); CREATE CAST (o24 AS a24) WITH INOUT",
        up: "DROP TYPE o24 CASCADE;",
        named: "cast from public.o24 to public.a24",
    },
    Scenario {
        name: "a table from which the application's inherits",
        first: "CREATE TABLE o25 (x integer);",
        theirs: "CREATE TABLE a25 (y integer) INHERITS (o25); INSERT INTO a25 VALUES (1, 2)",
        up: "DROP TABLE o25 CASCADE;",
        named: "table public.a25",
    },
    Scenario {
        name: "a table of which the application's is a partition, without CASCADE",
        first: "CREATE TABLE o26 (x integer) PARTITION BY RANGE (x);",
        theirs: "CREATE TABLE a26 PARTITION OF o26 FOR VALUES FROM (1) TO (9); INSERT INTO a26 VALUES (1)",
        up: "DROP TABLE o26;",
        named: "table public.a26",
    },
];

/// What the plugin may drop: what it made before, what the application made upon that, and the drop.
const HONEST: [(&str, &str, &str); 10] = [
    (
        "",
        "",
        "CREATE TABLE h1 (x integer); CREATE VIEW h1_v AS SELECT x FROM h1; DROP TABLE h1 CASCADE;",
    ),
    (
        "CREATE TABLE h2 (x integer); CREATE VIEW h2_v AS SELECT x FROM h2;",
        "",
        "DROP TABLE h2 CASCADE;",
    ),
    (
        "CREATE TABLE h3 (x integer PRIMARY KEY); CREATE TABLE h3_more (x integer REFERENCES h3);",
        "",
        "DROP TABLE h3 CASCADE;",
    ),
    (
        "CREATE FUNCTION h4() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
            CREATE TABLE h4 (x integer); CREATE TRIGGER t BEFORE INSERT ON h4 FOR EACH ROW EXECUTE FUNCTION h4();",
        "",
        "DROP FUNCTION h4 CASCADE;",
    ),
    (
        "CREATE FUNCTION h5() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE VIEW h5_v AS SELECT 1 AS x;",
        "CREATE TABLE b5 (x integer); CREATE TRIGGER t BEFORE INSERT ON b5 FOR EACH ROW EXECUTE FUNCTION h5();
            CREATE VIEW b5_v AS SELECT x FROM h5_v",
        "CREATE OR REPLACE FUNCTION h5() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
            CREATE OR REPLACE VIEW h5_v AS SELECT 2 AS x, 3 AS y; CREATE TABLE h5 (x integer); DROP TABLE h5;",
    ),
    // PostgreSQL drops the foreign key and makes it anew.
    (
        "CREATE TABLE h6 (x integer PRIMARY KEY); INSERT INTO h6 VALUES (1);",
        "CREATE TABLE b6 (x bigint REFERENCES h6); INSERT INTO b6 VALUES (1)",
        "ALTER TABLE h6 ALTER COLUMN x TYPE bigint;",
    ),
    (
        "CREATE TABLE h7 (x integer);",
        "CREATE FUNCTION b7() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
            CREATE TRIGGER t BEFORE INSERT ON h7 FOR EACH ROW EXECUTE FUNCTION b7(); CREATE INDEX b7 ON h7 (x)",
        "DROP TABLE h7;",
    ),
    (
        "CREATE TYPE h8 AS ENUM ('ok');",
        "CREATE TABLE b8 (m h8); INSERT INTO b8 VALUES ('ok')",
        "DO $$ BEGIN DROP TYPE h8 CASCADE; RAISE 'not so'; EXCEPTION WHEN raise_exception THEN END $$;",
    ),
    (
        "CREATE TABLE h9 (x integer, y integer);",
        "CREATE STATISTICS b9 ON x, y FROM h9",
        "ALTER TABLE h9 ALTER COLUMN x TYPE bigint;",
    ),
    (
        "CREATE TABLE h10 (x integer);",
        "RESET ROLE; CREATE PUBLICATION b10 FOR TABLE h10",
        "DROP TABLE h10;",
    ),
];

fn sandbox(server: &Postgres) -> Sandbox {
    let sandbox = Sandbox::on(server.database());
    sandbox.server().admin_sql(
        "ALTER ROLE runner CREATEROLE; REVOKE CREATE ON SCHEMA public FROM PUBLIC; ALTER SCHEMA public OWNER TO runner",
    );
    sandbox
}

fn server(major: u32) -> Postgres {
    Postgres::of(major, &[("fsync", "off")])
}

/// Packs one alteration of evil/x, which asks for `asks`.
fn pack(sandbox: &Sandbox, id: &str, files: &[(&str, &str)], asks: &[&str]) {
    let sources = format!("sources/{id}");
    let asks: Vec<String> = asks.iter().map(|ask| format!("'{ask}'")).collect();
    sandbox.write(
        &format!("{sources}/alteration.toml"),
        format!("plugin = 'evil/x'\n[alterations.'{id}']\npermissions = [{}]\n", asks.join(", ")),
    );
    for (hook, sql) in files {
        sandbox.write(&format!("{sources}/{id}.{hook}.sql"), sql);
    }
    sandbox.ok(&["pack", &sources, "--out", "plugins/evil/x", "--replace"]);
}

fn run(sandbox: &Sandbox, args: &[&str], grants: &[&str]) -> Run {
    let mut command = sandbox.command(args);
    command.args(grants.iter().map(|grant| format!("--grant=evil/x:{grant}")));
    finish(command.env_remove("RUNNER_GUARD"))
}

fn deploy(sandbox: &Sandbox, grants: &[&str]) -> Run {
    run(sandbox, &["deploy", "plugins", "--yes"], grants)
}

fn applied(run: &Run, what: &str) {
    assert_eq!(run.code, Some(0), "{what}: {run:#?}");
}

fn refused(run: &Run, named: &str, what: &str) {
    let said = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_named = said.contains(named) && said.contains("which is not the plugin's");
    assert!(run.code == Some(1) && is_named, "{what}: {named}: {run:#?}");
}

fn as_application(sandbox: &Sandbox, sql: &str) {
    sandbox.server().admin_sql(&format!("SET ROLE runner; {sql}"));
}

fn drops(major: u32) {
    let server = server(major);
    let sandbox = sandbox(&server);
    let first: String = SCENARIOS.iter().map(|scenario| scenario.first).collect();
    pack(&sandbox, "1.0.0-1-a", &[("up", &first)], &[]);
    applied(&deploy(&sandbox, &[]), "first");
    for scenario in &SCENARIOS {
        as_application(&sandbox, scenario.theirs);
    }
    let was = sandbox.dump();
    for Scenario { name, up, named, .. } in &SCENARIOS {
        pack(&sandbox, "1.0.0-2-b", &[("up", up)], &[]);
        refused(&deploy(&sandbox, &[]), named, name);
        assert_eq!(sandbox.dump(), was, "{name}");
        assert_eq!(sandbox.rows("SELECT count(*) FROM alteration_dependent d JOIN alteration_ticket t USING (number) WHERE t.is_finished = 1"), ["0"]);
    }
}

fn keeps(major: u32) {
    let server = server(major);
    let sandbox = sandbox(&server);
    let first: String = HONEST.iter().map(|(first, ..)| *first).collect();
    pack(&sandbox, "1.0.0-1-a", &[("up", &first)], &[]);
    applied(&deploy(&sandbox, &[]), "first");
    for (_, theirs, up) in HONEST {
        as_application(&sandbox, theirs);
        pack(&sandbox, &format!("1.0.0-2-{}", id_of(up)), &[("up", up)], &[]);
        applied(&deploy(&sandbox, &[]), up);
    }
    assert_eq!(sandbox.rows("SELECT count(*) FROM alteration_dependent"), ["0"]);
    assert_eq!(sandbox.rows("SELECT count(*) FROM b8 WHERE m = 'ok'"), ["1"]);
    let key = "SELECT count(*) FROM pg_constraint WHERE conname = 'b6_x_fkey'";
    assert_eq!(sandbox.rows(key), ["1"]);
}

/// A place among the alterations that no other has.
fn id_of(up: &str) -> String {
    let at = HONEST.iter().position(|(.., known)| *known == up).unwrap_or_default();
    format!("h{at:02}")
}

const MOOD: &str = "CREATE TYPE mood AS ENUM ('ok'); CREATE TYPE other AS ENUM ('ok');";
const NOTES: &str = "CREATE TABLE notes (m mood); INSERT INTO notes VALUES ('ok')";
const TAKES: &str = "DROP TYPE mood CASCADE;";

fn other_ways(major: u32) {
    let server = server(major);
    let sandbox = sandbox(&server);
    let down = ("down", "DROP TYPE mood CASCADE; DROP TYPE other;");
    pack(&sandbox, "1.0.0-1-a", &[("up", MOOD), down], &[]);
    applied(&deploy(&sandbox, &[]), "first");
    as_application(&sandbox, NOTES);
    let was = sandbox.dump();
    let back = ["rollback", "--plugin", "evil/x", "--steps", "1", "--yes"];
    refused(&run(&sandbox, &back, &[]), "column m of table public.notes", "down");
    assert_eq!(sandbox.dump(), was);
    pack(&sandbox, "1.0.0-2-b", &[("up", TAKES)], &[]);
    let dry = run(&sandbox, &["deploy", "plugins", "--dry-run"], &[]);
    refused(&dry, "column m of table public.notes", "a dry run");
    // Outside of one transaction.
    let before = format!(
        "CREATE TABLE made (x integer); {TAKES} CREATE INDEX CONCURRENTLY made_i ON made (x);"
    );
    pack(&sandbox, "1.0.0-2-b", &[("up", "SELECT 1;"), ("before-up", &before)], &[]);
    refused(&deploy(&sandbox, &[]), "column m of table public.notes", "before-up");
    assert_eq!(sandbox.rows("SELECT count(*) FROM notes WHERE m = 'ok'"), ["1"]);
}

fn permitted(major: u32) {
    let server = server(major);
    let sandbox = sandbox(&server);
    pack(&sandbox, "1.0.0-1-a", &[("up", MOOD)], &[]);
    applied(&deploy(&sandbox, &[]), "first");
    as_application(&sandbox, NOTES);
    let asks = ["drops app:notes"];
    pack(&sandbox, "1.0.0-2-b", &[("up", TAKES)], &asks);
    // The next one may not, and in a rehearsal has the same transaction.
    pack(&sandbox, "1.0.0-3-c", &[("up", "DROP TYPE other CASCADE;")], &[]);
    applied(&run(&sandbox, &["deploy", "plugins", "--dry-run"], &asks), "a dry run");
    assert_eq!(sandbox.rows("SELECT count(*) FROM notes WHERE m = 'ok'"), ["1"]);
    applied(&deploy(&sandbox, &asks), "permitted");
    let left = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'notes'::regclass AND attnum > 0 AND NOT attisdropped";
    assert_eq!(sandbox.rows(left), ["0"]);
    // What it added to a table of the application's.
    as_application(&sandbox, "CREATE TABLE customers (id integer)");
    let asks = ["alters app:customers", "leaves code on app:customers"];
    let up = "CREATE TYPE late AS ENUM ('ok'); ALTER TABLE customers ADD COLUMN m late;";
    let down = "ALTER TABLE customers DROP COLUMN m; DROP TYPE late;";
    pack(&sandbox, "1.0.0-4-d", &[("up", up), ("down", down)], &asks);
    applied(&deploy(&sandbox, &["drops app:notes", asks[0], asks[1]]), "its own column");
    let back = ["rollback", "--plugin", "evil/x", "--steps", "1", "--yes"];
    applied(&run(&sandbox, &back, &[]), "its own column, back");
}

#[test]
fn nothing_of_the_applications_goes_with_what_a_plugin_drops() {
    drops(15);
}

#[test]
fn what_takes_nothing_along_is_dropped() {
    keeps(15);
}

#[test]
fn neither_a_way_back_nor_a_rehearsal_nor_a_preparation_takes_anything_along() {
    other_ways(15);
}

#[test]
fn what_may_be_dropped_goes_along() {
    permitted(15);
}

#[test]
fn on_other_versions() {
    if is_full() {
        for major in [14, 16, 18] {
            drops(major);
            keeps(major);
            other_ways(major);
            permitted(major);
        }
    }
}
