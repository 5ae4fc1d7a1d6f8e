"""Without the permission every source says so; what only looks like one works."""

import datetime
import random
import time
import uuid
from decimal import Decimal

from alteration_sdk import Alteration, Error

from .expect import Expectations
from .sources import CHANCE, DAY, TIME

# At the top a draw would be frozen, and is refused.
FROZEN = []
for name, draw in {**CHANCE, **TIME, **DAY}.items():
    try:
        FROZEN.append(f"{name}: {draw()}")
    except Error as error:
        if "frozen" not in str(error):
            FROZEN.append(f"{name}: {error}")
SEEDED = random.Random(42)


class WithoutEntropy(Alteration, id="1.1.0-1700000005-without-entropy"):
    def up(self, db):
        expect = Expectations()
        expect.same("drawn while building", FROZEN, [])
        for name, draw in {**CHANCE, **TIME, **DAY}.items():
            expect.refused(name, ["`entropy`", self.id, '"permissions"'], draw)
        expect.refused("time.sleep", ["cannot sleep"], lambda: time.sleep(1))

        # With a seed of the author's, chance is none.
        expect.same("a seed", SEEDED.random(), random.Random(42).random())
        random.seed(42)
        expect.same("the seed of all", random.random(), random.Random(42).random())
        day = datetime.datetime(2024, 2, 29, 12)
        expect.same("a date", isinstance(day, datetime.date), True)
        expect.same("a date", isinstance(day.date(), datetime.date), True)
        expect.same("a date", isinstance(day.date(), datetime.datetime), False)
        expect.same("repr", repr(day), "datetime.datetime(2024, 2, 29, 12, 0)")
        expect.same("a sum", isinstance(day + datetime.timedelta(1), datetime.datetime), True)
        parsed = datetime.datetime.strptime("2024-02-29", "%Y-%m-%d")
        expect.same("strptime", parsed, datetime.datetime(2024, 2, 29))
        expect.same("gmtime", time.gmtime(0).tm_year, 1970)
        expect.same("strftime", time.strftime("%Y", time.gmtime(0)), "1970")
        named = uuid.uuid5(uuid.NAMESPACE_DNS, "example.com")
        expect.same("uuid5", str(named), "cfbff0d1-9375-5685-968c-48ce8b15ae17")
        expect.same("a decimal", Decimal(1) / 4, Decimal("0.25"))
        expect.same("an encoding", "ü".encode("cp1252"), b"\xfc")
        expect.settle()

    def down(self, db):
        pass
