//! File names of SQL alterations: which alteration, which hook, which dialect. Pure; touches no file.
//!
//! Two spellings are read: `<id>.up.sql`, and the `<stamp>_<name>.up.sql` of other tools, whose first
//! `_` becomes the `-` of an id and whose name is kept as it is. A plain `.sql` is an `up` without
//! a way back. A dialect stands before the hook: `<id>.postgresql.up.sql`, and so `<id>.postgresql.sql`.

use super::dialect_name::{self, Meant};
use crate::{
    alteration::{AlterationId, Dialect, ParseIdError},
    escape::Escaped,
    sql::Role,
};

/// A hook that a file of SQL is written for. Those that go forward come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SqlHook {
    Up,
    BeforeUp,
    Step,
    Down,
    BeforeDown,
}

impl SqlHook {
    pub const ALL: [Self; 5] = [Self::Up, Self::BeforeUp, Self::Step, Self::Down, Self::BeforeDown];

    /// Returns what stands between the id and `.sql`.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Up => ".up",
            Self::BeforeUp => ".before-up",
            Self::Step => ".step",
            Self::Down => ".down",
            Self::BeforeDown => ".before-down",
        }
    }

    /// Returns the hook's name.
    pub fn name(self) -> &'static str {
        self.ending().trim_start_matches('.')
    }

    /// Returns how its text runs.
    pub fn role(self) -> Role {
        match self {
            Self::Up | Self::Down => Role::Main,
            Self::BeforeUp | Self::BeforeDown => Role::Before,
            Self::Step => Role::Step,
        }
    }

    /// Returns whether it takes back what the others did, so that it cannot be all there is.
    pub(super) fn is_way_back(self) -> bool {
        matches!(self, Self::Down | Self::BeforeDown)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlNameError {
    #[error(
        "the ending must be in lower case: `.up.sql`, `.down.sql`, `.before-up.sql`, `.before-down.sql`, `.step.sql` or `.sql`"
    )]
    UpperCase,
    #[error(
        "`{}.sql` is no ending for a hook; write `.before-up.sql` for what runs before `up`, `.before-down.sql` for what runs before `down`",
        Escaped(.0)
    )]
    Before(String),
    #[error("`.{}` is no dialect; did you mean `.{meant}`?", Escaped(.written))]
    MisspelledDialect { written: String, meant: Dialect },
    #[error(
        "`.{}` is no dialect of the runner, which has {}; remove the file, or make it part of the name with `-`",
        Escaped(.0), Dialect::ALL.map(Dialect::as_str).join(", ")
    )]
    UnknownDialect(String),
    #[error("the dialect stands before the hook: write `.{dialect}{ending}.sql`")]
    DialectAfterHook { dialect: Dialect, ending: &'static str },
    #[error("it names two dialects; write one file for each")]
    TwoDialects,
    #[error(transparent)]
    Id(#[from] ParseIdError),
}

/// What the name of a file says of the SQL in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SqlName {
    pub(super) id: AlterationId,
    pub(super) hook: SqlHook,
    /// `None` for every dialect that has no file of its own.
    pub(super) dialect: Option<Dialect>,
}

/// Reads a file name; `None` for a file that is no SQL, or hidden, as editors' temporary files are.
pub(super) fn parse(file_name: &str) -> Option<Result<SqlName, SqlNameError>> {
    if file_name.starts_with('.') || !file_name.to_ascii_lowercase().ends_with(".sql") {
        return None;
    }
    Some(parse_sql(file_name))
}

