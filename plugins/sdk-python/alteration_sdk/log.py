"""What the operator sees: the log, and progress.

`print` works as well and logs at `info`. What was logged stays logged when the hook fails.
"""

from . import host
from .errors import conversion, sendable

_U64_MAX = (1 << 64) - 1


def debug(message: object) -> None:
    """Logs a line that is shown with `--verbose` alone."""
    _log("DEBUG", message)


def info(message: object) -> None:
    """Logs what is good to know."""
    _log("INFO", message)


def warn(message: object) -> None:
    """Logs what the operator should look at."""
    _log("WARN", message)


def error(message: object) -> None:
    """Logs what went wrong; what a hook raises is logged by itself."""
    _log("ERROR", message)


def progress(done: int, total: int | None = None) -> None:
    """Reports `done` of `total` rows, or of whatever the hook counts.

    Cheap, but not free: once a batch, not once a row.
    """
    host.log.progress(count("done", done), None if total is None else count("total", total))


def count(what: str, number: int) -> int:
    """`number`, if the host can count so far."""
    if type(number) is not int or not 0 <= number <= _U64_MAX:
        raise conversion(f"{what} is a whole number from 0 on, not {number!r}")
    return number


def _log(level: str, message: object) -> None:
    host.log.log(host.log.Level[level], sendable(message))
