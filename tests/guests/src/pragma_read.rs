//! Reads the columns of a table by PRAGMA. It succeeds: reading the schema is an everyday need.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE pragma_read (a INTEGER, b TEXT)", params![])?;
    let columns: Vec<Row> = db.query("PRAGMA table_info(pragma_read)", params![])?;
    let names: Result<Vec<String>> =
        columns.into_iter().map(|mut column| column.take_named("name")).collect();
    crate::expect("columns", names?, vec!["a".to_owned(), "b".to_owned()])
}
