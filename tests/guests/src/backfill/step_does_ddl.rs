//! Makes a table in each of two steps. It succeeds where that is a part of the step's transaction,
//! and is refused on MySQL and MariaDB, where it would end it.

use super::count;
use alteration_sdk::prelude::*;

const STEPS: u8 = 2;

pub(crate) fn up(_db: &Database) -> Result<()> {
    Ok(())
}

pub(crate) fn step(db: &Database, state: Option<&[u8]>) -> Result<Step> {
    let step = count(state)? + 1;
    db.execute(&format!("CREATE TABLE step_does_ddl_{step} (x INTEGER)"), params![])?;
    if step == STEPS {
        return Ok(Step::Finished);
    }
    Ok(Step::More { state: vec![step], done: step.into(), total: Some(STEPS.into()) })
}

pub(crate) fn down(db: &Database) -> Result<()> {
    (1..=STEPS).try_for_each(|step| {
        db.execute(&format!("DROP TABLE step_does_ddl_{step}"), params![]).map(drop)
    })
}
