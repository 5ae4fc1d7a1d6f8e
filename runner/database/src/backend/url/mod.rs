//! Database URLs: taken apart once, never shown with what is secret in them.
//!
//! `text` takes the text apart, `postgres`, `mysql` and `sqlite` say what its parameters mean, `environment` and `pgpass` fill
//! in what a database's own client takes from elsewhere. Knows no driver: `backend/*/connect.rs` makes its options of this.

mod environment;
mod error;
mod known;
mod mysql;
mod pgpass;
mod postgres;
mod postgres_table;
mod sqlite;
mod startup;
#[cfg(test)]
mod tests;
mod text;

pub use error::{ParseUrlError, UnknownParameter, UrlPart};
pub(in crate::backend) use mysql::{MysqlTls, MysqlUrl};
pub(in crate::backend) use postgres::{PostgresTls, PostgresUrl, Root, ServerRole};
pub(in crate::backend) use sqlite::SqliteUrl;

use super::BackendError;
use crate::escape::Escaped;
use environment::Environment;
use std::{fmt, path::Path, str::FromStr};
use text::Parts;

/// A database URL. `Debug` and `Display` leave out user name, password and parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    /// As it was written: `postgres` or `postgresql`, `mysql` or `mariadb`.
    spelled: &'static str,
    /// Parameters with their values, those left out that `target` shows before them.
    parameters: Vec<(String, String)>,
    target: Box<Target>,
}

/// What a URL says, for each kind of database.
#[derive(Clone, PartialEq, Eq)]
enum Target {
    Sqlite(SqliteUrl),
    Postgres(PostgresUrl),
    Mysql(MysqlUrl),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Sqlite,
    Postgres,
    /// MySQL and MariaDB; which of the two says the server.
    Mysql,
}

impl DatabaseUrl {
    pub fn scheme(&self) -> Scheme {
        match *self.target {
            Target::Sqlite(_) => Scheme::Sqlite,
            Target::Postgres(_) => Scheme::Postgres,
            Target::Mysql(_) => Scheme::Mysql,
        }
    }

    /// Errors: it is of another kind of database.
    pub(in crate::backend) fn sqlite(&self) -> Result<&SqliteUrl, BackendError> {
        match &*self.target {
            Target::Sqlite(url) => Ok(url),
            _ => Err(other_kind()),
        }
    }

    /// With what the environment adds. Errors: it is of another kind of database, or a variable does not fit.
    pub(in crate::backend) fn postgres(&self) -> Result<PostgresUrl, BackendError> {
        match &*self.target {
            Target::Postgres(url) => {
                url.surrounded(&Environment::of_process()).map_err(BackendError::Environment)
            }
            _ => Err(other_kind()),
        }
    }

    /// With what the environment adds. Errors: it is of another kind of database.
    pub(in crate::backend) fn mysql(&self) -> Result<MysqlUrl, BackendError> {
        match &*self.target {
            Target::Mysql(url) => Ok(url.surrounded(&Environment::of_process())),
            _ => Err(other_kind()),
        }
    }

    /// Whether it names the search path itself, or PGOPTIONS beside it does: an operator's choice, where a role's or a
    /// database's setting may be anybody's.
    pub fn names_search_path(&self) -> bool {
        self.names_search_path_in(&Environment::of_process())
    }

    fn names_search_path_in(&self, environment: &Environment) -> bool {
        let Target::Postgres(url) = &*self.target else { return false };
        let by_variable = || environment.get("PGOPTIONS");
        url.names_search_path()
            || by_variable().is_some_and(|text| startup::names_search_path(&text))
    }

    /// The same server and user with another database; `None` for a file.
    pub fn beside(&self, database: &str) -> Option<Self> {
        let mut beside = self.clone();
        match &mut *beside.target {
            Target::Sqlite(_) => return None,
            Target::Postgres(url) => url.database = Some(database.to_owned()),
            Target::Mysql(url) => url.database = Some(database.to_owned()),
        }
        Some(beside)
    }

    /// The same server and database with another user; only of MySQL and MariaDB.
    pub(in crate::backend) fn as_user(&self, name: &str, password: &str) -> Self {
        let mut other = self.clone();
        if let Target::Mysql(url) = &mut *other.target {
            (url.user, url.password) = (Some(name.to_owned()), Some(password.to_owned()));
        }
        other
    }

    /// The file of a SQLite database; `None` in memory and for a server's.
    pub fn file(&self) -> Option<&Path> {
        match &*self.target {
            Target::Sqlite(url) if !url.is_in_memory => Some(Path::new(&url.file)),
            _ => None,
        }
    }

    /// The same parameters with another file, as a path and not as a part of a URL; `None` for a server's.
    pub fn with_file(&self, file: &str) -> Option<Self> {
        let mut other = self.clone();
        let Target::Sqlite(url) = &mut *other.target else { return None };
        url.is_in_memory = false;
        url.file = file.to_owned();
        url.written = file.to_owned();
        Some(other)
    }

    /// The URL to paste into a command: whole but for the password; of a file the path alone, because its parameters
    /// may forbid what the command does.
    pub fn without_password(&self) -> String {
        let mut text = self.place(true);
        if self.scheme() == Scheme::Sqlite {
            return text;
        }
        for (at, (name, value)) in self.parameters.iter().enumerate() {
            text.push(if at == 0 { '?' } else { '&' });
            // Slashes and commas may stay as they are here.
            let value = text::encoded(value).replace("%2F", "/").replace("%2C", ",");
            text.push_str(&format!("{name}={value}"));
        }
        text
    }

