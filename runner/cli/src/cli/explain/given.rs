//! What was given cannot be used: the URL, files, `runner.toml`, or a former tool's records.

use crate::cli::output;
use alteration_deploy::{config::ConfigError, lock_file::LockFileError};
use alteration_domain::{alteration::CatalogError, plan::BaselineError};
use alteration_record::{FormerError, FormerTool, ParseUrlError};
use alteration_source::SourceError;
use std::path::Path;

pub(super) fn url_advice(error: &ParseUrlError) -> String {
    match error {
        ParseUrlError::UnknownParameter(_)
        | ParseUrlError::Value { .. }
        | ParseUrlError::Unsupported { .. }
        | ParseUrlError::Repeated { .. } => "correct the parameter in `--database`".to_owned(),
        ParseUrlError::Unencoded { .. } | ParseUrlError::Encoding { .. } => {
            "percent-encode user name and password in `--database`".to_owned()
        }
        ParseUrlError::SeveralHosts => {
            "name the server that takes writes in `--database`".to_owned()
        }
        ParseUrlError::NoBrackets
        | ParseUrlError::NotAnAddress
        | ParseUrlError::Zone
        | ParseUrlError::Port => "correct host and port in `--database`".to_owned(),
        _ => "give the database as `--database sqlite:FILE`, or as in postgres://HOST/DATABASE"
            .to_owned(),
    }
}

pub(super) fn baseline_advice(error: &BaselineError) -> String {
    match error {
        BaselineError::UnknownPlugin(_) | BaselineError::UnknownVersion { .. } => {
            "add its files, or correct the name; `runner plan` shows what there is".to_owned()
        }
        BaselineError::UnknownAlteration(_) => {
            "correct the id; `runner plan` shows what there is".to_owned()
        }
        BaselineError::SeveralPlugins(_) => "name the plugin with `--plugin`".to_owned(),
        BaselineError::NotAVersion { .. } => "check that `--from` names the right tool".to_owned(),
        BaselineError::NotPacked { .. } => {
            "with `runner pack`, pack all migrations that were applied".to_owned()
        }
        BaselineError::Ambiguous { .. } | BaselineError::SeveralProjects { .. } => {
            "record them by name, with `--to VENDOR/NAME@ID`".to_owned()
        }
    }
}

pub(super) fn former_advice(error: &FormerError) -> String {
    match error {
        FormerError::NoRegistry { .. } => {
            "name the file with `--ledger` (`registry` in sqitch.conf says where it is), or record by name with `--to VENDOR/NAME@ID`"
                .to_owned()
        }
        FormerError::NoLedger { tool: FormerTool::Sqitch, .. } => {
            "name the table with `--ledger REGISTRY.changes` (on SQLite the file, with its folder: `--ledger ./FILE`), or record by name with `--to VENDOR/NAME@ID`"
                .to_owned()
        }
        FormerError::Unreadable { .. } => {
            "let this user read it, or record by name with `--to VENDOR/NAME@ID`".to_owned()
        }
        FormerError::NoneToRead { .. } => {
            "grant this user SELECT on it, name the right one with `--ledger DATABASE.TABLE`, or record by name with `--to VENDOR/NAME@ID`"
                .to_owned()
        }
        FormerError::SeveralTables { .. } => "name the table with `--ledger`".to_owned(),
        FormerError::NoLedger { .. } | FormerError::NoName(_) => {
            "name the table with `--ledger`, or record by name with `--to VENDOR/NAME@ID`"
                .to_owned()
        }
        FormerError::OtherTable { .. } => {
            "check that `--from` and `--ledger` name the tool that was used".to_owned()
        }
        FormerError::Broken { .. } => {
            "finish it with the tool that started it, then run this again".to_owned()
        }
    }
}

