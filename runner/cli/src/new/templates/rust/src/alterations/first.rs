//! A table of tags, each with a slug that is computed here.

use crate::slug::slug_of;
use alteration_sdk::prelude::*;

const TITLES: [&str; 2] = ["To do", "In progress"];

pub struct CreateTags;

impl Alteration for CreateTags {
    // Both run in one transaction with the runner's record: on an error, nothing of it happened.
    fn up(db: &Database, _alteration: &str) -> Result<()> {
        db.execute_script(
            "CREATE TABLE {{table}}_tags (
                 id INTEGER PRIMARY KEY,
                 title VARCHAR(200) NOT NULL,
                 slug VARCHAR(200) NOT NULL UNIQUE
             )",
        )?;
        let [id, title, slug] = [1, 2, 3].map(|number| db.placeholder(number));
        let insert =
            format!("INSERT INTO {{table}}_tags (id, title, slug) VALUES ({id}, {title}, {slug})");
        for (at, title) in TITLES.iter().enumerate() {
            db.execute(&insert, params![at as i64 + 1, *title, slug_of(title)])?;
        }
        log::info!("{} tags", TITLES.len());
        Ok(())
    }

    fn down(db: &Database, _alteration: &str) -> Result<()> {
        db.execute_script("DROP TABLE {{table}}_tags")
    }
}
