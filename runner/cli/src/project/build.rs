//! From a project's sources to components of its drafts in `dist`.
//!
//! Finds what is missing first, then looks whether a released source was changed, then leaves alone what is up to
//! date, and only then compiles. A component carries the drafts of one version.

mod cargo;
mod checks;

use super::{
    DIST, Lock, Project, ProjectError,
    describe::{self, Described, Description, Wanted},
    kept::{self, Kept},
    manifest::Source,
    process,
    stamp::{self, Stamp},
    tools,
};
use crate::new::Language;
use alteration_domain::alteration::{
    AlterationId, Catalog, Checksum, Declaration, Manifest, Version,
};
use alteration_host::{Host, Limits};
use alteration_pack::{
    self as pack, Existing, Outcome, PackOptions, PackedComponent, Written, draft,
};
use alteration_source as source;
use cargo::cargo;
use checks::{check_declared, check_released, check_version};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Options of a build.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// The folder that keeps compiled components, for the test that follows.
    pub cache_folder: Option<PathBuf>,
}

/// The outcome of a build.
#[derive(Debug, Clone)]
pub struct Built {
    /// The components of all drafts, those that were up to date too.
    pub components: Vec<Written>,
    /// Drafts of other builds that were removed, because the project does not make them any more.
    pub removed: Vec<PathBuf>,
    /// The sources of all drafts.
    pub(super) sources: BTreeMap<AlterationId, Checksum>,
    pub(super) released: Vec<Kept>,
}

/// The drafts of one version that become one component.
struct Release {
    version: Version,
    declarations: Vec<Declaration>,
    file_name: String,
    stamp: Stamp,
}

impl Project {
    /// Builds the drafts. Says through `progress` what takes long.
    pub fn build(
        &self,
        options: &BuildOptions,
        progress: &dyn Fn(&str),
    ) -> Result<Built, ProjectError> {
        tools::check(&self.root, self.language)?;
        let lock = Lock::read(&self.root)?;
        let source = Source::read(&self.root, self.language)?;
        let released = kept::read(&self.root, &lock, &source)?;
        let built = match self.language {
            Language::Sql => self.build_sql(&lock, &source, &released)?,
            _ => self.build_code(&lock, &source, &released, options, progress)?,
        };
        Ok(Built { removed: self.remove_others(&built.components)?, released, ..built })
    }

    fn build_sql(
        &self,
        lock: &Lock,
        source: &Source,
        released: &[Kept],
    ) -> Result<Built, ProjectError> {
        let folder = self.root.join("sql");
        let options = PackOptions { draft: true, ..PackOptions::default() };
        let packed = pack::pack(&folder, &options)?;
        let ids = |component: &PackedComponent| -> Vec<AlterationId> {
            component.manifest.alterations.iter().map(|one| one.id.clone()).collect()
        };
        let described = describe::sql(&folder, &packed.iter().flat_map(ids).collect())?;
        check_released(lock, &described)?;
        let declared = packed.iter().flat_map(|component| &component.manifest.alterations);
        kept::check_declarations(released, declared, source.path())?;
        let is_draft = |id: &AlterationId| !lock.released.contains_key(id);
        let drafts: Vec<_> =
            packed.into_iter().filter(|component| ids(component).iter().any(is_draft)).collect();
        for id in drafts.iter().flat_map(ids) {
            check_version(&id, lock)?;
        }
        let components = self.write(&drafts)?;
        Ok(built(components, described, is_draft))
    }

