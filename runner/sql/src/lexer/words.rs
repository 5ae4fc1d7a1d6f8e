//! Words, numbers, and words that are the prefix of a string.

use super::{Lexer, syntax_error};
use crate::{alteration::Dialect, session::SqlError, token::TokenKind};

impl Lexer<'_> {
    pub(super) fn starts_word(&self, byte: u8) -> bool {
        byte.is_ascii_alphabetic()
            || byte == b'_'
            || byte >= 0x80
            || (byte == b'$' && self.is_mysql())
    }

    fn continues_word(&self, byte: u8) -> bool {
        self.starts_word(byte) || byte.is_ascii_digit() || byte == b'$'
    }

    fn skip_word(&mut self) {
        while self.byte(self.at).is_some_and(|byte| self.continues_word(byte)) {
            self.at += 1;
        }
    }

    pub(super) fn skip_digits(&mut self) {
        while self.byte(self.at).is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    /// Reads a word, or a string or name behind one of the prefixes E, U&, B, X, N.
    pub(super) fn word_or_prefixed(&mut self) -> Result<TokenKind, SqlError> {
        let start = self.at;
        if self.is_postgresql()
            && matches!(self.byte(start), Some(b'u' | b'U'))
            && self.byte(start + 1) == Some(b'&')
        {
            match self.byte(start + 2) {
                Some(b'\'') => {
                    self.at += 2;
                    return self.string(start, false);
                }
                Some(b'"') => {
                    self.at += 2;
                    return self.quoted_name(start, b'"');
                }
                _ => {}
            }
        }
        self.skip_word();
        let word = &self.bytes[start..self.at];
        if self.byte(self.at) == Some(b'\'') && word.len() == 1 {
            match word[0].to_ascii_lowercase() {
                b'e' if self.is_postgresql() => return self.string(start, true),
                b'n' if self.reading.dialect != Dialect::Sqlite => {
                    return self.string(start, self.escapes());
                }
                b'x' => return self.string(start, false),
                b'b' if self.reading.dialect != Dialect::Sqlite => {
                    return self.string(start, false);
                }
                _ => {}
            }
        }
        // MySQL 9 reads `$a$ … $a$` as a string where older ones see a name.
        self.hides |= self.reading.dialect == Dialect::Mysql
            && word.first() == Some(&b'$')
            && word[1..].contains(&b'$');
        Ok(TokenKind::Word)
    }

    pub(super) fn number(&mut self) -> Result<TokenKind, SqlError> {
        let start = self.at;
        if self.is_mysql() {
            // Names may start with digits there.
            self.skip_word();
            let run = &self.text[start..self.at];
            return Ok(if is_number(run) { TokenKind::Number } else { TokenKind::Word });
        }
        self.skip_digits();
        let digits_end = self.at;
        match self.byte(self.at) {
            Some(b'_') => self.long_number(start)?,
            Some(b'x' | b'X' | b'o' | b'O' | b'b' | b'B') if &self.text[start..self.at] == "0" => {
                self.long_number(start)?;
            }
            Some(b'e' | b'E') => {
                let sign = matches!(self.byte(self.at + 1), Some(b'+' | b'-'));
                self.at += 1 + usize::from(sign);
                let exponent = self.at;
                self.skip_digits();
                if self.at == exponent {
                    // Not an exponent: `1e'…'` was a number and a string up to PostgreSQL 14.
                    self.at = digits_end;
                }
            }
            _ => {}
        }
        Ok(TokenKind::Number)
    }

    /// `0x1F` and `1_000`, one number since PostgreSQL 16, a number and a name before. Where it
    /// goes on with what could be read in two ways, neither is right.
    fn long_number(&mut self, start: usize) -> Result<(), SqlError> {
        while self.byte(self.at).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.at += 1;
        }
        let next = self.byte(self.at);
        if next.is_some_and(|byte| matches!(byte, b'$' | b'\'') || byte >= 0x80) {
            return Err(syntax_error(
                start,
                "a number runs into what follows it: put a blank between",
            ));
        }
        Ok(())
    }
}

fn is_number(run: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let run = run.to_ascii_lowercase();
    if let Some(hex) = run.strip_prefix("0x") {
        return hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    if let Some(bits) = run.strip_prefix("0b") {
        return digits(bits);
    }
    match run.split_once('e') {
        Some((mantissa, exponent)) => digits(mantissa) && digits(exponent),
        None => digits(&run),
    }
}
