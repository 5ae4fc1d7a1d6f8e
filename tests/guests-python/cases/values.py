"""Every kind of value, there by each way and back by each way."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

from alteration_sdk import Date, Json, Other

from . import see

# Name, column, value, and the one database that can keep it, if it is one.
TABLE = [
    ("null", "whole", None),
    ("true", "flag", True),
    ("false", "flag", False),
    ("zero", "whole", 0),
    ("2^53-1", "whole", 2**53 - 1),
    ("2^53", "whole", 2**53),
    ("-2^53-1", "whole", -(2**53) - 1),
    ("2^63-1", "whole", 2**63 - 1),
    ("-2^63", "whole", -(2**63)),
    ("10^30", "exact", 10**30, "postgresql"),
    ("0.1", "real", 0.1),
    ("-1e300", "real", -1e300),
    ("whole float", "real", 1.0),
    ("infinity", "real", float("inf")),
    ("decimal", "exact", Decimal("12345.25")),
    ("long decimal", "exact", Decimal("-12345678901234567890.1234567891"), "postgresql"),
    ("empty text", "words", ""),
    ("text", "words", "ü€😀'\"\\\n"),
    ("text with NUL", "words", "a\0b", "sqlite"),
    ("no bytes", "raw", b""),
    ("bytes", "raw", bytes([0, 255, 128])),
    ("date", "day", date(2024, 2, 29)),
    ("endless date", "day", Date("infinity"), "postgresql"),
    ("time", "clock", time(12, 34, 56, 789000)),
    ("timestamp", "moment", datetime(2024, 2, 29, 23, 59, 59, 123456)),
    ("timestamptz", "instant", datetime(2024, 2, 29, 23, 59, 59, 123000, tzinfo=UTC)),
    ("uuid", "uid", UUID("6f1a2e9c-9c1f-4a8a-b1d5-3c6a8f6f0b11")),
    ("json", "doc", Json('{"a":[1,null,"ü"]}')),
    ("other", "address", Other("inet", "::1")),
]


def values(db):
    here = [row for row in TABLE if row[3:] in ((), (db.dialect,))]
    for name, column, sent, *_ in here:
        sql = f"INSERT INTO kept_parameter (name, {column}) VALUES ({db.placeholders(2)})"
        db.execute(sql, name, sent)
        with db.bulk_writer("kept_rows", ["name", column]) as writer:
            writer.write(name, sent)
        with db.bulk_writer("kept_columns", ["name", column]) as writer:
            writer.write_columns([name], [sent])
        found = []
        for table in ("kept_parameter", "kept_rows", "kept_columns"):
            query = f"SELECT {column} FROM {table} WHERE name = {db.placeholder(1)}"
            found.append(described(db.one(query, name)[0]))
            for batch in db.cursor(query, name).batches(10):
                found += map(described, batch[0])
        is_one = len(found) == 6 and len(set(found)) == 1
        see(db, name, found[0] if is_one else "; ".join(found))


def described(value):
    return "None" if value is None else f"{type(value).__name__} {value!r}"


def value_unpaired(db):
    db.execute("SELECT ?", "\ud800")


def value_rounded(db):
    """A floating-point number that may have been an integer. Python's types say what it is."""
    see(db, "sent as", db.one("SELECT typeof(?)", 2.0**53)[0])


def value_nul(db):
    db.execute("INSERT INTO kept_parameter (name, words) VALUES ('nul', $1)", "a\0b")


CASES = (values, value_unpaired, value_rounded, value_nul)
