"""What a timeline amounts to: seconds of each health, outages, and what follows from them. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct

from healthmon.history.measurements import NOTHING_MEASURED, Measured, added_up
from healthmon.model import Length

#: The largest share that is not the whole.
_NEARLY_ALL = math.nextafter(1.0, 0.0)


class UnknownAs(StrEnum):
    """What the time in which a target could not be seen counts as, in its availability."""

    EXCLUDE = "exclude"
    UP = "up"
    DOWN = "down"


class Figures(Struct, frozen=True):
    """What a timeline amounts to, in seconds."""

    up_s: float = 0.0
    degraded_s: float = 0.0
    down_s: float = 0.0
    unknown_s: float = 0.0
    outages: int = 0
    #: The longest outage: its part within the window, with the time in which nobody saw it.
    longest_s: float = 0.0
    #: The time within maintenance windows, and within silences; it is part of those above, too.
    maintenance_s: float = 0.0
    silenced_s: float = 0.0
    #: How often it began to flap.
    flaps: int = 0
    #: How often Asterisk was restarted; of a PBX.
    restarts: int = 0
    #: What was measured, by metric, as far as it is known.
    measured: Measured = NOTHING_MEASURED
    #: For how long the longest outage, and all of them, could not be seen; it is a part of the unknown time.
    longest_unseen_s: float = 0.0
    outages_unseen_s: float = 0.0

    @property
    def watched_s(self) -> float:
        """All the time that counts, whatever was seen in it."""
        return self.up_s + self.degraded_s + self.down_s + self.unknown_s

    @property
    def availability(self) -> float | None:
        """The share of the known time in which it was up or degraded, 0..1; None: nothing is known."""
        return self.share(UnknownAs.EXCLUDE)

    def share(self, unknown_as: UnknownAs) -> float | None:
        """The availability with the unknown time counted so; None: there is no time that counts."""
        good, bad = self.up_s + self.degraded_s, self.down_s
        if unknown_as is UnknownAs.UP:
            good += self.unknown_s
        elif unknown_as is UnknownAs.DOWN:
            bad += self.unknown_s
        if good + bad <= 0:
            return None
        # An outage of a moment is lost in the rounding of a decade, and there was target all the same.
        if bad:
            return min(good / (good + bad), _NEARLY_ALL)
        return 1.0

    @property
    def mean_repair_s(self) -> float | None:
        """The mean time to repair: how long an outage lasted; None: there was none."""
        if self.outages:
            return (self.down_s + self.outages_unseen_s) / self.outages
        return None

    @property
    def longest(self) -> Length:
        """How long the longest outage lasted."""
        return Length(self.longest_s, self.longest_unseen_s)

    @property
    def mean_between_s(self) -> float | None:
        """The mean time between failures: how long it worked for each outage; None: there was none."""
        if self.outages:
            return (self.up_s + self.degraded_s) / self.outages
        return None

    def __add__(self, other: Figures) -> Figures:
        """Add two targets' times up; the longest outage stays target target's."""
        longest = max(self.longest, other.longest)
        measured = self.measured
        if other.measured:
            # Of most nothing was measured, and making a sum of two takes its time.
            measured = added_up([measured, other.measured])
        return Figures(
            up_s=self.up_s + other.up_s,
            degraded_s=self.degraded_s + other.degraded_s,
            down_s=self.down_s + other.down_s,
            unknown_s=self.unknown_s + other.unknown_s,
            outages=self.outages + other.outages,
            longest_s=longest.lasted_s,
            longest_unseen_s=longest.unseen_s,
            outages_unseen_s=self.outages_unseen_s + other.outages_unseen_s,
            maintenance_s=self.maintenance_s + other.maintenance_s,
            silenced_s=self.silenced_s + other.silenced_s,
            flaps=self.flaps + other.flaps,
            restarts=self.restarts + other.restarts,
            measured=measured,
        )


def overall(each: Iterable[Figures]) -> Figures:
    """Add all targets up: each second of each target weighs the same."""
    summed = list(each)
    longest = max((target.longest for target in summed), default=Length())
    return Figures(
        up_s=sum(target.up_s for target in summed),
        degraded_s=sum(target.degraded_s for target in summed),
        down_s=sum(target.down_s for target in summed),
        unknown_s=sum(target.unknown_s for target in summed),
        outages=sum(target.outages for target in summed),
        longest_s=longest.lasted_s,
        longest_unseen_s=longest.unseen_s,
        outages_unseen_s=sum(target.outages_unseen_s for target in summed),
        maintenance_s=sum(target.maintenance_s for target in summed),
        silenced_s=sum(target.silenced_s for target in summed),
        flaps=sum(target.flaps for target in summed),
        restarts=sum(target.restarts for target in summed),
        measured=added_up(target.measured for target in summed),
    )
