//! File names of SQL alterations: which alteration, which hook. Pure; touches no file.
//!
//! Two spellings are read: `<id>.up.sql`, and the `<stamp>_<name>.up.sql` of other tools, whose first
//! `_` becomes the `-` of an id and whose name is kept as it is. A plain `.sql` is an `up` without
//! a way back.

use crate::{
    alteration::{AlterationId, ParseIdError},
    sql::Role,
};

/// A hook that a file of SQL is written for. Those that go forward come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SqlHook {
    Up,
    BeforeUp,
    Step,
    Down,
    BeforeDown,
}

impl SqlHook {
    pub(super) const ALL: [Self; 5] =
        [Self::Up, Self::BeforeUp, Self::Step, Self::Down, Self::BeforeDown];

    /// What stands between the id and `.sql`.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Up => ".up",
            Self::BeforeUp => ".before-up",
            Self::Step => ".step",
            Self::Down => ".down",
            Self::BeforeDown => ".before-down",
        }
    }

    /// The hook's name.
    pub(crate) fn name(self) -> &'static str {
        self.ending().trim_start_matches('.')
    }

    /// How its text runs.
    pub(crate) fn role(self) -> Role {
        match self {
            Self::Up | Self::Down => Role::Main,
            Self::BeforeUp | Self::BeforeDown => Role::Before,
            Self::Step => Role::Step,
        }
    }

    /// Whether it takes back what the others did, so that it cannot be all there is.
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
        crate::escape::Escaped(.0)
    )]
    Before(String),
    #[error(transparent)]
    Id(#[from] ParseIdError),
}

/// `None` for a file that is no SQL, or hidden, as editors' temporary files are.
pub(super) fn parse(file_name: &str) -> Option<Result<(AlterationId, SqlHook), SqlNameError>> {
    if file_name.starts_with('.') || !file_name.to_ascii_lowercase().ends_with(".sql") {
        return None;
    }
    Some(parse_sql(file_name))
}

fn parse_sql(file_name: &str) -> Result<(AlterationId, SqlHook), SqlNameError> {
    let stem = file_name.strip_suffix(".sql").ok_or(SqlNameError::UpperCase)?;
    for hook in SqlHook::ALL {
        if let Some(stem) = stem.strip_suffix(hook.ending()) {
            return Ok((id(stem)?, hook));
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
        _ => Ok((id(stem)?, SqlHook::Up)),
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
            let (found, found_hook) = parse(name).unwrap().unwrap();
            assert_eq!((found.as_str(), found_hook), (id, hook), "{name}");
        }
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
