//! Projects of a few files: which files each alteration names, its hooks, and what changes its checksum.

use super::*;

const ONE: &str = "src/alterations/1.0.0-1-one.rs";
const TWO: &str = "src/alterations/1.1.0-2-two.rs";
const HOOKS: &str = "pub struct Mine;\nimpl Alteration for Mine {}\n";

struct Project(tempfile::TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        project.write(ROOT, "pub mod slug;\nmod deep;\nmod other;\n");
        project.write("src/slug.rs", "pub fn slug() {}\n");
        project.write("src/deep/mod.rs", "pub mod inner;\npub fn far() {}\n");
        project.write("src/deep/inner.rs", "use crate::slug::slug;\n");
        project.write("src/other.rs", "");
        project.write(ONE, HOOKS);
        project.write(TWO, HOOKS);
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn describe(&self) -> BTreeMap<AlterationId, RustAlteration> {
        describe(self.0.path()).unwrap()
    }

    fn one(&self) -> RustAlteration {
        self.describe().remove(&"1.0.0-1-one".parse().unwrap()).unwrap()
    }

    /// The files of an alteration with `text` before its hooks, but for its own.
    fn files(&self, text: &str) -> Vec<String> {
        self.write(ONE, &format!("{text}\n{HOOKS}"));
        self.one().files.iter().skip(1).map(|path| name(path)).collect()
    }

    fn error(&self) -> String {
        describe(self.0.path()).unwrap_err().to_string()
    }
}

const DEEP: [&str; 3] = ["src/deep/inner.rs", "src/deep/mod.rs", "src/slug.rs"];
const ALL: [&str; 5] =
    ["src/deep/inner.rs", "src/deep/mod.rs", "src/lib.rs", "src/other.rs", "src/slug.rs"];

#[test]
fn files_are_those_that_are_named() {
    let project = Project::new(&[]);
    let slug = ["src/slug.rs"].as_slice();
    let table: &[(&str, &[&str])] = &[
        ("", &[]),
        ("use alteration_sdk::prelude::*;", &[]),
        ("use crate::slug::slug_of;", slug),
        ("use super::slug;", slug),
        ("fn f() { crate::slug::slug::<u8>() }", slug),
        ("use crate::{other::{self, x}, slug as s};", &["src/other.rs", "src/slug.rs"]),
        ("use crate::deep;", &DEEP),
        ("use crate::deep::inner;", &DEEP),
        // An item of the root may use all of it.
        ("use crate::item;", &ALL),
        ("use crate::*;", &ALL),
        ("use super::*;", &ALL),
        ("use crate as me;", &ALL),
        // No code, or no path.
        ("// crate::slug\n/* crate::slug /* */ crate::slug */", &[]),
        ("const A: &str = \"crate::slug\"; const B: &str = r#\"\"crate::slug\"#;", &[]),
        ("const Q: char = '\"'; use crate::slug; const R: char = '\\'';", slug),
        ("fn f<'a>(x: &'a str) {} use crate::slug;", slug),
        ("pub(crate) fn f() {} pub(super) fn g() {}", &[]),
        ("mod tests { use super::*; }", &[]),
        ("mod tests { use super::super::slug; }", slug),
        ("use crate::alteration_1_1_0_2_two::Mine;", &[TWO]),
    ];
    for (text, expected) in table {
        assert_eq!(project.files(text), *expected, "{text}");
    }
}

#[test]
fn children_and_what_is_included_belong_to_a_module() {
    let project = Project::new(&[
        ("src/alterations/child.rs", "use super::super::slug;"),
        ("src/alterations/odd.rs", ""),
        ("src/alterations/rows.csv", "1"),
        ("sql/one.sql", "SELECT 1"),
        ("src/part.rs", "fn part() { crate::slug::slug() }"),
    ]);
    let table: &[(&str, &[&str])] = &[
        ("mod child;", &["src/alterations/child.rs", "src/slug.rs"]),
        ("#[path = \"odd.rs\"]\n#[allow(unused)]\nmod other;", &["src/alterations/odd.rs"]),
        ("const A: &str = include_str!(\"rows.csv\");", &["src/alterations/rows.csv"]),
        ("const A: &str = include_str!(\"../../sql/one.sql\");", &["sql/one.sql"]),
        (
            "const A: &[u8] = include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/sql/one.sql\"));",
            &["sql/one.sql"],
        ),
        ("include!(\"../part.rs\");", &["src/part.rs", "src/slug.rs"]),
    ];
    for (text, expected) in table {
        assert_eq!(project.files(text), *expected, "{text}");
    }
    let any = project.files("const A: &str = include_str!(concat!(\"a\", \".csv\"));");
    assert!(ALL.iter().all(|file| any.contains(&(*file).to_owned())), "{any:?}");
    assert!(!any.contains(&TWO.to_owned()), "{any:?}");
}

