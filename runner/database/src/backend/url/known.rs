//! The parameters of a URL: each backend has one table of names and meanings, and these look in it.

use super::error::{ParseUrlError, UnknownParameter};

/// One line of a table: the names of a parameter, the one to recommend first, and its meaning.
pub(super) type Known<M> = (&'static [&'static str], M);

/// What a parameter is about that the runner cannot honour.
pub(super) const POOL: &str =
    "it is about a pool of connections, and the runner has one connection; leave it out";
pub(super) const NOT_THIS_RUNNER: &str = "the runner cannot do this; leave it out";

/// The line of `name`. Errors: an unknown one, with the nearest name of `usable` lines.
pub(super) fn find<M>(
    table: &'static [Known<M>],
    name: &str,
    usable: impl Fn(&M) -> bool,
    hint: &'static str,
) -> Result<&'static Known<M>, ParseUrlError> {
    if let Some(line) = table.iter().find(|(names, _)| names.contains(&name)) {
        return Ok(line);
    }
    let names = table.iter().filter(|(_, meaning)| usable(meaning)).flat_map(|(names, _)| *names);
    let nearest = names
        .map(|known| (distance(&plain(name), &plain(known)), *known))
        .filter(|(distance, known)| *distance <= known.len().div_ceil(4).min(2))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known);
    let name = looks_like_a_name(name).then(|| name.to_owned());
    Err(ParseUrlError::UnknownParameter(UnknownParameter { name, nearest, hint }))
}

/// Whether it can be shown: a piece of a password can get where a name belongs.
fn looks_like_a_name(text: &str) -> bool {
    text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.[]".contains(c))
}

/// Without what different clients spell differently.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !"-_".contains(*c)).map(|c| c.to_ascii_lowercase()).collect()
}

/// How many letters have to be changed, added or removed; two that changed places count once.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut rows = vec![(0..=other.len()).collect::<Vec<_>>()];
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (rows[i][j] + usize::from(a != b)).min(rows[i][j + 1] + 1);
            least = least.min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn slips_of_a_finger_count_once() {
        let table =
            [("sslmode", "sslmode", 0), ("sslmod", "sslmode", 1), ("optoins", "options", 1)];
        for (one, other, expected) in table {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }
}
