"""What the page of one target shows: its checks, its course, its incidents, and what was told to whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec
from msgspec import Struct

from healthmon.config.plans import Plans
from healthmon.history.measurements import Summary
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import Incident, PlacePeriod, Target
from healthmon.publish.web.pages.background import AVAILABILITY_OF, STRIP_OF
from healthmon.publish.web.pages.looks import parts_of
from healthmon.publish.web.pages.overview import CheckMark, Overviewer, TargetTile, incident_line
from healthmon.publish.web.pages.rendering import Moment
from healthmon.publish.web.pages.words import Words
from healthmon.report.availability.lately import Lately, lately_of, round_trips_of
from healthmon.report.formatting import measured
from healthmon.report.status.rows import TargetStatus
from healthmon.report.target_names import find_target, short_name
from healthmon.report.timeline.life import Life, life_of
from healthmon.report.timeline.story import StoryEvent
from healthmon.store.read.known_targets import KnownTarget
from healthmon.store.read.queries import Reader
from healthmon.text.visible import visible
from healthmon.times.spans import Span

#: The longer strip shows so long (seconds); round trips are shown of so many hours.
WEEK, HOURS = 7 * 86400.0, 24
#: So many events, incidents and places are shown, the newest.
MOST_EVENTS, MOST_INCIDENTS, MOST_PLACES = 200, 20, 12
#: The height of the chart of round trips, and the width of an hour.
CHART_HEIGHT, HOUR_WIDTH = 60.0, 10.0


class TargetFacts(Struct, frozen=True):
    """What is read about one target."""

    life: Life
    day: Lately | None
    week: Lately | None
    round_trips: Sequence[tuple[Span, Summary]]
    places: Sequence[PlacePeriod]
    #: Newest first.
    incidents: Sequence[Incident]


class Bar(Struct, frozen=True):
    """One hour of the chart: from the least to what 95 % took less than, with a line where half did."""

    x: float
    y: float
    height: float
    middle: float
    words: str


class StoryLine(Struct, frozen=True):
    """One line of a life, or of a story."""

    time: str
    what: str
    words: str
    look: str
    incident: int | None


def read_target(reader: Reader, name: str, moment: Moment, plans: Plans) -> TargetFacts:
    """Read all about a target. Raises BadTarget."""
    now, names = moment.present.status.now, moment.present.status.names
    about = _known_by_its_whole_name(reader, name, moment)
    if about is None:
        about = find_target(name, reader.known_targets(), names)
    target = about.target
    watched = reader.meters().of_target(target)
    day = week = None
    round_trips: Sequence[tuple[Span, Summary]] = ()
    if watched is not None:
        day = lately_of(reader, [watched], now, plans, long_s=AVAILABILITY_OF, short_s=STRIP_OF)[target]
        week = lately_of(reader, [watched], now, plans, long_s=AVAILABILITY_OF, short_s=WEEK)[target]
        round_trips = round_trips_of(reader, watched, now, HOURS)
    incidents = reader.incidents_of(target, now - AVAILABILITY_OF, now + 1)[::-1][:MOST_INCIDENTS]
    return TargetFacts(
        life_of(reader, about, (now - WEEK, now), now, names.of(target)),
        day,
        week,
        round_trips,
        sorted(reader.places(target), key=lambda place: (place.until is not None, -place.since))[:MOST_PLACES],
        [reader.with_unseen(incident, now) for incident in incidents],
    )


def _known_by_its_whole_name(reader: Reader, name: str, moment: Moment) -> KnownTarget | None:
    """Find what is watched by the name that addresses of pages have: to read all that ever was takes its time."""
    rows = (*moment.present.status.targets, *(pbx.row for pbx in moment.present.status.pbxs))
    target = next((row.target for row in rows if short_name(row.target) == name), None)
    if target is None:
        return None
    watched = reader.meters().of_target(target)
    if watched is None:
        return None
    return KnownTarget(target, watched.kind, watched.watch, watched.watched_from[0], watched.forgotten_at)


def target_values(moment: Moment, facts: TargetFacts) -> dict[str, Any]:
    """What the template shows."""
    words, life = moment.words, facts.life
    target, now = life.about.target, moment.present.status.now
    maker = Overviewer(moment.present, moment.background, words)
    tile: TargetTile | None = None
    checks: tuple[CheckMark, ...] = ()
    row = _row_of(moment, target) or life.now
    if row is not None:
        tile, checks = maker.tile(row), maker.checks(row)
    return {
        "title": words.name(target),
        "at": "targets",
        "name": words.name(target),
        "own_name": words.own_name(target),
        "facts": list(_facts(moment, facts)),
        "tile": tile,
        "checks": checks,
        **_figures(facts, words),
        "strips": [
            (said, parts_of(lately.strip, (now - length, now)), words.clock(now - length))
            for said, lately, length in (
                (words.text("the last 24 hours"), facts.day, STRIP_OF),
                (words.text("the last 7 days"), facts.week, WEEK),
            )
            if lately is not None
        ],
        "bars": list(_bars(facts.round_trips, words, now)),
        "plot": _plot(facts.round_trips),
        "plot_labels": _plot_labels(words),
        "top": measured(_top(facts.round_trips), ROUND_TRIP.unit),
        "places": [
            (visible(period.place.address), visible(period.place.user_agent), _period(period, words))
            for period in facts.places
        ],
        "incidents": [incident_line(incident, words) for incident in facts.incidents],
        "days": days_of(life.events[::-1][:MOST_EVENTS], words),
    }


def _plot(round_trips: Sequence[tuple[Span, Summary]]) -> str:
    """Write what chart.js draws: the hours, and of each the least, what half and what 95 % took less than (ms)."""
    hours = [(since, summary) for (since, _), summary in round_trips]
    values = [[round(summary.min, 1) for _, summary in hours]]
    for part in (0.5, 0.95):
        values.append([round(ROUND_TRIP.percentile(summary, part) or 0.0, 1) for _, summary in hours])
    return msgspec.json.encode([[since for since, _ in hours], *values]).decode()


def _plot_labels(words: Words) -> str:
    labels = {
        "time": words.text("hour from"),
        "least": words.text("the least"),
        "half": words.text("half within"),
        "most": words.text("95 % within"),
        "unit": ROUND_TRIP.unit,
        "zone": words.zone,
    }
    return msgspec.json.encode(labels).decode()


def _figures(facts: TargetFacts, words: Words) -> dict[str, object]:
    if facts.day is None:
        return {"availability": "", "outages": 0}
    return {"availability": words.percent(facts.day.availability), "outages": facts.day.outages}


def _row_of(moment: Moment, target: Target) -> TargetStatus | None:
    """The row of the present, which knows more than the database says of one target alone."""
    rows = moment.present.status.targets
    if target.is_pbx:
        rows = tuple(pbx.row for pbx in moment.present.status.pbxs)
    return next((row for row in rows if row.target == target), None)


def _facts(moment: Moment, facts: TargetFacts) -> Iterator[tuple[str, str]]:
    """Say what it is, where it is, and since when it is watched."""
    words, about = moment.words, facts.life.about
    yield words.text("Kind"), words.kind(about.kind)
    if about.target.pbx and not about.target.is_pbx:
        yield words.text("PBX"), visible(about.target.pbx)
    if about.watch:
        yield words.text("Watch section"), visible(about.watch)
    site = moment.background.sites.get(about.target)
    if site is not None:
        yield words.text("Site"), words.site(site)
    if about.watched_since is not None:
        yield words.text("Watched since"), words.in_full(about.watched_since)
    if about.forgotten_at is not None:
        yield words.text("No longer watched since"), words.in_full(about.forgotten_at)


def _period(period: PlacePeriod, words: Words) -> str:
    since = words.clock(period.since)
    if period.until is None:
        return words.text("since {time}", time=since)
    return f"{since} – {words.clock(period.until)}"


def _top(round_trips: Sequence[tuple[Span, Summary]]) -> float | None:
    """The value at the upper edge of the chart; None: nothing was measured."""
    return max((ROUND_TRIP.percentile(summary, 0.95) or 0.0 for _, summary in round_trips), default=None)


def _bars(round_trips: Sequence[tuple[Span, Summary]], words: Words, now: float) -> Iterator[Bar]:
    """Draw the hours in which something was measured; the present one is at the right."""
    top = _top(round_trips) or 1.0
    for (since, until), summary in round_trips:
        p50, p95 = (ROUND_TRIP.percentile(summary, part) or 0.0 for part in (0.5, 0.95))
        heights = [CHART_HEIGHT * min(value / top, 1.0) for value in (summary.min, p50, p95)]
        place = HOURS - 1 - (now // 3600 * 3600 - since) // 3600
        said = words.text(
            "{since} to {until}: half within {p50}, 95 % within {p95}",
            since=words.clock(since),
            until=words.clock(until),
            p50=measured(p50, ROUND_TRIP.unit),
            p95=measured(p95, ROUND_TRIP.unit),
        )
        height = max(heights[2] - heights[0], 1.5)
        yield Bar(place * HOUR_WIDTH, CHART_HEIGHT - heights[2], height, CHART_HEIGHT - heights[1], said)


def days_of(
    events: Sequence[StoryEvent], words: Words, its_own: int | None = None
) -> list[tuple[str, list[StoryLine]]]:
    """Put events under their days. ``its_own``: the incident whose story it is, which need not be named."""
    sorts = {
        "transition": words.text("state"),
        "veil": words.text("sight"),
        "decision": words.text("decision"),
        "message": words.text("message"),
        "incident": words.text("incident"),
        "contact": words.text("contact"),
        "restart": words.text("restart"),
        "maintenance": words.text("maintenance"),
    }
    by_day = groupby(events, key=lambda event: words.day(event.at))
    return [(day, [_line(event, sorts[event.what], words, its_own) for event in some]) for day, some in by_day]


def _line(event: StoryEvent, sort: str, words: Words, its_own: int | None) -> StoryLine:
    incident = event.incident
    if incident == its_own:
        incident = None
    return StoryLine(words.second(event.at), sort, words.retold(event.words), event.health or "", incident)
