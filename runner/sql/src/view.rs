//! A run of tokens to ask simple questions of: a statement, or a statement inside another.

use super::{
    Reading, decode,
    token::{Token, TokenKind},
};
use crate::alteration::Dialect;

#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: &'a [Token],
    pub(super) reading: Reading,
}

impl<'a> View<'a> {
    pub(super) fn dialect(self) -> Dialect {
        self.reading.dialect
    }

    pub(super) fn is_mysql(self) -> bool {
        matches!(self.dialect(), Dialect::Mysql | Dialect::Mariadb)
    }

    /// Returns the tokens from `index` on; none past the end.
    pub(super) fn from(self, index: usize) -> Self {
        Self { tokens: self.tokens.get(index..).unwrap_or_default(), ..self }
    }

    /// Returns the token's own text; empty past the end.
    pub(super) fn text_at(self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| token.text(self.text))
    }

    /// Returns whether the token is this bare word, given in upper case.
    pub(super) fn is(self, index: usize, word: &str) -> bool {
        self.tokens.get(index).is_some_and(|token| token.kind == TokenKind::Word)
            && self.text_at(index).eq_ignore_ascii_case(word)
    }

    pub(super) fn is_any(self, index: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(index, word))
    }

    pub(super) fn is_symbol(self, index: usize, symbol: u8) -> bool {
        self.tokens.get(index).is_some_and(|token| token.is_symbol(symbol))
    }

    pub(super) fn starts_with(self, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(index, word)| self.is(index, word))
    }

    /// Returns where the first token behind opening parentheses is.
    pub(super) fn verb_index(self) -> usize {
        self.tokens.iter().take_while(|token| token.is_symbol(b'(')).count()
    }

    /// Returns the first word in upper case, behind opening parentheses; empty if it starts otherwise.
    pub(super) fn verb(self) -> String {
        self.word(self.verb_index()).unwrap_or_default()
    }

    /// Returns the bare word at `index`, in upper case.
    pub(super) fn word(self, index: usize) -> Option<String> {
        let token = self.tokens.get(index)?;
        (token.kind == TokenKind::Word).then(|| token.text(self.text).to_ascii_uppercase())
    }

    /// Returns the name at `index`, bare in lower case, or as it is meant in quotes.
    pub(super) fn name(self, index: usize) -> Option<String> {
        decode::name(self, index)
    }

    /// Returns what the string at `index` means.
    pub(super) fn string(self, index: usize) -> Option<String> {
        decode::string(self, index)
    }

    /// Returns whether these words stand next to each other anywhere.
    pub(super) fn has(self, words: &[&str]) -> bool {
        (0..self.tokens.len()).any(|index| self.from(index).starts_with(words))
    }

    /// Returns the first token outside of parentheses that is `word`, from `index` on.
    pub(super) fn find(self, index: usize, word: &str) -> Option<usize> {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(index) {
            match token.kind {
                TokenKind::Symbol(b'(') => depth += 1,
                TokenKind::Symbol(b')') => depth = depth.saturating_sub(1),
                TokenKind::Word if depth == 0 && self.is(at, word) => return Some(at),
                _ => {}
            }
        }
        None
    }
}
