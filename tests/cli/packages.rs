//! What is published: the package of each crate holds every file that its build reads, wherever that lies here.
//!
//! Asks Cargo for lists and builds nothing: what a build read is in the dependency files that the compiler wrote. With
//! RUNNER_FULL=1 each package is made and built, from nothing but what is in the packages.

use super::support::{profile_folder, root, target_folder};
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

/// The manifests of the workspaces: the runner's, and that of what applications embed.
const WORKSPACES: [&str; 2] = ["Cargo.toml", "runner/check/Cargo.toml"];

/// The crates of a workspace, those that are not published too.
fn members(workspace: &str) -> Vec<Value> {
    let asked = ["--offline", "--no-deps", "--format-version", "1", "--manifest-path", workspace];
    let metadata = cargo(&[&["metadata"], &asked[..]].concat());
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

fn packages() -> Vec<Package> {
    let all = WORKSPACES.into_iter().flat_map(members);
    let published = all.filter(|package| package["publish"].is_null());
    published
        .map(|package| {
            let name = package["name"].as_str().expect("a name").to_owned();
            let manifest = package["manifest_path"].as_str().expect("a path");
            let listed =
                ["package", "--list", "--offline", "--allow-dirty", "--manifest-path", manifest];
            let manifest_path = Path::new(manifest);
            Package {
                files: cargo(&listed).lines().map(PathBuf::from).collect(),
                folder: manifest_path.parent().expect("a folder").to_owned(),
                manifest: package.clone(),
                name,
            }
        })
        .collect()
}

/// The files that the newest build of a crate's library read, as its dependency file has them.
fn read_by_the_build(package: &Package) -> Vec<PathBuf> {
    let targets = package.manifest["targets"].as_array().expect("targets").iter();
    let is_library = |target: &&Value| target["kind"][0] == "lib";
    let library = targets.filter(is_library).map(|target| &target["name"]).next();
    let library = library.and_then(Value::as_str).expect("a library").replace('-', "_");
    let builds = fs::read_dir(profile_folder().join("deps")).expect("a folder");
    let builds = builds.map(|entry| entry.expect("an entry").path()).filter(|path| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = stem.rsplit_once('-').map(|(name, _)| name);
        name == Some(&*library) && path.extension().is_some_and(|extension| extension == "d")
    });
    let root_file = package.folder.join("src/lib.rs");
    let files = builds.map(|path| (path.metadata().and_then(|m| m.modified()).ok(), files(&path)));
    // Clippy's checks count as builds, and name its settings too.
    let is_check = |files: &[PathBuf]| files.iter().any(|file| file.ends_with("clippy.toml"));
    let of_library = files
        .filter(|(_, files)| !is_check(files) && files.iter().any(|file| plain(file) == root_file));
    let newest = of_library.max_by_key(|(time, _)| *time);
    newest.unwrap_or_else(|| panic!("{} was not built", package.name)).1
}

/// The files of the first rule of a dependency file.
fn files(dependency_file: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(dependency_file).expect("Cargo writes it");
    let rule = text.lines().next().unwrap_or_default();
    let files = rule.split_once(": ").map_or("", |(_, files)| files).replace("\\ ", "\0");
    files.split(' ').map(|name| PathBuf::from(name.replace('\0', " "))).collect()
}

/// The whole path of a file, `..` taken out of it without looking at links.
fn plain(file: &Path) -> PathBuf {
    let whole = fs::canonicalize(root()).expect("a folder").join(file);
    whole.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
        plain
    })
}

#[test]
fn a_package_holds_what_its_build_reads() {
    let mut counts = BTreeMap::new();
    for package in packages() {
        let read = read_by_the_build(&package);
        for file in &read {
            let is_listed = package.files.iter().any(|listed| match file.is_absolute() {
                false => package.folder.join(listed) == plain(file),
                // Macros that make bindings name their files by what links lead to.
                // Another checkout may have made the build, in a target folder that both share.
                true => fs::canonicalize(package.folder.join(listed))
                    .is_ok_and(|is| is == *file || !file.starts_with(plain(Path::new("")))),
            });
            assert!(is_listed, "{} is not in the package {}", file.display(), package.name);
        }
        counts.insert(package.name, read.len());
    }
    assert!(counts["alteration-runner"] > 100 && counts["alteration-host"] > 20, "{counts:?}");
}

#[test]
fn a_package_depends_on_what_is_published() {
    let packages = packages();
    assert!(packages.len() >= 12, "all crates");
    assert!(packages.iter().any(|package| package.name == "alteration-check"), "both workspaces");
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

/// The names of what a crate is built with, tests and build scripts left out.
fn dependencies(package: &Value) -> impl Iterator<Item = &str> {
    let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
    dependencies
        .filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| dependency["name"].as_str().expect("a name"))
}

