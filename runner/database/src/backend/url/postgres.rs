//! URLs of PostgreSQL: what each parameter means, as libpq has it, and what the runner adds.
//!
//! Holds what was given and nothing else. Where a URL is silent, `surrounded` fills in what libpq takes from
//! the environment.

use super::{
    environment::Environment,
    error::ParseUrlError,
    known, pgpass,
    postgres_table::{HINT, Meaning, TABLE, VARIABLES},
    startup,
    text::{self, Parts},
};
use std::{net::IpAddr, path::PathBuf, time::Duration};

/// What a URL of PostgreSQL says.
#[derive(Clone, PartialEq, Eq, Default)]
pub(in crate::backend) struct PostgresUrl {
    pub(in crate::backend) user: Option<String>,
    pub(in crate::backend) password: Option<String>,
    /// A name, an address, or the folder of a socket.
    pub(in crate::backend) host: Option<String>,
    /// Where to connect to, if that is to be another address than `host` has.
    pub(in crate::backend) address: Option<String>,
    pub(in crate::backend) port: Option<u16>,
    pub(in crate::backend) database: Option<String>,
    pub(in crate::backend) tls: Option<PostgresTls>,
    pub(in crate::backend) root: Option<Root>,
    pub(in crate::backend) certificate: Option<String>,
    pub(in crate::backend) key: Option<String>,
    /// Settings of the session, the later ones last.
    pub(in crate::backend) settings: Vec<(String, String)>,
    /// What the operator calls the connection, beside what the runner does.
    pub(in crate::backend) application: Option<String>,
    pub(in crate::backend) connect_time: Option<Duration>,
    pub(in crate::backend) role: Option<ServerRole>,
    pub(in crate::backend) password_file: Option<PathBuf>,
}

/// As `sslmode` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::backend) enum PostgresTls {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Whose certificates are trusted.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::backend) enum Root {
    /// The authorities of the operating system.
    System,
    File(String),
}

/// Which kind of server `target_session_attrs` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::backend) enum ServerRole {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
}

const SOCKET_FOLDERS: [&str; 2] = ["/var/run/postgresql", "/tmp"];
const DEFAULT_PORT: u16 = 5432;

impl PostgresUrl {
    /// The same for another role: without a name and a password, and without settings that say who the session works as.
    pub(in crate::backend) fn for_another_role(&self) -> Self {
        let is_identity = |name: &str| {
            ["role", "session_authorization"].iter().any(|own| name.eq_ignore_ascii_case(own))
        };
        let settings = self.settings.iter().filter(|(name, _)| !is_identity(name)).cloned();
        Self { user: None, password: None, settings: settings.collect(), ..self.clone() }
    }

    pub(super) fn parse(parts: Parts) -> Result<Self, ParseUrlError> {
        let mut url = Self {
            user: parts.user,
            password: parts.password,
            host: parts.host,
            port: parts.port,
            database: parts.database,
            ..Self::default()
        };
        for (name, value) in &parts.parameters {
            if let Some(setting) =
                name.strip_prefix("options[").and_then(|rest| rest.strip_suffix(']'))
            {
                url.add_setting(name, setting, value.as_deref().unwrap_or_default())?;
                continue;
            }
            let usable = |meaning: &Meaning| !matches!(meaning, Meaning::Refused(_));
            let (_, meaning) = known::find(TABLE, name, usable, HINT)?;
            url.set(*meaning, name, value.as_deref().unwrap_or_default())?;
        }
        url.check()?;
        Ok(url)
    }

