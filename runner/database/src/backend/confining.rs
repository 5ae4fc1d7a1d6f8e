//! What the record and a driver that confines plugins say to each other: tickets, and what stands in the way.
//!
//! Who gets a ticket, and when, is the record's to decide; how it is written down and claimed is the driver's
//! ([`super::connection::Confining`]).

use super::BackendError;
use crate::alteration::{Direction, Permissions, PluginName};
use std::collections::BTreeSet;

/// Bytes of a ticket's number and of its nonce: neither is ever guessed.
const RANDOM_BYTES: usize = 32;

/// The right to do one part of an attempt, once.
#[derive(Clone)]
pub struct Ticket {
    /// In hexadecimal.
    pub(super) number: String,
    /// Proves to the runner's own functions that the hook has ended, because no guest knows it.
    pub(super) nonce: [u8; RANDOM_BYTES],
    /// Opens what the plugin may refer to, for one statement; no guest knows it either.
    pub(super) opener: [u8; RANDOM_BYTES],
}

/// A privilege on a table that is not the plugin's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// Its number in the database's catalogue.
    pub relation: i64,
    /// As GRANT writes it.
    pub privilege: &'static str,
}

/// What an attempt needs of the database, where a plugin's user has rights on names of tables.
#[derive(Debug, Clone, Copy)]
pub struct Needs<'a> {
    pub plugin: &'a PluginName,
    pub direction: Direction,
    /// The tables and views that it makes.
    pub creates: &'a BTreeSet<String>,
    pub permissions: &'a Permissions,
}

/// Never shows the secrets.
impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ticket").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Ticket {
    /// Draws its number and its secrets.
    pub fn draw() -> Result<Self, BackendError> {
        let mut drawn = [[0; RANDOM_BYTES]; 3];
        for bytes in &mut drawn {
            getrandom::fill(bytes)
                .map_err(|error| BackendError::Database(format!("no randomness: {error}")))?;
        }
        let [number, nonce, opener] = drawn;
        let number = number.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { number, nonce, opener })
    }
}

/// What stands in the way of confining a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What is missing, each as a sentence without its full stop. Escape them.
    pub missing: Vec<String>,
    /// The statements that a database administrator runs once; empty where none help.
    pub setup: Vec<String>,
}
