//! Tests of what the other tests stand on: throw-away servers, the proxy, the witness clients.

mod galera;
mod mariadb;
mod pgbouncer;
mod postgres;
#[path = "../support/mod.rs"]
mod support;
