//! The conversation with the database as a machine without I/O: which text comes next, and what its rows mean.
//!
//! ```text
//! where the runner's tables are -> which there are -> ledger -> records -> ledger
//!                                      ^                                     |
//!                                      +-------- its revision moved ---------+
//! ```
//!
//! The texts need no transaction: every change of the records moves the ledger's revision, so that what was read
//! between two equal ones fits together.

use crate::{
    Plugins,
    text::{Spelling, stored},
};
use alteration_domain::{
    alteration::Dialect,
    plan::{Answer, Check},
    record::{
        Cell, Record, RecordError, Run, Snapshot, StateRow, StrangeLedger, all_cut_off,
        place::{self, Found, PlaceError},
        tables::{self, LEDGER, Ledger, RUN, RUN_SINCE, STATE, SUCCESSORS, Selection, TRACES},
    },
};
use std::collections::BTreeSet;

/// How often the records are read again because they changed meanwhile.
const RESTARTS_MAX: u32 = 20;

/// The rows of one query, each column as text.
type Rows = Vec<Vec<Option<String>>>;

/// The queries of one check. See the crate's documentation for the loop that sends them.
#[derive(Debug, Clone)]
pub struct Queries {
    spelling: Spelling,
    step: Step,
    sql: String,
    /// The place that was chosen among several.
    place: Option<String>,
    strange: Vec<StrangeLedger>,
    current: Option<String>,
    tables: BTreeSet<String>,
    ledger: Option<Ledger>,
    snapshot: Snapshot,
    restarts: u32,
}

/// The query that is to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Server,
    Current,
    Place,
    Tables,
    Others,
    Ledger,
    TablesAgain,
    State,
    Runs,
    Traces,
    Successors,
    LedgerAgain,
    Done,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueriesError {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The rows are not those of the query that was to be answered.
    #[error("a row has {found} columns where {expected} are expected")]
    Shape { found: usize, expected: usize },
    /// [`Queries::next`] has another text to send.
    #[error("not all queries are answered")]
    Unanswered,
    /// A deploy is at work.
    #[error("the recorded state changed each time that it was read; check again")]
    Moving,
}

impl Queries {
    /// Queries for a connection to a database of `dialect`; for MySQL and MariaDB either will do, the server says which
    /// it is.
    ///
    /// `schema` is where the runner's tables are, as `--state-schema` and a URL's `search_path` say it to the runner on
    /// PostgreSQL. Without it they are looked for where the runner looks: on PostgreSQL in the whole database, on SQLite
    /// in `main`, on MySQL and MariaDB in the connection's database.
    pub fn new(dialect: Dialect, schema: Option<&str>) -> Self {
        let default = (dialect == Dialect::Sqlite).then_some("main");
        let spelling = Spelling { dialect, schema: schema.or(default).map(str::to_owned) };
        let place = schema.filter(|_| dialect == Dialect::Postgresql).map(str::to_owned);
        let mut queries = Self {
            spelling,
            step: Step::Tables,
            sql: String::new(),
            place,
            strange: Vec::new(),
            current: None,
            tables: BTreeSet::new(),
            ledger: None,
            snapshot: Snapshot::empty(),
            restarts: 0,
        };
        queries.ask(match dialect {
            Dialect::Mysql | Dialect::Mariadb => Step::Server,
            Dialect::Postgresql if schema.is_none() => Step::Current,
            Dialect::Postgresql | Dialect::Sqlite => Step::Tables,
        });
        queries
    }

    /// The SQL text to send next; `None` once [`Queries::answer`] has all that it needs. The same until [`Queries::put`]
    /// took its rows.
    pub fn next(&self) -> Option<&str> {
        (self.step != Step::Done).then_some(self.sql.as_str())
    }

    /// Takes all rows that the database answered the last text with.
    pub fn put(&mut self, rows: Vec<Vec<Option<String>>>) -> Result<(), QueriesError> {
        let expected = self.columns();
        if let Some(found) = rows.iter().map(Vec::len).find(|found| *found != expected) {
            return Err(QueriesError::Shape { found, expected });
        }
        let next = self.take(rows)?;
        self.ask(next);
        Ok(())
    }

    /// Returns what `runner check` decides about these records and `plugins`.
    pub fn answer(&self, plugins: &Plugins) -> Result<Answer, QueriesError> {
        Ok(self.check(plugins)?.answer())
    }

    /// As [`Queries::answer`], with all that was found: notes, and what is undeployed beside what needs a decision.
    pub fn check(&self, plugins: &Plugins) -> Result<Check, QueriesError> {
        if self.step != Step::Done {
            return Err(QueriesError::Unanswered);
        }
        Ok(Check::of_records(&plugins.catalog, &self.snapshot, self.spelling.dialect))
    }

    fn ask(&mut self, step: Step) {
        self.step = step;
        let version = self.version();
        let spelling = &self.spelling;
        self.sql = match step {
            Step::Server => "SELECT CAST(VERSION() AS CHAR)".to_owned(),
            Step::Current => "SELECT pg_catalog.current_schema()::pg_catalog.text".to_owned(),
            Step::Place => {
                let current = self.current.as_deref().unwrap_or_default();
                place::question(&spelling.literal(current))
            }
            Step::Tables | Step::TablesAgain => spelling.tables(),
            Step::Others => spelling.others(),
            Step::Ledger | Step::LedgerAgain => spelling.selection(&LEDGER, version),
            Step::State => spelling.selection(&STATE, version),
            Step::Runs => spelling.selection(&RUN, version),
            Step::Traces => spelling.selection(&TRACES, version),
            Step::Successors => spelling.selection(&SUCCESSORS, version),
            Step::Done => String::new(),
        };
    }

