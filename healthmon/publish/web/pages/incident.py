"""What the pages of incidents show: the list, and the whole story of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from healthmon.model import Incident, Scope
from healthmon.publish.web.answers import NotThere
from healthmon.publish.web.pages.overview import incident_line
from healthmon.publish.web.pages.rendering import Moment
from healthmon.publish.web.pages.silences import lengths_of_silence, match_of
from healthmon.publish.web.pages.target import days_of
from healthmon.publish.web.questions import number_of, one_of
from healthmon.report.timeline.for_provider import NoProvider, outage_of, provider_text
from healthmon.report.timeline.story import Story, story_of
from healthmon.store.read.queries import Reader, Wanted

#: So many incidents are on a page; so many lengths of time can be looked back (days).
ON_A_PAGE, DAYS = 50, ("1", "7", "30", "365")
#: Such a text is good for so long (seconds): the figures of 30 days take their time.
GOOD_FOR = 60.0
#: So many texts are kept.
MOST_KEPT = 50
#: The largest number that the database can have.
LARGEST = 2**63 - 1


def read_incidents(reader: Reader, asked: Mapping[str, str], now: float) -> list[Incident]:
    """Read a page of incidents, newest first, and one more if there are more. Raises BadQuestion."""
    page = number_of(asked, "page", 1, 10_000)
    skipped = max(page - 1, 0) * ON_A_PAGE
    if asked.get("open") == "1":
        found = reader.open_incidents()[::-1][: skipped + ON_A_PAGE + 1]
    else:
        days = int(one_of(asked, "days", DAYS) or "7")
        # An incident of this very moment overlaps no time yet.
        found = reader.newest_incidents(Wanted(now - days * 86400.0, now + 1), skipped + ON_A_PAGE + 1)
    return [reader.with_unseen(incident, now) for incident in found[skipped:]]


def incidents_values(moment: Moment, asked: Mapping[str, str], found: Sequence[Incident]) -> dict[str, Any]:
    """What the template of the list shows."""
    words, page = moment.words, max(number_of(asked, "page", 1, 10_000), 1)
    chosen = one_of(asked, "days", DAYS) or "7"
    is_open = asked.get("open") == "1"
    query = f"days={chosen}"
    if is_open:
        query = "open=1"
    earlier = later = ""
    if page > 1:
        earlier = f"/incidents?{query}&page={page - 1}"
    if len(found) > ON_A_PAGE:
        later = f"/incidents?{query}&page={page + 1}"
    return {
        "title": words.text("Incidents"),
        "at": "incidents",
        "lines": [incident_line(incident, words) for incident in found[:ON_A_PAGE]],
        "is_open": is_open,
        "lengths": [(days, days == chosen and not is_open) for days in DAYS],
        "earlier": earlier,
        "later": later,
    }


class IncidentFacts(Struct, frozen=True):
    """What is read about one incident."""

    story: Story
    #: The text for the provider; "": it is none of a provider.
    for_provider: str


class IncidentReader:
    """Reads stories, and keeps the texts for providers for a while. Owned by the thread that reads."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        #: What it says of other providers depends on who asks.
        self._texts: dict[tuple[int, Scope], tuple[float, float | None, str]] = {}

    def read(self, reader: Reader, number: int, moment: Moment) -> IncidentFacts:
        """Read one. Raises NotThere."""
        incident = reader.incident(min(number, LARGEST))
        if incident is None:
            raise NotThere(moment.words.text("There is no incident {number}.", number=number))
        now, names = moment.present.status.now, moment.present.status.names
        return IncidentFacts(story_of(reader, incident, now, names), self._text(reader, incident, moment))

    def _text(self, reader: Reader, incident: Incident, moment: Moment) -> str:
        now, key = moment.present.status.now, (incident.id, moment.scope)
        at, closed_at, text = self._texts.get(key, (float("-inf"), None, ""))
        if 0 <= now - at < GOOD_FOR and closed_at == incident.closed_at:
            return text
        try:
            outage = outage_of(reader, incident, now, moment.present.status.names)
            text = provider_text(outage, self._zone, now, with_addresses=False)
        except NoProvider:
            return ""
        if len(self._texts) >= MOST_KEPT:
            self._texts.clear()
        self._texts[key] = (now, incident.closed_at, text)
        return text


def incident_values(moment: Moment, facts: IncidentFacts) -> dict[str, Any]:
    """What the template of one incident shows."""
    words, story = moment.words, facts.story
    incident = story.incident
    until = ""
    if incident.closed_at is not None:
        until = words.in_full(incident.closed_at)
    return {
        "title": words.text("Incident {number}", number=incident.id),
        "at": "incidents",
        "number": incident.id,
        "line": incident_line(incident, words),
        "target": incident.target,
        "has_page": incident.target.is_pbx or incident.target.is_endpoint,
        "since": words.in_full(incident.since),
        "until": until,
        "ending": words.retold(incident.ending or ""),
        "closed_words": words.retold(incident.closed_words),
        "severity": words.retold(incident.severity),
        "explained_by": incident.explained_by,
        "is_past": story.bigger is not None and incident.outlives(story.bigger),
        "smaller": [(each.id, words.thing(each)) for each in story.smaller],
        "days": days_of(story.events, words, incident.id),
        # Control characters were made visible when it was written.
        "for_provider": facts.for_provider,
        "has_forms": incident.is_open,
        "match": match_of(incident.target),
        "lengths": lengths_of_silence(words),
    }