    fn build_code(
        &self,
        lock: &Lock,
        source: &Source,
        released: &[Kept],
        options: &BuildOptions,
        progress: &dyn Fn(&str),
    ) -> Result<Built, ProjectError> {
        let io = |error| ProjectError::Io { path: self.root.clone(), error };
        let root = self.root.canonicalize().map_err(io)?;
        stamp::work_folder(&root).map_err(io)?;
        if self.language == Language::Python {
            if !root.join(".venv/bin/componentize-py").exists() {
                progress("Installing what Python is compiled with into .venv");
            }
            let mut command = Command::new(root.join("sdk/venv"));
            process::run(
                command.arg(".venv").current_dir(&root),
                "Installing into .venv",
                progress,
            )?;
        }
        let description = self.describe(&root, &[], progress)?;
        check_released(lock, &description.alterations)?;
        let manifest = source
            .manifest
            .as_ref()
            .ok_or_else(|| ProjectError::NoProject { root: self.root.clone() })?;
        check_declared(manifest, &description)?;
        kept::check_declarations(released, &manifest.alterations, source.path())?;
        let releases = self.releases(&root, manifest, lock, &description)?;
        let stale: Vec<&Release> = releases
            .iter()
            .filter(|release| !release.stamp.holds(&self.root.join(DIST).join(&release.file_name)))
            .collect();
        if !stale.is_empty() {
            let versions: Vec<String> =
                stale.iter().map(|release| release.version.to_string()).collect();
            progress(&format!("Building {} {}", source.plugin, versions.join(", ")));
            if self.language == Language::TypeScript {
                let mut command = Command::new(root.join("node_modules/.bin/tsc"));
                process::run(command.current_dir(&root), "Checking types", progress)?;
            }
        }
        let compiled = self.compile(&root, &stale, progress)?;
        if !stale.is_empty() {
            // A save meanwhile may be in the component or not.
            let again = self.describe(&root, &[], progress)?;
            let same = |id: &&AlterationId| {
                let source = |of: &Description| of.alterations.get(*id).map(|one| one.source);
                source(&again) == source(&description)
            };
            if let Some(id) = description.alterations.keys().find(|id| !same(id)) {
                return Err(ProjectError::SourceChanged(id.clone()));
            }
        }
        let mut components = Vec::new();
        for release in &releases {
            let path = self.root.join(DIST).join(&release.file_name);
            match compiled.get(&release.version) {
                None => {
                    let size = fs::metadata(&path).map(|metadata| metadata.len());
                    let size_bytes = size.ok().and_then(|size| usize::try_from(size).ok());
                    let size_bytes = size_bytes.unwrap_or_default();
                    components.push(Written { path, size_bytes, outcome: Outcome::Unchanged });
                }
                Some(file) => {
                    let packed = pack_one(&root, manifest, release, file)?;
                    load(&packed, options.cache_folder.as_deref())?;
                    let written = self.write(std::slice::from_ref(&packed))?;
                    release.stamp.write(&packed.bytes).map_err(io)?;
                    components.extend(written);
                }
            }
        }
        let is_draft = |id: &AlterationId| !lock.released.contains_key(id);
        Ok(built(components, description.alterations, is_draft))
    }

    fn describe(
        &self,
        root: &Path,
        wanted: &[Wanted],
        progress: &dyn Fn(&str),
    ) -> Result<Description, ProjectError> {
        match self.language {
            Language::Rust => describe::rust(root),
            _ => describe::ask(root, self.language, wanted, progress),
        }
    }

    /// Returns the drafts by their versions, with what their components are made of.
    fn releases(
        &self,
        root: &Path,
        manifest: &Manifest,
        lock: &Lock,
        description: &Description,
    ) -> Result<Vec<Release>, ProjectError> {
        let mut versions: BTreeMap<Version, Vec<Declaration>> = BTreeMap::new();
        let drafts = manifest.alterations.iter();
        for declaration in drafts.filter(|one| !lock.released.contains_key(&one.id)) {
            let id = &declaration.id;
            check_version(id, lock)?;
            let version = id.version().ok_or_else(|| ProjectError::NoVersion(id.clone()))?;
            versions.entry(version.clone()).or_default().push(declaration.clone());
        }
        let releases = versions.into_iter().map(|(version, mut declarations)| {
            let is_alone = declarations.len() == 1;
            for declaration in &mut declarations {
                let id = &declaration.id;
                let described = description.alterations.get(id).ok_or_else(|| {
                    ProjectError::Sources(format!(
                        "the manifest declares {id}, of which there is no source"
                    ))
                })?;
                declaration.checksum = (!is_alone).then_some(described.source);
                if !is_alone {
                    declaration.preparation = described.has_preparation();
                    declaration.backfill = described.has_backfill();
                }
            }
            let file_name = format!("{}-{version}.wasm", manifest.plugin.name());
            let inputs = inputs(manifest, &declarations, description);
            let stamp = Stamp::new(root, &file_name, inputs);
            Ok(Release { version, declarations, file_name, stamp })
        });
        releases.collect()
    }

    /// Returns what the toolchain makes of each release, by its version.
    fn compile(
        &self,
        root: &Path,
        releases: &[&Release],
        progress: &dyn Fn(&str),
    ) -> Result<BTreeMap<Version, PathBuf>, ProjectError> {
        if releases.is_empty() {
            return Ok(BTreeMap::new());
        }
        let io = |error| ProjectError::Io { path: root.to_owned(), error };
        let work = stamp::work_folder(root).map_err(io)?;
        let wanted = releases.iter().map(|release| Wanted {
            output: work.join(format!("{}.wasm", release.version)),
            alterations: release.declarations.iter().map(|one| one.id.clone()).collect(),
        });
        let wanted: Vec<Wanted> = wanted.collect();
        match self.language {
            Language::Rust => {
                for one in &wanted {
                    let built = cargo(root, &one.alterations, progress)?;
                    fs::copy(&built, &one.output)
                        .map_err(|error| ProjectError::Io { path: built.clone(), error })?;
                }
            }
            _ => {
                self.describe(root, &wanted, progress)?;
            }
        }
        let files = releases.iter().zip(wanted);
        Ok(files.map(|(release, wanted)| (release.version.clone(), wanted.output)).collect())
    }

