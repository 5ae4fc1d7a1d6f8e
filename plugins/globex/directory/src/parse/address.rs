//! Addresses: postcode and city of "Street 1, 12345 City", on one line or on several.
//!
//! Knows postcodes of four or five digits before the city, and "City, ST 12345". Does not check
//! that they exist.

#[derive(Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) postcode: String,
    pub(crate) city: String,
}

pub(crate) fn address(text: &str) -> Option<Place> {
    let parts: Vec<&str> =
        text.split([',', ';', '\n', '\r']).map(str::trim).filter(|part| !part.is_empty()).collect();
    // In "1234 Main Street, …" the first part only looks like a postcode and a city.
    let first = usize::from(parts.len() > 1);
    // A country may stand last.
    (first..parts.len()).rev().find_map(|at| {
        let before = at.checked_sub(1).map(|before| parts[before]);
        before_city(parts[at]).or_else(|| after_state(before?, parts[at]))
    })
}

/// "12345 City", "D-12345 City".
fn before_city(part: &str) -> Option<Place> {
    let (postcode, city) = part.split_once(char::is_whitespace)?;
    let postcode = match postcode.split_once('-') {
        Some((country, digits)) if is_country(country) => digits,
        _ => postcode,
    };
    let digits = matches!(postcode.len(), 4 | 5) && postcode.bytes().all(|b| b.is_ascii_digit());
    (digits && is_city(city)).then(|| place(postcode, city))
}

/// "City" and "ST 12345", "ST 12345-6789".
fn after_state(city: &str, part: &str) -> Option<Place> {
    let (state, postcode) = part.split_once(' ')?;
    let digits = |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    let zip = match postcode.split_once('-') {
        Some((five, four)) => digits(five, 5) && digits(four, 4),
        None => digits(postcode, 5),
    };
    let is_state = state.len() == 2 && state.bytes().all(|b| b.is_ascii_uppercase());
    (zip && is_state && is_city(city)).then(|| place(postcode, city))
}

fn is_country(text: &str) -> bool {
    matches!(text.len(), 1..=3) && text.bytes().all(|b| b.is_ascii_alphabetic())
}

fn is_city(text: &str) -> bool {
    text.chars().any(char::is_alphabetic) && !text.contains(|c: char| c.is_ascii_digit())
}

fn place(postcode: &str, city: &str) -> Place {
    let city = city.split_whitespace().collect::<Vec<_>>().join(" ");
    Place { postcode: postcode.to_owned(), city }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let table = [
            ("Hauptstr. 1, 12345 Berlin", "12345", "Berlin"),
            ("Hauptstr. 1\n12345  Bad   Homburg", "12345", "Bad Homburg"),
            ("Hauptstr. 1 ;D-12345 Berlin", "12345", "Berlin"),
            ("Hauptstr. 1, 2. Stock, 12345 Berlin, Germany", "12345", "Berlin"),
            ("Ringstrasse 5, 8001 Zürich", "8001", "Zürich"),
            ("12345 Berlin", "12345", "Berlin"),
            ("1234 Main Street, Springfield, IL 62704", "62704", "Springfield"),
            ("1 Main Street, Springfield, IL 62704-1234, USA", "62704-1234", "Springfield"),
        ];
        for (text, postcode, city) in table {
            assert_eq!(address(text), Some(place(postcode, city)), "{text}");
        }
    }

    #[test]
    fn refused() {
        for text in [
            "Berlin",
            "Hauptstr. 1",
            "Hauptstr. 1, Berlin",
            "1234 Main Street, Springfield",
            "12345",
            "Hauptstr. 1, 123 Berlin",
            "Hauptstr. 1, 12345 4",
            "-",
            ",,",
        ] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
