//! What the operator says, by name.

use super::{Cases, see};
use alteration_sdk::{prelude::*, settings};

pub(super) const CASES: Cases = &[("setting_given", given), ("setting_undeclared", undeclared)];

fn given(db: &Database) -> Result<()> {
    let value = settings::get("argument");
    see(
        db,
        "length",
        value.as_ref().map_or("null".into(), |value| value.chars().count().to_string()),
    )?;
    see(
        db,
        "argument",
        value.map_or("null".into(), |value| value.chars().take(20).collect::<String>()),
    )
}

fn undeclared(_: &Database) -> Result<()> {
    settings::get("MORE");
    log::info!("it was given more");
    Ok(())
}
