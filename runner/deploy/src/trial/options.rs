//! What a test runs, on which rows, and what it does not compare.

use super::ColumnName;
use crate::{
    alteration::{AlterationKey, Dialect},
    deploy::DeployOptions,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// Options of a test, beside those of the deploys in it.
#[derive(Debug, Clone, Default)]
pub struct TestOptions {
    pub deploy: DeployOptions,
    /// Plain SQL that is run before anything, with the operator's own rights.
    pub prepare: Option<PathBuf>,
    /// Leave the scratch database behind.
    pub keep: bool,
    /// Columns that are not compared, because each run draws their values anew.
    pub ignore: BTreeSet<ColumnName>,
    /// Plain SQL that is run before an alteration first goes up: rows that a database may hold then.
    pub rows: BTreeMap<AlterationKey, RowFiles>,
    /// A folder of checks, besides those beside components.
    pub checks: Option<PathBuf>,
    /// The alterations to test; the others only go up. `None` for all.
    pub only: Option<BTreeSet<AlterationKey>>,
}

/// Files of plain SQL; what is for one dialect is run there instead of what is for all.
#[derive(Debug, Clone, Default)]
pub struct RowFiles {
    pub all: Option<PathBuf>,
    pub of: BTreeMap<Dialect, PathBuf>,
}

impl RowFiles {
    /// Returns the file for `dialect`.
    pub(crate) fn on(&self, dialect: Dialect) -> Option<&PathBuf> {
        self.of.get(&dialect).or(self.all.as_ref())
    }
}
