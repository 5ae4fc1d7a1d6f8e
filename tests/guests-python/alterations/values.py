"""Every type goes into a column of its own and comes back the same."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from uuid import UUID

from alteration_sdk import (
    Alteration,
    Date,
    Dialect,
    Json,
    Other,
    Timestamp,
    Timestamptz,
)

from .expect import Expectations


class Level(IntEnum):
    HIGH = 3


class Color(StrEnum):
    RED = "r"


CREATE = {
    Dialect.SQLITE: """CREATE TABLE every_value (id INTEGER PRIMARY KEY, flag BOOLEAN, whole BIGINT,
        huge TEXT, real_number DOUBLE, exact TEXT, words TEXT, raw BLOB, day DATE, at TIME,
        moment TIMESTAMP, instant TIMESTAMPTZ, uid UUID, doc JSON)""",
    Dialect.POSTGRESQL: """CREATE TABLE every_value (id integer PRIMARY KEY, flag boolean,
        whole bigint, huge numeric, real_number double precision, exact numeric, words text,
        raw bytea, day date, at time, moment timestamp, instant timestamptz, uid uuid, doc json,
        length interval, address inet)""",
    Dialect.MARIADB: """CREATE TABLE every_value (id INTEGER PRIMARY KEY, flag BOOLEAN,
        whole BIGINT, huge DECIMAL(60), real_number DOUBLE, exact DECIMAL(60, 10), words TEXT,
        raw BLOB, day DATE, at TIME(6), moment DATETIME(6), instant TIMESTAMP(6) NULL,
        uid UUID, doc JSON) CHARACTER SET utf8mb4""",
}
UID = UUID("6f1a2e9c-9c1f-4a8a-b1d5-3c6a8f6f0b11")
MOMENT = datetime(2024, 2, 29, 23, 59, 59, 123456)
INSTANT = MOMENT.replace(tzinfo=UTC)
TEXT = "ü€😀'\"\\\n"

EVERYWHERE = [
    ("flag", True),
    ("flag", False),
    ("uid", UID),
    ("whole", None),
    ("whole", 0),
    ("whole", (1 << 53) - 1),
    ("whole", 1 << 53),
    ("whole", -(1 << 63)),
    ("whole", (1 << 63) - 1),
    ("real_number", 0.1),
    ("real_number", -1e300),
    ("words", ""),
    ("words", TEXT),
    ("raw", b""),
    ("raw", bytes(range(256))),
    ("day", date(2024, 2, 29)),
    ("at", time(12, 34, 56, 789000)),
    ("moment", MOMENT),
    ("moment", datetime(1970, 1, 1)),
]
POSTGRESQL = [
    ("huge", Decimal(10**40)),
    ("exact", Decimal("-12345678901234567890.1234567891")),
    ("real_number", float("inf")),
    ("day", Date("infinity")),
    ("day", date.max),
    ("at", timedelta(days=1)),
    ("moment", Timestamp("-infinity")),
    ("moment", datetime.min),
    ("instant", INSTANT),
    ("instant", Timestamptz("infinity")),
    ("doc", Json('{"b": 1.00, "a": [null, "ü"]}')),
    ("length", Other("interval", "1 day 02:03:04.5")),
    ("address", Other("inet", "::1")),
]
MARIADB = [
    ("huge", Decimal(10**40)),
    ("exact", Decimal("-12345678901234567890.1234567891")),
    ("at", timedelta(hours=-838, minutes=-59, seconds=-59)),
    ("at", timedelta(hours=100, microseconds=1)),
]
SQLITE = [
    ("real_number", float("inf")),
    ("words", "a\0b"),
]
# What a column gives back as something else, since that is how it stores it.
BECOMES = {
    Dialect.SQLITE: [
        ("exact", Decimal("1.50"), "1.50"),
    ],
    Dialect.POSTGRESQL: [
        ("huge", 10**40, Decimal(10**40)),
        ("exact", 7, Decimal(7)),
        ("length", timedelta(hours=-30), Other("interval", "-30:00:00")),
    ],
    Dialect.MARIADB: [("huge", 10**40, Decimal(10**40))],
}
BECOMES_EVERYWHERE = [
    ("raw", bytearray(b"\0\xff"), b"\0\xff"),
    ("raw", memoryview(b"view"), b"view"),
    ("whole", Level.HIGH, 3),
    ("words", Color.RED, "r"),
]


class Values(Alteration, id="1.1.0-1700000001-values"):
    def up(self, db):
        expect = Expectations()
        db.execute(CREATE[db.dialect])
        own = {"sqlite": SQLITE, "postgresql": POSTGRESQL, "mariadb": MARIADB}[db.dialect]
        same = [(column, value, value) for column, value in EVERYWHERE + own]
        every = same + BECOMES[db.dialect] + BECOMES_EVERYWHERE
        for number, (column, sent, _) in enumerate(every):
            sql = f"INSERT INTO every_value (id, {column}) VALUES ({db.placeholders(2)})"
            db.execute(sql, number, sent)
        self.compare(db, every, "as a parameter", expect)
        db.execute("DELETE FROM every_value")
        for number, (column, sent, _) in enumerate(every):
            with db.bulk_writer("every_value", ["id", column]) as writer:
                writer.write(number, sent)
        self.compare(db, every, "written in bulk", expect)
        db.execute("DELETE FROM every_value")
        for number, (column, sent, _) in enumerate(every):
            with db.bulk_writer("every_value", ["id", column]) as writer:
                writer.write_columns([number], [sent])
        self.compare(db, every, "written by columns", expect)

        # Another zone is the same instant, and comes back in UTC.
        east = INSTANT.astimezone(timezone(timedelta(hours=5, minutes=30)))
        if db.dialect is Dialect.POSTGRESQL:
            found = db.one("SELECT $1::timestamptz AS at", east).at
            expect.same("another zone", (found, found.tzinfo), (INSTANT, UTC))
        expect.settle()

    def compare(self, db, every, how, expect):
        for number, (column, sent, expected) in enumerate(every):
            what = f"{column} {how}: {sent!r}"
            sql = f"SELECT {column} FROM every_value WHERE id = {number}"
            expect.same(what, db.one(sql)[0], expected)
            for batch in db.cursor(sql).batches():
                expect.same(f"{what}, by columns", batch[0], [expected])

    def down(self, db):
        db.execute("DROP TABLE every_value")
