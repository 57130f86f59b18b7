"""Sample messages of every sort, on which a template of the user's is tried before it is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from healthmon.config.sections.receiver import TemplateFile
from healthmon.languages import language
from healthmon.model import Check, Ending, Health, Incident, Kind, Reason, Said, Target
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.message import MOST_CHARACTERS
from healthmon.notify.compose.message_lines import lines_of
from healthmon.notify.compose.voice import Voice
from healthmon.notify.templates.context import context_of
from healthmon.notify.templates.rendering import BrokenTemplate, Rendering
from healthmon.store.outbox.outbox import ClaimedRow

#: Some moment, and how long the outages of the samples lasted (seconds).
_NOW, _LASTED = 1_777_636_931.0, 720.0
_OVER = {Reason.RESOLVED: Ending.RECOVERED, Reason.STABLE: Ending.STABLE, Reason.ENDED: Ending.REMOVED}


def why_broken(file: TemplateFile, rendering: Rendering) -> str | None:
    """Say with file and line why a template cannot be used for some message, or None: it writes all of them."""
    voice = Voice(language("en"), ZoneInfo("UTC"), _NOW)
    facts = []
    for rows in sample_rows():
        context = context_of(compose(rows, voice), lines_of(rows), voice)
        facts.append({**context, "receiver": "sample"})
    try:
        rendering.write(file, facts, MOST_CHARACTERS)
    except BrokenTemplate as broken:
        return str(broken)
    return None


def example(now: float) -> list[ClaimedRow]:
    """The rows of one message that people can judge by how it looks: a provider has been down for a while."""
    row = _row(_incident(1, Kind.PROVIDER), Reason.OPENED)
    opened_at = now - _LASTED
    return [replace(row, incident=replace(row.incident, opened_at=opened_at, believed_at=opened_at + 30))]


def sample_rows() -> Iterator[Sequence[ClaimedRow]]:
    """The rows of messages: one thing and many, for each reason, and what a site explains."""
    for reason in Reason:
        rows = [_row(_incident(number, kind), reason) for number, kind in enumerate(Kind, start=1)]
        yield rows
        yield rows[-1:]
    provider = _row(_incident(1, Kind.PROVIDER), Reason.OPENED)
    yield [replace(provider, possibly_repeated=True, others_down=3, others_unnamed=(Kind.PHONE,) * 3)]
    yield [replace(_row(_incident(1, Kind.PROVIDER), Reason.RESOLVED), reason=Reason.OPENED, says=Said.WAS_DOWN)]
    acknowledged = replace(provider.incident, acked_at=_NOW, acked_by="anna", health=Health.DEGRADED)
    yield [replace(provider, incident=acknowledged)]
    site = _incident(9, Kind.SITE)
    phones = tuple(replace(_incident(number, Kind.PHONE), explained_by=9, site=site.site) for number in (101, 102))
    yield [replace(_row(site, Reason.OPENED), explained=phones)]
    yield [replace(_row(site, Reason.RESOLVED), explained=phones), _row(phones[0], Reason.OPENED)]


def _incident(number: int, kind: Kind) -> Incident:
    """An open incident of one sort of thing."""
    incident = Incident(
        id=number,
        target=_target(number, kind),
        check=Check.REACHABILITY,
        kind=kind,
        watch="",
        health=Health.DOWN,
        opened_at=_NOW - _LASTED,
        believed_at=_NOW - _LASTED + 30,
        cause="contact Unreachable",
        severity=kind.usual_severity,
    )
    if kind is Kind.PBX:
        return replace(incident, check=Check.CONNECTION)
    if kind.is_device:
        return replace(incident, watch="phones", site="203.0.113.7")
    if kind is Kind.SITE:
        return replace(incident, site="203.0.113.7", down=2, of=3)
    if kind.is_group:
        return replace(incident, down=2, of=3)
    return incident


def _target(number: int, kind: Kind) -> Target:
    if kind is Kind.PBX:
        return Target("office")
    if kind is Kind.NETWORK:
        return Target("office", kind.value)
    if kind.is_group or kind is Kind.RECEIVER:
        return Target("office", kind.value, "sip.example.net")
    return Target("office", "PJSIP", f"{100 + number}")


def _row(incident: Incident, reason: Reason) -> ClaimedRow:
    """The incident as it is told for this reason."""
    said = Said.DOWN
    if ending := _OVER.get(reason):
        incident = replace(incident, closed_at=_NOW, ending=ending, closed_words="contact reachable")
        said = Said.UP
    if reason is Reason.FLAPPING:
        incident = replace(incident, flapping=1, flap_episodes=1)
    return ClaimedRow(incident.id, reason, said, incident, possibly_repeated=False)
