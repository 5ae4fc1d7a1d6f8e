"""Every usual source of chance and time, by name."""

import datetime
import logging
import os
import random
import secrets
import time
import uuid
from datetime import date
from random import choice, random as drawn

from alteration_sdk import entropy

CHANCE = {
    "random.random": random.random,
    "from random import random": drawn,
    "random.getrandbits": lambda: random.getrandbits(64),
    "random.choice": lambda: [choice(range(1 << 30)), random.choice(range(1 << 30))],
    "random.gauss": lambda: random.gauss(),
    "random.randbytes": lambda: random.randbytes(8).hex(),
    "random.shuffle": lambda: random.sample(range(100), 100),
    "random.Random": lambda: random.Random().random(),
    "random.SystemRandom": lambda: random.SystemRandom().random(),
    "secrets.token_hex": secrets.token_hex,
    "secrets.randbelow": lambda: secrets.randbelow(1 << 60),
    "uuid.uuid4": lambda: str(uuid.uuid4()),
    "os.urandom": lambda: os.urandom(16).hex(),
    "entropy.random_bytes": lambda: entropy.random_bytes(16).hex(),
}
TIME = {
    "time.time": time.time,
    "time.time_ns": lambda: time.time_ns() / 1e9,
    "time.clock_gettime": lambda: time.clock_gettime(time.CLOCK_REALTIME),
    "time.gmtime": lambda: datetime.datetime(*time.gmtime()[:6], tzinfo=datetime.UTC).timestamp(),
    "time.localtime": lambda: time.mktime(time.localtime()),
    "time.strftime": lambda: time.mktime(
        time.strptime(time.strftime("%Y-%m-%d %H:%M:%S"), "%Y-%m-%d %H:%M:%S")
    ),
    "time.ctime": lambda: time.mktime(time.strptime(time.ctime())),
    "time.asctime": lambda: time.mktime(time.strptime(time.asctime())),
    "datetime.now": lambda: datetime.datetime.now().timestamp(),
    "datetime.now(UTC)": lambda: datetime.datetime.now(datetime.UTC).timestamp(),
    "datetime.today": lambda: datetime.datetime.today().timestamp(),
    "datetime.utcnow": lambda: datetime.datetime.utcnow().timestamp(),
    "logging": lambda: logging.LogRecord("a", logging.INFO, "b", 1, "c", (), None).created,
    "entropy.now_ms": lambda: entropy.now_ms() / 1000,
}
DAY = {"date.today": date.today, "datetime.date.today": datetime.date.today}
