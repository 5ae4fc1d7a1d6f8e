//! Stores what the operator gave for each setting that it has declared. It succeeds, given all of them or none.

use alteration_sdk::{prelude::*, settings};

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE declared_settings (name TEXT, value TEXT)", params![])?;
    for name in ["REGION", "mail.from", "big"] {
        let value = settings::get(name);
        crate::expect("asked again", settings::get(name), value.clone())?;
        db.execute("INSERT INTO declared_settings VALUES (?, ?)", params![name, value])?;
    }
    Ok(())
}
