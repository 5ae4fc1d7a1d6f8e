//! Tests on scratch databases, which are made beside the runner's own and removed.

use super::Runner;
use crate::{
    alteration::{AlterationKey, Catalog, Dialect},
    backend::{Access, Backend, Scheme},
    deploy::{self, Control, DeployOptions, How, Job},
    error::Error,
    host::Host,
    plan::{Folders, Plan, Policy},
    sql::Judge,
    trial::{self, Ground, Script, TestOptions, Tested, Trial},
};
use std::collections::BTreeMap;

impl Runner {
    /// Takes each alteration up, down and up again on a scratch database that it makes beside this
    /// one and removes, and compares. This runner's own database is only connected to.
    /// Calls `observer` with each alteration when its test ends.
    pub async fn test(
        &self,
        options: &TestOptions,
        control: &Control,
        observer: &(dyn Fn(&Tested) + Send + Sync),
    ) -> Result<Trial, Error> {
        let catalog = self.catalog()?;
        let host = self.host();
        let script = options.prepare.as_deref().map(Script::read).transpose()?;
        // A scratch database may have them.
        let policy = Policy { drafts: true, folders: Folders::Ignored, ..options.deploy.policy };
        let deploy = DeployOptions { policy, ..options.deploy.clone() };
        let options = &TestOptions { deploy, ..options.clone() };
        let job = Job::Deploy { catalog: &catalog, options: &options.deploy };
        let (plan, ground) = match self.url.scheme() {
            // The file is not even looked at.
            Scheme::Sqlite => {
                let plan = deploy::plan_for_empty(&job, &Judge::new(Dialect::Sqlite))?;
                (plan, Ground::in_folder(control)?)
            }
            _ => {
                let mut server = self.connect(Access::Write).await?;
                let judge = server.judge().await;
                let made = async {
                    let plan = deploy::plan_for_empty(&job, &judge)?;
                    if let Some(it) = deploy::untrusted(&plan, &mut server).await? {
                        return Err(Error::Powerful(Box::new(it)));
                    }
                    let ground = Ground::beside(&self.url, &mut server, control).await?;
                    Ok((plan, ground))
                };
                let made = made.await;
                server.close().await;
                made?
            }
        };
        let (mut ground, mut progress) = (ground, trial::Progress::begin(observer));
        let tested = loop {
            let scratch = Self { url: ground.url.clone(), ..self.clone() };
            let trying = (&catalog, &plan, options, &host);
            let went = scratch.try_on(trying, script.as_ref(), &mut progress, control).await;
            match went {
                // What is left behind is what the person wants to look at.
                Ok((trial::Went::NeedsAnother, dialect)) if options.keep => {
                    progress.give_up(&plan);
                    break Ok(progress.trial(&plan, dialect));
                }
                Ok((trial::Went::NeedsAnother, _)) => match self.ground(control).await {
                    Ok(another) => {
                        let before = std::mem::replace(&mut ground, another);
                        before.remove(&self.connection, control).await;
                    }
                    Err(error) => break Err(error),
                },
                Ok((trial::Went::ToTheEnd, dialect)) => break Ok(progress.trial(&plan, dialect)),
                Err(error) => break Err(error),
            }
        };
        let scratch = match options.keep {
            true => Some(ground.keep()),
            false => ground.remove(&self.connection, control).await,
        };
        tested.map(|trial| Trial { scratch, ..trial })
    }

    /// Continues a test on this runner's database, which is a scratch one that has nothing yet.
    async fn try_on(
        &self,
        (catalog, plan, options, host): (&Catalog, &Plan, &TestOptions, &Host),
        script: Option<&Script>,
        progress: &mut trial::Progress<'_>,
        control: &Control,
    ) -> Result<(trial::Went, Dialect), Error> {
        let mut backend = self.prepare(script, &options.deploy.how, control).await?;
        // Which of MySQL and MariaDB it is says the server.
        let dialect = backend.dialect();
        let tried = match rows(options, dialect) {
            Ok(rows) => {
                let (plan, doing) = ((plan, &rows), (host, control));
                trial::run(catalog, plan, options, &mut backend, doing, progress).await
            }
            Err(error) => Err(error),
        };
        backend.close().await;
        tried.map(|went| (went, dialect))
    }

    /// Makes a scratch database beside this one.
    pub(crate) async fn ground(&self, control: &Control) -> Result<Ground, Error> {
        match self.url.scheme() {
            Scheme::Sqlite => Ground::in_folder(control),
            _ => {
                let mut server = self.connect(Access::Write).await?;
                let made = Ground::beside(&self.url, &mut server, control).await;
                server.close().await;
                made
            }
        }
    }

    /// Removes a scratch database; returns where it is if that fails.
    pub(crate) async fn remove_ground(&self, ground: Ground, control: &Control) -> Option<String> {
        ground.remove(&self.connection, control).await
    }

    /// Prepares this runner's database for a test.
    pub(crate) async fn prepare(
        &self,
        script: Option<&Script>,
        how: &How,
        control: &Control,
    ) -> Result<Backend, Error> {
        let mut backend = self.connect(Access::Create).await?;
        let prepared = trial::prepare(&mut backend, script, how, control).await;
        backend.close().await;
        prepared?;
        // Anew, because the script may have set what holds for new connections.
        self.connect(Access::Create).await
    }
}

/// Reads what is run on `dialect` before alterations first go up.
fn rows(options: &TestOptions, dialect: Dialect) -> Result<BTreeMap<AlterationKey, Script>, Error> {
    let files = options.rows.iter().filter_map(|(key, files)| Some((key, files.on(dialect)?)));
    files.map(|(key, path)| Ok((key.clone(), Script::read(path)?))).collect()
}
