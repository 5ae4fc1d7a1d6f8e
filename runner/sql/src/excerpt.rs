//! The few lines of a statement that an error message shows, with a mark under the position.

use crate::escape::Escaped;
use std::fmt::Write;

const LINES_BEFORE: usize = 2;
const LINES_AFTER: usize = 1;
const LINES_WITHOUT_POSITION: usize = 4;
const LINE_CHARS_MAX: usize = 120;

/// Numbered lines around byte `offset` of `sql`, or the first lines when there is no offset.
///
/// Lines are shortened and escaped, so that a hostile statement cannot flood or fool a terminal.
pub fn excerpt(sql: &str, offset: Option<usize>) -> String {
    let offset = offset.map(|offset| floor_char_boundary(sql, offset));
    let marked = offset.map(|offset| sql[..offset].matches('\n').count());
    let (first, last) = match marked {
        Some(line) => (line.saturating_sub(LINES_BEFORE), line + LINES_AFTER),
        None => (0, LINES_WITHOUT_POSITION - 1),
    };
    let mut text = String::new();
    let mut line_start = 0;
    let mut more = false;
    for (number, line) in sql.split_inclusive('\n').enumerate() {
        let start = line_start;
        line_start += line.len();
        if number < first {
            continue;
        }
        if number > last {
            more = !sql[start..].trim().is_empty();
            break;
        }
        let line = line.trim_end();
        let column = match (marked, offset) {
            (Some(marked), Some(offset)) if marked == number => {
                Some((offset - start).min(line.len()))
            }
            _ => None,
        };
        let (shown, mark) = clip(line, column);
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{:>5} | {shown}", number + 1);
        if let Some(mark) = mark {
            let _ = writeln!(text, "      | {:mark$}^", "");
        }
    }
    if more {
        text.push_str("      | …\n");
    }
    text.truncate(text.trim_end().len());
    text
}

/// Returns the part of `line` to show, escaped, and where in it the byte `column` stands.
fn clip(line: &str, column: Option<usize>) -> (String, Option<usize>) {
    let column = column.map(|column| floor_char_boundary(line, column));
    let marked_char = column.map_or(0, |column| line[..column].chars().count());
    let skip = marked_char.saturating_sub(LINE_CHARS_MAX * 2 / 3);
    let mut shown = String::new();
    let mut mark = None;
    if skip > 0 {
        shown.push('…');
    }
    let mut rest = line.chars().enumerate().skip(skip);
    for (at, c) in rest.by_ref().take(LINE_CHARS_MAX) {
        if column.is_some() && at == marked_char {
            mark = Some(shown.chars().count());
        }
        let c = if c == '\t' { ' ' } else { c };
        let _ = write!(shown, "{}", Escaped(c.encode_utf8(&mut [0; 4])));
    }
    if rest.next().is_some() {
        shown.push('…');
    }
    let mark = column.map(|_| mark.unwrap_or(shown.chars().count()));
    (shown, mark)
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_the_position() {
        let sql = "CREATE TABLE a (\n  x INTEGER,\n  y INTEGRE NOT,\n  z TEXT\n);\nSELECT 1";
        let at = sql.find("NOT").unwrap();
        assert_eq!(
            excerpt(sql, Some(at)),
            "    1 | CREATE TABLE a (\n    2 |   x INTEGER,\n    3 |   y INTEGRE NOT,\n      |             ^\n    4 |   z TEXT\n      | …"
        );
    }

    #[test]
    fn without_position_the_first_lines() {
        assert_eq!(excerpt("SELECT 1;\n", None), "    1 | SELECT 1;");
        assert_eq!(
            excerpt("a\nb\nc\nd\ne", None),
            "    1 | a\n    2 | b\n    3 | c\n    4 | d\n      | …"
        );
    }

    #[test]
    fn never_panics_and_never_floods() {
        let sql = format!("{}é\u{1b}[2J{}", "x".repeat(10_000), "y".repeat(10_000));
        for at in [0, 9_999, 10_000, 10_001, 10_002, 15_000, usize::MAX] {
            let text = excerpt(&sql, Some(at));
            assert!(text.len() < 500, "{at}: {text}");
            assert!(!text.contains('\u{1b}'));
            assert!(text.contains('^'));
        }
        assert_eq!(excerpt("", Some(3)), "");
    }
}
