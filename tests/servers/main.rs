//! Tests of what the other tests stand on: throw-away servers, the proxy, the witness clients.

mod mariadb;
mod postgres;
#[path = "../support/mod.rs"]
mod support;
