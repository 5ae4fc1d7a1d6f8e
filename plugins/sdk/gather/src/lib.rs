//! What a project's `build.rs` does: it finds the alterations, so that nobody has to list them.
//!
//! Each `src/alterations/<id>.rs` becomes a module of the crate, and the type in it that is an `Alteration`
//! is called for that id. `RUNNER_ALTERATIONS`, ids with commas between them, leaves out the others: a
//! component carries what is not released yet. Files whose names have no `-` are modules that an alteration
//! declares itself. Without dependencies, because each project compiles it.
#![expect(clippy::print_stdout, reason = "Cargo reads it")]

pub mod scan;

use scan::{found, tokens};
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

const FOLDER: &str = "src/alterations";
const CHOSEN: &str = "RUNNER_ALTERATIONS";

/// The module of one alteration.
struct Module {
    id: String,
    path: PathBuf,
    /// The type with the hooks, as the crate's root names it.
    hooks: String,
    preparation: bool,
    backfill: bool,
}

/// Writes `alterations.rs` into `OUT_DIR`, for the crate's root to include.
pub fn alterations() {
    println!("cargo::rerun-if-changed={FOLDER}");
    println!("cargo::rerun-if-env-changed={CHOSEN}");
    let chosen = env::var(CHOSEN).ok();
    let (text, errors) = generate(&variable("CARGO_MANIFEST_DIR"), chosen.as_deref());
    for error in errors {
        println!("cargo::error={error}");
    }
    let path = variable("OUT_DIR").join("alterations.rs");
    // What is the same keeps its time, so that nothing is compiled anew.
    if fs::read_to_string(&path).is_ok_and(|there| there == text) {
        return;
    }
    if let Err(error) = fs::write(&path, text) {
        println!("cargo::error=cannot write {}: {error}", path.display());
    }
}

/// The text for the crate's root, and what is wrong with any module. `chosen` are ids with commas between them.
pub fn generate(project: &Path, chosen: Option<&str>) -> (String, Vec<String>) {
    let (modules, errors) = modules(project, chosen.unwrap_or_default());
    (text(&modules), errors)
}

fn variable(name: &str) -> PathBuf {
    env::var_os(name).unwrap_or_default().into()
}

/// The chosen ones in the order of their ids, all where none is chosen.
fn modules(project: &Path, chosen: &str) -> (Vec<Module>, Vec<String>) {
    let folder = project.join(FOLDER);
    let mut files = match files(&folder) {
        Ok(files) => files,
        Err(error) => return (Vec::new(), vec![format!("{FOLDER} cannot be read: {error}")]),
    };
    let mut errors = Vec::new();
    if files.is_empty() {
        errors.push(format!("{FOLDER} holds no alteration: `runner add NAME` makes one"));
    }
    if !chosen.is_empty() {
        let chosen: Vec<&str> = chosen.split(',').map(str::trim).collect();
        for id in chosen.iter().filter(|id| !files.contains_key(**id)) {
            errors.push(format!("{CHOSEN} names {id}, and there is no {FOLDER}/{id}.rs"));
        }
        files.retain(|id, _| chosen.contains(&id.as_str()));
    }
    let mut modules = Vec::new();
    for (id, path) in files {
        match module(id, path) {
            Ok(module) => modules.push(module),
            Err(error) => errors.push(error),
        }
    }
    (modules, errors)
}

/// The files of the alterations by id.
fn files(folder: &Path) -> std::io::Result<BTreeMap<String, PathBuf>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        match path.file_stem().and_then(|stem| stem.to_str()) {
            Some(id) if is_rust && id.contains('-') => files.insert(id.to_owned(), path),
            _ => None,
        };
    }
    Ok(files)
}

fn module(id: String, path: PathBuf) -> Result<Module, String> {
    let name = format!("{FOLDER}/{id}.rs");
    let text = fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
    let found = found(&tokens(&text));
    let of = match found.types.as_slice() {
        [] => return Err(format!("{name}: no `impl Alteration for` a type")),
        [of] => of,
        [one, other, ..] => {
            return Err(format!(
                "{name}: {one} and {other} both are an Alteration; give each a module of its own"
            ));
        }
    };
    let hooks = match of.starts_with("crate::") {
        true => of.clone(),
        false => format!("{}::{of}", module_name(&id)),
    };
    Ok(Module { id, path, hooks, preparation: found.preparation, backfill: found.backfill })
}

fn module_name(id: &str) -> String {
    format!("alteration_{}", id.replace(|c: char| !c.is_alphanumeric(), "_"))
}

/// The modules, and one type that is all of them.
fn text(modules: &[Module]) -> String {
    let mut text = String::from("// Made by build.rs of src/alterations.\n");
    for Module { id, path, .. } in modules {
        let path = path.display().to_string();
        text += &format!(
            "#[path = {path:?}]\n#[allow(non_snake_case, reason = \"it is called like its alteration\")]\nmod {};\n",
            module_name(id)
        );
    }
    text += "\nstruct AlterationsOfCrate;\n";
    text += &implementation(
        "Alteration",
        &[("up", "", "()"), ("down", "", "()")],
        "::std::result::Result::Err(::std::format!(\"this component does not carry {id}\").into())",
        modules.iter(),
    );
    let mut groups = String::new();
    if modules.iter().any(|module| module.preparation) {
        groups += ", preparation";
        text += &implementation(
            "Preparation",
            &[("before_up", "", "()"), ("before_down", "", "()")],
            "::std::result::Result::Ok(())",
            modules.iter().filter(|module| module.preparation),
        );
    }
    if modules.iter().any(|module| module.backfill) {
        groups += ", backfill";
        text += &implementation(
            "Backfill",
            &[("step", "state", "::alteration_sdk::Step")],
            "::std::result::Result::Ok(::alteration_sdk::Step::Finished)",
            modules.iter().filter(|module| module.backfill),
        );
    }
    text + &format!("\n::alteration_sdk::alteration!(AlterationsOfCrate{groups});\n")
}

/// A trait whose hooks (name, further parameter, what they return) go to the module of their id.
fn implementation<'a>(
    of: &str,
    hooks: &[(&str, &str, &str)],
    otherwise: &str,
    modules: impl Iterator<Item = &'a Module> + Clone,
) -> String {
    let mut text = format!("\nimpl ::alteration_sdk::{of} for AlterationsOfCrate {{\n");
    for (name, parameter, returned) in hooks {
        let (declared, given) = match parameter.is_empty() {
            true => (String::new(), String::new()),
            false => {
                let optional = "::std::option::Option<&[u8]>";
                (format!(", {parameter}: {optional}"), format!(", {parameter}"))
            }
        };
        text += &format!(
            "    fn {name}(db: &::alteration_sdk::Database, id: &str{declared}) -> ::alteration_sdk::Result<{returned}> {{\n        match id {{\n"
        );
        for module in modules.clone() {
            let (id, hooks) = (&module.id, &module.hooks);
            text += &format!(
                "            {id:?} => <{hooks} as ::alteration_sdk::{of}>::{name}(db, id{given}),\n"
            );
        }
        text += &format!("            _ => {otherwise},\n        }}\n    }}\n");
    }
    text + "}\n"
}
