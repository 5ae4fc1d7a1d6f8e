//! What lies between the runner and its database: poolers, clusters, broken connections, servers
//! that go away or run out of space.
//!
//! The real binary against real servers. After whatever went wrong, one plain `deploy` must bring
//! what an undisturbed run brings. `RUNNER_FULL=1` runs every case instead of a sample.

#![allow(clippy::print_stdout, reason = "the number of cases is evidence")]

mod cluster;
mod connections;
mod cuts;
mod disk;
mod endless;
mod pooler;
mod restarts;
mod story;
mod stretch;
mod tls;
mod unflushed;

use alteration_test_support as support;
