"""Which time of which target lies within maintenance, silences and working hours. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from healthmon.config.plans import Plans
from healthmon.model import Kind, Matcher, Silence, Target
from healthmon.times.spans import Span, merged
from healthmon.times.weekly import periods_within

#: Asterisk had nothing in maintenance mode.
NEVER_AT_ASTERISK: Mapping[Target, Sequence[Span]] = {}

#: Whether a matcher speaks of the target at hand.
Speaks = Callable[[Matcher], bool]


class PlannedTimes:
    """What people planned for a window of time, worked out once for all targets."""

    def __init__(
        self,
        plans: Plans,
        silences: Iterable[Silence],
        window: Span,
        at_asterisk: Mapping[Target, Sequence[Span]] = NEVER_AT_ASTERISK,
    ) -> None:
        """``at_asterisk``: when Asterisk itself had endpoints in maintenance mode, as was seen."""
        self._windows = [(weekly.matcher, list(periods_within(weekly.when, *window))) for weekly in plans.maintenance]
        self._hours = {watch: merged(periods_within(hours, *window)) for watch, hours in plans.working_hours.items()}
        self._silences = [(silence.matcher, [(silence.since, silence.until)]) for silence in silences]
        self._window = window
        self._at_asterisk = at_asterisk
        self._known: dict[tuple[int, ...], list[Span]] = {}

    def maintenance(self, target: Target, kind: Kind, watch: str, site: str) -> Sequence[Span]:
        """Say when a target is within a maintenance window, or Asterisk's maintenance mode: disjoint, sorted."""
        planned = self._covered(self._windows, 0, lambda matcher: matcher.matches(target, kind, watch, site))
        at_asterisk = self._at_asterisk.get(target)
        if at_asterisk is None:
            return planned
        since, until = self._window
        return merged((*planned, *((max(start, since), min(end, until)) for start, end in at_asterisk)))

    def silences(self, target: Target, kind: Kind, watch: str, site: str) -> Sequence[Span]:
        """Say when a target is silenced: disjoint, sorted."""
        return self._covered(
            self._silences, len(self._windows), lambda matcher: matcher.matches(target, kind, watch, site)
        )

    def working_hours(self, watch: str) -> Sequence[Span] | None:
        """Say when a watch section's people work: disjoint, sorted; None: at all times."""
        return self._hours.get(watch)

    def _covered(self, plans: Sequence[tuple[Matcher, list[Span]]], first: int, speaks: Speaks) -> Sequence[Span]:
        """Join the spans of all that speak of a target. Most targets have the same ones, so they are kept."""
        if not plans:
            return ()
        chosen = tuple(number for number, (matcher, _) in enumerate(plans, start=first) if speaks(matcher))
        if chosen not in self._known:
            spans = (span for number in chosen for span in plans[number - first][1])
            since, until = self._window
            self._known[chosen] = merged((max(start, since), min(end, until)) for start, end in spans)
        return self._known[chosen]
