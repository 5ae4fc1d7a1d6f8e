//! What a rehearsal of the rollback shows: the tables, columns and rows that are left.

use super::{Found, Tables, read::read_sql, tables, things};
use crate::{
    alteration::Dialect,
    backend::{Backend, BackendError, Written},
    deploy::{Control, How, Job, Work, components::Components, held::Held},
    error::{Error, StepError},
    event::{Certainty, Event, Observer, Report},
    host::{HookEvent, Host},
    plan::Renames,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The outcome of a rehearsal.
#[derive(Default)]
pub(super) struct Rehearsed {
    /// The tables that are left.
    tables: Tables,
    written: Written,
    /// Numbers of rows left in tables that were written to.
    left: BTreeMap<String, u64>,
    /// Found in the SQL that ran.
    said: Found,
    /// Set if all of it ran.
    pub(super) is_whole: bool,
}

/// Rehearses the rollback; returns why, if that fails.
pub(super) async fn rehearse(
    (job, how, host): (&Job<'_>, &How, &Host),
    before: &Tables,
    components: &mut Arc<Components>,
    backend: &mut Backend,
    control: &Control,
) -> Result<Result<Rehearsed, String>, Error> {
    let said = Arc::new(Mutex::new(Found::default()));
    let observer = reader(before.clone(), backend.dialect(), Arc::clone(&said));
    let quiet = Control { observer, cancelled: control.cancelled.clone(), ..Control::default() };
    let mut report = Report { rehearsed: true, ..Report::default() };
    let mut work = Work {
        job,
        host,
        components: Arc::clone(components),
        control: &quiet,
        held: Arc::new(Held::new(Arc::clone(&quiet.observer))),
        renames: Renames::new(),
        permitted: Vec::new(),
        before: 0,
        later: 0,
        report: &mut report,
        retries: how.retries,
        step_time: how.step_time,
        step_pause: how.step_pause,
        block_limit: how.block_limit,
    };
    backend.begin_rehearsal().await?;
    let worked = work.work_on(backend).await;
    *components = work.components;
    let after = match &worked {
        Ok(()) => Some(look_after(backend).await),
        Err(_) => None,
    };
    let ended = backend.end_rehearsal().await;
    match (worked, after) {
        (Err(Error::Interrupted), _) => Err(Error::Interrupted),
        (Err(Error::Step(failure)), _) if matches!(failure.cause, StepError::Interrupted) => {
            Err(Error::Interrupted)
        }
        (Err(error), _) => {
            ended?;
            Ok(Err(error.to_string()))
        }
        (Ok(()), after) => {
            ended?;
            let mut rehearsed = after.transpose()?.unwrap_or_default();
            rehearsed.said =
                std::mem::take(&mut *said.lock().unwrap_or_else(PoisonError::into_inner));
            rehearsed.is_whole = report.not_rehearsed.is_none();
            Ok(Ok(rehearsed))
        }
    }
}

/// Reads each statement that runs into `said`.
fn reader(before: Tables, dialect: Dialect, said: Arc<Mutex<Found>>) -> Observer {
    Arc::new(move |event| {
        if let Event::Hook { key, event: HookEvent::Statement { sql, .. }, .. } = event {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            read_sql(sql, &key.id, &before, dialect, &mut said);
        }
    })
}

/// Returns the tables and rows that a rehearsal has left so far.
async fn look_after(backend: &mut Backend) -> Result<Rehearsed, BackendError> {
    let tables = tables(&things(backend).await?);
    backend.begin_looking().await?;
    let looked = count_left(tables, backend).await;
    backend.abandon().await?;
    looked
}

async fn count_left(tables: Tables, backend: &mut Backend) -> Result<Rehearsed, BackendError> {
    let written = backend.written().await?;
    let mut left = BTreeMap::new();
    for (name, rows) in tables.iter().filter(|(name, _)| written.rewrote(name).is_some()) {
        left.insert(name.clone(), backend.count_rows(rows).await?);
    }
    Ok(Rehearsed { tables, written, left, ..Rehearsed::default() })
}

/// Adds what the rehearsal lost to `found`.
pub(super) fn compare(before: &Tables, rehearsed: &Rehearsed, found: &mut Found) {
    let Rehearsed { tables, written, left, said, .. } = rehearsed;
    for (name, rows) in before {
        let Some(after) = tables.get(name) else {
            found.table(name, Certainty::Rehearsed);
            continue;
        };
        for column in &rows.columns {
            let key = (name.clone(), column.clone());
            if !after.columns.contains(column) {
                found.columns.insert(key, Certainty::Rehearsed);
            } else if said.columns.contains_key(&key) {
                // It was dropped and made again.
                found.columns.insert(key, Certainty::Perhaps);
            }
        }
        let Some(is_rewritten) = written.rewrote(name) else { continue };
        if let Some(left) = left.get(name) {
            found.left.insert(name.clone(), *left);
        }
        if is_rewritten || said.rows.contains(name) || said.tables.contains_key(name) {
            found.rows.insert(name.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::RowSource;

    #[test]
    fn what_a_rehearsal_shows() {
        let rows = RowSource::of_columns;
        let before: Tables =
            [("a".to_owned(), rows(&["x", "y"])), ("b".to_owned(), rows(&["x"]))].into();
        let tables: Tables =
            [("a".to_owned(), rows(&["y", "z"])), ("c".to_owned(), rows(&["x"]))].into();
        let mut found = Found::default();
        compare(&before, &Rehearsed { tables, ..Rehearsed::default() }, &mut found);
        assert_eq!(found.tables, [("b".to_owned(), Certainty::Rehearsed)].into());
        let column = ("a".to_owned(), "x".to_owned());
        assert_eq!(found.columns, [(column, Certainty::Rehearsed)].into());
    }
}
