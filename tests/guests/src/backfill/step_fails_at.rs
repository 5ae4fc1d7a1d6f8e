//! Writes a row in each step, and fails in the third after writing, until a row says that it is
//! mended. The two steps before stay, and deploying again goes on with the third.

use super::count;
use alteration_sdk::prelude::*;

const STEPS: u8 = 4;

pub(crate) fn up(db: &Database) -> Result<()> {
    db.execute("CREATE TABLE step_fails_at (step INTEGER PRIMARY KEY)", params![])?;
    db.execute("CREATE TABLE step_fails_at_mended (x INTEGER)", params![])?;
    Ok(())
}

pub(crate) fn step(db: &Database, state: Option<&[u8]>) -> Result<Step> {
    let step = count(state)? + 1;
    db.execute(&format!("INSERT INTO step_fails_at (step) VALUES ({step})"), params![])?;
    let mended: u64 = db.query_one("SELECT count(*) FROM step_fails_at_mended", params![])?;
    if step == 3 && mended == 0 {
        return Err("the third step gave up".into());
    }
    if step == STEPS {
        return Ok(Step::Finished);
    }
    Ok(Step::More { state: vec![step], done: step.into(), total: Some(STEPS.into()) })
}

pub(crate) fn down(db: &Database) -> Result<()> {
    db.execute("DROP TABLE step_fails_at_mended", params![])?;
    db.execute("DROP TABLE step_fails_at", params![])?;
    Ok(())
}
