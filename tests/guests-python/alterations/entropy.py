"""Draws from every source, and keeps what it drew: no two databases may get the same."""

from datetime import datetime

from alteration_sdk import Alteration, entropy

from .expect import Expectations
from .sources import CHANCE, DAY, TIME

SETS = {"one", "two", "three", "four"}


class Entropy(Alteration, id="1.2.0-1700000006-entropy"):
    def up(self, db):
        expect = Expectations()
        db.execute("CREATE TABLE drawn (source VARCHAR(40), what VARCHAR(2000))")
        with db.bulk_writer("drawn", ["source", "what"]) as writer:
            for source, draw in CHANCE.items():
                first, second = str(draw()), str(draw())
                if first == second:
                    expect.differences.append(f"{source} repeats itself: {first}")
                writer.write(source, first[:2000])
        now = entropy.now_ms() / 1000
        for source, ask in TIME.items():
            if not now - 1 <= ask() <= now + 0.001:
                expect.differences.append(f"{source}: {ask()} is not {now}")
        for source, ask in DAY.items():
            expect.same(source, ask(), datetime.fromtimestamp(now).date())
        if now < 1_700_000_000:
            expect.differences.append(f"{now} is no time of today")
        expect.settle()

    def down(self, db):
        db.execute("DROP TABLE drawn")
