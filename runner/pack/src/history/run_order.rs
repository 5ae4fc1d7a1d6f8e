//! Alterations in the order in which their tool runs them, where that is not the order of numbers alone.

use super::{
    Layout, Migration,
    error::{FileProblem, HistoryError},
    files::File,
    name,
    numbered::{Numbered, in_order_of_text},
    stamp::Text,
};

const ONE_NUMBER: &str = "another file has its number, and the two would run in another order than their tool runs them; give it a number of its own";

/// One file of a history, with the number that its name begins with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) file: &'a File,
    pub(super) number: &'a str,
    /// What stands behind the number and its separator, without endings.
    pub(super) name: &'a str,
}

impl Named<'_> {
    pub(super) fn migration(
        &self,
        sections: Vec<super::Section>,
    ) -> Result<Migration, HistoryError> {
        migration(self.file, self.number, self.name, sections)
    }
}

pub(super) fn migration(
    file: &File,
    number: &str,
    name: &str,
    sections: Vec<super::Section>,
) -> Result<Migration, HistoryError> {
    let id = name::id_of(number, name)
        .map_err(|error| HistoryError::Id { path: file.path.clone(), error })?;
    let description = name::description(id.name(), name);
    Ok(Migration::new(id, description, sections))
}

/// Refuses alterations, given in their tool's order, that their ids would bring into another one.
pub(super) fn kept(
    migrations: Vec<Migration>,
    layout: Layout,
) -> Result<Vec<Migration>, HistoryError> {
    let path = |migration: &Migration| migration.files.first().cloned().unwrap_or_default();
    match migrations.windows(2).find(|pair| pair[0].id >= pair[1].id) {
        Some(pair) => {
            let (first, second) = (path(&pair[0]), path(&pair[1]));
            Err(match pair[0].id.stamp() == pair[1].id.stamp() {
                true => {
                    HistoryError::File { path: second, problem: FileProblem::Other(ONE_NUMBER) }
                }
                false => HistoryError::Order { first, second, layout },
            })
        }
        None => Ok(migrations),
    }
}

/// One file of a tool that orders by the text of names, with the number that its name begins with.
pub(super) struct Dated<'a> {
    pub(super) file: &'a File,
    pub(super) number: String,
    pub(super) name: &'a str,
    pub(super) sections: Vec<super::Section>,
}

/// Returns the alterations of `files`, in the order of their names' text.
pub(super) fn by_text(
    files: Vec<Dated<'_>>,
    layout: Layout,
) -> Result<Vec<Migration>, HistoryError> {
    let numbers: Vec<_> = files.iter().map(|dated| (dated.file, dated.number.clone())).collect();
    let names: Vec<_> =
        numbers.iter().map(|(file, number)| Numbered { file, number, rest: "" }).collect();
    // What stands behind the number sorts before its digits, or behind them.
    let is_low = |file: &File| {
        name::numbered(&file.name).is_some_and(|(_, rest)| rest.starts_with(['-', '.', ' ']))
    };
    let order = match files.iter().any(|dated| is_low(dated.file)) {
        true => Text::Version,
        false => Text::Name,
    };
    let numbers = in_order_of_text(&names, order, layout)?;
    let migrations = files
        .into_iter()
        .zip(numbers)
        .map(|(dated, number)| migration(dated.file, &number, dated.name, dated.sections));
    kept(migrations.collect::<Result<_, _>>()?, layout)
}

/// Splits a name into the digits of a date that it begins with, with `.`, `-`, `_` or `T` between them or not, and the
/// rest: `2020.11.24T16.52.04.users` is `20201124165204` and `users`. Any other number is taken as it stands.
pub(super) fn dated(stem: &str) -> Option<(String, &str)> {
    let (first, mut rest) = name::numbered(stem)?;
    let mut digits = first.to_owned();
    const YEAR: usize = 4;
    const DATE: usize = 8;
    const TIME: usize = 14;
    if first.len() == YEAR {
        let (mut found, mut behind) = (first.to_owned(), rest);
        while found.len() < TIME {
            let next = behind.strip_prefix(['.', '-', '_', 'T']).and_then(name::numbered);
            let Some((two, more)) = next.filter(|(two, _)| two.len() == 2) else { break };
            found.push_str(two);
            behind = more;
        }
        if found.len() == DATE || found.len() == TIME {
            (digits, rest) = (found, behind);
        }
    }
    Some((digits, rest.strip_prefix(['.', '-', '_']).unwrap_or(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let table = [
            ("2020.11.24T16.52.04.users", Some(("20201124165204", "users"))),
            ("2020-11-24-users", Some(("20201124", "users"))),
            ("2020_11_24_users", Some(("20201124", "users"))),
            ("20201124165204-users", Some(("20201124165204", "users"))),
            ("0001_2024_report", Some(("0001", "2024_report"))),
            ("2020-1-2-users", Some(("2020", "1-2-users"))),
            ("001.users", Some(("001", "users"))),
            ("7", Some(("7", ""))),
            ("users", None),
        ];
        for (stem, expected) in table {
            let expected = expected.map(|(digits, rest)| (digits.to_owned(), rest));
            assert_eq!(dated(stem), expected, "{stem}");
        }
    }
}
