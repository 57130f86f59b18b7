"""The whole story of an incident: every change, every decision, every message, in the order of time. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct

from healthmon.core.belief.evidence import NEVER_ANSWERED
from healthmon.model import NO_NAMES, DisplayNames, Ending, Health, Incident, Reason, Target, Transition
from healthmon.report.availability.data import incident_data
from healthmon.report.formatting import (
    acknowledged,
    after,
    counted,
    duration,
    end_of,
    full,
    incident_name,
    lasted_of,
    rfc3339,
    state_word,
    with_called,
)
from healthmon.report.tables import Cell, Column, Screen, Sort, line, table
from healthmon.store.read.queries import NotificationRecord, Reader, TargetHistory
from healthmon.text.natural import natural

if TYPE_CHECKING:
    from healthmon.report.timeline.fields import StoryFields


class StoryEvent(Struct, frozen=True):
    """One line of a story.

    ``what``: transition, veil, decision, message; in a target's life also incident, contact, restart.
    """

    at: float
    what: str
    words: str
    #: The number of the incident that it belongs to, if it belongs to one.
    incident: int | None = None
    #: Of a transition: what is believed from then on.
    health: Health | None = None
    #: What it is known by where its words depend on what was before it; "": by its words.
    mark: str = ""


class Story(Struct, frozen=True):
    """An incident with all that is known of it: the incidents that it explains, and its events, oldest first."""

    incident: Incident
    smaller: Sequence[Incident]
    events: Sequence[StoryEvent]
    #: For which reasons somebody was told.
    told: Collection[Reason] = ()
    #: What people call endpoints.
    names: DisplayNames = NO_NAMES
    #: The incident that explains it, or explained it as long as that one lasted.
    bigger: Incident | None = None
    #: Where it lasts, what is worth a remark of another check of the same endpoint: it never has answered our OPTIONS.
    remark: str = ""


#: So many names of what it explains are written.
NAMED = 20

#: What happens to several of a group within so many seconds of each other is one event of its story.
SAME_MOMENT = 5.0


def story_of(reader: Reader, incident: Incident, now: float, names: DisplayNames = NO_NAMES) -> Story:
    """Collect all that is known of an incident, oldest first."""
    history = reader.history_of(incident.target, incident.check, incident.opened_at, end_of(incident, now) + 1)
    smaller = reader.explained(incident.id)
    events = list(told_of(reader, incident))
    if history:
        events = [*_changes(history, incident.opened_at), *events]
    if incident.kind.is_group:
        events += _of_group(incident, smaller, names)
    told = {telling.reason for telling in reader.tellings(incident.id) if telling.state == "delivered"}
    in_order = sorted(events, key=lambda event: event.at)
    bigger = None
    if incident.explained_by is not None:
        bigger = reader.incident(incident.explained_by)
    remark = ""
    if incident.is_open and incident.target.is_endpoint:
        states = (state for state in reader.states_of(incident.target) if state.belief is None)
        remark = next(
            (f"{state.check}: {state.remark}" for state in states if state.remark.endswith(NEVER_ANSWERED)), ""
        )
    return Story(reader.with_unseen(incident, now), smaller, in_order, told, names, bigger, remark)


def told_of(reader: Reader, incident: Incident) -> Iterator[StoryEvent]:
    """Say what was decided about an incident, and who was told what, or why nobody was."""
    for note in reader.notes(incident.id):
        yield StoryEvent(note.at, "decision", note.words, note.incident_id)
    yield from (_telling(telling) for telling in reader.tellings(incident.id))
    for missing in reader.missed(incident.id):
        # A message for one address of a URL that others have.
        who = f"{missing.place} of {missing.url_id} ({missing.reason})"
        at, words = missing.at or missing.booked_at, f"not told to {who}, {missing.state}{after(': ', missing.why)}"
        if missing.state == "delivered":
            words = f"told {who}, later than the others"
        elif missing.state in ("waiting", "sending"):
            attempts = counted(missing.attempts, "attempt")
            at, words = missing.booked_at, f"to be told to {who}, {attempts}, {missing.state}{after(': ', missing.why)}"
        yield StoryEvent(at, "message", words, missing.incident_id)


def _changes(history: TargetHistory, since: float) -> Iterator[StoryEvent]:
    for change in history.transitions:
        if change.at >= since:
            words = f"{change.after or 'no longer watched'}{cause_and_delay(change)}"
            yield StoryEvent(change.at, "transition", words)
    for period in history.unknown_periods:
        lasted = ""
        if period.until is not None:
            lasted = f", for {duration(period.until - period.since)}"
        yield StoryEvent(period.since, "veil", f"cannot be seen: {period.why}{lasted}")


def _of_group(incident: Incident, smaller: Sequence[Incident], names: DisplayNames) -> Iterator[StoryEvent]:
    """Say when a group's outage was known for one, who went down and came back in it, and when it was over."""
    yield StoryEvent(incident.believed_at, "decision", "opened: one outage of all these", incident.id)
    yield from _together("down", [(member.opened_at, member) for member in smaller], names)
    for ending in Ending:
        ended = [member for member in smaller if member.closed_at is not None and member.ending is ending]
        yield from _together(ending, [(member.closed_at or 0.0, member) for member in ended], names)
    if incident.closed_at is not None:
        yield StoryEvent(incident.closed_at, "decision", f"closed: {incident.ending or 'over'}", incident.id)


