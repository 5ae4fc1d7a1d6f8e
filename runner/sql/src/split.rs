//! Walks the tokens of the first statement of a text.

use super::{
    Reading,
    boundary::Boundary,
    lexer::{Lexer, syntax_error},
    token::{Token, TokenKind},
};
use crate::{alteration::Dialect, session::SqlError};

/// Bytes of a text, in ascending order.
pub(super) struct Extent {
    /// Behind the empty statements that come before.
    pub(super) start: usize,
    /// Behind the last token that is not the terminator.
    pub(super) tokens_end: usize,
    /// The terminator, or the end of the text.
    pub(super) terminator: usize,
}

/// Reads one statement from `lexer`, tokens without the terminator to `sink`. `None` at the end.
pub(super) fn read<'a>(
    lexer: &mut Lexer<'a>,
    text: &'a str,
    dialect: Dialect,
    mut sink: impl FnMut(Token),
) -> Result<Option<Extent>, SqlError> {
    let mut boundary = Boundary::new(dialect);
    let mut start = lexer.position();
    let mut tokens_end = None;
    while let Some(token) = lexer.next()? {
        if tokens_end.is_none() {
            if token.is_symbol(b';') {
                start = token.range().end;
                continue;
            }
            refuse_client_command(token, text, dialect)?;
        }
        if boundary.ends_at(token, token.text(text)) {
            let terminator = token.range().start;
            // Cut in two, neither part of an executable comment could be read.
            if lexer.is_in_code_comment() {
                return Err(syntax_error(
                    terminator,
                    "a statement ends inside of an executable comment",
                ));
            }
            let tokens_end = tokens_end.unwrap_or(terminator);
            return Ok(Some(Extent { start, tokens_end, terminator }));
        }
        tokens_end = Some(token.range().end);
        sink(token);
    }
    let terminator = text.len();
    Ok(tokens_end.map(|tokens_end| Extent { start, tokens_end, terminator }))
}

/// Lines that the usual clients read for themselves and no server understands.
fn refuse_client_command(token: Token, text: &str, dialect: Dialect) -> Result<(), SqlError> {
    let start = token.range().start;
    match dialect {
        Dialect::Mysql | Dialect::Mariadb
            if token.kind == TokenKind::Word
                && token.text(text).eq_ignore_ascii_case("DELIMITER") =>
        {
            Err(syntax_error(
                start,
                "DELIMITER is a command of the mysql client, understood in a script alone",
            ))
        }
        Dialect::Postgresql if token.is_symbol(b'\\') => {
            Err(syntax_error(start, "a command that starts with \\ is for psql, not for a server"))
        }
        _ => Ok(()),
    }
}

/// Returns how long the first statement of `sql` is: from byte 0 through its terminating `;`, or the end.
///
/// Empty statements before it are part of it. `None` when nothing is left but white space,
/// comments and empty statements. A quote or a comment that is never closed is a `Syntax` error
/// with its offset.
pub fn statement_length(sql: &str, reading: impl Into<Reading>) -> Result<Option<usize>, SqlError> {
    let reading = reading.into();
    let mut lexer = Lexer::new(sql, reading);
    let extent = read(&mut lexer, sql, reading.dialect, |_| {})?;
    Ok(extent.map(|extent| sql.len().min(extent.terminator + 1)))
}
