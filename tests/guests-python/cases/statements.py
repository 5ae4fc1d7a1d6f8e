"""Single statements, and what differs between databases."""

from alteration_sdk import log

from . import see, see_error


def outcome(db):
    inserted = db.execute("INSERT INTO items (id, label) VALUES (7000, 'x')")
    see(db, "insert", f"{inserted.rows_affected} {inserted.last_insert_id}")
    updated = db.execute("UPDATE items SET label = ? WHERE id > ?", "y", 2490)
    see(db, "update", updated.rows_affected)


def one_row(db):
    sql = "SELECT label FROM items WHERE id <= ?"
    see(db, "one", db.one(sql, 1).label)
    see(db, "none", str(db.maybe_one(sql, 0) is None).lower())
    see_error(db, "one of none", lambda: db.one(sql, 0))
    see_error(db, "one of two", lambda: db.one(sql, 2))
    see_error(db, "none or one of two", lambda: db.maybe_one(sql, 2))


def row_by_name(db):
    row = db.one("SELECT id, label FROM items WHERE id = 1")
    see(db, "names", " ".join(row.as_dict()))
    see(db, "by name", row.label)
    see_error(db, "no such column", lambda: row.nope)
    see_error(db, "two of a name", lambda: db.one("SELECT id, id FROM items WHERE id = 1").id)


def script(db):
    db.script("CREATE TABLE scripted (x INTEGER); INSERT INTO scripted VALUES (1), (2);")
    see(db, "rows", db.one("SELECT count(*) FROM scripted")[0])
    db.script("DROP TABLE scripted")


def names(db):
    see(db, "dialect", db.dialect)
    see(db, "placeholder", db.placeholder(2))
    see(db, "quoted", db.quote('a"b`c'))


def logs(db):
    log.debug("a debug line")
    log.info("an info line")
    log.warn("a warn line")
    log.error("an error line")
    log.info("half a pair: \ud800, an escape: \x1b[31m")
    log.progress(1, 2)
    log.progress(2)


CASES = (outcome, one_row, row_by_name, script, names, logs)
