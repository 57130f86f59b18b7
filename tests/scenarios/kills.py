"""``kill -9`` at chosen boundaries between two steps of the daemon."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Collection
from random import Random
from typing import NamedTuple

#: So many boundaries after a start it is killed again at the latest: while it looks around, and goes on telling.
SOON = 12


class Killed(BaseException):
    """The daemon is no more. Nothing of it catches this."""


class Kills:
    """Counts the boundaries that the daemon passes, and kills it at some of them."""

    def __init__(self, at: Collection[int] = ()) -> None:
        self._at = frozenset(at)
        #: The names of the boundaries that were passed so far, over all lives of the daemon.
        self.passed: list[str] = []
        #: The names of those at which it was killed.
        self.struck: list[str] = []

    def here(self, where: str) -> None:
        """Pass a boundary. Raises Killed if this is one of those that were chosen."""
        self.passed.append(where)
        if len(self.passed) - 1 in self._at and self._strikes():
            self.struck.append(where)
            raise Killed(where)

    def spare(self) -> None:
        """From now on it lives."""
        self._at = frozenset()

    def _strikes(self) -> bool:
        return True

    def around(self, thing: object, *names: str) -> None:
        """Make boundaries of the beginning and the end of these methods of an object."""
        for name in names:
            setattr(thing, name, self._bounded(getattr(thing, name)))

    def _bounded(self, method: Callable[..., object]) -> Callable[..., object]:
        name = method.__name__

        def bounded(*args: object, **kwargs: object) -> object:
            self.here(f"before {name}")
            result = method(*args, **kwargs)
            self.here(f"after {name}")
            return result

        return bounded


class Verdict(NamedTuple):
    """How it went in a world that was split off: how often the daemon was killed there, and what went wrong, or ""."""

    kills: int
    error: str


class Splits(Kills):
    """At each chosen boundary the world splits in two, by ``fork``: in one of them the daemon is killed there.

    That one is played to its end, and says how it went; then the other goes on. So a hundred kills in a script cost
    fifty scripts, and not a hundred. ``again``: so often it is killed again there, each time soon after it started.
    """

    def __init__(self, at: Collection[int], *, again: int = 0) -> None:
        super().__init__(at)
        self._left = again
        self._answer: int | None = None
        #: How it went in the worlds that were split off.
        self.verdicts: list[Verdict] = []

    def _strikes(self) -> bool:
        if self.is_split_off:
            self._plan_the_next()
            return True
        question, answer = os.pipe()
        child = os.fork()
        if child == 0:
            self._answer = answer
            self._plan_the_next()
            return True
        os.close(answer)
        with os.fdopen(question) as verdict:
            kills, _, error = verdict.read().partition("\n")
        self.verdicts.append(Verdict(int(kills or 0), error))
        os.waitpid(child, 0)
        return False

    def _plan_the_next(self) -> None:
        here = len(self.passed) - 1
        self._at = frozenset({here + Random(here).randint(1, SOON)} if self._left else ())
        self._left -= 1

    @property
    def is_split_off(self) -> bool:
        """Whether this is a world in which the daemon was killed."""
        return self._answer is not None

    def end(self, error: BaseException | None) -> None:
        """Say how it went, and be no more, if this is a world that was split off."""
        if self._answer is not None:
            words = "" if error is None else "".join(traceback.format_exception_only(error))
            os.write(self._answer, f"{len(self.struck)}\n{words}".encode())
            os._exit(0)
