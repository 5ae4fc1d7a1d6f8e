//! The kill matrix: every scenario on every backend, killed at its points.

use crate::{matrix, place::Place, scenarios};

macro_rules! matrices {
    ($($scenario:ident: $($place:ident)*;)*) => {
        $(mod $scenario {
            use super::*;
            $(#[test] #[allow(non_snake_case, reason = "a test is called like its place")] fn $place() {
                matrix::run(&scenarios::$scenario(), Place::$place);
            })*
        })*
    };
}

matrices! {
    deploy: Sqlite Postgres Mariadb;
    rollback: Sqlite Postgres Mariadb;
    failing: Sqlite Postgres Mariadb;
    prepared_up: Sqlite Postgres Mariadb;
    prepared_down: Sqlite Postgres Mariadb;
    settings: Postgres Mariadb;
    leased: Postgres Mariadb;
    backfill: Sqlite Postgres Mariadb;
    guest_prepares: Sqlite Postgres Mariadb;
    guest_prepares_down: Sqlite Postgres Mariadb;
    guest_steps: Sqlite Postgres Mariadb;
    undecidable: Mariadb;
    baseline: Sqlite Postgres Mariadb;
}
