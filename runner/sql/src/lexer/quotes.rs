//! Strings and names in quotes, and PostgreSQL's dollar quotes. Only where they end; what they
//! mean is found out by `decode`.

use super::{Lexer, syntax_error};
use crate::{session::SqlError, token::TokenKind};

impl Lexer<'_> {
    /// Reads a string that opens at the current position; `start` is where its prefix stands.
    pub(super) fn string(&mut self, start: usize, escapes: bool) -> Result<TokenKind, SqlError> {
        self.quoted(start, b'\'', escapes)?;
        Ok(if escapes { TokenKind::EscapedLiteral } else { TokenKind::Literal })
    }

    pub(super) fn quoted_name(&mut self, start: usize, close: u8) -> Result<TokenKind, SqlError> {
        if close == b']' {
            let length = self.bytes[self.at..].iter().position(|byte| *byte == b']');
            self.at += 1 + length.ok_or_else(|| unclosed(start, b'['))?;
        } else {
            self.quoted(start, close, false)?;
        }
        Ok(TokenKind::QuotedName)
    }

    /// Goes past what opens at the current position and closes with `quote`; doubled, it is a
    /// character of the content.
    pub(super) fn quoted(
        &mut self,
        start: usize,
        quote: u8,
        escapes: bool,
    ) -> Result<(), SqlError> {
        let mut at = self.at + 1;
        while let Some(byte) = self.byte(at) {
            at += 1;
            if byte == b'\\' && escapes {
                at += 1;
            } else if byte == quote {
                if self.byte(at) != Some(quote) {
                    self.at = at;
                    return Ok(());
                }
                at += 1;
            }
        }
        Err(unclosed(start, quote))
    }

    /// PostgreSQL: `$1`, `$tag$ … $tag$`, or a lone `$`.
    pub(super) fn dollar(&mut self) -> Result<TokenKind, SqlError> {
        let start = self.at;
        self.at += 1;
        if self.byte(self.at).is_some_and(|byte| byte.is_ascii_digit()) {
            self.skip_digits();
            return Ok(TokenKind::Parameter);
        }
        let tag_ends =
            |byte: &u8| !(byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80);
        let tag = self.bytes[self.at..].iter().position(tag_ends);
        let Some(tag) = tag.filter(|tag| self.byte(self.at + tag) == Some(b'$')) else {
            return Ok(TokenKind::Symbol(b'$'));
        };
        let body = self.at + tag + 1;
        let delimiter = &self.text[start..body];
        let length = self.text[body..]
            .find(delimiter)
            .ok_or_else(|| syntax_error(start, "a dollar quote is opened here and never closed"))?;
        self.at = body + length + delimiter.len();
        Ok(TokenKind::Body)
    }
}

fn unclosed(start: usize, quote: u8) -> SqlError {
    let quote = char::from(quote);
    syntax_error(start, format!("a quote ({quote}) is opened here and never closed"))
}
