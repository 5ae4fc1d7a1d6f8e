//! Takes SQL apart into tokens, as the server of each dialect does it.
//!
//! Knows nothing of statements: `;` is a symbol like others. Every rule here was chosen so that
//! no server sees code where this lexer sees a string or a comment; where servers of one dialect
//! differ among themselves, the text is an error or is marked as [`Lexer::hides`].

mod blanks;
mod quotes;
mod words;

use super::{
    Reading,
    token::{Token, TokenKind},
};
use crate::{
    alteration::Dialect,
    session::{ErrorKind, SqlError},
};
use std::ops::Range;

pub(super) struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    reading: Reading,
    /// Where the executable comment began whose content is being read.
    code_comment: Option<usize>,
    /// What belongs to executable comments and is no code: how they begin and end, and those that are passed over.
    marks: Vec<Range<usize>>,
    hides: bool,
    /// The token before was a PostgreSQL string with escapes, which can go on after a new line.
    after_escaped: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, reading: Reading) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            reading,
            code_comment: None,
            marks: Vec::new(),
            hides: false,
            after_escaped: false,
        }
    }

    /// Returns whether anything so far may read differently on the server: quotes in hints that hold the end of a
    /// comment, and names of MySQL that newer servers take for strings.
    pub(super) fn hides(&self) -> bool {
        self.hides
    }

    /// Returns what is to be blanked so that servers of every version read the code that this one runs, and no other.
    pub(super) fn marks(&self) -> &[Range<usize>] {
        &self.marks
    }

    /// Returns whether the last token stands inside an executable comment.
    pub(super) fn is_in_code_comment(&self) -> bool {
        self.code_comment.is_some()
    }

    /// Returns where the next token is looked for.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Returns the next token; `None` at the end. An unterminated quote or comment is an error.
    pub(super) fn next(&mut self) -> Result<Option<Token>, SqlError> {
        let continues = self.skip_blanks()?.continues_string() && self.after_escaped;
        let start = self.at;
        let Some(&byte) = self.bytes.get(start) else {
            return Ok(None);
        };
        let kind = match byte {
            b'\'' if continues => self.string(start, true)?,
            _ => self.token(byte)?,
        };
        self.after_escaped = kind == TokenKind::EscapedLiteral && self.is_postgresql();
        Token::new(kind, start..self.at)
            .map(Some)
            .ok_or_else(|| SqlError::new(ErrorKind::Limit, "the SQL text is longer than 4 GiB"))
    }

    fn token(&mut self, byte: u8) -> Result<TokenKind, SqlError> {
        let start = self.at;
        match byte {
            b'\'' => self.string(start, self.escapes()),
            b'"' if self.is_mysql() && !self.reading.ansi_quotes => {
                let escapes = self.escapes();
                self.quoted(start, b'"', escapes)?;
                Ok(if escapes { TokenKind::EscapedLiteral } else { TokenKind::Literal })
            }
            b'"' => self.quoted_name(start, b'"'),
            b'`' if !self.is_postgresql() => self.quoted_name(start, b'`'),
            b'[' if self.reading.dialect == Dialect::Sqlite => self.quoted_name(start, b']'),
            b'$' if self.is_postgresql() => self.dollar(),
            b'?' if !self.is_postgresql() => {
                self.at += 1;
                self.skip_digits();
                Ok(TokenKind::Parameter)
            }
            b'0'..=b'9' => self.number(),
            byte if self.starts_word(byte) => self.word_or_prefixed(),
            byte => {
                self.at += 1;
                Ok(TokenKind::Symbol(byte))
            }
        }
    }

    fn is_mysql(&self) -> bool {
        matches!(self.reading.dialect, Dialect::Mysql | Dialect::Mariadb)
    }

    /// Returns whether a backslash in a plain string takes the meaning from what follows.
    fn escapes(&self) -> bool {
        self.is_mysql() && self.reading.backslash_escapes
    }

    fn is_postgresql(&self) -> bool {
        self.reading.dialect == Dialect::Postgresql
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn follows(&self, text: &[u8]) -> bool {
        self.bytes[self.at..].starts_with(text)
    }
}

pub(super) fn syntax_error(offset: usize, message: impl Into<String>) -> SqlError {
    SqlError { offset: Some(offset), ..SqlError::new(ErrorKind::Syntax, message) }
}
