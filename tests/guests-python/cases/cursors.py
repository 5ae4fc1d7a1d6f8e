"""Results of any size: by rows, by columns, given up, and misused."""

from . import see, see_error


def items(db):
    return db.cursor("SELECT id, label, size FROM items ORDER BY id")


def small(db):
    return db.cursor("SELECT 1 UNION ALL SELECT 2")


def cursor_rows(db):
    total, nulls = 0, 0
    for id, label, size in items(db):
        if size != id / 2:
            raise AssertionError(f"{size} is not half of {id}")
        total += id
        nulls += label is None
    see(db, "sum", total)
    see(db, "nulls", nulls)


def cursor_batches(db):
    lengths, total, nulls = [], 0, 0
    for batch in items(db).batches(1_000):
        lengths.append(str(len(batch)))
        total += sum(batch[0])
        nulls += batch["label"].count(None)
    see(db, "lengths", " ".join(lengths))
    see(db, "sum", total)
    see(db, "nulls", nulls)


def cursor_columns(db):
    columns = db.cursor("SELECT id, label, 1 AS one FROM items").columns
    see(db, "columns", " ".join(f"{column.name}:{column.type_name}" for column in columns))


def cursor_of_nothing(db):
    sql = "SELECT id FROM items WHERE id = ?"
    see(db, "rows", len(list(db.cursor(sql, 0))))
    see(db, "batches", len(list(db.cursor(sql, 0).batches(5))))


def cursor_ended(db):
    cursor = items(db)
    list(cursor)
    see(db, "rows after the end", len(list(cursor)))


def cursor_forgotten(db):
    """Half read, and left."""
    global forgotten
    forgotten = items(db)
    see(db, "first", next(iter(forgotten)).id)


def cursor_closed(db):
    for _ in range(2_000):
        with small(db) as cursor:
            next(iter(cursor))
    see(db, "opened", 2_000)


def cursor_many(db):
    return [small(db) for _ in range(2_000)]


def cursor_while_writing(db):
    count = 0
    for row in db.cursor("SELECT id FROM items"):
        db.execute("INSERT INTO items (id) VALUES (?)", row.id + 100_000)
        count += 1
    see(db, "read", count)


def cursor_no_such_column(db):
    batch = next(items(db).batches(1))
    see_error(db, "by name", lambda: batch["nope"])
    see_error(db, "by position", lambda: batch[3])


def cursor_no_rows_a_batch(db):
    see_error(db, "0 rows", lambda: next(items(db).batches(0)))


def cursor_wrong_statement(db):
    db.cursor("SELEC 1")


def cursor_wrong_type(db):
    """A row is what it is: nothing is asked for by type."""
    (row,) = db.cursor("SELECT label FROM items WHERE id = 2")
    see(db, "text", row.label)


CASES = (
    cursor_rows,
    cursor_batches,
    cursor_columns,
    cursor_of_nothing,
    cursor_ended,
    cursor_forgotten,
    cursor_closed,
    cursor_many,
    cursor_while_writing,
    cursor_no_such_column,
    cursor_no_rows_a_batch,
    cursor_wrong_statement,
    cursor_wrong_type,
)
