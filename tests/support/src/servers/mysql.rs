//! A throw-away server of Oracle's MySQL: one that is shared, or one of a test's own to stop and restart.
//!
//! Brought by `tests/scripts/bring-server`. As installed: TLS is on, and so is the binary log.

use super::{
    brought,
    instance::{Instance, start_on_free_port},
    is_left_out,
    keeper::Keeper,
    shared_folder,
};
use std::{ops::Deref, sync::OnceLock};

/// A running MySQL server on 127.0.0.1 and on a socket in its folder.
///
/// The user of its URLs has rights on the tests' databases only; `root` comes in without a password.
pub struct Mysql {
    program: String,
    instance: Instance,
}

impl Deref for Mysql {
    type Target = Instance;

    fn deref(&self) -> &Instance {
        &self.instance
    }
}

impl Mysql {
    /// The server that tests share: of the whole run if `with-servers` is there, else of this
    /// process. It ends with whoever started it. None in a run that was told to go without, by
    /// `tests/run --without mysql`; where MySQL is merely missing, this panics.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Mysql> = OnceLock::new();
        if Self::is_left_out() {
            return None;
        }
        Some(SHARED.get_or_init(|| match shared_folder("mysql") {
            Some((folder, port)) => {
                Self { program: String::new(), instance: Instance::shared("mysql", folder, port) }
            }
            None => Self::own(),
        }))
    }

    /// Whether this run goes without, by `tests/run --without mysql`.
    pub fn is_left_out() -> bool {
        is_left_out("mysql")
    }

    /// A server of the caller's own, ended when dropped. It writes through to the disk.
    pub fn own() -> Self {
        Self::with_options(&[])
    }

    /// As [`Mysql::own`] with options of `mysqld`, as `--sql-mode=`.
    pub fn with_options(options: &[&str]) -> Self {
        let program = brought(&["mysql"]).display().to_string();
        let keeper = Keeper::new("mysql", "mysql", "KILL");
        let data = format!("--datadir={}", keeper.folder().join("data").display());
        keeper.run(&[&program, &data, "--initialize-insecure"]);
        let mut server = Self { program, instance: Instance::own("mysql", keeper, options) };
        let is_started = start_on_free_port(|port| {
            server.instance.port = port;
            server.start()
        });
        assert!(is_started, "MySQL does not start: {}", server.keeper().log());
        server.open();
        server
    }

    /// Starts the server again, on the same port; stops it first if it runs.
    pub fn restart(&self) {
        if self.pid().is_some() {
            self.stop_immediate();
        }
        assert!(self.start(), "MySQL does not start again: {}", self.keeper().log());
    }

    /// False if the server ended at once.
    fn start(&self) -> bool {
        let folder = self.folder().display();
        let fixed = [
            format!("--datadir={folder}/data"),
            format!("--socket={folder}/socket"),
            format!("--pid-file={folder}/pid"),
            format!("--tmpdir={folder}"),
            format!("--port={}", self.port),
            "--bind-address=127.0.0.1".to_owned(),
            // Another port, and another socket that would be everybody's.
            "--mysqlx=OFF".to_owned(),
            "--secure-file-priv=".to_owned(),
            "--skip-name-resolve".to_owned(),
            "--max-connections=200".to_owned(),
            "--innodb-buffer-pool-size=32M".to_owned(),
            // Else only an administrator may make triggers and functions.
            "--log-bin-trust-function-creators=1".to_owned(),
        ];
        let mut command = vec![self.program.as_str()];
        command.extend(fixed.iter().map(String::as_str));
        command.extend(self.settings.iter().map(String::as_str));
        self.keeper().start(&command, || self.client().is_ready())
    }
}
