//! One statement, taken apart. Answers what it says; what a guest may say is `refusal`'s matter.

use super::{
    Reading,
    lexer::{Lexer, syntax_error},
    names, plain, split,
    token::{Token, TokenKind},
    view::View,
};
use crate::{alteration::Dialect, session::SqlError};
use std::{borrow::Cow, collections::BTreeSet, ops::Range};

/// One statement, taken apart into tokens. All positions count from the start of its text.
#[derive(Debug)]
pub struct Statement<'a> {
    written: &'a str,
    /// What goes to the server, where it is not what was written.
    expanded: Option<String>,
    offset: usize,
    tokens: Vec<Token>,
    reading: Reading,
    hides: bool,
}

impl<'a> Statement<'a> {
    /// Reads `sql`, which has to be one statement, with or without a `;` behind it.
    ///
    /// `Syntax` with an offset into `sql` where there is none or a second one, or where a quote
    /// or a comment is never closed; `Limit` beyond 4 GiB.
    pub fn one(sql: &'a str, reading: impl Into<Reading>) -> Result<Self, SqlError> {
        let reading = reading.into();
        let mut lexer = Lexer::new(sql, reading);
        let mut tokens = Vec::new();
        let extent = split::read(&mut lexer, sql, reading.dialect, |token| tokens.push(token))?
            .ok_or_else(|| syntax_error(0, "there is no statement to run"))?;
        let hides = lexer.hides();
        while let Some(token) = lexer.next()? {
            if !token.is_symbol(b';') {
                return Err(syntax_error(
                    token.range().start,
                    "expected one statement, found several; use execute-script",
                ));
            }
        }
        let offset = extent.start;
        let tokens = tokens.into_iter().map(|token| token.moved_back(offset)).collect();
        // Not all Unicode white space: servers take some of it for names.
        let written = sql[offset..extent.tokens_end].trim_ascii_end();
        let expanded = expanded(written, offset, lexer.marks());
        Ok(Self { written, expanded, offset, tokens, reading, hides: hides || lexer.hides() })
    }

    /// Returns the statement without `;` and without what comes behind its last token. Comments before
    /// it and inside of it are kept. Of an executable comment the code is left, where the server runs it, and blanks
    /// else, so that what is judged is what every server sees.
    pub fn text(&self) -> &str {
        self.expanded.as_deref().unwrap_or(self.written)
    }

    /// Returns the same as [`Self::text`], with executable comments as they were written. Only MySQL and MariaDB know them.
    pub fn written(&self) -> &'a str {
        self.written
    }

    /// Returns where [`Self::text`] begins in the text that was read: 0 unless empty statements came first.
    pub fn offset(&self) -> usize {
        self.offset
    }

    pub fn dialect(&self) -> Dialect {
        self.reading.dialect
    }

    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Bare words in upper case, in order; none from inside literals and comments.
    pub fn words(&self) -> impl Iterator<Item = Cow<'a, str>> {
        // No word stands across the marks of an executable comment.
        let text = self.written;
        let words = self.tokens.iter().filter(|token| token.kind == TokenKind::Word);
        words.map(move |token| upper(token.text(text)))
    }

    /// Returns the first word in upper case, behind opening parentheses; empty if it starts otherwise.
    pub fn verb(&self) -> String {
        self.view().verb()
    }

    /// Returns whether the statement's first tokens are these words, given in upper case.
    pub fn starts_with(&self, words: &[&str]) -> bool {
        self.view().starts_with(words)
    }

    /// Returns every name that the statement mentions, and its keywords: bare words in lower case, quoted
    /// names as they are meant. Also those in dollar-quoted bodies, and in strings where a string
    /// is a body. What a body makes up while it runs cannot be known.
    pub fn names(&self) -> BTreeSet<String> {
        names::names(self.view())
    }

    /// Placeholders with their ranges in [`Self::text`] and their numbers, from 1: `$2` is 2, and
    /// each `?` counts on.
    pub fn parameters(&self) -> Vec<(Range<usize>, usize)> {
        let mut counted = 0;
        let parameters = self.tokens.iter().filter(|token| token.kind == TokenKind::Parameter);
        parameters
            .map(|token| {
                counted += 1;
                let digits = &token.text(self.written)[1..];
                let number = if digits.is_empty() {
                    counted
                } else {
                    // More digits than a number can have are no parameter that anybody bound.
                    digits.parse().unwrap_or(usize::MAX)
                };
                (token.range(), number)
            })
            .collect()
    }

    /// True only for what surely cannot commit by itself.
    pub fn is_plain(&self) -> bool {
        !self.hides && plain::is_plain(self.view())
    }

    /// Returns whether servers of this dialect may read it differently.
    pub(super) fn hides(&self) -> bool {
        self.hides
    }

    pub(super) fn view(&self) -> View<'_> {
        View { text: self.written, tokens: &self.tokens, reading: self.reading }
    }
}

/// Returns the database that a USE of MySQL or MariaDB names.
pub fn used_database(statement: &Statement<'_>) -> Option<String> {
    let view = statement.view();
    (view.is_mysql() && view.is(0, "USE") && view.tokens.len() == 2).then(|| {
        // As it was written: whether case counts is the server's to say.
        let name = view.text_at(1);
        let bare = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
        bare.map_or_else(|| name.to_owned(), |name| name.replace("``", "`"))
    })
}

/// `written`, which stands at `offset`, with blanks for `marks`; `None` where none of them is in it.
fn expanded(written: &str, offset: usize, marks: &[Range<usize>]) -> Option<String> {
    let end = offset + written.len();
    let within = |mark: &&Range<usize>| mark.start >= offset && mark.start < end;
    let mut marks = marks.iter().filter(within).peekable();
    marks.peek()?;
    let mut bytes = written.as_bytes().to_vec();
    for mark in marks {
        let range = mark.start - offset..mark.end.min(end) - offset;
        // Lines stay where they are.
        let blanked = bytes[range].iter_mut().filter(|byte| !matches!(byte, b'\r' | b'\n'));
        blanked.for_each(|byte| *byte = b' ');
    }
    String::from_utf8(bytes).ok()
}

fn upper(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Cow::Owned(text.to_ascii_uppercase())
    } else {
        Cow::Borrowed(text)
    }
}
