//! Runs the tools of a language: what they say goes to standard error, and a line tells that they still work.

use super::ProjectError;
use std::{
    io,
    os::fd::AsFd as _,
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// How often a line tells that a tool is still at work.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Runs `command` to its end. It reads nothing; standard output is the runner's own.
pub(super) fn run(
    command: &mut Command,
    what: &str,
    progress: &dyn Fn(&str),
) -> Result<(), ProjectError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let started = Instant::now();
    let output = io::stderr().as_fd().try_clone_to_owned();
    let output = output.map_err(|error| unstarted(&program, &error))?;
    let child = command.stdin(Stdio::null()).stdout(output).spawn();
    let mut child = child.map_err(|error| unstarted(&program, &error))?;
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait()));
    let status = loop {
        match ended.recv_timeout(LINE_EVERY) {
            Ok(status) => break status.map_err(|error| unstarted(&program, &error))?,
            Err(RecvTimeoutError::Timeout) => {
                progress(&format!("{what}: {} s", started.elapsed().as_secs()));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(ProjectError::Program { what: what.to_owned(), code: None });
            }
        }
    };
    match status.success() {
        true => Ok(()),
        false => Err(ProjectError::Program { what: what.to_owned(), code: status.code() }),
    }
}

/// Runs `command` and returns what it wrote to standard output; `None` where it cannot be run, or fails.
pub(super) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = output.status.success().then_some(output.stdout)?;
    String::from_utf8(text).ok()
}

fn unstarted(program: &str, error: &io::Error) -> ProjectError {
    let what = match error.kind() {
        io::ErrorKind::NotFound => format!("{program} was not found"),
        _ => format!("{program} cannot be started: {error}"),
    };
    ProjectError::MissingTool { what, install: format!("install {program}, and put it on PATH") }
}
