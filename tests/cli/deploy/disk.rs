//! A disk that is full. A small library stands between the runner and the system and answers
//! "no space left" to every write beyond a file's size, so that any user on any machine can run this.

use crate::{
    polite,
    samples::shop,
    support::{Run, Sandbox, finish},
    transcript::{Transcript, assert_explained},
};
use insta::assert_snapshot;
use std::{fs, path::PathBuf, process::Command, sync::OnceLock};

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

/* Only files below the sandbox grow beyond what is left; pipes and terminals have no size. */
static int full(int fd, off_t end) {
    const char *limit = getenv("DISK_BYTES");
    struct stat found;
    return limit && fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && end > atoll(limit);
}

#define PWRITE(name)                                                                  \
    ssize_t name(int fd, const void *bytes, size_t length, off_t at) {                \
        static ssize_t (*real)(int, const void *, size_t, off_t);                     \
        if (full(fd, at + (off_t)length)) { errno = ENOSPC; return -1; }              \
        if (!real) real = dlsym(RTLD_NEXT, #name);                                    \
        return real(fd, bytes, length, at);                                           \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t write(int fd, const void *bytes, size_t length) {
    static ssize_t (*real)(int, const void *, size_t);
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at >= 0 && full(fd, at + (off_t)length)) { errno = ENOSPC; return -1; }
    if (!real) real = dlsym(RTLD_NEXT, "write");
    return real(fd, bytes, length);
}
"#;

fn library() -> &'static PathBuf {
    static LIBRARY: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = LIBRARY.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let (source, library) = (folder.path().join("full.c"), folder.path().join("full.so"));
        fs::write(&source, SOURCE).expect("a file");
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).arg("-ldl");
        let compiled = finish(&mut compile);
        assert_eq!(compiled.code, Some(0), "{compiled:#?}");
        (folder, library)
    });
    path
}

fn with_room_for(sandbox: &Sandbox, bytes: usize, args: &[&str]) -> Run {
    let mut command = sandbox.command(args);
    command.env("LD_PRELOAD", library()).env("DISK_BYTES", bytes.to_string());
    let run = finish(&mut command);
    polite::check(&run);
    run
}

/// A shop whose fourth alteration writes some 2 MB.
fn filling() -> Sandbox {
    let sandbox = shop();
    sandbox.sql_plugin(
        "globex/crm",
        &[(
            "1.0.0-1700000300-fill",
            "CREATE TABLE fill (bytes BLOB);\nWITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO fill SELECT zeroblob(4000) FROM n;\n",
            "DROP TABLE fill;",
        )],
    );
    sandbox
}

#[test]
fn while_a_hook_writes() {
    let sandbox = filling();
    sandbox.ok(&["deploy", "plugins/acme"]);
    let before = sandbox.dump();
    let mut seen = Transcript::of(&sandbox);
    let args = ["deploy", "plugins"];
    let run = with_room_for(&sandbox, 1 << 20, &args);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert_explained(&run);
    assert!(run.stderr.contains("disk is full"), "{run:#?}");
    seen.add("runner deploy plugins", &run);
    assert_eq!(sandbox.dump(), before);
    assert!(!sandbox.path().join("app.db.runner-lock").exists(), "the lock is left");
    seen.note("There is room again.");
    assert_eq!(seen.run(&args).code, Some(0));
    assert_snapshot!(seen);
}

/// More than SQLite keeps in memory, so that a statement of the hook finds the disk full, and no flag helps.
#[test]
fn while_a_statement_writes() {
    let sandbox = shop();
    sandbox.ok(&["deploy", "plugins"]);
    let fill = "CREATE TABLE fill (bytes BLOB);\nWITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) INSERT INTO fill SELECT zeroblob(4000) FROM n;\n";
    sandbox.sql_plugin("globex/crm", &[("1.0.0-1700000300-fill", fill, "DROP TABLE fill;")]);
    let before = sandbox.dump();
    let run = with_room_for(&sandbox, 1 << 20, &["deploy", "plugins"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stderr.contains("statement 2 failed: database or disk is full"), "{run:#?}");
    assert!(run.stderr.contains("next: free disk space, then run this again"), "{run:#?}");
    assert!(!run.stderr.contains("--max-"), "{run:#?}");
    assert_eq!(sandbox.dump(), before);
}

/// Whatever the write at which the disk is full: nothing is altered, or an alteration is complete,
/// and with room the same end is reached.
#[test]
fn at_every_size() {
    let whole = shop();
    whole.ok(&["deploy", "plugins"]);
    let (dump, state) = (whole.dump(), whole.state());
    let size = fs::metadata(whole.database()).expect("a database").len() as usize;
    let mut failed = 0;
    for bytes in (0..size).step_by(4_096) {
        let sandbox = shop();
        let run = with_room_for(&sandbox, bytes, &["deploy", "plugins", "--no-cache"]);
        if run.code != Some(0) {
            failed += 1;
            assert_eq!(run.code, Some(1), "{bytes}: {run:#?}");
            assert!(run.stderr.contains("disk is full"), "{bytes}: {run:#?}");
            assert!(run.stderr.contains("next: free disk space"), "{bytes}: {run:#?}");
        }
        sandbox.ok(&["deploy", "plugins"]);
        assert_eq!((sandbox.dump(), sandbox.state()), (dump.clone(), state.clone()), "{bytes}");
    }
    assert!(failed > 3, "only {failed} deploys met the full disk");
}
