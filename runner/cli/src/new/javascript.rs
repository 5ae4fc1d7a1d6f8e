//! Projects in JavaScript and TypeScript, with the SDK and the interface that it is built for.

use super::Template;

pub(super) fn javascript() -> Vec<Template> {
    let mut templates = vec![
        ("README.md", include_str!("templates/js/README.md")),
        (".gitignore", include_str!("templates/js/gitignore")),
        ("package.json", include_str!("templates/js/package.json")),
        ("package-lock.json", include_str!("templates/js/package-lock.json")),
        ("src/alterations/{{id}}.js", include_str!("templates/js/src/alterations/first.js")),
        ("src/slug.js", include_str!("templates/js/src/slug.js")),
        ("src/slug.test.js", include_str!("templates/js/src/slug.test.js")),
    ];
    templates.extend(BOTH);
    templates.extend(SDK);
    templates
}

pub(super) fn typescript() -> Vec<Template> {
    let mut templates = vec![
        ("README.md", include_str!("templates/ts/README.md")),
        (".gitignore", include_str!("templates/ts/gitignore")),
        ("package.json", include_str!("templates/ts/package.json")),
        ("package-lock.json", include_str!("templates/ts/package-lock.json")),
        ("tsconfig.json", include_str!("templates/ts/tsconfig.json")),
        ("src/alterations/{{id}}.ts", include_str!("templates/ts/src/alterations/first.ts")),
        ("src/slug.ts", include_str!("templates/ts/src/slug.ts")),
        ("src/slug.test.ts", include_str!("templates/ts/src/slug.test.ts")),
    ];
    templates.extend(BOTH);
    templates.extend(SDK);
    templates
}

/// An alteration more.
pub(super) const ADDED_JAVASCRIPT: Template =
    ("src/alterations/{{id}}.js", include_str!("templates/js/add/alteration.js"));
pub(super) const ADDED_TYPESCRIPT: Template =
    ("src/alterations/{{id}}.ts", include_str!("templates/ts/add/alteration.ts"));

const BOTH: [Template; 4] = [
    (".npmrc", include_str!("templates/js/npmrc")),
    ("alteration.json", include_str!("templates/all/alteration.json")),
    ("sdk/package.json", include_str!("templates/js/sdk/package.json")),
    ("sdk/wit/alteration.wit", include_str!("../../wit/alteration.wit")),
];

macro_rules! sdk {
    ($($path:literal)*) => {
        [$((concat!("sdk/", $path), include_str!(concat!("../../plugins/sdk-js/", $path)))),*]
    };
}

/// The SDK as it lies in this tree, but for its tests.
const SDK: [Template; 31] = sdk! {
    "README.md"
    "build.mjs"
    "build/bundle.mjs"
    "build/checksum.mjs"
    "build/digest.mjs"
    "build/request.mjs"
    "build/sections.mjs"
    "build/sources.mjs"
    "build/trim.mjs"
    "src/cursor.js"
    "src/database.js"
    "src/entropy.js"
    "src/entry.js"
    "src/error.js"
    "src/globals.d.ts"
    "src/globals.js"
    "src/hooks.js"
    "src/host.js"
    "src/index.d.ts"
    "src/index.js"
    "src/log.js"
    "src/no_compiler.js"
    "src/no_host.js"
    "src/promise.js"
    "src/row.js"
    "src/settings.js"
    "src/sql.js"
    "src/statement.js"
    "src/text.js"
    "src/value.js"
    "src/writer.js"
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    #[test]
    fn the_whole_sdk_is_copied() {
        let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sdk-js");
        let names = |folder: &str| -> Vec<String> {
            let entries = fs::read_dir(sdk.join(folder)).unwrap();
            entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .map(|name| format!("sdk/{folder}/{name}"))
                .collect()
        };
        let mut expected = [names("build"), names("src")].concat();
        expected.extend(["README.md", "build.mjs"].map(|name| format!("sdk/{name}")));
        expected.sort();
        assert_eq!(SDK.map(|(path, _)| path).as_slice(), expected);
    }

    #[test]
    fn the_copy_is_the_sdks_package_but_for_its_tests() {
        let read = |text: &str| -> serde_json::Map<_, _> { serde_json::from_str(text).unwrap() };
        let mut original = read(include_str!("../../plugins/sdk-js/package.json"));
        for of_tests in ["scripts", "devDependencies"] {
            original.remove(of_tests).unwrap();
        }
        assert_eq!(read(include_str!("templates/js/sdk/package.json")), original);
    }

    /// The lockfiles name what the SDK is built with, and no registry.
    #[test]
    fn lockfiles_fit_the_sdk() {
        let package: serde_json::Value =
            serde_json::from_str(include_str!("templates/js/sdk/package.json")).unwrap();
        for lockfile in [
            include_str!("templates/js/package-lock.json"),
            include_str!("templates/ts/package-lock.json"),
        ] {
            let locked: serde_json::Value = serde_json::from_str(lockfile).unwrap();
            assert_eq!(locked["packages"]["sdk"]["dependencies"], package["dependencies"]);
            assert!(!lockfile.contains("://"), "a registry's address");
        }
    }
}
