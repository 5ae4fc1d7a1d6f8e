"""Fails in the way that the table `wish` says."""

import sys

from alteration_sdk import Alteration, Error, ErrorKind


def statement(db):
    try:
        db.execute("INSERT INTO wish VALUES ('statement')")
    except Error as error:
        print(f"kind {error.kind}, {error.constraint}, {error.sqlstate}")
        raise


def value(db):
    {}["a key"]


def name(db):
    return wyas  # noqa: F821


def cause(db):
    try:
        value(db)
    except KeyError as error:
        raise ValueError("not what was expected") from error


def own(db):
    raise Error("the accounts do not balance", kind=ErrorKind.CONSTRAINT, constraint="balance")


def late(db):
    import sqlite3  # noqa: F401


def leave(db):
    sys.exit(0)


def deep(db):
    deep(db)


def memory(db):
    return [bytes(1 << 20) for _ in range(1 << 20)]


def ignored(db):
    try:
        db.execute("SELECT nothing_of_this_name")
    except Error:
        pass


def odd(db):
    raise ValueError("half a pair: \ud800, an escape: \x1b[31m")


def unfinished(db):
    db.bulk_writer("wish", ["how"]).write("never written")


def returned(db):
    return 1


WAYS = [statement, value, name, cause, own, late, leave, deep, memory, ignored, odd, unfinished]
WAYS = {way.__name__: way for way in [*WAYS, returned]}


class Fails(Alteration, id="1.3.0-1700000007-fails"):
    def up(self, db):
        return WAYS[db.one("SELECT how FROM wish").how](db)
