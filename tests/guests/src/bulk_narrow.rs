//! Writes rows that are narrower than the writer. An error of the host's, which the SDK would not ask for.

use alteration_sdk::{prelude::*, raw::database::open_bulk_writer};

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE bulk_narrow (x INTEGER, y INTEGER)", params![])?;
    let writer = open_bulk_writer("bulk_narrow", &["x".to_owned(), "y".to_owned()])?;
    writer.write(&[vec![1i64.to_value()]])?;
    writer.finish()?;
    Ok(())
}
