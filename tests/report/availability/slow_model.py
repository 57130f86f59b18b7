"""A slow model of a report: it looks at each second by itself, or at each quarter of an hour, by the clock on the wall.

All moments of a case lie on such steps, so nothing happens within one; all changes of the offset of all zones that it
uses lie on quarters. The model keeps lists of facts and asks for each step whether they hold then; it knows nothing of
timelines, meters or edges.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from healthmon.history.availability import Change
from healthmon.history.figures import Figures
from healthmon.model import Health
from healthmon.times.spans import Span
from healthmon.times.weekly import Weekly

SECOND, MINUTE, QUARTER = 1, 60, 900

UP, DEGRADED, DOWN, UNKNOWN = Health.UP, Health.DEGRADED, Health.DOWN, Health.UNKNOWN


class Facts(Struct, frozen=True):
    """All that ever happened to one target. Moments are seconds UTC on steps."""

    is_device: bool
    watched_since: int
    changes: Sequence[Change]
    #: Times in which it could not be seen, of any sort.
    hidden: Sequence[Span]
    silences: Sequence[Span] = ()
    maintenance: Sequence[Weekly] = ()
    hours: Sequence[Weekly] = ()
    forgotten_at: float | None = None


class Tick(Struct, frozen=True):
    """What was the case in one step, which lasts so many seconds."""

    at: int
    length: int
    health: Health | None
    #: Which outage it belongs to, seen or not.
    outage: int | None
    is_maintained: bool
    is_silenced: bool
    is_working: bool


class Ledger(Struct):
    """Counts seconds."""

    seconds: dict[Health, int] = field(default_factory=lambda: dict.fromkeys(Health, 0))
    #: For each outage how long it was seen to be down, and not seen.
    outages: dict[int, tuple[int, int]] = field(default_factory=dict)
    maintained: int = 0
    silenced: int = 0

    def figures(self) -> Figures:
        """Say what was counted."""
        seen = [(down + unseen, unseen) for down, unseen in self.outages.values() if down]
        longest_s, longest_unseen_s = max(seen, default=(0, 0))
        return Figures(
            up_s=self.seconds[UP],
            degraded_s=self.seconds[DEGRADED],
            down_s=self.seconds[DOWN],
            unknown_s=self.seconds[UNKNOWN],
            outages=len(seen),
            longest_s=longest_s,
            longest_unseen_s=longest_unseen_s,
            outages_unseen_s=sum(unseen for _, unseen in seen),
            maintenance_s=self.maintained,
            silenced_s=self.silenced,
        )


#: The worst last.
ORDER = [None, UP, DEGRADED, UNKNOWN, DOWN]


def ticks(facts: Facts, first: int, last: int, length: int, beside: Sequence[Facts] = ()) -> list[Tick]:
    """Look at each step from the first moment of all to the last, in order; at all checks of the target."""
    # Windows open and close at full minutes.
    grain = max(length, MINUTE)
    maintained = _open(facts.maintenance, first, last, grain)
    working = _open(facts.hours, first, last, grain)
    seen, outage, is_out, was_used = [], 0, False, False
    for at in range(first, last, length):
        checks = (facts, *beside)
        beliefs = [_believed(check, at) for check in checks]
        known = [which for which, belief in enumerate(beliefs) if belief not in (None, UNKNOWN)]
        if known:
            # Of which nothing is known, that says nothing.
            checks, beliefs = tuple(checks[which] for which in known), [beliefs[which] for which in known]
        belief = max(beliefs, key=ORDER.index)
        works = UP in beliefs or DEGRADED in beliefs
        was_used = works or (was_used and belief is not None)
        if facts.is_device and belief is DOWN and not was_used:
            belief = None
        if belief is DOWN and not is_out:
            outage += 1
        is_out = belief is DOWN
        views = [_seen(check, at, its) for check, its in zip(checks, beliefs, strict=True)]
        seen.append(
            Tick(
                at=at,
                length=length,
                health=belief and max(views, key=ORDER.index),
                outage=outage if is_out else None,
                is_maintained=at - at % grain in maintained,
                is_silenced=any(since <= at < until for since, until in facts.silences),
                is_working=at - at % grain in working,
            )
        )
    return seen


def _believed(facts: Facts, at: int) -> Health | None:
    """What was believed then: that of the newest change until then."""
    belief: Health | None = UNKNOWN if facts.watched_since <= at else None
    for when, after in facts.changes:
        if when <= at:
            belief = after
    return None if facts.forgotten_at is not None and facts.forgotten_at <= at else belief


def _seen(facts: Facts, at: int, belief: Health | None) -> Health | None:
    """What could be seen of a check then."""
    is_hidden = any(since <= at < until for since, until in facts.hidden)
    return UNKNOWN if belief is not None and is_hidden else belief


def _open(windows: Iterable[Weekly], first: int, last: int, grain: int) -> set[int]:
    """Say in which quarters, or minutes, a weekly window is open: from the first moment at which the clock shows its
    beginning (or has jumped past it) to the last one at which it shows its end (or has not yet jumped past it).
    """
    found: set[int] = set()
    around = range(first - first % grain - 4 * 86400, last + 4 * 86400, grain)
    for window in windows:
        walls = [(at, datetime.fromtimestamp(at, window.zone).replace(tzinfo=None)) for at in around]
        # By the calendar, not by what the clock shows: a day that a zone has left out is over at once.
        for day in (
            walls[0][1].date() + timedelta(days=number) for number in range(2, len(walls) * grain // 86400 - 1)
        ):
            if day.weekday() in window.days:
                found |= _opened_on(day, window, walls, grain)
    return found


def _opened_on(day: date, window: Weekly, walls: Sequence[tuple[int, datetime]], grain: int) -> set[int]:
    midnight = datetime.combine(day, datetime.min.time())
    minutes = window.end if window.end > window.start else window.end + 1440
    start, end = midnight + timedelta(minutes=window.start), midnight + timedelta(minutes=minutes)
    begins = next(at for at, wall in walls if wall >= start)
    ends, shown = next((at, wall) for at, wall in reversed(walls) if wall <= end)
    if shown < end:
        ends += grain
    return set(range(begins, ends, grain))


def counted(
    seen: Iterable[Tick],
    window: Span,
    *,
    excludes_maintenance: bool = False,
    only: Callable[[Tick], bool] = lambda tick: True,
) -> Figures:
    """Count what lies within a window."""
    ledger = Ledger()
    for tick in seen:
        if not window[0] <= tick.at < window[1] or tick.health is None or not only(tick):
            continue
        ledger.maintained += tick.length * tick.is_maintained
        ledger.silenced += tick.length * tick.is_silenced
        if excludes_maintenance and tick.is_maintained:
            continue
        ledger.seconds[tick.health] += tick.length
        if tick.outage is not None:
            down, unseen = ledger.outages.get(tick.outage, (0, 0))
            is_seen = tick.health is DOWN
            ledger.outages[tick.outage] = (down + tick.length * is_seen, unseen + tick.length * (not is_seen))
    return ledger.figures()


def by_calendar(seen: Iterable[Tick], window: Span, zone: ZoneInfo, name: Callable[[datetime], str]) -> dict[str, Span]:
    """Say which periods a window has, and from when to when each is within it, by what the wall shows."""
    found: dict[str, Span] = {}
    for tick in seen:
        if window[0] <= tick.at < window[1]:
            period = name(datetime.fromtimestamp(tick.at, zone))
            found[period] = (found.get(period, (tick.at, 0))[0], tick.at + tick.length)
    return found
