//! Dates and times: out of the binary protocol as text, and offsets into UTC on the way in.
//!
//! Loses nothing: zero dates, partly zero dates and times beyond a day stay what they are.

use crate::session::{ErrorKind, SqlError};
use jiff::tz::TimeZone;

/// Reads a DATE, DATETIME or TIMESTAMP of the binary protocol: a length byte, then as many bytes. Returns ISO 8601 with a
/// `T`, or the server's own format for a month or a day of zero, which ISO 8601 does not have.
pub(super) fn date(bytes: &[u8], with_time: bool) -> Result<String, String> {
    let body = body(bytes)?;
    let at = |index: usize| body.get(index).copied().unwrap_or_default();
    let year = u16::from_le_bytes([at(0), at(1)]);
    let mut text = format!("{year:04}-{:02}-{:02}", at(2), at(3));
    if with_time {
        let micros = u32::from_le_bytes([at(7), at(8), at(9), at(10)]);
        let between = if at(2) == 0 || at(3) == 0 { ' ' } else { 'T' };
        text.push_str(&format!("{between}{:02}:{:02}:{:02}", at(4), at(5), at(6)));
        push_fraction(&mut text, micros);
    }
    Ok(text)
}

/// Reads a TIME of the binary protocol, from `-838:59:59` to `838:59:59` with microseconds.
pub(super) fn time(bytes: &[u8]) -> Result<String, String> {
    let body = body(bytes)?;
    let at = |index: usize| body.get(index).copied().unwrap_or_default();
    let days = u32::from_le_bytes([at(1), at(2), at(3), at(4)]);
    let hours = u64::from(days) * 24 + u64::from(at(5));
    let sign = if at(0) == 0 { "" } else { "-" };
    let mut text = format!("{sign}{hours:02}:{:02}:{:02}", at(6), at(7));
    push_fraction(&mut text, u32::from_le_bytes([at(8), at(9), at(10), at(11)]));
    Ok(text)
}

fn body(bytes: &[u8]) -> Result<&[u8], String> {
    match bytes.split_first() {
        Some((length, body)) if usize::from(*length) == body.len() => Ok(body),
        _ => Err("the server sent a time of a wrong length".to_owned()),
    }
}

fn push_fraction(text: &mut String, micros: u32) {
    if micros != 0 {
        text.push_str(format!(".{micros:06}").trim_end_matches('0'));
    }
}

/// Reads a DATETIME or TIMESTAMP of the text protocol, and writes it as [`date`] does.
pub(super) fn moment(text: &str) -> String {
    let text = shortened(text);
    let (date, clock) = text.split_once(' ').unwrap_or((&text, ""));
    let mut parts = date.splitn(3, '-').skip(1);
    if clock.is_empty() || parts.any(|part| part == "00") {
        return text;
    }
    format!("{date}T{clock}")
}

/// Removes the zeros with which the text protocol pads a fraction.
pub(super) fn shortened(text: &str) -> String {
    match text.split_once('.') {
        Some((whole, fraction)) => {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        None => text.to_owned(),
    }
}

/// A timestamptz of a guest.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Instant(jiff::Timestamp),
    /// A value that is no instant, such as the zero date, as the server takes it.
    Other(String),
}

/// Parses a timestamptz. Error: `Conversion`, if it has no offset.
pub(super) fn with_offset(text: &str) -> Result<Moment, SqlError> {
    let trimmed = text.trim();
    if let Some(plain) =
        ["Z", "z", "+00:00", "+00"].iter().find_map(|utc| trimmed.strip_suffix(utc))
    {
        let plain = plain.trim_end().replacen(['T', 't'], " ", 1);
        let time = plain.parse::<jiff::civil::DateTime>().ok();
        let instant = time.and_then(|time| TimeZone::UTC.to_timestamp(time).ok());
        return Ok(instant.map_or(Moment::Other(plain), Moment::Instant));
    }
    trimmed.parse().map(Moment::Instant).map_err(|_| {
        SqlError::new(
            ErrorKind::Conversion,
            "a timestamptz needs a date, a time and an offset, as in 2024-02-29T12:00:00Z",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_the_protocol() {
        let table: [(&[u8], bool, &str); 6] = [
            (&[0], false, "0000-00-00"),
            (&[0], true, "0000-00-00 00:00:00"),
            (&[4, 0xe8, 7, 2, 29], false, "2024-02-29"),
            (&[4, 0xe8, 7, 0, 0], true, "2024-00-00 00:00:00"),
            (&[7, 0x0f, 0x27, 12, 31, 23, 59, 59], true, "9999-12-31T23:59:59"),
            (&[11, 1, 0, 1, 1, 0, 0, 0, 0x3f, 0x42, 0x0f, 0], true, "0001-01-01T00:00:00.999999"),
        ];
        for (bytes, with_time, text) in table {
            assert_eq!(date(bytes, with_time).as_deref(), Ok(text), "{bytes:?}");
        }
        assert!(date(&[], false).is_err() && date(&[4, 1], false).is_err());
    }

    #[test]
    fn times_of_the_protocol() {
        let table: [(&[u8], &str); 4] = [
            (&[0], "00:00:00"),
            (&[8, 1, 34, 0, 0, 0, 22, 59, 59], "-838:59:59"),
            (&[8, 0, 0, 0, 0, 0, 1, 2, 3], "01:02:03"),
            (&[12, 0, 0, 0, 0, 0, 1, 2, 3, 0x20, 0xa1, 7, 0], "01:02:03.5"),
        ];
        for (bytes, text) in table {
            assert_eq!(time(bytes).as_deref(), Ok(text), "{bytes:?}");
        }
    }

    #[test]
    fn moments_of_the_text_protocol() {
        let table = [
            ("2024-02-29 01:02:03.500000", "2024-02-29T01:02:03.5"),
            ("0000-00-00 00:00:00", "0000-00-00 00:00:00"),
            ("2024-01-00 01:00:00", "2024-01-00 01:00:00"),
            ("0000-01-01 00:00:00", "0000-01-01T00:00:00"),
        ];
        for (text, expected) in table {
            assert_eq!(moment(text), expected);
        }
    }

    #[test]
    fn offsets_become_utc() {
        let table = [
            ("2024-02-29T12:00:00Z", Some("2024-02-29T12:00:00Z")),
            ("2024-02-29 12:00:00.25+00:00", Some("2024-02-29T12:00:00.25Z")),
            ("0000-00-00 00:00:00Z", Some("0000-00-00 00:00:00")),
            ("2024-03-01T01:30:00.5+02:00", Some("2024-02-29T23:30:00.5Z")),
            ("2024-02-29 12:00:00", None),
            ("tomorrow", None),
        ];
        for (text, expected) in table {
            let found = with_offset(text).ok().map(|moment| match moment {
                Moment::Instant(instant) => instant.to_string(),
                Moment::Other(text) => text,
            });
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