    fn place(&self, with_user: bool) -> String {
        let (user, host, port, database) = match &*self.target {
            Target::Sqlite(url) => {
                // A server's URL with the wrong scheme holds a password too.
                let shown = crate::secret::hidden(&format!("sqlite://{}", url.written));
                let shown = shown.strip_prefix("sqlite://").unwrap_or_default();
                return format!("sqlite:{}", Escaped(shown));
            }
            Target::Postgres(url) => {
                (&url.user, url.host.as_ref().or(url.address.as_ref()), url.port, &url.database)
            }
            Target::Mysql(url) => {
                (&url.user, url.socket.as_ref().or(url.host.as_ref()), url.port, &url.database)
            }
        };
        let user = user.as_ref().filter(|_| with_user);
        let user = user.map(|user| format!("{}@", text::encoded(user))).unwrap_or_default();
        let host = host.map(|host| text::shown_host(host)).unwrap_or_default();
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let database = text::encoded(database.as_deref().unwrap_or_default());
        format!("{}://{user}{host}{port}/{database}", self.spelled)
    }

    fn parse_server(spelled: &'static str, rest: &str) -> Result<Self, ParseUrlError> {
        let is_postgres = spelled.starts_with("postgres");
        let example = match spelled {
            "mysql" => "mysql://localhost/app",
            "mariadb" => "mariadb://localhost/app",
            _ => "postgres://localhost/app",
        };
        let Some(rest) = rest.strip_prefix("//") else {
            return Err(ParseUrlError::OtherForm { form: "a scheme without `//`", example });
        };
        let parts = Parts::parse(rest)?;
        let (given, is_doubtful) = (parts.parameters.clone(), parts.is_doubtful);
        let target = match is_postgres {
            true => PostgresUrl::parse(parts).map(Target::Postgres),
            false => MysqlUrl::parse(parts).map(Target::Mysql),
        };
        let target = target.map_err(|error| match error {
            ParseUrlError::UnknownParameter(_) if is_doubtful => text::cut_password(),
            error => error,
        })?;
        // An empty one would silently mean the database that is called like the user.
        let (Target::Postgres(PostgresUrl { database, .. })
        | Target::Mysql(MysqlUrl { database, .. })) = &target
        else {
            unreachable!("it was made above");
        };
        if database.is_none() {
            return Err(ParseUrlError::NoDatabase { example });
        }
        let is_part = if is_postgres { postgres_table::is_part } else { mysql::is_part };
        let has_both = matches!(&target,
            Target::Postgres(url) if url.address.is_some() && url.host.is_some());
        let parameters = given
            .into_iter()
            .filter(|(name, _)| !is_part(name) || (has_both && name == "hostaddr"))
            .map(|(name, value)| (name, value.unwrap_or_default()))
            .collect();
        Ok(Self { spelled, parameters, target: Box::new(target) })
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
        if let Some(error) = other_form(text) {
            return Err(error);
        }
        let Some((scheme, rest)) = text.split_once(':').filter(|(scheme, _)| valid(scheme)) else {
            return Err(ParseUrlError::NoScheme);
        };
        match scheme {
            "sqlite" => {
                let target = Box::new(Target::Sqlite(SqliteUrl::parse(rest)?));
                Ok(Self { spelled: "sqlite", parameters: Vec::new(), target })
            }
            "postgres" => Self::parse_server("postgres", rest),
            "postgresql" => Self::parse_server("postgresql", rest),
            "mariadb" => Self::parse_server("mariadb", rest),
            "mysql" => Self::parse_server("mysql", rest),
            other => Err(ParseUrlError::Scheme(other.to_owned())),
        }
    }
}

fn other_kind() -> BackendError {
    BackendError::Url("it is for another kind of database".to_owned())
}

/// The form of another client, recognised before a part of it is taken for a scheme.
fn other_form(text: &str) -> Option<ParseUrlError> {
    let (postgres, mysql) = ("postgres://host/app", "mysql://host:3306/app");
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let first_word = text.split(['=', ' ']).next().unwrap_or_default();
    let keywords = ["host", "hostaddr", "port", "dbname", "user", "password", "service", "sslmode"];
    let (form, example) = match () {
        () if scheme == "jdbc" && text.contains("postgresql") => {
            ("JDBC; leave out `jdbc:`", postgres)
        }
        () if scheme == "jdbc" => ("JDBC; leave out `jdbc:`", mysql),
        () if scheme.starts_with("postgres") && scheme.contains('+') => {
            ("SQLAlchemy; leave out the driver's name", postgres)
        }
        () if scheme.starts_with("m") && scheme.contains('+') => {
            ("SQLAlchemy; leave out the driver's name", mysql)
        }
        () if !text.contains("://") && (text.contains("@tcp(") || text.contains("@unix(")) => {
            ("Go's driver, with parentheses around the address", mysql)
        }
        () if keywords.contains(&first_word) && text.contains('=') && !text.contains("://") => {
            ("keywords and values", postgres)
        }
        () => return None,
    };
    Some(ParseUrlError::OtherForm { form, example })
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place(false))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}
