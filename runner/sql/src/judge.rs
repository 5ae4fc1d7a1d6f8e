//! A whole SQL text, judged before any of it runs: every statement as its session would judge it.
//!
//! Refuses nothing that would run: what only a server can tell is left to it. Pure.

use super::{
    Level, Reading, blank, excerpt,
    made::made,
    outside,
    refusal::{Place, refusal},
    script::{Unrepeatable, Written, as_client, unrepeatable, walk},
    statement::{Statement, used_database},
    units::{UNCLOSED, UnitWord, Units},
};
use crate::{alteration::Dialect, session::SqlError};
use std::{collections::BTreeSet, ops::ControlFlow, sync::Arc};

/// Which hook a text is of, as far as it decides how the text runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `up` and `down`: a script, in one transaction where there are such transactions.
    Main,
    /// `before-up` and `before-down`: a script outside of any.
    Before,
    /// `step`: one statement in a transaction.
    Step,
}

impl Role {
    /// Returns how a hook of this role runs on `dialect`.
    pub fn place(self, dialect: Dialect) -> Place {
        let commits = matches!(dialect, Dialect::Mysql | Dialect::Mariadb);
        match self {
            Self::Main if commits => Place::Journaled,
            Self::Before => Place::Journaled,
            Self::Main | Self::Step => Place::Transaction,
        }
    }
}

/// What is known of the database that will read the texts.
#[derive(Debug, Clone)]
pub struct Judge {
    reading: Reading,
    database: Option<Arc<str>>,
    /// The longest statement that a session takes; `None` where that is not known yet.
    text_bytes_max: Option<usize>,
    level: Level,
}

/// The first statement of a text that will not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Counted from 1.
    pub statement: usize,
    /// The byte of the text that it is about.
    pub offset: usize,
    /// A sentence without its full stop. It may hold the text's own words.
    pub reason: String,
    /// It is too long for the bound that was given.
    pub is_too_long: bool,
}

impl Refused {
    /// Counted from 1.
    pub fn line(&self, text: &str) -> usize {
        let before = &text.as_bytes()[..self.offset.min(text.len())];
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    }

    /// Returns the lines around it, escaped.
    pub fn excerpt(&self, text: &str) -> String {
        excerpt(text, Some(self.offset))
    }
}

impl Judge {
    pub fn new(reading: impl Into<Reading>) -> Self {
        Self {
            reading: reading.into(),
            database: None,
            text_bytes_max: None,
            level: Level::Guarded,
        }
    }

    pub fn dialect(&self) -> Dialect {
        self.reading.dialect
    }

    /// Returns the names of the tables and views that `text` makes; only on MySQL and MariaDB.
    pub fn made(&self, text: &str) -> BTreeSet<String> {
        made(text, self.reading)
    }

    /// Returns the same judge, where statements beyond `text_bytes_max` are refused.
    pub fn bounded(self, text_bytes_max: usize) -> Self {
        Self { text_bytes_max: Some(text_bytes_max), ..self }
    }

    /// Returns the same judge, for a verb that is not told the bound.
    pub fn unbounded(self) -> Self {
        Self { text_bytes_max: None, ..self }
    }

    /// Returns the same judge, for texts of a plugin that is trusted so far.
    pub fn at(&self, level: Level) -> Self {
        Self { level, ..self.clone() }
    }

    /// Returns the same judge, for sessions of this database: USE of it does nothing.
    pub fn within(self, database: &str) -> Self {
        Self { database: Some(database.into()), ..self }
    }

    /// USE of the session's own database. Which one that will be is not known without a server.
    fn is_own_database(&self, statement: &Statement<'_>) -> bool {
        used_database(statement).is_some_and(|used| match &self.database {
            Some(database) => *used == **database,
            None => true,
        })
    }

