//! drizzle's marks between statements, on the database to which they are no comment, and between statements that end with
//! nothing else.

use crate::support::Place;

#[test]
fn divide_statements_everywhere() {
    for (place, dialect) in
        [(Place::Sqlite, "sqlite"), (Place::Postgres, "postgresql"), (Place::Mariadb, "mysql")]
    {
        let sandbox = place.sandbox();
        let journal = r#"{ "version": "7", "dialect": "DIALECT", "entries": [
            { "idx": 0, "when": 1700000000000, "tag": "0000_a", "breakpoints": true },
            { "idx": 1, "when": 1700000000001, "tag": "0001_b", "breakpoints": true } ] }"#;
        sandbox.write("drizzle/meta/_journal.json", journal.replace("DIALECT", dialect));
        sandbox.write(
            "drizzle/0000_a.sql",
            "CREATE TABLE a (b varchar(9));--> statement-breakpoint\nCREATE INDEX i ON a (b);\n--> statement-breakpoint\nCREATE TABLE c (d int);",
        );
        sandbox.write(
            "drizzle/0001_b.sql",
            "INSERT INTO a VALUES ('x;')\n--> statement-breakpoint\nUPDATE a SET b = 'y' -- why\n--> statement-breakpoint\nINSERT INTO c VALUES (1)",
        );
        sandbox.ok(&["pack", "drizzle", "--plugin", "acme/app", "--out", "plugins"]);
        sandbox.ok(&["deploy", "plugins"]);
        assert_eq!(sandbox.rows("SELECT b FROM a"), ["y"], "{place:?}");
        assert_eq!(sandbox.rows("SELECT count(*) FROM c"), ["1"], "{place:?}");
    }
}
