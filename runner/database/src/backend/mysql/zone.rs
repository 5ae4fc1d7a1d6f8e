//! Converts between local times of the session and instants.
//!
//! A TIMESTAMP is an instant, but both protocols carry it as a local time of the session's zone. The server or the user sets
//! that zone, and another one would change the meaning of a hook's SQL, so the runner converts. It uses the server's own
//! rules, because the server's zone tables may differ from ours and `SYSTEM` is the zone of its machine. It reads them with
//! FROM_UNIXTIME, because an instant has one local time, while a local time can have two instants.
//!
//! ```text
//! seconds   …|———— period of 4 days ————|…      asked: the zone's offset 16 hours before and behind it;
//!            ^before            after^           where they differ, when it changes, by halving
//! ```
//!
//! Two changes of one zone that cancel each other out are at least a week apart (Recife in 2000, Gaza), so that a period
//! with the same offset at both ends has no other one in between.

use super::{MysqlConnection, call::guest_side, error, value};
use crate::session::{ErrorKind, SqlError};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use sqlx::mysql::MySqlRow;
use std::collections::{BTreeMap, BTreeSet};

const PERIOD: i64 = 4 * 86_400;
/// The largest distance of a zone from UTC since 1970.
const OFFSET_MAX: i64 = 16 * 3_600;
/// The last second that every server converts. MySQL, and MariaDB since 11.5, convert later ones too.
const LAST: i64 = i32::MAX as i64;
/// The most instants that one message asks for.
const ASKED_MAX: usize = 400;
/// The number of parts into which a period is split at each step of the search for its change.
const PARTS: i64 = 80;

/// The zone of a session, as far as it was read from the server.
#[derive(Debug, Default, Clone)]
pub(super) struct Zone {
    /// The value of `time_zone`.
    name: String,
    /// The offset in seconds, if the name is one.
    fixed: Option<i64>,
    periods: BTreeMap<i64, Period>,
}

/// The offsets of one period, in seconds east of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Steady(i64),
    /// From the instant `at` on it is `after`.
    Change {
        at: i64,
        before: i64,
        after: i64,
    },
    /// It is outside of the range that the server converts.
    Unknown,
}

/// The reason why a local time is no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoInstant {
    Twice,
    Never,
    Unknown,
}

impl Zone {
    /// Returns a zone of this offset, which needs no server.
    pub(super) fn utc() -> Self {
        Self { name: "+00:00".to_owned(), fixed: Some(0), periods: BTreeMap::new() }
    }

    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), fixed: offset(name), periods: BTreeMap::new() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn period(&self, second: i64) -> Period {
        match self.fixed {
            Some(offset) => Period::Steady(offset),
            None => {
                self.periods.get(&second.div_euclid(PERIOD)).copied().unwrap_or(Period::Unknown)
            }
        }
    }

    /// Returns the local time of an instant. Another instant may have the same one; [`Zone::instant`] reports that.
    fn local(&self, instant: i64) -> Option<i64> {
        Some(
            instant
                + match self.period(instant) {
                    Period::Steady(offset) => offset,
                    Period::Change { at, before, .. } if instant < at => before,
                    Period::Change { after, .. } => after,
                    Period::Unknown => return None,
                },
        )
    }

    /// Returns the one instant with this local time.
    fn instant(&self, local: i64) -> Result<i64, NoInstant> {
        match self.period(local) {
            Period::Steady(offset) => Ok(local - offset),
            Period::Unknown => Err(NoInstant::Unknown),
            Period::Change { at, before, after } => {
                match (local - before < at, local - after >= at) {
                    (true, true) => Err(NoInstant::Twice),
                    (true, false) => Ok(local - before),
                    (false, true) => Ok(local - after),
                    (false, false) => Err(NoInstant::Never),
                }
            }
        }
    }

    /// Converts a local time of the server's, in ISO 8601, to an instant in UTC. A value that is no time, such as the zero
    /// date, stays as it is.
    pub(super) fn instant_of(&self, local: &str) -> Result<String, NoInstant> {
        let Some((seconds, fraction)) = seconds_of(local) else { return Ok(format!("{local}Z")) };
        let instant = if self.fixed == Some(0) { seconds } else { self.instant(seconds)? };
        Ok(format!("{}{fraction}Z", text(instant, 'T').ok_or(NoInstant::Unknown)?))
    }

    /// Returns an instant as the server takes it in this zone, and whether another instant has the same local time.
    pub(super) fn local_of(&self, instant: Timestamp) -> Option<(String, bool)> {
        let local = self.local(whole(instant))?;
        let fraction = instant.strftime("%.f").to_string();
        Some((format!("{}{fraction}", text(local, ' ')?), self.instant(local).is_err()))
    }
}

