"""Which case a column is written in, and what is told of a value that fits none."""

import unittest

from alteration_sdk import BulkWriter, Error
from wit_world.imports import types as wit


class Raw:
    def __init__(self):
        self.calls = []

    def write(self, rows):
        self.calls.append(rows)

    def write_columns(self, columns):
        self.calls.append(columns)

    def finish(self):
        return 7

    def __exit__(self, *_):
        self.calls.append("closed")


class Writers(unittest.TestCase):
    def setUp(self):
        self.raw = Raw()

    def test_the_narrowest_case(self):
        table = [
            ([1, None], wit.ColumnData_Int64([1, None])),
            ([0.5], wit.ColumnData_Float64([0.5])),
            (["a", None], wit.ColumnData_Text(["a", None])),
            ([None], wit.ColumnData_Mixed([wit.Value_Null()])),
            ([True], wit.ColumnData_Mixed([wit.Value_Boolean(True)])),
            ([1, "a"], wit.ColumnData_Mixed([wit.Value_Int64(1), wit.Value_Text("a")])),
            ([1 << 63], wit.ColumnData_Mixed([wit.Value_BigInteger("9223372036854775808")])),
        ]
        for values, expected in table:
            with self.subTest(values):
                BulkWriter(self.raw, ["x"]).write_columns(values)
                self.assertEqual(self.raw.calls.pop(), [expected])

    def test_rows_are_gathered_and_order_is_kept(self):
        with BulkWriter(self.raw, ["x"]) as writer:
            for number in range(1001):
                writer.write(number)
            writer.write_columns([1])
        lengths = [len(call) for call in self.raw.calls]
        self.assertEqual(lengths, [1000, 1, 1, len("closed")])

    def test_what_does_not_fit_is_named(self):
        writer = BulkWriter(self.raw, ["id", "name"])
        writer.write(1, "a")
        table = [
            (lambda: writer.write(2, object()), "row 2, column `name`: object"),
            (lambda: writer.write(1), "2 columns (id, name), 1 values"),
            (lambda: writer.write_columns([1, 2], ["a", b"b", "c"]), "differ in length: 2, 3"),
            (lambda: writer.write_columns([1, 2], ["a", "\udc00"]), "row 4, column `name`: half"),
            (lambda: writer.write_columns([1]), "1 were given"),
        ]
        for call, words in table:
            with self.assertRaises(Error) as raised:
                call()
            self.assertIn(words, raised.exception.message)

    def test_a_failing_body_does_not_finish(self):
        with self.assertRaises(KeyError), BulkWriter(self.raw, ["x"]):
            raise KeyError
        self.assertEqual(self.raw.calls, [])
