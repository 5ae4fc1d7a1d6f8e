//! Rows that go along with others: by foreign keys that act, and by triggers.

use super::{Found, Tables, bare, occurs};
use crate::backend::Thing;
use std::collections::BTreeSet;

/// Adds the tables whose rows foreign keys and triggers may delete or change along with those that were found.
pub(super) fn follow(things: &[Thing], tables: &Tables, found: &mut Found) {
    loop {
        let is_found = |name: &String| found.rows.contains(name) || found.tables.contains_key(name);
        let mut more = BTreeSet::new();
        for thing in things {
            let text = thing.lines.join("\n");
            match thing.kind.as_str() {
                "table" => {
                    let follows = |line: &String| {
                        let parent = acting_key(line);
                        let mut found = tables.keys().filter(|table| is_found(table));
                        parent.is_some_and(|parent| found.any(|table| mentions(&parent, table)))
                    };
                    if thing.lines.iter().any(follows) {
                        more.insert(thing.name.clone());
                    }
                }
                "trigger" => {
                    let Some((event, body)) = acting_trigger(&text) else { continue };
                    if found.rows.iter().any(|table| mentions(&event, table)) {
                        let named = tables.keys().filter(|table| mentions(&body, table));
                        more.extend(named.cloned());
                    }
                }
                _ => {}
            }
        }
        let known = found.rows.len();
        found.rows.extend(more);
        if found.rows.len() == known {
            return;
        }
    }
}

/// Returns what a foreign key refers to that deletes or changes rows when those are deleted or changed, in upper case.
fn acting_key(line: &str) -> Option<String> {
    let line = line.to_ascii_uppercase();
    let (_, parent) = line.split_once("REFERENCES")?;
    let acts = ["ON DELETE CASCADE", "ON DELETE SET", "ON UPDATE CASCADE", "ON UPDATE SET"];
    acts.into_iter().any(|act| parent.contains(act)).then(|| parent.to_owned())
}

/// Returns event and body of a trigger that runs when rows are deleted or changed, and may do the same; in upper case.
fn acting_trigger(text: &str) -> Option<(String, String)> {
    let text = text.to_ascii_uppercase();
    let (event, body) = text.split_once("FOR EACH ROW").or_else(|| text.split_once("BEGIN"))?;
    let has = |text: &str, words: &[&str]| words.iter().any(|word| mentions(text, word));
    let acts = has(event, &["DELETE", "UPDATE"])
        && has(body, &["DELETE", "UPDATE", "REPLACE", "TRUNCATE", "CALL"]);
    acts.then(|| (event.to_owned(), body.to_owned()))
}

/// Returns whether `text` has the name of a table as a word.
fn mentions(text: &str, table: &str) -> bool {
    let name = bare(table);
    let in_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    match name.chars().all(in_name) {
        true => text.split(|c| !in_name(c)).any(|word| word.eq_ignore_ascii_case(name)),
        false => occurs(name, text.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tables, *};
    use crate::backend::RowSource;

    #[test]
    fn what_follows_from_it() {
        let thing = |kind: &str, name: &str, line: &str| Thing {
            kind: kind.to_owned(),
            name: name.to_owned(),
            lines: vec![line.to_owned()],
            rows: (kind == "table").then(|| RowSource::of_columns(&["x"])),
        };
        let things = [
            thing("table", "a", "x"),
            thing("table", "b", "FOREIGN KEY (`x`) REFERENCES `a` (`x`) ON DELETE CASCADE"),
            thing("table", "c", "FOREIGN KEY (`x`) REFERENCES `b` (`x`) ON DELETE SET NULL"),
            thing("table", "d", "FOREIGN KEY (`x`) REFERENCES `a` (`x`)"),
            thing("table", "e", "x"),
            thing("table", "f", "FOREIGN KEY (`x`) REFERENCES `ab` (`x`) ON DELETE CASCADE"),
            thing(
                "trigger",
                "t",
                "CREATE TRIGGER t AFTER DELETE ON `c` FOR EACH ROW DELETE FROM e",
            ),
            thing("trigger", "u", "CREATE TRIGGER u AFTER DELETE ON a FOR EACH ROW INSERT INTO f"),
            thing("trigger", "v", "CREATE TRIGGER v AFTER INSERT ON a FOR EACH ROW DELETE FROM d"),
        ];
        let mut found = Found { rows: ["a".to_owned()].into(), ..Found::default() };
        follow(&things, &tables(&things), &mut found);
        assert_eq!(found.rows, ["a", "b", "c", "e"].map(str::to_owned).into());
    }
}
