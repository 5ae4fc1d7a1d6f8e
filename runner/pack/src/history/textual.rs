//! Names of tools that order them as text, as ids, which order by number. Pure.
//!
//! The usual name begins with a date of 14 digits, which is the stamp as it stands. Fewer digits are filled up
//! with what sorts as the character behind them does: `20240131_x` runs after all of that day, and so its stamp
//! is 20240131999999. More digits are left to the name. A name without digits runs after all dates. An id
//! depends on its own name alone; the few pairs of names that this cannot order are refused.

use super::{Layout, Migration, Section, error::HistoryError, files::File, name};
use crate::{
    alteration::{AlterationId, LedgerKey, ParseIdError, Stamp},
    sql_name::SqlHook,
};
use std::path::{Path, PathBuf};

const DATE_DIGITS: usize = 14;
/// Before and after every date.
const FIRST: &str = "0";
const LAST: &str = "999999999999999";

/// Returns the stamp of a name, and what of the name it does not say.
fn placed(name: &str) -> (String, &str) {
    let digits = name.bytes().take_while(u8::is_ascii_digit).count().min(DATE_DIGITS);
    let (number, rest) = name.split_at(digits);
    let fill = if rest.bytes().next().is_some_and(|next| next > b'9') { "9" } else { "0" };
    match digits {
        0 if fill == "9" => (LAST.to_owned(), rest),
        0 => (FIRST.to_owned(), rest),
        _ => (format!("{number}{}", fill.repeat(DATE_DIGITS - digits)), rest),
    }
}

/// Returns the id of what is called `name`.
pub(super) fn id(name: &str) -> Result<AlterationId, ParseIdError> {
    let (stamp, rest) = placed(name);
    name::id(None, &stamp, rest)
}

/// Returns the alteration whose name is `version`, or begins with it and `_`.
pub(super) fn ledger_key(version: &str) -> Option<LedgerKey> {
    let longer = format!("{version}_");
    let (stamp, rest) = placed(&longer);
    let mut start = String::new();
    if rest != "_" {
        start.push_str("+-");
        name::escape(rest, &mut start);
    }
    let begins = LedgerKey::Begins(Stamp::parse(&stamp)?, start);
    let whole = id(version).ok().map(LedgerKey::Id);
    Some(LedgerKey::Any([begins].into_iter().chain(whole).collect()))
}

/// Makes one alteration of the file or folder `name`, which may stand at another path than its SQL.
pub(super) fn migration(
    name: &str,
    path: &Path,
    sections: Vec<Section>,
) -> Result<Migration, HistoryError> {
    let id = id(name).map_err(|error| HistoryError::Id { path: path.to_owned(), error })?;
    let is_shown = name.replacen('_', "-", 1) == id.as_str();
    let description = if is_shown { None } else { name::description("", name) };
    Ok(Migration::new(id, description, sections))
}

/// Returns the SQL of a whole file.
pub(super) fn section(file: &File, hook: SqlHook) -> Result<Section, HistoryError> {
    Ok(Section { hook, text: file.sql()?, path: file.path.clone(), first_line: 1 })
}

/// Refuses a history whose ids do not have the order of its tool.
pub(super) fn in_order(
    migrations: Vec<(PathBuf, Migration)>,
    layout: Layout,
) -> Result<Vec<Migration>, HistoryError> {
    if let Some(pair) = migrations.windows(2).find(|pair| pair[0].1.id >= pair[1].1.id) {
        let (first, second) = (pair[0].0.clone(), pair[1].0.clone());
        return Err(HistoryError::Order { first, second, layout });
    }
    Ok(migrations.into_iter().map(|(_, migration)| migration).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_order_of_text() {
        let mut names = [
            "(x)",
            "000000000000_squashed",
            "0001_a",
            "0_init",
            "2024-01-31_x",
            "20240101",
            "20240101000000_a",
            "20240101000000_b",
            "2024010100000012_a",
            "2024010100000012_b",
            "20240101000001_a",
            "202401010000_a",
            "20240101_a",
            "20240102000000_a",
            "2024_a",
            "3_x",
            "init",
            "users",
        ];
        names.sort_unstable();
        let ids = names.map(|name| id(name).unwrap());
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        for (name, own) in names.iter().zip(&ids) {
            let version = name.split('_').next().unwrap();
            let key = ledger_key(version).unwrap();
            assert!(key.is(own), "{version} {own}: {key:?}");
        }
    }

    #[test]
    fn ids_as_they_are_read() {
        let table = [
            ("20240101000000_add_users", "20240101000000-add_users", None),
            ("0_init", "09999999999999-init", Some("0_init")),
            ("20240131_x", "20240131999999-x", Some("20240131_x")),
            ("20240101000000_añadir", "20240101000000-a+C3+B1adir", Some("20240101000000_añadir")),
            ("init", "999999999999999-+-init", Some("init")),
        ];
        for (name, id, description) in table {
            let migration = migration(name, Path::new("x"), Vec::new()).unwrap();
            assert_eq!(migration.id.as_str(), id);
            assert_eq!(migration.description.as_deref(), description, "{name}");
        }
    }
}
