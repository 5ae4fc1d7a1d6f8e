//! Stores random bytes and the time, having declared the permission. It succeeds where the operator
//! grants it.

use alteration_sdk::prelude::*;

use alteration_sdk::entropy;

const YEAR_2020_MS: u64 = 1_577_836_800_000;

pub(crate) fn up(db: &Database) -> Result<()> {
    let bytes = entropy::random_bytes(32);
    crate::expect("length", bytes.len(), 32)?;
    crate::expect("the same bytes twice", bytes == entropy::random_bytes(32), false)?;
    crate::expect("no bytes", entropy::random_bytes(0), vec![])?;
    let now_ms = entropy::now_ms();
    crate::expect("a time before 2020", now_ms < YEAR_2020_MS, false)?;
    crate::expect("the clock advances", entropy::now_ms(), now_ms)?;
    db.execute("CREATE TABLE declared_entropy (bytes BLOB, now_ms INTEGER)", params![])?;
    db.execute("INSERT INTO declared_entropy VALUES (?, ?)", params![bytes, now_ms])?;
    Ok(())
}
