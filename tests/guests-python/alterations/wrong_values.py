"""What the host's bindings would end the component for is refused before, by name.

Nothing wrong reaches the database: the hook goes on and succeeds.
"""

from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum

from alteration_sdk import Alteration, Error, Json, log

from .expect import Expectations


class Plain(Enum):
    A = 1


PARAMETERS = [
    (object(), ["object"]),
    ([1], ["list", "Json.of"]),
    ({"a": 1}, ["dict", "Json.of"]),
    (Plain.A, ["Plain", "its value"]),
    ("\ud800", ["surrogate"]),
    (Json("\udfff"), ["surrogate"]),
    (Decimal("NaN"), ["NaN"]),
    (Decimal("Infinity"), ["Infinity"]),
    (Decimal("1E+1000000"), ["digits"]),
    (10**5000, ["digits"]),
    (time(1, 2, tzinfo=UTC), ["zone"]),
    (datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), ["range"]),
]


class WrongValues(Alteration, id="1.1.0-1700000002-wrong-values"):
    def up(self, db):
        expect = Expectations()
        for value, words in PARAMETERS:
            what = f"a parameter {type(value).__name__}"
            expect.refused(what, ["parameter 2", *words], lambda v=value: db.query("?", 1, v))
            expect.refused(what, ["parameter 1", *words], lambda v=value: db.execute("?", v))
        expect.refused("sql", ["sql", "int"], lambda: db.execute(1))
        expect.refused("sql", ["sql", "surrogate"], lambda: db.script("\ud800"))
        expect.refused("columns", ["columns"], lambda: db.bulk_writer("t", "id"))
        expect.refused("done", ["done"], lambda: log.progress(-1))
        expect.refused("total", ["total"], lambda: log.progress(1, 1 << 64))
        try:
            Json.of({1, 2})
        except TypeError:
            pass
        else:
            raise Error("a set became JSON")
        db.execute("CREATE TABLE wrong_values (id INTEGER, words VARCHAR(20))")
        with db.bulk_writer("wrong_values", ["id", "words"]) as writer:
            expect.refused("a row", ["2 columns", "3 values"], lambda: writer.write(1, 2, 3))
            writer.write(1, "a")
            expect.refused("a row", ["row 2", "`words`"], lambda: writer.write(1, object()))
            columns = [[1, 2], ["a", "\ud800"]]
            words = ["row 4", "`words`", "surrogate"]
            expect.refused("columns", words, lambda: writer.write_columns(*columns))
            expect.refused("columns", ["2, 1"], lambda: writer.write_columns([1, 2], ["a"]))
            expect.refused("columns", ["1 were given"], lambda: writer.write_columns([1, 2]))
        cursor = db.cursor("SELECT id FROM wrong_values")
        for rows_max in (0, -1, 1 << 32, 1.5):
            expect.refused("rows_max", ["rows_max"], lambda n=rows_max: next(cursor.batches(n)))
        expect.settle()

    def down(self, db):
        db.execute("DROP TABLE wrong_values")
