"""Bulk writers: many rows into one table, by rows or by columns.

Buffers single rows; everything else goes to the host as it is given.
"""

from collections.abc import Sequence
from typing import Any

from . import convert
from .errors import conversion, raised
from .host import types

_ROWS_BUFFERED_MAX = 1000


class BulkWriter:
    """Writes rows into one table, and is finished at the end of its `with`.

    One that is not finished fails the hook, on purpose: rows would be missing.
    """

    def __init__(self, raw, columns: list[str]):
        # None once it is finished.
        self._raw = raw
        self._columns = columns
        self._buffer: list[list] = []
        self._rows = 0

    def write(self, *values: Any) -> None:
        """Writes one row, in the order of the writer's columns.

        Raises an `Error` of kind `CONVERSION` that names row and column for what is no database value, and for a row
        that is not as wide as the writer. What the database says of a row may come with a later one, because rows are
        sent in batches.
        """
        self._check_open()
        if len(values) != len(self._columns):
            raise conversion(
                f"the writer has {len(self._columns)} columns ({', '.join(self._columns)}), "
                f"{len(values)} values were given"
            )
        self._rows += 1
        self._buffer.append([convert.to_host(v, self._where, at) for at, v in enumerate(values)])
        if len(self._buffer) >= _ROWS_BUFFERED_MAX:
            self._flush()

    def write_columns(self, *columns: Sequence[Any]) -> None:
        """Writes rows by column, every column as long as the others; several times faster.

            writer.write_columns(["DE", "FR"], ["Germany", "France"])

        Raises an `Error` of kind `CONVERSION` for columns that differ in length or are not as many as the writer has.
        """
        self._check_open()
        if len({len(column) for column in columns}) > 1:
            lengths = ", ".join(str(len(column)) for column in columns)
            raise conversion(f"columns differ in length: {lengths}")
        if len(columns) != len(self._columns):
            raise conversion(
                f"the writer has {len(self._columns)} columns ({', '.join(self._columns)}), "
                f"{len(columns)} were given"
            )
        data = [self._column(at, column) for at, column in enumerate(columns)]
        self._flush()
        with raised:
            self._raw.write_columns(data)
        self._rows += len(columns[0]) if columns else 0

    def finish(self) -> int:
        """Writes what is left, and returns how many rows were written in all. Nothing can be written afterwards."""
        self._check_open()
        self._flush()
        raw, self._raw = self._raw, None
        with raised:
            written = raw.finish()
        raw.__exit__(None, None, None)
        return written

    def __enter__(self) -> "BulkWriter":
        return self

    def __exit__(self, kind, *_exception) -> None:
        if kind is None and self._raw is not None:
            self.finish()

    def _check_open(self) -> None:
        """Of a writer that is finished nothing more reaches the database: a row would be lost without a word."""
        if self._raw is None:
            raise conversion("the bulk-writer is finished: nothing more can be written")

    def _flush(self) -> None:
        rows, self._buffer = self._buffer, []
        if rows:
            with raised:
                self._raw.write(rows)

    def _where(self, at: int, row: int | None = None) -> str:
        return f"row {self._rows if row is None else row}, column `{self._columns[at]}`"

    def _column(self, at: int, values: Sequence[Any]):
        """The column in the narrowest case that holds all of its values."""
        kinds = set(map(type, values)) - {type(None)}
        if kinds == {int}:
            numbers = [value for value in values if value is not None]
            if convert.INT64_MIN <= min(numbers) and max(numbers) <= convert.INT64_MAX:
                return types.ColumnData_Int64(list(values))
        elif kinds == {float}:
            return types.ColumnData_Float64(list(values))
        elif kinds == {str}:
            for row, value in enumerate(values, self._rows + 1):
                convert.to_host(value, lambda row: self._where(at, row), row)
            return types.ColumnData_Text(list(values))
        return types.ColumnData_Mixed(
            [
                convert.to_host(value, lambda row: self._where(at, row), row)
                for row, value in enumerate(values, self._rows + 1)
            ]
        )
