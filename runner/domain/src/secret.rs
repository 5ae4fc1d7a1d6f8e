//! Keeps passwords out of what is shown: the user and password of whatever looks like a URL.
//!
//! A URL may stand anywhere in a text, because people type one where something else belongs.

/// Returns `text` with `***` in place of user, password and parameters of each URL in it.
pub fn hidden(text: &str) -> String {
    hidden_but(text, |_| false)
}

/// Hides as [`hidden`] does, but for URLs of which `is_shown` says that they hold no secret: they stay whole. A URL may stand
/// behind a flag and its `=`.
pub fn hidden_but(text: &str, is_shown: impl Fn(&str) -> bool) -> String {
    let words = text.split_inclusive(is_end);
    words.map(|word| self::word(word, &is_shown)).collect()
}

fn is_end(c: char) -> bool {
    c.is_whitespace() || "'\"`".contains(c)
}

fn word(word: &str, is_shown: &impl Fn(&str) -> bool) -> String {
    let url = word.trim_end_matches(is_end);
    let behind_flag = url.split_once('=').filter(|(flag, _)| flag.starts_with("--"));
    if is_shown(behind_flag.map_or(url, |(_, url)| url)) {
        return word.to_owned();
    }
    let Some((scheme, rest)) = word.split_once(':') else { return word.to_owned() };
    let (slashes, rest) = match rest.strip_prefix("//") {
        Some(rest) => ("//", rest),
        None => ("", rest),
    };
    let end = rest.find(is_end).unwrap_or(rest.len());
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

    #[test]
    fn urls_that_are_shown_stay_whole() {
        let is_shown = |url: &str| url == "postgres://same@h/d?sslmode=require";
        let table = [
            ("run `x 'postgres://same@h/d?sslmode=require'` now", None),
            ("--database=postgres://same@h/d?sslmode=require\n", None),
            ("postgres://same@h/d", Some("postgres://***@h/d")),
            ("postgres://same:same@h/d?sslmode=require", Some("postgres://***@h/d?***")),
        ];
        for (text, expected) in table {
            assert_eq!(hidden_but(text, is_shown), expected.unwrap_or(text));
        }
    }
}
