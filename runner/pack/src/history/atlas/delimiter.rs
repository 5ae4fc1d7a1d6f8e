//! Text whose statements end with something else than a semicolon. Pure.
//!
//! Looks as Atlas does: a delimiter in quotes, in a comment, in a dollar quote or between parentheses is none.

/// Replaces the delimiters by semicolons; lines stay where they are.
pub(super) fn replaced(text: &str, delimiter: &str) -> String {
    // The first line is the directive.
    let start = text.find('\n').map_or(text.len(), |at| at + 1);
    let mut out = text[..start].to_owned();
    let mut rest = &text[start..];
    let mut depth = 0_usize;
    let mut is_open = false;
    while let Some(next) = rest.chars().next() {
        if depth == 0 && rest.starts_with(delimiter) {
            out.push(if is_open { ';' } else { ' ' });
            is_open = false;
            // A semicolon more is not a byte less: lines count, columns do not.
            out.extend(delimiter.chars().filter(|c| matches!(c, '\n' | '\r')));
            rest = &rest[delimiter.len()..];
            continue;
        }
        let length = match next {
            '\'' | '"' | '`' => quoted(rest, next),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            '$' => dollar(rest).unwrap_or(1),
            _ => next.len_utf8(),
        };
        let is_comment = rest.starts_with("--") || rest.starts_with("/*");
        depth = match next {
            '(' => depth + 1,
            ')' => depth.saturating_sub(1),
            _ => depth,
        };
        if !next.is_whitespace() && !is_comment {
            is_open = next != ';';
        }
        let (piece, after) = rest.split_at(length);
        out.push_str(piece);
        rest = after;
    }
    out
}

fn quoted(text: &str, quote: char) -> usize {
    text[1..].find(quote).map_or(text.len(), |at| at + 2)
}

/// Returns the length of what a dollar quote holds, if one begins here.
fn dollar(text: &str) -> Option<usize> {
    let end = text[1..].find('$')? + 2;
    let tag = &text[..end];
    let is_tag = |c: char| c.is_alphanumeric() || c == '_';
    if !tag[1..end - 1].chars().all(is_tag) || tag[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(text[end..].find(tag).map_or(text.len(), |at| end + at + end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters() {
        let table = [
            ("//", "A; B//\nC\n//\nD;\n//\n", "A; B;\nC\n;\nD;\n \n"),
            ("\n\n", "A\nB\n\nC\n\n\nD", "A\nB;\n\nC;\n\n\nD"),
            (
                "//",
                "SELECT 'a//b', (1 // 2) -- //\n/* // */ // $$ // $$ $x$ $$ // $x$",
                "SELECT 'a//b', (1 // 2) -- //\n/* // */ ; $$ // $$ $x$ $$ // $x$",
            ),
            ("-- end", "A\n-- end\nB\n-- end", "A\n;\nB\n;"),
        ];
        for (delimiter, text, expected) in table {
            let text = format!("-- atlas:delimiter x\n{text}");
            let expected = format!("-- atlas:delimiter x\n{expected}");
            assert_eq!(replaced(&text, delimiter), expected);
        }
    }
}
