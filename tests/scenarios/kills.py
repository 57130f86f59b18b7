"""``kill -9`` at chosen boundaries between two steps of the daemon."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Collection


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


class Splits(Kills):
    """At each chosen boundary the world splits in two, by ``fork``: in one of them the daemon is killed there.

    That one is played to its end, and says how it went; then the other goes on. So a hundred kills in a script cost
    fifty scripts, and not a hundred.
    """

    def __init__(self, at: Collection[int]) -> None:
        super().__init__(at)
        self._answer: int | None = None
        #: What went wrong in worlds that were split off; "" where nothing did.
        self.verdicts: list[str] = []

    def _strikes(self) -> bool:
        if self.is_split_off:
            return False
        question, answer = os.pipe()
        child = os.fork()
        if child == 0:
            self._answer = answer
            return True
        os.close(answer)
        with os.fdopen(question) as verdict:
            self.verdicts.append(verdict.read())
        os.waitpid(child, 0)
        return False

    @property
    def is_split_off(self) -> bool:
        """Whether this is a world in which the daemon was killed."""
        return self._answer is not None

    def end(self, error: BaseException | None) -> None:
        """Say how it went, and be no more, if this is a world that was split off."""
        if self._answer is not None:
            words = "" if error is None else "".join(traceback.format_exception_only(error))
            os.write(self._answer, words.encode())
            os._exit(0)
