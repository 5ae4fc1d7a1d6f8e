//! The command line of a PostgreSQL server process (`options`, PGOPTIONS), taken apart as the server does. Pure.

/// The settings in `text`, in their order; `None` where it holds anything else than settings.
pub(super) fn settings(text: &str) -> Option<Vec<(String, String)>> {
    let mut arguments = arguments(text).into_iter();
    let mut settings = Vec::new();
    while let Some(argument) = arguments.next() {
        let setting = match argument.strip_prefix("-c").or_else(|| argument.strip_prefix("--")) {
            Some("") if argument == "-c" => arguments.next()?,
            Some(setting) => setting.to_owned(),
            None => return None,
        };
        let (name, value) = setting.split_once('=')?;
        // What follows an equals sign is the value, blanks and all.
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Some(settings)
}

/// Whether a setting in `text` is the search path, whatever else is in it.
pub(super) fn names_search_path(text: &str) -> bool {
    arguments(text).iter().any(|argument| {
        let setting = argument.strip_prefix("-c").or_else(|| argument.strip_prefix("--"));
        let name = setting.unwrap_or(argument).split_once('=').map(|(name, _)| name);
        name.is_some_and(is_search_path)
    })
}

/// Whether it is the name of the setting, which the server takes in any case.
pub(super) fn is_search_path(name: &str) -> bool {
    name.replace('-', "_").eq_ignore_ascii_case("search_path")
}

/// Separated by blanks; a backslash takes the next character as it is.
fn arguments(text: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut current: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_ascii_whitespace() => arguments.extend(current.take()),
            '\\' => current.get_or_insert_default().extend(chars.next()),
            c => current.get_or_insert_default().push(c),
        }
    }
    arguments.extend(current);
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taken_apart_as_the_server_does() {
        let table: [(&str, Option<&[(&str, &str)]>); 8] = [
            ("", Some(&[])),
            ("-c a=1", Some(&[("a", "1")])),
            ("-ca=1 --b-c=2", Some(&[("a", "1"), ("b_c", "2")])),
            (r"-c search_path=a,\ b", Some(&[("search_path", "a, b")])),
            (r#"-c search_path="A\\b""#, Some(&[("search_path", "\"A\\b\"")])),
            ("-c a", None),
            ("-c", None),
            ("-d 5", None),
        ];
        for (text, expected) in table {
            let found = settings(text);
            let found: Option<Vec<(&str, &str)>> = found
                .as_ref()
                .map(|found| found.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        assert!(names_search_path("-d 5 -c Search-Path=x"));
        assert!(!names_search_path("-c search_paths=x"));
    }
}
