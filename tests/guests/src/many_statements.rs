//! Runs a script of 20,000 statements. It succeeds, in a time that grows no faster than the script.

use alteration_sdk::prelude::*;

use std::fmt::Write as _;

const STATEMENTS: i64 = 20_000;

pub(crate) fn up(db: &Database) -> Result<()> {
    let mut sql = String::from("CREATE TABLE many_statements (x INTEGER PRIMARY KEY, y TEXT);\n");
    for i in 0..STATEMENTS {
        writeln!(sql, "INSERT INTO many_statements VALUES ({i}, 'a;b -- {i}'); -- x;")?;
    }
    db.execute_script(&sql)?;
    let count: i64 = db.query_one("SELECT count(*) FROM many_statements", params![])?;
    crate::expect("rows", count, STATEMENTS)
}
