//! White space and comments, which differ more between the dialects than anything else.

use super::{Lexer, syntax_error};
use crate::{
    code_comment::{code_comment, passed_over},
    session::SqlError,
};

/// What stood between two tokens.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Blanks {
    line_ended: bool,
    block_comment: bool,
}

impl Blanks {
    /// PostgreSQL: a string goes on behind a new line, past line comments but not past others.
    pub(super) fn continues_string(self) -> bool {
        self.line_ended && !self.block_comment
    }
}

impl Lexer<'_> {
    pub(super) fn skip_blanks(&mut self) -> Result<Blanks, SqlError> {
        let mut blanks = Blanks::default();
        while let Some(byte) = self.byte(self.at) {
            match byte {
                b'\n' | b'\r' => {
                    blanks.line_ended = true;
                    self.at += 1;
                }
                // Only these: other Unicode white space is part of a word to all servers.
                b' ' | b'\t' | 0x0b | 0x0c => self.at += 1,
                b'-' if self.follows(b"--") && self.is_line_comment() => self.skip_line(),
                b'#' if self.is_mysql() => self.skip_line(),
                b'/' if self.follows(b"/*") => {
                    blanks.block_comment = true;
                    self.block_comment()?;
                }
                b'*' if self.code_comment.is_some() && self.follows(b"*/") => {
                    self.code_comment = None;
                    self.marks.push(self.at..self.at + 2);
                    self.at += 2;
                }
                _ => return Ok(blanks),
            }
        }
        match self.code_comment {
            Some(start) => Err(unclosed(start)),
            None => Ok(blanks),
        }
    }

    /// MySQL and MariaDB read `--` as a comment only before white space, a control character or
    /// the end; `a--b` subtracts.
    fn is_line_comment(&self) -> bool {
        !self.is_mysql() || self.byte(self.at + 2).is_none_or(|byte| byte <= b' ' || byte == 0x7f)
    }

    fn skip_line(&mut self) {
        // To PostgreSQL a lone carriage return ends the comment, and code follows.
        let ends_at = |byte: &u8| *byte == b'\n' || (*byte == b'\r' && self.is_postgresql());
        let length = self.bytes[self.at..].iter().position(ends_at);
        self.at = length.map_or(self.bytes.len(), |length| self.at + length);
    }

    fn block_comment(&mut self) -> Result<(), SqlError> {
        let start = self.at;
        if let Some(comment) = code_comment(&self.bytes[start..], self.reading) {
            let length = match comment.runs {
                true => comment.opening,
                false => passed_over(&self.bytes[start..], comment.opening)
                    .ok_or_else(|| unclosed(start))?,
            };
            if comment.runs {
                self.code_comment = Some(start);
            }
            self.at += length;
            self.marks.push(start..self.at);
            return Ok(());
        }
        let nests = self.is_postgresql();
        // The server looks for quoted names in hints, and they can hold the end of a comment.
        let hint = self.is_mysql() && self.follows(b"/*+");
        let mut quote = None;
        let mut depth = 1_usize;
        self.at += 2;
        while depth > 0 {
            let Some(byte) = self.byte(self.at) else {
                return Err(unclosed(start));
            };
            if self.follows(b"*/") {
                depth -= 1;
                self.at += 2;
                self.hides |= quote.is_some();
            } else if nests && self.follows(b"/*") {
                depth += 1;
                self.at += 2;
            } else {
                match byte {
                    b'`' | b'"' | b'\'' if hint => match quote {
                        None => quote = Some(byte),
                        Some(open) if open == byte => quote = None,
                        Some(_) => {}
                    },
                    // Whether it takes the meaning from a quote is not known.
                    b'\\' if quote.is_some() => self.hides = true,
                    _ => {}
                }
                self.at += 1;
            }
        }
        Ok(())
    }
}

fn unclosed(start: usize) -> SqlError {
    syntax_error(start, "a comment is opened here and never closed")
}
