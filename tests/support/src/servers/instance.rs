//! A running server of MySQL's protocol: what tests do with MariaDB and with MySQL alike.
//!
//! How each is installed and started is in `mariadb.rs` and `mysql.rs`.

use super::{
    Database,
    client::{Client, PASSWORD, Role, USER},
    free_port,
    keeper::Keeper,
    write_port,
};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// A server on 127.0.0.1 and on a socket in its folder.
pub struct Instance {
    /// The scheme of its URLs.
    scheme: &'static str,
    client: Client,
    pub(super) port: u16,
    /// `None` if another process keeps it.
    keeper: Option<Keeper>,
    pub(super) settings: Vec<String>,
}

impl Instance {
    /// A server that another process started.
    pub(super) fn shared(scheme: &'static str, folder: PathBuf, port: u16) -> Self {
        let client = Client::Mysql { socket: folder.join("socket") };
        Self { scheme, client, port, keeper: None, settings: Vec::new() }
    }

    /// A server of the caller's own in the keeper's folder, not started yet.
    pub(super) fn own(scheme: &'static str, keeper: Keeper, options: &[&str]) -> Self {
        Self {
            scheme,
            client: Client::Mysql { socket: keeper.folder().join("socket") },
            port: 0,
            keeper: Some(keeper),
            settings: options.iter().map(|&option| option.to_owned()).collect(),
        }
    }

    /// Makes the user of its URLs, and writes the port for other processes: the server is ready.
    pub(super) fn open(&self) {
        self.make_user();
        write_port(self.folder(), self.port);
    }

    pub(super) fn make_user(&self) {
        let user = format!("CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}';");
        self.client.sql(Role::Administrator, "mysql", &user);
    }

    /// A fresh empty database that the URL's user may do everything with.
    pub fn database(&self) -> Database {
        Database::new(&self.client, &self.server_url())
    }

    /// The URL without a database.
    pub fn server_url(&self) -> String {
        format!("{}://{USER}:{PASSWORD}@127.0.0.1:{}", self.scheme, self.port)
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

    pub(super) fn keeper(&self) -> &Keeper {
        self.keeper.as_ref().expect("a shared server is not to be stopped: start one of your own")
    }
}

/// Starts a server on a free port. False if it did not start.
///
/// Another process may take a free port before the server does, so that several are tried.
pub(super) fn start_on_free_port(mut start: impl FnMut(u16) -> bool) -> bool {
    (0..5).any(|_| start(free_port()))
}
