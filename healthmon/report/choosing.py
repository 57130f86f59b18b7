"""Which targets a report is about, and which of the patterns given match nothing. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct

from healthmon.config.findings import nearest, shown
from healthmon.model import Kind, Target
from healthmon.report.words import visible
from healthmon.store.known import KnownTarget


class Choice(Struct, frozen=True):
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


def in_vain(choice: Choice, known: Sequence[KnownTarget]) -> list[str]:
    """Say of each pattern that matches nothing that was ever watched which one that is, and what may be meant."""
    watched = [one for one in known if one.target.is_pbx or one.target.is_endpoint]
    sorts: tuple[tuple[str, Sequence[str], Callable[[str], Choice], Sequence[str]], ...] = (
        ("--pbx", choice.pbxs, lambda pattern: Choice(pbxs=(pattern,)), [one.target.pbx for one in watched]),
        ("--watch", choice.watches, lambda pattern: Choice(watches=(pattern,)), [one.watch for one in watched]),
        (
            "--endpoint",
            choice.endpoints,
            lambda name: Choice(endpoints=(name,)),
            [one.target.resource for one in watched],
        ),
    )
    return [
        _matches_nothing(option, pattern, names)
        for option, patterns, choice_of, names in sorts
        for pattern in patterns
        if not any(choice_of(pattern).includes(one.target, one.kind, one.watch) for one in watched)
    ]


def _matches_nothing(option: str, pattern: str, names: Sequence[str]) -> str:
    guess = nearest(pattern.rpartition("/")[2], filter(None, names))
    hint = f"did you mean {visible(guess)}?" if guess else "healthmon status --all shows the names"
    return f"{option} {visible(shown(pattern))} matches nothing that was ever watched; {hint}"
