"""No peer ends the process: whatever a library raises while it talks to a peer is that peer's failure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from healthmon.errors import HealthmonError


@contextmanager
def failures_of_the_peer(as_error: Callable[[Exception], HealthmonError]) -> Iterator[None]:
    """Whatever a library raises in here becomes the error of this peer that ``as_error`` makes of it.

    Only calls of libraries belong in here. A defect of our own is nobody else's failure, and must stay visible.
    """
    try:
        yield
    except HealthmonError:
        raise
    except Exception as error:  # noqa: BLE001 - that is the point: nobody knows all that libraries raise
        # What it was made from may hold secrets: only what as_error() took of it is shown.
        raise as_error(error) from None


def with_its_type(error: Exception) -> str:
    """Say ``LocationParseError: Failed to parse: http://[::``, for what has no sentence of its own."""
    said = " ".join(str(error).split())
    if said:
        return f"{type(error).__name__}: {said}"
    return type(error).__name__


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that it was made from; requests and urllib3 hide it in four places."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        nested = (cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args)
        waiting.extend(inner for inner in nested if isinstance(inner, BaseException))
