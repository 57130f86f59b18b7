"""One claimed row in words: its state, its name, its times. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from healthmon.model import Check, Health, Incident, Kind, Reason, Said
from healthmon.notify.words import natural, visible
from healthmon.store.outbox import ClaimedRow


class State(StrEnum):
    """The word that a message begins with."""

    DOWN = "DOWN"
    STILL_DOWN = "STILL DOWN"
    FLAPPING = "FLAPPING"
    DEGRADED = "DEGRADED"
    STILL_DEGRADED = "STILL DEGRADED"
    WAS_DOWN = "WAS DOWN"
    WAS_FLAPPING = "WAS FLAPPING"
    WAS_DEGRADED = "WAS DEGRADED"
    UP = "UP"
    STABLE = "STABLE"
    ENDED = "ENDED"


class News(IntEnum):
    """How bad a line is, worst first."""

    BAD = 0
    OVER = 1
    GOOD = 2
    ENDED = 3


_NEWS = {
    State.WAS_DOWN: News.OVER,
    State.WAS_FLAPPING: News.OVER,
    State.WAS_DEGRADED: News.OVER,
    State.UP: News.GOOD,
    State.STABLE: News.GOOD,
    State.ENDED: News.ENDED,
}
_KINDS = list(Kind)
_STATES = list(State)
#: What a PBX's check is called behind its name.
_CHECKS = {Check.INVENTORY: "list of endpoints", Check.RESTARTS: "restarts"}


@dataclass(frozen=True, slots=True)
class Line:
    """A claimed row with the words that it is told in."""

    row: ClaimedRow
    state: State
    #: The thing's own name, harmless: ``trunk-telekom``, ``101``, ``office``.
    name: str
    pbx: str

    @property
    def incident(self) -> Incident:
        """The incident that is told about."""
        return self.row.incident

    @property
    def kind(self) -> Kind:
        """What sort of thing it is."""
        return self.row.incident.kind

    @property
    def news(self) -> News:
        """How bad it is."""
        return _NEWS.get(self.state, News.BAD)

    @property
    def lasted(self) -> float:
        """How long it was so, in seconds; for what is over."""
        closed_at = self.incident.closed_at
        return 0.0 if closed_at is None else closed_at - self.incident.opened_at

    @property
    def aspect(self) -> str:
        """Which side of a PBX is meant, if it is not the PBX itself."""
        return _CHECKS.get(self.incident.check, "")


def line_of(row: ClaimedRow) -> Line:
    """Find the words for one row."""
    target = row.incident.target
    name = target.pbx if target.is_pbx else target.resource or target.endpoint
    return Line(row, state_of(row), visible(name), visible(target.pbx))


def state_of(row: ClaimedRow) -> State:
    """Return the state that a message says first."""
    if row.reason is Reason.ENDED:
        return State.ENDED
    if row.says is Said.UP:
        return State.STABLE if row.reason is Reason.STABLE else State.UP
    if row.says is Said.WAS_DOWN:
        return _past_state(row)
    return _present_state(row)


def _past_state(row: ClaimedRow) -> State:
    if row.reason is Reason.FLAPPING:
        return State.WAS_FLAPPING
    return State.WAS_DEGRADED if _is_degraded(row.incident) else State.WAS_DOWN


def _present_state(row: ClaimedRow) -> State:
    if row.incident.flapping:
        return State.FLAPPING
    is_degraded = _is_degraded(row.incident)
    if row.reason is Reason.REMINDER:
        return State.STILL_DEGRADED if is_degraded else State.STILL_DOWN
    return State.DEGRADED if is_degraded else State.DOWN


def _is_degraded(incident: Incident) -> bool:
    """A PBX that answers is not down, however few endpoints it lists."""
    return incident.health is Health.DEGRADED or incident.check in _CHECKS


def worst_first(line: Line) -> tuple[object, ...]:
    """Order lines: bad news before good, a PBX before a provider before a phone, down before degraded."""
    return (
        line.news,
        _KINDS.index(line.kind),
        _STATES.index(line.state),
        line.aspect if line.kind is Kind.PBX else line.pbx,
        natural(line.name),
    )


def together(line: Line) -> tuple[object, ...]:
    """Tell lines of one kind that are told as a list of names: those of one PBX; and PBXs with the same trouble."""
    return line.state, line.kind, line.aspect if line.kind is Kind.PBX else line.pbx
