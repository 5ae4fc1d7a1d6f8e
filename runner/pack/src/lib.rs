//! Sources -> components that the runner can deploy.
//!
//! A source is a folder of SQL, a core module, or a component without its manifest. The same source
//! gives the same bytes on every machine. `pack` reads, `write` writes; in between all is data.
//! Talks to `alteration`, and to `sql` to look through texts: it knows no database and runs no
//! component, and leaves printing to its caller. Internal to the runner of database alterations: the API is not stable.

mod by_dialect;
mod checks;
mod code;
mod creates;
mod dialect_name;
pub mod draft;
mod findings;
mod folder;
pub mod history;
mod inspect;
mod interfaces;
mod javascript;
mod leftover;
pub mod manifest_file;
mod module;
mod permissions;
mod read;
pub mod section;
pub mod settings;
mod sql_code;
mod sql_component;
mod sql_files;
mod sql_module;
mod sql_name;
mod sql_source;
mod sql_table;
mod sql_text;
mod sql_texts;
#[cfg(test)]
mod tests;
mod write;

pub use checks::CheckFile;
pub use checks::find as check_of;
pub use code::is_same_code;
pub use creates::{Creates, creates};
pub use findings::{Note, Problems};
pub use folder::{FolderError, Reading};
pub use history::Layout;
pub use inspect::{
    About, HookSql, InspectError, InspectFileError, Inspection, ManifestFound, Package, Producer,
    Sbom, SqlOf, SqlText, inspect, inspect_file, sql_of_file,
};
pub use interfaces::Interface;
pub use leftover::{Leftover, leftovers};
pub use manifest_file::ManifestFileError;
pub use module::{ManifestOrigin, ModuleError};
pub use read::ReadError;
pub use sql_component::SqlComponentError;
pub use sql_name::SqlHook;
pub use sql_name::SqlNameError;
pub use sql_source::{SqlCall, SqlSource};
pub use sql_text::{SQL_BYTES_MAX, SqlTextError};
pub use write::{Existing, Outcome, WriteError, Written};

use alteration::{AlterationId, Dialect, Manifest, PluginName, Version};
use alteration_domain::{alteration, escape, secret, session};
use alteration_sql as sql;
use escape::{Escaped, EscapedLines};
use folder::{SqlAlteration, SqlFolder};
use section::{COMPONENT_BYTES_MAX, SectionError};
use sql_component::SqlEncoder;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// How to pack; the default is one component for each alteration of an SQL folder.
#[derive(Debug, Clone, Default)]
pub struct PackOptions {
    /// The plugin whose alterations these are; needed only where the source does not tell.
    pub plugin: Option<PluginName>,
    /// The manifest of a module or component, as a JSON or TOML file; a folder of SQL has its own.
    pub manifest: Option<PathBuf>,
    /// One component for each version of an SQL folder, instead of one for each alteration.
    pub bundle: bool,
    /// Marks what is packed as a draft. A component that has the mark keeps it in any case: packing
    /// releases nothing.
    pub draft: bool,
    /// Names the component of a module or component by its plugin and version, however few alterations it
    /// holds. The files of an SQL folder are named by `bundle`.
    pub name_by_release: bool,
    /// Whose layout a folder of SQL has; recognised where it is not said.
    pub layout: Option<Layout>,
    /// The only dialects that a folder of SQL is for; empty where its `alteration.toml` says, or for all.
    pub dialects: BTreeSet<Dialect>,
    /// Values for the placeholders of a history, by name.
    pub placeholders: BTreeMap<String, String>,
    /// The folder of the components that were packed before; a repeatable script of Flyway that is in
    /// it as it is now is not packed again.
    pub shipped: Option<PathBuf>,
}

/// A component that is ready to be written.
#[derive(Debug, Clone)]
pub struct PackedComponent {
    /// The name within its folder, as in `1.0.0-1735689600-create-customers.wasm`.
    pub file_name: String,
    pub bytes: Vec<u8>,
    pub manifest: Manifest,
    /// What lies beside it.
    pub checks: Vec<CheckFile>,
}

