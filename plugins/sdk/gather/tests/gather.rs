//! What a project's build script finds, and the text that it writes for the crate's root.

use alteration_sdk_build::generate;
use std::{fs, path::PathBuf};

const ONE: &str = "1.0.0-1-one";
const TWO: &str = "1.1.0-2-two";

/// A project with modules of alterations, gone when the test is done.
struct Project(PathBuf);

impl Project {
    fn new(name: &str, modules: &[(&str, &str)]) -> Self {
        let root = std::env::temp_dir().join(format!("gather-{name}-{}", std::process::id()));
        fs::create_dir_all(root.join("src/alterations")).unwrap();
        for (id, text) in modules {
            fs::write(root.join(format!("src/alterations/{id}.rs")), text).unwrap();
        }
        Self(root)
    }

    fn text(&self, chosen: Option<&str>) -> String {
        let (text, errors) = generate(&self.0, chosen);
        assert_eq!(errors, [] as [&str; 0]);
        text
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn hooks_go_to_the_module_of_their_id() {
    let project = Project::new(
        "hooks",
        &[
            (ONE, "//! Docs.\npub struct A;\nimpl Alteration for A {}\n"),
            (
                TWO,
                "impl alteration_sdk::Alteration for crate::b::B {}\nimpl Backfill for crate::b::B {}\n",
            ),
            // No alteration: a module that one declares.
            ("shapes", ""),
        ],
    );
    let text = project.text(None);
    for expected in [
        "mod alteration_1_0_0_1_one;",
        "\"1.0.0-1-one\" => <alteration_1_0_0_1_one::A as ::alteration_sdk::Alteration>::up(db, id),",
        "\"1.1.0-2-two\" => <crate::b::B as ::alteration_sdk::Alteration>::down(db, id),",
        "\"1.1.0-2-two\" => <crate::b::B as ::alteration_sdk::Backfill>::step(db, id, state),",
        "::alteration_sdk::alteration!(AlterationsOfCrate, backfill);",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(!text.contains("shapes") && !text.contains("Preparation"), "{text}");
    assert!(!text.contains("alteration_1_0_0_1_one::A as ::alteration_sdk::Backfill"), "{text}");
}

#[test]
fn a_component_has_the_groups_of_what_it_carries() {
    let project = Project::new(
        "chosen",
        &[
            (ONE, "impl Alteration for A {}\nimpl Preparation for A {}"),
            (TWO, "impl Alteration for B {}\n// impl Backfill for B {}"),
        ],
    );
    let one = project.text(Some(ONE));
    assert!(one.contains("alteration!(AlterationsOfCrate, preparation);"), "{one}");
    assert!(!one.contains(TWO), "{one}");
    let two = project.text(Some(TWO));
    assert!(two.contains("alteration!(AlterationsOfCrate);") && !two.contains(ONE), "{two}");
    assert_eq!(project.text(Some("")), project.text(None));
    assert_eq!(project.text(Some(&format!("{TWO}, {ONE}"))), project.text(None));
}

#[test]
fn what_cannot_be_built_is_named() {
    let table = [
        (vec![], None, "src/alterations holds no alteration: `runner add NAME` makes one"),
        (
            vec![(ONE, "impl Alteration for A {}")],
            Some(TWO),
            "RUNNER_ALTERATIONS names 1.1.0-2-two, and there is no src/alterations/1.1.0-2-two.rs",
        ),
        (
            vec![(ONE, "struct Alteration;\nmod tests { impl Alteration for A {} }")],
            None,
            "src/alterations/1.0.0-1-one.rs: no `impl Alteration for` a type",
        ),
        (
            vec![(ONE, "impl Alteration for A {} impl Alteration for B {}")],
            None,
            "src/alterations/1.0.0-1-one.rs: A and B both are an Alteration; give each a module of its own",
        ),
    ];
    for (at, (modules, chosen, expected)) in table.into_iter().enumerate() {
        let project = Project::new(&format!("wrong-{at}"), &modules);
        assert_eq!(generate(&project.0, chosen).1, [expected]);
    }
    let (_, errors) = generate(&std::env::temp_dir().join("gather-of-nothing"), None);
    assert!(errors[0].starts_with("src/alterations cannot be read"), "{errors:?}");
}
