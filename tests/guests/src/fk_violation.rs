//! Leaves a child row without its parent. The hook fails at its end, and nothing stays.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute_script(
        "CREATE TABLE fk_parent (id INTEGER PRIMARY KEY);
         CREATE TABLE fk_child (
             id INTEGER PRIMARY KEY,
             parent_id INTEGER NOT NULL REFERENCES fk_parent (id)
         );
         INSERT INTO fk_child VALUES (1, 404);",
    )
}
