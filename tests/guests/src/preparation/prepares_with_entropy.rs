//! Stores random bytes and the time in two tables before `up`, and compares the first with what it
//! holds in memory. It succeeds, also where it is interrupted: a replay is given the same ones.

use alteration_sdk::{entropy, prelude::*};

pub(crate) fn before_up(db: &Database) -> Result<()> {
    let (first, now_ms) = (random(), entropy::now_ms());
    make(db, "prepares_with_entropy_1")?;
    fill(db, "prepares_with_entropy_1", &first, now_ms)?;
    let second = random();
    crate::expect("the same bytes twice", first == second, false)?;
    make(db, "prepares_with_entropy_2")?;
    fill(db, "prepares_with_entropy_2", &second, entropy::now_ms())?;
    make(db, "prepares_with_entropy_3")?;
    let sql = "SELECT random, now_ms FROM prepares_with_entropy_1";
    crate::expect("what was stored", db.query_one(sql, params![])?, (first, now_ms))?;
    let sql = "SELECT random, now_ms FROM prepares_with_entropy_2";
    crate::expect("what was stored later", db.query_one(sql, params![])?, (second, now_ms))
}

pub(crate) fn up(db: &Database) -> Result<()> {
    let sql = "INSERT INTO prepares_with_entropy_3 (id, random, now_ms)
        SELECT 2, random, now_ms FROM prepares_with_entropy_2";
    crate::expect("rows", db.execute(sql, params![])?.rows_affected, 1)
}

pub(crate) fn down(db: &Database) -> Result<()> {
    (1..=3).try_for_each(|n| {
        db.execute(&format!("DROP TABLE prepares_with_entropy_{n}"), params![]).map(drop)
    })
}

/// As hexadecimal digits, which every database holds alike.
fn random() -> String {
    entropy::random_bytes(16).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn make(db: &Database, table: &str) -> Result<()> {
    let columns = "id INTEGER PRIMARY KEY, random VARCHAR(32) NOT NULL, now_ms BIGINT NOT NULL";
    db.execute(&format!("CREATE TABLE {table} ({columns})"), params![]).map(drop)
}

fn fill(db: &Database, table: &str, random: &str, now_ms: u64) -> Result<()> {
    let [first, second] = [1, 2].map(|number| db.placeholder(number));
    let sql = format!("INSERT INTO {table} (id, random, now_ms) VALUES (1, {first}, {second})");
    db.execute(&sql, params![random, now_ms]).map(drop)
}
