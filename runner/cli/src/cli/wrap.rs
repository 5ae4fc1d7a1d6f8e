//! Breaks messages into lines that fit a terminal. Pure.
//!
//! A line is broken at a space only, never inside a word, a path, a URL or a checksum, and never between backticks or
//! quotes, which hold commands, SQL and names. Excerpts of files stay as they are. What is longer than a line has one for
//! itself.

/// Messages are not wider than this, however wide a terminal is, as the help.
pub(super) const COLUMNS_MAX: usize = 100;
/// What continues a line is indented by this more than the line.
const INDENT: usize = 2;

/// Returns `text` with no line wider than `columns`, if it can be broken. Its first line begins `taken` columns from the
/// left, behind a label; `indent` is that of the label's own line.
pub(super) fn wrapped(text: &str, columns: usize, indent: usize, taken: usize) -> String {
    let mut shown = String::with_capacity(text.len());
    for (at, line) in text.split('\n').enumerate() {
        let own = line.len() - line.trim_start_matches(' ').len();
        let (indent, taken) = if at == 0 { (indent, taken) } else { (own, 0) };
        if at > 0 {
            shown.push('\n');
        }
        match is_excerpt(line) {
            true => shown.push_str(line),
            false => one(line, columns, indent + INDENT, taken, &mut shown),
        }
    }
    shown
}

fn one(line: &str, columns: usize, indent: usize, taken: usize, shown: &mut String) {
    let mut column = taken;
    for (at, part) in parts(line).enumerate() {
        let width = part.chars().count();
        if at > 0 && column + 1 + width > columns {
            shown.push('\n');
            shown.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if at > 0 {
            shown.push(' ');
            column += 1;
        }
        shown.push_str(part);
        column += width;
    }
}

/// Returns what may stand on different lines: words, and all that is between two backticks or quotes.
fn parts(line: &str) -> impl Iterator<Item = &str> {
    let mut open = None;
    let mut before = ' ';
    // Blanks at the beginning belong to the first word.
    let mut has_begun = false;
    line.split(move |c: char| {
        match open {
            Some(mark) if c == mark => open = None,
            None if c == '`' => open = Some('`'),
            // An apostrophe inside a word opens nothing.
            None if matches!(c, '\'' | '"') && !before.is_alphanumeric() => open = Some(c),
            _ => {}
        }
        before = c;
        has_begun |= c != ' ';
        c == ' ' && open.is_none() && has_begun
    })
}

/// Returns whether it is a line of a file, behind its number and a bar, or the mark under one.
fn is_excerpt(line: &str) -> bool {
    line.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).starts_with('|')
}

#[cfg(test)]
mod tests {
    use super::wrapped;

    #[test]
    fn lines_are_broken_at_spaces_only() {
        let table = [
            ("one two three", 7, "one two\n  three"),
            ("one two\n  three four five", 12, "one two\n  three four\n    five"),
            ("a `b c d` e", 5, "a\n  `b c d`\n  e"),
            ("run 'a b' or \"c d\"", 8, "run\n  'a b'\n  or\n  \"c d\""),
            ("it's all the vendor's", 8, "it's all\n  the\n  vendor's"),
            ("a/very/long/path is", 6, "a/very/long/path\n  is"),
            ("see\n  12 | SELECT a, b\n     | ^", 8, "see\n  12 | SELECT a, b\n     | ^"),
            ("an `open one", 4, "an\n  `open one"),
            ("", 4, ""),
        ];
        for (text, columns, expected) in table {
            assert_eq!(wrapped(text, columns, 0, 0), expected, "{text:?}");
        }
    }

    #[test]
    fn a_label_takes_its_columns() {
        assert_eq!(wrapped("one two", 12, 0, 7), "one\n  two");
        assert_eq!(wrapped("one two", 14, 2, 7), "one two");
        assert_eq!(wrapped("one two", 13, 2, 7), "one\n    two");
    }
}
