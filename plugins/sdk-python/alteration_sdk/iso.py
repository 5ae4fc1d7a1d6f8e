"""Dates and times as text, both ways and without loss. Pure.

Python's own readers cut a seventh digit off and read 24:00 as the next day: what does not fit stays
text here, in a class that says what it is.
"""

import re
from datetime import UTC, date, datetime, time, timedelta

from .values import Date, Time, Timestamp, Timestamptz

_DATE = r"(\d{4})-(\d\d)-(\d\d)"
_TIME = r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?"
_DATE_ALONE = re.compile(_DATE, re.ASCII)
_TIME_ALONE = re.compile(_TIME, re.ASCII)
_DATE_AND_TIME = re.compile(f"{_DATE}[T ]{_TIME}(Z)?", re.ASCII)
_DURATION = re.compile(r"(-)?(\d{1,9}):(\d\d):(\d\d)(?:\.(\d{1,6}))?", re.ASCII)


def read_date(text: str) -> date | Date:
    try:
        return date(*map(int, _DATE_ALONE.fullmatch(text).groups()))
    except (AttributeError, ValueError):
        return Date(text)


def read_time(text: str) -> time | timedelta | Time:
    """A time of the day; or a `timedelta`, since MySQL's times reach from -838 to 838 hours."""
    try:
        return time(*_clock(_TIME_ALONE.fullmatch(text).groups()))
    except (AttributeError, ValueError):
        pass
    match = _DURATION.fullmatch(text)
    if match is None or int(match[3]) > 59 or int(match[4]) > 59:
        return Time(text)
    length = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4]))
    length += timedelta(microseconds=_microseconds(match[5]))
    return -length if match[1] else length


def read_timestamp(text: str) -> datetime | Timestamp:
    found = _date_and_time(text, zone=None)
    return Timestamp(text) if found is None else found


def read_timestamptz(text: str) -> datetime | Timestamptz:
    found = _date_and_time(text, zone="Z")
    return Timestamptz(text) if found is None else found.replace(tzinfo=UTC)


def write_timestamp(value: datetime) -> str:
    return value.isoformat()


def write_timestamptz(value: datetime) -> str:
    """In UTC, because a value comes back so. Raises `OverflowError` at the ends of the calendar."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def write_duration(value: timedelta) -> str:
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    seconds = value.days * 86_400 + value.seconds
    text = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{value.microseconds:06}" if value.microseconds else text


def _date_and_time(text: str, zone: str | None) -> datetime | None:
    match = _DATE_AND_TIME.fullmatch(text)
    if match is None or match[8] != zone:
        return None
    try:
        return datetime(int(match[1]), int(match[2]), int(match[3]), *_clock(match.groups()[3:7]))
    except ValueError:
        return None


def _clock(groups) -> tuple[int, int, int, int]:
    hour, minute, second, fraction = groups
    return int(hour), int(minute), int(second or 0), _microseconds(fraction)


def _microseconds(fraction: str | None) -> int:
    return int(fraction.ljust(6, "0")) if fraction else 0
