//! What the driver is told of a URL. The driver's own reading of URLs and of the environment is not used, but for
//! PGOPTIONS, whose settings come before those of the URL.

use crate::backend::{
    BackendError,
    certificate::{self, Content},
    protocol::Place,
    url::{PostgresTls, PostgresUrl, Root},
};
use sqlx::{
    ConnectOptions as _,
    postgres::{PgConnectOptions, PgSslMode},
};

const DEFAULT_PORT: u16 = 5432;

/// How to connect, and how else if TLS is what that fails of. Errors: a file that cannot be used.
pub(super) fn ways(
    url: &PostgresUrl,
    application: &str,
) -> Result<(PgConnectOptions, Option<PgConnectOptions>), BackendError> {
    let mut options = PgConnectOptions::new_without_pgpass()
        .port(url.port.unwrap_or(DEFAULT_PORT))
        .username(url.user.as_deref().unwrap_or_default())
        .password(url.password.as_deref().unwrap_or_default())
        .database(url.database.as_deref().unwrap_or_default())
        .application_name(application)
        // PgBouncer refuses what it does not know at the start; settings are made later.
        .extra_float_digits(None)
        .statement_cache_capacity(0)
        .disable_statement_logging();
    if !url.settings.is_empty() {
        options = options.options(url.settings.iter().map(|(name, value)| (name, value)));
    }
    options = match (url.socket(), url.address.as_deref().or(url.host.as_deref())) {
        (Some(folder), _) => options.socket(folder),
        (None, host) => options.host(host.unwrap_or("localhost")),
    };
    let (first, second) = modes(url);
    if first != PostgresTls::Disable || second.is_some() {
        options = with_files(options, url)?;
    }
    let second = second.map(|mode| options.clone().ssl_mode(driver_mode(mode)));
    Ok((options.ssl_mode(driver_mode(first)), second))
}

/// Where the server listens.
pub(super) fn place(url: &PostgresUrl) -> Place {
    let port = url.port.unwrap_or(DEFAULT_PORT);
    match url.socket() {
        Some(folder) => Place::Socket(format!("{folder}/.s.PGSQL.{port}").into()),
        None => {
            let host = url.address.as_deref().or(url.host.as_deref()).unwrap_or("localhost");
            Place::Network(host.to_owned(), port)
        }
    }
}

/// As libpq has it: a socket of this machine needs no TLS, and an authority that is given is asked. The second is for
/// where the first is refused.
fn modes(url: &PostgresUrl) -> (PostgresTls, Option<PostgresTls>) {
    if url.socket().is_some() {
        return (PostgresTls::Disable, None);
    }
    let by_default = match url.root {
        Some(Root::System) => PostgresTls::VerifyFull,
        _ => PostgresTls::Prefer,
    };
    match url.tls.unwrap_or(by_default) {
        PostgresTls::Allow => (PostgresTls::Disable, Some(PostgresTls::Require)),
        PostgresTls::Prefer => (PostgresTls::Prefer, Some(PostgresTls::Disable)),
        PostgresTls::Require if url.root.is_some() => (PostgresTls::VerifyCa, None),
        mode => (mode, None),
    }
}

fn with_files(
    mut options: PgConnectOptions,
    url: &PostgresUrl,
) -> Result<PgConnectOptions, BackendError> {
    if let Some(root) = &url.root {
        options = options.ssl_root_cert_from_pem(match root {
            // The driver knows those of the system anyway.
            Root::System => Vec::new(),
            Root::File(path) => certificate::read("sslrootcert", path, Content::Certificate)?,
        });
    }
    if let (Some(certificate), Some(key)) = (&url.certificate, &url.key) {
        options = options
            .ssl_client_cert_from_pem(certificate::read(
                "sslcert",
                certificate,
                Content::Certificate,
            )?)
            .ssl_client_key_from_pem(certificate::read("sslkey", key, Content::Key)?);
    }
    Ok(options)
}

fn driver_mode(mode: PostgresTls) -> PgSslMode {
    match mode {
        PostgresTls::Disable => PgSslMode::Disable,
        PostgresTls::Allow => PgSslMode::Allow,
        PostgresTls::Prefer => PgSslMode::Prefer,
        PostgresTls::Require => PgSslMode::Require,
        PostgresTls::VerifyCa => PgSslMode::VerifyCa,
        PostgresTls::VerifyFull => PgSslMode::VerifyFull,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Never weaker than asked for.
    #[test]
    fn how_a_connection_is_secured() {
        use PostgresTls::{Disable, Prefer, Require, VerifyCa, VerifyFull};
        let file = || Some(Root::File("ca.pem".to_owned()));
        let table = [
            (None, None, (Prefer, Some(Disable))),
            (Some(PostgresTls::Allow), None, (Disable, Some(Require))),
            (Some(Require), None, (Require, None)),
            (Some(Require), file(), (VerifyCa, None)),
            (Some(VerifyCa), file(), (VerifyCa, None)),
            (Some(VerifyFull), None, (VerifyFull, None)),
            (None, Some(Root::System), (VerifyFull, None)),
        ];
        for (tls, root, expected) in table {
            let url = PostgresUrl { tls, root, host: Some("h".to_owned()), ..Default::default() };
            assert_eq!(modes(&url), expected, "{tls:?}");
            let socket = PostgresUrl { host: Some("/run".to_owned()), ..url };
            assert_eq!(modes(&socket), (Disable, None));
        }
    }
}
