"""Does nothing: its deploy fills the cache of compiled components."""

from runner_alteration import Alteration


class WarmUp(Alteration, id="1.0.0-1700000000-warm-up"):
    def up(self, db):
        print("printed")

    def down(self, db):
        pass
