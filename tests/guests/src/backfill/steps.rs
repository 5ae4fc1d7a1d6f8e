//! Goes through 1,050 rows in steps of 100. It succeeds after 11 steps, and each row is written
//! once, wherever it is interrupted: `doubled` would not be twice the id, `steps_log` would refuse.

use alteration_sdk::prelude::*;

const ROWS: i64 = 1_050;
const ROWS_A_STEP: i64 = 100;

pub(crate) fn up(db: &Database) -> Result<()> {
    let columns = "id INTEGER PRIMARY KEY, doubled INTEGER NOT NULL";
    db.execute(&format!("CREATE TABLE steps_rows ({columns})"), params![])?;
    db.execute("CREATE TABLE steps_log (done INTEGER PRIMARY KEY)", params![])?;
    let mut rows = db.bulk_writer("steps_rows", &["id", "doubled"])?;
    let ids: Vec<i64> = (1..=ROWS).collect();
    rows.write_columns(&[ids.into(), vec![0; ROWS as usize].into()])?;
    crate::expect("rows", rows.finish()?, ROWS as u64)
}

pub(crate) fn step(db: &Database, state: Option<&[u8]>) -> Result<Step> {
    let last = match state {
        None => 0,
        Some(state) => i64::from_le_bytes(state.try_into()?),
    };
    let end = ROWS.min(last + ROWS_A_STEP);
    let sql = format!("UPDATE steps_rows SET doubled = doubled + 2 * id WHERE id > {last} AND id <= {end}");
    let affected = db.execute(&sql, params![])?.rows_affected;
    crate::expect("rows of a step", affected, (end - last) as u64)?;
    db.execute(&format!("INSERT INTO steps_log (done) VALUES ({end})"), params![])?;
    if end == ROWS {
        return Ok(Step::Finished);
    }
    Ok(Step::More { state: end.to_le_bytes().into(), done: end as u64, total: Some(ROWS as u64) })
}

pub(crate) fn down(db: &Database) -> Result<()> {
    db.execute("DROP TABLE steps_log", params![])?;
    db.execute("DROP TABLE steps_rows", params![])?;
    Ok(())
}
