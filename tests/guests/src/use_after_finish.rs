//! Goes on with a bulk writer that was finished. Every use is an error, not a crash of the host, so
//! all is well when the hook says `every use was refused`.

use alteration_sdk::prelude::*;

use alteration_sdk::raw::database;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE use_after_finish (x INTEGER)", params![])?;
    // The SDK's writer is gone when it is finished, so this goes around it.
    let writer = database::open_bulk_writer("use_after_finish", &["x".to_owned()])?;
    writer.write(&[vec![Value::Int64(1)]])?;
    crate::expect("rows written", writer.finish()?, 1)?;
    let accepted = [
        writer.write(&[vec![Value::Int64(2)]]).is_ok(),
        writer.write_columns(&[vec![3i64].into()]).is_ok(),
        writer.finish().is_ok(),
    ];
    crate::expect("accepted (write, write-columns, finish)", accepted, [false; 3])?;
    Err("every use was refused".into())
}
