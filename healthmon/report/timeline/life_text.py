"""``healthmon history`` for people and for programs: one target's life as a timeline, the newest at the end. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.history.measurements import Measured
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import Check, PlacePeriod
from healthmon.report.availability.data import measured_data
from healthmon.report.formatting import after, duration, full, measured, rfc3339, visible
from healthmon.report.status.rows import TargetStatus
from healthmon.report.tables import STYLES, Cell, Column, Screen, Sort, line, table
from healthmon.report.target_names import short_name
from healthmon.report.timeline.life import Life, behind_nat
from healthmon.report.timeline.story import StoryEvent
from healthmon.text.callerid import beside

if TYPE_CHECKING:
    from healthmon.report.status.fields import CalledFields
    from healthmon.report.timeline.fields import ContactFields, LifeDetailsFields, LifeEventFields, LifeFields

#: Headings for each day are for a screenful; what is longer than this is for a search.
_MOST_WITH_HEADINGS = 1_000

_COLUMNS = (Column("TIME", least=8), Column("WHAT", least=10), Column("HOW", Sort.PROSE))


class LifeWriter:
    """Writes events with a heading for each day, batch after batch. Owned by one command."""

    def __init__(self, zone: ZoneInfo, screen: Screen) -> None:
        self._zone = zone
        self._screen = screen
        self._day = ""

    def text(self, events: Sequence[StoryEvent]) -> str:
        """Write some events; a heading only where the day, or summer time, is another than before."""
        if self._screen.width is not None and len(events) <= _MOST_WITH_HEADINGS:
            return "".join(self._of_day(day, list(some)) for day, some in groupby(events, key=self._heading))
        # Whole lines, which grep and sort can work with.
        lines = []
        for event in events:
            at = datetime.fromtimestamp(event.at, self._zone)
            lines.append(f"{at:%Y-%m-%d %H:%M:%S %Z}  {event.what:10}  {visible(_words(event))}\n")
        return "".join(lines)

    def _heading(self, event: StoryEvent) -> str:
        return f"{datetime.fromtimestamp(event.at, self._zone):%a %Y-%m-%d %Z}"

    def _of_day(self, day: str, events: Sequence[StoryEvent]) -> str:
        heading = ""
        if day != self._day:
            heading = "\n" + line(day, self._screen, "bold")
        self._day = day
        rows = []
        for event in events:
            style = ""
            if event.health:
                style = STYLES[event.health]
            time = f"{datetime.fromtimestamp(event.at, self._zone):%H:%M:%S}"
            rows.append([Cell(time), Cell(event.what, "dim"), Cell(_words(event), style)])
        return heading + table(_COLUMNS, rows, self._screen, has_header=False)


def _words(event: StoryEvent) -> str:
    if event.incident is None:
        return event.words
    if event.what == "incident":
        return f"{event.incident} {event.words}"
    return f"{event.incident}: {event.words}"


def headline(life: Life, zone: ZoneInfo, screen: Screen, now: float) -> str:
    """Say what this is, how it stands, and which time is told of."""
    return "".join(line(words, screen, style) for words, style in _headline(life, zone, now))


def _headline(life: Life, zone: ZoneInfo, now: float) -> Iterator[tuple[str, str]]:
    about = life.about
    since = ""
    if about.watched_since:
        since = f", watched since {full(about.watched_since, zone)}"
    yield f"{about.kind} {beside(short_name(about.target), life.called)}{after(', watch ', about.watch)}{since}", "bold"
    if about.forgotten_at is not None:
        yield f"no longer watched since {full(about.forgotten_at, zone)}", ""
    if life.now is not None:
        yield _standing(life.now, zone, now), STYLES[life.now.state]
    if life.no_daemon_since is not None:
        yield f"no daemon watches since {full(life.no_daemon_since, zone)}: this is how it was then", "bold red"
    start, end = life.window
    happened = ""
    if not life.events:
        happened = ": nothing happened"
    yield f"from {full(start, zone)} to {full(end, zone)} ({zone.key}){happened}", ""
    for period in life.contacts:
        if period.expires_at:
            where = f"{period.place.address}{behind_nat(period)}"
            yield f"registered from {where} until {full(period.expires_at, zone)}, by the clock of the PBX", ""
    for check, measured_of_check in life.measured.items():
        yield from _round_trips(check, measured_of_check)


def _round_trips(check: str, found: Measured) -> Iterator[tuple[str, str]]:
    """Say how quickly it answered in that time: below what half of its round trips were, and below what 95 %."""
    summary = found.get(ROUND_TRIP.key)
    if summary is None:
        return
    p50, p95 = (measured(ROUND_TRIP.percentile(summary, part), ROUND_TRIP.unit) for part in (0.5, 0.95))
    whose = ""
    if check == Check.OPTIONS:
        whose = " of our own OPTIONS"
    yield f"round trips{whose}: P50 {p50}, P95 {p95}", ""


def _standing(row: TargetStatus, zone: ZoneInfo, now: float) -> str:
    since = ""
    if row.since:
        since = f" since {full(row.since, zone)}, for {duration(now - row.since)}"
    below = ""
    if row.is_hidden and row.belief:
        below = f"; {row.belief} before"
    more = "; ".join(filter(None, (_reason(row) + below, row.more, row.acknowledged, row.muted_by)))
    incident = ""
    if row.incident is not None:
        incident = f" (incident {row.incident})"
    return f"{row.state}{since}{incident}: {more}"


def _reason(row: TargetStatus) -> str:
    """Say why it is so since then: of several checks that are so, the one that became so then says it."""
    for check in row.checks:
        made_it_so = check.check != row.check and check.state is row.state and check.since == row.since
        if made_it_so and check.is_of_endpoint:
            return f"{check.check}: {check.reason}"
    return row.reason


def life_data(life: Life) -> LifeFields:
    """Write a life as the fields of docs/json.md."""
    about = life.about
    called: CalledFields = {}
    if life.called:
        called = {"called": life.called}
    more: LifeDetailsFields = {}
    if life.measured:
        more["measured"] = {check: measured_data(found) for check, found in life.measured.items()}
    if any(period.expires_at or period.own_address for period in life.contacts):
        more["contacts"] = [_contact_data(period) for period in life.contacts]
    state = since = None
    if life.now is not None:
        state, since = life.now.state, rfc3339(life.now.since)
    return {
        "target": {
            "name": short_name(about.target),
            "pbx": about.target.pbx,
            "endpoint": about.target.endpoint,
            **called,
            "kind": about.kind,
            "watch": about.watch,
            "watched_since": rfc3339(about.watched_since),
            "watched_until": rfc3339(about.forgotten_at),
        },
        "state": state,
        "since": since,
        "from": rfc3339(life.window[0]),
        "to": rfc3339(life.window[1]),
        **more,
        "events": [event_data(event) for event in life.events],
    }


def _contact_data(period: PlacePeriod) -> ContactFields:
    return {
        "address": period.place.address,
        "own_address": period.own_address or None,
        "user_agent": period.place.user_agent,
        "since": rfc3339(period.since),
        "registered_until": rfc3339(period.expires_at or None),
    }


def event_data(event: StoryEvent) -> LifeEventFields:
    """Write an event as the fields of docs/json.md."""
    return {
        "at": rfc3339(event.at),
        "what": event.what,
        "words": event.words,
        "believed": event.health,
        "incident": event.incident,
    }
