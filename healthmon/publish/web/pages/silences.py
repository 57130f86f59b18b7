"""What the page of silences shows: of what nobody is told, until when, and why; what is planned; what is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from healthmon.config.plans import Plans
from healthmon.model import Incident, Matcher, Silence
from healthmon.publish.web.pages.rendering import Moment
from healthmon.store.read.queries import Reader
from healthmon.text.visible import visible
from healthmon.times.weekly import periods_within

#: What ended so lately, or comes so soon, is shown (seconds).
AROUND = 7 * 86400.0


class SilencedTime(Struct, frozen=True):
    """A silence, or one occurrence of a maintenance window."""

    #: As incidents name it: ``silence 12``.
    name: str
    matcher: Matcher
    since: float
    until: float
    by: str = ""
    why: str = ""


class SilencedLine(Struct, frozen=True):
    """What a line of a list shows."""

    name: str
    what: str
    since: str
    until: str
    by: str
    why: str
    #: Of how many things that are watched now it speaks, and which open incidents nobody is told of.
    things: int
    incidents: list[tuple[int, str]]


def read_silences(reader: Reader, now: float) -> list[Silence]:
    """Read those that are in force, or were lately. One of this very moment overlaps no time yet."""
    return reader.silences_within(now - AROUND, now + 1)


def silences_values(moment: Moment, silences: Sequence[Silence], plans: Plans) -> dict[str, Any]:
    """What the template shows."""
    now, incidents = moment.present.status.now, moment.present.incidents
    mutings = sorted(_mutings(silences, plans, now), key=lambda muting: muting.since)
    return {
        "title": moment.words.text("Silences"),
        "at": "silences",
        "in_force": [_line(each, moment, incidents) for each in mutings if each.since <= now < each.until],
        "planned": [_line(each, moment, ()) for each in mutings if each.since > now],
        "over": [_line(each, moment, ()) for each in mutings[::-1] if each.until <= now],
    }


def _mutings(silences: Sequence[Silence], plans: Plans, now: float) -> Iterator[SilencedTime]:
    for silence in silences:
        name = f"silence {silence.id}"
        # One that was added this very moment is in force.
        since = min(silence.since, now)
        yield SilencedTime(name, silence.matcher, since, silence.until, silence.author, silence.reason)
    for window in plans.maintenance:
        for since, until in periods_within(window.when, now - AROUND, now + AROUND):
            yield SilencedTime(f"maintenance {window.name}", window.matcher, since, until)


def _line(muting: SilencedTime, moment: Moment, incidents: Sequence[Incident]) -> SilencedLine:
    words, sites, status = moment.words, moment.background.sites, moment.present.status
    rows = (*status.targets, *(pbx.row for pbx in status.pbxs))
    speaks_of = sum(muting.matcher.matches(row.target, row.kind, row.watch, sites.get(row.target, "")) for row in rows)
    return SilencedLine(
        name=visible(muting.name),
        what=visible(str(muting.matcher)),
        since=words.clock(muting.since),
        until=words.clock(muting.until),
        by=visible(muting.by),
        why=visible(muting.why),
        things=speaks_of,
        incidents=[(each.id, words.thing(each)) for each in incidents if each.muted_by == muting.name],
    )
