//! Opens another file whose name is an expression, which an authorizer sees differently. Denied,
//! and no file is made.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("ATTACH 'attach_expression_'||'escaped.db' AS other", params![])?;
    Ok(())
}
