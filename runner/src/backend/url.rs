//! Database URLs: parsed once, never shown with what is secret in them.

use std::{fmt, str::FromStr};

/// A database URL. `Debug` and `Display` leave out user name, password and parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    scheme: Scheme,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    Sqlite,
    Postgres,
    /// MySQL and MariaDB; which of the two says the server.
    Mysql,
}

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
    /// Without the text, which may hold a password.
    #[error("the database URL is not valid: {0}")]
    Invalid(String),
    #[error(
        "this runner cannot open a `{}:` database URL; it knows sqlite:, postgres:, mysql: and mariadb:",
        crate::escape::Escaped(.0)
    )]
    Scheme(String),
}

impl DatabaseUrl {
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The whole text, password and all, for connecting.
    pub(crate) fn secret(&self) -> &str {
        &self.text
    }

    /// The part after `sqlite:`, without a leading `//`.
    pub(crate) fn sqlite_part(&self) -> &str {
        let rest = &self.text["sqlite:".len()..];
        rest.strip_prefix("//").unwrap_or(rest)
    }
}

impl FromStr for DatabaseUrl {
    type Err = ParseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Err(ParseUrlError::Empty);
        }
        let valid = |scheme: &&str| {
            scheme.len() > 1
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        };
        let Some(scheme) = text.split_once(':').map(|(scheme, _)| scheme).filter(valid) else {
            return Err(ParseUrlError::NoScheme);
        };
        match scheme {
            "sqlite" => {
                let url = Self { scheme: Scheme::Sqlite, text: text.to_owned() };
                let file = url.sqlite_part().split('?').next().unwrap_or_default();
                if file.is_empty() { Err(ParseUrlError::NoFile) } else { Ok(url) }
            }
            "postgres" | "postgresql" => {
                Self::server(Scheme::Postgres, text, "postgres://localhost/app")
            }
            "mariadb" => Self::server(Scheme::Mysql, text, "mariadb://localhost/app"),
            "mysql" => Self::server(Scheme::Mysql, text, "mysql://localhost/app"),
            other => Err(ParseUrlError::Scheme(other.to_owned())),
        }
    }
}

impl DatabaseUrl {
    fn server(scheme: Scheme, text: &str, example: &'static str) -> Result<Self, ParseUrlError> {
        let parsed =
            url::Url::parse(text).map_err(|error| ParseUrlError::Invalid(error.to_string()))?;
        // An empty path would silently mean the database that is called like the user.
        if parsed.path().trim_matches('/').is_empty() && !text.contains("dbname=") {
            return Err(ParseUrlError::NoDatabase { example });
        }
        Ok(Self { scheme, text: text.to_owned() })
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            Scheme::Sqlite => {
                let file = self.sqlite_part().split('?').next().unwrap_or_default();
                let shown = crate::secret::hidden(&format!("sqlite://{file}"));
                let shown = shown.strip_prefix("sqlite://").unwrap_or_default();
                write!(f, "sqlite:{}", crate::escape::Escaped(shown))
            }
            Scheme::Postgres | Scheme::Mysql => {
                let Ok(url) = url::Url::parse(&self.text) else {
                    return f.write_str(if self.scheme == Scheme::Postgres {
                        "postgres:"
                    } else {
                        "mysql:"
                    });
                };
                write!(f, "{}://{}", url.scheme(), url.host_str().unwrap_or_default())?;
                if let Some(port) = url.port() {
                    write!(f, ":{port}")?;
                }
                write!(f, "{}", crate::escape::Escaped(url.path()))
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsed_and_shown() {
        let table = [
            ("sqlite:demo.db", Ok("sqlite:demo.db")),
            ("sqlite:///var/x.db?mode=ro", Ok("sqlite:/var/x.db")),
            ("sqlite::memory:", Ok("sqlite::memory:")),
            ("", Err(ParseUrlError::Empty)),
            ("demo.db", Err(ParseUrlError::NoScheme)),
            ("C:\\demo.db", Err(ParseUrlError::NoScheme)),
            ("sqlite:", Err(ParseUrlError::NoFile)),
            ("oracle://u:secret@h/d", Err(ParseUrlError::Scheme("oracle".into()))),
            ("postgres://u:secret@h:5/d?sslmode=require", Ok("postgres://h:5/d")),
            ("postgresql:///d?host=/run/postgresql", Ok("postgresql:///d")),
            ("mariadb://u:secret@h/d", Ok("mariadb://h/d")),
            (
                "mysql://u:secret@h",
                Err(ParseUrlError::NoDatabase { example: "mysql://localhost/app" }),
            ),
        ];
        for (text, expected) in table {
            let url = text.parse::<DatabaseUrl>();
            assert_eq!(url.map(|url| url.to_string()), expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn errors_never_show_a_password() {
        let error = "oracle://u:secret@h/d".parse::<DatabaseUrl>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
