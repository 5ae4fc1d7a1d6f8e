//! `new`: where it writes nothing. What it makes is built and deployed in `tests/authoring`.

use crate::support::Sandbox;

#[test]
fn what_is_there_is_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("notes/mine.txt", "mine");
    let run = sandbox.runner(&["new", "acme/notes", "--lang", "sql"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("notes is there already"), "{run:#?}");
    assert!(run.stderr.contains("nothing was written"), "{run:#?}");
    let files = |folder: &str| std::fs::read_dir(sandbox.path().join(folder)).unwrap().count();
    assert_eq!((files("."), files("notes")), (1, 1));
}

#[test]
fn a_name_without_a_vendor_is_a_wrong_usage() {
    let sandbox = Sandbox::new();
    for name in ["notes", "../acme/notes", "acme/..", "Acme/Notes", "acme/\u{1b}[2J"] {
        let run = sandbox.runner(&["new", name, "--lang", "sql"]);
        assert_eq!(run.code, Some(2), "{name}: {run:#?}");
        assert!(!run.stderr.contains('\u{1b}'), "{run:#?}");
    }
    assert_eq!(std::fs::read_dir(sandbox.path()).unwrap().count(), 0);
}
