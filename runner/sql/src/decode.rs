//! What quoted names and strings mean: quotes and escapes removed.
//!
//! For judging, not for running: where a value would be an error, something readable comes out.

use super::{token::TokenKind, view::View};

/// Returns the name at `index`, bare in lower case, or as it is meant in quotes.
pub(super) fn name(view: View<'_>, index: usize) -> Option<String> {
    let token = view.tokens.get(index)?;
    let text = token.text(view.text);
    match token.kind {
        TokenKind::Word => Some(text.to_ascii_lowercase()),
        TokenKind::QuotedName => {
            if let Some(quoted) = strip_unicode_prefix(text) {
                return Some(unicode(&unquoted(quoted), escape_character(view, index)));
            }
            Some(unquoted(text))
        }
        _ => None,
    }
}

/// Returns what the string at `index` means.
pub(super) fn string(view: View<'_>, index: usize) -> Option<String> {
    let token = view.tokens.get(index)?;
    let text = token.text(view.text);
    match token.kind {
        TokenKind::Body => {
            let delimiter = text[1..].find('$').map_or(0, |at| at + 2);
            text.get(delimiter..text.len().saturating_sub(delimiter)).map(str::to_owned)
        }
        TokenKind::Literal => {
            if let Some(quoted) = strip_unicode_prefix(text) {
                return Some(unicode(&unquoted(quoted), escape_character(view, index)));
            }
            Some(unquoted(text.trim_start_matches(|c: char| c.is_ascii_alphabetic())))
        }
        TokenKind::EscapedLiteral => {
            let quoted = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            Some(escaped(quoted, view.is_mysql()))
        }
        _ => None,
    }
}

fn strip_unicode_prefix(text: &str) -> Option<&str> {
    text.strip_prefix("U&").or_else(|| text.strip_prefix("u&"))
}

/// Without the quotes around, and with doubled ones made single.
fn unquoted(text: &str) -> String {
    let mut inner = text.chars();
    let (Some(_), Some(close)) = (inner.next(), inner.next_back()) else {
        return String::new();
    };
    let mut meant = String::with_capacity(text.len());
    let mut inner = inner.peekable();
    while let Some(c) = inner.next() {
        // `]` cannot be doubled, and then none is left inside.
        if c == close {
            inner.next_if_eq(&close);
        }
        meant.push(c);
    }
    meant
}

/// Returns the character that UESCAPE behind the token names, else a backslash.
fn escape_character(view: View<'_>, index: usize) -> char {
    if view.is(index + 1, "UESCAPE") {
        return view.string(index + 2).and_then(|text| text.chars().next()).unwrap_or('\\');
    }
    '\\'
}

/// Replaces `\0061`, `\+000061` and `\\`, with `escape` for the backslash.
fn unicode(text: &str, escape: char) -> String {
    let mut meant = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(escape) {
        meant.push_str(&rest[..at]);
        rest = &rest[at + escape.len_utf8()..];
        if let Some(after) = rest.strip_prefix(escape) {
            meant.push(escape);
            rest = after;
            continue;
        }
        let (digits, length) = if rest.starts_with('+') { (1, 6) } else { (0, 4) };
        let code = rest.get(digits..digits + length);
        match code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            Some(c) => {
                meant.push(c);
                rest = &rest[digits + length..];
            }
            None => meant.push(escape),
        }
    }
    meant.push_str(rest);
    meant
}

/// Decodes a string with backslash escapes, of MySQL or of PostgreSQL (`E'…'`).
fn escaped(text: &str, mysql: bool) -> String {
    let Some(&quote) = text.as_bytes().first() else {
        return String::new();
    };
    let bytes = &text.as_bytes()[1..text.len().saturating_sub(1).max(1)];
    let mut meant = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte == quote {
            at += 1;
            meant.push(byte);
        } else if byte == b'\\' {
            at += escape(&bytes[at..], mysql, &mut meant);
        } else {
            meant.push(byte);
        }
    }
    String::from_utf8_lossy(&meant).into_owned()
}

/// Appends what the escape means whose backslash is just before `rest`; how long it is.
fn escape(rest: &[u8], mysql: bool, meant: &mut Vec<u8>) -> usize {
    let Some(&byte) = rest.first() else {
        return 0;
    };
    let digits = |from: usize, max: usize, radix: u32| {
        let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
        let length = rest[from..].iter().take(max).take_while(is_digit).count();
        let text = std::str::from_utf8(&rest[from..from + length]).unwrap_or_default();
        u32::from_str_radix(text, radix).ok().map(|code| (code, from + length))
    };
    let code = match byte {
        _ if mysql => None,
        b'0'..=b'7' => digits(0, 3, 8),
        b'x' => digits(1, 2, 16),
        b'u' => digits(1, 4, 16),
        b'U' => digits(1, 8, 16),
        _ => None,
    };
    match (byte, code) {
        (b'u' | b'U', Some((code, length))) => {
            let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            meant.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            length
        }
        (_, Some((code, length))) => {
            meant.push(code.to_le_bytes()[0]);
            length
        }
        (b'n', None) => push(meant, b'\n'),
        (b't', None) => push(meant, b'\t'),
        (b'r', None) => push(meant, b'\r'),
        (b'b', None) => push(meant, 0x08),
        (b'f', None) if !mysql => push(meant, 0x0c),
        (b'0', None) => push(meant, 0),
        (b'Z', None) if mysql => push(meant, 0x1a),
        (byte, None) => push(meant, byte),
    }
}

fn push(meant: &mut Vec<u8>, byte: u8) -> usize {
    meant.push(byte);
    1
}
