//! Violates a UNIQUE constraint. The error is of kind `constraint` and names the column.
//!
//! Like every failed statement it fails the hook, so all is well when the hook says `the violation
//! was named`.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute_script(
        "CREATE TABLE constraint_unique (
             id INTEGER PRIMARY KEY,
             email TEXT CONSTRAINT email_unique UNIQUE,
             age INTEGER CONSTRAINT age_positive CHECK (age > 0),
             name TEXT NOT NULL
         );
         INSERT INTO constraint_unique VALUES (1, 'a@example.com', 1, 'a');",
    )?;
    let sql = "INSERT INTO constraint_unique VALUES (2, 'a@example.com', 1, 'b')";
    crate::violate(db, sql, "email")
}