#[derive(Debug, thiserror::Error)]
pub enum PackError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("{}: {error}", shown(.path))]
    Sql { path: PathBuf, error: SqlComponentError },
    #[error("{}: {error}", shown(.path))]
    Module { path: PathBuf, error: ModuleError },
    #[error(
        "{}: its JavaScript holds `async` functions ({}), which end at their first `await`, because the engine never goes on with them; build it with the JavaScript SDK, which makes them run to their end, or write them without `async`",
        shown(.path), EscapedLines(&.functions.join("; "))
    )]
    NativeAsync { path: PathBuf, functions: Vec<String> },
    #[error(transparent)]
    ManifestFile(#[from] ManifestFileError),
    #[error("{}: larger than {} MiB", shown(.path), COMPONENT_BYTES_MAX >> 20)]
    TooLarge { path: PathBuf },
    #[error("{} is the manifest of plugin {found}, but {asked} was asked for; make them agree", shown(.path))]
    PluginContradicts { path: PathBuf, found: PluginName, asked: PluginName },
    #[error("{}: a folder of SQL takes no manifest file; write an alteration.toml into it", shown(.path))]
    ManifestForFolder { path: PathBuf },
    #[error("{}: only a folder of SQL takes `--dialect`; a manifest has `dialects` of its own", shown(.path))]
    DialectsOfFile { path: PathBuf },
    #[error("{}: only a folder of SQL can be bundled; this is already one file", shown(.path))]
    BundleOfFile { path: PathBuf },
    #[error(
        "{}: `--bundle` makes one file of each version, and {id} has no version: all without one would share a file, which cannot grow once it is shipped. Pack without `--bundle`, which makes a file of each alteration",
        shown(.path)
    )]
    BundleWithoutVersion { path: PathBuf, id: AlterationId },
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Packs a folder of SQL, a core module or a component. Writes nothing.
///
/// A folder of SQL has for each alteration at least one of the first three files:
///
/// | file | when its SQL runs |
/// |---|---|
/// | `<id>.up.sql` | in the transaction of `up`, where there are such transactions |
/// | `<id>.before-up.sql` | before it, outside of any: what refuses to run in a transaction |
/// | `<id>.step.sql` | after it: one statement, again and again until it affects no row, each time in a transaction of its own |
/// | `<id>.down.sql` | as `up`, on the way back |
/// | `<id>.before-down.sql` | before that, outside of any |
///
/// Each may have files beside it that replace it on one database, as `<id>.postgresql.up.sql`; and each database
/// may have a folder of its own with a whole history.
pub fn pack(source: &Path, options: &PackOptions) -> Result<Vec<PackedComponent>, PackError> {
    let metadata = fs::metadata(source)
        .map_err(|error| ReadError::Unreadable { path: source.to_owned(), error })?;
    match metadata.is_dir() {
        true => pack_folder(source, options),
        false => Ok(vec![pack_file(source, options)?]),
    }
}

