//! A project in Rust, with the SDK and the interface it binds to.

use super::Template;

pub(super) fn templates() -> Vec<Template> {
    let mut templates = vec![
        ("README.md", include_str!("templates/rust/README.md")),
        (".gitignore", include_str!("templates/rust/gitignore")),
        ("Cargo.toml", include_str!("templates/rust/Cargo.toml.template")),
        ("alteration.json", include_str!("templates/all/alteration.json")),
        ("build.rs", include_str!("templates/rust/build.rs.template")),
        ("src/lib.rs", include_str!("templates/rust/src/lib.rs")),
        ("src/slug.rs", include_str!("templates/rust/src/slug.rs")),
        ("src/alterations/{{id}}.rs", include_str!("templates/rust/src/alterations/first.rs")),
        ("sdk/plugins/sdk/wit/alteration.wit", include_str!("../../wit/alteration.wit")),
        ("sdk/plugins/sdk/Cargo.toml", SDK_MANIFEST),
        ("sdk/plugins/sdk/gather/Cargo.toml", GATHER_MANIFEST),
    ];
    templates.extend(SDK);
    templates.extend(GATHER);
    templates
}

/// An alteration more.
pub(super) const ADDED: Template =
    ("src/alterations/{{id}}.rs", include_str!("templates/rust/add/alteration.rs"));

const SDK_MANIFEST: &str = include_str!("templates/rust/sdk/Cargo.toml.template");
const GATHER_MANIFEST: &str = include_str!("templates/rust/sdk/gather/Cargo.toml.template");

/// The SDK as it lies in this tree: its sources name the interface relative to themselves.
const SDK: [Template; 14] = [
    ("sdk/plugins/sdk/src/bindings.rs", include_str!("../../plugins/sdk/src/bindings.rs")),
    ("sdk/plugins/sdk/src/cursor.rs", include_str!("../../plugins/sdk/src/cursor.rs")),
    ("sdk/plugins/sdk/src/database.rs", include_str!("../../plugins/sdk/src/database.rs")),
    ("sdk/plugins/sdk/src/entropy.rs", include_str!("../../plugins/sdk/src/entropy.rs")),
    ("sdk/plugins/sdk/src/error.rs", include_str!("../../plugins/sdk/src/error.rs")),
    ("sdk/plugins/sdk/src/from_value.rs", include_str!("../../plugins/sdk/src/from_value.rs")),
    ("sdk/plugins/sdk/src/hooks.rs", include_str!("../../plugins/sdk/src/hooks.rs")),
    ("sdk/plugins/sdk/src/lib.rs", include_str!("../../plugins/sdk/src/lib.rs")),
    ("sdk/plugins/sdk/src/log.rs", include_str!("../../plugins/sdk/src/log.rs")),
    ("sdk/plugins/sdk/src/manifest.rs", include_str!("../../plugins/sdk/src/manifest.rs")),
    ("sdk/plugins/sdk/src/row.rs", include_str!("../../plugins/sdk/src/row.rs")),
    ("sdk/plugins/sdk/src/settings.rs", include_str!("../../plugins/sdk/src/settings.rs")),
    ("sdk/plugins/sdk/src/value.rs", include_str!("../../plugins/sdk/src/value.rs")),
    ("sdk/plugins/sdk/src/writer.rs", include_str!("../../plugins/sdk/src/writer.rs")),
];

/// What the project's build script is made of.
const GATHER: [Template; 2] = [
    ("sdk/plugins/sdk/gather/src/lib.rs", include_str!("../../plugins/sdk/gather/src/lib.rs")),
    ("sdk/plugins/sdk/gather/src/scan.rs", include_str!("../../plugins/sdk/gather/src/scan.rs")),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    #[test]
    fn the_whole_sdk_is_copied() {
        for (folder, copied) in [("src", SDK.as_slice()), ("gather/src", GATHER.as_slice())] {
            let sources =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sdk").join(folder);
            let mut names: Vec<String> = fs::read_dir(sources)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            let copied: Vec<&str> =
                copied.iter().map(|(path, _)| path.rsplit_once('/').unwrap().1).collect();
            assert_eq!(copied, names);
        }
    }

    #[test]
    fn the_copy_needs_what_the_sdk_needs() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let read = |path: &str| -> toml::Table {
            fs::read_to_string(root.join(path)).unwrap().parse().unwrap()
        };
        let workspace = read("Cargo.toml");
        for (copy, original) in [
            (SDK_MANIFEST, "plugins/sdk/Cargo.toml"),
            (GATHER_MANIFEST, "plugins/sdk/gather/Cargo.toml"),
        ] {
            let copy: toml::Table = copy.parse().unwrap();
            let original = read(original);
            let names = |table: &toml::Table| -> Vec<String> {
                let dependencies = table.get("dependencies").and_then(toml::Value::as_table);
                dependencies.into_iter().flat_map(toml::Table::keys).cloned().collect()
            };
            assert_eq!(names(&copy), names(&original));
            for name in names(&copy) {
                let wanted = &workspace["workspace"]["dependencies"][&name];
                assert_eq!(&copy["dependencies"][&name], wanted, "{name}");
            }
            assert_eq!(copy["package"]["name"], original["package"]["name"]);
            assert_eq!(copy["package"]["version"], workspace["workspace"]["package"]["version"]);
        }
    }
}
