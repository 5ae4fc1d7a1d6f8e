//! A server whose disk is full: nothing is lost, and what was not done is done once there is room.
//!
//! Mounts a small file system, which needs root; where that cannot be done, the test fails.

use crate::{
    story::{Kind, end_state, run_at},
    support::{
        Sandbox,
        servers::{Mariadb, Postgres, Role},
    },
};
use std::{
    fs,
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
};

/// A mounted file system of a few MiB. Unmounted when dropped.
struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    /// On `path`, an existing folder, whose owner and rights it takes over.
    fn on(path: &Path) -> Self {
        let owner = fs::metadata(path).expect("a folder");
        let disk = Self { path: path.to_owned() };
        disk.mount("size=12m");
        chown(path, Some(owner.uid()), Some(owner.gid())).expect("root may do that");
        fs::set_permissions(path, owner.permissions()).expect("root may do that");
        disk
    }

    fn make_room(&self) {
        self.mount("remount,size=200m");
    }

    fn mount(&self, options: &str) {
        let mut command = Command::new("mount");
        let done = command.args(["-t", "tmpfs", "-o", options, "none"]).arg(&self.path).output();
        let done = done.expect("mount starts");
        let error = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "this test needs the right to mount: {error}");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The server may have files open there until it is ended; both happen at the end.
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

fn plugin(sandbox: &Sandbox, kind: Kind) {
    let rows = match kind {
        Kind::Postgres => {
            "INSERT INTO large SELECT i, repeat('x', 1000) FROM generate_series(1, 30000) i;"
        }
        Kind::Mariadb => "INSERT INTO large SELECT seq, repeat('x', 1000) FROM seq_1_to_30000;",
    };
    let large = format!("INSERT INTO counted VALUES (1); {rows}");
    sandbox.sql_plugin(
        "acme/large",
        &[
            (
                "1.0.0-1700000000-small",
                "CREATE TABLE counted (n INTEGER); CREATE TABLE large (id INTEGER PRIMARY KEY, x VARCHAR(2000));",
                "",
            ),
            ("1.1.0-1700000001-large", &large, ""),
            ("1.2.0-1700000002-more", "INSERT INTO counted VALUES (2);", ""),
        ],
    );
}

fn fills_up(kind: Kind, sandbox: &Sandbox, disk: &SmallDisk) {
    plugin(sandbox, kind);
    let url = sandbox.url();
    let run = run_at(sandbox, &url, &["deploy", "plugins"]);
    assert_eq!(run.code, Some(1), "{kind:?}: {run:#?}");
    let said = run.stderr.to_lowercase();
    assert!(
        ["no space left", "disk full", "disk is full", "is full"]
            .iter()
            .any(|it| said.contains(it)),
        "{kind:?}: {}",
        run.stderr
    );
    assert_eq!(sandbox.rows("SELECT count(*) FROM counted"), ["0"], "{kind:?}: {run:#?}");
    assert_eq!(sandbox.rows("SELECT count(*) FROM large"), ["0"], "{kind:?}: {run:#?}");
    // Full it stays, and nothing gets worse by trying again.
    let again = run_at(sandbox, &url, &["deploy", "plugins"]);
    assert_eq!(again.code, Some(1), "{kind:?}: {again:#?}");
    disk.make_room();
    sandbox.ok(&["deploy", "plugins"]);
    assert_eq!(sandbox.rows("SELECT n FROM counted ORDER BY n"), ["1", "2"], "{kind:?}");
    assert_eq!(sandbox.rows("SELECT count(*) FROM large"), ["30000"], "{kind:?}");
    assert!(end_state(sandbox).contains("more applied"), "{kind:?}");
}

#[test]
fn postgres() {
    let server = Postgres::own();
    let folder = server.folder().join("small");
    fs::create_dir(&folder).expect("a folder");
    let owner = fs::metadata(server.folder().join("data")).expect("the server's data");
    chown(&folder, Some(owner.uid()), Some(owner.gid())).expect("root may do that");
    let disk = SmallDisk::on(&folder);
    let sandbox = Sandbox::on(server.database());
    let admin = |sql: &str| server.client().sql(Role::Administrator, "postgres", sql);
    admin(&format!("CREATE TABLESPACE small LOCATION '{}';", folder.display()));
    // Its tables alone are there: a full write-ahead log stops the whole server.
    let name = sandbox.server().name();
    admin(&format!(
        "GRANT CREATE ON TABLESPACE small TO runner; ALTER DATABASE {name} SET default_tablespace = small;"
    ));
    fills_up(Kind::Postgres, &sandbox, &disk);
}

#[test]
fn mariadb() {
    let server = Mariadb::own();
    let sandbox = Sandbox::on(server.database());
    let folder = server.folder().join("data").join(sandbox.server().name());
    let disk = SmallDisk::on(&folder);
    fills_up(Kind::Mariadb, &sandbox, &disk);
}
