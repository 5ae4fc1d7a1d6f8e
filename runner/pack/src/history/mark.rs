//! Files that hold both directions: their lines, and the sections between the lines that mark them.
//!
//! Looks at lines alone, as the tools do whose marks these are: a mark in a string is a mark to them.
//! Pure; what a mark means is up to the caller.

use std::ops::Range;

/// One line of a text.
#[derive(Debug, Clone)]
pub(super) struct Line<'a> {
    /// From 1.
    pub(super) number: usize,
    /// With its ending.
    pub(super) range: Range<usize>,
    /// Without its ending.
    pub(super) text: &'a str,
}

pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    text.split_inclusive('\n').enumerate().map(move |(index, whole)| {
        let range = start..start + whole.len();
        start = range.end;
        let text = whole.strip_suffix('\n').unwrap_or(whole);
        let text = text.strip_suffix('\r').unwrap_or(text);
        Line { number: index + 1, range, text }
    })
}

/// Returns what stands behind the dashes of a line comment that may be indented, if the line is one.
pub(super) fn comment(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("--").map(str::trim)
}

/// White space or a line comment.
pub(super) fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || comment(line).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_cover_the_text() {
        for text in ["", "a", "a\n", "\n\n", "a\r\nb\rc\nd"] {
            let lines: Vec<_> = lines(text).collect();
            let whole: String = lines.iter().map(|line| &text[line.range.clone()]).collect();
            assert_eq!(whole, text);
            assert!(lines.iter().enumerate().all(|(index, line)| line.number == index + 1));
            assert!(lines.iter().all(|line| !line.text.ends_with('\n')));
        }
        assert_eq!(lines("a\r\nb").next().unwrap().text, "a");
    }

    #[test]
    fn comments() {
        assert_eq!(comment("-- +goose Up \t"), Some("+goose Up"));
        assert_eq!(comment("  --x"), Some("x"));
        assert_eq!(comment("x -- y"), None);
        assert!(is_blank(" \t") && is_blank("--") && !is_blank("SELECT 1 --"));
    }
}
