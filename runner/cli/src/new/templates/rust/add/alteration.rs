//! What the alteration is for, in a line.

use alteration_sdk::prelude::*;

pub struct {{type}};

impl Alteration for {{type}} {
    // Both run in one transaction with the runner's record: on an error, nothing of it happened.
    fn up(db: &Database, _alteration: &str) -> Result<()> {
        db.execute_script(
            "CREATE TABLE {{own}} (
                 id INTEGER PRIMARY KEY,
{{if backfill}}                 slug VARCHAR(200),
                 title VARCHAR(200) NOT NULL
             )",
        )
    }

    fn down(db: &Database, _alteration: &str) -> Result<()> {
        db.execute_script("DROP TABLE {{own}}")
    }
}
{{if preparation}}
{{if preparation}}impl Preparation for {{type}} {
{{if preparation}}    // Runs before `up`, outside its transaction: for CREATE INDEX CONCURRENTLY and its like.
{{if preparation}}    fn before_up(_db: &Database, _alteration: &str) -> Result<()> {
{{if preparation}}        Ok(())
{{if preparation}}    }
{{if preparation}}
{{if preparation}}    // Runs before `down`, outside its transaction.
{{if preparation}}    fn before_down(_db: &Database, _alteration: &str) -> Result<()> {
{{if preparation}}        Ok(())
{{if preparation}}    }
{{if preparation}}}
{{if backfill}}
{{if backfill}}impl Backfill for {{type}} {
{{if backfill}}    // Runs after `up`, each step in a short transaction of its own, until it returns `Finished`.
{{if backfill}}    fn step(db: &Database, _alteration: &str, state: Option<&[u8]>) -> Result<Step> {
{{if backfill}}        let last = match state {
{{if backfill}}            Some(state) => i64::from_le_bytes(state.try_into()?),
{{if backfill}}            None => 0,
{{if backfill}}        };
{{if backfill}}        let next =
{{if backfill}}            format!("SELECT id, title FROM {{own}} WHERE id > {last} ORDER BY id LIMIT 1000");
{{if backfill}}        let rows: Vec<(i64, String)> = db.query(&next, params![])?;
{{if backfill}}        let Some(&(end, _)) = rows.last() else { return Ok(Step::Finished) };
{{if backfill}}        let [slug, id] = [1, 2].map(|number| db.placeholder(number));
{{if backfill}}        let update = format!("UPDATE {{own}} SET slug = {slug} WHERE id = {id}");
{{if backfill}}        for (id, title) in rows {
{{if backfill}}            db.execute(&update, params![title.to_lowercase(), id])?;
{{if backfill}}        }
{{if backfill}}        // The key says about how far it is, and where the next step begins.
{{if backfill}}        Ok(Step::More { state: end.to_le_bytes().into(), done: end as u64, total: None })
{{if backfill}}    }
{{if backfill}}}