    /// The later of two values counts, as for libpq; but there is one search path.
    fn set(&mut self, meaning: Meaning, name: &str, value: &str) -> Result<(), ParseUrlError> {
        let given = || Some(value.to_owned()).filter(|value| !value.is_empty());
        match meaning {
            Meaning::Host => {
                self.host = given().map(|value| text::host(&value)).transpose()?;
                if value.starts_with('@') {
                    let reason = "the runner does not use abstract sockets";
                    return Err(ParseUrlError::Unsupported { name: name.to_owned(), reason });
                }
            }
            Meaning::Address => {
                let address = text::host(value)?;
                if address.parse::<IpAddr>().is_err() {
                    return Err(wrong(name, "an IP address"));
                }
                self.address = Some(address);
            }
            Meaning::Port if value.contains(',') => return Err(ParseUrlError::SeveralHosts),
            Meaning::Port => {
                let port = text::port(value);
                self.port = port.map_err(|_| wrong(name, "a number from 1 to 65535"))?;
            }
            Meaning::Database => self.database = given(),
            Meaning::User => self.user = given(),
            Meaning::Password => self.password = given(),
            Meaning::PasswordFile => self.password_file = given().map(PathBuf::from),
            Meaning::Tls => self.tls = Some(tls(name, value)?),
            Meaning::Root => {
                self.root = given().map(|value| match value.as_str() {
                    "system" => Root::System,
                    _ => Root::File(value),
                });
            }
            Meaning::Certificate => self.certificate = given(),
            Meaning::Key => self.key = given(),
            Meaning::Options => {
                let settings = startup::settings(value)
                    .ok_or_else(|| wrong(name, "settings, as in -cNAME=VALUE or --NAME=VALUE"))?;
                for (setting, value) in settings {
                    self.add_setting(name, &setting, &value)?;
                }
            }
            Meaning::SearchPath => self.add_setting(name, "search_path", value)?,
            Meaning::Schema => {
                let quoted = format!("\"{}\"", value.replace('"', "\"\""));
                let quoted = if value.is_empty() { "" } else { &quoted };
                self.add_setting(name, "search_path", quoted)?;
            }
            Meaning::Application => self.application = given(),
            Meaning::ConnectTime => {
                let seconds = value.trim().parse::<i64>().map_err(|_| wrong(name, "seconds"))?;
                self.connect_time = u64::try_from(seconds).ok().map(Duration::from_secs);
            }
            Meaning::Role => self.role = Some(role(name, value)?),
            Meaning::Only(allowed) => {
                let allows = |word: &str| !word.is_empty() && word.eq_ignore_ascii_case(value);
                let is_encoding = name == "client_encoding" && allows("UTF-8");
                if !is_encoding
                    && !allowed.split([' ', ',']).filter(|word| *word != "or").any(allows)
                {
                    return Err(wrong(name, allowed));
                }
            }
            Meaning::Refused(reason) => {
                return Err(ParseUrlError::Unsupported { name: name.to_owned(), reason });
            }
        }
        Ok(())
    }

