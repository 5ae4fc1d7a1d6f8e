//! The directives at the top of a file of Atlas: comments with `atlas:NAME`, and an empty line behind them. Pure.

use crate::history::{Layout, error::Problem, mark};

const KNOWN: &str = "txmode none, txmode file, delimiter, checkpoint, nolint, sum, txtar";

/// What a file says about itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directives {
    pub(super) in_transaction: bool,
    pub(super) is_checkpoint: bool,
    /// It holds several files, between lines that name them.
    pub(super) is_archive: bool,
    /// What ends a statement, where it is no semicolon.
    pub(super) delimiter: Option<String>,
}

/// Reads the directives of a file; those that nothing is known of are left to Atlas's own checks, as it does.
pub(super) fn of(text: &str) -> Result<Directives, (usize, Problem)> {
    let mut directives = Directives {
        in_transaction: true,
        is_checkpoint: false,
        is_archive: false,
        delimiter: delimiter(text),
    };
    let mut mode = None;
    for (line, comment) in top(text) {
        let Some((name, value)) = parse(comment) else { continue };
        let mark = || comment.to_owned();
        let misplaced = |why| Err((line, Problem::MisplacedMark { mark: mark(), why }));
        match (name, value) {
            ("txmode", _) if mode.is_some() => return misplaced("is there twice"),
            ("txmode", "none" | "file") => {
                mode = Some(value);
                directives.in_transaction = value == "file";
            }
            ("txmode", "all") => {
                return misplaced(
                    "is not for one file, as Atlas says; write `-- atlas:txmode file`",
                );
            }
            ("txmode", _) => {
                let (layout, known) = (Layout::Atlas, KNOWN);
                return Err((line, Problem::UnknownMark { mark: mark(), layout, known }));
            }
            ("checkpoint", _) => directives.is_checkpoint = true,
            ("txtar", _) => directives.is_archive = true,
            ("import", _) => {
                return misplaced("asks for another file; put what it holds in its place");
            }
            _ => {}
        }
    }
    Ok(directives)
}

/// Returns the line comments at the top, if no statement follows them without an empty line between.
fn top(text: &str) -> Vec<(usize, &str)> {
    let mut comments = Vec::new();
    for line in mark::lines(text) {
        if line.text.starts_with("--") || line.text.starts_with('#') {
            comments.push((line.number, line.text.trim()));
        // One that ends with a carriage return is not empty to Atlas.
        } else if text[line.range].trim_matches([' ', '\t']) == "\n" {
            return comments;
        } else {
            return Vec::new();
        }
    }
    comments
}

/// `-- atlas:NAME VALUE`, with anything before it that can be printed.
fn parse(comment: &str) -> Option<(&str, &str)> {
    let (before, after) = comment.split_once("atlas:")?;
    let is_printed = before.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let end = after.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let (name, value) = after.split_at(end);
    (is_printed && !name.is_empty()).then_some((name, value.trim()))
}

/// Returns whether `atlas.sum` leaves out what is in the file: its first line says so.
pub(super) fn is_ignored(text: &[u8]) -> bool {
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    std::str::from_utf8(first).ok().and_then(parse) == Some(("sum", "ignore"))
}

/// `-- atlas:delimiter` on the first line.
fn delimiter(text: &str) -> Option<String> {
    let first = text.lines().next()?.strip_prefix("-- atlas:delimiter ")?;
    let delimiter = first.trim_start_matches(' ');
    let delimiter = delimiter.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t");
    (!delimiter.is_empty()).then_some(delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives() {
        let table = [
            ("CREATE TABLE a (b int);", (true, false, None)),
            ("-- atlas:txmode none\n\nA;", (false, false, None)),
            ("-- x\n-- atlas:txmode none\n\nA;", (false, false, None)),
            ("-- atlas:txmode none\nA;", (true, false, None)),
            ("\n-- atlas:txmode none\n\nA;", (true, false, None)),
            ("-- atlas:txmode none\r\n\r\nA;", (true, false, None)),
            ("-- atlas:checkpoint v1\n\nA;", (true, true, None)),
            ("-- atlas:nolint DS102\n\nA;", (true, false, None)),
            ("-- atlas:delimiter \\n\\n\nA", (true, false, Some("\n\n"))),
            ("-- atlas:delimiter -- end\nA", (true, false, Some("-- end"))),
        ];
        for (text, (in_transaction, is_checkpoint, delimiter)) in table {
            let delimiter = delimiter.map(str::to_owned);
            let expected =
                Directives { in_transaction, is_checkpoint, is_archive: false, delimiter };
            assert_eq!(of(text).unwrap(), expected, "{text}");
        }
        for text in [
            "-- atlas:txmode all\n\nA;",
            "-- atlas:txmode some\n\nA;",
            "-- atlas:txmode none\n-- atlas:txmode file\n\nA;",
            "-- atlas:import a.sql\n",
        ] {
            assert!(of(text).is_err(), "{text}");
        }
        assert!(is_ignored(b"-- atlas:sum ignore\nA"));
        assert!(!is_ignored(b"\n-- atlas:sum ignore\nA"));
    }
}
