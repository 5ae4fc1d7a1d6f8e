//! Guests with `before-up` and `before-down`, in SQL that SQLite, PostgreSQL and MariaDB understand.

use crate::{Hostile, name, unknown};
use alteration_sdk::prelude::*;

macro_rules! guests {
    ($($name:ident,)*) => {
        $(mod $name;)*

        impl Preparation for Hostile {
            fn before_up(db: &Database, alteration: &str) -> Result<()> {
                match &*name(alteration) {
                    $(stringify!($name) => $name::before_up(db),)*
                    name => Err(unknown(name)),
                }
            }

            fn before_down(db: &Database, alteration: &str) -> Result<()> {
                match &*name(alteration) {
                    "prepares" => prepares::before_down(db),
                    "prepares_with_setting" => prepares_with_setting::before_down(db),
                    _ => Ok(()),
                }
            }
        }

        pub(crate) fn up(name: &str, db: &Database) -> Result<()> {
            match name {
                $(stringify!($name) => $name::up(db),)*
                _ => Err(unknown(name)),
            }
        }
    };
}

for_each_preparation!(guests);

pub(crate) fn down(name: &str, db: &Database) -> Result<()> {
    match name {
        "prepares" => prepares::down(db),
        "prepares_with_entropy" => prepares_with_entropy::down(db),
        "prepares_with_setting" => prepares_with_setting::down(db),
        _ => Ok(()),
    }
}
