//! Phone numbers to E.164: `+` and digits only.
//!
//! The default country is Germany (+49): a number with one leading zero is a German national
//! number. Ten digits in North American shape without that zero are +1. Any other number must carry
//! its country code. Does not look numbers up: whether one is assigned, nobody but the operator
//! knows.

const DEFAULT_COUNTRY: &str = "49";
const DIGITS_MIN: usize = 8;
const DIGITS_MAX: usize = 15;

pub(crate) fn phone(text: &str) -> Option<String> {
    let text = text.strip_prefix("tel:").unwrap_or(text);
    let text = without_extension(text);
    // "+49 (0) 30": the zero is dialled only inside the country.
    let (international, text) = match text.strip_prefix('+').or_else(|| text.strip_prefix("(+")) {
        Some(rest) => (true, rest.replacen("(0)", "", 1)),
        None => match text.strip_prefix("00") {
            Some(rest) => (true, rest.replacen("(0)", "", 1)),
            None => (false, text.to_owned()),
        },
    };
    let separator = |c: char| c.is_whitespace() || "()-./\u{2010}\u{2011}\u{2013}".contains(c);
    let mut digits = String::with_capacity(DIGITS_MAX + 1);
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            c if separator(c) => {}
            _ => return None,
        }
    }
    let number = match digits.as_bytes() {
        _ if international => digits,
        [b'0', b'1'..=b'9', ..] => format!("{DEFAULT_COUNTRY}{}", &digits[1..]),
        [b'2'..=b'9', _, _, b'2'..=b'9', ..] if digits.len() == 10 => format!("1{digits}"),
        [b'1', b'2'..=b'9', _, _, b'2'..=b'9', ..] if digits.len() == 11 => digits,
        _ => return None,
    };
    let plausible = (DIGITS_MIN..=DIGITS_MAX).contains(&number.len()) && !number.starts_with('0');
    plausible.then(|| format!("+{number}"))
}

/// An extension is dialled after the call is answered, and is no part of E.164.
fn without_extension(text: &str) -> &str {
    let letter = text.find(|c: char| c.is_ascii_alphabetic() || c == '#');
    let Some(at) = letter else {
        return text;
    };
    let word = text[at..].trim_end_matches(|c: char| c.is_ascii_digit() || c.is_whitespace());
    let word = word.trim_end_matches(['.', ':']);
    let known = ["x", "ext", "extension", "app", "durchwahl", "#"];
    if known.iter().any(|entry| word.eq_ignore_ascii_case(entry)) {
        text[..at].trim_end_matches([' ', ',', ';'])
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations() {
        let table = [
            ("+49 30 1234567", "+49301234567"),
            ("+49 (0)30 / 123 45-67", "+49301234567"),
            ("(+49) 30 1234567", "+49301234567"),
            ("0049 30 1234567", "+49301234567"),
            ("0049 (0) 30 1234567", "+49301234567"),
            ("030 1234567", "+49301234567"),
            ("(030) 123-45.67", "+49301234567"),
            ("0170/1234567", "+491701234567"),
            ("tel:+4930123456", "+4930123456"),
            ("030 1234567 ext. 12", "+49301234567"),
            ("(212) 555-0100", "+12125550100"),
            ("1-212-555-0100 x 5", "+12125550100"),
            ("+44 20 7946 0958", "+442079460958"),
            ("+33 1 99 00 12 34", "+33199001234"),
        ];
        for (text, expected) in table {
            assert_eq!(phone(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn refused() {
        for text in [
            "none",
            "12345",
            "1234567",
            "030",
            "+",
            "00",
            "+49 30 123 call me",
            "0800 FLOWERS",
            "+123456789012345678",
            "030 1234567 030 7654321",
            "000 123",
            "+0301234567",
        ] {
            assert_eq!(phone(text), None, "{text}");
        }
    }
}
