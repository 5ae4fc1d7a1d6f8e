//! Kills the real binary at every point where it could die, and lets runners race.
//!
//! After one more plain `deploy`, schema, data and state must be what an uninterrupted run leaves.

#![allow(clippy::print_stdout, reason = "the number of points and of mended runs is evidence")]

mod kill;
mod race;
#[path = "../support/mod.rs"]
mod support;
