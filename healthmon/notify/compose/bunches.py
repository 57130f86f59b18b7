"""Which lines of a message are told in one sentence: those that went down for one cause, at about one time. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from healthmon.model import Kind
from healthmon.notify.compose.message_lines import LineRank, MessageLine

#: What went down, or came back, within so many seconds did so together.
_TOGETHER = 300.0


def bunched(group: Sequence[MessageLine]) -> list[list[MessageLine]]:
    """Divide lines of one state, kind and place into those that one sentence can tell, in the order of their first."""
    position = {id(line): number for number, line in enumerate(group)}
    alike: dict[tuple[object, ...], list[MessageLine]] = {}
    for line in group:
        alike.setdefault(_likeness(line), []).append(line)
    bunches = [
        sorted(bunch, key=lambda line: position[id(line)]) for lines in alike.values() for bunch in _apart(lines)
    ]
    return sorted(bunches, key=lambda bunch: position[id(bunch[0])])


def is_cohort(lines: Sequence[MessageLine]) -> bool:
    """Whether these lines went down for a common reason that has a name of its own."""
    return bool(lines[0].incident.cohort) and lines[0].news is LineRank.BAD and len(lines) > 1


def _likeness(line: MessageLine) -> tuple[object, ...]:
    """What must be the same for one sentence."""
    incident = line.incident
    has_more_to_say = any(told.row.not_back or told.row.unknown_registrations for told in line.all)
    if line.kind is Kind.PBX or line.kind.is_group or line.explained or has_more_to_say:
        return (incident.id,)
    cause = ""
    if not incident.cohort or line.news is not LineRank.BAD:
        cause = incident.cause
    came_and_went = incident.flap_episodes > 0
    return incident.cohort, cause, came_and_went, incident.acked_by, incident.ack_reason, incident.ending


def _apart(lines: list[MessageLine]) -> Iterator[list[MessageLine]]:
    """Divide lines by their times; a cohort is not divided."""
    if is_cohort(lines):
        yield lines
        return
    bunch: list[MessageLine] = []
    for line in sorted(lines, key=_times):
        if bunch:
            apart_s = [abs(at - before) for before, at in zip(_times(bunch[0]), _times(line), strict=True)]
            if max(apart_s) > _TOGETHER:
                yield bunch
                bunch = []
        bunch.append(line)
    yield bunch


def _times(line: MessageLine) -> tuple[float, float]:
    return line.incident.since, line.incident.closed_at or 0.0
