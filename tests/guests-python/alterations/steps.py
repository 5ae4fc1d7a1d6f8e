"""A preparation, and a backfill whose state holds more than a number."""

from alteration_sdk import FINISHED, Alteration, More

TOTAL = 10


class Steps(Alteration, id="1.1.0-1700000004-steps"):
    def before_up(self, db):
        db.execute("CREATE TABLE steps (id INTEGER PRIMARY KEY, step INTEGER)")

    def up(self, db):
        with db.bulk_writer("steps", ["id"]) as writer:
            writer.write_columns(list(range(TOTAL)))

    def step(self, db, state):
        state = state or {"last": -1, "name": "ü", "steps": [0]}
        last, number = state["last"], state["steps"][0] + 1
        first, second, third = map(db.placeholder, (1, 2, 3))
        outcome = db.execute(
            f"UPDATE steps SET step = {first} WHERE id > {second} AND id <= {third}",
            number,
            last,
            last + 4,
        )
        if outcome.rows_affected == 0:
            return FINISHED
        return More({"last": last + 4, "name": "ü", "steps": [number]}, last + 5, TOTAL)

    def down(self, db):
        db.execute("DELETE FROM steps")

    def before_down(self, db):
        db.execute("ALTER TABLE steps RENAME TO steps_going")
        db.execute("DROP TABLE steps_going")
        db.execute("CREATE TABLE steps (id INTEGER PRIMARY KEY)")
