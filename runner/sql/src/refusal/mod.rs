//! Which statements a guest may not run, and why.
//!
//! The first of several walls: a server's own rights, its refusal of several statements in one
//! message (of texts that could be read as several), and the check of the transaction stand behind it. What a function
//! makes up while it runs cannot be seen here.

mod mysql;
mod mysql_inside;
mod mysql_set;
mod postgresql;
mod postgresql_set;
mod sqlite;

use super::{bodies, names, own, statement::Statement, used, view::View};
use crate::alteration::{Dialect, Level};

pub(super) use mysql::is_user_variable_assigned;
pub(super) use mysql_set::is_set_again;

/// How the hook runs whose statement is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// All in one transaction of the host.
    Transaction,
    /// Each call with a row in the journal; statements may commit by themselves.
    Journaled,
    /// The same in a session of the hook's own, where nothing is the host's: MySQL and MariaDB, from the first
    /// statement on that a resumed hook could not repeat.
    Apart,
}

/// Returns why a guest may not run `statement`, as a sentence without its full stop; `None` if it may.
pub fn refusal(statement: &Statement<'_>, place: Place, level: Level) -> Option<String> {
    let view = statement.view();
    if statement.dialect() == Dialect::Sqlite {
        // There the database itself asks for permission, action by action; a text shows only some of it.
        return sqlite::refusal(view, place);
    }
    let names = names::names(view);
    let own = match statement.dialect() {
        // There the tables are looked at themselves, too, before a hook and after it.
        Dialect::Postgresql if !bodies::holds_code(view) => used::own_table(view),
        _ => own::mentioned(view, &names),
    };
    if let Some(table) = own {
        return Some(format!("the statement names the runner's table {table}"));
    }
    match statement.dialect() {
        Dialect::Postgresql => postgresql::refusal(view, place, level),
        Dialect::Mysql | Dialect::Mariadb => mysql::refusal(statement, &names, place, level),
        Dialect::Sqlite => None,
    }
}

/// Beginnings of statements, longer ones before shorter ones, and why they are refused.
type Refused = [(&'static [&'static str], &'static str)];

const TRANSACTIONS: &str = "transactions are the host's";

fn refused_beginning(view: View<'_>, table: &Refused) -> Option<String> {
    let (words, why) = table.iter().find(|(words, _)| view.starts_with(words))?;
    Some(because(&words.join(" "), why))
}

fn because(what: &str, why: &str) -> String {
    format!("{what} is refused: {why}")
}