    /// Fails with the first statement of `text` that a session refuses, if there is one.
    pub fn judge(&self, text: &str, role: Role) -> Result<(), Refused> {
        let place = role.place(self.reading.dialect);
        let refused = |statement, offset, reason: String| Refused {
            statement,
            offset,
            reason,
            is_too_long: false,
        };
        if let Some(at) = text.find('\0') {
            return Err(refused(1, at, "the SQL text contains a NUL character".to_owned()));
        }
        if text.is_empty() {
            return Ok(());
        }
        if role == Role::Step {
            self.fits(text, 1, 0)?;
            return self.one(text, place, None).map_err(|(at, reason)| refused(1, at, reason));
        }
        let of_script = |statement, error: SqlError| {
            refused(statement, error.offset.unwrap_or(0), error.message)
        };
        let text = &*as_client(text, self.reading).map_err(|error| of_script(1, error))?;
        let apart = unrepeatable(text, self.reading).map_or(usize::MAX, |found| found.statement);
        let mut units = (place == Place::Journaled).then(Units::default);
        // Where the unit at hand was opened.
        let mut opened = (1, 0);
        let mut found = Ok(());
        let walked = walk(text, self.reading, |written| {
            let Written { number, start, text, reading, unclear } = written;
            let of_one = |(at, reason)| refused(number, start + at, reason);
            let judge = Self { reading, ..self.clone() };
            let mut of_statement = || {
                self.fits(text, number, start + blank(text))?;
                // There the words about transactions are the server's.
                if number >= apart {
                    return judge.one(text, Place::Apart, None).map_err(of_one);
                }
                match judge.unit(text, &mut units).map_err(of_one)? {
                    Some((UnitWord::Opens(_), at)) => opened = (number, start + at),
                    Some(_) => {}
                    None => judge.one(text, place, units).map_err(of_one)?,
                }
                Ok(())
            };
            found = of_statement().and_then(|()| match unclear {
                Some(unclear) => {
                    Err(refused(number, start + blank(text), unclear.reason().to_owned()))
                }
                None => Ok(()),
            });
            match found {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
        match walked {
            // SQLite itself tells where its statements end.
            Err(_) if self.reading.dialect == Dialect::Sqlite => return found,
            Err((number, error)) if found.is_ok() => return Err(of_script(number, error)),
            Err(_) | Ok(()) => {}
        }
        if found.is_ok() && units.is_some_and(Units::is_open) {
            return Err(refused(opened.0, opened.1, UNCLOSED.to_owned()));
        }
        found
    }

    /// Returns the statement of `text` from which on its hook cannot be resumed, if there is one. A step is one transaction.
    pub fn unrepeatable(&self, text: &str, role: Role) -> Option<Unrepeatable> {
        if role == Role::Step {
            return None;
        }
        unrepeatable(&as_client(text, self.reading).ok()?, self.reading)
    }

    fn fits(&self, text: &str, statement: usize, offset: usize) -> Result<(), Refused> {
        match self.text_bytes_max {
            Some(max) if text.len() > max => Err(Refused {
                statement,
                offset,
                reason: format!("the SQL text has {} bytes; at most {max} are allowed", text.len()),
                is_too_long: true,
            }),
            _ => Ok(()),
        }
    }

    /// Returns what the statement says about the script's transactions, and its first byte.
    fn unit(
        &self,
        sql: &str,
        units: &mut Option<Units>,
    ) -> Result<Option<(UnitWord, usize)>, (usize, String)> {
        let (Some(units), Ok(statement)) = (units, Statement::one(sql, self.reading)) else {
            return Ok(None);
        };
        let first = first_byte(&statement);
        let word = units.take(&statement).map_err(|reason| (first, reason))?;
        Ok(word.map(|word| (word, first)))
    }

    /// The byte that a refusal is about, and the reason.
    fn one(&self, sql: &str, place: Place, units: Option<Units>) -> Result<(), (usize, String)> {
        let statement = match Statement::one(sql, self.reading) {
            Ok(statement) => statement,
            Err(_) if self.reading.dialect == Dialect::Sqlite => return Ok(()),
            Err(error) => return Err((error.offset.unwrap_or(0), error.message)),
        };
        if self.is_own_database(&statement) {
            return Ok(());
        }
        let in_unit = units.is_some_and(Units::is_open);
        let outside = || {
            let what = outside::refuses_transaction(&statement)?;
            match (place, in_unit) {
                (Place::Journaled, false) | (Place::Apart, _) => None,
                (Place::Journaled, true) => Some(format!(
                    "{what} cannot run in a transaction, and BEGIN opened one: move it before that, or behind its COMMIT"
                )),
                (Place::Transaction, _) => Some(format!(
                    "{what} cannot run in a transaction, and this hook is one: it belongs into before-up or before-down"
                )),
            }
        };
        match refusal(&statement, place, self.level).or_else(outside) {
            Some(reason) => Err((first_byte(&statement), reason)),
            None => Ok(()),
        }
    }
}

/// Returns where a statement's first token begins in the text that it was read from.
fn first_byte(statement: &Statement<'_>) -> usize {
    let first = statement.tokens().first().map_or(0, |token| token.range().start);
    statement.offset() + first
}