/// Returns the period of a local time, to be read from the server; `None` if the text is no time.
pub(super) fn period_of(local: &str) -> Option<i64> {
    seconds_of(local).map(|(seconds, _)| seconds.div_euclid(PERIOD))
}

/// Returns the periods in which an instant and its local time may be.
pub(super) fn periods_of_instant(instant: Timestamp) -> [i64; 3] {
    let second = whole(instant);
    [second - OFFSET_MAX, second, second + OFFSET_MAX].map(|at| at.div_euclid(PERIOD))
}

/// Returns whole seconds, rounded down before 1970 too.
fn whole(instant: Timestamp) -> i64 {
    instant.as_nanosecond().div_euclid(1_000_000_000) as i64
}

/// Returns a local time as if it were UTC, and its fraction with the point.
fn seconds_of(local: &str) -> Option<(i64, &str)> {
    let point = local.find('.').unwrap_or(local.len());
    let time: DateTime = local.get(..point)?.parse().ok()?;
    let seconds = TimeZone::UTC.to_timestamp(time).ok()?.as_second();
    Some((seconds, &local[point..]))
}

fn text(seconds: i64, between: char) -> Option<String> {
    let time = Timestamp::from_second(seconds).ok()?.to_zoned(TimeZone::UTC).datetime();
    let (date, clock) = (time.date().strftime("%Y-%m-%d"), time.time().strftime("%H:%M:%S"));
    Some(format!("{date}{between}{clock}"))
}