fn parse_sql(file_name: &str) -> Result<SqlName, SqlNameError> {
    let stem = file_name.strip_suffix(".sql").ok_or(SqlNameError::UpperCase)?;
    for hook in SqlHook::ALL {
        if let Some(stem) = stem.strip_suffix(hook.ending()) {
            let (stem, dialect) = dialect(stem)?;
            return Ok(SqlName { id: id(stem)?, hook, dialect });
        }
        if stem.to_ascii_lowercase().ends_with(hook.ending()) {
            return Err(SqlNameError::UpperCase);
        }
    }
    // Read as a part of the id, it would be an alteration of its own, inside a transaction.
    match stem.rfind('.') {
        Some(at) if stem[at..].starts_with(".before") => {
            Err(SqlNameError::Before(stem[at..].to_owned()))
        }
        _ => {
            let (stem, dialect) = dialect(stem)?;
            let endings = SqlHook::ALL.map(SqlHook::ending);
            let ending = endings.into_iter().find(|ending| stem.ends_with(ending));
            if let (Some(dialect), Some(ending)) = (dialect, ending) {
                return Err(SqlNameError::DialectAfterHook { dialect, ending });
            }
            Ok(SqlName { id: id(stem)?, hook: SqlHook::Up, dialect })
        }
    }
}

/// Takes the dialect off the end. What is meant as one and is none would be a part of the id: an alteration
/// of its own, for every database.
fn dialect(stem: &str) -> Result<(&str, Option<Dialect>), SqlNameError> {
    let Some((rest, last)) = stem.rsplit_once('.') else { return Ok((stem, None)) };
    if let Ok(dialect) = last.parse() {
        return match self::dialect(rest)? {
            (_, Some(_)) => Err(SqlNameError::TwoDialects),
            (_, None) => Ok((rest, Some(dialect))),
        };
    }
    match dialect_name::read(last) {
        Some(Meant::Dialect(meant)) => {
            Err(SqlNameError::MisspelledDialect { written: last.to_owned(), meant })
        }
        Some(Meant::OtherDatabase) => Err(SqlNameError::UnknownDialect(last.to_owned())),
        None => Ok((stem, None)),
    }
}

