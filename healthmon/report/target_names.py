"""Which target is meant by ``101``, ``PJSIP/101``, ``office:PJSIP/101``, ``office``, or a pattern for one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from glob import escape

from msgspec.structs import replace

from healthmon.config.findings import nearest, shown
from healthmon.errors import ExitCode, HealthmonError
from healthmon.model import NO_NAMES, DisplayNames, Target
from healthmon.report.availability.selection import Selection
from healthmon.report.formatting import counted, visible
from healthmon.store.read.known_targets import KnownTarget
from healthmon.text.callerid import beside

#: So many are named where several match.
_NAMED = 8


class BadTarget(HealthmonError):
    """No target has this name, or several have."""

    exit_code = ExitCode.USAGE


def short_name(target: Target) -> str:
    """Write a target so that nothing else is meant: ``office:PJSIP/101``, ``office``, ``office:site 203.0.113.7``."""
    if target.is_pbx:
        return target.pbx
    name = target.endpoint or f"{target.technology} {target.resource}".rstrip()
    if target.pbx:
        return f"{target.pbx}:{name}"
    return name


def find_target(words: str, known: Sequence[KnownTarget], names: DisplayNames = NO_NAMES) -> KnownTarget:
    """Find the one that is meant; what is watched goes before what was. Raises BadTarget, with what may be meant.

    Its own name goes before what people call it: somebody may be called 101.
    """
    for spellings in (_spellings, partial(_called, names)):
        found = _spelt(words, known, spellings)
        if found is not None:
            return found
    if matching := [about for about in known if any(fnmatchcase(name, words) for name in _spellings(about.target))]:
        chosen = [about for about in matching if about.forgotten_at is None] or matching
        if len(chosen) == 1:
            return chosen[0]
        raise BadTarget(f"{visible(shown(words))} names {_listed(chosen)}; write which one you mean")
    raise BadTarget(f"{visible(shown(words))}: nothing of this name was ever watched{_guess(words, known, names)}")


def _spelt(
    words: str, known: Sequence[KnownTarget], spellings: Callable[[Target], Iterator[str]]
) -> KnownTarget | None:
    """Find the one that is written so, else the one that is but for capitals; None: none. Raises BadTarget."""
    for spelt in (str, str.casefold):
        found = [about for about in known if spelt(words) in {spelt(name) for name in spellings(about.target)}]
        chosen = [about for about in found if about.forgotten_at is None] or found
        if len(chosen) == 1:
            return chosen[0]
        if chosen:
            raise BadTarget(f"{visible(shown(words))} names {_listed(chosen)}; write which one you mean")
    return None


def by_numbers(selection: Selection, known: Sequence[KnownTarget], names: Callable[[], DisplayNames]) -> Selection:
    """The same selection, where what people call an endpoint is the endpoint. Raises BadTarget where several are."""
    return replace(selection, endpoints=[by_number(pattern, known, names) for pattern in selection.endpoints])


def by_number(pattern: str, known: Sequence[KnownTarget], names: Callable[[], DisplayNames]) -> str:
    """The endpoint that people call so, as a pattern; else the pattern itself. Raises BadTarget where several are.

    Only what is no pattern for any endpoint is looked up among the ``names``.
    """
    alone = Selection(endpoints=(pattern,))
    if any(alone.includes(about.target, about.kind, about.watch) for about in known):
        return pattern
    meant = _spelt(pattern, known, partial(_called, names()))
    if meant is None:
        return pattern
    return escape(short_name(meant.target))


def _spellings(target: Target) -> Iterator[str]:
    """All that people call it."""
    yield str(target)
    yield short_name(target)
    if not target.is_pbx:
        yield target.resource
        yield f"{target.pbx}:{target.resource}"
        yield f"{target.technology} {target.resource}"
    if target.endpoint:
        yield target.endpoint


def _called(names: DisplayNames, target: Target) -> Iterator[str]:
    """What people call it, with its PBX, too."""
    called = names.of(target)
    if called:
        yield called
        yield f"{target.pbx}:{called}"


def _listed(found: Sequence[KnownTarget]) -> str:
    names = ", ".join(visible(short_name(about.target)) for about in found[:_NAMED])
    more = ""
    if len(found) > _NAMED:
        more = f" and {len(found) - _NAMED:,} more"
    return f"{counted(len(found), 'target')}: {names}{more}"


def _guess(words: str, known: Sequence[KnownTarget], names: DisplayNames) -> str:
    """Say what was probably meant: a name that holds these words, else one that looks like them."""
    plain = words.casefold()
    holding = [
        about
        for about in known
        if plain and plain in beside(short_name(about.target), names.of(about.target)).casefold()
    ]
    if holding:
        return f"; this is a part of {_listed(holding)}"
    named = {about.target.resource or about.target.pbx: about for about in known}
    guess = nearest(words.rpartition("/")[2].rpartition(":")[2], named)
    if guess:
        return f"; did you mean {visible(short_name(named[guess].target))}?"
    return "; healthmon status --all shows the names"
