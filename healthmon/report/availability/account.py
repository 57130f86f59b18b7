"""The account of a window: each target's figures, worst first, the groups, the overall figures, the incidents. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from math import inf

from msgspec import Struct, field

from healthmon.history.availability import Segment
from healthmon.history.figures import Figures, UnknownAs, overall
from healthmon.history.measurements import Summary
from healthmon.model import NO_NAMES, SEEN_PAST_ARI, Check, DisplayNames, Incident, Kind, Target
from healthmon.report.availability.selection import Selection
from healthmon.store.read.meters import Watched
from healthmon.times.periods import Calendar, Period
from healthmon.times.spans import Span, merged, part_of


class By(StrEnum):
    """What a report has a line for."""

    TARGET = "target"
    WATCH = "watch"
    SITE = "site"
    PBX = "pbx"
    PROVIDER = "provider"
    CHECK = "check"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def calendar(self) -> Calendar | None:
        """The period that it is; None: it groups targets, not time."""
        if self in (By.DAY, By.WEEK, By.MONTH):
            return Calendar(self.value)
        return None


#: A shorter time before somebody watched is not worth a word (seconds).
SHORTEST_UNWATCHED = 1.0

#: 99.9 / 100 is a little more than 0.999: who kept just what was promised has kept it.
_EXACT = 1e-9


class Counting(Struct, frozen=True):
    """How a report counts."""

    unknown_as: UnknownAs = UnknownAs.EXCLUDE
    #: What happens within a maintenance window counts neither for nor against.
    excludes_maintenance: bool = False
    #: The availability that was promised, 0..1; None: none was.
    promised: float | None = None

    def share(self, figures: Figures) -> float | None:
        """The availability, 0..1."""
        return figures.share(self.unknown_as)

    def is_missed(self, figures: Figures) -> bool:
        """Whether less than promised was available."""
        share = self.share(figures)
        if self.promised is None or share is None:
            return False
        # Who was promised everything has missed it with the shortest outage.
        if self.promised == 1:
            return share < 1
        return share < self.promised - _EXACT


class TargetFigures(Struct, frozen=True):
    """One target's figures."""

    target: Target
    kind: Kind
    watch: str
    figures: Figures
    #: Within the working hours of its watch section; None: it has none.
    in_hours: Figures | None = None
    #: Where it was last seen; "": not known.
    site: str = ""
    #: False: a phone that was never seen up; it counts no downtime.
    was_used: bool = True
    #: Which check these are about; ``all``: all that count, where there are several.
    check: str = ""
    #: Whether it is one check of a target that has a line for all.
    is_apart: bool = False
    #: Each of its checks apart; empty: there is but one, or nobody asked.
    checks: tuple[TargetFigures, ...] = ()


class GroupFigures(Struct, frozen=True):
    """The figures of several targets, or of a period."""

    name: str
    figures: Figures
    in_hours: Figures | None
    targets: int
    #: Of a period: from when to when.
    span: Span | None = None


class Strip(Struct, frozen=True):
    """The course of a provider or a site through the window, to be drawn."""

    kind: Kind
    name: str
    segments: tuple[Segment, ...]
    figures: Figures
    #: What was measured in each hour or day in which something was, by metric.
    measured: Mapping[str, Sequence[tuple[Span, Summary]]] = field(default_factory=dict)
    #: When it was watched and in maintenance, disjoint and sorted; whether that was cut out of the others.
    maintenance: tuple[Span, ...] = ()
    is_cut: bool = False

    @property
    def left_out(self) -> tuple[Span, ...]:
        """The maintenance that counts neither for nor against."""
        if self.is_cut:
            return self.maintenance
        return ()


class Pictures(Struct, frozen=True):
    """What only a report with pictures needs."""

    #: Worst first.
    providers: tuple[Strip, ...] = ()
    sites: tuple[Strip, ...] = ()
    #: So many providers have no strip, each of them better than those that have.
    more: int = 0
    #: What all targets together amount to in each hour or day, in order.
    cells: tuple[GroupFigures, ...] = ()
    is_hourly: bool = False


class Listing(Struct, frozen=True):
    """Which incidents an account holds: all, or so many of the newest."""

    most: int | None = None
    #: Also those that another one of the window explains.
    with_explained: bool = True
    #: All of them are read from the database again, one by one, when they are gone through: not before the reader is
    #: closed.
    is_streamed: bool = False


