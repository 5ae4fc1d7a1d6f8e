//! `${name}` by its value, wherever it stands: Flyway looks neither at quotes nor at comments. Pure.

use super::conf::Settings;
use crate::history::{Context, error::Problem};

/// Values given on the command line count more than those of `flyway.conf`.
pub(super) fn replace(
    text: &str,
    settings: &Settings,
    context: &Context<'_>,
) -> Result<String, (usize, Problem)> {
    let (prefix, suffix) = (&settings.placeholder_prefix, &settings.placeholder_suffix);
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(prefix.as_str()) {
        let (before, from) = rest.split_at(at);
        let line = 1 + newlines(&text[..text.len() - from.len()]);
        let inside = &from[prefix.len()..];
        let length =
            inside.find(suffix.as_str()).ok_or((line, Problem::OpenPlaceholder(prefix.clone())))?;
        let name = &inside[..length];
        let value = context.placeholders.get(name).or_else(|| settings.placeholders.get(name));
        let value = value.ok_or_else(|| {
            let whole = &from[..prefix.len() + length + suffix.len()];
            let elsewhere =
                ", or in flyway.conf beside the scripts as flyway.placeholders.NAME=VALUE";
            let (text, name) = (whole.to_owned(), name.to_owned());
            (line, Problem::NoValue { text, name, elsewhere })
        })?;
        replaced.push_str(before);
        replaced.push_str(value);
        rest = &inside[length + suffix.len()..];
    }
    replaced.push_str(rest);
    Ok(replaced)
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::Findings;
    use std::collections::{BTreeMap, BTreeSet};

    fn replaced(text: &str, settings: &Settings) -> Result<String, (usize, Problem)> {
        let placeholders = BTreeMap::from([("owner".to_owned(), "o'x".to_owned())]);
        let dialects = BTreeSet::new();
        let findings = &Findings::default();
        let placeholders = &placeholders;
        let context = Context { placeholders, dialects, shipped: None, bundle: false, findings };
        replace(text, settings, &context)
    }

    #[test]
    fn values() {
        let mut settings = Settings::default();
        settings.placeholders.insert("owner".to_owned(), "hidden".to_owned());
        settings.placeholders.insert("schema".to_owned(), "é".to_owned());
        let table = [
            ("", ""),
            ("no $ { }", "no $ { }"),
            ("'${owner}' -- ${schema}\r\n", "'o'x' -- é\r\n"),
            ("${owner}${schema}", "o'xé"),
            ("$${owner}$", "$o'x$"),
        ];
        for (text, expected) in table {
            assert_eq!(replaced(text, &settings).as_deref(), Ok(expected), "{text}");
        }
        settings.placeholder_prefix = "@@".to_owned();
        settings.placeholder_suffix = "@".to_owned();
        assert_eq!(replaced("${owner} @@schema@", &settings).unwrap(), "${owner} é");
    }

    #[test]
    fn no_value() {
        let (line, problem) = replaced("a\n\n'${other}'", &Settings::default()).unwrap_err();
        assert_eq!(line, 3);
        assert!(problem.to_string().contains("`${other}` has no value"), "{problem}");
        let (line, problem) = replaced("a\n${owner", &Settings::default()).unwrap_err();
        assert_eq!(line, 2);
        assert!(problem.to_string().contains("never closed"), "{problem}");
    }
}
