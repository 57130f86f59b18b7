"""One claimed row in words: its state, its name, its times, and what is told inside of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum, StrEnum
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from healthmon.core.grouping.sites import label
from healthmon.model import (
    ENDPOINT_CHECKS,
    NO_NAMES,
    Check,
    DisplayNames,
    Incident,
    Kind,
    Reason,
    Said,
    Severity,
    Target,
)
from healthmon.store.outbox.outbox import ClaimedRow
from healthmon.text.callerid import beside
from healthmon.text.natural import natural
from healthmon.text.visible import visible


class State(StrEnum):
    """The word that a message begins with."""

    ESCALATED = "ESCALATED"
    WORSE = "WORSE"
    DOWN = "DOWN"
    STILL_DOWN = "STILL DOWN"
    LOGGED_OUT = "LOGGED OUT"
    CANNOT_SEE = "CANNOT SEE"
    STILL_CANNOT_SEE = "STILL CANNOT SEE"
    FLAPPING = "FLAPPING"
    DEGRADED = "DEGRADED"
    STILL_DEGRADED = "STILL DEGRADED"
    NOT_SEEN = "NOT SEEN"
    WAS_DOWN = "WAS DOWN"
    COULD_NOT_SEE = "COULD NOT SEE"
    WAS_FLAPPING = "WAS FLAPPING"
    WAS_DEGRADED = "WAS DEGRADED"
    UP = "UP"
    SEEN_AGAIN = "SEEN AGAIN"
    STABLE = "STABLE"
    RESTARTED = "RESTARTED"
    INFO = "INFO"
    ENDED = "ENDED"


class LineRank(IntEnum):
    """How bad a line is, worst first."""

    BAD = 0
    OLD = 1
    OVER = 2
    GOOD = 3
    ENDED = 4


_NEWS = {
    State.NOT_SEEN: LineRank.OLD,
    State.WAS_DOWN: LineRank.OVER,
    State.COULD_NOT_SEE: LineRank.OVER,
    State.WAS_FLAPPING: LineRank.OVER,
    State.WAS_DEGRADED: LineRank.OVER,
    State.UP: LineRank.GOOD,
    State.SEEN_AGAIN: LineRank.GOOD,
    State.STABLE: LineRank.GOOD,
    State.RESTARTED: LineRank.ENDED,
    State.INFO: LineRank.ENDED,
    State.ENDED: LineRank.ENDED,
}
#: It does not last.
_OVER = (LineRank.OVER, LineRank.GOOD, LineRank.ENDED)
#: Down, whatever makes us say it.
DOWN = (State.ESCALATED, State.WORSE, State.DOWN, State.STILL_DOWN, State.LOGGED_OUT)

#: As urgent as that: nobody knows how it is.
UNSEEN = (State.CANNOT_SEE, State.STILL_CANNOT_SEE)

#: What is told within the end of what explained it.
_TOLD_WITHIN = (State.ESCALATED, State.DOWN, State.LOGGED_OUT, State.WAS_DOWN, State.UP)

#: What the reason alone tells of what lasts.
#: What says nothing of how it is now.
_EVENTS = {Reason.ENDED: State.ENDED, Reason.RESTARTED: State.RESTARTED, Reason.NOTED: State.INFO}

_STATES_BY_REASON = {Reason.ESCALATED: State.ESCALATED, Reason.LONG_GONE: State.NOT_SEEN}

_KINDS = list(Kind)
_STATES = list(State)
_SEVERITIES = list(Severity)
#: What a PBX's check is called behind its name.
CHECKS = {
    Check.INVENTORY: "list of endpoints",
    Check.DRIVERS: "channel drivers",
    Check.RESTARTS: "restarts",
    Check.MANAGER: "manager interface",
}


def check_of(incident: Incident) -> str:
    """Which check of an endpoint is meant; "": whether it can be reached, or what has no other check."""
    if not incident.target.is_endpoint or incident.target.is_registration or incident.is_of_reachability:
        return ""
    return incident.check


def aspect_of(incident: Incident) -> str:
    """Which side of a thing is meant; "": the thing itself."""
    return check_of(incident) or CHECKS.get(incident.check, "")


class Thing(NamedTuple):
    """What sort of thing it is, its name, and what people call it; harmless."""

    kind: Kind
    name: str
    called: str = ""

    @property
    def full_name(self) -> str:
        """Its name, with what people call it: ``103 "Reception"``."""
        return beside(self.name, self.called)


class MessageLine(Struct, frozen=True):
    """A claimed row with the words that it is told in."""

    row: ClaimedRow
    state: State
    #: The thing's own name, harmless: ``trunk-telekom``, ``101``, ``office``, ``203.0.113.7``.
    name: str
    pbx: str
    #: What is told within this line: what a group explained, and is down or back for itself now; and of an endpoint,
    #: what another check of it has to say of the same.
    inside: tuple[MessageLine, ...] = ()
    #: What people call endpoints: this one, and those that it explains.
    names: DisplayNames = NO_NAMES

    @property
    def called(self) -> str:
        """What people call it; "": it has no other name."""
        return self.names.of(self.incident.target)

    @property
    def full_name(self) -> str:
        """Its name, with what people call it: ``103 "Reception"``."""
        return beside(self.name, self.called)

    @property
    def incident(self) -> Incident:
        """The incident that is told about."""
        return self.row.incident

    @property
    def kind(self) -> Kind:
        """What sort of thing it is."""
        return self.row.incident.kind

    @property
    def news(self) -> LineRank:
        """How bad it is."""
        return _NEWS.get(self.state, LineRank.BAD)

    @property
    def lasted(self) -> float:
        """How long it was so, in seconds; for what is over."""
        closed_at = self.incident.closed_at
        if closed_at is None:
            return 0.0
        return self.incident.lasted(closed_at)

    @property
    def aspect(self) -> str:
        """Which side of a thing is meant; "": the PBX itself, or whether an endpoint can be reached. In English."""
        return aspect_of(self.incident)

    @property
    def check(self) -> str:
        """Which check of an endpoint is meant; "": whether it can be reached, or what has no other check."""
        return check_of(self.incident)

    @property
    def all(self) -> tuple[MessageLine, ...]:
        """This line, and what is told within it."""
        return (self, *self.inside)

    @property
    def left(self) -> list[Incident]:
        """What lasts of a group whose incident is over; not what a part of it explains that lasts, too."""
        if self.incident.is_open or not self.kind.is_group:
            return []
        lasting = {incident.id: incident for incident in self.row.explained if incident.is_open}
        left = (incident for incident in lasting.values() if incident.explained_by not in lasting)
        # That one of their other checks is not well is said apart.
        return [incident for incident in left if incident.is_of_reachability]

    @property
    def explained(self) -> list[Incident]:
        """What it explains of other things than its own."""
        return [incident for incident in self.row.explained if incident.target != self.incident.target]

    @property
    def still_down(self) -> list[Thing]:
        """What of it the reader knows of, and will hear the end of: others are told nothing of what is muted."""
        return [named(incident, self.names) for incident in self.left if incident.id in self.row.told]

    @property
    def back(self) -> list[Thing]:
        """What had been told for itself before a group's incident explained it, and came back with the group."""
        return [named(line.incident, self.names) for line in self.inside if line.news is LineRank.GOOD]


