//! Turns a URL into options for the driver. The driver's own parser of URLs is not used.

use super::wire;
use crate::backend::{
    BackendError,
    certificate::{self, Content},
    protocol::Place,
    url::{MysqlTls, MysqlUrl},
};
use sqlx::{
    ConnectOptions as _,
    mysql::{MySqlConnectOptions, MySqlSslMode},
};

const DEFAULT_PORT: u16 = 3306;

/// Errors: a file that cannot be used.
pub(super) fn options(url: &MysqlUrl) -> Result<MySqlConnectOptions, BackendError> {
    let mut options = MySqlConnectOptions::new()
        .host(url.host.as_deref().unwrap_or("localhost"))
        .port(url.port.unwrap_or(DEFAULT_PORT))
        .username(url.user.as_deref().unwrap_or_default())
        .database(url.database.as_deref().unwrap_or_default())
        .ssl_mode(driver_mode(url.tls()))
        // `settings.rs` makes all settings of a session.
        .charset("utf8mb4")
        .set_names(false)
        .timezone(None)
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .statement_cache_capacity(wire::KEPT_STATEMENTS_MAX)
        .disable_statement_logging();
    if let Some(password) = &url.password {
        options = options.password(password);
    }
    if let Some(socket) = &url.socket {
        options = options.socket(socket);
    }
    if let Some(path) = &url.authority {
        let pem = certificate::read("ssl-ca", path, Content::Certificate)?;
        options = options.ssl_ca_from_pem(pem);
    }
    if let (Some(certificate), Some(key)) = (&url.certificate, &url.key) {
        options = options
            .ssl_client_cert_from_pem(certificate::read(
                "ssl-cert",
                certificate,
                Content::Certificate,
            )?)
            .ssl_client_key_from_pem(certificate::read("ssl-key", key, Content::Key)?);
    }
    Ok(options)
}

/// Returns the address at which the server listens.
pub(super) fn place(url: &MysqlUrl) -> Place {
    match &url.socket {
        Some(path) => Place::Socket(path.into()),
        None => {
            let host = url.host.as_deref().unwrap_or("localhost");
            Place::Network(host.to_owned(), url.port.unwrap_or(DEFAULT_PORT))
        }
    }
}

fn driver_mode(mode: MysqlTls) -> MySqlSslMode {
    match mode {
        MysqlTls::Disabled => MySqlSslMode::Disabled,
        MysqlTls::Preferred => MySqlSslMode::Preferred,
        MysqlTls::Required => MySqlSslMode::Required,
        MysqlTls::VerifyCa => MySqlSslMode::VerifyCa,
        MysqlTls::VerifyIdentity => MySqlSslMode::VerifyIdentity,
    }
}
