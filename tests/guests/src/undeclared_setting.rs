//! Asks for a setting that it has not declared, although the operator gave its plugin others. The hook fails.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE undeclared_setting (value TEXT)", params![])?;
    let value = alteration_sdk::settings::get("DATABASE_URL\u{1b}[31m");
    db.execute("INSERT INTO undeclared_setting VALUES (?)", params![value])?;
    Ok(())
}
