//! Statements of the runner's own that go to the server in one message, each known by its place in it.
//!
//! A server leaves out all that follows a failed statement, so the number of answers tells which one failed.

use super::link::TextRow;
use crate::backend::transaction::Rows;

/// Statements on their way to the server.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// Each is exactly one, and returns cells if true.
    statements: Vec<(String, bool)>,
}

impl Message {
    /// Adds one statement; its place.
    pub(super) fn push(&mut self, sql: impl Into<String>) -> usize {
        self.statements.push((sql.into(), false));
        self.statements.len() - 1
    }

    /// As [`Self::push`], for a statement whose rows are read as cells.
    pub(super) fn push_query(&mut self, sql: String) -> usize {
        self.statements.push((sql, true));
        self.statements.len() - 1
    }

    pub(super) fn extend<S: Into<String>>(&mut self, statements: impl IntoIterator<Item = S>) {
        self.statements.extend(statements.into_iter().map(|sql| (sql.into(), false)));
    }

    /// Adds the statements of another one.
    pub(super) fn append(&mut self, other: Message) {
        self.statements.extend(other.statements);
    }

    pub(super) fn len(&self) -> usize {
        self.statements.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    pub(super) fn text(&self) -> String {
        let statements: Vec<&str> = self.statements.iter().map(|(sql, _)| sql.as_str()).collect();
        statements.join("; ")
    }

    /// Whether the rows of the statement at `place` are read as cells.
    pub(super) fn is_query(&self, place: usize) -> bool {
        self.statements.get(place).is_some_and(|(_, is_query)| *is_query)
    }
}

/// What the server answered to one statement.
#[derive(Debug, Default)]
pub(super) struct Answered {
    pub(super) texts: Vec<TextRow>,
    /// In place of `texts`, for a query.
    pub(super) cells: Rows,
    /// How many rows it was about.
    pub(super) affected: u64,
}

/// Answers to a message.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// To the statements that were done, in their order.
    pub(super) answered: Vec<Answered>,
    /// Of the first one that was not done.
    pub(super) error: Option<sqlx::Error>,
}

impl Reply {
    /// The answers to the first `len` statements, and those to the others. An error belongs to the statement that it came from.
    pub(super) fn split(mut self, len: usize) -> (Self, Self) {
        if self.answered.len() < len {
            return (self, Self::default());
        }
        let answered = self.answered.split_off(len);
        let others = Self { answered, error: self.error.take() };
        (self, others)
    }
}