pub(super) fn config_advice(error: &ConfigError) -> String {
    match error {
        ConfigError::Unreadable { .. } => {
            "check that it exists and is readable, or correct `--config`".to_owned()
        }
        ConfigError::NotAFile { .. } => {
            "replace it with a file, or name one with `--config`".to_owned()
        }
        ConfigError::TooLarge { .. } => "name the right file with `--config`".to_owned(),
        ConfigError::Writable { path, .. } => {
            format!("read it, then run `chmod go-w {}`", output::word(&path.display().to_string()))
        }
        ConfigError::AmongPlugins { path } | ConfigError::Foreign { path, .. } => format!(
            "read it, then name it: `--config {}`",
            output::word(&path.display().to_string())
        ),
        ConfigError::Invalid { .. } => "correct the file".to_owned(),
    }
}

pub(super) fn lock_file_advice(error: &LockFileError) -> String {
    let word = |path: &Path| output::word(&path.display().to_string());
    match error {
        LockFileError::Unreadable { .. } => {
            "make it readable for this user, or name another one with `--lock-file`".to_owned()
        }
        LockFileError::NotThere { .. } => {
            "correct `--lock-file`, or write one with `runner lock PLUGINS...`".to_owned()
        }
        LockFileError::NotAFile { .. } | LockFileError::Link { .. } => {
            "put a file in its place, or name the file with `--lock-file`".to_owned()
        }
        LockFileError::TooLarge { .. } => {
            "name the right file with `--lock-file`, or write several for parts of the plugins"
                .to_owned()
        }
        LockFileError::Writable { path, .. } => {
            format!("compare it with what you committed, then run `chmod go-w {}`", word(path))
        }
        LockFileError::Foreign { path, .. } => {
            format!("compare it with what you committed, then run `chown $(id -u) {}`", word(path))
        }
        LockFileError::AmongPlugins { path } => {
            format!("if it is yours and not a vendor's, name it: `--lock-file {}`", word(path))
        }
        LockFileError::Version { .. } => "use the runner that wrote it, or a newer one".to_owned(),
        LockFileError::Invalid { path, .. } => format!(
            "restore {} from version control; or write it anew: delete it, and run `runner lock PLUGINS...`",
            word(path)
        ),
        LockFileError::Name { .. } => "rename it, or take it away".to_owned(),
        LockFileError::Unwritable { .. } => {
            "let this user write to its folder, or name another file with `--lock-file`".to_owned()
        }
        LockFileError::ChangedMeanwhile { .. } => {
            "run this again to see the difference as it is now".to_owned()
        }
    }
}

pub(super) fn source_advice(error: &SourceError) -> String {
    match error {
        SourceError::NothingGiven | SourceError::NotFound(_) => {
            "name the folder that holds the plugins, as in `runner deploy ./plugins`".to_owned()
        }
        SourceError::Empty(_) => {
            "put components there; `runner pack SOURCE --out DIR` makes them".to_owned()
        }
        SourceError::Url(_) => "give the database with `--database`".to_owned(),
        SourceError::Unreadable { .. } => {
            "make it readable for this user, or move it out of the folder".to_owned()
        }
        SourceError::TooLarge { .. } => "if that is right, raise `--max-component`".to_owned(),
        SourceError::Section { .. } | SourceError::Manifest { .. } => {
            "get the file again from the plugin's vendor, or move it out of the folder".to_owned()
        }
        SourceError::Id { .. } | SourceError::Plugin { .. } => {
            "add a manifest with `runner pack FILE --manifest alteration.json --out DIR`, or rename it to VENDOR/NAME/ID.wasm"
                .to_owned()
        }
        SourceError::Catalog(CatalogError::Duplicate { .. }) => {
            "keep one of the two files".to_owned()
        }
        SourceError::Catalog(CatalogError::BothOffered { replaced, by, .. }) => format!(
            "remove the files of one: those of {replaced} if its vendor says that {by} replaces it, else those of {by}"
        ),
        SourceError::Catalog(CatalogError::ReplacedTwice { replaced, .. }) => format!(
            "remove the files of the one that the vendor of {replaced} does not name"
        ),
        SourceError::Catalog(CatalogError::ReplacesSeveral { .. }) => {
            "get the files again from the plugin's vendor: a plugin replaces one other".to_owned()
        }
        SourceError::ChangedMeanwhile(_) => "let the copying finish, then run it again".to_owned(),
        // Applications match these errors too, so that they may grow.
        _ => "correct the files of the plugins, then run it again".to_owned(),
    }
}
