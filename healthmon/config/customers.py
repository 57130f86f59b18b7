"""Whose the PBXs and the watch sections of a configuration are, and what somebody sees who is limited. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from msgspec import Struct, field

from healthmon.config.sections.user import GuestLimits
from healthmon.model import EVERYTHING, Scope


class OwnedWatch(Struct, frozen=True):
    """A watch section: on which PBXs it is (patterns), and whose its endpoints are; "": those of the PBX's customer."""

    customer: str = ""
    pbx: tuple[str, ...] = ("*",)


class Customers(Struct, frozen=True):
    """What the configuration says of customers."""

    #: By the name of the PBX; "": nobody's.
    pbxs: Mapping[str, str] = field(default_factory=dict)
    watches: Mapping[str, OwnedWatch] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """All customers."""
        return frozenset((*self.pbxs.values(), *(watch.customer for watch in self.watches.values()))) - {""}

    def scope(self, limits: GuestLimits) -> Scope:
        """Say what somebody sees. What the configuration does not name any more, nobody who is limited sees."""
        if limits.are_none:
            return EVERYTHING
        pairs = {
            (pbx, name)
            for pbx in self.pbxs
            for name, watch in self.watches.items()
            if any(fnmatchcase(pbx, pattern) for pattern in watch.pbx)
        }
        seen = {
            (pbx, name) for pbx, name in pairs if name in limits.watches or self.owner(pbx, name) in limits.customers
        }
        whole = {
            pbx
            for pbx, customer in self.pbxs.items()
            if pbx in limits.pbxs
            or (customer in limits.customers and all(pair in seen for pair in pairs if pair[0] == pbx))
        }
        watches = {
            name
            for name in self.watches
            if all(pair in seen or pair[0] in whole for pair in pairs if pair[1] == name)
            and any(pair[1] == name for pair in pairs)
        }
        parts = {pair for pair in seen if pair[0] not in whole}
        return Scope(pbxs=frozenset(whole), parts=frozenset(parts), watches=frozenset(watches))

    def owner(self, pbx: str, watch: str = "") -> str:
        """Say whose the endpoints of a section on a PBX are; "": nobody's. ``watch`` "": no section speaks of them."""
        if watch and self.watches[watch].customer:
            return self.watches[watch].customer
        return self.pbxs[pbx]
