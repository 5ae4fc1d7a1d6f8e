"""Many rows into one table: by rows, by columns, not to the end, and misused."""

from . import see, see_error


def writer(db):
    return db.bulk_writer("written", ["id", "label"])


def label(id):
    return None if id % 2 else f"n{id}"


def told(db, finished):
    see(db, "finished", finished)
    rows, labels, total = db.one("SELECT count(*), count(label), sum(id) FROM written")
    see(db, "written", f"{rows} {labels} {total or 0}")


def writer_rows(db):
    rows = writer(db)
    for id in range(1, 2_501):
        rows.write(id, label(id))
    told(db, rows.finish())


def writer_columns(db):
    columns, ids = writer(db), list(range(1, 2_501))
    columns.write_columns(ids, list(map(label, ids)))
    told(db, columns.finish())


def writer_both(db):
    both = writer(db)
    both.write(1, "row")
    both.write_columns([2, 3], ["column", "column"])
    both.write(4, None)
    told(db, both.finish())


def writer_of_nothing(db):
    with writer(db) as none:
        none.write_columns([], [])
        finished = none.finish()
    told(db, finished)


def writer_unfinished(db):
    writer(db).write(1, "never written")


def writer_forgotten_row(db):
    """Written to a writer that is finished: the row must not be lost."""
    with writer(db) as finished:
        finished.write(1, "sent")
    finished.write(2, "never sent")


def writer_wrong_width(db):
    rows = writer(db)
    rows.write(1, "a")
    see_error(db, "narrow", lambda: rows.write(2))
    see_error(db, "wide", lambda: rows.write(2, "b", 3))
    told(db, rows.finish())


def writer_wrong_columns(db):
    columns = writer(db)
    see_error(db, "one of two", lambda: columns.write_columns([1]))
    told(db, columns.finish())


def writer_ragged(db):
    columns = writer(db)
    see_error(db, "2 and 1", lambda: columns.write_columns([1, 2], ["a"]))
    told(db, columns.finish())


def writer_unknown_column(db):
    db.bulk_writer("written", ["id", "nope"])


def writer_violation(db):
    with writer(db) as rows:
        rows.write(1, "a")
        rows.write(1, "b")


CASES = (
    writer_rows,
    writer_columns,
    writer_both,
    writer_of_nothing,
    writer_unfinished,
    writer_forgotten_row,
    writer_wrong_width,
    writer_wrong_columns,
    writer_ragged,
    writer_unknown_column,
    writer_violation,
)
