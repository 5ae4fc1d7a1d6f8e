"""What an author writes: a class for each alteration, registered by its id."""

import inspect
import json
from dataclasses import dataclass
from typing import Any, ClassVar

from .database import Database
from .errors import Error, conversion
from .log import count

#: Every alteration of the component, by id.
registered: dict[str, type["Alteration"]] = {}

_HOOKS = ("up", "down", "before_up", "before_down", "step")


@dataclass(frozen=True)
class More:
    """A step is done and there is more to do.

    `state` is anything that JSON holds, at most 1 MiB of it; the next step is given it, after a crash
    too. `done` and `total` are for the operator's eyes.
    """

    state: Any
    done: int = 0
    total: int | None = None

    def encoded(self) -> bytes:
        """The state as the host keeps it."""
        try:
            text = json.dumps(self.state, ensure_ascii=False, allow_nan=False)
            state = text.encode("utf-8")
        except (TypeError, ValueError) as error:
            raise conversion(f"the state of a step is what JSON holds: {error}") from None
        count("done", self.done)
        if self.total is not None:
            count("total", self.total)
        return state


@dataclass(frozen=True)
class Finished:
    """There is nothing left to do."""


FINISHED = Finished()


class Alteration:
    """One alteration: `class CreateNotes(Alteration, id="1.0.0-1735689600-create-notes")`.

    Each hook is called on a new object in a new interpreter: nothing is left of an earlier one. It
    returns nothing; what it raises fails the alteration and takes back what it did.

    Beside `up` and `down` a class may have

    - `before_up`, `before_down`: outside a transaction, for statements that refuse to run in one
      (CREATE INDEX CONCURRENTLY). Journaled: the same call must follow the same results.
    - `step`: moves data in short transactions after `up`, until it returns `FINISHED`.

    A class without `down` is irreversible, and its manifest says so.
    """

    id: ClassVar[str]

    def __init_subclass__(cls, *, id: str | None = None, **rest: Any):
        super().__init_subclass__(**rest)
        for hook in _HOOKS:
            function = getattr(cls, hook)
            if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
                raise TypeError(
                    f"{cls.__qualname__}.{hook} is `async` or yields: nothing would ever run it"
                )
        # Without an id it is a base of others.
        if id is None:
            return
        if other := registered.get(id):
            raise TypeError(f"{cls.__qualname__} and {other.__qualname__} both are {id}")
        cls.id = id
        registered[id] = cls

    def up(self, db: Database) -> None:
        """Applies the alteration."""
        raise NotImplementedError(f"{type(self).__qualname__} has no `up`")

    def down(self, db: Database) -> None:
        """Takes back what `up` did."""
        raise Error(f"{type(self).__qualname__} has no `down`: there is no way back")

    def before_up(self, db: Database) -> None:
        """Runs before `up`, outside its transaction."""

    def before_down(self, db: Database) -> None:
        """Runs before `down`, outside its transaction."""

    def step(self, db: Database, state: Any) -> More | Finished:
        """Does one step of a backfill; `state` is of the step before, `None` at the first."""
        return FINISHED

    @classmethod
    def has(cls, hook: str) -> bool:
        """Whether the class has a hook of its own."""
        return getattr(cls, hook) is not getattr(Alteration, hook)
