//! Reads all rows of `people`, transforms them, and writes them to `cards`: what `rows/native` does without a sandbox.

use alteration_sdk::prelude::*;

const ROWS_A_BATCH: u32 = 5000;

struct Cards;

impl Alteration for Cards {
    fn up(db: &Database, _alteration: &str) -> Result<()> {
        db.execute(
            "CREATE TABLE cards (id INTEGER PRIMARY KEY, name TEXT, city TEXT, cents INTEGER, note TEXT)",
            params![],
        )?;
        let people = db.cursor("SELECT id, name, city, amount, note FROM people", params![])?;
        let mut cards = db.bulk_writer("cards", &["id", "name", "city", "cents", "note"])?;
        while let Some(mut batch) = people.next_batch(ROWS_A_BATCH)? {
            let ids: Vec<i64> = batch.take(0)?;
            let names: Vec<String> = batch.take(1)?;
            let cities: Vec<String> = batch.take(2)?;
            let amounts: Vec<i64> = batch.take(3)?;
            let notes: Vec<Option<String>> = batch.take(4)?;
            let names: Vec<String> = names.iter().map(|name| name.to_uppercase()).collect();
            let cents: Vec<i64> = amounts.iter().map(|amount| amount * 100).collect();
            let notes: Vec<Option<String>> =
                notes.into_iter().map(|note| note.map(|note| note.trim().to_owned())).collect();
            cards.write_columns(&[ids.into(), names.into(), cities.into(), cents.into(), notes.into()])?;
        }
        cards.finish()?;
        Ok(())
    }

    fn down(db: &Database, _alteration: &str) -> Result<()> {
        db.execute("DROP TABLE cards", params![])?;
        Ok(())
    }
}

alteration!(Cards);
