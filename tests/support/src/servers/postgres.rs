//! A throw-away PostgreSQL server: one that is shared, or one of a test's own to stop and restart.

use super::{
    Database, brought,
    client::{Client, PASSWORD, Role, USER},
    free_port,
    keeper::Keeper,
    shared_folder, write_port,
};
use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// A running PostgreSQL server on 127.0.0.1 and on a socket in its folder.
///
/// The user of its URLs is no superuser and has to give a password; the administrator `postgres`
/// comes in through the socket only.
pub struct Postgres {
    /// Where the server's own programs are.
    programs: PathBuf,
    client: Client,
    port: u16,
    /// `None` if another process keeps it.
    keeper: Option<Keeper>,
    settings: Vec<String>,
}

impl Postgres {
    /// Debian's server, which tests share: of the whole run if `with-servers` is there, else of this
    /// process. It ends with whoever started it.
    pub fn shared() -> &'static Self {
        Self::shared_of(newest())
    }

    /// As [`Postgres::shared`], of a major version.
    pub fn shared_of(major: u32) -> &'static Self {
        type Shared = BTreeMap<u32, Arc<OnceLock<&'static Postgres>>>;
        static SHARED: Mutex<Shared> = Mutex::new(BTreeMap::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let server = Arc::clone(shared.entry(major).or_default());
        drop(shared);
        // A static is not dropped either.
        server.get_or_init(|| Box::leak(Box::new(Self::shared_or_own(major))))
    }

    fn shared_or_own(major: u32) -> Self {
        match shared_folder(&format!("postgres {major}")) {
            Some((folder, port)) => Self {
                programs: programs(major),
                client: Client::Postgres { programs: programs(newest()), folder, port, major },
                port,
                keeper: None,
                settings: Vec::new(),
            },
            None => Self::of(major, &[]),
        }
    }

    /// A server of the caller's own, ended when dropped. It writes through to the disk.
    pub fn own() -> Self {
        Self::with_settings(&[])
    }

    /// As [`Postgres::own`] with settings of `postgresql.conf`, as `("fsync", "off")`.
    pub fn with_settings(settings: &[(&str, &str)]) -> Self {
        Self::of(newest(), settings)
    }

    /// As [`Postgres::with_settings`], of a major version.
    pub fn of(major: u32, settings: &[(&str, &str)]) -> Self {
        let programs = programs(major);
        let keeper = Keeper::new("postgres", "postgres", "QUIT");
        keeper.run(&[
            &programs.join("initdb").display().to_string(),
            "--pgdata=data",
            "--no-sync",
            "--username=postgres",
            "--locale=C.UTF-8",
            "--encoding=UTF8",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
        ]);
        let settings = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let folder = keeper.folder().to_owned();
        let clients = self::programs(newest());
        let client = Client::Postgres { programs: clients, folder, port: 0, major };
        let mut server = Self { programs, client, port: 0, keeper: Some(keeper), settings };
        // Somebody else may take a free port before the server does.
        for _ in 0..5 {
            server.set_port(free_port());
            if server.start() {
                server.client.sql(
                    Role::Administrator,
                    "postgres",
                    &format!("CREATE ROLE {USER} LOGIN CREATEDB PASSWORD '{PASSWORD}';"),
                );
                write_port(server.folder(), server.port);
                return server;
            }
        }
        panic!("PostgreSQL does not start: {}", server.keeper().log());
    }

    /// A fresh empty database that belongs to the URL's user.
    pub fn database(&self) -> Database {
        Database::new(&self.client, &self.server_url())
    }

    /// The URL without a database.
    pub fn server_url(&self) -> String {
        format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{}", self.port)
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

    /// Returns the folder of its socket.
    pub fn folder(&self) -> &Path {
        match &self.client {
            Client::Postgres { folder, .. } => folder,
            Client::Mysql { .. } => unreachable!("it was made above"),
        }
    }

    /// The postmaster, for tests that signal it themselves.
    pub fn pid(&self) -> Option<u32> {
        self.keeper().pid()
    }

    /// Ends the server as a crash would: connections are cut, the next start has to recover.
    pub fn stop_immediate(&self) {
        self.keeper().stop("QUIT");
    }

    /// Starts the server again, on the same port; stops it first if it runs.
    pub fn restart(&self) {
        if self.pid().is_some() {
            self.stop_immediate();
        }
        assert!(self.start(), "PostgreSQL does not start again: {}", self.keeper().log());
    }

    fn start(&self) -> bool {
        let program = self.programs.join("postgres").display().to_string();
        let port = format!("port={}", self.port);
        let socket = format!("unix_socket_directories={}", self.folder().display());
        let mut command = vec![program.as_str(), "-D", "data"];
        let fixed = [
            port.as_str(),
            socket.as_str(),
            "listen_addresses=127.0.0.1",
            "max_connections=200",
            "shared_buffers=64MB",
            "timezone=UTC",
            // Were this 0, the server itself would refuse what the runner has to refuse.
            "max_prepared_transactions=10",
        ];
        for setting in fixed.into_iter().chain(self.settings.iter().map(String::as_str)) {
            command.extend(["-c", setting]);
        }
        self.keeper().start(&command, || self.client.is_ready())
    }

    fn set_port(&mut self, new: u16) {
        self.port = new;
        if let Client::Postgres { port, .. } = &mut self.client {
            *port = new;
        }
    }

    fn keeper(&self) -> &Keeper {
        self.keeper.as_ref().expect("a shared server is nobody's to stop: use Postgres::own")
    }
}

/// The folder of a major version's programs: Debian's, or one that is brought, which has no clients.
pub(super) fn programs(major: u32) -> PathBuf {
    let debian = PathBuf::from(format!("/usr/lib/postgresql/{major}/bin"));
    if debian.join("postgres").exists() {
        return debian;
    }
    brought(&["postgres", &major.to_string()])
}

/// The newest version that Debian has installed.
pub(super) fn newest() -> u32 {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = versions.filter(|version| version.path().join("bin/postgres").exists());
    let number = |version: fs::DirEntry| version.file_name().to_str()?.parse().ok();
    let newest = installed.filter_map(number).max();
    newest.expect("PostgreSQL is missing: apt-get install postgresql, or tests/run")
}
