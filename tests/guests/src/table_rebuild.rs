//! Rebuilds a parent table the way SQLite documents. It succeeds, and its children with ON DELETE
//! CASCADE are still there.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute_script(
        "CREATE TABLE rebuild_parent (id INTEGER PRIMARY KEY, name TEXT);
         CREATE TABLE rebuild_child (
             id INTEGER PRIMARY KEY,
             parent_id INTEGER NOT NULL REFERENCES rebuild_parent (id) ON DELETE CASCADE
         );
         INSERT INTO rebuild_parent VALUES (1, 'a'), (2, 'b');
         INSERT INTO rebuild_child VALUES (1, 1), (2, 1), (3, 2);",
    )?;
    db.execute_script(
        "CREATE TABLE rebuild_parent_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '');
         INSERT INTO rebuild_parent_new SELECT id, name FROM rebuild_parent;
         DROP TABLE rebuild_parent;
         ALTER TABLE rebuild_parent_new RENAME TO rebuild_parent;",
    )?;
    let children: i64 = db.query_one("SELECT count(*) FROM rebuild_child", params![])?;
    crate::expect("children", children, 3)?;
    let references: String =
        db.query_one("SELECT sql FROM sqlite_schema WHERE name = 'rebuild_child'", params![])?;
    let renamed = references.contains("rebuild_parent_new");
    crate::expect("the child refers to the new table's first name", renamed, false)
}
