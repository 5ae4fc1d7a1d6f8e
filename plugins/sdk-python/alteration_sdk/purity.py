"""Chance and time inside a component: from the host, within a hook, or not at all.

A component is the picture of an interpreter taken when it was built. What `random` was seeded with
then would be the same at every customer, and WASI's own sources stand still: so every usual source
is led to the `entropy` import here, and refused where that would freeze or is not permitted. Does
nothing outside a component, where an author's tests run.

Not led anywhere: `hash` of text, whose secret is drawn when a component is built (sets of texts have
one order for good), and `time.monotonic`, `perf_counter` and `process_time`, which stand still.
"""

import datetime
import os
import random
import sys
import time

# Modules that look at the clock or draw a number when they are imported, which is harmless there.
import logging  # noqa: F401
import secrets  # noqa: F401
import tempfile  # noqa: F401
import uuid  # noqa: F401

# Modules that the standard library imports where it needs them, which a component cannot.
import _strptime  # noqa: F401
import encodings.ascii  # noqa: F401
import encodings.cp1252  # noqa: F401
import encodings.latin_1  # noqa: F401
import encodings.utf_16  # noqa: F401
import encodings.utf_8_sig  # noqa: F401
import hashlib  # noqa: F401

from . import host
from .errors import Error, ErrorKind

REAL_DATE, REAL_DATETIME = datetime.date, datetime.datetime

_SEED_BYTES = 64
_BYTES_MAX = 1 << 20
# The alteration whose hook runs, and those whose manifest asks for entropy.
_running: str | None = None
_permitted: frozenset[str] = frozenset()


def permit(alterations: frozenset[str]) -> None:
    global _permitted
    _permitted = alterations


def begin(alteration: str) -> None:
    global _running
    _running = alteration


def end() -> None:
    global _running
    _running = None


def random_bytes(length: int) -> bytes:
    """Cryptographically secure random bytes."""
    _check("random numbers")
    if type(length) is not int or length < 0:
        raise ValueError(f"a number of bytes is a whole number from 0 on, not {length!r}")
    # In parts: one call of the host has a bound.
    parts = [min(_BYTES_MAX, length - at) for at in range(0, length, _BYTES_MAX)]
    return b"".join(host.entropy.random_bytes(part) for part in parts)


def now_ms() -> int:
    """Milliseconds since 1970 at the start of the hook; does not advance while it runs."""
    _check("the time")
    return host.entropy.now_ms()


def check_hook(what: str) -> None:
    """Refuses `what` outside of a hook."""
    if _running is None:
        raise Error(
            f"{what} would be frozen into the component here, the same at every customer: "
            "ask for it inside a hook",
            kind=ErrorKind.DENIED,
        )


def _check(what: str) -> None:
    check_hook(what)
    if _running not in _permitted:
        raise Error(
            f'{what} needs the permission `entropy`: write "permissions": ["entropy"] to '
            f"{_running} in the manifest, and have the operator grant it",
            kind=ErrorKind.DENIED,
        )


class _HookRandom(random.Random):
    """Seeds itself from the host at its first number, and is without a seed until then."""

    _fresh = False

    def seed(self, a=None, version=2):
        # The interpreter calls this before each hook, to get rid of what was frozen.
        self._fresh = a is not None
        super().seed(0 if a is None else a, version)
        self.gauss_next = None

    def _begin(self) -> None:
        if not self._fresh:
            self.seed(int.from_bytes(random_bytes(_SEED_BYTES)))

    def random(self):
        self._begin()
        return super().random()

    def getrandbits(self, k):
        self._begin()
        return super().getrandbits(k)

    def getstate(self):
        self._begin()
        return super().getstate()

    def setstate(self, state):
        super().setstate(state)
        self._fresh = True


class _Standing(type):
    """Real dates and times are instances of the classes below, which only ask another clock."""

    def __instancecheck__(cls, instance):
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass):
        if cls in (_Date, _Datetime):
            return issubclass(subclass, cls.__mro__[1])
        return super().__subclasscheck__(subclass)


class _Date(REAL_DATE, metaclass=_Standing):
    def __repr__(self):
        return f"datetime.{super().__repr__()}"

    @classmethod
    def today(cls):
        return cls.fromtimestamp(time.time())


class _Datetime(REAL_DATETIME, metaclass=_Standing):
    def __repr__(self):
        return f"datetime.{super().__repr__()}"

    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)

    @classmethod
    def today(cls):
        return cls.now()

    @classmethod
    def utcnow(cls):
        return cls.now(datetime.UTC).replace(tzinfo=None)


def install() -> None:
    """Before any other module of the component is imported, which may keep what it finds."""
    if sys.platform != "wasi":
        return
    _replace_randomness()
    _replace_clocks()
    _replace_dates()


def _replace_randomness() -> None:
    os.urandom = random._urandom = random_bytes
    # What `random.Random()` seeds itself from; the C code beneath would ask WASI.
    seed = random.Random.seed
    random.Random.seed = lambda self, a=None, version=2: seed(
        self, int.from_bytes(random_bytes(_SEED_BYTES)) if a is None else a, version
    )
    shared = _HookRandom(0)
    shared.seed()
    for name, value in vars(random).items():
        if getattr(value, "__self__", None) is random._inst:
            setattr(random, name, getattr(shared, name))
    random._inst = shared


def _replace_clocks() -> None:
    def with_now(function, before=0):
        """The function with the time put in where it would look for itself."""

        def replaced(*args):
            if len(args) == before or args[before] is None:
                args = (*args[:before], moment(function))
            return function(*args)

        return replaced

    utc, clock, clock_ns = time.gmtime, time.clock_gettime, time.clock_gettime_ns

    def moment(function):
        return utc(now_ms() // 1000) if function in (asctime, strftime) else now_ms() / 1000

    asctime, strftime = time.asctime, time.strftime
    time.time = lambda: now_ms() / 1000
    time.time_ns = lambda: now_ms() * 1_000_000
    time.gmtime, time.localtime = with_now(time.gmtime), with_now(time.localtime)
    time.ctime, time.asctime = with_now(time.ctime), with_now(asctime)
    time.strftime = with_now(strftime, before=1)
    real = time.CLOCK_REALTIME
    time.clock_gettime = lambda clk: now_ms() / 1000 if clk == real else clock(clk)
    time.clock_gettime_ns = lambda clk: now_ms() * 1_000_000 if clk == real else clock_ns(clk)
    time.sleep = _sleep


def _sleep(_seconds) -> None:
    raise Error("a hook cannot sleep: its time is the database's; use `step` to go on later")


def _replace_dates() -> None:
    for name, stand_in in (("date", _Date), ("datetime", _Datetime)):
        stand_in.__module__, stand_in.__qualname__, stand_in.__name__ = "datetime", name, name
        setattr(datetime, name, stand_in)
