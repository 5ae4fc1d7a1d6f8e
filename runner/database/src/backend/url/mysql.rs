//! URLs of MySQL and MariaDB: what each parameter means. Clients spell the same thing differently; a spelling whose
//! meaning is certain is taken, any other is refused with the right one.

use super::{
    environment::Environment,
    error::ParseUrlError,
    known::{self, Known, NOT_THIS_RUNNER, POOL},
    text::Parts,
};
use std::time::Duration;

/// What a URL of MySQL or MariaDB says.
#[derive(Clone, PartialEq, Eq, Default)]
pub(in crate::backend) struct MysqlUrl {
    pub(in crate::backend) user: Option<String>,
    pub(in crate::backend) password: Option<String>,
    /// A name or an address.
    pub(in crate::backend) host: Option<String>,
    pub(in crate::backend) port: Option<u16>,
    /// The path of a socket, which is preferred to a host.
    pub(in crate::backend) socket: Option<String>,
    pub(in crate::backend) database: Option<String>,
    pub(in crate::backend) tls: Option<MysqlTls>,
    pub(in crate::backend) authority: Option<String>,
    pub(in crate::backend) certificate: Option<String>,
    pub(in crate::backend) key: Option<String>,
    pub(in crate::backend) connect_time: Option<Duration>,
}

