//! The components that examples/logto makes of Logto's scripts.

use crate::{
    original::ENVIRONMENT,
    support::{Run, Sandbox, finish, guest, root},
};
use std::{
    path::Path,
    process::{Command, Stdio},
};

/// Packs the component of a release into `plugins/`.
pub fn pack(sandbox: &Sandbox, release: &str) {
    let (component, manifest) = (
        guest(&format!("logto-{release}")),
        guest(&format!("logto-{release}")).with_extension("json"),
    );
    let (component, manifest) = (component.display().to_string(), manifest.display().to_string());
    sandbox.ok(&["pack", &component, "--manifest", &manifest, "--out", "plugins", "--replace"]);
}

/// Makes a component of other scripts, as an author does, into `plugins/`.
pub fn build(sandbox: &Sandbox, scripts: &Path) -> Run {
    let mut command = Command::new("node");
    command.arg(root().join("examples/logto/build.mjs")).arg(scripts);
    command.args(["--out", "plugins", "--work", "build"]).current_dir(sandbox.path());
    command.env("RUNNER", sandbox.command(&[]).get_program()).stdin(Stdio::null());
    let run = finish(&mut command);
    assert_eq!(run.code, Some(0), "{run:#?}");
    run
}

/// The user makes roles, as the scripts do, and on this server could so make itself one that runs programs.
const TRUST: &str = "--trust=logto/core";

/// Runs a verb with the options that it needs beside `args`: where the runner's own tables are (scripts change
/// rights on all that is in `public`), and what scripts may use and are told.
pub fn runner(sandbox: &Sandbox, args: &[&str]) -> Run {
    let settings = ENVIRONMENT.map(|(name, value)| format!("--set=logto/core:{name}={value}"));
    let settings = settings.each_ref().map(String::as_str);
    let grant = "--grant=logto/core:entropy";
    let own: &[&str] = match args[0] {
        "deploy" => &[&["--yes", grant, TRUST], &settings[..]].concat(),
        "baseline" => &["--yes", grant],
        "rollback" => &[&["--yes", TRUST], &settings[..]].concat(),
        _ => &[],
    };
    sandbox.runner(&[args, &["--state-schema=alterations"], own].concat())
}

/// As [`runner`], and it must have succeeded.
pub fn ok(sandbox: &Sandbox, args: &[&str]) -> Run {
    let run = runner(sandbox, args);
    assert_eq!(run.code, Some(0), "runner {args:?} failed: {run:#?}");
    run
}
