//! Rules for everything that the binary writes, in every test: no panic, no debug dump, nothing
//! that a terminal would act on, and no password.

use crate::support::{Run, Sandbox};

/// The password in every URL of these tests.
pub const PASSWORD: &str = "hunter2";

/// What a panic or a `{:?}` of an error looks like.
const RAW: [&str; 12] = [
    "panicked",
    "RUST_BACKTRACE",
    "Some(",
    "None)",
    "Ok(",
    "Err(",
    "Os {",
    "Error {",
    "Error(",
    "Rust type",
    "alloc::",
    "PathBuf",
];

/// Panics unless `run` keeps all of the rules.
pub fn check(run: &Run) {
    for (name, text) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
        for raw in RAW {
            assert!(!text.contains(raw), "{name} shows {raw:?}: {run:#?}");
        }
        // What takes data along says so where it is advised.
        for line in text.lines().filter(|line| line.contains("`runner rollback --")) {
            assert!(line.contains("delete") && line.contains("data"), "{name}: {line}");
        }
        assert!(!text.contains(PASSWORD), "{name} shows a password: {run:#?}");
        if let Some(c) = text.chars().find(|c| acts_on_a_terminal(*c)) {
            panic!("{name} holds the raw character {c:?}: {run:#?}");
        }
    }
}

/// Runs the binary, whose output has to keep the rules.
pub fn run(sandbox: &Sandbox, args: &[&str]) -> Run {
    let run = sandbox.runner(args);
    check(&run);
    run
}

/// As [`run`]; checks that it ends with this code and prints each of `texts`.
pub fn told(sandbox: &Sandbox, args: &[&str], code: i32, texts: &[&str]) -> Run {
    let run = run(sandbox, args);
    assert_eq!(run.code, Some(code), "{args:?}: {run:#?}");
    for text in texts {
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(all.contains(text), "{args:?} lacks `{text}`: {run:#?}");
    }
    run
}

/// Written without looking at the product's own list, so that a gap there is found here.
fn acts_on_a_terminal(c: char) -> bool {
    let control = c.is_control() && c != '\n';
    let reordering =
        ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
    let invisible =
        matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
    control || reordering || invisible
}
