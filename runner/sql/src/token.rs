//! The smallest parts of a statement. What they mean is decided elsewhere.

use std::ops::Range;

/// One part of a statement, as a range of bytes of the text it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub kind: TokenKind,
    // Half the size of `usize`: a hostile statement can be millions of tokens.
    start: u32,
    end: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword or a bare name.
    Word,
    /// A name in quotes, with them.
    QuotedName,
    /// A string in quotes, with them and with its prefix, where a backslash means itself.
    Literal,
    /// The same where a backslash takes the special meaning from the next character.
    EscapedLiteral,
    /// A dollar-quoted string, with its delimiters.
    Body,
    Number,
    /// `$1`, `?`
    Parameter,
    /// Any other character; always an ASCII one.
    Symbol(u8),
}

impl Token {
    /// Makes a token; `None` where the position is beyond 4 GiB.
    pub(super) fn new(kind: TokenKind, range: Range<usize>) -> Option<Self> {
        Some(Self {
            kind,
            start: u32::try_from(range.start).ok()?,
            end: u32::try_from(range.end).ok()?,
        })
    }

    /// Bytes of the text.
    pub fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Returns the token's own text, out of the text it was read from.
    pub fn text<'a>(&self, of: &'a str) -> &'a str {
        of.get(self.range()).unwrap_or_default()
    }

    /// Returns the same token in a text that begins `bytes` later.
    pub(super) fn moved_back(self, bytes: usize) -> Self {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Self {
            start: self.start.saturating_sub(bytes),
            end: self.end.saturating_sub(bytes),
            ..self
        }
    }

    pub(super) fn is_symbol(&self, symbol: u8) -> bool {
        self.kind == TokenKind::Symbol(symbol)
    }

    pub(super) fn is_string(&self) -> bool {
        matches!(self.kind, TokenKind::Literal | TokenKind::EscapedLiteral | TokenKind::Body)
    }
}
