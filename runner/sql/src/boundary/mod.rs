//! Which `;` ends a statement, and which stands inside a body.
//!
//! Sees the tokens of one statement, one after the other. In doubt the statement ends: each part
//! is then judged for itself, while a `;` that is taken for an inner one would hide what follows.

mod blocks;
mod mysql;
mod simple;

use super::token::Token;
use crate::alteration::Dialect;

pub(super) use mysql::{Inner, inner};

pub(super) struct Boundary(State);

enum State {
    Postgresql(simple::Postgresql),
    Sqlite(simple::Sqlite),
    Mysql(mysql::Mysql),
}

impl Boundary {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self(match dialect {
            Dialect::Postgresql => State::Postgresql(simple::Postgresql::default()),
            Dialect::Sqlite => State::Sqlite(simple::Sqlite::default()),
            Dialect::Mysql | Dialect::Mariadb => State::Mysql(mysql::Mysql::default()),
        })
    }

    /// Returns whether `token` is the `;` that ends the statement. `text` is the token's own.
    pub(super) fn ends_at(&mut self, token: Token, text: &str) -> bool {
        match &mut self.0 {
            State::Postgresql(state) => state.ends_at(token, text),
            State::Sqlite(state) => state.ends_at(token, text),
            State::Mysql(state) => state.ends_at(token, text),
        }
    }
}
