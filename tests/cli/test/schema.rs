//! Every kind of thing that a schema holds is compared, on each database.

use super::{CREATE, document, mariadb, packed, postgres, sandbox, test};
use crate::support::Sandbox;
use serde_json::Value;

#[test]
fn everything_of_a_schema_is_compared_on_postgresql() {
    let things = [
        ("CREATE SCHEMA s", "schema", "(is there)"),
        ("CREATE SEQUENCE q INCREMENT 7", "sequence", "INCREMENT 7"),
        ("CREATE TYPE mood AS ENUM ('glad')", "type", "'glad'"),
        ("CREATE TYPE pair AS (first_one int)", "type", "first_one integer"),
        ("CREATE DOMAIN d AS int CHECK (VALUE > 5)", "type", "VALUE > 5"),
        ("CREATE VIEW v AS SELECT id AS seen FROM customers", "view", "AS seen"),
        (
            "CREATE MATERIALIZED VIEW m AS SELECT id AS kept FROM customers",
            "materialized view",
            "AS kept",
        ),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 17'", "function", "SELECT 17"),
        ("CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 18'", "procedure", "SELECT 18"),
        ("CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int)", "aggregate", "SFUNC int4pl"),
        ("COMMENT ON TABLE customers IS 'our dear'", "comment", "our dear"),
        ("CREATE STATISTICS st ON id, name FROM customers", "statistics", "ON id, name"),
        (
            "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
            "other",
            "(is there)",
        ),
        (
            "ALTER DEFAULT PRIVILEGES GRANT UPDATE ON TABLES TO PUBLIC",
            "default privileges",
            "GRANT UPDATE",
        ),
        (
            "CREATE UNLOGGED TABLE u (id int) WITH (fillfactor = 71)",
            "table",
            "UNLOGGED WITH (fillfactor=71)",
        ),
        (
            "ALTER TABLE customers ADD a text COLLATE \"C\" NOT NULL DEFAULT 'x'",
            "table",
            "a text COLLATE \"C\" NOT NULL DEFAULT 'x'::text",
        ),
        (
            "ALTER TABLE customers ADD g int GENERATED ALWAYS AS (id + 1) STORED",
            "table",
            "GENERATED ALWAYS AS ((id + 1))",
        ),
        ("ALTER TABLE customers ADD CHECK (id < 88)", "table", "CHECK ((id < 88))"),
        ("ALTER TABLE customers ADD UNIQUE (id, name)", "table", "UNIQUE (id, name)"),
        ("CREATE INDEX i ON customers (lower(name))", "table", "lower((name)::text)"),
        ("ALTER TABLE customers ENABLE ROW LEVEL SECURITY", "table", "ROW LEVEL SECURITY"),
        ("CREATE POLICY p ON customers USING (id = 9)", "table", "USING ((id = 9))"),
        ("CREATE RULE r AS ON DELETE TO customers DO NOTHING", "table", "DO NOTHING"),
        ("GRANT SELECT ON customers TO PUBLIC", "table", "GRANT SELECT TO PUBLIC"),
        ("GRANT UPDATE (name) ON customers TO PUBLIC", "table", "GRANT UPDATE TO PUBLIC (name)"),
        (
            "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
          CREATE TRIGGER t BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION g()",
            "table",
            "CREATE TRIGGER t",
        ),
    ];
    // All of it is left behind by a `down` that does nothing.
    let up: Vec<&str> = things.iter().map(|(sql, ..)| *sql).collect();
    let up = up.join(";\n");
    let sandbox =
        packed(Sandbox::on(postgres()), &[CREATE, ("1.0.0-1700000100-x", &up, "SELECT 1;")]);
    let run = test(&sandbox, &["--format", "json"]);
    let document = document(&run);
    assert_eq!(document["failure"]["again"], true, "{run:#?}");
    let differences = document["alterations"][1]["differences"].as_array().expect("a list");
    for (sql, kind, words) in things {
        let is_found = differences.iter().filter(|one| one["what"] == kind).any(|one| {
            let mut lines = one["lines"].as_array().expect("a list").iter();
            lines.any(|line| line["added"].as_str().is_some_and(|line| line.contains(words)))
        });
        assert!(is_found, "{sql} is not found: {run:#?}");
    }
}

/// Each thing is found among what differs after `down`: its kind, its name, words of its lines.
fn assert_left_behind(document: &Value, things: &[(&str, &str, &str)]) {
    let differences = document["alterations"][1]["differences"].as_array().expect("a list");
    for (kind, name, words) in things {
        let is_found = differences.iter().any(|one| {
            let is_it = one["what"] == *kind && one["name"] == *name && one["after"] == "down";
            let mut lines = one["lines"].as_array().into_iter().flatten();
            is_it
                && lines.any(|line| line["added"].as_str().is_some_and(|line| line.contains(words)))
        });
        assert!(is_found, "{kind} {name} is not found: {document:#}");
    }
}

#[test]
fn everything_of_a_schema_is_compared_on_mariadb() {
    let up = "CREATE VIEW v AS SELECT id AS seen FROM customers;
        CREATE TRIGGER tr BEFORE INSERT ON customers FOR EACH ROW SET NEW.name = 'fired';
        CREATE PROCEDURE p() SELECT 17;
        CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 18;
        CREATE SEQUENCE q INCREMENT BY 7;
        ALTER TABLE customers ADD FOREIGN KEY others (id) REFERENCES customers (id);
        ALTER TABLE customers ADD CHECK (id < 88);
        ALTER TABLE customers ADD again varchar(7) COLLATE utf8mb4_bin COMMENT 'twice';
        ALTER TABLE customers COMMENT 'our dear'";
    let sandbox =
        packed(Sandbox::on(mariadb()), &[CREATE, ("1.0.0-1700000100-x", up, "SELECT 1;")]);
    let run = test(&sandbox, &["--format", "json"]);
    assert_left_behind(
        &document(&run),
        &[
            ("view", "v", "AS `seen`"),
            ("trigger", "tr", "'fired'"),
            ("procedure", "p", "SELECT 17"),
            ("function", "f", "RETURN 18"),
            ("sequence", "q", "increment by 7"),
            ("table", "customers", "FOREIGN KEY"),
            ("table", "customers", "`id` < 88"),
            ("table", "customers", "`again` varchar(7)"),
            ("table", "customers", "our dear"),
        ],
    );
}

#[test]
fn everything_of_a_schema_is_compared_on_sqlite() {
    let up = "CREATE VIEW v AS SELECT id AS seen FROM customers;
        CREATE TRIGGER tr AFTER INSERT ON customers BEGIN SELECT 'fired'; END;
        CREATE UNIQUE INDEX i ON customers (name) WHERE id > 7;
        CREATE TABLE strict_one (id INTEGER PRIMARY KEY, t TEXT CHECK (t <> '')) STRICT;";
    let sandbox = sandbox(&[CREATE, ("1.0.0-1700000100-x", up, "SELECT 1;")]);
    let run = test(&sandbox, &["--format", "json"]);
    assert_left_behind(
        &document(&run),
        &[
            ("view", "v", "AS seen"),
            ("trigger", "tr", "'fired'"),
            ("index", "i", "WHERE id > 7"),
            ("table", "strict_one", ") STRICT"),
            ("table", "strict_one", "t TEXT CHECK(t <> '')"),
        ],
    );
}
