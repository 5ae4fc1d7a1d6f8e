"""Chance and time: the language's own sources are the host's, and only with the permission."""

import os
import random
import time
import uuid
from datetime import datetime

from alteration_sdk import entropy, log

from . import see


def drawn(length):
    return entropy.random_bytes(length).hex()


def entropy_undeclared(db):
    log.info(f"it was given {drawn(1)}")


def entropy_undeclared_time(db):
    log.info(f"it was given {entropy.now_ms()}")


def entropy_undeclared_built_in(db):
    log.info(f"it was given {random.random()} {datetime.now()}")


CASES = (entropy_undeclared, entropy_undeclared_time, entropy_undeclared_built_in)


def entropy_declared(db):
    one, other = drawn(16), drawn(16)
    see(db, "drawn", one)
    see(db, "differs", str(one != other).lower())
    see(db, "none", len(drawn(0)))
    see(db, "stands still", str(entropy.now_ms() == entropy.now_ms()).lower())
    see(db, "is today", str(entropy.now_ms() > 1_700_000_000_000).lower())


def entropy_built_in(db):
    see(db, "drawn", f"{random.random()} {uuid.uuid4()}")
    now = entropy.now_ms()
    is_one = time.time() == now / 1000 and abs(datetime.now().timestamp() * 1000 - now) < 1
    see(db, "one clock", str(is_one).lower())


def entropy_replayed(db):
    """Its step does the work."""


def replayed(db):
    """Fails after it has drawn, until the table `mended` has a row."""
    parts = [drawn(16), os.urandom(16).hex(), random.random(), uuid.uuid4(), time.time()]
    line = " ".join(map(str, parts))
    log.info(f"drawn {line}.")
    see(db, "drawn", line)
    if db.one("SELECT count(*) FROM mended")[0] == 0:
        raise ValueError("not mended")


WITH_THE_PERMISSION = (entropy_declared, entropy_built_in, entropy_replayed)
