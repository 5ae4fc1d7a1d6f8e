//! Counts its steps in a table and in the log, and never finishes. It can be suspended and goes on where it was; its
//! state is empty, which is not the same as none.

use alteration_sdk::prelude::*;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE steps_forever (n INTEGER NOT NULL)", params![])?;
    db.execute("INSERT INTO steps_forever (n) VALUES (0)", params![])?;
    Ok(())
}

pub(crate) fn step(db: &Database, state: Option<&[u8]>) -> Result<Step> {
    let before: u64 = db.query_one("SELECT n FROM steps_forever", params![])?;
    let expected: Option<&[u8]> = if before == 0 { None } else { Some(&[]) };
    crate::expect("state", state, expected)?;
    db.execute("UPDATE steps_forever SET n = n + 1", params![])?;
    log::info!("step {}", before + 1);
    Ok(Step::More { state: vec![], done: before + 1, total: None })
}

pub(crate) fn down(db: &Database) -> Result<()> {
    db.execute("DROP TABLE steps_forever", params![])?;
    Ok(())
}
