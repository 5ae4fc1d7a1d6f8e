//! Why a database URL is refused. No variant holds a password, or a text that could be one.

use crate::escape::Escaped;
use std::fmt;

/// Holds names of parameters and never their values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseUrlError {
    #[error("the database URL is empty")]
    Empty,
    #[error(
        "the database URL has no scheme; expected, for example, sqlite:demo.db or sqlite:///var/lib/app/app.db"
    )]
    NoScheme,
    #[error("the database URL names no file; expected, for example, sqlite:demo.db")]
    NoFile,
    #[error("the database URL names no database; expected, for example, {example}")]
    NoDatabase { example: &'static str },
    #[error(
        "this runner cannot open a `{}:` database URL; it knows sqlite:, postgres:, mysql: and mariadb:",
        Escaped(.0)
    )]
    Scheme(String),
    /// The form of another driver or client.
    #[error("the database is given in the form of {form}; expected, for example, {example}")]
    OtherForm { form: &'static str, example: &'static str },
    /// A character that would end the part it stands in.
    #[error(
        "the database URL holds {what} that has to be written as {encoded}: user name, password and values need percent-encoding"
    )]
    Unencoded { what: &'static str, encoded: &'static str },
    #[error(
        "the {part} in the database URL is no valid percent-encoding; write a `%` that means itself as %25"
    )]
    Encoding { part: UrlPart },
    #[error("the database URL names several hosts; the runner connects to one")]
    SeveralHosts,
    #[error("the IPv6 address in the database URL needs brackets, as in postgres://[::1]:5432/app")]
    NoBrackets,
    #[error("the address in the brackets of the database URL is no IPv6 address")]
    NotAnAddress,
    #[error(
        "the IPv6 address in the database URL has a zone (`%` and a network interface), which the runner cannot use; give an address without one, or a host name"
    )]
    Zone,
    #[error(
        "the port in the database URL is no number from 1 to 65535; if it is part of a password, that needs percent-encoding"
    )]
    Port,
    #[error("{}", Unknown(.0))]
    UnknownParameter(UnknownParameter),
    #[error("`{name}` has a value that cannot be used; it can be {allowed}")]
    Value { name: String, allowed: &'static str },
    /// The database's own client knows it, or another one, and the runner cannot do what it asks for.
    #[error("`{name}` in the database URL cannot be used: {reason}")]
    Unsupported { name: String, reason: &'static str },
    #[error("`{name}` is given twice in the database URL, or by two names")]
    Repeated { name: String },
}

/// A part of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlPart {
    User,
    Password,
    Host,
    Database,
    File,
    Parameter,
}

impl fmt::Display for UrlPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user name",
            Self::Password => "password",
            Self::Host => "host",
            Self::Database => "database's name",
            Self::File => "file's path",
            Self::Parameter => "value of a parameter",
        })
    }
}

/// A parameter that is in no table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownParameter {
    /// `None` where it does not look like a name: it may be a piece of a password.
    pub name: Option<String>,
    pub nearest: Option<&'static str>,
    /// What else can be done, where no known name is near.
    pub hint: &'static str,
}

struct Unknown<'a>(&'a UnknownParameter);

impl fmt::Display for Unknown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.name {
            Some(name) => write!(f, "`{}` is no parameter of a database URL", Escaped(name))?,
            None => f.write_str("the database URL has a parameter that is not known")?,
        }
        match self.0.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None if self.0.hint.is_empty() => Ok(()),
            None => write!(f, "; {}", self.0.hint),
        }
    }
}
