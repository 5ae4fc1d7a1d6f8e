//! Components of guests that misbehave, or that do something hard which must work.
//!
//! The alteration's id says which one runs: `1.0.0-<stamp>-<name>`. Each file says what it tries and
//! what should happen; the tests hold the host to it. The SQL of those here is SQLite's; that of
//! `preparation` and `backfill`, which are components of their own, is every database's.

use alteration_sdk::{ErrorKind, prelude::*};

include!("../list.rs");

// After the lists, which they go through.
mod backfill;
mod preparation;

struct Hostile;

macro_rules! guests {
    ($($name:ident,)*) => {
        $(mod $name;)*

        fn up(name: &str, db: &Database) -> Result<()> {
            match name {
                $(stringify!($name) => $name::up(db),)*
                _ => Err(unknown(name)),
            }
        }
    };
}

for_each_guest!(guests);

impl Alteration for Hostile {
    fn up(db: &Database, alteration: &str) -> Result<()> {
        let name = &*name(alteration);
        match () {
            () if cfg!(feature = "preparation") => preparation::up(name, db),
            () if cfg!(feature = "backfill") => backfill::up(name, db),
            () => up(name, db),
        }
    }

    fn down(db: &Database, alteration: &str) -> Result<()> {
        match &*name(alteration) {
            "down_fails" => down_fails::down(),
            "slow" => slow::down(db),
            name if cfg!(feature = "preparation") => preparation::down(name, db),
            name if cfg!(feature = "backfill") => backfill::down(name, db),
            _ => Ok(()),
        }
    }
}

fn unknown(name: &str) -> Error {
    format!("there is no guest {name}").into()
}

/// `1.0.0-1700000000-tries-commit` is `tries_commit`.
fn name(alteration: &str) -> String {
    alteration.splitn(3, '-').last().unwrap_or_default().replace('-', "_")
}

/// A positive guest's way of saying what is not as it should be.
fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what}: expected {expected:?}, found {found:?}").into())
}

/// Runs a statement that violates a constraint, and always fails: with the words below if the error
/// is what it should be.
fn violate(db: &Database, sql: &str, name: &str) -> Result<()> {
    let Err(error) = db.execute(sql, params![]) else {
        return Err("the violation was accepted".into());
    };
    expect("kind", error.kind(), ErrorKind::Constraint)?;
    let constraint = error.constraint().unwrap_or_default();
    expect(&format!("{name} in {constraint:?}"), constraint.contains(name), true)?;
    Err("the violation was named".into())
}

#[cfg(not(any(feature = "preparation", feature = "backfill")))]
alteration!(Hostile);
#[cfg(feature = "preparation")]
alteration!(Hostile, preparation);
#[cfg(feature = "backfill")]
alteration!(Hostile, backfill);
#[cfg(feature = "manifest")]
manifest!("manifest.json", in "OUT_DIR");
