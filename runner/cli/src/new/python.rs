//! A project in Python, with the SDK and the interface it binds to.

use super::Template;

pub(super) fn templates() -> Vec<Template> {
    let mut templates = vec![
        ("README.md", include_str!("templates/python/README.md")),
        (".gitignore", include_str!("templates/python/gitignore")),
        ("alteration.json", include_str!("templates/all/alteration.json")),
        ("slug.py", include_str!("templates/python/slug.py")),
        ("test_slug.py", include_str!("templates/python/test_slug.py")),
        ("alterations/{{module}}.py", include_str!("templates/python/alterations/first.py")),
        ("sdk/wit/alteration.wit", include_str!("../../wit/alteration.wit")),
        ("sdk/requirements.txt", include_str!("../../plugins/sdk-python/requirements.txt")),
        ("sdk/venv", include_str!("../../plugins/sdk-python/venv")),
    ];
    templates.extend(SDK);
    templates
}

/// An alteration more.
pub(super) const ADDED: Template =
    ("alterations/{{module}}.py", include_str!("templates/python/add/alteration.py"));

macro_rules! sdk {
    ($($name:literal)*) => {
        [$((
            concat!("sdk/alteration_sdk/", $name),
            include_str!(concat!("../../plugins/sdk-python/alteration_sdk/", $name)),
        )),*]
    };
}

/// The package as it lies in this tree.
const SDK: [Template; 23] = sdk! {
    "__init__.py" "alteration.py" "build.py" "checksum.py" "component.py" "componentize.py" "convert.py" "cursor.py"
    "database.py" "entropy.py" "errors.py" "failure.py" "host.py" "iso.py" "log.py" "purity.py"
    "py.typed" "request.py" "row.py" "settings.py" "stamp.py" "values.py" "writer.py"
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    #[test]
    fn the_whole_sdk_is_copied() {
        let sources =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sdk-python/alteration_sdk");
        let mut names: Vec<String> = fs::read_dir(sources)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "__pycache__")
            .collect();
        names.sort();
        let copied: Vec<&str> =
            SDK.iter().map(|(path, _)| path.rsplit_once('/').unwrap().1).collect();
        assert_eq!(copied, names);
    }
}
