//! Limits of one alteration's statements, and how they run.

use crate::alteration::{ForeignKeys, Level};
use std::time::Duration;

/// What holds for an alteration's own statements; `None` leaves what holds for the run.
#[derive(Debug, Clone, Copy, Default)]
pub struct HookLimits {
    pub lock_wait: Option<Duration>,
    pub statement_time: Option<Duration>,
    /// How far the operator trusts its plugin.
    pub level: Level,
    /// As the component that runs declares it.
    pub foreign_keys: ForeignKeys,
}
