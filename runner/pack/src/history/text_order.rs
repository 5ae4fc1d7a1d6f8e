//! Names that tools order by text, as stamps that order as the names do. Pure.
//!
//! Each character is two digits, of which more come for a later character: what begins alike has digits that
//! begin alike, and a name that goes on has more of them. The first ten characters are the number of a stamp, behind
//! a `1`, which is larger than any number of 64 bits; the others are its fraction. So a stamp depends on its own
//! name alone, and a file that is added between two others changes neither.

use super::{HistoryError, Layout, files::File};
use crate::alteration::AlterationId;

/// Characters that become the whole number of a stamp.
const WHOLE_CHARS: usize = 10;
/// Characters that count; ids have an end.
const CHARS_MAX: usize = 40;
/// A stamp with a fraction needs a version before it, and no name tells one.
pub(super) const VERSION: &str = "0.0.0";

/// Returns the whole number and the fraction for a name; the fraction may be empty.
pub(super) fn stamp(name: &str) -> (String, String) {
    let digits: Vec<String> = name.bytes().take(CHARS_MAX).map(digits).collect();
    let (whole, fraction) = digits.split_at(digits.len().min(WHOLE_CHARS));
    (format!("1{:0<width$}", whole.concat(), width = 2 * WHOLE_CHARS), fraction.concat())
}

/// `01` to `99`. What is no printable ASCII character shares digits with its neighbours.
fn digits(byte: u8) -> String {
    let digits = match byte {
        ..=0x20 => 1,
        0x21..=0x7e => byte - 0x20 + 1,
        0x7f.. => 96 + (byte - 0x7f) / 33,
    };
    format!("{digits:02}")
}

/// Refuses files whose ids order otherwise than their tool runs them; they come in the tool's order.
pub(super) fn checked<'a>(
    in_order: impl IntoIterator<Item = (&'a AlterationId, &'a File)>,
    layout: Layout,
) -> Result<(), HistoryError> {
    let mut before: Option<(&AlterationId, &File)> = None;
    for (id, file) in in_order {
        match before {
            Some((other, first)) if other >= id => {
                let (first, second) = (first.path.clone(), file.path.clone());
                return Err(HistoryError::IdOrder { first, second, layout });
            }
            _ => before = Some((id, file)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alteration::Stamp;

    #[test]
    fn stamps_order_as_names_do() {
        let sorted = [
            "",
            " ",
            "!",
            "-",
            ".",
            "/",
            "0",
            "1",
            "1a",
            "9",
            "A",
            "Z",
            "_",
            "a",
            "add",
            "add-",
            "add-users",
            "add-users-by-na",
            "add-users-by-name",
            "add-users.",
            "add_users",
            "b",
            "z",
            "~",
            "é",
        ];
        let stamps = sorted.map(|name| {
            let (whole, fraction) = stamp(name);
            let text = if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") };
            Stamp::parse(&text).unwrap()
        });
        assert!(stamps.windows(2).all(|pair| pair[0] < pair[1]), "{stamps:?}");
        assert!(Stamp::parse(&u64::MAX.to_string()).unwrap() < stamps[0]);
    }
}
