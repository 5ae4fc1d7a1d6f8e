"""Does nothing: its deploy fills the cache of compiled components."""

from alteration_sdk import Alteration


class WarmUp(Alteration, id="1.0.0-1700000000-warm-up"):
    def up(self, db):
        print("printed")

    def down(self, db):
        pass
