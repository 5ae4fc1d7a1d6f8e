"""What the alteration is for, in a line."""

{{if backfill}}from alteration_sdk import FINISHED, Alteration, More
{{unless backfill}}from alteration_sdk import Alteration


class {{type}}(Alteration, id="{{id}}"):
    # Both run in one transaction with the runner's record: on an error, nothing of it happened.
    def up(self, db):
        db.execute("""
            CREATE TABLE {{own}} (
                id INTEGER PRIMARY KEY,
{{if backfill}}                slug VARCHAR(200),
                title VARCHAR(200) NOT NULL
            )
        """)

    def down(self, db):
        db.execute("DROP TABLE {{own}}")
{{if preparation}}
{{if preparation}}    # Runs before `up`, outside its transaction: for CREATE INDEX CONCURRENTLY and its like.
{{if preparation}}    def before_up(self, db):
{{if preparation}}        pass
{{if preparation}}
{{if preparation}}    # Runs before `down`, outside its transaction.
{{if preparation}}    def before_down(self, db):
{{if preparation}}        pass
{{if backfill}}
{{if backfill}}    # Runs after `up`, each step in a short transaction of its own, until it returns FINISHED.
{{if backfill}}    def step(self, db, last):
{{if backfill}}        after = db.placeholder(1)
{{if backfill}}        rows = db.query(
{{if backfill}}            f"SELECT id, title FROM {{own}} WHERE id > {after} ORDER BY id LIMIT 1000", last or 0
{{if backfill}}        )
{{if backfill}}        if not rows:
{{if backfill}}            return FINISHED
{{if backfill}}        slug, id = db.placeholder(1), db.placeholder(2)
{{if backfill}}        for row in rows:
{{if backfill}}            db.execute(f"UPDATE {{own}} SET slug = {slug} WHERE id = {id}", row.title.lower(), row.id)
{{if backfill}}        # The key says about how far it is, and where the next step begins.
{{if backfill}}        return More(rows[-1].id, done=rows[-1].id)
