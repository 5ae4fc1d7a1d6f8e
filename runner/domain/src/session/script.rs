//! SQL text of several statements, and the way through it: one after the other.
//!
//! Knows no dialect: where a statement ends, the session says.

use super::{ErrorKind, Outcome, Session, SqlError, blank};

/// SQL text of any number of statements, ready to be walked without copying the rest each time. Ends with a NUL.
#[derive(Debug)]
pub struct Script(String);

/// Text that ends with a NUL, and holds no other. Only a [`Script`] makes one: to look for the NUL would cost a scan
/// of all that is left, for each statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminated<'a>(&'a [u8]);

impl<'a> Terminated<'a> {
    /// With the NUL.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }
}

impl Script {
    /// Refuses a NUL character, where databases would silently stop reading.
    pub fn new(sql: &str) -> Result<Self, SqlError> {
        match sql.find('\0') {
            None => Ok(Self(format!("{sql}\0"))),
            at => Err(SqlError {
                offset: at,
                ..SqlError::new(ErrorKind::Syntax, "the SQL text contains a NUL character")
            }),
        }
    }

    /// Returns what is left from byte `start` on. Past the end, nothing.
    pub fn text(&self, start: usize) -> &str {
        self.0.get(start..self.0.len() - 1).unwrap_or_default()
    }

    /// Returns what is left from byte `start` on, with its terminator. Past the end, nothing.
    pub fn rest(&self, start: usize) -> Terminated<'_> {
        let last = self.0.len() - 1;
        Terminated(&self.0.as_bytes()[start.min(last)..])
    }
}

/// Told of each statement of a script that was run: its text, and what came of it.
pub type OnStatement<'a> = dyn FnMut(&str, Outcome) + Send + 'a;

/// Where a script failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedInScript {
    /// Statements that come before the one that failed.
    pub before: u64,
    /// Its offset counts from the start of the script.
    pub error: SqlError,
}

/// How far a script has been run.
#[derive(Debug, Clone, Copy, Default)]
pub struct ScriptRun {
    pub before: u64,
    /// The byte where the next statement begins.
    pub start: usize,
}

impl ScriptRun {
    /// Runs the next statement by itself; false at the end.
    pub async fn next<S: Session + ?Sized>(
        &mut self,
        session: &mut S,
        script: &Script,
        done: &mut OnStatement<'_>,
    ) -> Result<bool, FailedInScript> {
        let rest = script.text(self.start);
        let found = session.statement_length(script, self.start).await;
        let Some(length) = found.map_err(|error| self.failed(script, error))? else {
            return Ok(false);
        };
        let sql = &rest[..length];
        let outcome = session.execute(sql, Vec::new()).await;
        done(sql.trim(), outcome.map_err(|error| self.failed(script, error))?);
        self.pass(length);
        Ok(true)
    }

    /// The next statement, which is so long, needs no run any more.
    pub fn pass(&mut self, length: usize) {
        *self = Self { before: self.before + 1, start: self.start + length };
    }

    /// An error of the next statement, whose author looks for its position within the whole script.
    pub fn failed(&self, script: &Script, error: SqlError) -> FailedInScript {
        let within = error.offset.unwrap_or_else(|| blank(script.text(self.start)));
        let error = SqlError { offset: Some(self.start + within), ..error };
        FailedInScript { before: self.before, error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_without_its_end() {
        let script = Script::new("é;b").unwrap();
        for (start, left) in [(0, "é;b"), (2, ";b"), (4, ""), (5, ""), (9, ""), (1, "")] {
            assert_eq!(script.text(start), left, "{start}");
        }
        for (start, left) in [(2, c";b"), (4, c""), (5, c""), (9, c"")] {
            assert_eq!(script.rest(start).bytes(), left.to_bytes_with_nul(), "{start}");
        }
        assert_eq!(Script::new("a\0b").unwrap_err().offset, Some(1));
    }
}