    fn add_setting(&mut self, by: &str, name: &str, value: &str) -> Result<(), ParseUrlError> {
        let is_name = |c: char| c.is_alphanumeric() || "_.-".contains(c);
        if name.is_empty()
            || !name.chars().all(is_name)
            || value.contains(['\t', '\n', '\r', '\x0b', '\x0c'])
        {
            return Err(wrong(by, "settings, as in -cNAME=VALUE or --NAME=VALUE"));
        }
        if startup::is_search_path(name) {
            if value.is_empty() {
                return Err(wrong(by, "the name of a schema"));
            }
            if self.names_search_path() {
                return Err(ParseUrlError::Repeated { name: "search_path".to_owned() });
            }
        }
        self.settings.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    pub(super) fn names_search_path(&self) -> bool {
        self.settings.iter().any(|(name, _)| startup::is_search_path(name))
    }

    /// What fits together only in some ways.
    fn check(&self) -> Result<(), ParseUrlError> {
        let unsupported =
            |name: &str, reason| Err(ParseUrlError::Unsupported { name: name.to_owned(), reason });
        let is_full = self.tls == Some(PostgresTls::VerifyFull);
        if self.root == Some(Root::System) && self.tls.is_some() && !is_full {
            return Err(wrong("sslmode", "verify-full where sslrootcert=system"));
        }
        if self.certificate.is_some() != self.key.is_some() {
            return unsupported(
                if self.key.is_some() { "sslkey" } else { "sslcert" },
                "sslcert and sslkey belong together",
            );
        }
        // The driver verifies the name that it connects to.
        if self.address.is_some()
            && self.host.is_some()
            && (is_full || self.root == Some(Root::System))
        {
            return unsupported(
                "hostaddr",
                "the runner verifies the certificate of what it connects to; give the host alone",
            );
        }
        Ok(())
    }

    /// The URL with what libpq takes from the environment and from files. Errors name the variable.
    pub(super) fn surrounded(&self, environment: &Environment) -> Result<Self, ParseUrlError> {
        let mut url = Self::default();
        let is_placed = self.host.is_some() || self.address.is_some();
        for (variable, meaning) in VARIABLES {
            let is_place = matches!(meaning, Meaning::Host | Meaning::Address);
            let is_login = matches!(meaning, Meaning::Certificate | Meaning::Key);
            let is_given = (is_place && is_placed) || (is_login && self.certificate.is_some());
            if let Some(value) = environment.get(variable).filter(|_| !is_given) {
                let (wanted, name) = (self.lacks(*meaning), *variable);
                if wanted {
                    url.set(*meaning, name, &value)?;
                }
            }
        }
        let given = self.clone();
        let url = Self {
            user: given.user.or(url.user).or_else(|| environment.user.clone()),
            password: given.password.or(url.password),
            host: given.host.or(url.host),
            address: given.address.or(url.address),
            port: Some(given.port.or(url.port).unwrap_or(DEFAULT_PORT)),
            database: given.database,
            tls: given.tls.or(url.tls),
            root: given.root.or(url.root),
            certificate: given.certificate.or(url.certificate),
            key: given.key.or(url.key),
            settings: given.settings,
            application: given.application.or(url.application),
            connect_time: given.connect_time.or(url.connect_time),
            role: given.role.or(url.role),
            password_file: given.password_file.or(url.password_file),
        };
        url.check()?;
        Ok(url.with_files(environment))
    }

    /// Whether the URL is silent about it.
    fn lacks(&self, meaning: Meaning) -> bool {
        match meaning {
            Meaning::Port => self.port.is_none(),
            Meaning::User => self.user.is_none(),
            Meaning::Password => self.password.is_none(),
            Meaning::PasswordFile => self.password_file.is_none(),
            Meaning::Tls => self.tls.is_none(),
            Meaning::Root => self.root.is_none(),
            Meaning::Application => self.application.is_none(),
            Meaning::ConnectTime => self.connect_time.is_none(),
            Meaning::Role => self.role.is_none(),
            _ => true,
        }
    }

    fn with_files(mut self, environment: &Environment) -> Self {
        if self.host.is_none() && self.address.is_none() {
            let socket = format!(".s.PGSQL.{}", self.port.unwrap_or(DEFAULT_PORT));
            let folder = SOCKET_FOLDERS
                .iter()
                .find(|folder| std::path::Path::new(folder).join(&socket).exists());
            self.host = Some(folder.map_or("localhost", |folder| *folder).to_owned());
        }
        let at_home =
            |name: &str| environment.file_at_home(name).map(|path| path.display().to_string());
        if self.root.is_none() {
            self.root = at_home(".postgresql/root.crt").map(Root::File);
        }
        if self.certificate.is_none()
            && let (Some(certificate), Some(key)) =
                (at_home(".postgresql/postgresql.crt"), at_home(".postgresql/postgresql.key"))
        {
            (self.certificate, self.key) = (Some(certificate), Some(key));
        }
        if self.password.is_none() {
            let file = self.password_file.clone().or_else(|| environment.file_at_home(".pgpass"));
            let host = self.host.as_deref().or(self.address.as_deref()).unwrap_or_default();
            let host = if SOCKET_FOLDERS.contains(&host) { "localhost" } else { host };
            let port = self.port.unwrap_or(DEFAULT_PORT).to_string();
            let database = self.database.as_deref().unwrap_or_default();
            let wanted = [host, &port, database, self.user.as_deref().unwrap_or_default()];
            self.password = file.and_then(|file| pgpass::password(&file, wanted));
        }
        self
    }

    /// The folder of the socket to connect through.
    pub(in crate::backend) fn socket(&self) -> Option<&str> {
        self.host.as_deref().filter(|host| host.starts_with('/') && self.address.is_none())
    }
}

fn wrong(name: &str, allowed: &'static str) -> ParseUrlError {
    ParseUrlError::Value { name: name.to_owned(), allowed }
}

fn tls(name: &str, value: &str) -> Result<PostgresTls, ParseUrlError> {
    match value {
        "disable" => Ok(PostgresTls::Disable),
        "allow" => Ok(PostgresTls::Allow),
        "prefer" => Ok(PostgresTls::Prefer),
        "require" => Ok(PostgresTls::Require),
        "verify-ca" => Ok(PostgresTls::VerifyCa),
        "verify-full" => Ok(PostgresTls::VerifyFull),
        _ => Err(wrong(name, "disable, allow, prefer, require, verify-ca or verify-full")),
    }
}

fn role(name: &str, value: &str) -> Result<ServerRole, ParseUrlError> {
    match value {
        // There is one server to prefer.
        "any" | "prefer-standby" => Ok(ServerRole::Any),
        "read-write" => Ok(ServerRole::ReadWrite),
        "read-only" => Ok(ServerRole::ReadOnly),
        "primary" => Ok(ServerRole::Primary),
        "standby" => Ok(ServerRole::Standby),
        _ => Err(wrong(name, "any, read-write, read-only, primary, standby or prefer-standby")),
    }
}
