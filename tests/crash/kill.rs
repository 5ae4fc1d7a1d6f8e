//! The kill matrix: every scenario on every backend, killed at its points.

use crate::{matrix, place::Place, scenarios};

macro_rules! matrices {
    ($($scenario:ident: $($place:ident)* $(, full: $($only:ident)*)?;)*) => {
        $(mod $scenario {
            use super::*;
            $(matrices!(@test [] $scenario $place);)*
            $($(matrices!(@test [#[ignore = "RUNNER_FULL=1"]] $scenario $only);)*)?
        })*
    };
    (@test [$($attribute:tt)*] $scenario:ident $place:ident) => {
        #[test]
        $($attribute)*
        #[allow(non_snake_case, reason = "a test is called like its place")]
        fn $place() {
            matrix::run(&scenarios::$scenario(), Place::$place);
        }
    };
}

matrices! {
    deploy: Sqlite Postgres Postgres18 Mariadb Mysql;
    rollback: Sqlite Postgres Mariadb, full: Postgres18 Mysql;
    failing: Sqlite Postgres Mariadb, full: Postgres18 Mysql;
    prepared_up: Sqlite Postgres Mariadb, full: Postgres18 Mysql;
    mended: Postgres Mariadb, full: Postgres18 Mysql;
    units: Sqlite Postgres Mariadb, full: Postgres18 Mysql;
    prepared_down: Sqlite Postgres Mariadb, full: Postgres18 Mysql;
    settings: Sqlite Postgres Mariadb, full: Postgres18 Mysql;
    leased: Postgres Mariadb, full: Postgres18 Mysql;
    backfill: Sqlite Postgres Mariadb, full: Postgres18 Mysql;
    guest_prepares: Sqlite Postgres Mariadb, full: Postgres18 Mysql;
    guest_prepares_down: Sqlite Postgres Mariadb, full: Postgres18 Mysql;
    guest_steps: Sqlite Postgres Mariadb, full: Postgres18 Mysql;
    undecidable: Mariadb, full: Mysql;
    takeover: Sqlite Postgres Mariadb, full: Postgres18 Mysql;
    baseline: Sqlite Postgres Mariadb, full: Postgres18 Mysql;
    released: Sqlite Postgres Mariadb, full: Postgres18 Mysql;
    drafts: Sqlite Postgres Mariadb, full: Postgres18 Mysql;
}
