//! What a row of another tool's ledger says of alterations: which one it stands for, and which are no newer.

use super::{AlterationId, Stamp};

/// A version of another tool's ledger, in terms of the ids that `pack` gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerKey {
    /// The alteration with this stamp.
    Stamp(Stamp),
    /// The alteration that was packed of the file with this name.
    Id(AlterationId),
    /// The alteration with this stamp whose name begins so.
    Begins(Stamp, String),
    /// Milliseconds since 1970, as drizzle counts them.
    Time(u64),
    /// The alteration of this name, after so many others of the same name.
    Nth(String, usize),
    /// The alteration whose id begins with `head` and so many digits, and ends with `name`. One of the same script
    /// that runs again whenever it changes has a name that begins with `script`.
    Counted { head: String, digits: usize, name: String, script: String },
    /// One of these, because the ledger does not say how the name went on.
    Any(Vec<Self>),
}

impl LedgerKey {
    /// Returns whether it is the version of this alteration.
    pub fn is(&self, id: &AlterationId) -> bool {
        match self {
            Self::Stamp(stamp) => id.stamp() == stamp,
            Self::Id(own) => id == own,
            Self::Begins(stamp, start) => id.stamp() == stamp && id.name().starts_with(start),
            Self::Time(time) => milliseconds(id) == Some(*time),
            Self::Nth(name, _) => id.name() == name,
            Self::Counted { name, .. } => id.name() == name && self.is_at(id),
            Self::Any(keys) => keys.iter().any(|key| key.is(id)),
        }
    }

    /// Of the alterations that it is the version of, in their order, those that it means.
    pub fn meant<'a>(&self, found: Vec<&'a AlterationId>) -> Vec<&'a AlterationId> {
        match self {
            Self::Nth(_, count) => found.into_iter().skip(*count).take(1).collect(),
            _ => found,
        }
    }

    /// Returns whether this alteration is one text of the script that it is the version of.
    pub fn is_script(&self, id: &AlterationId) -> bool {
        match self {
            Self::Counted { script, .. } => id.name().starts_with(script),
            Self::Any(keys) => keys.iter().any(|key| key.is_script(id)),
            _ => false,
        }
    }

    fn is_at(&self, id: &AlterationId) -> bool {
        let Self::Counted { head, digits, .. } = self else { return false };
        let place = id.as_str().strip_suffix(id.name()).and_then(|place| place.strip_suffix('-'));
        let count = place.and_then(|place| place.strip_prefix(head.as_str()));
        count.is_some_and(|count| {
            count.len() == *digits && count.bytes().all(|byte| byte.is_ascii_digit())
        })
    }

    /// Returns whether this alteration is of this version or of an older one.
    pub fn reaches(&self, id: &AlterationId) -> bool {
        match self {
            Self::Stamp(stamp) => id.stamp() <= stamp,
            Self::Id(own) => id <= own,
            Self::Begins(stamp, _) => self.is(id) || id.stamp() < stamp,
            Self::Time(time) => milliseconds(id).is_some_and(|of| of <= *time),
            // Their ledgers have a row for each.
            Self::Nth(..) | Self::Counted { .. } => false,
            Self::Any(keys) => keys.iter().any(|key| key.reaches(id)),
        }
    }
}

/// The time of an alteration: what stands for it in its name, where its stamp had to be another one; else its
/// stamp, which is a date of 14 digits or the time itself.
fn milliseconds(id: &AlterationId) -> Option<u64> {
    const DATE_DIGITS: usize = 14;
    if let Some((own, _)) = id.name().strip_prefix("+w").and_then(|rest| rest.split_once('-')) {
        return own.parse().ok();
    }
    let stamp = id.stamp().seconds()?;
    match stamp.to_string().len() {
        DATE_DIGITS => of_date(stamp),
        _ => Some(stamp),
    }
}

/// `20240131120000`, which is meant as universal time.
fn of_date(date: u64) -> Option<u64> {
    let part = |below: u64, size: u64| i8::try_from(date / below % size).ok();
    let year = i16::try_from(date / 10_000_000_000).ok()?;
    let (month, day) = (part(100_000_000, 100)?, part(1_000_000, 100)?);
    let (hour, minute, second) = (part(10_000, 100)?, part(100, 100)?, part(1, 100)?);
    let time = jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let time = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    u64::try_from(time.as_millisecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let table = [
            ("1706702400000-0001_x", Some(1_706_702_400_000)),
            ("20240131120000-x", Some(1_706_702_400_000)),
            ("20241331120000-x", None),
            ("1706702400001-+w1600000000000-0001_x", Some(1_600_000_000_000)),
        ];
        for (id, time) in table {
            assert_eq!(milliseconds(&id.parse().unwrap()), time, "{id}");
        }
    }

    #[test]
    fn keys() {
        let ids: Vec<AlterationId> =
            ["1-a", "1-b", "2-a"].iter().map(|id| id.parse().unwrap()).collect();
        let told =
            |key: LedgerKey| ids.iter().map(|id| (key.is(id), key.reaches(id))).collect::<Vec<_>>();
        let stamp = LedgerKey::Stamp(Stamp::parse("01").unwrap());
        assert_eq!(told(stamp), [(true, true), (true, true), (false, false)]);
        assert_eq!(
            told(LedgerKey::Id(ids[1].clone())),
            [(false, true), (true, true), (false, false)]
        );
        assert_eq!(told(LedgerKey::Time(1)), [(true, true), (true, true), (false, false)]);
        let begins = LedgerKey::Begins(Stamp::parse("2").unwrap(), "a".to_owned());
        assert_eq!(told(begins.clone()), [(false, true), (false, true), (true, true)]);
        let any = LedgerKey::Any(vec![LedgerKey::Id(ids[0].clone()), begins]);
        assert_eq!(told(any), [(true, true), (false, true), (true, true)]);
    }
}
