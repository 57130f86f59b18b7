"""The metrics: the numbers that are measured of checks. Each is declared here, once, and everything else follows. Pure.

The steps of a metric's histogram grow by a fifth each, so that a percentile read from it is off by a tenth at most:
round-trip times from a quarter of a millisecond to a minute need 71 of them.
"""

from __future__ import annotations

import math

from msgspec import Struct

from healthmon.history.measurements import Summary
from healthmon.model import Measurement, Target

#: Each step of a histogram is so much wider than the one before.
WIDER = 2.0**0.25

#: Nothing that is larger was measured.
LARGEST = 1e15


class Metric(Struct, frozen=True):
    """What is known of a metric: how its values are taken, kept and shown."""

    #: Its name in a measurement and in the database. It ends in the unit: JSON has ``rtt_p50_ms`` of ``rtt_ms``.
    key: str
    #: As it stands behind a number, for people.
    unit: str
    #: Above its columns of a report; above its charts; what one value is called.
    title: str
    heading: str
    noun: str
    #: From where to where a bar of its charts reaches.
    bar: str = "from the least to the value below which 95 % were"
    #: Nothing is also something: of lost packets it is, of a time it is none.
    may_be_zero: bool = False
    #: Whatever is less counts as the same: the histogram has one step for it.
    finest: float = 0.001

    def measured(self, target: Target, check: str, value: float | None, at: float) -> Measurement | None:
        """Make a measurement, or None: that is no value of this metric. What a peer says enters here."""
        if value is None or not self.accepts(value):
            return None
        return Measurement(target, check, self.key, value, at)

    def accepts(self, value: float) -> bool:
        """Whether this can have been measured."""
        # Whatever is compared with NaN, the answer is no.
        return 0 < value <= LARGEST or (value == 0 and self.may_be_zero)

    def summary(self, value: float) -> Summary:
        """Sum up one value."""
        return Summary(1, value, value, value, {self._step_of(value): 1})

    def percentile(self, summary: Summary, part: float) -> float | None:
        """Return what this part (0..1) of the values is at most, to a tenth; None: nothing was measured."""
        passed, wanted = 0, max(1, math.ceil(part * summary.count))
        for step in sorted(summary.histogram):
            passed += summary.histogram[step]
            if passed >= wanted:
                middle = math.pow(WIDER, step + 0.5)
                if step <= self._step_of(0.0):
                    # The least value lies in this step, and shows best what there is.
                    middle = 0.0
                return min(max(middle, summary.min), summary.max)
        return None

    def _step_of(self, value: float) -> int:
        return math.floor(math.log(max(value, self.finest), WIDER))


#: How long a contact took to answer Asterisk's OPTIONS, without any repetition of it.
ROUND_TRIP = Metric(
    "rtt_ms",
    "ms",
    "RTT",
    "Round-trip times",
    "round trip",
    bar="from the quickest answer to the time below which 95 % were",
)

#: All of them, in the order in which a report shows them. What is not here is neither folded nor shown.
METRICS = {metric.key: metric for metric in (ROUND_TRIP,)}
