//! File names of SQL alterations: which alteration, which direction. Pure; touches no file.
//!
//! Two spellings are read: `<id>.up.sql`, and the `<stamp>_<name>.up.sql` of other tools, whose first
//! `_` becomes the `-` of an id and whose name is kept as it is. A plain `.sql` is an `up` without
//! a way back.

use crate::alteration::{AlterationId, Direction, ParseIdError};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SqlNameError {
    #[error("the ending must be in lower case: `.up.sql`, `.down.sql` or `.sql`")]
    UpperCase,
    #[error(transparent)]
    Id(#[from] ParseIdError),
}

/// `None` for a file that is no SQL, or hidden, as editors' temporary files are.
pub(super) fn parse(file_name: &str) -> Option<Result<(AlterationId, Direction), SqlNameError>> {
    if file_name.starts_with('.') || !file_name.to_ascii_lowercase().ends_with(".sql") {
        return None;
    }
    Some(parse_sql(file_name))
}

fn parse_sql(file_name: &str) -> Result<(AlterationId, Direction), SqlNameError> {
    let stem = file_name.strip_suffix(".sql").ok_or(SqlNameError::UpperCase)?;
    let (stem, direction) = if let Some(stem) = stem.strip_suffix(".up") {
        (stem, Direction::Up)
    } else if let Some(stem) = stem.strip_suffix(".down") {
        (stem, Direction::Down)
    } else if [".up", ".down"].iter().any(|end| stem.to_ascii_lowercase().ends_with(end)) {
        return Err(SqlNameError::UpperCase);
    } else {
        (stem, Direction::Up)
    };
    Ok((id(stem)?, direction))
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
            ("1.4.0-1718000000-add-x.up.sql", "1.4.0-1718000000-add-x", Direction::Up),
            ("1.4.0-1718000000-add-x.down.sql", "1.4.0-1718000000-add-x", Direction::Down),
            ("1.0.0_beta.1-17.5-x.up.sql", "1.0.0_beta.1-17.5-x", Direction::Up),
            ("next-17-x.sql", "next-17-x", Direction::Up),
            ("20240131120000_create_users.up.sql", "20240131120000-create_users", Direction::Up),
            (
                "20240131120000_create_users.down.sql",
                "20240131120000-create_users",
                Direction::Down,
            ),
            ("0001_a-b_c.sql", "0001-a-b_c", Direction::Up),
            ("7-a_b.sql", "7-a_b", Direction::Up),
            ("1_1-2-x.sql", "1-1-2-x", Direction::Up),
            ("1-x.up.up.sql", "1-x.up", Direction::Up),
        ];
        for (name, id, direction) in table {
            let (found, found_direction) = parse(name).unwrap().unwrap();
            assert_eq!((found.as_str(), found_direction), (id, direction), "{name}");
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
        for name in ["1-x.SQL", "1-x.up.Sql", "1-x.UP.sql", "1-x.Down.sql"] {
            assert_eq!(parse(name), Some(Err(SqlNameError::UpperCase)), "{name}");
        }
        for name in ["create.up.sql", "1_.sql", "_x.sql", "1-é.sql", "1 x.sql", "up.sql"] {
            assert!(matches!(parse(name), Some(Err(SqlNameError::Id(_)))), "{name}");
        }
    }
}
