//! Statements inside of others, on MySQL and MariaDB: in the bodies of routines, triggers and events, in MariaDB's blocks, and in
//! the text of PREPARE and EXECUTE IMMEDIATE.
//!
//! What reaches beyond the database is refused there too, before anything runs. Transactions, locks of tables and variables are
//! the body's own. A text that is put together while it runs is not seen, except for how it begins.

use super::{Level, because, mysql, mysql_set};
use crate::{
    boundary::{Inner, inner},
    lexer::Lexer,
    names, own,
    standing::Charsets,
    token::{Token, TokenKind},
    view::View,
};
use std::collections::BTreeMap;

/// How many texts may stand inside of each other. Each is read once more.
const DEPTH_MAX: usize = 4;

/// Variables that a body declares, its parameters among them, each with the number of blocks around it.
#[derive(Debug, Default)]
pub(super) struct Locals(BTreeMap<String, usize>);

impl Locals {
    /// Returns the parameters of a routine. Other statements have none.
    fn of(view: View<'_>) -> Self {
        let mut locals = Self::default();
        let routine = (1..view.tokens.len().min(16))
            .find(|at| view.is_any(*at, &["PROCEDURE", "FUNCTION"]))
            .filter(|_| view.is(0, "CREATE"));
        let Some(routine) = routine else { return locals };
        let (mut depth, mut begins) = (0_usize, false);
        for at in routine..view.tokens.len() {
            if view.is_symbol(at, b'(') {
                depth += 1;
                begins = depth == 1;
            } else if view.is_symbol(at, b')') {
                if depth <= 1 {
                    break;
                }
                depth -= 1;
            } else if view.is_symbol(at, b',') {
                begins = depth == 1;
            } else if depth == 1 && begins {
                // A parameter may itself be called so.
                let is_mode =
                    view.is_any(at, &["IN", "OUT", "INOUT"]) && view.name(at + 1).is_some();
                if !is_mode && let Some(name) = view.name(at) {
                    locals.0.insert(name.to_lowercase(), 0);
                    begins = false;
                }
            }
        }
        locals
    }

    /// `DECLARE a, b INT`
    fn declare(&mut self, view: View<'_>, depth: usize) {
        let mut at = 1;
        while let Some(name) = view.name(at) {
            self.0.entry(name.to_lowercase()).or_insert(depth);
            if !view.is_symbol(at + 1, b',') {
                return;
            }
            at += 2;
        }
    }

    /// Forgets what the blocks declared that have ended.
    fn leave(&mut self, depth: usize) {
        self.0.retain(|_, declared| *declared <= depth);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

/// Returns why something inside of the statement is refused.
pub(super) fn refusal(view: View<'_>, level: Level) -> Option<String> {
    at_depth(view, level, 0)
}

fn at_depth(view: View<'_>, level: Level, depth: usize) -> Option<String> {
    prepared(view, level, depth).or_else(|| in_body(view, level, depth))
}

fn in_body(view: View<'_>, level: Level, depth: usize) -> Option<String> {
    let mut locals = Locals::of(view);
    let mut charsets = Charsets::default();
    for Inner { start, end, depth: blocks } in inner(view) {
        let statement = View { tokens: &view.tokens[start..end], ..view };
        let is_label = statement.is_symbol(1, b':') && !statement.is_symbol(2, b'=');
        locals.leave(blocks);
        if is_label {
            continue;
        }
        if statement.is(0, "DECLARE") {
            locals.declare(statement, blocks);
        }
        let reason = mysql::judge_inner(statement)
            .or_else(|| mysql_set::inside(statement, level, &locals))
            .or_else(|| charsets.after(statement).err().map(|unclear| unclear.reason().to_owned()))
            .or_else(|| prepared(statement, level, depth));
        if reason.is_some() {
            return reason;
        }
    }
    None
}

/// Judges the text of a prepared statement.
fn prepared(view: View<'_>, level: Level, depth: usize) -> Option<String> {
    let text = prepared_text(view)?;
    if depth == DEPTH_MAX {
        return Some(because(&view.verb(), "its text is nested too deeply to be judged"));
    }
    let mut lexer = Lexer::new(&text, view.reading);
    let mut tokens: Vec<Token> = Vec::new();
    // Of a text that cannot be read to its end, the beginning may be all that stands here.
    while let Ok(Some(token)) = lexer.next() {
        tokens.push(token);
    }
    let inner = View { text: &text, tokens: &tokens, reading: view.reading };
    let names = names::names(inner);
    if let Some(table) = own::mentioned(inner, &names) {
        return Some(format!("the statement names the runner's table {table}"));
    }
    mysql::judge_text(inner, level)
        .or_else(|| mysql::function(&names))
        .or_else(|| Charsets::default().after(inner).err().map(|why| why.reason().to_owned()))
        .or_else(|| at_depth(inner, level, depth + 1))
}

/// Returns what PREPARE or EXECUTE IMMEDIATE is given: the text, or the part of it that stands first.
fn prepared_text(view: View<'_>) -> Option<String> {
    let mut at = if view.is(0, "PREPARE") {
        view.find(1, "FROM")? + 1
    } else if view.starts_with(&["EXECUTE", "IMMEDIATE"]) {
        2
    } else if view.starts_with(&["SET", "STATEMENT"]) {
        return prepared_text(view.from(view.find(2, "FOR")? + 1));
    } else {
        return None;
    };
    while view.is_symbol(at, b'(') || view.is(at, "CONCAT") && view.is_symbol(at + 1, b'(') {
        at += 1;
    }
    let mut text = String::new();
    loop {
        if let Some(part) = constant(view, at) {
            text.push_str(&part);
        } else if !view.is_symbol(at, b',') && !view.text_at(at).starts_with('_') {
            break;
        }
        at += 1;
    }
    Some(text).filter(|text| !text.is_empty())
}

/// Returns what a string means, also one that is written as a number.
fn constant(view: View<'_>, at: usize) -> Option<String> {
    let token = view.tokens.get(at)?;
    let written = view.text_at(at);
    let hex = match token.kind {
        TokenKind::Number => written.strip_prefix("0x"),
        TokenKind::Literal => written
            .strip_prefix(['x', 'X'])
            .and_then(|quoted| quoted.strip_prefix('\''))
            .and_then(|quoted| quoted.strip_suffix('\'')),
        _ => None,
    };
    let Some(hex) = hex else { return view.string(at) };
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = hex.as_bytes().chunks(2).map_while(byte).collect();
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
