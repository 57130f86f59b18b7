"""The account of a window: each target's figures, worst first, the overall figures, and the incidents. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from healthmon.model import Check, Health, Incident, Kind, Target, Transition, VeilPeriod
from healthmon.report.availability import Figures, History, Span, figures, overall, timeline
from healthmon.store.queries import TargetHistory


@dataclass(frozen=True, slots=True)
class Choice:
    """Which targets a report is about: shell patterns, any of each; nothing given means all."""

    pbxs: Sequence[str] = ()
    watches: Sequence[str] = ()
    #: Over ``PJSIP/101``, or without a slash over ``101``.
    endpoints: Sequence[str] = ()
    kinds: Sequence[str] = ()

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
    return not target.is_pbx and fnmatchcase(target.endpoint if "/" in pattern else target.resource, pattern)


@dataclass(frozen=True, slots=True)
class Line:
    """One target's figures."""

    target: Target
    kind: Kind
    watch: str
    figures: Figures
    #: False: a phone that was never seen up; it counts no downtime.
    was_used: bool = True


@dataclass(frozen=True, slots=True)
class Account:
    """All that a report says."""

    window: Span
    #: Worst first.
    lines: tuple[Line, ...]
    #: Newest first.
    incidents: tuple[Incident, ...]

    @property
    def overall(self) -> Figures:
        """All targets together."""
        return overall(line.figures for line in self.lines)


@dataclass(frozen=True, slots=True)
class Unseen:
    """What hides everything behind a PBX, or everything."""

    behind_pbxs: Mapping[str, Sequence[VeilPeriod]]
    #: From here on nobody watches: no daemon runs.
    no_daemon_since: float | None = None

    def spans(self, target: Target, own: Sequence[VeilPeriod]) -> list[Span]:
        """Say when a target could not be seen."""
        veils = own if target.is_pbx else (*own, *self.behind_pbxs.get(target.pbx, ()))
        spans = [(veil.since, float("inf") if veil.until is None else veil.until) for veil in veils]
        return spans if self.no_daemon_since is None else [*spans, (self.no_daemon_since, float("inf"))]


def is_told_of(history: TargetHistory, choice: Choice) -> bool:
    """Whether a check has a line of its own: reachability, and a PBX's connection, if the target is wanted."""
    check = Check.CONNECTION if history.target.is_pbx else Check.REACHABILITY
    return history.check == check and choice.includes(history.target, history.kind, history.watch)


def line_of(history: TargetHistory, unseen: Unseen, watched_since: float | None, window: Span) -> Line:
    """Work out one target's figures. ``watched_since`` is that of its present state, if it has one."""
    watched_from = (history.watched_since, *(() if watched_since is None else (watched_since,)))
    veils = unseen.spans(history.target, history.veils)
    whole = History(history.kind, history.transitions, veils, watched_from, history.forgotten_at)
    return Line(
        history.target,
        history.kind,
        history.watch,
        figures(timeline(whole, window)),
        was_used=not history.kind.is_device or not _was_never_up(history.transitions),
    )


def _was_never_up(transitions: Sequence[Transition]) -> bool:
    """Whether these are all that ever happened, and none was up."""
    is_all = bool(transitions) and transitions[0].before is None
    return is_all and all(change.after not in (Health.UP, Health.DEGRADED) for change in transitions)


def account(lines: Iterable[Line], incidents: Iterable[Incident], choice: Choice, window: Span) -> Account:
    """Put a report together."""
    chosen = [one for one in incidents if choice.includes(one.target, one.kind, one.watch)]
    newest_first = sorted(chosen, key=lambda one: (-one.opened_at, -one.id))
    return Account(window, tuple(sorted(lines, key=_badness)), tuple(newest_first))


def _badness(line: Line) -> tuple[object, ...]:
    """Order by availability, then by downtime and outages; what has no figure comes last."""
    share = line.figures.availability
    return (
        share is None,
        share,
        -line.figures.down_s,
        -line.figures.outages,
        -line.figures.unknown_s,
        line.target,
    )
