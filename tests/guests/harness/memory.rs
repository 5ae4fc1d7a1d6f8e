//! Hooks that use the memory of others before them, and find nothing of theirs.

use super::{ahead::chain, deploy, support::Sandbox};
use std::process::Command;

/// More than there are places, so that each is used again.
const HOOKS: usize = 12;

fn filled(sandbox: &Sandbox) -> Vec<String> {
    sandbox.rows("SELECT count(*) FROM filled")
}

#[test]
fn no_hook_finds_what_another_left() {
    let sandbox = chain(&["fills_memory"; HOOKS]);
    let run = deploy(&sandbox, &[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert_eq!(filled(&sandbox), [HOOKS.to_string()]);
}

/// Too little for the places that hooks have otherwise, which are made at once; and too little for a
/// memory that could grow to its end where it is.
#[test]
fn where_address_space_is_short_they_run_too() {
    for kibibytes in [67_108_864, 4_194_304] {
        runs_within(kibibytes);
    }
}

fn runs_within(kibibytes: u64) {
    let sandbox = chain(&["fills_memory"; HOOKS]);
    let runner = sandbox.command(&["deploy", "plugins"]);
    let mut limited = Command::new("sh");
    limited
        .args(["-c", &format!(r#"ulimit -v {kibibytes} && exec "$0" "$@""#)])
        .arg(runner.get_program())
        .args(runner.get_args())
        .current_dir(sandbox.path())
        .env_clear()
        .envs(runner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = limited.output().expect("sh runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(filled(&sandbox), [HOOKS.to_string()]);
}
