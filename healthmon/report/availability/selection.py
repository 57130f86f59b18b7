"""Which targets a report is about, and which of the patterns given match nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from healthmon.config.findings import nearest, shown
from healthmon.model import Kind, Target
from healthmon.report.formatting import visible
from healthmon.store.read.known_targets import KnownTarget


class Selection(Struct, frozen=True):
    """Which targets a report is about: shell patterns, any of each; nothing given means all."""

    pbxs: Sequence[str] = ()
    watches: Sequence[str] = ()
    #: Over ``PJSIP/101``, or without a slash over ``101``; with ``office:`` before, only those of that PBX.
    endpoints: Sequence[str] = ()
    kinds: Sequence[str] = ()

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.pbxs or self.watches or self.endpoints or self.kinds)

    def includes(self, target: Target, kind: Kind, watch: str) -> bool:
        """Whether this target is wanted. A PBX has no endpoint and no watch section."""
        return (
            _is_any(target.pbx, self.pbxs)
            and _is_any(watch, self.watches, nameless=target.is_pbx)
            and (not self.kinds or kind in self.kinds)
            and (not self.endpoints or any(_is_endpoint(target, pattern) for pattern in self.endpoints))
        )


def _is_any(name: str, patterns: Sequence[str], *, nameless: bool = False) -> bool:
    return not patterns or (not nameless and any(fnmatchcase(name, pattern) for pattern in patterns))


def _is_endpoint(target: Target, pattern: str) -> bool:
    if "/" in pattern:
        return target.is_called(pattern)
    is_with_pbx = ":" in pattern and fnmatchcase(f"{target.pbx}:{target.resource}", pattern)
    return not target.is_pbx and (is_with_pbx or fnmatchcase(target.resource, pattern))


def in_vain(selection: Selection, known: Iterable[KnownTarget]) -> list[str]:
    """Say of each pattern that matches nothing that was ever watched which one that is, and what may be meant."""
    watched = [about for about in known if about.target.is_pbx or about.target.is_endpoint]
    given = [
        *(("--pbx", pattern, Selection(pbxs=(pattern,))) for pattern in selection.pbxs),
        *(("--watch", pattern, Selection(watches=(pattern,))) for pattern in selection.watches),
        *(("--endpoint", pattern, Selection(endpoints=(pattern,))) for pattern in selection.endpoints),
    ]
    names = {
        "--pbx": {about.target.pbx for about in watched},
        "--watch": {about.watch for about in watched if about.watch},
        "--endpoint": {about.target.resource for about in watched if about.target.is_endpoint},
    }
    return [
        _matches_nothing(option, pattern, names[option])
        for option, pattern, alone in given
        if not any(alone.includes(about.target, about.kind, about.watch) for about in watched)
    ]


def _matches_nothing(option: str, pattern: str, names: Iterable[str]) -> str:
    guess = nearest(pattern.rpartition("/")[2], names)
    hint = "healthmon status --all shows the names"
    if guess:
        hint = f"did you mean {visible(guess)}?"
    return f"{option} {visible(shown(pattern))} matches nothing that was ever watched; {hint}"
