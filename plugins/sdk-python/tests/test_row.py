"""Rows and batches by position and by name."""

import unittest

from alteration_sdk import Error
from alteration_sdk.cursor import Batch
from alteration_sdk.row import Columns, Row
from wit_world.imports import types as wit


def columns(*names):
    return Columns([wit.Column(name, "") for name in names])


class Rows(unittest.TestCase):
    def test_ways_to_a_value(self):
        row = Row(columns("id", "count", "as_dict"), [1, 2, 3])
        self.assertEqual((row.id, row.count, row["as_dict"], row[-1]), (1, 2, 3, 3))
        self.assertEqual(row.as_dict(), {"id": 1, "count": 2, "as_dict": 3})
        self.assertEqual(list(row), [1, 2, 3])
        self.assertEqual(row, (1, 2, 3))
        self.assertEqual(repr(row), "Row(id=1, count=2, as_dict=3)")

    def test_names_that_find_nothing(self):
        row = Row(columns("a", "b", "a"), [1, 2, 3])
        for name, words in [("c", "it has: a, b"), ("a", "two columns are named `a`")]:
            with self.assertRaises(Error) as raised:
                row[name]
            self.assertIn(words, raised.exception.message)

    def test_batches(self):
        data = [wit.ColumnData_Int64([1, None]), wit.ColumnData_Mixed([wit.Value_Null()] * 2)]
        batch = Batch(columns("id", "x"), data)
        ids, xs = batch
        self.assertEqual((ids, xs, len(batch), batch["id"]), ([1, None], [None, None], 2, ids))
