//! Keeps passwords out of what is shown: the user and password of whatever looks like a URL.
//!
//! A URL may stand anywhere in a text, because people type one where something else belongs.

/// `text` with `***` in place of user, password and parameters of each URL in it.
pub fn hidden(text: &str) -> String {
    text.split_inclusive(|c: char| c.is_whitespace() || "'\"`".contains(c)).map(word).collect()
}

fn word(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once(':') else { return word.to_owned() };
    let (slashes, rest) = match rest.strip_prefix("//") {
        Some(rest) => ("//", rest),
        None => ("", rest),
    };
    let end = rest.find(|c: char| c.is_whitespace() || "'\"`".contains(c)).unwrap_or(rest.len());
    let (rest, after) = rest.split_at(end);
    let (rest, parameters) = match rest.split_once('?') {
        Some((rest, _)) if !slashes.is_empty() => (rest, "?***"),
        _ => (rest, ""),
    };
    // The last `@` that is followed by a host: a password may hold the character too.
    let shown = match rest.rsplit_once('@') {
        Some((user, host)) if !slashes.is_empty() || user.contains(':') => format!("***@{host}"),
        _ => rest.to_owned(),
    };
    format!("{scheme}:{slashes}{shown}{parameters}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_what_is_secret() {
        let table = [
            ("no URL at all: 12 of 13", "no URL at all: 12 of 13"),
            ("postgres://u:secret@h/d: no such file", "postgres://***@h/d: no such file"),
            ("unexpected 'postgres://u:secret@h/d' found", "unexpected 'postgres://***@h/d' found"),
            ("postgres://u:sec@ret@h:5432/d", "postgres://***@h:5432/d"),
            ("postgres:u:secret@h/d", "postgres:***@h/d"),
            ("postgres://h/d?password=secret", "postgres://h/d?***"),
            ("postgres://token@h", "postgres://***@h"),
            ("sqlite:app.db", "sqlite:app.db"),
            ("sqlite:/var/lib/a@b/app.db", "sqlite:/var/lib/a@b/app.db"),
            ("runner:alteration/hooks@0.1.0", "runner:alteration/hooks@0.1.0"),
            ("://u:secret@h", "://***@h"),
        ];
        for (text, expected) in table {
            assert_eq!(hidden(text), expected);
        }
    }
}
