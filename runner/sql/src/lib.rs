//! SQL as text: taking it apart as each server does, finding what a guest may not say and the
//! lines that an error is about. No database, no I/O.
//!
//! Internal to the runner of database alterations: the API is not stable.

mod alike;
mod bodies;
mod boundary;
mod code_comment;
mod decode;
mod delimiter;
mod excerpt;
mod highlight;
mod judge;
mod left;
mod lexer;
mod made;
mod names;
mod outside;
mod own;
mod plain;
mod psql;
mod refusal;
mod resumable;
mod script;
mod split;
pub mod sqlite;
mod standing;
mod statement;
#[cfg(test)]
mod tests;
mod token;
mod units;
mod used;
mod view;

pub use alike::{is_closed, is_undivided};
pub use alteration_domain::{
    alteration::Level,
    session::{Reading, blank},
};
pub use delimiter::undelimited;
pub use excerpt::excerpt;
pub use highlight::{DIALECTS, Paint, dialect_of, highlight, terminator};
pub use judge::{Judge, Refused, Role};
pub use left::reaches_session;
pub use made::{TableChange, made, table_changes};
pub use outside::{
    Label, added_label, ends_transactions, made_enum, may_end_transactions, refuses_transaction,
    used_labels,
};
pub use own::OWN_TABLES;
pub use refusal::{Place, refusal};
pub use resumable::{is_about_the_one_before, leaves_nothing, resumability};
pub use script::{Unrepeatable, as_client, unrepeatable};
pub use split::statement_length;
pub use standing::{FOREIGN_MODES, is_foreign, is_utf8};
pub use statement::{Statement, used_database};
pub use token::{Token, TokenKind};
pub use units::{Isolation, UNCLOSED, UnitWord, Units, any_unit_word};

use alteration_domain::{alteration, escape, session};
