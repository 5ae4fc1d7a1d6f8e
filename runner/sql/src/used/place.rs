//! The place that a name or a string of a statement stands in: among tables, among columns, in a function's arguments.
//!
//! ```text
//! SELECT a FROM t, u WHERE f('x') = b
//!        ^      ^  ^        ^      ^
//!        value  tables      call   value
//! ```
//!
//! Told by the words before it, as the grammar has them. Does not look at the names themselves.

use super::is_index;
use crate::{token::TokenKind, view::View};

/// Words behind which a name is a table's, or another thing's of the database.
const RELATIONS: [&str; 17] = [
    "FROM",
    "JOIN",
    "INTO",
    "UPDATE",
    "TABLE",
    "ONLY",
    "USING",
    "REFERENCES",
    "LATERAL",
    "EXISTS",
    "TO",
    "OF",
    "INHERITS",
    "ON",
    "VIEW",
    "FUNCTION",
    "FOR",
];

/// Words that begin an expression and end a list of tables. Each is reserved: none can be an alias in that list.
const ENDS: [&str; 8] =
    ["SELECT", "WHERE", "HAVING", "GROUP", "ORDER", "RETURNING", "LIMIT", "OFFSET"];

/// Further words that are no names, whose parentheses hold no arguments.
const WORDS: [&str; 27] = [
    "SET", "VALUES", "BY", "WHEN", "THEN", "ELSE", "CASE", "AND", "OR", "NOT", "CHECK", "DISTINCT",
    "IS", "IN", "BETWEEN", "ADD", "ALTER", "ENUM", "ANY", "ALL", "SOME", "ARRAY", "KEY", "UNIQUE",
    "CONFLICT", "LIKE", "AS",
];

/// The surroundings of a name: a parenthesis, or the statement itself.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// In an expression or among columns: a name that stands free is a column's.
    pub(super) is_value: bool,
    /// In a list of tables, which goes on behind a comma.
    pub(super) lists_tables: bool,
    /// Between the parentheses of CREATE TABLE, where an element begins with its column.
    pub(super) defines: bool,
    /// The last word that decided.
    word: &'static str,
    /// Directly in the arguments of a function.
    pub(super) is_call: bool,
    /// Within the arguments of a function, however deep.
    pub(super) in_call: bool,
}

