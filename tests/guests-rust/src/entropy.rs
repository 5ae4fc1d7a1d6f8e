//! Chance and time: the host's alone, and only with the permission.

use super::{Cases, see};
use alteration_sdk::{entropy, prelude::*};
use std::time::SystemTime;

pub(super) const WITHOUT_THE_PERMISSION: Cases = &[
    ("entropy_undeclared", undeclared),
    ("entropy_undeclared_time", undeclared_time),
    ("entropy_undeclared_built_in", built_in),
];

pub(super) const WITH_THE_PERMISSION: Cases = &[
    ("entropy_declared", declared),
    ("entropy_built_in", built_in),
    ("entropy_replayed", |_| Ok(())),
];

fn undeclared(_: &Database) -> Result<()> {
    log::info!("it was given {:?}", entropy::random_bytes(1));
    Ok(())
}

fn undeclared_time(_: &Database) -> Result<()> {
    log::info!("it was given {}", entropy::now_ms());
    Ok(())
}

/// This target's standard library has no clock, whatever is declared.
fn built_in(_: &Database) -> Result<()> {
    log::info!("it was given {:?}", SystemTime::now());
    Ok(())
}

fn declared(db: &Database) -> Result<()> {
    let (first, second) = (hex(16), hex(16));
    see(db, "drawn", &first)?;
    see(db, "differs", first != second)?;
    see(db, "none", hex(0).len())?;
    see(db, "stands still", entropy::now_ms() == entropy::now_ms())?;
    see(db, "is today", entropy::now_ms() > 1_700_000_000_000)
}

/// Fails after it has drawn, until the table `mended` has a row.
pub(super) fn replayed(db: &Database) -> Result<()> {
    let drawn = format!("{} {} {}", hex(16), hex(16), entropy::now_ms());
    log::info!("drawn {drawn}.");
    see(db, "drawn", drawn)?;
    if db.query_one::<i64>("SELECT count(*) FROM mended", params![])? == 0 {
        return Err("not mended".into());
    }
    Ok(())
}

fn hex(bytes: u32) -> String {
    entropy::random_bytes(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
