//! A throw-away server of Oracle's MySQL: one that is shared, or one of a test's own to stop and restart.
//!
//! Brought by `tests/scripts/bring-server`. As installed: TLS is on, and so is the binary log.

use super::{
    Database, brought,
    client::{Client, PASSWORD, Role, USER},
    free_port, is_left_out,
    keeper::Keeper,
    shared_folder, write_port,
};
use std::{net::SocketAddr, path::Path, sync::OnceLock};

/// A running MySQL server on 127.0.0.1 and on a socket in its folder.
///
/// The user of its URLs has rights on the tests' databases only; `root` comes in without a password.
pub struct Mysql {
    program: String,
    client: Client,
    port: u16,
    /// `None` if another process keeps it.
    keeper: Option<Keeper>,
    settings: Vec<String>,
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
            Some((folder, port)) => Self {
                program: String::new(),
                client: Client::Mysql { socket: folder.join("socket") },
                port,
                keeper: None,
                settings: Vec::new(),
            },
            None => Self::own(),
        }))
    }

    /// Returns whether this run goes without, by `tests/run --without mysql`.
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
        let mut server = Self {
            program,
            client: Client::Mysql { socket: keeper.folder().join("socket") },
            port: 0,
            keeper: Some(keeper),
            settings: options.iter().map(|&option| option.to_owned()).collect(),
        };
        // Somebody else may take a free port before the server does.
        for _ in 0..5 {
            server.port = free_port();
            if server.start() {
                let user = format!("CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}';");
                server.client.sql(Role::Administrator, "mysql", &user);
                write_port(server.folder(), server.port);
                return server;
            }
        }
        panic!("MySQL does not start: {}", server.keeper().log());
    }

    /// A fresh empty database that the URL's user may do everything with.
    pub fn database(&self) -> Database {
        Database::new(&self.client, &self.server_url())
    }

    /// The URL without a database.
    pub fn server_url(&self) -> String {
        format!("mysql://{USER}:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the address that it listens on, for a proxy.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The server's folder. Only for one's own.
    pub fn folder(&self) -> &Path {
        self.keeper().folder()
    }

    /// The server's process, for tests that signal it themselves.
    pub fn pid(&self) -> Option<u32> {
        self.keeper().pid()
    }

    /// Kills the server: connections are cut, the next start has to recover.
    pub fn stop_immediate(&self) {
        self.keeper().stop("KILL");
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
        self.keeper().start(&command, || self.client.is_ready())
    }

    fn keeper(&self) -> &Keeper {
        self.keeper.as_ref().expect("a shared server is nobody's to stop: use Mysql::own")
    }
}
