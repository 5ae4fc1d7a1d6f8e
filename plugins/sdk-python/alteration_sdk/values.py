"""Database values that Python has no type for, or none that holds every one of them.

All of them can be parameters. Rows hold them where the usual type would lose something: a date of
the year 12000, `infinity`, `0000-00-00`.
"""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Date:
    """A date that `datetime.date` cannot hold, as the database's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Time:
    """A time that neither `datetime.time` nor `datetime.timedelta` can hold."""

    text: str


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A point in time without a zone that `datetime.datetime` cannot hold."""

    text: str


@dataclass(frozen=True, slots=True)
class Timestamptz:
    """A point in time with a zone that `datetime.datetime` cannot hold."""

    text: str


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON document as text: Python's own values would lose digits and the order of doubled keys.

        db.execute(f"UPDATE options SET value = {db.placeholder(1)}", Json.of(["red", "blue"]))

    >>> Json.of({"a": [1, None]}).text
    '{"a": [1, null]}'
    """

    text: str

    @classmethod
    def of(cls, value: Any) -> "Json":
        """The document that `json.dumps` writes, with characters as they are."""
        return cls(json.dumps(value, ensure_ascii=False, allow_nan=False))

    def value(self) -> Any:
        """What `json.loads` reads."""
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Other:
    """A value of a type that the interface has no case for, as the database's text: `Other("inet", "::1")`."""

    type_name: str
    text: str
