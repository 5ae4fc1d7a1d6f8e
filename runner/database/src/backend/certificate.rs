//! Certificates and keys that a URL names, read before the connection is made: what is wrong with a file is said of the file.

use super::BackendError;
use std::fs;

/// What a file in PEM has to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Certificate,
    Key,
}

/// The bytes of the file at `path`. A variable may hold the text itself, as the driver takes it.
pub(super) fn read(
    parameter: &'static str,
    path: &str,
    content: Content,
) -> Result<Vec<u8>, BackendError> {
    let is_text = path.trim_start().starts_with("-----BEGIN");
    let failed = |reason: &str| BackendError::CertificateFile {
        parameter,
        path: if is_text { "the text in a variable".to_owned() } else { path.to_owned() },
        reason: reason.to_owned(),
    };
    let bytes = match is_text {
        true => path.as_bytes().to_vec(),
        false => fs::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => failed("there is no such file"),
            _ => failed(&error.to_string()),
        })?,
    };
    let text = String::from_utf8_lossy(&bytes);
    let holds =
        |what: &str| text.lines().any(|line| line.starts_with("-----BEGIN") && line.contains(what));
    match content {
        Content::Certificate if holds("CERTIFICATE") => Ok(bytes),
        Content::Certificate => Err(failed("it holds no certificate in PEM")),
        Content::Key if holds("ENCRYPTED") || text.contains("Proc-Type: 4,ENCRYPTED") => {
            Err(failed("its key has a passphrase, which the runner cannot use"))
        }
        Content::Key if holds("PRIVATE KEY") => Ok(bytes),
        Content::Key => Err(failed("it holds no private key in PEM")),
    }
}

/// Why a connection is not secure, in words that lead to the cause.
pub(super) fn reason(text: &str) -> String {
    let table = [
        (
            "CaUsedAsEndEntity",
            "the server shows the certificate of an authority as its own; give it one that the authority \
                               signed, or a self-signed one that is none of an authority (basicConstraints CA:FALSE)",
        ),
        ("UnknownIssuer", "the server's certificate is of no authority that is trusted here"),
        ("NotValidForName", "the server's certificate is for another name than the URL's host"),
        ("not valid for name", "the server's certificate is for another name than the URL's host"),
        ("Expired", "the server's certificate has expired"),
        ("expired", "the server's certificate has expired"),
    ];
    let known = table.iter().find(|(part, _)| text.contains(part));
    known.map_or_else(|| text.to_owned(), |(_, reason)| format!("{reason} ({text})"))
}
