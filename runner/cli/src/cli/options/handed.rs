//! What the operator hands to plugins: grants, settings, trust, and the records of a plugin that was renamed.

use super::{ConfigArgs, Offer};
use alteration_deploy::{
    DeployOptions, Error,
    config::Config,
    deploy::{Grant, Levels, ParseTrustError, Setting, Settings, Trust},
};
use alteration_domain::plan::{Rename, Renames};
use clap::Args;

/// What the operator gives to plugins beside what they may do.
#[derive(Debug, Args)]
pub(crate) struct SettingArgs {
    /// Set a setting that a plugin declares: VENDOR/NAME:KEY=VALUE; not for secrets
    // Text, because clap would show a value that does not parse.
    #[arg(long, value_name = "SETTING")]
    set: Vec<String>,
}

impl SettingArgs {
    /// For a verb that needs no plugins' files, and takes what is granted from the records: settings and levels.
    pub(crate) fn settings(&self, config: &ConfigArgs) -> Result<(Settings, Levels), Error> {
        let config = config.read(&[], "Settings", |config| !config.settings().is_empty())?;
        Ok((self.with(&config)?, config.levels()))
    }

    fn with(&self, config: &Config) -> Result<Settings, Error> {
        let numbered = self.set.iter().enumerate();
        let given = numbered.map(|(at, text)| {
            text.parse::<Setting>().map_err(|error| Error::Setting { number: at + 1, error })
        });
        let given = given.collect::<Result<Settings, Error>>()?;
        Ok(Settings { standing: config.settings(), ..given })
    }
}

/// Patterns that stand in one flag or variable, with commas between them.
#[derive(Debug, Clone)]
struct TrustList(Vec<Trust>);

/// Reads the flag or the variable: a job that sets it to nothing trusts nobody.
fn trust_list(text: &str) -> Result<TrustList, ParseTrustError> {
    let patterns = text.split(',').map(str::trim).filter(|pattern| !pattern.is_empty());
    patterns.map(str::parse).collect::<Result<_, _>>().map(TrustList)
}

/// Whom the operator trusts with the rights of the URL's user.
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// Trust a plugin to run as a superuser, or as another user who could run programs on the server: VENDOR/NAME,
    /// 'VENDOR/*' or '*'; may be repeated, and adds to RUNNER_TRUST
    #[arg(long, value_name = "PLUGIN", value_parser = trust_list)]
    trust: Vec<TrustList>,
    // A flag of its own, because clap takes either a flag or its variable.
    #[arg(long = "runner-trust", value_name = "RUNNER_TRUST", env = "RUNNER_TRUST", hide = true,
        hide_env_values = true, value_parser = trust_list)]
    variable: Option<TrustList>,
}

impl TrustArgs {
    /// Trusts `plugins` beside those of the command line.
    pub(crate) fn trust(&mut self, plugins: Vec<Trust>) {
        self.trust.push(TrustList(plugins));
    }

    /// Those of the flags and the variable, and `others`.
    pub(crate) fn and(&self, mut others: Levels) -> Levels {
        others.trusted.extend(
            self.trust.iter().chain(&self.variable).flat_map(|list| list.0.iter().cloned()),
        );
        others
    }
}

/// Which plugins run as database roles of their own, and which do not.
#[derive(Debug, Args)]
pub(crate) struct ConfineArgs {
    /// Confine a plugin to what it made itself and what was granted, on a server as a database user of its own:
    /// VENDOR/NAME, 'VENDOR/*' or '*'; may be repeated. The default for plugins without records
    #[arg(long, value_name = "PLUGIN", value_parser = trust_list)]
    confine: Vec<TrustList>,
    /// Do not confine a plugin: it runs with the rights of the URL's user, behind what is refused by its text.
    /// VENDOR/NAME, 'VENDOR/*' or '*'; may be repeated, and adds to RUNNER_GUARD
    #[arg(long, value_name = "PLUGIN", value_parser = trust_list)]
    guard: Vec<TrustList>,
    #[arg(long = "runner-guard", value_name = "RUNNER_GUARD", env = "RUNNER_GUARD", hide = true,
        hide_env_values = true, value_parser = trust_list)]
    guard_variable: Option<TrustList>,
}

impl ConfineArgs {
    /// Those of the flags and the variable, and `others`.
    pub(crate) fn and(&self, mut others: Levels) -> Levels {
        let guarded = self.guard.iter().chain(&self.guard_variable);
        others.guarded.extend(guarded.flat_map(|list| list.0.iter().cloned()));
        others.confined.extend(self.confine.iter().flat_map(|list| list.0.iter().cloned()));
        others
    }
}

/// What the operator hands to plugins.
#[derive(Debug, Args)]
pub(crate) struct HandedArgs {
    /// Grant a permission that a manifest asks for: PERMISSION, or VENDOR/NAME:PERMISSION
    #[arg(long, value_name = "GRANT")]
    grant: Vec<Grant>,
    #[command(flatten)]
    settings: SettingArgs,
}

impl HandedArgs {
    /// Grants `grants` beside those of the command line.
    pub(crate) fn grant(&mut self, grants: Vec<Grant>) {
        self.grant.extend(grants);
    }

    /// `options` with what is handed over to the plugins of `offer`.
    pub(crate) fn hand(
        &self,
        offer: &Offer,
        options: DeployOptions,
    ) -> Result<DeployOptions, Error> {
        let is_there =
            |config: &Config| !config.grants().is_empty() || !config.settings().is_empty();
        let config = &offer.database.config;
        let config = config.read(&offer.plugins, "Grants and settings", is_there)?;
        let settings = self.settings.with(&config)?;
        let mut grants = config.grants();
        grants.extend(self.grant.iter().cloned());
        Ok(DeployOptions { grants, settings, levels: config.levels(), ..options })
    }
}

/// What the operator agrees to of plugins that were renamed.
#[derive(Debug, Args)]
pub(crate) struct RenameArgs {
    /// Let a renamed plugin take over the records of its former name: OLD/NAME=NEW/NAME; may be repeated
    #[arg(long, value_name = "RENAME")]
    accept_rename: Vec<Rename>,
}

impl RenameArgs {
    pub(crate) fn renames(&self) -> Renames {
        self.accept_rename.iter().cloned().collect()
    }
}
