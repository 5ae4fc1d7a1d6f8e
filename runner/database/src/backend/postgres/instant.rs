//! A `timestamptz` as the server writes it in any zone, turned into the same moment in UTC.
//!
//! Pure. Years from 1 to 9999 become ISO 8601 with `Z`; those before and after keep the server's form, in UTC:
//! ISO has none that all readers know.

/// A moment's parts: civil time, and the seconds that it is ahead of UTC.
#[derive(Debug, PartialEq, Eq)]
struct Written<'a> {
    /// Year 0 is the one before year 1.
    year: i64,
    month: i64,
    day: i64,
    second_of_day: i64,
    /// With its point; empty without one.
    fraction: &'a str,
    offset_seconds: i64,
}

/// The moment of `text`, as in `2024-03-01 01:59:59.5-04:56:02` or `0044-03-15 12:00:00+00 BC`. `None` where
/// it is not written so.
pub(super) fn in_utc(text: &str) -> Option<String> {
    let written = parse(text)?;
    let days = days_from_civil(written.year, written.month, written.day);
    let second = days * 86_400 + written.second_of_day - written.offset_seconds;
    let (year, month, day) = civil_from_days(second.div_euclid(86_400));
    let of_day = second.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    let time = format!("{hour:02}:{minute:02}:{second:02}{}", written.fraction);
    Some(match year {
        1..=9_999 => format!("{year:04}-{month:02}-{day:02}T{time}Z"),
        10_000.. => format!("{year}-{month:02}-{day:02} {time}+00"),
        before => format!("{:04}-{month:02}-{day:02} {time}+00 BC", 1 - before),
    })
}

fn parse(text: &str) -> Option<Written<'_>> {
    let (text, is_before) = match text.strip_suffix(" BC") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (date, rest) = text.split_once([' ', 'T'])?;
    let at = rest.find(['+', '-', 'Z'])?;
    let (time, offset) = rest.split_at(at);
    let [year, month, day] = numbers(date, '-')?[..] else { return None };
    let (time, fraction) = time.split_at(time.find('.').unwrap_or(time.len()));
    let [hour, minute, second] = numbers(time, ':')?[..] else { return None };
    if !fraction.is_empty() && !fraction[1..].bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let offset_seconds = match offset.split_at_checked(1)? {
        ("Z", "") => 0,
        (sign, parts) => {
            let parts = numbers(parts, ':')?;
            let unit = [3_600, 60, 1];
            let seconds: i64 = parts.iter().zip(unit).map(|(part, unit)| part * unit).sum();
            if parts.len() > unit.len() {
                return None;
            }
            if sign == "-" { -seconds } else { seconds }
        }
    };
    Some(Written {
        year: if is_before { 1 - year } else { year },
        month,
        day,
        second_of_day: hour * 3_600 + minute * 60 + second,
        fraction,
        offset_seconds,
    })
}

/// Numbers of digits alone, at most nine each.
fn numbers(text: &str, between: char) -> Option<Vec<i64>> {
    let number = |digits: &str| {
        let is_number =
            (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| digits.parse().ok()).flatten()
    };
    text.split(between).map(number).collect()
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar. Years are counted from March, in cycles of 400,
/// so that the leap day is a year's last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (cycle, of_cycle) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    cycle * 146_097 + of_cycle * 365 + of_cycle / 4 - of_cycle / 100 + of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (cycle, of_cycle) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_cycle - of_cycle / 1_460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (cycle * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let table = [
            ("2024-02-29 23:59:59+00", "2024-02-29T23:59:59Z"),
            ("2024-03-01 01:59:59.123456+02", "2024-02-29T23:59:59.123456Z"),
            ("2024-03-01 05:29:59+05:30", "2024-02-29T23:59:59Z"),
            ("1883-11-18 12:03:58-04:56:02", "1883-11-18T17:00:00Z"),
            ("1900-01-01 00:53:28+00:53:28", "1900-01-01T00:00:00Z"),
            ("0001-01-01 00:53:28+00:53:28", "0001-01-01T00:00:00Z"),
            ("0001-01-01 00:00:00+00:53:28", "0001-12-31 23:06:32+00 BC"),
            ("0044-03-15 12:00:00+00 BC", "0044-03-15 12:00:00+00 BC"),
            ("0001-12-31 23:59:59-02 BC", "0001-01-01T01:59:59Z"),
            ("9999-12-31 23:59:59-01", "10000-01-01 00:59:59+00"),
            ("294276-12-31 23:59:59.999999+00", "294276-12-31 23:59:59.999999+00"),
            ("4714-11-24 00:00:00+00 BC", "4714-11-24 00:00:00+00 BC"),
        ];
        for (text, utc) in table {
            assert_eq!(in_utc(text).as_deref(), Some(utc), "{text}");
        }
        for text in [
            "2024-03-01",
            "2024-03-01 01:00:00",
            "01.03.2024 01:00:00+00",
            "2024-03-01 01:00:00 CET",
            "",
        ] {
            assert_eq!(in_utc(text), None, "{text}");
        }
    }

    #[test]
    fn days_and_dates_are_inverse() {
        assert_eq!(days_from_civil(1970, 1, 1), 0);
        for days in (-3_000_000..3_000_000).step_by(97) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }
}
