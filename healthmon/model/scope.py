"""What somebody may see: whole PBXs, and what single watch sections speak of on others. Pure."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from healthmon.model.orders import Matcher
from healthmon.model.target import Target

#: What makes a name a pattern.
_OF_PATTERNS = frozenset("*?[")


class Scope(Struct, frozen=True):
    """What somebody may see. What is not said here is not seen: a scope of nothing sees nothing.

    It is known as names alone, so that two who may see the same are equal, and it can be given to another process.
    """

    sees_everything: bool = False
    #: The PBXs that are seen whole: with all that is behind them, and their sites.
    pbxs: frozenset[str] = frozenset()
    #: PBX and watch section: of such a PBX these endpoints are seen, and how the PBX itself is, and no more.
    parts: frozenset[tuple[str, str]] = frozenset()
    #: The watch sections that are seen on every PBX on which they are.
    watches: frozenset[str] = frozenset()
    #: Single targets, also sites and PBXs themselves: what a page for everybody lists.
    targets: frozenset[Target] = frozenset()

    def sees(self, target: Target, watch: str) -> bool:
        """Whether a target is seen with all that happens to it. ``watch``: its section, as it was then."""
        if self.sees_everything or target.pbx in self.pbxs:
            return True
        return target in self.targets or (target.is_endpoint and (target.pbx, watch) in self.parts)

    def sees_whole(self, pbx: str) -> bool:
        """Whether all of a PBX is seen, and what happens to itself."""
        return self.sees_everything or pbx in self.pbxs

    def sees_of(self, pbx: str) -> bool:
        """Whether anything of a PBX is seen: then its name and its state are no secret."""
        if self.sees_whole(pbx) or any(name == pbx for name, _ in self.parts):
            return True
        return any(target.pbx == pbx for target in self.targets)

    def covers(self, matcher: Matcher, seen: Collection[Target]) -> bool:
        """Whether a silence or a maintenance window can speak of nothing but what is seen, also in the future.

        One of its sorts is enough to bound it. ``seen``: the targets that are seen now.
        """
        if self.sees_everything:
            return True
        if matcher.pbxs and self.pbxs.issuperset(matcher.pbxs):
            return True
        if matcher.watches and self.watches.issuperset(matcher.watches):
            return True
        names = {f"{target.pbx}:{target.endpoint}" for target in seen if target.is_endpoint}
        return bool(matcher.endpoints) and all(self._covers(pattern, names) for pattern in matcher.endpoints)

    def _covers(self, pattern: str, names: Collection[str]) -> bool:
        pbx, colon, _ = pattern.partition(":")
        if colon and pbx in self.pbxs:
            return True
        return pattern in names and _OF_PATTERNS.isdisjoint(pattern)


#: Whoever is not limited to anything.
EVERYTHING = Scope(sees_everything=True)