/// The map's table of crates has them in the order in which they may depend on each other.
#[test]
fn a_crate_depends_only_on_crates_above_it_in_the_map() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the map");
    let rows = map.lines().filter_map(|line| line.strip_prefix("| alteration-"));
    let rows = rows.filter(|row| row.contains("| `runner/"));
    let order: Vec<String> = rows
        .filter_map(|row| Some(format!("alteration-{}", row.split_once(" | ")?.0)))
        .filter(|name| name != "alteration-check")
        .collect();
    let members = members("Cargo.toml");
    let crates = members.iter().filter(|member| {
        let manifest = member["manifest_path"].as_str().expect("a path");
        Path::new(manifest).strip_prefix(plain(Path::new("runner"))).is_ok()
    });
    let mut seen = 0;
    for package in crates {
        let name = package["name"].as_str().expect("a name");
        let place = order.iter().position(|other| other == name);
        let place = place.unwrap_or_else(|| panic!("{name} is not in the map: {order:?}"));
        for dependency in dependencies(package).filter(|other| order.iter().any(|o| o == other)) {
            seen += 1;
            assert!(
                order[..place].iter().any(|above| above == dependency),
                "{name} needs {dependency}, which is below it in the map"
            );
        }
    }
    assert!(seen > 20, "only {seen} dependencies were found");
}

/// What only one crate knows: no other one is built with it.
#[test]
fn one_crate_alone_knows_a_library() {
    let alone = [
        ("sqlx", "alteration-database"),
        ("sqlx-core", "alteration-database"),
        ("libsqlite3-sys", "alteration-database"),
        ("wasmtime", "alteration-host"),
        ("wasmtime-wasi", "alteration-host"),
        ("clap", "alteration-runner"),
    ];
    let members = members("Cargo.toml");
    let published = members.iter().filter(|package| package["publish"].is_null());
    let published: Vec<_> = published.collect();
    for (library, owner) in alone {
        let knowing =
            published.iter().filter(|package| dependencies(package).any(|d| d == library));
        let knowing: Vec<_> = knowing.map(|package| package["name"].as_str()).collect();
        assert_eq!(knowing, [Some(owner)], "crates that know {library}");
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

/// Makes the packages of a workspace in a target folder and builds each, from what it holds and from the packages of
/// the same workspace.
fn build(workspace: &str, target: &Path, more: &[String]) {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["package", "--workspace", "--offline", "--allow-dirty", "--manifest-path"]);
    command.arg(workspace).args(more).current_dir(root());
    // All builds share the folder, so that a dependency is compiled once.
    command.env("CARGO_TARGET_DIR", target).env("CARGO_INCREMENTAL", "0");
    command.env("CARGO_PROFILE_DEV_DEBUG", "false");
    let run = command.output().expect("cargo runs");
    assert!(run.status.success(), "{workspace}: {}", String::from_utf8_lossy(&run.stderr));
}

#[test]
#[ignore = "RUNNER_FULL=1"]
fn each_package_builds_from_what_it_holds() {
    let [runner, check] = WORKSPACES;
    // Beside the builds of the tests, whose dependency files are read here.
    let target = target_folder().join("packages");
    let made = target.join("package");
    // Left by an earlier run, perhaps of crates that are no more.
    let _ = fs::remove_dir_all(&made);
    let (published, internal): (Vec<_>, Vec<_>) =
        members(runner).into_iter().partition(|package| package["publish"].is_null());
    let name = |package: &Value| package["name"].as_str().expect("a name").to_owned();
    let left_out = internal.iter().flat_map(|package| ["--exclude".to_owned(), name(package)]);
    build(runner, &target, &left_out.collect::<Vec<_>>());
    // The other workspace depends on crates that are on no registry yet: their packages stand in for it.
    let given = published.iter().flat_map(|package| {
        let (name, version) = (name(package), package["version"].as_str().expect("a version"));
        let folder = made.join(format!("{name}-{version}"));
        ["--config".to_owned(), format!("patch.crates-io.{name}.path={folder:?}")]
    });
    build(check, &target, &given.chain(["--all-features".to_owned()]).collect::<Vec<_>>());
    let files = fs::read_dir(&made).expect("a folder").map(|entry| entry.expect("an entry").path());
    let crates = files.filter(|path| path.extension().is_some_and(|kind| kind == "crate"));
    assert_eq!(crates.count(), packages().len());
}