# With a dictionary of its own: what is worked out once is kept there.
class Account(Struct, frozen=True, dict=True):
    """All that a report says."""

    window: Span
    #: Worst first.
    lines: tuple[TargetFigures, ...]
    #: Newest first.
    incidents: Iterable[Incident] = ()
    #: So many older ones are left out.
    more_incidents: int = 0
    by: By = By.TARGET
    #: What it is grouped by: worst first, periods in their order; empty by target.
    groups: tuple[GroupFigures, ...] = ()
    counting: Counting = field(default_factory=Counting)
    #: None: none were asked for.
    pictures: Pictures | None = None
    #: How many incidents the outages of its targets go back to; 0: those are not kept any more.
    causes: int = 0
    #: So many more were of sites and lines to the world, and no outage of a single target goes back to them: their
    #: members were back before they were believed down, or were still down from the one before.
    groups_alone: int = 0
    #: Where its providers are, and its PBXs, as far as that is known.
    hosts: Mapping[Target, str] = field(default_factory=dict)
    #: What people call endpoints.
    names: DisplayNames = NO_NAMES
    #: When the first of its targets was taken under watch.
    watched_since: float = -inf

    @cached_property
    def overall(self) -> Figures:
        """All targets together."""
        return overall(line.figures for line in self.lines)

    @property
    def watched(self) -> Span:
        """The window from when on anything of it was watched."""
        since, until = self.window
        return min(max(since, self.watched_since), until), until

    @property
    def is_watched_throughout(self) -> bool:
        """Whether somebody watched from the beginning of the window on."""
        return self.watched[0] - self.window[0] < SHORTEST_UNWATCHED

    @property
    def outages(self) -> int:
        """How many outages there were: those of several targets with one cause are one."""
        of_targets = min(self.causes, self.overall.outages) or self.overall.outages
        return of_targets + self.groups_alone

    @property
    def counts_causes(self) -> bool:
        """Whether its outages are causes; if not, they are those of single targets."""
        return bool(self.causes or self.groups_alone) or len(self.lines) == 1

    @cached_property
    def known(self) -> int:
        """Of how many of the entries anything is known."""
        return sum(self.counting.share(entry.figures) is not None for entry in self.entries)

    @cached_property
    def in_hours(self) -> Figures | None:
        """All targets together, within their working hours; None: none has any."""
        return _hours(line.in_hours for line in self.lines)

    @property
    def entries(self) -> Sequence[TargetFigures | GroupFigures]:
        """What is listed: the targets, or what they are grouped by."""
        if self.by is By.TARGET:
            return self.lines
        return self.groups

    def worst(self, top: int | None) -> Sequence[TargetFigures | GroupFigures]:
        """Choose so many of the worst entries, of periods too; None: all, periods in their order."""
        if top is None or self.by.calendar is None:
            return self.entries[:top]
        return sorted(self.groups, key=lambda group: (*_badness(group.figures, self.counting), group.name))[:top]

    @cached_property
    def missed(self) -> int:
        """How many of the entries missed what was promised."""
        return sum(self.counting.is_missed(entry.figures) for entry in self.entries)

    @cached_property
    def has_pbxs(self) -> bool:
        """Whether it tells of several PBXs, so that names need theirs."""
        return len({line.target.pbx for line in self.lines}) > 1


class Unseen:
    """What hides everything behind a PBX, or everything."""

    def __init__(
        self,
        behind_pbxs: Mapping[str, Iterable[Span]],
        no_daemon_since: float | None = None,
        *,
        left_out: Sequence[Span] = (),
    ) -> None:
        #: What the clock left out when it was set forward.
        self.left_out = left_out
        #: From ``no_daemon_since`` on nobody watches: no daemon runs.
        self._nobody: list[Span] = []
        if no_daemon_since is not None:
            self._nobody = [(no_daemon_since, float("inf"))]
        self._behind = {pbx: merged([*spans, *self._nobody]) for pbx, spans in behind_pbxs.items()}

    def spans(
        self, target: Target, own: Sequence[Span], window: Span, check: str = Check.REACHABILITY
    ) -> Sequence[Span]:
        """Say when a check could not be seen in a window, its own such times included: disjoint, sorted."""
        behind = self._nobody
        if not target.is_pbx and check not in SEEN_PAST_ARI:
            behind = self._behind.get(target.pbx, self._nobody)
        reaching = part_of(behind, *window)
        if own:
            return merged([*own, *reaching])
        return reaching


def is_told_of(watched: Watched, selection: Selection) -> bool:
    """Whether a target has a line of its own, and is wanted."""
    is_one = watched.target.is_pbx or watched.target.is_endpoint
    return is_one and selection.includes(watched.target, watched.kind, watched.watch)


#: What a target belongs to, for each way of grouping; None: to nothing that such a report has.
_BELONGS: Mapping[By, Callable[[TargetFigures], str | None]] = {
    By.WATCH: lambda line: line.watch or None,
    # Two PBXs may have the same private network: their sites are two.
    By.SITE: lambda line: f"{line.site} on {line.target.pbx}" if line.site else None,
    By.PBX: lambda line: line.target.pbx,
    # The same provider is an endpoint of each PBX that uses it.
    By.CHECK: lambda line: line.check,
    By.PROVIDER: lambda line: line.target.endpoint if line.kind is Kind.PROVIDER else None,
}


def grouped(lines: Iterable[TargetFigures], by: By, counting: Counting) -> tuple[GroupFigures, ...]:
    """Add targets up by what they belong to, worst first."""
    members: dict[str, list[TargetFigures]] = {}
    if by not in _BELONGS:
        return ()
    for line in lines:
        name = _BELONGS[by](line)
        if name is not None:
            members.setdefault(name, []).append(line)
    groups = []
    for name, its_lines in members.items():
        in_hours = _hours(line.in_hours for line in its_lines)
        groups.append(GroupFigures(name, overall(line.figures for line in its_lines), in_hours, len(its_lines)))
    return tuple(sorted(groups, key=lambda group: (*_badness(group.figures, counting), group.name)))


def _hours(each: Iterable[Figures | None]) -> Figures | None:
    known = [figures for figures in each if figures is not None]
    if known:
        return overall(known)
    return None


def period_group(period: Period, figures: Figures, in_hours: Figures | None, targets: int) -> GroupFigures:
    """Say what all targets together amount to in a period."""
    return GroupFigures(period.name, figures, in_hours, targets, (period.since, period.until))


def worst_first(lines: Iterable[TargetFigures], counting: Counting) -> tuple[TargetFigures, ...]:
    """Order targets by availability, then by downtime and outages; what has no figure comes last."""
    return tuple(sorted(lines, key=lambda line: (*_badness(line.figures, counting), line.target)))


def _badness(figures: Figures, counting: Counting) -> tuple[object, ...]:
    share = counting.share(figures)
    return share is None, share, -figures.down_s, -figures.outages, -figures.unknown_s
