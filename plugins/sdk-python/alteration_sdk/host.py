"""The one door to the host: the bindings that componentize-py generates from the WIT.

They exist inside a component alone. Elsewhere each use of them says so, instead of each import of
the package failing.
"""

try:
    from componentize_py_types import Err
    from wit_world.imports import database, entropy, log, settings, types
except ModuleNotFoundError:

    class _Absent:
        def __getattr__(self, name):
            raise RuntimeError(
                "only a hook that the runner calls has a database, a log, settings and entropy; "
                "test what needs them with `runner deploy` on a database of your own"
            )

    class Err(Exception):
        """Never raised: what raises it is not here either."""

    database = entropy = log = settings = types = _Absent()

try:
    from wit_world.exports import backfill
except ImportError:
    # A component without steps does not export it.
    backfill = None

__all__ = ["Err", "backfill", "database", "entropy", "log", "settings", "types"]