/// Returns how [`pack`] reads a folder of SQL; `None` where it has the runner's own layout, or is a file.
/// And what there is to know of files that are taken.
pub fn reading(
    source: &Path,
    options: &PackOptions,
) -> Result<(Option<Reading>, Vec<Note>), PackError> {
    match source.is_dir() {
        true => Ok(folder::reading(source, options)?),
        false => Ok((None, Vec::new())),
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFiles {
    pub components: Vec<Written>,
    /// Scripts of `runner test`, beside them.
    pub checks: Vec<Written>,
}

/// Writes components into `out`: all, or none if one of them cannot be written. Then their checks.
pub fn write(
    components: &[PackedComponent],
    out: &Path,
    existing: Existing,
) -> Result<WrittenFiles, PackError> {
    let written = write::write(components, out, existing)?;
    Ok(WrittenFiles { components: written, checks: checks::write(components, out)? })
}

fn pack_folder(source: &Path, options: &PackOptions) -> Result<Vec<PackedComponent>, PackError> {
    if options.manifest.is_some() {
        return Err(PackError::ManifestForFolder { path: source.to_owned() });
    }
    let folder = folder::read(source, options)?;
    let encoder = SqlEncoder::new();
    let encode = |alterations: &[&SqlAlteration]| {
        let failed = |error| PackError::Sql { path: source.to_owned(), error };
        let (bytes, manifest) = encoder.encode(&folder, alterations).map_err(failed)?;
        let packed = finish(source, bytes, manifest, options.draft, options.bundle)?;
        Ok(PackedComponent { checks: checks::of(alterations), ..packed })
    };
    match options.bundle {
        true => {
            versions(source, &folder)?.values().map(|alterations| encode(alterations)).collect()
        }
        false => folder.alterations.iter().map(|alteration| encode(&[alteration])).collect(),
    }
}

/// Returns the alterations of each version.
fn versions<'a>(
    source: &Path,
    folder: &'a SqlFolder,
) -> Result<BTreeMap<&'a Version, Vec<&'a SqlAlteration>>, PackError> {
    let mut versions: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for alteration in &folder.alterations {
        let Some(version) = alteration.id.version() else {
            let (path, id) = (source.to_owned(), alteration.id.clone());
            return Err(PackError::BundleWithoutVersion { path, id });
        };
        versions.entry(version).or_default().push(alteration);
    }
    Ok(versions)
}

fn pack_file(source: &Path, options: &PackOptions) -> Result<PackedComponent, PackError> {
    if options.bundle {
        return Err(PackError::BundleOfFile { path: source.to_owned() });
    }
    if !options.dialects.is_empty() {
        return Err(PackError::DialectsOfFile { path: source.to_owned() });
    }
    let given = options.manifest.as_deref().map(manifest_file::read).transpose()?;
    let bytes = read::read_file(source, COMPONENT_BYTES_MAX)?;
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(PackError::TooLarge { path: source.to_owned() });
    }
    let (bytes, manifest) = module::pack(&bytes, given)
        .map_err(|error| PackError::Module { path: source.to_owned(), error })?;
    let functions = javascript::native_async(&bytes);
    if !functions.is_empty() {
        return Err(PackError::NativeAsync { path: source.to_owned(), functions });
    }
    if let Some(asked) = &options.plugin
        && *asked != manifest.plugin
    {
        let path = options.manifest.as_deref().unwrap_or(source).to_owned();
        let (found, asked) = (manifest.plugin, asked.clone());
        return Err(PackError::PluginContradicts { path, found, asked });
    }
    finish(source, bytes, manifest, options.draft, options.name_by_release)
}

fn finish(
    source: &Path,
    mut bytes: Vec<u8>,
    manifest: Manifest,
    draft: bool,
    by_release: bool,
) -> Result<PackedComponent, PackError> {
    let failed =
        |error: SectionError| PackError::Module { path: source.to_owned(), error: error.into() };
    if draft || draft::is_draft(&bytes).map_err(failed)? {
        bytes = draft::mark(&bytes).map_err(failed)?;
    }
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(PackError::TooLarge { path: source.to_owned() });
    }
    let file_name = file_name(&manifest, by_release);
    Ok(PackedComponent { file_name, bytes, manifest, checks: Vec::new() })
}

/// `<id>.wasm` for one alteration, else `<name>-<version>.wasm`, or `<name>.wasm` where its
/// alterations share no version. What grows by release is named by its version however few it holds, so
/// that its name does not change when a second alteration joins. Ids and names hold no path separator.
fn file_name(manifest: &Manifest, by_release: bool) -> String {
    if let ([alteration], false) = (&manifest.alterations[..], by_release) {
        return format!("{}.wasm", alteration.id);
    }
    let plugin = manifest.plugin.as_str();
    let name = plugin.split_once('/').map_or(plugin, |(_, name)| name);
    let versions: BTreeSet<_> = manifest.alterations.iter().map(|a| a.id.version()).collect();
    match versions.first() {
        Some(Some(version)) if versions.len() == 1 => format!("{name}-{version}.wasm"),
        _ => format!("{name}.wasm"),
    }
}

/// Returns a path as errors show it.
fn shown(path: &Path) -> String {
    Escaped(&crate::secret::hidden(&path.display().to_string())).to_string()
}
