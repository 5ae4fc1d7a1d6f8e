//! What another tool recorded in a database before the runner came.

use std::collections::BTreeSet;

/// What a former tool's ledger says, in its own versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// The ledger, for messages: escaped.
    pub table: String,
    /// Versions of which each is applied.
    pub applied: Vec<String>,
    /// A version up to which all are applied, whatever they are.
    pub up_to: Option<String>,
    /// Rows of what has no version, because it is run whenever it changes.
    pub repeatables: usize,
}

impl Former {
    /// Splits it by project, where each version is of the form `project:change`. At least one is returned.
    pub fn projects(self) -> Vec<Self> {
        let project = |version: &String| version.split(':').next().unwrap_or_default().to_owned();
        let projects: BTreeSet<String> = self.applied.iter().map(project).collect();
        if projects.len() < 2 {
            return vec![self];
        }
        let of = |name: String| {
            let applied = self.applied.iter().filter(|version| project(version) == name);
            Self { applied: applied.cloned().collect(), ..self.clone() }
        };
        projects.into_iter().map(of).collect()
    }
}
