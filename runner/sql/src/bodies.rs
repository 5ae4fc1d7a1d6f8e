//! Code inside of strings: the bodies of functions and of DO, and what they run by EXECUTE.

use super::{
    Reading,
    lexer::Lexer,
    token::{Token, TokenKind},
    view::View,
};
use crate::alteration::Dialect;

/// How many bodies deep is looked. Each level reads its content once more, and a hostile text
/// could otherwise make that quadratic.
const DEPTH_MAX: usize = 4;

/// A statement or a body of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    Statement(View<'a>),
    Body(View<'a>),
    /// What could not be read as SQL: another language, or too deep a nesting.
    Unread(&'a str),
}

/// Shows `visit` the statement, then its bodies, outer ones first. In a statement that stores or
/// runs code all strings count as bodies, elsewhere only dollar-quoted ones.
pub(super) fn visit(view: View<'_>, visit: &mut dyn FnMut(Part<'_>)) {
    visit(Part::Statement(view));
    descend(view, holds_code(view), 0, visit);
}

/// Returns whether a statement stores or runs code.
pub(super) fn holds_code(view: View<'_>) -> bool {
    view.dialect() == Dialect::Postgresql
        && (view.is(0, "DO")
            || view.is(0, "CREATE")
                && (1..4).any(|index| view.is_any(index, &["FUNCTION", "PROCEDURE"])))
}

fn descend(view: View<'_>, strings: bool, depth: usize, visit: &mut dyn FnMut(Part<'_>)) {
    for (index, token) in view.tokens.iter().enumerate() {
        if !(token.kind == TokenKind::Body || strings && token.is_string()) {
            continue;
        }
        let Some(body) = view.string(index) else {
            continue;
        };
        if depth == DEPTH_MAX {
            visit(Part::Unread(&body));
            continue;
        }
        let (tokens, read) = tokens(&body, view.reading);
        let inner = View { text: &body, tokens: &tokens, reading: view.reading };
        visit(Part::Body(inner));
        visit(Part::Unread(&body[read..]));
        descend(inner, true, depth + 1, visit);
    }
}

/// Returns the tokens of a body, and up to which byte it could be read.
fn tokens(body: &str, reading: Reading) -> (Vec<Token>, usize) {
    let mut lexer = Lexer::new(body, reading);
    let mut tokens: Vec<Token> = Vec::new();
    loop {
        match lexer.next() {
            Ok(Some(token)) => tokens.push(token),
            Ok(None) => return (tokens, body.len()),
            Err(_) => {
                let read = tokens.last().map_or(0, |token| token.range().end);
                return (tokens, read);
            }
        }
    }
}
