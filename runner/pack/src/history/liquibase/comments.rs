//! Comments as Liquibase takes them out of SQL unless it is told not to: what a server keeps of a text, such as the body of a
//! function, is then the same. Pure.

/// Lines that were taken out of a body are put behind it, so that what follows stands where it stood.
pub(super) fn stripped(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    // The delimiter of a dollar-quoted body that is open, and the lines that are owed.
    let (mut body, mut owed): (Option<&str>, usize) = (None, 0);
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '-' if rest.starts_with("--") => {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
                continue;
            }
            '/' if rest.starts_with("/*") => {
                let end = rest.find("*/").map_or(rest.len(), |at| at + 2);
                let lines = rest[..end].matches('\n').count();
                match body {
                    Some(_) => owed += lines,
                    None => kept.extend(std::iter::repeat_n('\n', lines)),
                }
                rest = &rest[end..];
                continue;
            }
            '\'' | '"' | '`' => quoted(rest, c),
            '$' => match (body, delimiter(rest)) {
                (Some(open), _) if rest.starts_with(open) => {
                    body = None;
                    open.len()
                }
                (None, Some(open)) => {
                    body = Some(open);
                    open.len()
                }
                _ => 1,
            },
            '\n' if body.is_none() => {
                kept.extend(std::iter::repeat_n('\n', owed));
                owed = 0;
                1
            }
            c => c.len_utf8(),
        };
        let (part, behind) = rest.split_at(length);
        kept.push_str(part);
        rest = behind;
    }
    kept
}

/// Returns the bytes of what is in quotes, with them.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// `$$` or `$name$`, if the text begins with it.
fn delimiter(text: &str) -> Option<&str> {
    let end = text[1..].find('$')? + 2;
    let name = &text[1..end - 1];
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    (name.chars().all(is_name) && !name.starts_with(|c: char| c.is_ascii_digit()))
        .then(|| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Liquibase 4.28 was seen to do it.
    #[test]
    fn what_stays() {
        let table = [
            ("A; -- x\nB; --y", "A; \nB; "),
            ("/* x\ny */A;\nB", "\nA;\nB"),
            ("'it''s -- no /* c */ here' -- x", "'it''s -- no /* c */ here' "),
            ("E'\\'-- x' --", "E'\\'-- x' "),
            (
                "F AS $$\n  /* several\n     lines */\n  -- whole\n  'a'; -- it's\n$$ L;\nB",
                "F AS $$\n  \n  \n  'a'; \n$$ L;\n\nB",
            ),
            ("$1 $a$ -- x\n$b$ $a$ -- y", "$1 $a$ \n$b$ $a$ "),
        ];
        for (text, expected) in table {
            assert_eq!(stripped(text), expected, "{text}");
        }
    }
}
