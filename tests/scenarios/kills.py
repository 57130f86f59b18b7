"""``kill -9`` at a chosen boundary between two steps of the daemon."""

from __future__ import annotations

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
        if len(self.passed) - 1 in self._at:
            self.struck.append(where)
            raise Killed(where)

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
