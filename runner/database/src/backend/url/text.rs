//! Takes the text of a server's URL apart, and puts parts together again. Pure.
//!
//! ```text
//! scheme://user:password@host:port/database?name=value&name=value
//!          `-- percent-encoded, `+` is no space --------------'
//! ```
//!
//! A character that ends a part where it should not is an error that says how to write it: guessing
//! would take a piece of a password for a host.

use super::error::{ParseUrlError, UrlPart};
use std::{fmt::Write, net::Ipv6Addr};

/// The parts of a URL, decoded. Empty ones are `None`.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Parts {
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    /// A name, an address without brackets, or the path of a socket.
    pub(super) host: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) database: Option<String>,
    /// Name and value; `None` without `=`.
    pub(super) parameters: Vec<(String, Option<String>)>,
    /// Whether an `@` among the parameters may end a password with a `?` in it.
    pub(super) is_doubtful: bool,
}

impl Parts {
    /// Takes apart what follows `scheme://`.
    pub(super) fn parse(rest: &str) -> Result<Self, ParseUrlError> {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        refuse_breaks(rest)?;
        if let Some((path, _)) = tail.split_once('@').filter(|_| !authority.contains('@')) {
            // Was the `@` meant to end user and password? `u:12/34@h/d` could also be the database `34@h/d`.
            let has_password = authority.contains(':') && !authority.starts_with('[');
            match tail.as_bytes().first() {
                Some(b'/') if has_password && !path.contains(['?', '#']) => {
                    return Err(unencoded('/'));
                }
                Some(b'?') if !path.contains('=') || host_and_port(authority).is_err() => {
                    return Err(unencoded('?'));
                }
                _ => {}
            }
        }
        if rest.contains('#') {
            return Err(unencoded('#'));
        }
        let (login, place) = match authority.split_once('@') {
            Some((_, place)) if place.contains("tcp(") || place.contains("unix(") => {
                return Err(other_form());
            }
            Some((_, place)) if place.contains('@') => return Err(unencoded('@')),
            Some((login, place)) => (login, place),
            None => ("", authority),
        };
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (login, None),
        };
        let password = password.map(|text| decoded(text, UrlPart::Password)).transpose()?;
        let (host, port) = host_and_port(place)?;
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        Ok(Self {
            user: Some(decoded(user, UrlPart::User)?).filter(|user| !user.is_empty()),
            password,
            host,
            port,
            database: Some(decoded(path.strip_prefix('/').unwrap_or(path), UrlPart::Database)?)
                .filter(|name| !name.is_empty()),
            parameters: parameters(query)?,
            is_doubtful: !authority.contains('@') && query.contains('@'),
        })
    }
}

/// Name and value of each parameter, decoded.
pub(super) fn parameters(query: &str) -> Result<Vec<(String, Option<String>)>, ParseUrlError> {
    let given = query.split('&').filter(|text| !text.is_empty());
    given
        .map(|text| {
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name, Some(decoded(value, UrlPart::Parameter)?)),
                None => (text, None),
            };
            Ok((decoded(name, UrlPart::Parameter)?, value))
        })
        .collect()
}

/// A port as it stands in a URL; `None` where it is empty.
pub(super) fn port(text: &str) -> Result<Option<u16>, ParseUrlError> {
    match text.parse::<u16>() {
        _ if text.is_empty() => Ok(None),
        Ok(port) if port > 0 && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Some(port)),
        _ => Err(ParseUrlError::Port),
    }
}

/// A host without brackets.
pub(super) fn host(text: &str) -> Result<String, ParseUrlError> {
    if text.contains(',') {
        return Err(ParseUrlError::SeveralHosts);
    }
    let is_address = text.starts_with('[') || (text.contains(':') && !text.starts_with('/'));
    if !is_address {
        return Ok(text.to_owned());
    }
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if inner.contains('%') {
        return Err(ParseUrlError::Zone);
    }
    match inner.parse::<Ipv6Addr>() {
        Ok(_) => Ok(inner.to_owned()),
        Err(_) => Err(ParseUrlError::NotAnAddress),
    }
}

fn host_and_port(text: &str) -> Result<(Option<String>, Option<u16>), ParseUrlError> {
    if text.contains(',') {
        return Err(ParseUrlError::SeveralHosts);
    }
    if text.contains(['(', ')']) {
        return Err(other_form());
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or(ParseUrlError::NotAnAddress)?;
        if address.contains('%') {
            return Err(ParseUrlError::Zone);
        }
        if address.parse::<Ipv6Addr>().is_err() {
            return Err(ParseUrlError::NotAnAddress);
        }
        let after = match after.strip_prefix(':') {
            Some(port) => port,
            None if after.is_empty() => "",
            None => return Err(ParseUrlError::Port),
        };
        return Ok((Some(address.to_owned()), port(after)?));
    }
    if text.parse::<Ipv6Addr>().is_ok() || text.matches(':').count() > 1 {
        return Err(ParseUrlError::NoBrackets);
    }
    let (name, after) = text.split_once(':').unwrap_or((text, ""));
    let name = decoded(name, UrlPart::Host)?;
    // Some encode the brackets and colons too.
    let name = if name.starts_with('[') { host(&name)? } else { name };
    Ok((Some(name).filter(|name| !name.is_empty()), port(after)?))
}

/// Refuses what would be invisible: a line break that came along with a copied secret, and its like.
pub(super) fn refuse_breaks(text: &str) -> Result<(), ParseUrlError> {
    let at_an_end = text.starts_with(' ') || text.ends_with(' ');
    match text.chars().find(|c| c.is_control()) {
        None if at_an_end => Err(unencoded(' ')),
        None => Ok(()),
        Some(c) => Err(unencoded(c)),
    }
}

fn unencoded(c: char) -> ParseUrlError {
    let (what, encoded) = match c {
        '/' => ("a `/`", "%2F"),
        '?' => ("a `?`", "%3F"),
        '#' => ("a `#`", "%23"),
        '@' => ("an `@`", "%40"),
        '\n' => ("a line break", "%0A"),
        '\r' => ("a carriage return", "%0D"),
        '\t' => ("a tab", "%09"),
        ' ' => ("a space at its begin or end", "%20"),
        _ => ("a control character", "% and its two hexadecimal digits"),
    };
    ParseUrlError::Unencoded { what, encoded }
}

/// The error for a password that a `?` cut off.
pub(super) fn cut_password() -> ParseUrlError {
    unencoded('?')
}

fn other_form() -> ParseUrlError {
    ParseUrlError::OtherForm {
        form: "Go's driver, with parentheses around the address",
        example: "mysql://host:3306/app",
    }
}

/// `text` with its percent-encoding undone. A `+` stays one.
pub(super) fn decoded(text: &str, part: UrlPart) -> Result<String, ParseUrlError> {
    let invalid = || ParseUrlError::Encoding { part };
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else { return Err(invalid()) };
        match u8::try_from(high * 16 + low) {
            Ok(byte) if byte != 0 => bytes.push(byte),
            _ => return Err(invalid()),
        }
    }
    String::from_utf8(bytes).map_err(|_| invalid())
}

/// `text` with everything encoded that could end a part of a URL.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for c in text.chars() {
        let is_plain = c.is_ascii_alphanumeric() || "-._~".contains(c);
        if is_plain || (!c.is_ascii() && !crate::escape::is_deceptive(c)) {
            encoded.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A host as it stands in a URL.
pub(super) fn shown_host(host: &str) -> String {
    match host.contains(':') && !host.starts_with('/') {
        true => format!("[{host}]"),
        false => encoded(host),
    }
}
