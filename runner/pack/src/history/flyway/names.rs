//! Names of Flyway's scripts. Pure.

use super::conf::Settings;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Versioned,
    Undo,
    Repeatable,
    Baseline,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name<'a> {
    pub(super) kind: Kind,
    /// Empty for a repeatable one.
    pub(super) version: &'a str,
    pub(super) text: &'a str,
}

/// Reads a file name; `None` for a file that Flyway does not take for one of its own.
pub(super) fn parse<'a>(file_name: &'a str, settings: &Settings) -> Option<Name<'a>> {
    let stem =
        settings.suffixes.iter().find_map(|suffix| file_name.strip_suffix(suffix.as_str()))?;
    let mut prefixes = [
        (&settings.versioned, Kind::Versioned),
        (&settings.undo, Kind::Undo),
        (&settings.repeatable, Kind::Repeatable),
        (&settings.baseline, Kind::Baseline),
    ];
    // The longest that fits is the one that is meant.
    prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
    let (rest, kind) = prefixes
        .into_iter()
        .find_map(|(prefix, kind)| Some((stem.strip_prefix(prefix.as_str())?, kind)))?;
    let (version, text) = rest.split_once(settings.separator.as_str())?;
    (version.is_empty() == (kind == Kind::Repeatable)).then_some(Name { kind, version, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let table = [
            ("V1__a.sql", Some((Kind::Versioned, "1", "a"))),
            ("V1.2__a__b c.sql", Some((Kind::Versioned, "1.2", "a__b c"))),
            ("V1_2__.sql", Some((Kind::Versioned, "1_2", ""))),
            ("U1__a.sql", Some((Kind::Undo, "1", "a"))),
            ("R__a.sql", Some((Kind::Repeatable, "", "a"))),
            ("B1__a.sql", Some((Kind::Baseline, "1", "a"))),
            ("V__a.sql", None),
            ("R1__a.sql", None),
            ("V1_a.sql", None),
            ("v1__a.sql", None),
            ("V1__a.sql.conf", None),
            ("schema.sql", None),
        ];
        for (name, expected) in table {
            let found = parse(name, &Settings::default());
            assert_eq!(found.map(|n| (n.kind, n.version, n.text)), expected, "{name}");
        }
        let settings = Settings {
            versioned: "M".to_owned(),
            separator: "-".to_owned(),
            suffixes: vec![".pgsql".to_owned(), ".sql".to_owned()],
            ..Settings::default()
        };
        assert_eq!(parse("M1-a.pgsql", &settings).unwrap().version, "1");
        assert_eq!(parse("V1__a.sql", &settings), None);
    }
}
