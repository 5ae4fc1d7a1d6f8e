//! Slugs of titles. Needs no database, so that `cargo test` can test it.

/// Words of letters and digits, in lower case, with `-` between them.
pub fn slug_of(title: &str) -> String {
    let words = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for (title, slug) in [("To do", "to-do"), ("  It's -- done! ", "it-s-done"), ("", "")] {
            assert_eq!(slug_of(title), slug);
        }
    }
}