    /// The selection that is asked for, where it is one.
    fn selection(&self) -> Option<&'static Selection> {
        Some(match self.step {
            Step::Ledger | Step::LedgerAgain => &LEDGER,
            Step::State => &STATE,
            Step::Runs => &RUN,
            Step::Traces => &TRACES,
            Step::Successors => &SUCCESSORS,
            _ => return None,
        })
    }

    fn columns(&self) -> usize {
        match (self.selection(), self.step) {
            (Some(selection), _) => selection.columns(self.version()).count(),
            (None, Step::Place) => 4,
            (None, _) => 1,
        }
    }

    /// The version of the schema, as far as it is known; else one that the ledger is read by.
    fn version(&self) -> i64 {
        self.ledger.map_or(1, |ledger| ledger.schema_version)
    }

    /// Returns whether schema changes commit one by one, so that tables can be seen half made.
    fn commits_alone(&self) -> bool {
        matches!(self.spelling.dialect, Dialect::Mysql | Dialect::Mariadb)
    }

    fn stored(&self, rows: Rows) -> Vec<Vec<Cell>> {
        let Some(selection) = self.selection() else { return Vec::new() };
        let version = self.version();
        rows.into_iter().map(|row| stored(selection, version, row)).collect()
    }

    /// Takes the rows, and says what comes next.
    fn take(&mut self, rows: Rows) -> Result<Step, QueriesError> {
        Ok(match self.step {
            Step::Server => {
                let version = texts(rows).next().unwrap_or_default();
                let is_mariadb = version.to_ascii_lowercase().contains("mariadb");
                self.spelling.dialect = if is_mariadb { Dialect::Mariadb } else { Dialect::Mysql };
                Step::Tables
            }
            Step::Current => {
                self.current = texts(rows).next();
                Step::Place
            }
            Step::Place => {
                let found: Vec<Found> = rows.iter().filter_map(|row| Found::of(row)).collect();
                let chosen = place::choose(&found, self.current.as_deref(), true)?;
                self.spelling.schema = Some(chosen.schema.clone());
                self.place = Some(chosen.schema);
                self.strange = chosen.strange;
                Step::Tables
            }
            Step::Tables => {
                self.tables = tables::own(texts(rows));
                if self.tables.contains("alteration_ledger") {
                    Step::Ledger
                } else {
                    tables::without_ledger(&self.tables, self.commits_alone())?;
                    Step::Others
                }
            }
            Step::Others => {
                let count = texts(rows).next().and_then(|count| count.parse().ok());
                let count =
                    count.ok_or_else(|| Record::new(Vec::new(), "the tables").invalid("count"))?;
                self.snapshot = Snapshot {
                    tables: count,
                    place: self.place.clone(),
                    strange: self.strange.clone(),
                    ..Snapshot::empty()
                };
                Step::Done
            }
            Step::Ledger if self.commits_alone() && rows.is_empty() => Step::Others,
            Step::Ledger => {
                let ledger = Ledger::read(self.stored(rows))?;
                let missing = tables::missing(ledger.schema_version, &self.tables);
                self.ledger = Some(ledger);
                // Another runner may have been about to make them; the ledger's row comes after all of them.
                if missing.is_empty() { self.after_ledger(ledger)? } else { Step::TablesAgain }
            }
            Step::TablesAgain => {
                self.tables.extend(tables::own(texts(rows)));
                match self.ledger {
                    Some(ledger) => self.after_ledger(ledger)?,
                    None => Step::Tables,
                }
            }
            Step::State => {
                let rows = self.stored(rows).into_iter().map(StateRow::read);
                let rows = rows.map(|row| row.map(|row| (row.key.clone(), row)));
                self.snapshot.rows = rows.collect::<Result<_, _>>()?;
                if self.version() < RUN_SINCE { Step::Successors } else { Step::Runs }
            }
            Step::Runs => {
                let runs = self.stored(rows).into_iter().map(Run::read);
                let runs = runs.map(|run| run.map(|run| (run.key.clone(), run)));
                self.snapshot.runs = runs.collect::<Result<_, _>>()?;
                if self.snapshot.runs.is_empty() { Step::Successors } else { Step::Traces }
            }
            Step::Traces => {
                self.snapshot.cut = all_cut_off(self.stored(rows))?;
                Step::Successors
            }
            Step::Successors => {
                self.snapshot.successors = tables::successors(self.stored(rows))?;
                Step::LedgerAgain
            }
            Step::LedgerAgain => {
                let now = Ledger::read(self.stored(rows))?;
                if self.ledger.map(|before| before.revision) == Some(now.revision) {
                    Step::Done
                } else if self.restarts == RESTARTS_MAX {
                    return Err(QueriesError::Moving);
                } else {
                    self.restarts += 1;
                    self.ledger = None;
                    Step::Tables
                }
            }
            Step::Done => Step::Done,
        })
    }

    /// Returns the next step once the ledger and the tables are known.
    fn after_ledger(&mut self, ledger: Ledger) -> Result<Step, QueriesError> {
        let missing = tables::missing(ledger.schema_version, &self.tables);
        let found = tables::version(ledger.schema_version, &missing, self.commits_alone())?;
        let (place, revision) = (self.place.clone(), Some(ledger.revision));
        self.snapshot = Snapshot { place, revision, ..Snapshot::empty() };
        Ok(if found.is_some() { Step::State } else { Step::Others })
    }
}

fn texts(rows: Rows) -> impl Iterator<Item = String> {
    rows.into_iter().flatten().flatten()
}

#[cfg(test)]
mod tests;
