//! Violates a CHECK constraint. The error is of kind `constraint` and names the constraint.
//!
//! Like every failed statement it fails the hook, so all is well when the hook says `the violation
//! was named`.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute_script(
        "CREATE TABLE constraint_check (
             id INTEGER PRIMARY KEY,
             email TEXT CONSTRAINT email_unique UNIQUE,
             age INTEGER CONSTRAINT age_positive CHECK (age > 0),
             name TEXT NOT NULL
         );
         INSERT INTO constraint_check VALUES (1, 'a@example.com', 1, 'a');",
    )?;
    let sql = "INSERT INTO constraint_check VALUES (2, 'b@example.com', 0, 'b')";
    crate::violate(db, sql, "age_positive")
}
