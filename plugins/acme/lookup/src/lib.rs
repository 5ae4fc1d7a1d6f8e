//! acme/lookup: e-mail addresses in a form that can be looked up, filled in while the shop is open.
//!
//! Each step takes the next customers by their primary key, so that it reads none that an earlier one
//! has done, however many those are. What is between two steps is in `position`.

mod position;

use alteration_sdk::prelude::*;
use position::Position;

const CUSTOMERS_A_STEP: u32 = 5000;

struct Lookup;

impl Alteration for Lookup {
    fn up(db: &Database, _alteration: &str) -> Result<()> {
        db.execute("ALTER TABLE customers ADD COLUMN email_lookup TEXT", params![])?;
        Ok(())
    }

    fn down(db: &Database, _alteration: &str) -> Result<()> {
        db.execute("ALTER TABLE customers DROP COLUMN email_lookup", params![])?;
        Ok(())
    }
}

impl Backfill for Lookup {
    fn step(db: &Database, _alteration: &str, state: Option<&[u8]>) -> Result<Step> {
        let Position { last_id, done, total } = match state {
            Some(state) => Position::from_bytes(state)?,
            // Counted once: it is for the progress bar, and takes as long as reading the table.
            None => {
                let sql = "SELECT count(*), min(id) FROM customers";
                let (total, first_id) = db.query_one(sql, params![])?;
                Position::before(first_id, total)
            }
        };
        let (count, end): (u64, Option<i64>) = db.query_one(
            &format!(
                "SELECT count(*), max(id) FROM (
                     SELECT id FROM customers WHERE id > {} ORDER BY id LIMIT {CUSTOMERS_A_STEP}
                 ) AS step",
                db.placeholder(1)
            ),
            params![last_id],
        )?;
        let Some(end) = end else { return Ok(Step::Finished) };
        let [after, to] = [1, 2].map(|number| db.placeholder(number));
        db.execute(
            &format!(
                "UPDATE customers SET email_lookup = lower(trim(email))
                 WHERE id > {after} AND id <= {to}"
            ),
            params![last_id, end],
        )?;
        let position = Position { last_id: end, done: done + count, total };
        Ok(Step::More {
            state: position.to_bytes(),
            done: position.done,
            // Customers who came since are more than there were.
            total: Some(total.max(position.done)),
        })
    }
}

alteration!(Lookup, backfill);
manifest!("alteration.json");
