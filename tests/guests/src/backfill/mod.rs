//! Guests with `step`, in SQL that SQLite, PostgreSQL and MariaDB understand.

use crate::{Hostile, name, unknown};
use alteration_sdk::prelude::*;

macro_rules! guests {
    ($($name:ident,)*) => {
        $(mod $name;)*

        impl Backfill for Hostile {
            fn step(db: &Database, alteration: &str, state: Option<&[u8]>) -> Result<Step> {
                match &*name(alteration) {
                    $(stringify!($name) => $name::step(db, state),)*
                    name => Err(unknown(name)),
                }
            }
        }

        pub(crate) fn up(name: &str, db: &Database) -> Result<()> {
            match name {
                $(stringify!($name) => $name::up(db),)*
                _ => Err(unknown(name)),
            }
        }

        pub(crate) fn down(name: &str, db: &Database) -> Result<()> {
            match name {
                $(stringify!($name) => $name::down(db),)*
                _ => Err(unknown(name)),
            }
        }
    };
}

for_each_backfill!(guests);

/// The number in a state of one byte; 0 where there is none.
fn count(state: Option<&[u8]>) -> Result<u8> {
    match state {
        None => Ok(0),
        Some(&[count]) => Ok(count),
        Some(state) => Err(format!("a state that no step returned: {state:?}").into()),
    }
}