/// The kind of a token, as far as it decides what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Relation(&'static str),
    End(&'static str),
    Word(&'static str),
    /// Any other word, or a name in quotes.
    Name,
    Other,
}

pub(super) fn class(view: View<'_>, index: usize) -> Class {
    /// Longer than any word of the lists.
    const LENGTH: usize = 16;
    let text = view.text_at(index);
    match view.tokens[index].kind {
        TokenKind::QuotedName => Class::Name,
        TokenKind::Word if text.len() >= LENGTH || !text.is_ascii() => Class::Name,
        // Behind a dot any word is a name.
        TokenKind::Word if index > 0 && view.is_symbol(index - 1, b'.') => Class::Name,
        TokenKind::Word => {
            let mut upper = [0; LENGTH];
            let upper = &mut upper[..text.len()];
            upper.copy_from_slice(text.as_bytes());
            upper.make_ascii_uppercase();
            let find = |words: &[&'static str]| {
                words.iter().copied().find(|word| word.as_bytes() == &*upper)
            };
            let relation = find(&RELATIONS).map(Class::Relation);
            relation
                .or_else(|| find(&ENDS).map(Class::End))
                .or_else(|| find(&WORDS).map(Class::Word))
                .unwrap_or(Class::Name)
        }
        _ => Class::Other,
    }
}

/// Shows `seen` each name and string, and its place.
pub(super) fn walk(view: View<'_>, mut seen: impl FnMut(usize, Place)) {
    let told_apart = is_told_apart(view);
    let definitions = definitions(view);
    let mut place = Place::default();
    let mut outer = Vec::new();
    for index in 0..view.tokens.len() {
        let class = class(view, index);
        match class {
            Class::Relation("FROM") if is_distinct_from(view, index) => {}
            Class::Relation("ON") if is_index(view) && outer.is_empty() => place.word = "INDEXED",
            Class::Relation("ON") if place.lists_tables => {
                place = Place { is_value: told_apart, word: "ON", ..place };
            }
            Class::Relation("ONLY" | "USING") if place.word == "INDEXED" => {}
            Class::Relation(word) => {
                let lists_tables = match word {
                    "FROM" | "JOIN" | "USING" => true,
                    "UPDATE" if begins_update(view, index, place) => false,
                    _ => place.lists_tables,
                };
                place = Place { is_value: false, lists_tables, word, ..place };
            }
            Class::End("RETURNING") if place.is_call => place.is_value = false,
            Class::End(word) => {
                place = Place { is_value: told_apart, lists_tables: false, word, ..place };
            }
            Class::Word("SET") if place.word == "UPDATE" && !place.lists_tables => {
                place = Place { is_value: told_apart, word: "SET", ..place };
            }
            Class::Other if view.is_symbol(index, b'(') => {
                outer.push(place);
                place = within(view, index, place, told_apart, definitions);
            }
            Class::Other if view.is_symbol(index, b')') => place = outer.pop().unwrap_or_default(),
            Class::Other if view.is_symbol(index, b',') && place.lists_tables => {
                place = Place { is_value: false, word: "FROM", ..place };
            }
            Class::Other if view.is_symbol(index, b';') => place = Place::default(),
            Class::Name | Class::Word(_) | Class::Other => seen(index, place),
        }
    }
}

/// Returns the place behind the parenthesis that opens at `index`.
fn within(
    view: View<'_>,
    index: usize,
    around: Place,
    told_apart: bool,
    definitions: Option<usize>,
) -> Place {
    let Some(before) = index.checked_sub(1) else { return Place::default() };
    let is_name = class(view, before) == Class::Name;
    let is_behind = |word: &str| before > 0 && view.is(before - 1, word);
    let is_listed = view.is_any(before, &["CHECK", "UNIQUE", "VALUES", "IN"])
        || view.is(before, "KEY") && (is_behind("PRIMARY") || is_behind("FOREIGN"))
        || view.is(before, "CONFLICT") && is_behind("ON")
        || view.is(before, "AS") && around.defines;
    let has_columns = is_name
        && !around.is_value
        && !around.lists_tables
        && ["INTO", "REFERENCES", "VIEW", "INDEXED"].contains(&around.word);
    let defines = definitions == Some(index);
    let is_value = around.is_value || is_listed || has_columns || is_name && around.lists_tables;
    let is_call = is_name && !defines && !has_columns;
    Place {
        is_value: is_value && told_apart && !defines,
        lists_tables: !is_value && !defines,
        defines,
        word: "",
        is_call,
        in_call: around.in_call || is_call,
    }
}

/// Returns whether it is `IS [NOT] DISTINCT FROM`, and not an alias `distinct` before FROM.
fn is_distinct_from(view: View<'_>, index: usize) -> bool {
    let words = |first: &[&str]| {
        index > first.len()
            && view.from(index - first.len()).starts_with(first)
            && !view.is_symbol(index - first.len() - 1, b'.')
            && !view.is(index - first.len() - 1, "AS")
    };
    words(&["IS", "DISTINCT"]) || words(&["IS", "NOT", "DISTINCT"])
}

/// Returns whether UPDATE is the verb here, and not a name in a list of tables.
fn begins_update(view: View<'_>, index: usize, place: Place) -> bool {
    let Some(before) = index.checked_sub(1) else { return true };
    view.is_any(before, &["DO", "THEN"])
        || view.is_symbol(before, b'(')
        || view.is_symbol(before, b')') && !place.lists_tables
}

/// Returns whether columns and tables are distinguished in it; in all other statements each name counts.
fn is_told_apart(view: View<'_>) -> bool {
    let starts = ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES"];
    if starts.contains(&&*view.verb()) || view.starts_with(&["ALTER", "TABLE"]) {
        return true;
    }
    let noise = [
        "OR",
        "REPLACE",
        "GLOBAL",
        "LOCAL",
        "TEMP",
        "TEMPORARY",
        "UNLOGGED",
        "RECURSIVE",
        "MATERIALIZED",
    ];
    let kind = (1..view.tokens.len()).find(|index| !view.is_any(*index, &noise));
    is_index(view)
        || view.is(0, "CREATE") && kind.is_some_and(|kind| view.is_any(kind, &["TABLE", "VIEW"]))
}

/// Returns where the columns of CREATE TABLE open, directly behind its name.
fn definitions(view: View<'_>) -> Option<usize> {
    let table =
        view.is(0, "CREATE").then(|| view.find(1, "TABLE")).flatten().filter(|at| *at <= 3)?;
    let mut at = table + 1;
    at += if view.from(at).starts_with(&["IF", "NOT", "EXISTS"]) { 3 } else { 0 };
    while view.is_symbol(at + 1, b'.') {
        at += 2;
    }
    view.is_symbol(at + 1, b'(').then_some(at + 1)
}
