"""What people ordered: silences, acknowledgements."""

from __future__ import annotations

from fnmatch import fnmatchcase

from msgspec import Struct

from healthmon.model.target import Kind, Target


class Matcher(Struct, frozen=True):
    """What a silence or a maintenance window speaks of: shell patterns; what is not given matches everything.

    Patterns of one sort are alternatives; all sorts that are given must match. A PBX itself is in no watch section
    and is no endpoint.
    """

    pbxs: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    watches: tuple[str, ...] = ()
    #: Over ``PJSIP/101``, or over ``office:PJSIP/101``; case matters.
    endpoints: tuple[str, ...] = ()
    #: Over the names of sites, ``203.0.113.7``, and of what stands there.
    sites: tuple[str, ...] = ()

    def matches(self, target: Target, kind: Kind, watch: str, site: str = "") -> bool:
        """Whether this speaks of a target of that kind, watch section and site."""
        return (
            _any_matches(self.pbxs, target.pbx)
            and (not self.kinds or kind in self.kinds)
            and _any_matches(self.watches, watch)
            and (not self.endpoints or any(target.is_called(pattern) for pattern in self.endpoints))
            and _any_matches(self.sites, site)
        )

    def __str__(self) -> str:
        """Say ``pbx=office kind=phone``, or ``everything``."""
        named = (
            ("pbx", self.pbxs),
            ("site", self.sites),
            ("kind", self.kinds),
            ("watch", self.watches),
            ("endpoint", self.endpoints),
        )
        return " ".join(f"{name}={value}" for name, values in named for value in values) or "everything"


def _any_matches(patterns: tuple[str, ...], name: str) -> bool:
    return not patterns or (bool(name) and any(fnmatchcase(name, pattern) for pattern in patterns))


class Silence(Struct, frozen=True):
    """Somebody asked for it: what matches is watched and recorded, and not told, until a time."""

    id: int
    matcher: Matcher
    since: float
    #: Moved to now when it is ended early.
    until: float
    author: str
    reason: str
    #: Until a time that the wall clock shows, whoever sets it meanwhile; else it lasts for so long.
    by_wall: bool = False


class Acknowledgement(Struct, frozen=True):
    """Somebody knows of this incident: it is not reminded of any more."""

    incident_id: int
    at: float
    author: str
    reason: str


class Commands(Struct, frozen=True):
    """What people ordered from outside: silences that are not over, acknowledgements of open incidents."""

    silences: tuple[Silence, ...] = ()
    acknowledgements: tuple[Acknowledgement, ...] = ()
