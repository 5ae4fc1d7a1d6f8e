//! A sequence of commands with all that they gave, as one text for a snapshot; and the check that
//! a refusal refused.

use crate::{
    polite,
    redact::redact,
    support::{Run, Sandbox, finish},
};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What has been typed in a sandbox, and what came back.
pub struct Transcript<'a> {
    pub sandbox: &'a Sandbox,
    text: String,
}

impl<'a> Transcript<'a> {
    pub fn of(sandbox: &'a Sandbox) -> Self {
        Self { sandbox, text: String::new() }
    }

    /// A heading or a remark.
    pub fn note(&mut self, text: &str) {
        writeln!(self.text, "# {text}").expect("a string grows");
    }

    pub fn run(&mut self, args: &[&str]) -> Run {
        self.command(args, &mut self.sandbox.command(args))
    }

    /// As [`Transcript::run`], with a command that was prepared in some way.
    pub fn command(&mut self, args: &[&str], command: &mut Command) -> Run {
        let run = finish(command);
        self.add(&format!("runner {}", args.join(" ")), &run);
        run
    }

    /// Adds a run that was done elsewhere.
    pub fn add(&mut self, title: &str, run: &Run) {
        polite::check(run);
        let title = title.escape_debug().to_string().replace(polite::PASSWORD, "PASSWORD");
        let text = format!("$ {title}\n{}\n", shown(run));
        self.text.push_str(&redact(self.sandbox, &text));
    }

    /// Runs what has to be refused with this exit code: the message says that nothing changed and
    /// what to do next, and no file of the sandbox, the database included, has another byte.
    pub fn refused(&mut self, code: i32, args: &[&str]) -> Run {
        let before = tree(self.sandbox.path());
        let run = self.run(args);
        assert_eq!(run.code, Some(code), "the exit code of {args:?}: {run:#?}");
        assert_explained(&run);
        assert!(tree(self.sandbox.path()) == before, "a file was altered by {args:?}: {run:#?}");
        run
    }

    /// Runs a `pack` that has to be refused: it says that nothing was written, and nothing was.
    pub fn refused_to_write(&mut self, args: &[&str]) -> Run {
        let before = tree(self.sandbox.path());
        let run = self.run(args);
        assert_eq!(run.code, Some(1), "the exit code of {args:?}: {run:#?}");
        assert!(run.stderr.contains("\n  changed: nothing was written\n"), "{args:?}: {run:#?}");
        assert!(tree(self.sandbox.path()) == before, "something was written: {run:#?}");
        run
    }

    /// As [`Transcript::refused`], and the message has these words in it.
    pub fn refused_saying(&mut self, code: i32, args: &[&str], words: &[&str]) {
        let run = self.refused(code, args);
        for word in words {
            assert!(run.stderr.contains(word), "{word:?} is not in {run:#?}");
        }
    }
}

impl std::fmt::Display for Transcript<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// An error says whether anything changed, and what to do next.
pub fn assert_explained(run: &Run) {
    assert!(run.stderr.contains("\n  changed: nothing was altered\n"), "what changed? {run:#?}");
    let next = run.stderr.split("\n  next: ").nth(1).unwrap_or_default();
    assert!(!next.trim().is_empty(), "what next? {run:#?}");
}

fn shown(run: &Run) -> String {
    let code = run.code.map_or_else(|| "by a signal".to_owned(), |code| code.to_string());
    let mut text = format!("exit: {code}\n");
    for (name, stream) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
        if !stream.is_empty() {
            let end = if stream.ends_with('\n') { "" } else { "\n" };
            write!(text, "--- {name}\n{stream}{end}").expect("a string grows");
        }
    }
    text
}

/// Every file below a folder, by path, with its bytes; links as where they lead.
pub fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let metadata = fs::symlink_metadata(&path).expect("it is there");
            let contents = if metadata.is_symlink() {
                fs::read_link(&path).expect("a link").into_os_string().into_encoded_bytes()
            } else if metadata.is_dir() {
                folders.push(path.clone());
                b"a folder".to_vec()
            } else {
                fs::read(&path).expect("a file")
            };
            files.insert(path, contents);
        }
    }
    files
}
