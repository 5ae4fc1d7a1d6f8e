"""What goes to the log when a hook fails: a traceback of the author's own lines.

A component has no files, so the sources of its modules are kept while it is built.
"""

import linecache
import re
import sys
import traceback

# Where componentize-py mounts the folders of sources.
_MOUNT = re.compile(r"^/(?:\d+|world|bundled|python)/")
_OWN = "/alteration_sdk/"


def keep_sources() -> None:
    """Reads the sources of all modules outside the standard library; called while building."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file and re.match(r"^/\d+/", file) and _OWN not in file:
            kept = linecache.getlines(file)
            # Without a time of modification, so that no file is looked for later.
            linecache.cache[file] = (sum(map(len, kept)), None, kept, file)


def lines(error: BaseException) -> list[str]:
    """The traceback, line by line, without what lies between the host and the hook."""
    told = traceback.TracebackException.from_exception(error)
    _shorten(told, set())
    return [line for part in told.format() for line in part.rstrip("\n").split("\n")]


def _shorten(told: traceback.TracebackException | None, seen: set[int]) -> None:
    if told is None or id(told) in seen:
        return
    seen.add(id(told))
    for frame in list(told.stack):
        if _OWN in frame.filename:
            told.stack.remove(frame)
        else:
            frame.filename = _MOUNT.sub("", frame.filename)
    _shorten(told.__cause__, seen)
    _shorten(told.__context__, seen)
    for one in told.exceptions or ():
        _shorten(one, seen)
