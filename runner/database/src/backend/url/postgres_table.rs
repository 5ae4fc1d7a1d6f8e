//! The parameters of PostgreSQL's URLs and the variables that stand for them: libpq's, and those of other clients whose
//! meaning is certain. A name that is in no line is refused.

use super::known::{Known, NOT_THIS_RUNNER, POOL};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Host,
    Address,
    Port,
    Database,
    User,
    Password,
    PasswordFile,
    Tls,
    Root,
    Certificate,
    Key,
    Options,
    SearchPath,
    Schema,
    Application,
    ConnectTime,
    Role,
    /// Only these values ask for what the runner does anyway.
    Only(&'static str),
    Refused(&'static str),
}

use Meaning::{Only, Refused};

pub(super) const TABLE: &[Known<Meaning>] = &[
    (&["host"], Meaning::Host),
    (&["hostaddr"], Meaning::Address),
    (&["port"], Meaning::Port),
    (&["dbname"], Meaning::Database),
    (&["user"], Meaning::User),
    (&["password"], Meaning::Password),
    (&["passfile"], Meaning::PasswordFile),
    (&["sslmode", "ssl-mode"], Meaning::Tls),
    (&["sslrootcert", "ssl-root-cert", "ssl-ca"], Meaning::Root),
    (&["sslcert", "ssl-cert"], Meaning::Certificate),
    (&["sslkey", "ssl-key"], Meaning::Key),
    (&["options"], Meaning::Options),
    // dbmate's, golang-migrate's; and of JDBC.
    (&["search_path", "currentSchema"], Meaning::SearchPath),
    // Prisma's.
    (&["schema"], Meaning::Schema),
    (&["application_name", "fallback_application_name", "ApplicationName"], Meaning::Application),
    (&["connect_timeout"], Meaning::ConnectTime),
    (&["target_session_attrs"], Meaning::Role),
    (&["client_encoding"], Only("UTF8")),
    (&["gssencmode"], Only("disable or prefer")),
    (&["channel_binding"], Only("disable or prefer")),
    (&["sslsni"], Only("1")),
    (&["sslcertmode"], Only("allow")),
    (&["sslnegotiation"], Only("postgres")),
    (&["sslcompression"], Only("0")),
    (&["load_balance_hosts"], Only("disable")),
    (&["ssl_min_protocol_version"], Only("TLSv1, TLSv1.1 or TLSv1.2")),
    (&["ssl_max_protocol_version"], Only("TLSv1.3")),
    (
        &["ssl"],
        Refused(
            "clients do not agree on what it means; use sslmode=require or sslmode=verify-full",
        ),
    ),
    (&["requiressl"], Refused("use sslmode=require or sslmode=verify-full")),
    (
        &["service", "servicefile"],
        Refused("the runner reads no service files; write host, user and database into the URL"),
    ),
    (&["sslpassword"], Refused("the runner reads only keys without a passphrase")),
    (&["sslcrl", "sslcrldir"], Refused("the runner reads no revocation lists")),
    (
        &["require_auth"],
        Refused(
            "the runner takes the way to log in that the server asks for; use sslmode=verify-full",
        ),
    ),
    (
        &[
            "keepalives",
            "keepalives_idle",
            "keepalives_interval",
            "keepalives_count",
            "tcp_user_timeout",
        ],
        Refused("the runner sets this by itself; leave it out"),
    ),
    (
        &[
            "krbsrvname",
            "gsslib",
            "gssdelegation",
            "requirepeer",
            "requireauth",
            "replication",
            "sslkeylogfile",
            "min_protocol_version",
            "max_protocol_version",
            "scram_client_key",
            "scram_server_key",
            "oauth_issuer",
            "oauth_client_id",
            "oauth_client_secret",
            "oauth_scope",
        ],
        Refused(NOT_THIS_RUNNER),
    ),
    (
        &[
            "connection_limit",
            "pool_timeout",
            "pgbouncer",
            "pool_max_conns",
            "pool_min_conns",
            "max_connections",
            "statement_cache_size",
            "statement-cache-capacity",
            "prepareThreshold",
            "pool",
            "pool_size",
        ],
        Refused(POOL),
    ),
    (
        &["sslaccept", "sslidentity"],
        Refused("it is Prisma's; use sslmode=verify-full, sslrootcert, sslcert and sslkey"),
    ),
    (&["sslfactory", "sslinline"], Refused("it is another driver's; use sslmode and sslrootcert")),
];

pub(super) const HINT: &str = "a setting of the session is written as options=-cNAME=VALUE";

/// What libpq takes from the environment where the URL is silent. PGOPTIONS reaches the server by the driver.
pub(super) const VARIABLES: &[(&str, Meaning)] = &[
    ("PGHOST", Meaning::Host),
    ("PGHOSTADDR", Meaning::Address),
    ("PGPORT", Meaning::Port),
    ("PGUSER", Meaning::User),
    ("PGPASSWORD", Meaning::Password),
    ("PGPASSFILE", Meaning::PasswordFile),
    ("PGSSLMODE", Meaning::Tls),
    ("PGSSLROOTCERT", Meaning::Root),
    ("PGSSLCERT", Meaning::Certificate),
    ("PGSSLKEY", Meaning::Key),
    ("PGAPPNAME", Meaning::Application),
    ("PGCONNECT_TIMEOUT", Meaning::ConnectTime),
    ("PGTARGETSESSIONATTRS", Meaning::Role),
    ("PGGSSENCMODE", Only("disable or prefer")),
    ("PGCHANNELBINDING", Only("disable or prefer")),
    ("PGSSLNEGOTIATION", Only("postgres")),
    ("PGSSLMINPROTOCOLVERSION", Only("TLSv1, TLSv1.1 or TLSv1.2")),
    ("PGSSLMAXPROTOCOLVERSION", Only("TLSv1.3")),
    (
        "PGREQUIREAUTH",
        Refused("the runner takes the way to log in that the server asks for; unset it"),
    ),
    ("PGSSLCRL", Refused("the runner reads no revocation lists; unset it")),
    ("PGSSLCRLDIR", Refused("the runner reads no revocation lists; unset it")),
    (
        "PGSERVICE",
        Refused(
            "the runner reads no service files; unset it, and write host, user and database into the URL",
        ),
    ),
];

/// Whether it replaces a part of the URL before the parameters.
pub(super) fn is_part(name: &str) -> bool {
    ["host", "hostaddr", "port", "dbname", "user", "password"].contains(&name)
}
