"""What is asked for by parameters behind the ``?`` of an address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from healthmon.config.findings import nearest, shown
from healthmon.config.values import count
from healthmon.errors import HealthmonError
from healthmon.model import Health, Kind
from healthmon.publish.present import Present
from healthmon.report.status.rows import TargetStatus


class BadQuestion(HealthmonError):
    """A parameter that makes no sense."""


def wishes(present: Present, parameters: Mapping[str, str]) -> Iterable[Callable[[TargetStatus], bool]]:
    """What a target must be to be wanted. Raises BadQuestion."""
    state, kind = one_of(parameters, "state", Health), one_of(parameters, "kind", Kind)
    pbx, watch, words = (parameters.get(name, "") for name in ("pbx", "watch", "search"))
    if state:
        yield lambda row: row.state == state
    if kind:
        yield lambda row: row.kind == kind
    if pbx:
        yield lambda row: row.target.pbx == pbx
    if watch:
        yield lambda row: row.watch == watch
    if words:
        called = present.status.names
        yield lambda row: words.lower() in f"{row.target.endpoint} {called.of(row.target)}".lower()


def refuse_unknown(parameters: Iterable[str], known: Sequence[str]) -> None:
    """Refuse a parameter that nobody knows: left alone, it would be answered with everything. Raises BadQuestion."""
    for name in parameters:
        if name in known:
            continue
        guess, hint = nearest(name, known), "there are none here"
        if guess:
            hint = f"did you mean {guess}?"
        elif known:
            hint = f"there are {', '.join(known)}"
        raise BadQuestion(f"{shown(name)}: unknown parameter; {hint}")


def one_of(parameters: Mapping[str, str], name: str, words: Iterable[str]) -> str:
    """One of several words, "" for none. Raises BadQuestion."""
    given = parameters.get(name, "")
    if given and given not in list(words):
        raise BadQuestion(f"{name}={given}: must be one of {', '.join(words)}")
    return given


def number_of(parameters: Mapping[str, str], name: str, default: int, most: int) -> int:
    """A whole number. Raises BadQuestion."""
    try:
        return count(0, most)(parameters.get(name, str(default)))
    except ValueError as error:
        raise BadQuestion(f"{name}: {error}") from None