def _together(what: str, moments: Sequence[tuple[float, Incident]], known: DisplayNames) -> Iterator[StoryEvent]:
    """Make one event of what happened to several at about the same time."""
    bunches: list[list[tuple[float, Incident]]] = []
    for at, incident in sorted(moments, key=itemgetter(0)):
        if not bunches or at - bunches[-1][-1][0] > SAME_MOMENT:
            bunches.append([])
        bunches[-1].append((at, incident))
    for bunch in bunches:
        names = _names([incident for _, incident in bunch], known)
        yield StoryEvent(bunch[0][0], "transition", f"{len(bunch):,} {what}: {names}")


def cause_and_delay(change: Transition) -> str:
    """Say why something changed, and how much later that was believed: ``: contact lost; believed 31 s later``."""
    late = change.believed_at - change.at
    if late < 1:
        return after(": ", change.cause)
    return f"{after(': ', change.cause)}; believed {duration(late)} later"


def _telling(telling: NotificationRecord) -> StoryEvent:
    """Say what became of one booking."""
    attempts = ""
    if telling.attempts > 1:
        attempts = f", {counted(telling.attempts, 'attempt')}"
    waits = ""
    if telling.is_out_of_sight:
        waits = "it cannot be seen whether it lasts"
    elif telling.is_quiet:
        waits = "for the end of its quiet time"
    why = after(": ", "; ".join(filter(None, (waits, telling.why))))
    at, who = telling.at or telling.booked_at, f"{telling.url_id} ({telling.reason}"
    words = f"not told to {who}), {telling.state}{why}"
    if telling.state == "delivered":
        words = f"told {who}{attempts}){after(': ', telling.subject)}"
    elif telling.state in ("waiting", "sending"):
        at, words = telling.booked_at, f"to be told to {who}{attempts}), {telling.state}{why}"
    return StoryEvent(at, "message", words, telling.incident_id)


def story_text(story: Story, zone: ZoneInfo, screen: Screen, now: float) -> str:
    """Write the story for people; times of today by the clock alone."""
    moments = [datetime.fromtimestamp(event.at, zone) for event in story.events]
    is_of_today = {moment.date() for moment in moments} == {datetime.fromtimestamp(now, zone).date()}
    form = "%Y-%m-%d %H:%M:%S"
    if is_of_today:
        form = "%H:%M:%S"
    rows = [
        [Cell(moment.strftime(form)), Cell(event.what), Cell(event.words)]
        for event, moment in zip(story.events, moments, strict=True)
    ]
    columns = [Column("TIME"), Column("WHAT"), Column("HOW", Sort.PROSE)]
    head = "".join(line(words, screen) for words in _headline(story, zone, now))
    if rows:
        return f"{head}\n{table(columns, rows, screen)}"
    return head


def _headline(story: Story, zone: ZoneInfo, now: float) -> Iterator[str]:
    incident, smaller = story.incident, story.smaller
    state = f"{state_word(incident)} ({incident.severity})"
    yield f"incident {incident.id}: {incident_name(incident, story.names)}, {incident.check}: {state}"
    since = full(incident.since, zone)
    if incident.closed_at is None:
        yield f"since {since}, for {lasted_of(incident, now)}; it lasts"
    else:
        until = full(incident.closed_at, zone)
        yield f"from {since} to {until}, {lasted_of(incident, now)}; {incident.ending or 'over'}"
    explains = ""
    if smaller:
        explains = f"explains {counted(len(smaller), 'incident')}: {_names(smaller, story.names)}"
    yield from filter(None, (incident.extent, explains, acknowledged(incident)))
    yield from _why_not_told(incident, story.told)
    if story.bigger is not None:
        is_past = ""
        if incident.outlives(story.bigger):
            is_past = ", until that was over"
        yield f"explained by incident {story.bigger.id}{is_past}"
    if story.remark:
        yield story.remark


def _names(incidents: Sequence[Incident], known: DisplayNames) -> str:
    """Name what they are about, 9 before 101; of an endpoint the check, unless it cannot be reached."""
    in_order = sorted(incidents, key=lambda incident: (natural(_name(incident.target)), incident.check))
    written = []
    for incident in in_order[:NAMED]:
        words = with_called(_name(incident.target), incident.target, known)
        is_named_by_check = incident.target.is_endpoint and not incident.target.is_registration
        if is_named_by_check and not incident.is_of_reachability:
            words += f" ({incident.check})"
        written.append(words)
    names = ", ".join(written)
    if len(incidents) > NAMED:
        return f"{names}, … and {len(incidents) - NAMED:,} more"
    return names


def _name(target: Target) -> str:
    return target.resource or str(target)


def _why_not_told(incident: Incident, told: Collection[Reason]) -> Iterator[str]:
    """Say why nobody is told, as far as that is so."""
    if incident.muted_by and incident.is_open:
        nobody = "nobody is told"
        if told:
            nobody = "nothing more is told"
        yield f"{nobody}: {incident.muted_by}"
    elif incident.muted_by and Reason.RESOLVED not in told and Reason.STABLE not in told:
        yield f"nobody is told of its end: {incident.muted_by}"


def story_data(story: Story) -> StoryFields:
    """Write the story as the fields of docs/json.md."""
    return {
        "incident": incident_data(story.incident, story.names),
        "explains": [incident.id for incident in story.smaller],
        "remark": story.remark,
        "story": [{"at": rfc3339(event.at), "what": event.what, "words": event.words} for event in story.events],
    }
