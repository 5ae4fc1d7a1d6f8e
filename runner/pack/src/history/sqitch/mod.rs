//! Sqitch: `sqitch.plan`, with `deploy/<name>.sql`, `revert/<name>.sql` and `verify/<name>.sql`; ordered as the plan is.
//!
//! As Sqitch reads it: `sqitch.conf` says where the files are and what they are written for; the files of a change that was
//! reworked are named by a tag. The scripts are run by psql, mariadb or sqlite3, which open no transaction: one that
//! is a transaction (with settings around it at most) runs as one here, any other statement by statement. psql's
//! variables are replaced as psql does it; commands of the clients are refused.
//!
//! An id is the time at which a change was planned and its name. Where that is not later than the one before, it is one
//! second more than that: the plan's order holds, and a line that is added at its end changes no id before it. The
//! conflicts of the plan are looked at here, its requirements become those of the alterations.

mod conf;
mod plan;
mod variables;

use super::{
    Context, HistoryError, Migration, Section, Verify, client, error::Problem, files::File, hook,
    name, statements,
};
use crate::{
    alteration::{AlterationId, Dialect, LedgerKey, ParseIdError},
    escape::Escaped,
};
use conf::{CONF, Directories, Settings};
use plan::Change;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// Sqitch's plan or settings, in a folder of its own.
pub(super) fn is(files: &[File]) -> Option<&File> {
    files.iter().find(|file| matches!(file.name.as_str(), "sqitch.plan" | CONF))
}

/// Returns what the settings say that the scripts are written for.
pub(super) fn dialects(folder: &Path) -> Result<BTreeSet<Dialect>, HistoryError> {
    Ok(conf::read(folder)?.dialects)
}

pub(super) fn read(folder: &Path, context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    let settings = conf::read(folder)?;
    let plan = File::at(folder, &settings.plan);
    if !plan.path.exists() {
        let message = "there is no such plan; pack the folder with sqitch.plan, or with the sqitch.conf that says where it is";
        return Err(HistoryError::Settings { path: plan.path, message: message.to_owned() });
    }
    let text = plan.settings()?;
    let at = |(line, problem)| HistoryError::Line { path: plan.path.clone(), line, problem };
    let changes = plan::parse(&text).map_err(at)?;
    let ids = ids(&changes).map_err(|error| HistoryError::Id { path: plan.path.clone(), error })?;
    let project = Project { folder, settings, context };
    let mut migrations = Vec::with_capacity(changes.len());
    for (change, id) in changes.iter().zip(&ids) {
        let files = project.files(change);
        let Some(deploy) = files.deploy.filter(|file| file.path.exists()) else {
            let message = format!(
                "{} has no {}; add the file, or take the line out",
                Escaped(&change.name),
                Escaped(&files.expected.display().to_string())
            );
            return Err(at((change.line, Problem::Plan(message))));
        };
        let mut sections = vec![project.section(&deploy, false)?];
        if let Some(revert) = files.revert.filter(|file| file.path.exists()) {
            sections.push(project.section(&revert, true)?);
        }
        let verify = files.verify.filter(|file| file.path.exists());
        let verify = verify.map(|file| project.verify(&file)).transpose()?;
        let description = match change.note.is_empty() {
            true => name::description(id.name(), &change.name),
            false => name::description("", &change.note),
        };
        let needs = change.requires.iter().map(|at| ids[*at].clone()).collect();
        let migration = Migration::new(id.clone(), description, sections);
        migrations.push(Migration { needs, verify: verify.flatten(), ..migration });
    }
    Ok(migrations)
}

/// Of each change; in the plan's order, and none of them equal.
fn ids(changes: &[Change]) -> Result<Vec<AlterationId>, ParseIdError> {
    let mut before = 0;
    let id = |change: &Change| {
        let planned = change.planned.parse::<u64>().unwrap_or_default();
        before = planned.max(before + 1);
        name::id(None, &format!("{before:014}"), &format!("_{}", change.name))
    };
    changes.iter().map(id).collect()
}