/// As `ssl-mode` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::backend) enum MysqlTls {
    Disabled,
    Preferred,
    Required,
    VerifyCa,
    VerifyIdentity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    User,
    Password,
    Socket,
    Tls,
    /// Go's `tls`, which has other values.
    GoTls,
    Authority,
    Certificate,
    Key,
    ConnectTime,
    /// Only these values ask for what the runner does anyway.
    Only(&'static str),
    Refused(&'static str),
}

use Meaning::{Only, Refused};

const MODE: &str = "it leaves open what is verified; use ssl-mode, as in ssl-mode=VERIFY_IDENTITY";
const SESSION: &str =
    "hooks run with the server's own setting; set it on the server, or leave it out";
const SCHEMA: &str =
    "on MySQL and MariaDB a schema is a database; name it in the path, as in mysql://host/DATABASE";
const DRIVER: &str = "it is another driver's, and the runner has no need of it; leave it out";

const TABLE: &[Known<Meaning>] = &[
    (&["ssl-mode", "ssl_mode", "sslmode", "sslMode"], Meaning::Tls),
    (&["tls"], Meaning::GoTls),
    (&["ssl-ca", "ssl_ca", "sslca", "sslCa"], Meaning::Authority),
    (&["ssl-cert", "ssl_cert", "sslcert", "sslCert"], Meaning::Certificate),
    (&["ssl-key", "ssl_key", "sslkey", "sslKey"], Meaning::Key),
    (&["socket", "unix_socket", "unix-socket", "unixSocket", "localSocket"], Meaning::Socket),
    (&["user"], Meaning::User),
    (&["password"], Meaning::Password),
    (&["connect_timeout", "connect-timeout"], Meaning::ConnectTime),
    (&["charset", "characterEncoding"], Only("utf8mb4")),
    (&["get-server-public-key", "get_server_public_key", "allowPublicKeyRetrieval"], Only("true")),
    (
        &[
            "useSSL",
            "requireSSL",
            "verifyServerCertificate",
            "ssl",
            "useSsl",
            "ssl-verify-server-cert",
            "ssl_verify_server_cert",
            "ssl_verify_cert",
            "ssl_verify_identity",
            "ssl_disabled",
            "trustServerCertificate",
            "disableSslHostnameVerification",
        ],
        Refused(MODE),
    ),
    (
        &[
            "sslaccept",
            "sslidentity",
            "serverSslCert",
            "trustCertificateKeyStoreUrl",
            "clientCertificateKeyStoreUrl",
        ],
        Refused("it is another driver's; use ssl-mode, ssl-ca, ssl-cert and ssl-key"),
    ),
    (
        &[
            "ssl-capath",
            "ssl-crl",
            "ssl-crlpath",
            "ssl-cipher",
            "tls-version",
            "tls-versions",
            "tls-ciphersuites",
            "tls_version",
            "enabledTLSProtocols",
            "tlsVersions",
            "server-public-key-path",
            "serverRSAPublicKeyFile",
            "auth-plugin",
            "auth_plugin",
            "default-auth",
            "defaultAuthenticationPlugin",
            "compress",
            "compression",
            "useCompression",
            "compression-algorithms",
            "enable-cleartext-plugin",
            "allowCleartextPasswords",
        ],
        Refused(NOT_THIS_RUNNER),
    ),
    (
        &[
            "collation",
            "connectionCollation",
            "time_zone",
            "timezone",
            "time-zone",
            "serverTimezone",
            "connectionTimeZone",
            "loc",
            "sql_mode",
            "sessionVariables",
            "init-command",
            "init_command",
            "max_allowed_packet",
            "maxAllowedPacket",
        ],
        Refused(SESSION),
    ),
    (
        &[
            "parseTime",
            "multiStatements",
            "allowMultiQueries",
            "allowNativePasswords",
            "interpolateParams",
            "clientFoundRows",
            "useUnicode",
            "autoReconnect",
            "zeroDateTimeBehavior",
            "rejectReadOnly",
        ],
        Refused(DRIVER),
    ),
    (
        &[
            "timeout",
            "connectTimeout",
            "readTimeout",
            "writeTimeout",
            "socketTimeout",
            "socket_timeout",
        ],
        Refused("clients do not agree on its unit; use connect_timeout, in seconds"),
    ),
    (&["schema", "search_path", "currentSchema"], Refused(SCHEMA)),
    (
        &[
            "connection_limit",
            "pool_timeout",
            "connectionLimit",
            "pool",
            "statement_cache_size",
            "statement-cache-capacity",
        ],
        Refused(POOL),
    ),
];

const HINT: &str = "settings of the session belong to the server, or to the account";

impl MysqlUrl {
    /// A parameter that is given twice is refused: clients do not agree on which one counts.
    pub(super) fn parse(parts: Parts) -> Result<Self, ParseUrlError> {
        let is_socket = parts.host.as_ref().is_some_and(|host| host.starts_with('/'));
        let (socket, host) = if is_socket { (parts.host, None) } else { (None, parts.host) };
        let (user, password, port) = (parts.user, parts.password, parts.port);
        let mut url = Self {
            user,
            password,
            host,
            port,
            socket,
            database: parts.database,
            ..Self::default()
        };
        let mut seen = Vec::new();
        for (name, value) in &parts.parameters {
            let usable = |meaning: &Meaning| !matches!(meaning, Refused(_));
            let (names, meaning) = known::find(TABLE, name, usable, HINT)?;
            if seen.contains(&names[0]) {
                return Err(ParseUrlError::Repeated { name: name.clone() });
            }
            seen.push(names[0]);
            url.set(*meaning, name, value.as_deref().unwrap_or_default())?;
        }
        if seen.contains(&"tls") && seen.contains(&"ssl-mode") {
            return Err(ParseUrlError::Repeated { name: "ssl-mode".to_owned() });
        }
        url.check()?;
        Ok(url)
    }

    fn set(&mut self, meaning: Meaning, name: &str, value: &str) -> Result<(), ParseUrlError> {
        let given = || Some(value.to_owned()).filter(|value| !value.is_empty());
        match meaning {
            Meaning::User => self.user = given(),
            Meaning::Password => self.password = given(),
            Meaning::Socket if value.starts_with('/') => self.socket = given(),
            Meaning::Socket => {
                return Err(wrong(name, "the path of a socket, as in /run/mysqld/mysqld.sock"));
            }
            Meaning::Tls => self.tls = Some(tls(name, value)?),
            Meaning::GoTls => self.tls = Some(go_tls(name, value)?),
            Meaning::Authority => self.authority = given(),
            Meaning::Certificate => self.certificate = given(),
            Meaning::Key => self.key = given(),
            Meaning::ConnectTime => {
                let seconds = value.parse::<u64>().map_err(|_| wrong(name, "seconds"))?;
                self.connect_time =
                    Some(Duration::from_secs(seconds)).filter(|time| !time.is_zero());
            }
            Only(allowed) => {
                let is_utf8 =
                    allowed == "utf8mb4" && ["utf8", "utf-8"].contains(&&*value.to_lowercase());
                let is_true = allowed == "true" && value == "1";
                if !is_utf8 && !is_true && !value.eq_ignore_ascii_case(allowed) {
                    return Err(wrong(name, allowed));
                }
            }
            Refused(reason) => {
                return Err(ParseUrlError::Unsupported { name: name.to_owned(), reason });
            }
        }
        Ok(())
    }

    /// What fits together only in some ways.
    fn check(&self) -> Result<(), ParseUrlError> {
        if self.certificate.is_some() != self.key.is_some() {
            let name = if self.key.is_some() { "ssl-key" } else { "ssl-cert" };
            let reason = "ssl-cert and ssl-key belong together";
            return Err(ParseUrlError::Unsupported { name: name.to_owned(), reason });
        }
        // Whoever names an authority wants it to be asked.
        let verifies = matches!(self.tls(), MysqlTls::VerifyCa | MysqlTls::VerifyIdentity);
        if self.authority.is_some() && !verifies {
            return Err(wrong("ssl-mode", "VERIFY_CA or VERIFY_IDENTITY where ssl-ca is given"));
        }
        Ok(())
    }

    /// As the servers' own clients do, an authority that is named is asked.
    pub(in crate::backend) fn tls(&self) -> MysqlTls {
        let by_default = match self.authority {
            Some(_) => MysqlTls::VerifyCa,
            None => MysqlTls::Preferred,
        };
        self.tls.unwrap_or(by_default)
    }

    /// The URL with what the servers' own clients take from the environment.
    pub(super) fn surrounded(&self, environment: &Environment) -> Self {
        let mut url = self.clone();
        url.user = url.user.or_else(|| environment.user.clone());
        url.password = url.password.or_else(|| environment.get("MYSQL_PWD"));
        url
    }
}

fn wrong(name: &str, allowed: &'static str) -> ParseUrlError {
    ParseUrlError::Value { name: name.to_owned(), allowed }
}

fn tls(name: &str, value: &str) -> Result<MysqlTls, ParseUrlError> {
    match &*value.to_ascii_uppercase().replace('-', "_") {
        "DISABLED" => Ok(MysqlTls::Disabled),
        "PREFERRED" => Ok(MysqlTls::Preferred),
        "REQUIRED" => Ok(MysqlTls::Required),
        "VERIFY_CA" => Ok(MysqlTls::VerifyCa),
        "VERIFY_IDENTITY" => Ok(MysqlTls::VerifyIdentity),
        _ => Err(wrong(name, "DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY")),
    }
}

fn go_tls(name: &str, value: &str) -> Result<MysqlTls, ParseUrlError> {
    match value {
        "false" => Ok(MysqlTls::Disabled),
        "preferred" => Ok(MysqlTls::Preferred),
        "skip-verify" => Ok(MysqlTls::Required),
        "true" => Ok(MysqlTls::VerifyIdentity),
        _ => Err(wrong(name, "true, skip-verify, preferred or false")),
    }
}

/// Whether it replaces a part of the URL before the parameters.
pub(super) fn is_part(name: &str) -> bool {
    let is_socket = |(_, meaning): &&Known<Meaning>| *meaning == Meaning::Socket;
    let sockets = TABLE.iter().find(is_socket).map_or(&[][..], |(names, _)| *names);
    ["user", "password"].contains(&name) || sockets.contains(&name)
}
