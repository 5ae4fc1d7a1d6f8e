//! Makes text from strangers safe to print: no terminal escapes, no hidden or reordered characters.

use std::fmt::{self, Write};

/// Displays text with control characters, bidirectional overrides and invisible characters
/// written as `\u{…}`. Newlines and tabs are escaped too, so that one value stays on one line.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a str);

/// As [`Escaped`], but newlines and tabs stay: for text that is allowed several lines.
#[derive(Debug, Clone, Copy)]
pub struct EscapedLines<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| write_char(f, c))
    }
}

impl fmt::Display for EscapedLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A carriage return before a newline is a line ending; alone it would overwrite the line.
        let mut chars = self.0.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\n' | '\t' => f.write_char(c)?,
                '\r' if chars.peek() == Some(&'\n') => {}
                _ => write_char(f, c)?,
            }
        }
        Ok(())
    }
}

fn write_char(f: &mut fmt::Formatter<'_>, c: char) -> fmt::Result {
    if is_deceptive(c) { write!(f, "{}", c.escape_default()) } else { f.write_char(c) }
}

/// Returns whether a terminal would act on it, or show it as something else.
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line() {
        let table = [
            ("plain é 漢", "plain é 漢"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
            ("\u{202e}txt", "\\u{202e}txt"),
            ("\u{9b}31m", "\\u{9b}31m"),
        ];
        for (text, expected) in table {
            assert_eq!(Escaped(text).to_string(), expected);
        }
    }

    #[test]
    fn several_lines() {
        assert_eq!(EscapedLines("a\r\n\tb\rc\u{7}").to_string(), "a\n\tb\\rc\\u{7}");
    }
}
