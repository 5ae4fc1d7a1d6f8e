//! What the driver is told of a URL. The driver's own reading of URLs and of the environment is not used, but for
//! PGOPTIONS, whose settings come before those of the URL.

use super::relay::Route;
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
use sqlx_core::net::tls::CertificateInput;

const DEFAULT_PORT: u16 = 5432;

/// Who logs in, to which database, and with which settings.
pub(super) fn login(url: &PostgresUrl, application: &str) -> PgConnectOptions {
    let options = PgConnectOptions::new_without_pgpass()
        .username(url.user.as_deref().unwrap_or_default())
        .password(url.password.as_deref().unwrap_or_default())
        .database(url.database.as_deref().unwrap_or_default())
        .application_name(application)
        // PgBouncer refuses what it does not know at the start; settings are made later.
        .extra_float_digits(None)
        .statement_cache_capacity(0)
        .disable_statement_logging();
    match url.settings.is_empty() {
        true => options,
        false => options.options(url.settings.iter().map(|(name, value)| (name, value))),
    }
}

/// How to connect, and how else if TLS is what that fails of. Errors: a file that cannot be used.
pub(super) fn routes(url: &PostgresUrl) -> Result<(Route, Option<Route>), BackendError> {
    let (first, second) = modes(url);
    let route = Route {
        place: place(url),
        host: host(url).to_owned(),
        tls: driver_mode(first),
        root: None,
        certificate: None,
        key: None,
    };
    let route = match first != PostgresTls::Disable || second.is_some() {
        true => with_files(route, url)?,
        false => route,
    };
    let second = second.map(|mode| Route { tls: driver_mode(mode), ..route.clone() });
    Ok((route, second))
}

fn host(url: &PostgresUrl) -> &str {
    url.address.as_deref().or(url.host.as_deref()).unwrap_or("localhost")
}

/// Where the server listens.
fn place(url: &PostgresUrl) -> Place {
    let port = url.port.unwrap_or(DEFAULT_PORT);
    match url.socket() {
        Some(folder) => Place::Socket(format!("{folder}/.s.PGSQL.{port}").into()),
        None => Place::Network(host(url).to_owned(), port),
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

fn with_files(mut route: Route, url: &PostgresUrl) -> Result<Route, BackendError> {
    let read = |name, path: &str, content| {
        certificate::read(name, path, content).map(CertificateInput::Inline)
    };
    // Those of the system are known anyway.
    if let Some(Root::File(path)) = &url.root {
        route.root = Some(read("sslrootcert", path, Content::Certificate)?);
    }
    if let (Some(certificate), Some(key)) = (&url.certificate, &url.key) {
        route.certificate = Some(read("sslcert", certificate, Content::Certificate)?);
        route.key = Some(read("sslkey", key, Content::Key)?);
    }
    Ok(route)
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