def line_of(row: ClaimedRow, names: DisplayNames = NO_NAMES) -> MessageLine:
    """Find the words for one row. ``names``: what the configuration calls endpoints."""
    pbx, known = visible(row.incident.target.pbx), names.with_callers(row.caller_names)
    return MessageLine(row, state_of(row), name_of(row.incident), pbx, names=known)


def name_of(incident: Incident) -> str:
    """Return the harmless name of a thing: that of its PBX for what the PBX has but one of."""
    target = incident.target
    if incident.kind is Kind.SITE:
        return visible(label(target.resource))
    return visible(target.resource or target.endpoint or target.pbx)


def named(incident: Incident, names: DisplayNames) -> Thing:
    """What sort of thing an incident is about, and how it is called."""
    return Thing(incident.kind, name_of(incident), names.of(incident.target))


def in_order(thing: Thing) -> tuple[object, ...]:
    """Order things as they are listed: the biggest cause first, 9 before 101."""
    return _KINDS.index(thing.kind), natural(thing.name)


def lines_of(rows: Iterable[ClaimedRow], names: DisplayNames = NO_NAMES) -> list[MessageLine]:
    """Make lines of rows, worst first; what a group explained is told inside of the group's end, not beside it.

    So is what one check of an endpoint has to say within the line of another: nothing is named twice for one cause.
    """
    lines = sorted((line_of(row, names) for row in rows), key=worst_first)
    # The groups that are over, by the numbers of the incidents that they explained, and by their own.
    over = [line for line in lines if line.kind.is_group and line.state in (State.UP, State.WAS_DOWN)]
    heads = {incident.id: line for line in over for incident in line.row.explained}
    heads |= {line.incident.id: line for line in over}
    aspects = _aspects(lines)
    inside: dict[int, list[MessageLine]] = {}
    outside: list[MessageLine] = []
    for line in lines:
        beside = _outermost(line, aspects)
        head = _head_of(line, heads) or _head_of(beside, heads) or beside
        if head is None:
            outside.append(line)
        else:
            inside.setdefault(head.incident.id, []).append(line)
    return [replace(line, inside=tuple(inside.pop(line.incident.id, ()))) for line in outside]


