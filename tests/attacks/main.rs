//! Attacks of confined plugins: each is deployed by the real binary on a real server, and nothing that is not the
//! plugin's may change, or be in what the plugin keeps; also after the application has worked with what it left.
//!
//! By default every fourth attack is tried on the server of the distribution; `RUNNER_FULL=1` tries all of them, on each
//! version, with the URL of an owner and of a superuser. Those on SQLite are all tried, always; of those on MySQL and MariaDB a part on each.

mod alters;
mod attack;
mod callable;
mod drops;
mod hindrances;
mod home;
mod levels;
mod mysql;
mod mysql_levels;
mod neighbours;
mod outside;
mod permissions;
mod postgresql;
mod rehearsal;
mod sqlite;
mod sqlite_alters;
mod upon;

use alteration_test_support as support;
