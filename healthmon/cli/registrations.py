"""What commands say of the registrations of a PBX, where its manager interface may be asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from healthmon.config.configuration import Config
from healthmon.config.sections.pbx import PbxConfig
from healthmon.model import Target
from healthmon.report.formatting import counted
from healthmon.text.visible import visible

if TYPE_CHECKING:
    from healthmon.ami.rights import ManagerRights
    from healthmon.sources.manager.survey import ManagerSurvey


#: Of more registrations those are listed that are not there, at most so many.
MOST_LISTED = 50
#: What is said of a PBX that has PJSIP, and cannot register it anywhere.
WITHOUT_MODULE = (
    "Asterisk's module res_pjsip_outbound_registration.so is not loaded: PJSIP registers nowhere. If it should: "
    "module load res_pjsip_outbound_registration.so"
)


def asked_registrations(pbx: PbxConfig, config: Config, endpoints: Collection[Target]) -> ManagerSurvey:
    """Ask for the registrations of a PBX, and to which of these endpoints each belongs. Raises AmiError."""
    # Most have none: who speaks to a manager interface is not even imported then.
    from healthmon.sources.manager.survey import survey_manager  # noqa: PLC0415

    return survey_manager(pbx, endpoints, config.registrations_of)


def registration_lines(pbx: str, found: ManagerSurvey, *, nobody: str) -> Iterator[str]:
    """Say whose each registration is, how it stands, and what watch sections say wrongly of them.

    ``nobody``: what is said of one that belongs to no endpoint.
    """
    yield f"pbx {pbx}: manager interface answers; {counted(len(found.registrations), 'registration')}"
    rows = found.registrations
    if len(rows) > MOST_LISTED:
        rows = [row for row in rows if row.status != "Registered"][:MOST_LISTED]
    for row in rows:
        owner = found.owners.get(row.name)
        whose = nobody
        if owner is not None:
            whose = f"of {visible(owner.endpoint)}"
        yield f"    {visible(row.name)} {whose}: {visible(row.status)}"
    if len(rows) < len(found.registrations):
        yield f"    … and {len(found.registrations) - len(rows):,} more; healthmon discover --json has all of them"
    if found.lacks_module:
        yield f"    warning: {WITHOUT_MODULE}"
    yield from (f"    warning: {visible(slip)}" for slip in found.slips)
    for words in remarks_on(found.rights):
        yield f"    warning: {words}"


def remarks_on(rights: ManagerRights) -> Iterator[str]:
    """Say what our manager user lacks, and what it has too much."""
    if not rights.reads_events:
        yield (
            "its manager user may not read events: manager.conf needs read = system, or a lost registration is "
            "seen only at the next poll"
        )
    if rights.powers:
        yield (
            f"its manager user may {', '.join(rights.powers)}; read = system and write = reporting are enough "
            "for healthmon"
        )
