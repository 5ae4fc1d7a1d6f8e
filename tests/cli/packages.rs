//! What is published: the package of each crate holds every file that its build reads, wherever that lies here.
//!
//! Asks Cargo for lists and builds nothing: what is read is in the dependency file that Cargo wrote beside the runner.

use super::support::{profile_folder, root};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
    process::Command,
};

/// A crate that can be published.
struct Package {
    name: String,
    folder: PathBuf,
    manifest: Value,
    files: Vec<PathBuf>,
}

fn cargo(arguments: &[&str]) -> String {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let run = command.args(arguments).current_dir(root()).output().expect("cargo runs");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "cargo {arguments:?}: {said}");
    String::from_utf8(run.stdout).expect("UTF-8")
}

fn packages() -> Vec<Package> {
    let metadata = cargo(&["metadata", "--offline", "--no-deps", "--format-version", "1"]);
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let all = metadata["packages"].as_array().expect("packages").iter();
    let published = all.filter(|package| package["publish"].is_null());
    published
        .map(|package| {
            let name = package["name"].as_str().expect("a name").to_owned();
            let manifest_path = Path::new(package["manifest_path"].as_str().expect("a path"));
            let listed = ["package", "--list", "--offline", "--allow-dirty", "--package", &name];
            Package {
                files: cargo(&listed).lines().map(PathBuf::from).collect(),
                folder: manifest_path.parent().expect("a folder").to_owned(),
                manifest: package.clone(),
                name,
            }
        })
        .collect()
}

/// The files of a dependency file, `..` taken out of their names without looking at links.
fn read_by_the_build(dependency_file: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(dependency_file).expect("Cargo writes it");
    let (_, files) = text.split_once(": ").expect("the binary, then its files");
    let names = files.trim_end().replace("\\ ", "\0");
    let names = names.split(' ').map(|name| PathBuf::from(name.replace('\0', " ")));
    names
        .map(|name| {
            name.components().fold(PathBuf::new(), |mut plain, part| {
                match part {
                    Component::ParentDir => drop(plain.pop()),
                    part => plain.push(part),
                }
                plain
            })
        })
        .collect()
}

#[test]
fn a_package_holds_what_its_build_reads() {
    let packages = packages();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in read_by_the_build(&profile_folder().join("runner.d")) {
        let owners = packages.iter().filter(|package| file.starts_with(&package.folder));
        let owner = owners.max_by_key(|package| package.folder.components().count());
        let owner = owner.unwrap_or_else(|| panic!("{} is in no package", file.display()));
        let inside = file.strip_prefix(&owner.folder).expect("it starts so");
        let is_listed = owner.files.iter().any(|listed| listed == inside);
        assert!(is_listed, "{} is not in the package {}", inside.display(), owner.name);
        *counts.entry(&owner.name).or_default() += 1;
    }
    let crates = packages.iter().filter(|package| package.folder.starts_with(root_of_crates()));
    for package in crates {
        assert!(counts.contains_key(&*package.name), "nothing of {} was built", package.name);
    }
    assert!(counts["alteration-runner"] > 100, "{counts:?}");
}

/// The crates that the runner is made of.
fn root_of_crates() -> PathBuf {
    fs::canonicalize(root().join("runner")).expect("a folder")
}

#[test]
fn a_package_depends_on_what_is_published() {
    let packages = packages();
    assert!(packages.len() >= 8, "all crates");
    for package in &packages {
        assert!(package.manifest["description"].is_string(), "{} has none", package.name);
        for dependency in package.manifest["dependencies"].as_array().expect("dependencies") {
            let name = dependency["name"].as_str().expect("a name");
            if dependency["kind"] == "dev" || dependency["path"].is_null() {
                continue;
            }
            assert_ne!(dependency["req"], "*", "{} of {} has no version", name, package.name);
            let is_published = packages.iter().any(|other| other.name == name);
            assert!(is_published, "{} needs {name}, which is not published", package.name);
        }
    }
}

#[test]
fn a_package_holds_no_more_than_files_of_ours() {
    for package in packages() {
        for file in &package.files {
            let foreign = ["node_modules", "__pycache__", "target"];
            let is_foreign =
                file.components().any(|part| foreign.iter().any(|name| part.as_os_str() == *name));
            assert!(!is_foreign, "{} holds {}", package.name, file.display());
        }
    }
}