def _head_of(line: MessageLine | None, heads: Mapping[int, MessageLine]) -> MessageLine | None:
    """The biggest group of this message that explained the line; None: it stands for itself."""
    if line is None or line.state not in _TOLD_WITHIN:
        return None
    seen = {line.incident.id}
    head: MessageLine | None = None
    bigger = heads.get(line.incident.explained_by or 0)
    while bigger is not None:
        if bigger.incident.id in seen:
            # Two that explain each other stand for themselves.
            return None
        head = bigger
        seen.add(head.incident.id)
        bigger = heads.get(head.incident.explained_by or 0)
    return head


def _aspects(lines: Iterable[MessageLine]) -> dict[Target, list[MessageLine]]:
    """The lines about each endpoint."""
    aspects: dict[Target, list[MessageLine]] = {}
    for line in lines:
        if line.incident.target.is_endpoint:
            aspects.setdefault(line.incident.target, []).append(line)
    return aspects


def _outermost(line: MessageLine, aspects: Mapping[Target, Sequence[MessageLine]]) -> MessageLine | None:
    """The line about another check in which this one is told, and which is told in no other itself."""
    outermost, beside = None, _beside(line, aspects)
    while beside is not None:
        outermost, beside = beside, _beside(beside, aspects)
    return outermost


def _beside(line: MessageLine, aspects: Mapping[Target, Sequence[MessageLine]]) -> MessageLine | None:
    """The line about another check of the same endpoint in which this one is told; None: it stands for itself.

    What is over is told with the end of what explained it; and that end with what is still wrong.
    """
    others = aspects.get(line.incident.target, ())
    if len(others) < 2 or line.news not in _OVER:
        return None
    for other in others:
        is_end_of_both = other.news in _OVER and _explains(other, line)
        is_left = other.news is LineRank.BAD and _explains(line, other)
        if is_end_of_both or is_left:
            return other
    return None


def _explains(line: MessageLine, other: MessageLine) -> bool:
    kind = ENDPOINT_CHECKS.get(other.incident.check)
    return kind is not None and line.incident.check in kind.inhibited_by


def state_of(row: ClaimedRow) -> State:
    """Return the state that a message says first."""
    if row.reason in _EVENTS:
        return _EVENTS[row.reason]
    if row.says is Said.WAS_DOWN:
        return _past_state(row)
    if row.says is not Said.UP:
        return _present_state(row)
    if row.reason is Reason.STABLE:
        return State.STABLE
    if row.incident.is_unseen:
        return State.SEEN_AGAIN
    return State.UP


def _past_state(row: ClaimedRow) -> State:
    if row.reason is Reason.FLAPPING:
        return State.WAS_FLAPPING
    if row.incident.is_unseen:
        return State.COULD_NOT_SEE
    if row.incident.is_partial:
        return State.WAS_DEGRADED
    return State.WAS_DOWN


def _present_state(row: ClaimedRow) -> State:
    """What it is, or still is."""
    if row.reason in _STATES_BY_REASON:
        return _STATES_BY_REASON[row.reason]
    if row.incident.flapping:
        return State.FLAPPING
    if row.reason is Reason.WIDENED:
        return State.WORSE
    if row.incident.is_logged_out:
        return State.LOGGED_OUT
    states = State.DOWN, State.STILL_DOWN
    if row.incident.is_unseen:
        states = State.CANNOT_SEE, State.STILL_CANNOT_SEE
    elif row.incident.is_partial:
        states = State.DEGRADED, State.STILL_DEGRADED
    return states[row.reason is Reason.REMINDER or row.is_known]


def worst_first(line: MessageLine) -> tuple[object, ...]:
    """Order lines: bad news before good, the critical ones first, a PBX before a provider before a phone."""
    return (
        line.news,
        _SEVERITIES.index(line.incident.severity),
        # A manager interface that is away takes nothing with it.
        line.incident.check == Check.MANAGER and line.news is LineRank.BAD,
        _KINDS.index(line.kind),
        _STATES.index(line.state),
        _side_or_pbx(line),
        natural(line.name),
        line.incident.id,
    )


def together(line: MessageLine) -> tuple[object, ...]:
    """Tell lines of one kind that are told as a list of names: those of one PBX; and PBXs with the same trouble."""
    return line.state, line.incident.severity, line.kind, _side_or_pbx(line)


def _side_or_pbx(line: MessageLine) -> str:
    """Of a PBX which side of it is meant; of all else where it is, and which side of it, too.

    What was noted of a PBX stands for itself: several may be of the same one.
    """
    if line.state is State.INFO:
        return f"{line.pbx} {line.incident.id}"
    if line.kind is Kind.PBX:
        return line.aspect
    return f"{line.pbx} {line.aspect}".rstrip()
