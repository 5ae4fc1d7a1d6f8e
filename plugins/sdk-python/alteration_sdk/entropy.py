"""Chance and time, for alterations whose manifest declares the permission `entropy`.

The usual sources (`random`, `secrets`, `uuid`, `os.urandom`, `time.time`, `datetime.now`) lead here as
well: inside a hook they are as good as these, and without the permission they fail with a word about
it.
"""

from .purity import now_ms, random_bytes

__all__ = ["now_ms", "random_bytes"]
