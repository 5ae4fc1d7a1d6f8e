//! PostgreSQL and SQLite: in both the END of a body stands directly behind a `;` or at the body's
//! beginning, and never does the END of a CASE. So nothing needs to be counted.

use crate::token::{Token, TokenKind};

/// What the first words of a statement say it is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Opening {
    #[default]
    Unknown,
    Create,
    /// CREATE RULE, whose commands stand in parentheses.
    Rule,
    /// CREATE FUNCTION or PROCEDURE (PostgreSQL), CREATE TRIGGER (SQLite).
    Routine,
    Other,
}

#[derive(Debug, Default)]
pub(super) struct Postgresql {
    opening: Opening,
    parentheses: usize,
    after_begin: bool,
    after_dot: bool,
    in_body: bool,
    at_start: bool,
}

impl Postgresql {
    pub(super) fn ends_at(&mut self, token: Token, text: &str) -> bool {
        let word = if token.kind == TokenKind::Word && !self.after_dot { text } else { "" };
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        let (after_begin, at_start) = (self.after_begin, self.at_start);
        self.after_begin = false;
        self.at_start = false;
        self.after_dot = token.is_symbol(b'.');
        match token.kind {
            TokenKind::Symbol(b'(') => self.parentheses += 1,
            TokenKind::Symbol(b')') => self.parentheses = self.parentheses.saturating_sub(1),
            TokenKind::Symbol(b';') => {
                self.at_start = self.in_body;
                let in_rule = self.opening == Opening::Rule && self.parentheses > 0;
                return !in_rule && !self.in_body;
            }
            _ => {}
        }
        match self.opening {
            Opening::Unknown if is("CREATE") => self.opening = Opening::Create,
            // Before CREATE only EXPLAIN can stand, which takes none of these.
            Opening::Unknown => self.opening = Opening::Other,
            Opening::Create if is("OR") || is("REPLACE") => {}
            Opening::Create if is("RULE") => self.opening = Opening::Rule,
            Opening::Create if is("FUNCTION") || is("PROCEDURE") => self.opening = Opening::Routine,
            Opening::Create => self.opening = Opening::Other,
            Opening::Routine if self.in_body => self.in_body = !(at_start && is("END")),
            Opening::Routine if self.parentheses == 0 => {
                self.after_begin = is("BEGIN");
                if after_begin && is("ATOMIC") {
                    self.in_body = true;
                    self.at_start = true;
                }
            }
            _ => {}
        }
        false
    }
}

#[derive(Debug, Default)]
pub(super) struct Sqlite {
    opening: Opening,
    in_body: bool,
    at_start: bool,
}

impl Sqlite {
    pub(super) fn ends_at(&mut self, token: Token, text: &str) -> bool {
        let word = if token.kind == TokenKind::Word { text } else { "" };
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        let at_start = self.at_start;
        self.at_start = false;
        if token.is_symbol(b';') {
            self.at_start = self.in_body;
            return !self.in_body;
        }
        match self.opening {
            Opening::Unknown if is("EXPLAIN") || is("QUERY") || is("PLAN") => {}
            Opening::Unknown if is("CREATE") => self.opening = Opening::Create,
            Opening::Create if is("TEMP") || is("TEMPORARY") => {}
            Opening::Create if is("TRIGGER") => self.opening = Opening::Routine,
            Opening::Unknown | Opening::Create => self.opening = Opening::Other,
            Opening::Routine if !self.in_body => {
                self.in_body = is("BEGIN");
                self.at_start = self.in_body;
            }
            Opening::Routine if at_start && is("END") => {
                self.in_body = false;
                // What follows is not part of a trigger: the next `;` ends it.
                self.opening = Opening::Other;
            }
            _ => {}
        }
        false
    }
}
