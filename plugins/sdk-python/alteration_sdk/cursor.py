"""Cursors: results of any size, in batches by rows or by columns.

By columns is several times faster, because text and numbers cross the boundary in lists of one type.
"""

from collections.abc import Iterator
from typing import Any

from .convert import from_host
from .errors import conversion, raised
from .row import Column, Columns, Row, rows_from_host

# Large enough that the crossing costs little, small enough that wide rows fit into a guest's memory.
_ROWS_A_FETCH = 1000
_U32_MAX = (1 << 32) - 1


class Cursor:
    """An open query, to be read once. Closed at its end, with its `with`, or with the hook.

    It shows what was there when it was opened, whatever the hook writes meanwhile.

        with db.cursor("SELECT id, email FROM customers") as cursor:
            for row in cursor:
                print(row.id, row.email)
    """

    def __init__(self, raw):
        self._raw = raw
        self._columns = Columns(raw.columns())

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the result."""
        return self._columns.all

    def __iter__(self) -> Iterator[Row]:
        while rows := self._fetch("next", _ROWS_A_FETCH):
            yield from rows_from_host(self._columns, rows)
        self.close()

    def batches(self, rows_max: int = _ROWS_A_FETCH) -> Iterator["Batch"]:
        """The rows by column, at most `rows_max` at a time, from 1 on; several times faster than rows.

        for batch in db.cursor("SELECT id, email FROM customers").batches(5000):
            ids, emails = batch
        """
        if type(rows_max) is not int or not 1 <= rows_max <= _U32_MAX:
            raise conversion(f"rows_max is a whole number from 1 on, not {rows_max!r}")
        while data := self._fetch("next_columns", rows_max):
            yield Batch(self._columns, data)
        self.close()

    def close(self) -> None:
        """Gives the cursor back before the hook ends. A second time does nothing."""
        raw, self._raw = self._raw, None
        if raw is not None:
            raw.__exit__(None, None, None)

    def __enter__(self) -> "Cursor":
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    def _fetch(self, call: str, rows_max: int) -> list:
        if self._raw is None:
            return []
        with raised:
            return getattr(self._raw, call)(rows_max)


class Batch:
    """Some rows of a cursor, each column a list: `batch[0]`, `batch["email"]`, or taken apart."""

    __slots__ = ("_columns", "_data")

    def __init__(self, columns: Columns, data: list):
        self._columns = columns
        self._data = [_column(column) for column in data]

    def __getitem__(self, key: int | str) -> list[Any]:
        return self._data[self._columns.index(key) if isinstance(key, str) else key]

    def __iter__(self) -> Iterator[list[Any]]:
        return iter(self._data)

    def __len__(self) -> int:
        """How many rows."""
        return len(self._data[0]) if self._data else 0


def _column(column) -> list[Any]:
    if type(column).__name__ == "ColumnData_Mixed":
        return [from_host(value) for value in column.value]
    return column.value
