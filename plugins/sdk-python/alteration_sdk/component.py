"""How the host's calls reach the hooks: the classes that componentize-py looks for in a component.

Named after the WIT's exports. A world without one of them leaves its class aside.
"""

import json

from . import host, purity
from .alteration import Alteration, Finished, More, registered
from .database import Database
from .errors import Error, to_host
from .failure import lines
from .log import error as log_error


class Hooks:
    def up(self, alteration: str) -> None:
        _run(alteration, lambda hooks, db: _nothing("up", hooks.up(db)))

    def down(self, alteration: str) -> None:
        _run(alteration, lambda hooks, db: _nothing("down", hooks.down(db)))


class Preparation:
    def before_up(self, alteration: str) -> None:
        _run(alteration, lambda hooks, db: _nothing("before_up", hooks.before_up(db)))

    def before_down(self, alteration: str) -> None:
        _run(alteration, lambda hooks, db: _nothing("before_down", hooks.before_down(db)))


class Backfill:
    def step(self, alteration: str, state: bytes | None):
        return _run(alteration, lambda hooks, db: _step(hooks, db, state))


def _run(alteration: str, call):
    purity.begin(alteration)
    try:
        found = registered.get(alteration)
        if found is None:
            raise Error(f"the component has no {alteration}; it has {', '.join(registered)}")
        return call(found(), Database())
    except BaseException as error:
        failure = to_host(error)
        _log(error)
    finally:
        purity.end()
    raise host.Err(failure)


def _log(error: BaseException) -> None:
    try:
        for line in lines(error):
            log_error(line)
    except Exception as another:
        # What the hook failed with matters more; there may be no memory left.
        log_error(f"no traceback: {type(another).__name__}")


def _nothing(hook: str, returned) -> None:
    if returned is not None:
        raise Error(f"`{hook}` returned {type(returned).__name__}; a hook returns nothing")


def _step(hooks: Alteration, db: Database, state: bytes | None):
    done = hooks.step(db, None if state is None else json.loads(state))
    match done:
        case Finished():
            return host.backfill.StepResult_Finished()
        case More():
            checkpoint = host.backfill.Checkpoint(done.encoded(), done.done, done.total)
            return host.backfill.StepResult_More(checkpoint)
    raise Error(f"`step` returned {type(done).__name__}; it returns More(...) or FINISHED")
