//! Baselines: which alterations a database has already, and recording them.

use super::{Runner, run};
use crate::{
    alteration::{AlterationKey, LedgerKey, PluginName},
    backend::{Access, FormerTool},
    deploy::{BaselineOptions, Control, Job},
    error::Error,
    event::Report,
    plan::{self, Plan, UpTo},
};
use std::collections::BTreeSet;

/// The source that says what a database already has.
#[derive(Debug, Clone)]
pub enum BaselineFrom {
    /// Each plugin up to an alteration.
    UpTo(Vec<UpTo>),
    /// The ledger of the tool that was used before.
    Former {
        tool: FormerTool,
        /// Its table, if not the tool's usual one. Of Sqitch on SQLite: a file, unless it is a name without a point.
        table: Option<String>,
        /// The plugin that the alterations belong to; needed if there are files of several plugins.
        plugin: Option<PluginName>,
    },
}

impl Runner {
    /// Returns what a baseline would record, and how many of the former tool's rows are of scripts that it runs
    /// again whenever they change: which text of them ran is not known, so that none is recorded.
    pub async fn baseline_keys(
        &self,
        from: &BaselineFrom,
    ) -> Result<(BTreeSet<AlterationKey>, usize), Error> {
        let catalog = self.catalog()?;
        let (tool, table, plugin) = match from {
            BaselineFrom::UpTo(ends) => return Ok((plan::keys_up_to(&catalog, ends)?, 0)),
            BaselineFrom::Former { tool, table, plugin } => (*tool, table.as_deref(), plugin),
        };
        let mut backend = self.connect(Access::Read).await?;
        let former = match backend.is_there() {
            true => backend.former(&self.url, tool, table).await,
            false => Err(self.no_file()),
        };
        backend.close().await;
        let former = former??;
        let key = |version: &str| crate::pack::history::ledger_key(tool, version);
        let again = former.applied.iter().filter_map(|version| key(version));
        let texts =
            |key: &LedgerKey| catalog.iter().filter(|one| key.is_script(&one.key.id)).count();
        let again = again.filter(|key| texts(key) > 1).count();
        let repeatables = former.repeatables + again;
        // Sqitch's versions begin with their project.
        let projects = match tool {
            FormerTool::Sqitch => former.projects(),
            _ => vec![former],
        };
        let keys = plan::keys_of_projects(&catalog, plugin.as_ref(), &projects, key)?;
        Ok((keys, repeatables))
    }

    /// Plans [`Runner::baseline`]. Alters nothing.
    pub async fn plan_baseline(&self, options: &BaselineOptions) -> Result<Plan, Error> {
        let catalog = self.catalog()?;
        self.planned(&Job::Baseline { catalog: &catalog, options }).await
    }

    /// Records alterations as applied without running them, because the database has them already.
    pub async fn baseline(
        &self,
        options: &BaselineOptions,
        control: &Control,
    ) -> Result<Report, Error> {
        let catalog = self.catalog()?;
        let job = Job::Baseline { catalog: &catalog, options };
        // What is adopted is there.
        let (host, backend) = (self.host(), self.connect(Access::Write).await?);
        run(&job, backend, &host, &options.how, control).await
    }
}
