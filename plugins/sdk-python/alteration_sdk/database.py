"""The database of a hook: statements, queries, and the way to cursors and bulk writers.

There is no connection to open and no transaction to begin or end: both are the host's.
"""

from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from . import convert, host
from .cursor import Cursor
from .errors import conversion, raised
from .row import Columns, Row, rows_from_host
from .writer import BulkWriter


class Dialect(StrEnum):
    """Which SQL a database speaks."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"
    MYSQL = "mysql"
    MARIADB = "mariadb"


class Outcome(NamedTuple):
    """What a statement did."""

    #: How many rows were inserted, changed or deleted; 0 for a statement that changes none.
    rows_affected: int
    #: The key that the database gave to the row inserted last, where it has such keys.
    last_insert_id: int | None


class Database:
    """The one connection of a hook's call; every hook is given it.

    Statements reach the database as they are written, so that parameters stand there as it wants
    them: see `placeholder`.
    """

    @cached_property
    def dialect(self) -> Dialect:
        """Which database this is, for statements that differ."""
        return Dialect[host.database.get_dialect().name]

    def execute(self, sql: str, *parameters: Any) -> Outcome:
        """Runs exactly one statement; rows that it returns are dropped.

            db.execute(f"DELETE FROM notes WHERE id = {db.placeholder(1)}", 7)

        Raises an `Error`: `SYNTAX` for none or several statements, `CONVERSION` where the number of parameters is wrong or
        a value does not fit.
        """
        statement, values = _text("sql", sql), convert.parameters(parameters)
        with raised:
            outcome = host.database.execute(statement, values)
        return Outcome(outcome.rows_affected, outcome.last_insert_id)

    def script(self, sql: str) -> None:
        """Runs any number of statements, without parameters. The first that fails ends it."""
        statements = _text("sql", sql)
        with raised:
            host.database.execute_script(statements)

    def query(self, sql: str, *parameters: Any) -> list[Row]:
        """All rows of a query, for results known to be small; a `cursor` reads any number.

        Raises an `Error`: `LIMIT` beyond the run's bound for one result.
        """
        statement, values = _text("sql", sql), convert.parameters(parameters)
        with raised:
            found = host.database.query(statement, values)
        return rows_from_host(Columns(found.columns), found.rows)

    def one(self, sql: str, *parameters: Any) -> Row:
        """The only row of a query: `(count,) = db.one("SELECT count(*) FROM notes")`.

        Raises an `Error` of kind `CONVERSION` for none or several.
        """
        row = self.maybe_one(sql, *parameters)
        if row is None:
            raise conversion("expected one row, found none")
        return row

    def maybe_one(self, sql: str, *parameters: Any) -> Row | None:
        """The only row of a query, or `None` if it has none. Several raise an `Error` of kind `CONVERSION`."""
        rows = self.query(sql, *parameters)
        if len(rows) > 1:
            raise conversion(f"expected one row, found {len(rows)}")
        return rows[0] if rows else None

    def cursor(self, sql: str, *parameters: Any) -> Cursor:
        """Opens a query whose rows are fetched in batches: `for row in db.cursor(...)`.

        It shows what was there when it was opened, whatever is written meanwhile.
        """
        statement, values = _text("sql", sql), convert.parameters(parameters)
        with raised:
            return Cursor(host.database.open_cursor(statement, values))

    def bulk_writer(self, table: str, columns: list[str] | tuple[str, ...]) -> BulkWriter:
        """The fastest way to write many rows into a table, which is a name or `schema.name`; all names are quoted.

        with db.bulk_writer("countries", ["code", "name"]) as writer:
            writer.write("DE", "Germany")
            writer.write("FR", "France")
        """
        table = _text("table", table)
        if isinstance(columns, str):
            raise conversion(f"columns is a list of names, not the text {columns!r}")
        names = [_text("columns", name) for name in columns]
        with raised:
            return BulkWriter(host.database.open_bulk_writer(table, names), names)

    def placeholder(self, number: int) -> str:
        """How this database writes the parameter with `number`, from 1 on: `$1` or `?`.

        A `?` takes the next parameter, whatever its number: for a statement that is right on every
        database, number them in the order in which they stand, and use each once.
        """
        return f"${number}" if self.dialect is Dialect.POSTGRESQL else "?"

    def placeholders(self, count: int) -> str:
        """`count` of them with commas between, as for VALUES: `?, ?` or `$1, $2`."""
        return ", ".join(self.placeholder(number) for number in range(1, count + 1))

    def quote(self, name: str) -> str:
        """Quotes a name for use in SQL, as this database wants it."""
        return host.database.quote_identifier(_text("name", name))


def _text(what: str, text: str) -> str:
    if not isinstance(text, str):
        raise conversion(f"{what} is a text, not {type(text).__name__}")
    try:
        return convert.text(text)
    except ValueError as error:
        raise conversion(f"{what}: {error}") from None
