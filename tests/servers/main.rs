//! Tests of what the other tests stand on: throw-away servers, the proxy, the witness clients.

#![allow(clippy::print_stdout, reason = "a process that is to be killed says what it started")]

mod galera;
mod killed;
mod mariadb;
mod mysql;
mod noise;
mod pgbouncer;
mod postgres;
mod proxy;
mod sandbox;

use alteration_test_support as support;
