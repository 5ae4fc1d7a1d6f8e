//! A file of Atlas that holds several, each behind a line `-- NAME --`. Pure.

use crate::history::{error::Problem, mark};

const UP: &str = "migration.sql";
const DOWN: &str = "down.sql";

/// The SQL of one direction.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) is_way_back: bool,
    pub(super) text: String,
    /// Where its text begins.
    pub(super) line: usize,
}

pub(super) fn parts(text: &str) -> Result<Vec<Part>, (usize, Problem)> {
    let mut parts: Vec<Part> = Vec::new();
    let mut is_begun = false;
    for line in mark::lines(text) {
        let Some(name) = name(line.text) else {
            if let Some(part) = parts.last_mut().filter(|_| is_begun) {
                part.text.push_str(&text[line.range]);
            }
            continue;
        };
        let misplaced =
            |why| Err((line.number, Problem::MisplacedMark { mark: line.text.to_owned(), why }));
        is_begun = true;
        let is_way_back = match name {
            UP => false,
            DOWN => true,
            _ => {
                return misplaced(
                    "is no SQL of either direction: the runner makes no checks before an alteration. Put a statement that fails into migration.sql, or take this part out; then run `atlas migrate hash`",
                );
            }
        };
        if parts.iter().any(|part| part.is_way_back == is_way_back) {
            return misplaced("is there twice");
        }
        parts.push(Part { is_way_back, text: String::new(), line: line.number + 1 });
    }
    match parts.iter().any(|part| !part.is_way_back) {
        true => Ok(parts),
        false => {
            let mark = "-- atlas:txtar".to_owned();
            let why = "has no part `-- migration.sql --` behind it; add it";
            Err((1, Problem::MisplacedMark { mark, why }))
        }
    }
}

fn name(line: &str) -> Option<&str> {
    line.strip_prefix("-- ")?.strip_suffix(" --").map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives() {
        let part =
            |is_way_back, text: &str, line| Part { is_way_back, text: text.to_owned(), line };
        let text = "-- atlas:txtar\n\n-- migration.sql --\nA;\nB;\n-- down.sql --\n-- c\nC;\n";
        let expected = [part(false, "A;\nB;\n", 4), part(true, "-- c\nC;\n", 7)];
        assert_eq!(parts(text).unwrap(), expected);
        let checks = "-- atlas:txtar\n\n-- checks.sql --\nSELECT 1;\n-- migration.sql --\nA;\n";
        assert_eq!(parts(checks).unwrap_err().0, 3);
        assert!(parts("-- atlas:txtar\n\n-- down.sql --\nA;\n").is_err());
    }
}