/// No id starts with digits and `_`, so the two spellings cannot be confused.
fn id(stem: &str) -> Result<AlterationId, ParseIdError> {
    match stem.split_once('_') {
        Some((stamp, name)) if !stamp.is_empty() && stamp.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{stamp}-{name}").parse()
        }
        _ => stem.parse(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let table = [
            ("1.4.0-1718000000-add-x.up.sql", "1.4.0-1718000000-add-x", SqlHook::Up),
            ("1.4.0-1718000000-add-x.down.sql", "1.4.0-1718000000-add-x", SqlHook::Down),
            ("1.4.0-17-x.before-up.sql", "1.4.0-17-x", SqlHook::BeforeUp),
            ("1.4.0-17-x.before-down.sql", "1.4.0-17-x", SqlHook::BeforeDown),
            ("1.4.0-17-x.step.sql", "1.4.0-17-x", SqlHook::Step),
            ("20240131120000_x.before-up.sql", "20240131120000-x", SqlHook::BeforeUp),
            ("1.0.0_beta.1-17.5-x.up.sql", "1.0.0_beta.1-17.5-x", SqlHook::Up),
            ("next-17-x.sql", "next-17-x", SqlHook::Up),
            ("20240131120000_create_users.up.sql", "20240131120000-create_users", SqlHook::Up),
            ("20240131120000_create_users.down.sql", "20240131120000-create_users", SqlHook::Down),
            ("0001_a-b_c.sql", "0001-a-b_c", SqlHook::Up),
            ("7-a_b.sql", "7-a_b", SqlHook::Up),
            ("1_1-2-x.sql", "1-1-2-x", SqlHook::Up),
            ("1-x.up.up.sql", "1-x.up", SqlHook::Up),
            ("1-before-up.sql", "1-before-up", SqlHook::Up),
            ("1-first-step.sql", "1-first-step", SqlHook::Up),
            ("1-x.steps.sql", "1-x.steps", SqlHook::Up),
        ];
        for (name, id, hook) in table {
            let found = parse(name).unwrap().unwrap();
            assert_eq!((found.id.as_str(), found.hook, found.dialect), (id, hook, None), "{name}");
        }
    }

    #[test]
    fn dialects() {
        let table = [
            ("1.0.0-17-x.postgresql.up.sql", "1.0.0-17-x", SqlHook::Up, Dialect::Postgresql),
            ("1.0.0-17.5-x.sqlite.down.sql", "1.0.0-17.5-x", SqlHook::Down, Dialect::Sqlite),
            ("1-x.mysql.before-up.sql", "1-x", SqlHook::BeforeUp, Dialect::Mysql),
            ("1-x.mariadb.before-down.sql", "1-x", SqlHook::BeforeDown, Dialect::Mariadb),
            ("1-x.postgresql.step.sql", "1-x", SqlHook::Step, Dialect::Postgresql),
            ("1-x.sqlite.sql", "1-x", SqlHook::Up, Dialect::Sqlite),
            ("0001_a_b.mysql.up.sql", "0001-a_b", SqlHook::Up, Dialect::Mysql),
            ("1-x.y.mysql.up.sql", "1-x.y", SqlHook::Up, Dialect::Mysql),
            ("1-sqlite.postgresql.up.sql", "1-sqlite", SqlHook::Up, Dialect::Postgresql),
        ];
        for (name, id, hook, dialect) in table {
            let found = parse(name).unwrap().unwrap();
            let found = (found.id.as_str(), found.hook, found.dialect);
            assert_eq!(found, (id, hook, Some(dialect)), "{name}");
        }
    }

    #[test]
    fn what_is_meant_as_a_dialect() {
        for (name, meant) in [
            ("1-x.postgres.up.sql", Dialect::Postgresql),
            ("1-x.pg.down.sql", Dialect::Postgresql),
            ("1-x.PostgreSQL.up.sql", Dialect::Postgresql),
            ("1-x.postgresq.sql", Dialect::Postgresql),
            ("1-x.sqlite3.step.sql", Dialect::Sqlite),
            ("1-x.SQLite.up.sql", Dialect::Sqlite),
            ("1-x.msyql.up.sql", Dialect::Mysql),
            ("1-x.maria.before-up.sql", Dialect::Mariadb),
        ] {
            let Some(Err(SqlNameError::MisspelledDialect { meant: found, .. })) = parse(name)
            else {
                panic!("{name}: {:?}", parse(name));
            };
            assert_eq!(found, meant, "{name}");
        }
        for name in ["1-x.oracle.up.sql", "1-x.mssql.sql", "1-x.cockroachdb.down.sql"] {
            assert!(matches!(parse(name), Some(Err(SqlNameError::UnknownDialect(_)))), "{name}");
        }
        let after =
            SqlNameError::DialectAfterHook { dialect: Dialect::Postgresql, ending: ".before-up" };
        assert_eq!(
            after.to_string(),
            "the dialect stands before the hook: write `.postgresql.before-up.sql`"
        );
        assert_eq!(parse("1-x.before-up.postgresql.sql"), Some(Err(after)));
        let twice = Some(Err(SqlNameError::TwoDialects));
        assert_eq!(parse("1-x.mysql.mariadb.up.sql"), twice);
    }

    #[test]
    fn not_sql() {
        for name in
            ["README.md", "alteration.toml", ".1-x.up.sql", "1-x.sql.orig", "sql", "1-x.wasm"]
        {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn refused() {
        for name in [
            "1-x.SQL",
            "1-x.up.Sql",
            "1-x.UP.sql",
            "1-x.Down.sql",
            "1-x.Step.sql",
            "1-x.before-Up.sql",
            "1-x.BEFORE-DOWN.sql",
        ] {
            assert_eq!(parse(name), Some(Err(SqlNameError::UpperCase)), "{name}");
        }
        for name in ["1-x.before.sql", "1-x.before_up.sql", "1-x.beforedown.sql"] {
            assert!(matches!(parse(name), Some(Err(SqlNameError::Before(_)))), "{name}");
        }
        for name in ["create.up.sql", "1_.sql", "_x.sql", "1-é.sql", "1 x.sql", "up.sql"] {
            assert!(matches!(parse(name), Some(Err(SqlNameError::Id(_)))), "{name}");
        }
    }
}
