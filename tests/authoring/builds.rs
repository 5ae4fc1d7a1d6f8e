//! Rust; and builds that give the same bytes wherever they are made.

use crate::{
    story,
    support::{Sandbox, finish},
    tools,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

#[test]
fn rust() {
    story::run_in(&Sandbox::new(), "authoring-rust", &tools::rust());
}

/// Builds a project that was made once in two folders of different names.
#[test]
fn rust_and_sql_are_reproducible() {
    for language in ["sql", "rust"] {
        let sandbox = Sandbox::new();
        sandbox.ok(&["new", "acme/notes", "--lang", language]);
        let (one, other) = (sandbox.path().join("notes"), sandbox.path().join("another-folder"));
        let copied = Command::new("cp").arg("-r").arg(&one).arg(&other).status();
        assert!(copied.expect("cp").success());
        let built = |folder: &Path| {
            let mut command = sandbox.command(&["build"]);
            command.current_dir(folder);
            // Cargo and rustup find their own in the author's home.
            for name in ["HOME", "CARGO_HOME", "RUSTUP_HOME"] {
                if let Some(value) = std::env::var_os(name) {
                    command.env(name, value);
                }
            }
            command.envs(tools::rust());
            let run = finish(&mut command);
            assert_eq!(run.code, Some(0), "{run:#?}");
            let files = fs::read_dir(folder.join("dist")).expect("dist").flatten();
            let files: Vec<PathBuf> = files.map(|entry| entry.path()).collect();
            let [file] = &files[..] else { panic!("{files:?}") };
            fs::read(file).expect("a component")
        };
        assert!(built(&one) == built(&other), "{language}: two builds differ");
    }
}
