"""All of the database's face: statements, rows by every way, cursors, bulk writers."""

from alteration_sdk import Alteration, log

from .expect import Expectations

COUNT = 2_500


class Statements(Alteration, id="1.1.0-1700000003-statements"):
    def up(self, db):
        expect = Expectations()
        db.script("""
            CREATE TABLE statements (id INTEGER PRIMARY KEY, label VARCHAR(20), size DOUBLE PRECISION);
            CREATE TABLE copies (id INTEGER, label VARCHAR(20), size DOUBLE PRECISION);
        """)
        with db.bulk_writer("statements", ["id", "label", "size"]) as writer:
            for number in range(1, COUNT + 1):
                writer.write(number, None if number % 2 else f"n{number}", number / 2)
        id, label = map(db.placeholder, (1, 2))
        outcome = db.execute(f"UPDATE statements SET label = {id} WHERE id = {label}", "first", 1)
        expect.same("rows affected", outcome.rows_affected, 1)

        row = db.one(f"SELECT id, label, size AS count FROM statements WHERE id = {id}", 1)
        expect.same("by name", (row.id, row["label"], row.count), (1, "first", 0.5))
        expect.same("by position", (row[0], row[-1], row[:2]), (1, 0.5, (1, "first")))
        expect.same("as a dict", row.as_dict(), {"id": 1, "label": "first", "count": 0.5})
        number, text, _ = row
        expect.same("taken apart", (number, text, len(row)), (1, "first", 3))
        expect.refused("no such column", ["`nope`", "id, label, count"], lambda: row.nope)
        doubled = db.one("SELECT id, id FROM statements WHERE id = 1")
        expect.refused("a doubled column", ["two columns", "`id`"], lambda: doubled.id)
        expect.same("none", db.maybe_one("SELECT id FROM statements WHERE id = 0"), None)
        none = lambda: db.one("SELECT id FROM statements WHERE id = 0")
        expect.refused("none", ["found none"], none)
        many = lambda: db.maybe_one("SELECT id FROM statements")
        expect.refused("too many", [f"found {COUNT}"], many)

        query = "SELECT id, label, size FROM statements ORDER BY id"
        with db.cursor(query) as cursor:
            expect.same(
                "columns", [column.name for column in cursor.columns], ["id", "label", "size"]
            )
            expect.same("rows", sum(row.id for row in cursor), COUNT * (COUNT + 1) // 2)
            expect.same("an ended cursor", list(cursor), [])
        copied = 0
        with db.bulk_writer("copies", ["id", "label", "size"]) as writer:
            for batch in db.cursor(query).batches(1_000):
                ids, labels, sizes = batch
                expect.same("by name", batch["id"], ids)
                writer.write_columns(ids, labels, sizes)
                copied += len(batch)
                log.progress(copied, COUNT)
        left, right = (
            [tuple(row) for row in db.query(f"SELECT id, label, size FROM {table} ORDER BY id")]
            for table in ("statements", "copies")
        )
        expect.same("copied", copied, COUNT)
        if left != right:
            expect.same("copies", right[:3], left[:3])
        quoted = db.quote('a"b`c')
        expect.same("quoted", quoted in ('"a""b`c"', '`a"b``c`'), True)
        expect.settle()

    def down(self, db):
        db.script("DROP TABLE statements; DROP TABLE copies;")
