//! What can go wrong in a project, each with what to do about it.

use super::{LockError, lock::LOCK_FILE};
use crate::new::Language;
use alteration_domain::{
    alteration::{AlterationId, PluginName, Version},
    escape::{Escaped, EscapedLines},
};
use alteration_pack::{PackError, section::SectionError};
use std::{
    io,
    path::{Path, PathBuf},
};

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    #[error("{} holds no project of a plugin", shown(.root))]
    NoProject { root: PathBuf },
    #[error("{}: {error}", shown(.path))]
    Io { path: PathBuf, error: io::Error },
    #[error("{}: {}", shown(.path), EscapedLines(.reason))]
    Manifest { path: PathBuf, reason: String },
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("{what}")]
    MissingTool { what: String, install: String },
    #[error("{what} failed{}", ended(*.code))]
    Program { what: String, code: Option<i32> },
    #[error("the build of {} answered what this runner does not understand: {}", language.as_str(), EscapedLines(.reason))]
    Answer { language: Language, reason: String },
    #[error(
        "{id} was released, and its source has changed since: {}",
        one_of(.files)
    )]
    ReleasedChanged { id: AlterationId, files: Vec<PathBuf> },
    #[error("{id} was released, and its component is not in `released`, or was changed there")]
    ReleasedMissing { id: AlterationId },
    #[error("`released` holds components of {found}, and the manifest is of {plugin}")]
    OtherPlugin { found: PluginName, plugin: PluginName },
    #[error("{id} comes before {newest}, which was released: customers would have it out of order")]
    OutOfOrder { id: AlterationId, newest: AlterationId },
    #[error("the source of {0} changed while it was compiled")]
    SourceChanged(AlterationId),
    #[error("{id} was tested on no database: it is for {dialects}")]
    Untested { id: AlterationId, dialects: String },
    #[error("{id} is a draft of {version}, of which other alterations were released already")]
    VersionReleased { id: AlterationId, version: Version },
    #[error("{0} has no version before its number, which a release is named by")]
    NoVersion(AlterationId),
    #[error("`{0}` is no release: what begins with `next` has no number yet")]
    NoRelease(String),
    #[error("{version} is not newer than {newest}, which was released")]
    NotNewer { version: Version, newest: Version },
    #[error("`{}` is no name of an alteration: {reason}", Escaped(.name))]
    Name { name: String, reason: String },
    #[error("{} is there already", shown(.0))]
    Exists(PathBuf),
    #[error("{0}")]
    Sources(String),
    #[error("nothing to release: every alteration was released")]
    NothingToRelease,
    #[error("{}: changed while it was tested", shown(.0))]
    ChangedMeanwhile(PathBuf),
    #[error("{} exists with other contents, and {LOCK_FILE} does not name it", shown(.0))]
    StrangeRelease(PathBuf),
    #[error(transparent)]
    Pack(#[from] PackError),
    #[error("{}: {}", shown(.path), EscapedLines(.reason))]
    Load { path: PathBuf, reason: String },
    #[error("{}: {error}", shown(.path))]
    Section { path: PathBuf, error: SectionError },
}

fn shown(path: &Path) -> String {
    let path = match path.strip_prefix(".") {
        Ok(within) if within != Path::new("") => within,
        _ => path,
    };
    Escaped(&path.display().to_string()).to_string()
}

fn one_of(files: &[PathBuf]) -> String {
    match files {
        [file] => shown(file),
        files => {
            let names: Vec<String> = files.iter().map(|file| shown(file)).collect();
            format!("one of {}", names.join(", "))
        }
    }
}

fn ended(code: Option<i32>) -> String {
    code.map_or(" (it was killed)".to_owned(), |code| format!(" (exit code {code})"))
}

impl ProjectError {
    /// Returns what to do about it.
    pub fn next(&self) -> String {
        match self {
            Self::NoProject { .. } => {
                "change into a project's folder, name it with `--project DIR`, or make one: `runner new VENDOR/NAME --lang sql`".to_owned()
            }
            Self::MissingTool { install, .. } => install.clone(),
            Self::Program { .. } => "see its messages above; correct that and build again".to_owned(),
            Self::Answer { .. } => {
                "the SDK in the project is of another version than this runner: use the runner that made the project, or copy `sdk` from a new one".to_owned()
            }
            Self::ReleasedChanged { .. } => {
                "put the source back as it was released (`git log -p FILE` shows it), and make the change in another alteration: `runner add NAME`".to_owned()
            }
            Self::ReleasedMissing { .. } => {
                "get it back from version control: `git checkout released alterations.lock`".to_owned()
            }
            Self::OtherPlugin { found, .. } => {
                format!("a plugin that was renamed says so: `replaces` is \"{found}\" in the manifest; else put its name back")
            }
            Self::SourceChanged(_) => "run this again".to_owned(),
            Self::Untested { .. } => {
                "name a server for one of them, as in `RUNNER_TEST_POSTGRESQL=URL runner release`; or leave each out by name: `--untested`".to_owned()
            }
            Self::VersionReleased { .. } | Self::OutOfOrder { .. } => {
                "give it a version of its own: rename the alteration, in the manifest too, or remove it and run `runner add NAME`".to_owned()
            }
            Self::NoVersion(_) => "rename it as <version>-<unix seconds>-<name>".to_owned(),
            Self::NoRelease(_) => {
                "name its version, as in `runner add NAME --release 1.3.0`; rename a draft that has none".to_owned()
            }
            Self::NotNewer { newest, .. } => {
                format!("choose a version after {newest}: `runner add NAME --release VERSION`")
            }
            Self::Name { .. } => "choose another name, as in `runner add add-due-dates`".to_owned(),
            Self::Exists(_) => "choose another name, or remove the file".to_owned(),
            Self::NothingToRelease => "`runner add NAME` makes the next alteration".to_owned(),
            Self::ChangedMeanwhile(_) => "run `runner release` again".to_owned(),
            Self::StrangeRelease(_) => {
                format!("if it was shipped, get {LOCK_FILE} back from version control; if not, remove the file; then run `runner release` again")
            }
            Self::Lock(LockError::Invalid { .. }) => {
                format!("correct {LOCK_FILE}, or get it back from version control")
            }
            Self::Lock(_) | Self::Io { .. } => "make it accessible and run this again".to_owned(),
            Self::Manifest { .. }
            | Self::Sources(_)
            | Self::Pack(_)
            | Self::Load { .. }
            | Self::Section { .. } => "correct that and build again".to_owned(),
        }
    }
}
