//! What stands behind `--changeset` and `--property`: `key:value`, where a value may stand in quotes. Pure.

use crate::alteration::Dialect;
use std::collections::BTreeSet;

/// Keys in lower case, and their values.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes(Vec<(String, String)>);

impl Attributes {
    pub(super) fn parse(text: &str) -> Self {
        let mut found = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let end = rest.find([':', ' ', '\t']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            let Some(after) = after.strip_prefix(':') else {
                rest = after.trim_start();
                continue;
            };
            let after_blank = after.trim_start();
            let (value, behind) = match after_blank.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => {
                    let end = after.find([' ', '\t']).unwrap_or(after.len());
                    after.split_at(end)
                }
            };
            found.push((key.to_lowercase(), value.to_owned()));
            rest = behind.trim_start();
        }
        Self(found)
    }

    /// Returns the attributes of a property, whose values end with the next blank whatever they begin with.
    pub(super) fn of_property(text: &str) -> Self {
        let pairs = text.split_whitespace().filter_map(|word| word.split_once(':'));
        Self(pairs.map(|(key, value)| (key.to_lowercase(), value.to_owned())).collect())
    }

    /// Returns the value of a key, given in lower case.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Returns whether a key, given in lower case, says `true`; `None` where it is not there.
    pub(super) fn is_true(&self, key: &str) -> Option<bool> {
        self.get(key).map(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Returns the dialects that `dbms` names; all where it is not there.
    pub(super) fn dialects(&self) -> BTreeSet<Dialect> {
        let all = BTreeSet::from(Dialect::ALL);
        let Some(names) = self.get("dbms") else { return all };
        let (mut wanted, mut unwanted) = (BTreeSet::new(), BTreeSet::new());
        let mut names_wanted = false;
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let (set, name) = match name.strip_prefix('!') {
                Some(name) => (&mut unwanted, name),
                None => {
                    names_wanted = true;
                    (&mut wanted, name)
                }
            };
            match name.to_lowercase().as_str() {
                "all" => set.extend(Dialect::ALL),
                name => set.extend(name.parse::<Dialect>().ok()),
            }
        }
        let named = if names_wanted { wanted } else { all };
        named.difference(&unwanted).copied().collect()
    }
}

/// Returns whether an expression over names holds: `,` and `or`, `and`, `!` and `not`, parentheses. An empty one holds.
pub(super) fn holds(expression: &str, is_set: &dyn Fn(&str) -> bool) -> bool {
    let spaced = ["(", ")", "!", ","]
        .iter()
        .fold(expression.to_lowercase(), |text, sign| text.replace(sign, &format!(" {sign} ")));
    let words: Vec<&str> = spaced.split_whitespace().collect();
    words.is_empty() || Expression { words: &words, is_set }.any()
}

struct Expression<'a> {
    words: &'a [&'a str],
    is_set: &'a dyn Fn(&str) -> bool,
}

impl Expression<'_> {
    fn next(&mut self, words: &[&str]) -> bool {
        match self.words.split_first() {
            Some((word, rest)) if words.contains(word) => {
                self.words = rest;
                true
            }
            _ => false,
        }
    }

    fn any(&mut self) -> bool {
        let mut holds = self.all();
        while self.next(&[",", "or"]) {
            // Both sides have to be read.
            holds |= self.all();
        }
        holds
    }

    fn all(&mut self) -> bool {
        let mut holds = self.one();
        while self.next(&["and"]) {
            holds &= self.one();
        }
        holds
    }

    fn one(&mut self) -> bool {
        if self.next(&["!", "not"]) {
            return !self.one();
        }
        if self.next(&["("]) {
            let holds = self.any();
            self.next(&[")"]);
            return holds;
        }
        let Some((word, rest)) = self.words.split_first() else { return false };
        self.words = rest;
        (self.is_set)(word.trim_start_matches('@'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dialect::{Mariadb, Mysql, Postgresql, Sqlite};

    #[test]
    fn keys_and_values() {
        let attributes = Attributes::parse(
            "splitStatements:false  endDelimiter:// context:\"a or b\" DBMS:postgresql,sqlite other",
        );
        assert_eq!(attributes.is_true("splitstatements"), Some(false));
        assert_eq!(attributes.get("enddelimiter"), Some("//"));
        assert_eq!(attributes.get("context"), Some("a or b"));
        assert_eq!(attributes.dialects(), BTreeSet::from([Postgresql, Sqlite]));
        assert_eq!(attributes.get("other"), None);
    }

    #[test]
    fn databases() {
        let table: [(&str, &[Dialect]); 6] = [
            ("", &Dialect::ALL),
            ("dbms:postgresql", &[Postgresql]),
            ("dbms:mysql,mariadb", &[Mysql, Mariadb]),
            ("dbms:!sqlite,!h2", &[Postgresql, Mysql, Mariadb]),
            ("dbms:oracle", &[]),
            ("dbms:all", &Dialect::ALL),
        ];
        for (text, expected) in table {
            let dialects = Attributes::parse(text).dialects();
            assert_eq!(dialects, expected.iter().copied().collect(), "{text}");
        }
    }

    #[test]
    fn expressions() {
        let is_set = |name: &str| matches!(name, "a" | "b");
        for text in ["", "a", "x,a", "x or b", "a and b", "!x", "not x", "(x or a) and !c", "@a"] {
            assert!(holds(text, &is_set), "{text}");
        }
        for text in ["x", "!a", "a and x", "!(a or x)", "x,y"] {
            assert!(!holds(text, &is_set), "{text}");
        }
    }
}
