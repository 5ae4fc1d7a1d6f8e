//! `status`: what is recorded, or that nothing is.

use crate::{polite::told, support::Sandbox};

/// SQLite has one place: the file.
#[test]
fn a_database_without_records_says_so() {
    let sandbox = Sandbox::new();
    sandbox.sql("CREATE TABLE t (n int)");
    told(
        &sandbox,
        &["status"],
        0,
        &["Nothing was deployed yet in sqlite:app.db: there are no records"],
    );
    let json = told(&sandbox, &["status", "--format", "json"], 0, &[]);
    assert!(json.stdout.contains("\"has_records\": false"), "{json:#?}");
}
