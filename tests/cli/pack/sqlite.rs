//! `pack` of files for SQLite: what a deploy could not run is refused with its line, what it would leave out is noted.

use crate::support::{Run, Sandbox};

pub const UP: &str = "-- migrate:up";
pub const OUTSIDE: &str = "-- migrate:up transaction:false";

/// Packs a history of dbmate for SQLite, each file given as `(name, text)`.
pub fn packed(sandbox: &Sandbox, files: &[(&str, String)]) -> Run {
    for (name, text) in files {
        sandbox.write(&format!("in/{name}"), text);
    }
    let plugin = "plugins/acme/app";
    sandbox.runner(&[
        "pack",
        "in",
        "--from",
        "dbmate",
        "--dialect",
        "sqlite",
        "--plugin",
        "acme/app",
        "--out",
        plugin,
    ])
}

#[test]
fn what_cannot_be_is_refused_by_pack_with_its_line() {
    let table = [
        (UP, "VACUUM", "VACUUM is refused: it cannot run in a transaction; put it where"),
        (OUTSIDE, "VACUUM INTO 'copy.db'", "VACUUM INTO is refused: it writes another file"),
        (
            OUTSIDE,
            "PRAGMA writable_schema = ON",
            "PRAGMA writable_schema is refused: the schema is",
        ),
        (UP, "PRAGMA key = 'x'", "PRAGMA key is refused: the runner's SQLite does not encrypt"),
        (
            UP,
            "CREATE VIRTUAL TABLE g USING geopoly(a)",
            "virtual tables of the module geopoly are refused",
        ),
    ];
    for (up, sql, reason) in table {
        let sandbox = Sandbox::new();
        let packed = packed(&sandbox, &[("1_a.sql", format!("{up}\nSELECT 1;\n{sql};\n"))]);
        assert_eq!(packed.code, Some(1), "{packed:#?}");
        let told = format!("in/1_a.sql: line 3: a deploy would refuse this: {reason}");
        assert!(packed.stderr.contains(&told), "{packed:#?}");
    }
}

#[test]
fn what_is_passed_over_is_noted() {
    let sandbox = Sandbox::new();
    let text = format!("{UP}\nPRAGMA synchronous = OFF;\nPRAGMA journal_mode = WAL;\n");
    let packed = packed(&sandbox, &[("1_a.sql", text)]);
    for told in [
        "in/1_a.sql: line 2: PRAGMA synchronous is passed over: it is a setting of the connection",
        "in/1_a.sql: line 3: PRAGMA journal_mode is run behind the transaction",
    ] {
        assert!(packed.stderr.contains(told), "{packed:#?}");
    }
}