/// Parses an offset such as `+05:30` into seconds; `None` for the name of a zone.
fn offset(name: &str) -> Option<i64> {
    let (sign, rest) = match name.as_bytes().first()? {
        b'+' => (1, &name[1..]),
        b'-' => (-1, &name[1..]),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some(sign * (hours * 3_600 + minutes * 60))
}

impl MysqlConnection {
    /// Reads the session's zone in these periods. The zone may have changed since the last read.
    pub(super) async fn learn(&mut self, periods: &BTreeSet<i64>) -> Result<&Zone, SqlError> {
        // A hook or a routine may have set another zone, so it is read each time.
        let name = self.zone_now().await?;
        let zone = self.zones.entry(name.clone()).or_insert_with(|| Zone::named(&name));
        let unknown: Vec<i64> = match zone.fixed {
            Some(_) => Vec::new(),
            None => periods.iter().copied().filter(|p| !zone.periods.contains_key(p)).collect(),
        };
        let mut learned = Vec::new();
        for some in unknown.chunks(ASKED_MAX / 2) {
            let ends: Vec<(i64, i64)> = some
                .iter()
                .map(|period| {
                    let (from, to) = (period * PERIOD - OFFSET_MAX, (period + 1) * PERIOD);
                    (from.max(0), to + OFFSET_MAX)
                })
                .collect();
            let asked: Vec<i64> = ends.iter().flat_map(|(from, to)| [*from, *to]).collect();
            let offsets = self.offsets(&asked).await?;
            let known = some.iter().zip(ends).zip(offsets.chunks_exact(2));
            for ((period, (from, to)), offsets) in known {
                let known = match *offsets {
                    // The server's last second. No zone is known to change so near to it.
                    [Some(before), None] if from <= LAST && LAST < to => Period::Steady(before),
                    [Some(before), Some(after)] if before == after => Period::Steady(before),
                    [Some(before), Some(after)] => {
                        let at = self.change(from, to, before).await?;
                        Period::Change { at, before, after }
                    }
                    _ => Period::Unknown,
                };
                learned.push((*period, known));
            }
        }
        let zone = self.zones.entry(name.clone()).or_insert_with(|| Zone::named(&name));
        zone.periods.extend(learned);
        Ok(zone)
    }

    /// Returns the value of `time_zone`.
    pub(super) async fn zone_now(&mut self) -> Result<String, SqlError> {
        let row = self.ask("SELECT @@session.time_zone").await?;
        let name = value::own_text(&row, 0).map_err(|failure| error::guest_error(&failure, ""))?;
        Ok(name.unwrap_or_default())
    }

    /// Returns the first instant after `from`, and at the latest `to`, whose offset is no longer `before`.
    async fn change(&mut self, mut from: i64, mut to: i64, before: i64) -> Result<i64, SqlError> {
        while to - from > 1 {
            let step = ((to - from) / PARTS).max(1);
            let asked: Vec<i64> =
                (1..).map(|n| from + n * step).take_while(|at| *at < to).collect();
            let offsets = self.offsets(&asked).await?;
            for (at, offset) in asked.into_iter().zip(offsets) {
                if offset == Some(before) {
                    from = at;
                } else {
                    to = at;
                    break;
                }
            }
        }
        Ok(to)
    }

    /// Returns the offset of the session's zone at each of these instants, if the server converts it.
    async fn offsets(&mut self, instants: &[i64]) -> Result<Vec<Option<i64>>, SqlError> {
        let asked: Vec<String> = instants.iter().map(|at| format!("FROM_UNIXTIME({at})")).collect();
        let row = self.ask(&format!("SELECT {}", asked.join(", "))).await?;
        let offset = |(index, at): (usize, &i64)| {
            let local = value::own_text(&row, index);
            let local = local.map_err(|failure| error::guest_error(&failure, ""))?;
            Ok(local.and_then(|local| Some(seconds_of(&local)?.0 - at)))
        };
        instants.iter().enumerate().map(offset).collect()
    }

    async fn ask(&mut self, sql: &str) -> Result<MySqlRow, SqlError> {
        let wire = self.wire().map_err(guest_side)?;
        let rows = wire.text_rows(sql).await.map_err(|failure| error::guest_error(&failure, ""))?;
        rows.into_iter().next().ok_or_else(|| {
            SqlError::new(ErrorKind::Other, "the server does not say which time it has")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Berlin around the end of summer time of 2024, which is at 01:00 UTC on 27 October.
    fn berlin() -> Zone {
        let at = 1_729_990_800;
        let change = Period::Change { at, before: 7_200, after: 3_600 };
        let spring = 1_711_846_800;
        let spring_change = Period::Change { at: spring, before: 3_600, after: 7_200 };
        Zone {
            name: "Europe/Berlin".to_owned(),
            fixed: None,
            periods: [(at / PERIOD, change), (spring / PERIOD, spring_change)].into(),
        }
    }

    #[test]
    fn local_times_become_instants() {
        let table = [
            ("2024-10-27T01:59:59.5", Ok("2024-10-26T23:59:59.5Z")),
            ("2024-10-27T02:00:00", Err(NoInstant::Twice)),
            ("2024-10-27T02:59:59.999999", Err(NoInstant::Twice)),
            ("2024-10-27T03:00:00", Ok("2024-10-27T02:00:00Z")),
            ("2024-03-31T01:59:59", Ok("2024-03-31T00:59:59Z")),
            ("2024-03-31T02:30:00", Err(NoInstant::Never)),
            ("2024-03-31T03:00:00", Ok("2024-03-31T01:00:00Z")),
            ("2024-07-01T00:00:00", Err(NoInstant::Unknown)),
            ("0000-00-00 00:00:00", Ok("0000-00-00 00:00:00Z")),
        ];
        for (local, expected) in table {
            assert_eq!(berlin().instant_of(local), expected.map(str::to_owned), "{local}");
        }
    }

    #[test]
    fn instants_become_local_times() {
        let table = [
            ("2024-10-26T23:59:59.5Z", Some(("2024-10-27 01:59:59.5", false))),
            ("2024-10-27T00:30:00Z", Some(("2024-10-27 02:30:00", true))),
            ("2024-10-27T01:30:00Z", Some(("2024-10-27 02:30:00", true))),
            ("2024-10-27T02:00:00Z", Some(("2024-10-27 03:00:00", false))),
            ("2024-03-31T01:00:00Z", Some(("2024-03-31 03:00:00", false))),
            ("2024-07-01T00:00:00Z", None),
        ];
        for (instant, expected) in table {
            let found = berlin().local_of(instant.parse().expect("a time"));
            assert_eq!(found, expected.map(|(text, twice)| (text.to_owned(), twice)), "{instant}");
        }
    }

    #[test]
    fn offsets_need_no_server() {
        let table = [("+05:30", Some(19_800)), ("-00:30", Some(-1_800)), ("+00:00", Some(0))];
        for (name, seconds) in table {
            assert_eq!(offset(name), seconds, "{name}");
        }
        assert!(["SYSTEM", "Europe/Berlin", "", "+"].iter().all(|name| offset(name).is_none()));
        let found = Zone::named("-13:59").instant_of("2024-01-01T00:00:00.25");
        assert_eq!(found.as_deref(), Ok("2024-01-01T13:59:00.25Z"));
    }
}
