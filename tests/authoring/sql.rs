//! SQL, which needs no toolchain.

use crate::{story, support::Sandbox};

/// With a shop's database, as sqlx-cli would have left it.
#[test]
fn the_story_of_sql() {
    let sandbox = Sandbox::new();
    sandbox.sql(
        "CREATE TABLE goods (id INTEGER PRIMARY KEY, name TEXT);
         CREATE INDEX goods_by_name ON goods (name);
         INSERT INTO goods (name) VALUES ('tea '), (' soap');
         CREATE TABLE _sqlx_migrations (
             version BIGINT PRIMARY KEY, description TEXT NOT NULL,
             installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL,
             checksum BLOB NOT NULL, execution_time BIGINT NOT NULL);
         INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (20240110090000, 'goods', TRUE, x'00', 1),
                (20240212100000, 'goods by name', TRUE, x'00', 1);",
    );
    story::run_in(&sandbox, "authoring-sql", &[]);
}
