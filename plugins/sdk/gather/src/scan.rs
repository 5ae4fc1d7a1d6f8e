//! A Rust module's text taken apart, as far as finding its alteration needs it.
//!
//! A lexer and no parser: comments, literals and lifetimes are told from code, and what macros make is not
//! seen. The runner uses it too, so that both see the same hooks.

/// A piece of code. Comments, numbers' signs, lifetimes and characters in quotes are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// An identifier, a keyword or a number.
    Word(&'a str),
    /// A string's contents, escapes as they are written.
    Text(&'a str),
    /// Any other character.
    Sign(char),
}

/// The hooks that a module implements outside of any inner block or module.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The types that are an `Alteration`, as they are written.
    pub types: Vec<String>,
    pub preparation: bool,
    pub backfill: bool,
}

/// Takes `text` apart. What is not Rust gives some tokens all the same.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => comment_length(rest),
            '"' => {
                let length = quoted_length(rest);
                tokens.push(Token::Text(&rest[1..(length - 1).max(1)]));
                length
            }
            '\'' => character_length(rest),
            _ if is_in_word(first) => {
                let length = rest.find(|c| !is_in_word(c)).unwrap_or(rest.len());
                word(&rest[..length], &rest[length..], &mut tokens)
            }
            _ => {
                if !first.is_whitespace() {
                    tokens.push(Token::Sign(first));
                }
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    tokens
}

/// Finds the implementations of the SDK's traits.
pub fn found(tokens: &[Token]) -> Found {
    let mut found = Found::default();
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('{' | '(' | '[') => depth += 1,
            Token::Sign('}' | ')' | ']') => depth = depth.saturating_sub(1),
            Token::Word("impl") if depth == 0 => match implementation(&tokens[at + 1..]) {
                Some(("Alteration", of)) => found.types.push(of),
                Some(("Preparation", _)) => found.preparation = true,
                Some(("Backfill", _)) => found.backfill = true,
                _ => {}
            },
            _ => {}
        }
    }
    found
}

/// The name of the trait and the type of what follows `impl`.
fn implementation<'a>(tokens: &[Token<'a>]) -> Option<(&'a str, String)> {
    let end = tokens.iter().position(|token| matches!(token, Token::Sign('{' | ';')))?;
    let header = &tokens[..end];
    let start = match header.first() {
        Some(Token::Sign('<')) => angle_length(header),
        _ => 0,
    };
    let header = &header[start..];
    let is_for = |at: &usize| {
        header[*at] == Token::Word("for") && header.get(at + 1) != Some(&Token::Sign('<'))
    };
    let at = (0..header.len()).find(is_for)?;
    let path = header[..at].split(|token| *token == Token::Sign('<')).next()?;
    let Some(Token::Word(name)) = path.last() else { return None };
    let of = header[at + 1..].split(|token| *token == Token::Word("where")).next()?;
    let of = of.iter().map(|token| match token {
        Token::Word(text) | Token::Text(text) => (*text).to_owned(),
        Token::Sign(sign) => sign.to_string(),
    });
    Some((name, of.collect()))
}

/// How many tokens of `<…>` there are at the start.
fn angle_length(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('<') => depth += 1,
            Token::Sign('>') if tokens[at - 1] != Token::Sign('-') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    tokens.len()
}

fn is_in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Pushes `word`, or the literal that it begins; returns the length of both.
fn word<'a>(word: &'a str, after: &'a str, tokens: &mut Vec<Token<'a>>) -> usize {
    let hashes = after.len() - after.trim_start_matches('#').len();
    let is_raw = matches!(word, "r" | "br" | "cr");
    if is_raw && after[hashes..].starts_with('"') {
        let (inner, end) = (&after[hashes + 1..], format!("\"{}", "#".repeat(hashes)));
        let length = inner.find(&end).unwrap_or(inner.len());
        tokens.push(Token::Text(&inner[..length]));
        return word.len() + hashes + 1 + (length + end.len()).min(inner.len());
    }
    // `r#type` is a name.
    if word == "r" && hashes == 1 {
        let inner = &after[1..];
        let length = inner.find(|c| !is_in_word(c)).unwrap_or(inner.len());
        tokens.push(Token::Word(&inner[..length]));
        return 2 + length;
    }
    // The prefix of a literal is no name.
    let is_prefix =
        matches!((word, after.chars().next()), ("b" | "c", Some('"')) | ("b", Some('\'')));
    if !is_prefix {
        tokens.push(Token::Word(word));
    }
    word.len()
}

/// Comments nest.
fn comment_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// With both quotes.
fn quoted_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Of a character in quotes, or of a lifetime.
fn character_length(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), _) => {
            let end = text.char_indices().skip(3).find(|(_, c)| *c == '\'');
            end.map_or(text.len(), |(at, _)| at + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => text[1..].find(|c| !is_in_word(c)).map_or(text.len(), |length| length + 1),
    }
}
