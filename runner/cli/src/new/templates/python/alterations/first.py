"""A table of tags, each with a slug that is computed here."""

from alteration_sdk import Alteration, log

# A component has no files: whatever is imported is imported at the top of a module.
from slug import slug_of

TITLES = ["To do", "In progress"]


class CreateTags(Alteration, id="{{id}}"):
    # Both run in one transaction with the runner's record: on an error, nothing of it happened.
    def up(self, db):
        db.execute("""
            CREATE TABLE {{table}}_tags (
                id INTEGER PRIMARY KEY,
                title VARCHAR(200) NOT NULL,
                slug VARCHAR(200) NOT NULL UNIQUE
            )
        """)
        with db.bulk_writer("{{table}}_tags", ["id", "title", "slug"]) as writer:
            for number, title in enumerate(TITLES, 1):
                writer.write(number, title, slug_of(title))
        log.info(f"{len(TITLES)} tags")

    def down(self, db):
        db.execute("DROP TABLE {{table}}_tags")
