"""Values to the host's and back, and what is refused on the way out."""

import unittest
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from uuid import UUID

from alteration_sdk import Date, Error, ErrorKind, Json, Other, Time, Timestamp, Timestamptz
from alteration_sdk.convert import from_host, parameters
from wit_world.imports import types as wit


class Level(IntEnum):
    HIGH = 3


class Color(StrEnum):
    RED = "r"


class Mixed(str, Enum):
    A = "a"


class Plain(Enum):
    A = 1


class Name(str):
    pass


UID = UUID("6f1a2e9c-9c1f-4a8a-b1d5-3c6a8f6f0b11")
EAST = timezone(timedelta(hours=5, minutes=30))
BOTH_WAYS = [
    (None, wit.Value_Null()),
    (True, wit.Value_Boolean(True)),
    (0, wit.Value_Int64(0)),
    ((1 << 63) - 1, wit.Value_Int64((1 << 63) - 1)),
    (-(1 << 63), wit.Value_Int64(-(1 << 63))),
    (1 << 63, wit.Value_BigInteger("9223372036854775808")),
    (0.1, wit.Value_Float64(0.1)),
    ("ü\0😀", wit.Value_Text("ü\0😀")),
    (b"\0\xff", wit.Value_Bytes(b"\0\xff")),
    (Decimal("-0.10"), wit.Value_Decimal("-0.10")),
    (Decimal("12345678901234567890.12345678901234567890"),) * 2,
    (date(1, 2, 3), wit.Value_Date("0001-02-03")),
    (Date("infinity"), wit.Value_Date("infinity")),
    (Date("12000-01-01"), wit.Value_Date("12000-01-01")),
    (Date("2024-02-30"), wit.Value_Date("2024-02-30")),
    (time(1, 2, 3), wit.Value_Time("01:02:03")),
    (time(1, 2, 3, 40), wit.Value_Time("01:02:03.000040")),
    (timedelta(days=1), wit.Value_Time("24:00:00")),
    (timedelta(hours=-838, microseconds=-1), wit.Value_Time("-838:00:00.000001")),
    (Time("01:02:03.1234567"), wit.Value_Time("01:02:03.1234567")),
    (datetime(2024, 2, 29, 1, 2, 3, 4), wit.Value_Timestamp("2024-02-29T01:02:03.000004")),
    (Timestamp("2024-02-29T24:00:00"), wit.Value_Timestamp("2024-02-29T24:00:00")),
    (Timestamp("0000-00-00 00:00:00"), wit.Value_Timestamp("0000-00-00 00:00:00")),
    (datetime(2024, 1, 1, tzinfo=UTC), wit.Value_Timestamptz("2024-01-01T00:00:00Z")),
    (Timestamptz("-infinity"), wit.Value_Timestamptz("-infinity")),
    (UID, wit.Value_Uuid(str(UID))),
    (Json('{"a":1.0}'), wit.Value_Json('{"a":1.0}')),
    (Other("inet", "::1"), wit.Value_Other(wit.OtherValue("inet", "::1"))),
]
OUT = [
    (Level.HIGH, wit.Value_Int64(3)),
    (Color.RED, wit.Value_Text("r")),
    (Mixed.A, wit.Value_Text("a")),
    (Name("n"), wit.Value_Text("n")),
    (bytearray(b"x"), wit.Value_Bytes(b"x")),
    (memoryview(b"x"), wit.Value_Bytes(b"x")),
    (Decimal("1E+3"), wit.Value_Decimal("1000")),
    (datetime(2024, 1, 1, tzinfo=EAST), wit.Value_Timestamptz("2023-12-31T18:30:00Z")),
    (Json.of({"ü": [1, None]}), wit.Value_Json('{"ü": [1, null]}')),
]
IN = [
    (wit.Value_Timestamp("2024-02-29 01:02"), datetime(2024, 2, 29, 1, 2)),
    (wit.Value_Timestamp("2024-02-29T01:02:03.5"), datetime(2024, 2, 29, 1, 2, 3, 500_000)),
    (wit.Value_Timestamp("2024-02-29T01:02:03Z"), Timestamp("2024-02-29T01:02:03Z")),
    (wit.Value_Date("٢٠٢٤-01-01"), Date("٢٠٢٤-01-01")),
    (wit.Value_Time("00:61:00"), Time("00:61:00")),
]
REFUSED = [
    (object(), "object is no database value"),
    ([1], "Json.of"),
    ({"a": 1}, "Json.of"),
    (Plain.A, "its value"),
    ("a\ud800", "half of a surrogate pair at character 1"),
    (Decimal("NaN"), "NaN"),
    (Decimal("1E+1000000"), "digits"),
    (10**5000, "4300 digits"),
    (time(1, tzinfo=UTC), "zone"),
    (datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), "range"),
]


class Conversions(unittest.TestCase):
    def test_both_ways(self):
        for value, wire in BOTH_WAYS:
            if isinstance(wire, Decimal):
                wire = wit.Value_Decimal(str(wire))
            with self.subTest(value):
                self.assertEqual(parameters((value,)), [wire])
                back = from_host(wire)
                self.assertEqual((type(back), back), (type(value), value))
                self.assertEqual(str(back), str(value))

    def test_out(self):
        for value, wire in OUT:
            with self.subTest(value):
                (found,) = parameters((value,))
                self.assertEqual((type(found.value), found), (type(wire.value), wire))

    def test_in(self):
        for wire, value in IN:
            with self.subTest(value):
                self.assertEqual(from_host(wire), value)

    def test_what_does_not_fit_is_named(self):
        for value, words in REFUSED:
            with self.subTest(words), self.assertRaises(Error) as raised:
                parameters((1, value))
            self.assertEqual(raised.exception.kind, ErrorKind.CONVERSION)
            self.assertIn("parameter 2: ", raised.exception.message)
            self.assertIn(words, raised.exception.message)
