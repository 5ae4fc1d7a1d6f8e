//! A hook's script on PostgreSQL: statements that every reader tells apart alike go in one message.
//!
//! All others go by themselves, as any statement does.

use super::{
    PostgresConnection,
    error::guest_error,
    forms::Wants,
    link::Answer,
    session::{changes_rows, first_length},
    text::Sent,
};
use crate::{
    backend::connection::HookMode,
    session::{ErrorKind, FailedInScript, OnStatement, Outcome, Script, ScriptRun, SqlError},
    sql::{Statement, is_closed},
};
use std::convert::Infallible;

/// Nobody hears of a statement before all that went with it are done.
const MESSAGE_BYTES_MAX: usize = 8 << 10;
const SEPARATOR: &str = ";\n";

/// Statements of a script on their way to the server, one behind the other.
struct Together<'a> {
    /// Statements of the script that were run before.
    before: u64,
    parts: Vec<Part<'a>>,
    text: String,
}

struct Part<'a> {
    statement: Statement<'a>,
    /// As it was written, with what stands around it.
    written: &'a str,
    /// Where it begins in the message.
    start: usize,
}

impl<'a> Together<'a> {
    fn add(&mut self, statement: Statement<'a>, written: &'a str) {
        let start = self.text.len();
        self.text.push_str(statement.text());
        self.text.push_str(SEPARATOR);
        self.parts.push(Part { statement, written, start });
    }

    /// Which part a place in the message belongs to.
    fn part_at(&self, offset: usize) -> usize {
        self.parts.partition_point(|part| part.start <= offset).saturating_sub(1)
    }
}

impl PostgresConnection {
    pub(super) async fn run_script(
        &mut self,
        script: &Script,
        done: &mut OnStatement<'_>,
    ) -> Result<(), FailedInScript> {
        let mut run = ScriptRun::default();
        // The journal makes its own calls; it would be given nothing that can be taken up again.
        let is_transaction = self.state.mode() == Some(HookMode::Transaction);
        loop {
            if is_transaction && !self.config.one_by_one {
                let together = self.together(script, run);
                if together.parts.len() > 1 {
                    self.run_together(together, script, &mut run, done).await?;
                }
            }
            // What stopped them is run, or refused, by itself.
            if !run.next(self, script, done).await? {
                return Ok(());
            }
        }
    }

    /// The next statements that may go together.
    fn together<'a>(&self, script: &'a Script, run: ScriptRun) -> Together<'a> {
        let mut together = Together { before: run.before, parts: Vec::new(), text: String::new() };
        let mut rest = script.text(run.start);
        while let Some((statement, written)) = self.next_closed(rest) {
            if together.text.len() + written.len() > MESSAGE_BYTES_MAX {
                break;
            }
            together.add(statement, written);
            rest = &rest[written.len()..];
        }
        together
    }

    /// The first statement of `rest`, if it may go together with others.
    fn next_closed<'a>(&self, rest: &'a str) -> Option<(Statement<'a>, &'a str)> {
        let length = first_length(rest).ok().flatten()?;
        let written = &rest[..length];
        let statement = self.checked(written).ok()?;
        let may = is_closed(statement.written())
            && statement.parameters().is_empty()
            && self.opens(&statement).is_none();
        may.then_some((statement, written))
    }

    async fn run_together(
        &mut self,
        together: Together<'_>,
        script: &Script,
        run: &mut ScriptRun,
        done: &mut OnStatement<'_>,
    ) -> Result<(), FailedInScript> {
        for part in &together.parts {
            let ready = self.ready_for_guest(Wants::of(&part.statement, false)).await;
            ready.map_err(|error| run.failed(script, error))?;
        }
        let mut parts = together.parts.iter();
        let ran = self
            .link
            .each_answer(&together.text, |answer| {
                if let Answer::Done(affected) = answer
                    && let Some(part) = parts.next()
                {
                    let rows_affected = if changes_rows(&part.statement) { affected } else { 0 };
                    done(part.written.trim(), Outcome { rows_affected, last_insert_id: None });
                    run.pass(part.written.len());
                }
                Ok::<(), Infallible>(())
            })
            .await;
        if let Err(error) = ran {
            let error = guest_error(error, &Sent::plain(&together.text));
            return Err(failed_together(&together, script, run, error));
        }
        for part in &together.parts {
            self.forget_types_unless_plain(&part.statement.verb());
        }
        Ok(())
    }
}

/// The error of a message, as one of the statement that it is about. The server reads a whole message
/// before it runs any of it, so that this need not be the first that was not run.
fn failed_together(
    together: &Together<'_>,
    script: &Script,
    run: &mut ScriptRun,
    error: SqlError,
) -> FailedInScript {
    let ran = usize::try_from(run.before - together.before).unwrap_or(usize::MAX);
    if error.kind == ErrorKind::Disconnected {
        // What was done of a message is often only heard of at its end.
        let message = match together.parts.len().saturating_sub(ran + 1) {
            0 => error.message,
            behind => format!(
                "{}; it was at this statement or one of the {behind} behind it",
                error.message
            ),
        };
        return run.failed(script, SqlError { message, ..error });
    }
    let at = error.offset.map_or(ran, |offset| together.part_at(offset).max(ran));
    for part in together.parts.iter().take(at).skip(ran) {
        run.pass(part.written.len());
    }
    let within = |part: &Part<'_>| {
        error.offset.map(|offset| part.statement.offset() + offset.saturating_sub(part.start))
    };
    let offset = together.parts.get(at).and_then(within);
    run.failed(script, SqlError { offset, ..error })
}
