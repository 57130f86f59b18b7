"""The life of one target: what was believed, what could not be seen, its incidents, and who was told what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, zip_longest
from math import inf

from msgspec import Struct, field

from healthmon.core.belief.evidence import IN_GRACE
from healthmon.history.measurements import Measured
from healthmon.model import (
    SEEN_PAST_ARI,
    Check,
    Health,
    Incident,
    Length,
    PlacePeriod,
    Target,
    Transition,
    UnknownPeriod,
)
from healthmon.report.formatting import after, duration, lasted, lasted_of
from healthmon.report.status.query import with_sinces
from healthmon.report.status.rows import TargetStatus, endpoint_rows, pbx_rows, with_incident
from healthmon.report.timeline.story import StoryEvent, cause_and_delay, told_of
from healthmon.store.read.known_targets import KnownTarget
from healthmon.store.read.queries import Reader, TargetHistory
from healthmon.times.spans import Span, covered_s, merged
from healthmon.watchdog.pulse import is_stale

#: Who follows a life looks back so far (seconds): what is booked now may have begun earlier.
LOOK_BACK = 2 * 86400.0

#: The daemon's clock may be so far ahead of ours (seconds).
CLOCKS_DIFFER = 3.0


class Life(Struct, frozen=True):
    """What is known of one target, and what happened to it in a window, oldest first.

    The events begin with the last changes before the window, which say how it was when the window began.
    """

    about: KnownTarget
    window: Span
    events: tuple[StoryEvent, ...]
    #: How it stands now; None: it is not watched.
    now: TargetStatus | None
    #: Since when no daemon watches; None: one does.
    no_daemon_since: float | None = None
    #: What people call it; "": it has no other name.
    called: str = ""
    #: What was measured of its checks in the window.
    measured: Mapping[str, Measured] = field(default_factory=dict)
    #: Where its contacts are now.
    contacts: tuple[PlacePeriod, ...] = ()


def life_of(reader: Reader, about: KnownTarget, window: Span, now: float, called: str = "") -> Life:
    """Collect what is known of a target. What was just booked is in a window that ends now."""
    read = window
    if window[1] == now:
        read = (window[0], window[1] + CLOCKS_DIFFER)
    daemon, no_daemon_since = reader.daemon(), None
    if is_stale(daemon.alive_at, now, is_running=daemon.is_running):
        no_daemon_since = daemon.alive_at
    return Life(
        about,
        window,
        tuple(_events(reader, about.target, read)),
        _standing(reader, about.target, now),
        no_daemon_since,
        called,
        reader.measured_of(about.target, *read),
        tuple(period for period in reader.places(about.target) if period.until is None),
    )


def _standing(reader: Reader, target: Target, now: float) -> TargetStatus | None:
    states = reader.states_of(target)
    if not states:
        return None
    if target.is_pbx:
        rows = [pbx.row for pbx in pbx_rows(states, reader.pbx_states(), {}, (), now)]
    else:
        rows = list(with_sinces(reader, endpoint_rows(states, reader.pbx_states())))
    if not rows:
        # Of checks that this healthmon does not know.
        return None
    row = rows[0]
    lasting = reader.incidents_of(target, inf, inf)
    # A PBX's incidents are all about what the row says, whatever their check.
    about_it = [incident for incident in lasting if target.is_pbx or incident.check == row.check]
    if not about_it:
        return row
    return with_incident(row, about_it[-1], {incident.id for incident in reader.open_incidents()})


def _events(reader: Reader, target: Target, window: Span) -> list[StoryEvent]:
    histories = reader.life(target, *window)
    behind = reader.unknown_of_pbxs(*window).get(target.pbx, ())
    hiding, whose, restarts = behind, "its PBX ", []
    if target.is_pbx:
        hiding, whose = (), "what is behind it "
        for restart in reader.restarts(*window, target.pbx):
            words = f"Asterisk was restarted, by its own clock at {restart.startup_time}"
            restarts.append(StoryEvent(restart.at, "restart", words))
    left_out = reader.left_out()
    begins = min([window[0], *(history.transitions[0].at for history in histories if history.transitions)])
    events: list[StoryEvent] = []
    for history in histories:
        # Of several checks each line says of which it is.
        name = ""
        if len(histories) > 1:
            name = f"{history.check}: "
        hidden_by: Sequence[UnknownPeriod] = ()
        if history.check not in SEEN_PAST_ARI:
            hidden_by = hiding
        events += _changes(history, hidden_by, left_out, name)
        events += _unknown(history.unknown_periods, name)
    events += [
        *_unknown(behind, whose),
        *(event for event in _contacts(reader.places(target)) if begins <= event.at),
        *restarts,
        *(event for incident in reader.incidents_of(target, *window) for event in _incident(reader, incident, begins)),
    ]
    return sorted((event for event in events if event.at < window[1]), key=lambda event: event.at)


def _changes(
    history: TargetHistory, hiding: Sequence[UnknownPeriod], left_out: Sequence[Span], name: str
) -> Iterator[StoryEvent]:
    """Say ``down after 3 days 4 h up: contact Unreachable; believed 31 s later``, and so on; first of which check."""
    # In a grace after a restart of Asterisk it is looked at, and not believed yet.
    unseen = (period for period in (*history.unknown_periods, *hiding) if not period.why.startswith(IN_GRACE))
    unknown = merged((period.since, period.until or inf) for period in unseen)
    for before, change in pairwise((None, *history.transitions)):
        assert change is not None  # noqa: S101  (only the first of all is None)
        lasted_so = ""
        if before and change.before:
            lasted_so = f" after {_since(before, change, unknown, left_out)} {change.before}"
        words = f"{name}{change.after or 'no longer watched'}{lasted_so}{cause_and_delay(change)}"
        mark = f"{history.check} {change.after}"
        yield StoryEvent(change.at, "transition", words, health=change.after, mark=mark)


def _since(before: Transition, change: Transition, unknown: Sequence[Span], left_out: Sequence[Span]) -> str:
    """Say how long it was so; of an outage also how much of that nobody saw. What the clock left out never was."""
    never_was = covered_s(left_out, before.at, change.at)
    length = change.at - before.at - never_was
    if change.before is not Health.DOWN:
        return duration(length)
    unseen_s = covered_s(unknown, before.at, change.at) - never_was
    return lasted(Length(length, unseen_s))


def _unknown(periods: Sequence[UnknownPeriod], what: str) -> Iterator[StoryEvent]:
    """Say when something could not be seen; a period that follows another at once has a new reason, no new sight."""
    begun = None
    for period, following in zip_longest(periods, periods[1:]):
        if begun is None:
            begun = period.since
        yield StoryEvent(period.since, "veil", f"{what}cannot be seen: {period.why}")
        if period.until is not None and (following is None or following.since > period.until):
            words = f"{what}can be seen again, after {duration(period.until - begun)}"
            yield StoryEvent(period.until, "veil", words, mark=f"{what}can be seen")
            begun = None


def _contacts(periods: Sequence[PlacePeriod]) -> Iterator[StoryEvent]:
    """Say where its contacts were, and what program that was; another program at the same place is an update."""
    left = {(period.until, period.place.address): period.place for period in periods if period.until is not None}
    came = {(period.since, period.place.address) for period in periods}
    moved = _moves(periods)
    for period in periods:
        address, program = period.place.address, period.place.user_agent
        words = f"at {address}{after(': ', program)}"
        before = left.get((period.since, address))
        if before is not None:
            words = f"at {address}: {program or 'unknown program'}, before {before.user_agent or 'unknown'}"
        elif period.since in moved:
            words = f"moved to {address} from {moved[period.since]}{after(': ', program)}"
        # What is learnt of it later is no event.
        yield StoryEvent(period.since, "contact", f"{words}{behind_nat(period)}", mark=words)
        if period.until is not None and (period.until, address) not in came and period.until not in moved:
            yield StoryEvent(period.until, "contact", f"no longer at {address}")


def _moves(periods: Sequence[PlacePeriod]) -> dict[float, str]:
    """When a contact was at another address from one moment to the next; and where it was before.

    Where several come or leave at once, nobody can tell which is which.
    """
    came: dict[float, list[str]] = {}
    left: dict[float, list[str]] = {}
    for period in periods:
        came.setdefault(period.since, []).append(period.place.address)
        if period.until is not None:
            left.setdefault(period.until, []).append(period.place.address)
    return {
        at: before[0] for at, before in left.items() if len(before) == len(came.get(at, ())) == 1 and before != came[at]
    }


def behind_nat(period: PlacePeriod) -> str:
    """Say which address a contact has in its own network, where that is another one."""
    if not period.own_address:
        return ""
    return f" (in its own network {period.own_address})"


def _incident(reader: Reader, incident: Incident, begins: float) -> Iterator[StoryEvent]:
    """Tell of an incident that reaches into the window; of long ago only that it began."""
    if incident.check == Check.MAINTENANCE:
        yield StoryEvent(incident.opened_at, "maintenance", incident.cause)
    elif incident.check != Check.RESTART:
        yield StoryEvent(incident.opened_at, "incident", "begins", incident.id)
        if incident.closed_at is not None:
            lasted = lasted_of(reader.with_unseen(incident, incident.closed_at), incident.closed_at)
            ending = f"{incident.ending or 'over'}{after(', ', incident.closed_words)}"
            yield StoryEvent(incident.closed_at, "incident", f"is over after {lasted}: {ending}", incident.id)
    yield from (event for event in told_of(reader, incident) if event.at >= begins)


class NewEvents:
    """What is new in a target's life, look by look. Owned by the command that follows it."""

    def __init__(self, about: KnownTarget) -> None:
        self._about = about
        self._seen: frozenset[tuple[object, ...]] | None = None

    def take(self, reader: Reader, now: float) -> list[StoryEvent]:
        """Return what was booked since the last look, in the order of time; nothing at the first look."""
        begins = now - LOOK_BACK
        by_key: dict[tuple[object, ...], StoryEvent] = {}
        for event in _events(reader, self._about.target, (begins, now + CLOCKS_DIFFER)):
            if event.at >= begins:
                # By the database's own time: what was seen is not new after somebody has set the clock.
                at = round(reader.lasting(event.at), 3)
                by_key[at, event.what, event.incident, event.mark or event.words] = event
        seen, self._seen = self._seen, frozenset(by_key)
        if seen is None:
            return []
        return [event for key, event in by_key.items() if key not in seen]
