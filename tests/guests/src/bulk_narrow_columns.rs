//! Writes fewer columns than the writer has. An error of the host's, which the SDK would not ask for.

use alteration_sdk::{prelude::*, raw::database::open_bulk_writer};

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE bulk_narrow_columns (x INTEGER, y INTEGER)", params![])?;
    let writer = open_bulk_writer("bulk_narrow_columns", &["x".to_owned(), "y".to_owned()])?;
    writer.write_columns(&[vec![1i64].into()])?;
    writer.finish()?;
    Ok(())
}
