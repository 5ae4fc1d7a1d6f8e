//! Names: "Given Family" and "Family, Given", without titles and suffixes.
//!
//! Does not change the spelling: "McDonald" and "van Gogh" are right as they are.

const TITLES: &[&str] = &[
    "dipl-ing", "dr", "frau", "herr", "ing", "lady", "mag", "miss", "mme", "mr", "mrs", "ms",
    "prof", "sir",
];
const SUFFIXES: &[&str] =
    &["ba", "bsc", "esq", "ii", "iii", "iv", "jr", "ma", "mba", "md", "msc", "phd", "sr"];
/// Words that begin a family name of several words.
const PARTICLES: &[&str] = &[
    "af", "al", "bin", "da", "de", "del", "della", "den", "der", "di", "do", "dos", "du", "el",
    "ibn", "la", "le", "ten", "ter", "van", "vom", "von", "zu", "zum", "zur",
];

#[derive(Debug, PartialEq)]
pub(crate) struct Name {
    pub(crate) given: Option<String>,
    pub(crate) family: Option<String>,
}

/// A single word is a given name, or after a title the family's.
pub(crate) fn name(text: &str) -> Option<Name> {
    if text.contains(|c: char| c.is_ascii_digit() || c.is_control() && !c.is_whitespace())
        || text.contains(['@', '/', '<', '>'])
    {
        return None;
    }
    let mut parts = text.split(',');
    let first = parts.next()?;
    let before = words(first);
    // "Smith, John, PhD", but also "John Smith, PhD": what is left of a part decides.
    let after = parts.map(words).find(|words| !words.is_empty());
    let (given, family) = match after {
        Some(given) => (given.join(" "), before.join(" ")),
        None => {
            let titled =
                first.split_whitespace().next().is_some_and(|word| is_one_of(TITLES, word));
            let at = if titled && before.len() == 1 { 0 } else { family_at(&before) };
            (before[..at].join(" "), before[at..].join(" "))
        }
    };
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let name = Name { given: some(given), family: some(family) };
    (name.given.is_some() || name.family.is_some()).then_some(name)
}

/// The words of a part of a name, without titles before and suffixes after it.
fn words(part: &str) -> Vec<&str> {
    let mut words: Vec<&str> = part.split_whitespace().collect();
    let titles = words.iter().take_while(|word| is_one_of(TITLES, word)).count();
    words.drain(..titles);
    let names = words.iter().rposition(|word| !is_one_of(SUFFIXES, word)).map_or(0, |at| at + 1);
    words.truncate(names);
    words
}

/// Where the family name begins: at the first particle after the given name, else at the last word.
fn family_at(words: &[&str]) -> usize {
    let last = words.len().saturating_sub(1).max(1);
    let particle = |word: &&str| PARTICLES.contains(word);
    let inner = words.get(1..last).unwrap_or_default();
    inner.iter().position(particle).map_or(last, |at| at + 1).min(words.len())
}

/// Compares without dots and case: "Ph.D." is "phd".
fn is_one_of(list: &[&str], word: &str) -> bool {
    let plain = || word.bytes().filter(|b| *b != b'.').map(|b| b.to_ascii_lowercase());
    list.iter().any(|entry| plain().eq(entry.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let table = [
            ("Ada Lovelace", "Ada", "Lovelace"),
            ("Lovelace, Ada", "Ada", "Lovelace"),
            ("  Lovelace ,\tAda  King ", "Ada King", "Lovelace"),
            ("Dr. Ada Lovelace", "Ada", "Lovelace"),
            ("Prof. Dr. Ada Lovelace, Ph.D.", "Ada", "Lovelace"),
            ("Herr Dipl.-Ing. Konrad Zuse", "Konrad", "Zuse"),
            ("Zuse, Dr. Konrad", "Konrad", "Zuse"),
            ("John Ronald Reuel Tolkien", "John Ronald Reuel", "Tolkien"),
            ("Sammy Davis Jr.", "Sammy", "Davis"),
            ("Davis, Sammy, Jr.", "Sammy", "Davis"),
            ("Vincent van Gogh", "Vincent", "van Gogh"),
            ("Ludwig Mies van der Rohe", "Ludwig Mies", "van der Rohe"),
            ("van Gogh, Vincent", "Vincent", "van Gogh"),
            ("Jean-Luc O'Neill-Picard", "Jean-Luc", "O'Neill-Picard"),
            ("毛 泽东", "毛", "泽东"),
            ("Madonna", "Madonna", ""),
            ("Herr Zuse", "", "Zuse"),
            ("Mr", "", ""),
            ("ada@example.com", "", ""),
            ("Customer 17", "", ""),
            (",", "", ""),
        ];
        for (text, given, family) in table {
            let found = name(text.trim());
            let found = found.map(|name| (name.given, name.family)).unwrap_or_default();
            let found = (found.0.unwrap_or_default(), found.1.unwrap_or_default());
            assert_eq!(found, (given.to_owned(), family.to_owned()), "{text}");
        }
    }
}
