//! {{plugin}}: a table of tags, each with a slug that is computed here.

use runner_sdk::prelude::*;

const TITLES: [&str; 2] = ["To do", "In progress"];

struct Tags;

impl Alteration for Tags {
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

/// Words of letters and digits, in lower case, with `-` between them.
fn slug_of(title: &str) -> String {
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

alteration!(Tags);
manifest!("alteration.json");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for (title, slug) in [("To do", "to-do"), ("  It's -- done! ", "it-s-done"), ("", "")] {
            assert_eq!(slug_of(title), slug);
        }
    }
}
