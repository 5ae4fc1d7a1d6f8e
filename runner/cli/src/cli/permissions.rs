//! `runner permissions`: what plugins may do beyond their own objects, and how that is taken back.

use super::{
    explain::{self, Exit},
    options::{Database, Format, Lock, Output},
    output,
};
use alteration_deploy::{Error, How, Revoked, deploy::Grant};
use alteration_domain::{
    alteration::{AlterationId, Checksum, ParsePermissionError, Permission, PluginName},
    escape::Escaped,
    record::RecordedGrant,
};
use serde::Serialize;
use std::collections::BTreeSet;

/// What `--revoke` takes for every permission.
const ALL: &str = "all";

/// Lists the permissions that were granted to plugins, or takes them back
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Lists what was granted on a terminal, and what runner.toml grants. What was applied with a permission that is taken
back stays applied, and goes down with it.

Examples:
  runner permissions --database sqlite:demo.db
  runner permissions acme/tags --revoke 'reads acme/shop:orders' --database sqlite:demo.db
  runner permissions acme/tags --revoke all --database sqlite:demo.db")]
pub(super) struct Args {
    /// Only this plugin
    #[arg(value_name = "VENDOR/NAME")]
    plugin: Option<PluginName>,
    /// Take back a permission that was granted on a terminal, as it is listed, or `all` of them
    #[arg(long, value_name = "PERMISSION", requires = "plugin", value_parser = revoked)]
    revoke: Option<Revoked>,
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    lock: Lock,
    #[command(flatten)]
    output: Output,
}

fn revoked(text: &str) -> Result<Revoked, ParsePermissionError> {
    match text {
        ALL => Ok(Revoked::All),
        _ => text.parse().map(Revoked::One),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    /// The database's URL, without its password.
    database: &'a str,
    /// What plugins may do, by plugin and permission.
    permissions: Vec<Listed>,
}

/// One permission of one plugin.
#[derive(Serialize)]
struct Listed {
    /// The plugin.
    plugin: PluginName,
    /// The permission.
    permission: Permission,
    /// What it lets the plugin do, in words.
    means: &'static str,
    /// Where it is from: `record` or `runner.toml`.
    from: &'static str,
    /// The alteration that asked for it; null for `runner.toml`.
    id: Option<AlterationId>,
    /// SHA-256 of that alteration's source; null for `runner.toml`.
    checksum: Option<Checksum>,
    /// When it was granted (RFC 3339, UTC); null for `runner.toml`.
    at: Option<String>,
    /// Who granted it, as `user@host`; null for `runner.toml`.
    done_by: Option<String>,
}

/// Printed after `--revoke`.
#[derive(Serialize)]
struct RevokedDocument<'a> {
    /// The database's URL, without its password.
    database: &'a str,
    /// The plugin.
    plugin: &'a PluginName,
    /// The permissions that it had by the record, and has no more.
    revoked: BTreeSet<Permission>,
}

pub(super) async fn run(args: Args) -> Exit {
    let format = args.output.format;
    let done = match (&args.plugin, &args.revoke) {
        (Some(plugin), Some(revoked)) => revoke(&args, plugin, revoked).await,
        _ => list(&args).await,
    };
    done.unwrap_or_else(|error| explain::error(&error, format))
}

async fn list(args: &Args) -> Result<Exit, Error> {
    let runner = args.database.runner(&[])?;
    let given = args.database.config.grants(&[], &[])?;
    let recorded = runner.permissions().await?;
    let standing = given
        .into_iter()
        .filter_map(|Grant { plugin, permission }| Some(Listed::of_file(plugin?, permission)));
    let listed = recorded.into_iter().map(Listed::recorded).chain(standing);
    let mut listed: Vec<Listed> = listed
        .filter(|one| args.plugin.as_ref().is_none_or(|plugin| *plugin == one.plugin))
        .collect();
    listed.sort_by(|a, b| (&a.plugin, &a.permission).cmp(&(&b.plugin, &b.permission)));
    let database = runner.url().to_string();
    match args.output.format {
        Format::Json => output::json(&Document { database: &database, permissions: listed }),
        Format::Text => text(&listed, &database),
    }
    Ok(Exit::Done)
}

fn text(listed: &[Listed], database: &str) {
    if listed.is_empty() {
        output::result(&format!("{database}: no permissions were granted."));
    }
    let mut plugin = None;
    for one in listed {
        if plugin != Some(&one.plugin) {
            output::result(one.plugin.as_str());
            plugin = Some(&one.plugin);
        }
        output::result(&format!("  {}  ({})", one.permission, one.means));
        output::result(&match (&one.id, &one.at, &one.done_by) {
            (Some(id), Some(at), Some(by)) => {
                format!("    granted for {id} at {} by {}", Escaped(at), Escaped(by))
            }
            _ => format!("    granted by {}", one.from),
        });
    }
}

async fn revoke(args: &Args, plugin: &PluginName, revoked: &Revoked) -> Result<Exit, Error> {
    let runner = args.database.locked_runner(&args.lock, &[])?;
    let how = How { lock_patience: args.lock.lock_timeout, ..How::default() };
    let taken = runner.revoke(plugin, revoked, &how).await?;
    let given = args.database.config.grants(&[], &[])?;
    let is_left = |grant: &&Grant| {
        grant.plugin.as_ref() == Some(plugin)
            && match revoked {
                Revoked::All => true,
                Revoked::One(permission) => *permission == grant.permission,
            }
    };
    for Grant { permission, .. } in given.iter().filter(is_left) {
        let next = format!("remove it under `[plugins.\"{plugin}\"]` there");
        output::warning(&format!("runner.toml still grants {permission} to {plugin}"), &next);
    }
    let database = runner.url().to_string();
    match args.output.format {
        Format::Json => {
            output::json(&RevokedDocument { database: &database, plugin, revoked: taken });
        }
        Format::Text if taken.is_empty() => {
            output::result(&format!("{database}: nothing like that was granted to {plugin}."));
        }
        Format::Text => {
            for permission in &taken {
                output::result(&format!("{plugin} may no longer: {permission}."));
            }
        }
    }
    Ok(Exit::Done)
}

impl Listed {
    fn recorded(grant: RecordedGrant) -> Self {
        let RecordedGrant { plugin, permission, id, checksum, at, done_by } = grant;
        Self {
            means: permission.meaning(),
            plugin,
            permission,
            from: "record",
            id: Some(id),
            checksum: Some(checksum),
            at: Some(at),
            done_by: Some(done_by),
        }
    }

    fn of_file(plugin: PluginName, permission: Permission) -> Self {
        Self {
            means: permission.meaning(),
            plugin,
            permission,
            from: "runner.toml",
            id: None,
            checksum: None,
            at: None,
            done_by: None,
        }
    }
}