#[test]
fn what_works_without_being_named_counts() {
    let project = Project::new(&[("src/other.rs", "impl crate::slug::Slug { fn x() {} }")]);
    assert_eq!(project.files("use crate::slug;"), ["src/other.rs", "src/slug.rs"]);
    project.write("src/other.rs", "use crate::slug::Show; struct A; impl Show for A {}");
    assert_eq!(project.files("use crate::slug;"), ["src/slug.rs"]);
    project.write("src/other.rs", "use crate::slug::Show; impl Show for i64 {}");
    assert_eq!(project.files("use crate::slug;"), ["src/other.rs", "src/slug.rs"]);
    assert_eq!(project.files(""), [] as [&str; 0]);
    project.write(ROOT, "macro_rules! all { () => {} }\nmod slug;\nmod other;");
    assert_eq!(project.files(""), ["src/lib.rs", "src/other.rs", "src/slug.rs"]);
}

#[test]
fn an_edit_changes_what_names_it() {
    let project = Project::new(&[(ONE, &format!("use crate::slug::slug;\r\n{HOOKS}"))]);
    let sources = || project.describe().into_values().map(|one| one.source).collect::<Vec<_>>();
    let before = sources();
    assert_ne!(before[0], before[1]);
    let changed = |path: &str, text: &str| {
        let file = project.0.path().join(path);
        let original = fs::read_to_string(&file).unwrap();
        project.write(path, text);
        let after = sources();
        fs::write(file, original).unwrap();
        [0, 1].map(|at| after[at] != before[at])
    };
    assert_eq!(changed("src/slug.rs", "pub fn slug() { edited }"), [true, false]);
    assert_eq!(changed("src/other.rs", "edited"), [false, false]);
    assert_eq!(changed(TWO, &format!("{HOOKS} edited")), [false, true]);
    assert_eq!(changed(ONE, &format!("use crate::slug::slug;\n{HOOKS}")), [false, false]);
    assert_eq!(changed("src/slug.rs", "pub fn slug() {}\r\n"), [false, false]);
    // A module that is added changes nothing that is there.
    let root = "pub mod slug;\nmod deep;\nmod other;\nmod more;\n";
    assert_eq!(changed(ROOT, root), [false, false]);
}

#[test]
fn hooks_are_those_of_the_module_itself() {
    let table: &[(&str, &[&str])] = &[
        ("impl Alteration for A {}", &["down", "up"]),
        (
            "impl alteration_sdk::Alteration for A {} impl Backfill for A {}",
            &["down", "step", "up"],
        ),
        (
            "impl Alteration for A {}\nimpl Preparation for A {}",
            &["before-down", "before-up", "down", "up"],
        ),
        (
            "impl<T> From<T> for A {} impl Alteration for A {} mod tests { impl Backfill for B {} impl Alteration for B {} }",
            &["down", "up"],
        ),
        ("impl Alteration for A {} // impl Backfill for A {}", &["down", "up"]),
    ];
    for (text, expected) in table {
        let project = Project::new(&[(ONE, text)]);
        let hooks: Vec<String> = project.one().hooks.into_iter().collect();
        assert_eq!(hooks, *expected, "{text}");
    }
}

#[test]
fn what_is_no_alteration_is_named() {
    let table = [
        (ONE, "struct A;", "src/alterations/1.0.0-1-one.rs: no `impl Alteration for` a type"),
        (
            ONE,
            "impl Alteration for A {} impl Alteration for B {}",
            "src/alterations/1.0.0-1-one.rs: A and B are an Alteration; give each a module of its own",
        ),
        (
            "src/alterations/my-helper.rs",
            "",
            "src/alterations/my-helper.rs: the file's name is no id",
        ),
    ];
    for (path, text, expected) in table {
        let error = Project::new(&[(path, text)]).error();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_draft_is_built_again_when_anything_of_the_crate_changes() {
    let project = Project::new(&[("sdk/plugins/sdk/src/lib.rs", "")]);
    let mut sums = BTreeSet::from([toolchain(project.0.path()).unwrap()]);
    let edited = ["src/other.rs", "sdk/plugins/sdk/src/lib.rs", "Cargo.toml", "build.rs"];
    for path in edited {
        project.write(path, "edited");
        assert!(sums.insert(toolchain(project.0.path()).unwrap()), "{path}");
    }
    project.write("README.md", "edited");
    assert!(!sums.insert(toolchain(project.0.path()).unwrap()));
}
