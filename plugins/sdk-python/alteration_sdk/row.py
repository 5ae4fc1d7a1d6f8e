"""Rows as the author sees them. Fetches nothing: `database` and `cursor` do."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from .convert import from_host
from .errors import conversion


class Column(NamedTuple):
    """A column of a result; `type_name` is the database's, empty for an expression without one."""

    name: str
    type_name: str


class Columns:
    """The columns of one result, which all of its rows share."""

    def __init__(self, columns: list):
        self.all = tuple(Column(column.name, column.type_name) for column in columns)
        self._indexes: dict[str, int | None] = {}
        for index, column in enumerate(self.all):
            # A name that two columns have finds neither.
            self._indexes[column.name] = None if column.name in self._indexes else index

    def index(self, name: str) -> int:
        try:
            index = self._indexes[name]
        except KeyError:
            names = ", ".join(self._indexes)
            raise conversion(f"no column `{name}` in the result; it has: {names}") from None
        if index is None:
            raise conversion(f"two columns are named `{name}`; name them apart with AS")
        return index


class Row:
    """One row: by position, by name, as an attribute, or taken apart.

    `row[0]`, `row["email"]`, `row.email`, `id, email = row`. A column that is named as something of
    the class (`as_dict`) is found with brackets.
    """

    __slots__ = ("_columns", "_values")

    def __init__(self, columns: Columns, values: Sequence[Any]):
        self._columns = columns
        self._values = tuple(values)

    def __getitem__(self, key: int | slice | str) -> Any:
        return self._values[self._columns.index(key) if isinstance(key, str) else key]

    def __getattr__(self, name: str) -> Any:
        # Never a column, and asked for by Python itself.
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Row):
            return self.as_dict() == other.as_dict() and self._values == other._values
        return self._values == other

    def __hash__(self) -> int:
        return hash(self._values)

    def __repr__(self) -> str:
        pairs = zip(self._columns.all, self._values, strict=True)
        return f"Row({', '.join(f'{column.name}={value!r}' for column, value in pairs)})"

    def as_dict(self) -> dict[str, Any]:
        """The values by the names of their columns; of two with one name, the last."""
        return {
            column.name: value
            for column, value in zip(self._columns.all, self._values, strict=True)
        }


def rows_from_host(columns: Columns, rows: list) -> list[Row]:
    return [Row(columns, [from_host(value) for value in row]) for row in rows]