    /// Writes components into `dist`.
    fn write(&self, components: &[PackedComponent]) -> Result<Vec<Written>, ProjectError> {
        Ok(pack::write(components, &self.root.join(DIST), Existing::Keep)?.components)
    }

    /// Removes drafts that this build did not make.
    fn remove_others(&self, components: &[Written]) -> Result<Vec<PathBuf>, ProjectError> {
        let Ok(entries) = fs::read_dir(self.root.join(DIST)) else { return Ok(Vec::new()) };
        let mut removed = Vec::new();
        for path in entries.flatten().map(|entry| entry.path()) {
            let is_component = path.extension().is_some_and(|extension| extension == "wasm");
            if !is_component || components.iter().any(|written| written.path == path) {
                continue;
            }
            let io = |error| ProjectError::Io { path: path.clone(), error };
            let bytes = fs::read(&path).map_err(io)?;
            if draft::is_draft(&bytes).unwrap_or(false) {
                fs::remove_file(&path).map_err(io)?;
                removed.push(path);
            }
        }
        Ok(removed)
    }
}

/// Loads a component as a deploy would: what does not load is not written.
fn load(component: &PackedComponent, cache: Option<&Path>) -> Result<(), ProjectError> {
    let failed =
        |reason: String| ProjectError::Load { path: component.file_name.clone().into(), reason };
    if pack::SqlSource::of(&component.bytes).is_some() {
        return Ok(());
    }
    let host = Host::new(Limits::default(), cache);
    let loaded = host.load(&component.bytes, Checksum::of(&component.bytes));
    loaded.map(drop).map_err(|error| failed(error.to_string()))
}

fn built(
    components: Vec<Written>,
    described: BTreeMap<AlterationId, Described>,
    is_draft: impl Fn(&AlterationId) -> bool,
) -> Built {
    let drafts = described.into_iter().filter(|(id, _)| is_draft(id));
    let sources = drafts.map(|(id, described)| (id, described.source)).collect();
    Built { components, removed: Vec::new(), sources, released: Vec::new() }
}

/// Returns the checksum of all that decides what a component is.
fn inputs(
    manifest: &Manifest,
    declarations: &[Declaration],
    description: &Description,
) -> Checksum {
    let own = Manifest { alterations: declarations.to_vec(), ..manifest.clone() };
    let sources: Vec<String> = declarations
        .iter()
        .filter_map(|one| Some(description.alterations.get(&one.id)?.source.to_string()))
        .collect();
    let parts = [
        own.to_json(),
        sources.join(" ").into_bytes(),
        description.toolchain.clone().into_bytes(),
        env!("CARGO_PKG_VERSION").as_bytes().to_vec(),
    ];
    Checksum::of_parts(parts.iter().map(Vec::as_slice))
}

fn pack_one(
    root: &Path,
    manifest: &Manifest,
    release: &Release,
    file: &Path,
) -> Result<PackedComponent, ProjectError> {
    let own = Manifest { alterations: release.declarations.clone(), ..manifest.clone() };
    let path = root.join(super::WORK).join(format!("{}.json", release.version));
    fs::write(&path, own.to_json())
        .map_err(|error| ProjectError::Io { path: path.clone(), error })?;
    let options = PackOptions {
        manifest: Some(path),
        draft: true,
        name_by_release: true,
        ..PackOptions::default()
    };
    let mut packed = pack::pack(file, &options)?;
    let component = packed.pop();
    component.ok_or_else(|| ProjectError::Sources("the build made no component".to_owned()))
}

impl Built {
    /// Returns the ids of all drafts.
    pub fn drafts(&self) -> BTreeSet<&AlterationId> {
        self.sources.keys().collect()
    }

    /// Returns the files to deploy: what was released, and then the drafts.
    pub fn paths(&self) -> Vec<PathBuf> {
        let released = self.released.iter().map(|kept| kept.path.clone());
        released.chain(self.components.iter().map(|written| written.path.clone())).collect()
    }

    /// Reads the alterations in these files.
    pub fn catalog(&self) -> Result<Catalog, ProjectError> {
        let paths = self.paths();
        let Some(first) = paths.first() else { return Ok(Catalog::default()) };
        source::read(&paths, pack::section::COMPONENT_BYTES_MAX)
            .map_err(|error| ProjectError::Load { path: first.clone(), reason: error.to_string() })
    }

    /// Returns whether components were released under another name of the plugin.
    pub fn is_renamed(&self) -> bool {
        self.released.iter().any(|kept| kept.renamed.is_some())
    }
}
