"""Write database alterations for the runner in Python.

    from alteration_sdk import Alteration

    class CreateNotes(Alteration, id="1.0.0-1735689600-create-notes"):
        def up(self, db):
            db.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")

        def down(self, db):
            db.execute("DROP TABLE notes")

Imports everywhere, so that an author's own functions can be tested with any Python; what needs the
database works in a hook alone.
"""

# First, so that no other module keeps a clock or a generator that would be frozen.
from . import purity

purity.install()

from . import entropy, log, settings  # noqa: E402
from .alteration import FINISHED, Alteration, Finished, More
from .cursor import Batch, Cursor
from .database import Database, Dialect, Outcome
from .errors import Error, ErrorKind
from .row import Column, Row
from .values import Date, Json, Other, Time, Timestamp, Timestamptz
from .writer import BulkWriter

__all__ = [
    "FINISHED",
    "Alteration",
    "Batch",
    "BulkWriter",
    "Column",
    "Cursor",
    "Database",
    "Date",
    "Dialect",
    "Error",
    "ErrorKind",
    "Finished",
    "Json",
    "More",
    "Other",
    "Outcome",
    "Row",
    "Time",
    "Timestamp",
    "Timestamptz",
    "entropy",
    "log",
    "settings",
]
