//! A throw-away MariaDB server: one that is shared, or one of a test's own to stop and restart.

use super::{
    client::Role,
    instance::{Instance, start_on_free_port},
    keeper::Keeper,
    program, shared_folder,
};
use std::{ops::Deref, sync::OnceLock};

/// A running MariaDB server on 127.0.0.1 and on a socket in its folder.
///
/// Its binary log is on, unless it is a node of a cluster. The user of its URLs has rights on the tests' databases only; `root` comes in without a password.
pub struct Mariadb {
    instance: Instance,
    /// Whether it is ready only when it is in step with the other nodes.
    is_node: bool,
}

impl Deref for Mariadb {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.instance
    }
}

impl Mariadb {
    /// The server that tests share: of the whole run if `with-servers` is there, else of this
    /// process. It ends with whoever started it.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Mariadb> = OnceLock::new();
        SHARED.get_or_init(|| match shared_folder("mariadb") {
            Some((folder, port)) => {
                Self { instance: Instance::shared("mariadb", folder, port), is_node: false }
            }
            None => Self::own(),
        })
    }

    /// A server of the caller's own, ended when dropped. It writes through to the disk.
    pub fn own() -> Self {
        Self::with_options(&[])
    }

    /// As [`Mariadb::own`] with options of `mariadbd`, as `--sql-mode=`.
    pub fn with_options(options: &[&str]) -> Self {
        let mut server = Self::installed(options);
        let is_started = start_on_free_port(|port| {
            server.instance.port = port;
            server.start(&[])
        });
        assert!(is_started, "MariaDB does not start: {}", server.keeper().log());
        server.open();
        server
    }

    /// A data folder, and no server yet.
    pub(super) fn installed(options: &[&str]) -> Self {
        let keeper = Keeper::new("mariadb", "mysql", "KILL");
        keeper.run(&[
            &program("mariadb-install-db", "mariadb-server"),
            "--no-defaults",
            // A relative one is relative to another folder.
            &format!("--datadir={}", keeper.folder().join("data").display()),
            "--skip-test-db",
            "--auth-root-authentication-method=normal",
        ]);
        Self { instance: Instance::own("mariadb", keeper, options), is_node: false }
    }

    /// Starts the server again, on the same port; stops it first if it runs.
    pub fn restart(&self) {
        if self.pid().is_some() {
            self.stop_immediate();
        }
        assert!(self.start(&[]), "MariaDB does not start again: {}", self.keeper().log());
    }

    /// Makes it a node of a cluster, on this port.
    pub(super) fn join_cluster(&mut self, port: u16) {
        self.instance.port = port;
        self.is_node = true;
    }

    /// Starts the server with more options, for this start only. False if it ended at once.
    pub(super) fn start(&self, more: &[&str]) -> bool {
        let program = program("mariadbd", "mariadb-server");
        let folder = self.keeper().folder().display();
        let at = |name: &str| format!("{folder}/{name}");
        let fixed = [
            format!("--datadir={}", at("data")),
            format!("--socket={}", at("socket")),
            format!("--pid-file={}", at("pid")),
            format!("--tmpdir={folder}"),
            format!("--port={}", self.port),
            "--bind-address=127.0.0.1".to_owned(),
            "--skip-name-resolve".to_owned(),
            "--character-set-server=utf8mb4".to_owned(),
            "--max-connections=200".to_owned(),
            "--innodb-flush-log-at-trx-commit=1".to_owned(),
            "--innodb-buffer-pool-size=32M".to_owned(),
            "--innodb-log-file-size=96M".to_owned(),
            "--innodb-buffer-pool-dump-at-shutdown=0".to_owned(),
            "--innodb-buffer-pool-load-at-startup=0".to_owned(),
            "--key-buffer-size=1M".to_owned(),
            "--aria-pagecache-buffer-size=8M".to_owned(),
            "--table-open-cache=400".to_owned(),
        ];
        let binary_log = [
            format!("--log-bin={}", at("data/binary-log")),
            "--server-id=1".to_owned(),
            // Else only an administrator may make triggers and functions.
            "--log-bin-trust-function-creators=1".to_owned(),
        ];
        // The first option must be this one.
        let mut command = vec![program.as_str(), "--no-defaults"];
        if !self.is_node {
            command.extend(binary_log.iter().map(String::as_str));
        }
        command.extend(fixed.iter().map(String::as_str));
        command.extend(self.settings.iter().map(String::as_str));
        command.extend(more);
        self.keeper().start(&command, || self.is_ready())
    }

    fn is_ready(&self) -> bool {
        if !self.is_node {
            return self.client().is_ready();
        }
        let sql = "SELECT variable_value FROM information_schema.global_status
            WHERE variable_name = 'wsrep_local_state_comment';";
        let state = self.client().try_rows(Role::Administrator, "", sql);
        state.is_ok_and(|state| state == ["Synced"])
    }
}
