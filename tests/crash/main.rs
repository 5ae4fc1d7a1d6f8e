//! Kills the real binary at every point where it could die, and lets runners race.
//!
//! After one more plain `deploy`, schema, data and state must be what an uninterrupted run leaves.
//! By default an even sample of the points of each scenario is tried; `RUNNER_FULL=1` tries all.

#![allow(clippy::print_stdout, reason = "the number of points and of mended runs is evidence")]

mod apart;
mod confined;
mod confined_mysql;
mod handed;
mod kill;
mod matrix;
mod mysql;
mod place;
mod race;
mod scenarios;
mod slow;
mod waiting;

use alteration_test_support as support;