/// Returns what the ledger calls `project:change#count`.
pub(super) fn ledger_key(version: &str) -> Option<LedgerKey> {
    let (_, change) = version.split_once(':')?;
    let (change, count) = change.rsplit_once('#')?;
    let named = name::id(None, "0", &format!("_{change}")).ok()?;
    Some(LedgerKey::Nth(named.name().to_owned(), count.parse().ok()?))
}

struct Project<'a> {
    folder: &'a Path,
    settings: Settings,
    context: &'a Context<'a>,
}

struct Files {
    deploy: Option<File>,
    revert: Option<File>,
    verify: Option<File>,
    /// Where the first is looked for.
    expected: PathBuf,
}

impl Project<'_> {
    fn files(&self, change: &Change) -> Files {
        let Directories { deploy, revert, verify } = match change.is_reworked {
            true => &self.settings.reworked,
            false => &self.settings.directories,
        };
        let extension = &self.settings.extension;
        let named = |tag: Option<&String>| match tag {
            Some(tag) => format!("{}@{tag}.{extension}", change.name),
            None => format!("{}.{extension}", change.name),
        };
        let there = |tag: &&String| self.folder.join(deploy).join(named(Some(*tag))).exists();
        let tags = &change.rework_tags;
        let name = named(tags.iter().find(there).or(tags.first()));
        let file = |directory: &Path| Some(File::at(self.folder, &directory.join(&name)));
        Files {
            deploy: file(deploy),
            revert: file(revert),
            verify: file(verify),
            expected: deploy.join(&name),
        }
    }

    fn section(&self, file: &File, is_way_back: bool) -> Result<Section, HistoryError> {
        let text = self.text(file)?;
        let in_transaction = client::is_one_transaction(&text, &self.context.dialects);
        let path = file.path.clone();
        Ok(Section { hook: hook(is_way_back, in_transaction), text, path, first_line: 1 })
    }

    /// Returns a script for a check; `None` where nothing is in it.
    fn verify(&self, file: &File) -> Result<Option<Verify>, HistoryError> {
        let text = self.text(file)?;
        let dialects = client::possible(&text, &self.context.dialects);
        let Some(dialect) = dialects.first() else {
            return Ok(Some(Verify { text, path: file.path.clone() }));
        };
        // It runs in a transaction that is rolled back, which is what its own one is for.
        let (mut kept, mut end) = (String::new(), 0);
        let blanks = |text: &str| -> String {
            text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
        };
        // It was read before.
        let _ = statements::each_statement(&text, *dialect, |start, statement| {
            let words: Vec<_> = statement.words().collect();
            let words: Vec<_> = words.iter().map(|word| &**word).collect();
            let is_frame =
                client::is_opening(&words) || client::is_closing(&words) || words == ["ROLLBACK"];
            if let (Some(first), Some(last), false) =
                (statement.tokens().first(), statement.tokens().last(), is_frame)
            {
                let range = start + first.range().start..start + last.range().end;
                kept.push_str(&blanks(&text[end..range.start]));
                kept.push_str(&text[range.clone()]);
                kept.push(';');
                end = range.end + usize::from(text[range.end..].starts_with(';'));
            }
            Ok(())
        });
        Ok((!kept.is_empty()).then(|| Verify { text: kept + "\n", path: file.path.clone() }))
    }

    /// Returns the SQL with the values of psql's variables, and without what only a client knows.
    fn text(&self, file: &File) -> Result<String, HistoryError> {
        let text = file.sql()?;
        let at = |(at, problem)| super::located(&text, &file.path, 1)((at, problem));
        let dialects = &self.context.dialects;
        for dialect in client::possible(&text, dialects) {
            variables::refuse_commands(&text, dialect).map_err(at)?;
        }
        if !dialects.is_empty() && !dialects.contains(&Dialect::Postgresql) {
            return Ok(text);
        }
        let replaced = variables::replace(&text, &self.settings.variables, self.context);
        replaced.map_err(at)
    }
}
