"""What people call endpoints, for whoever shows them. The core does not know it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from healthmon.model.target import Target
from healthmon.text.callerid import shown_name


class DisplayNames(Struct, frozen=True):
    """The names of endpoints: as [names] says, else as their caller id does."""

    #: By ``PJSIP/103`` or, for one PBX, ``office:PJSIP/103``.
    given: Mapping[str, str] = field(default_factory=dict)
    #: As Asterisk's configuration has them.
    callers: Mapping[Target, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything has a name."""
        return bool(self.given or self.callers)

    def of(self, target: Target) -> str:
        """What people call a target, fit to be shown; "": it has no other name than its own."""
        if not target.is_endpoint:
            return ""
        endpoint = target.endpoint
        given = self.given.get(f"{target.pbx}:{endpoint}", self.given.get(endpoint))
        if given is None:
            given = self.callers.get(target, "")
        called = shown_name(given)
        if called == target.resource:
            return ""
        return called

    def with_callers(self, callers: Mapping[Target, str]) -> DisplayNames:
        """The same, for endpoints that have these caller ids."""
        if not callers:
            return self
        return replace(self, callers=callers)


#: Nothing has a name.
NO_NAMES = DisplayNames()
