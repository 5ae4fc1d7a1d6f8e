//! Opens cursors without end and closes none. A `limit` error.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    let mut open = Vec::new();
    loop {
        open.push(db.cursor("SELECT 1 UNION ALL SELECT 2", params![])?);
    }
}
