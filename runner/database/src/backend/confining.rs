//! What the record and a driver that confines plugins say to each other: tickets, and what stands in the way.
//!
//! Who gets a ticket, and when, is the record's to decide; how it is written down and claimed is the driver's
//! ([`super::connection::Confining`]).

use super::BackendError;
use crate::alteration::{Direction, Permissions, PluginName};
use alteration_domain::record::Object;
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

/// Where a confined plugin makes what it names without a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    /// Where unqualified names of the URL go.
    #[default]
    Shared,
    /// In a schema of its own.
    Own,
}

/// A privilege on a table that is not the plugin's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// Its number in the database's catalogue.
    pub relation: i64,
    /// As GRANT writes it, or as the driver calls one that GRANT does not know.
    pub privilege: &'static str,
    /// The table, as the permission names it.
    pub named: String,
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

/// What a database has of a plugin that is about to be let in for a rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// A user of its own.
    User,
    /// Tickets of other plugins.
    Tickets,
    /// Nothing: no plugin was confined here before.
    Nothing,
}

/// What stands in the way of confining a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What is missing, each as a sentence without its full stop. Escape them.
    pub missing: Vec<String>,
    /// The statements that a database administrator runs once; empty where none help.
    pub setup: Vec<String>,
}

/// What a database has of a plugin's objects, and what giving them to the plugin's own user would change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    /// The user of the connection, which owns them until then. Escape it.
    pub user: String,
    /// The plugin's user, if it has one that is there.
    pub role: Option<String>,
    /// The objects that would be given.
    pub moving: Vec<Object>,
    /// Schemas that hold others' objects too, and stay as they are.
    pub staying: Vec<Object>,
    /// How many are the plugin's user's already.
    pub held: usize,
    /// The objects that are not there.
    pub missing: Vec<Object>,
    /// The objects of other users.
    pub foreign: Vec<Foreign>,
    /// The functions that would run in another way.
    pub functions: Vec<TurnedFunction>,
    /// Triggers, defaults, policies and their like on what is not the plugin's that call its functions, and stay. Escape them.
    pub code_elsewhere: Vec<String>,
    /// What views of the plugin read that is not its own.
    pub reads: Vec<ViewRead>,
}

/// An object that belongs to somebody else than it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    pub object: Object,
    /// Who owns it. Escape it.
    pub owner: String,
}

/// A function of a plugin that will run with the plugin's own rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnedFunction {
    /// With the types of its parameters. Escape it.
    pub name: String,
    /// Whether only hooks of the plugin will be able to call it.
    pub is_closed: bool,
}

/// A relation that a view of a plugin reads, and that is not the plugin's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewRead {
    /// The view. Escape it.
    pub view: String,
    /// What it reads. Escape it.
    pub relation: String,
    /// Whether the connection's user may give the right to.
    pub may_give: bool,
}

/// A confined plugin whose user does not own what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strayed {
    /// The user that is recorded.
    pub role: String,
    /// Whether the server has no such user.
    pub is_missing: bool,
    /// The objects that belong to others; empty if there is no such user.
    pub objects: Vec<Foreign>,
}
