"""What the manager interface of a PBX tells a person who asks once: before the daemon runs, or beside it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from msgspec import Struct

from healthmon.ami.client import AmiClient
from healthmon.ami.registrations import OutboundRegistration
from healthmon.config.sections.pbx import PbxConfig
from healthmon.model import Target
from healthmon.sources.registration_owners import owners_of
from healthmon.sources.registration_settings import identities


class ManagerSurvey(Struct, frozen=True):
    """The registrations of one PBX, and the names of the endpoints to which they belong."""

    registrations: list[OutboundRegistration]
    owners: dict[str, str]

    @property
    def of_nobody(self) -> list[str]:
        """The names of those that belong to no endpoint that was asked about."""
        return [row.name for row in self.registrations if row.name not in self.owners]


def survey_manager(pbx: PbxConfig, endpoints: Iterable[Target]) -> ManagerSurvey:
    """Ask for the registrations of a PBX, and which of these endpoints they belong to. Raises AmiError."""
    names = [target.resource for target in endpoints if target.technology == "PJSIP"]
    with closing(AmiClient(pbx)) as client:
        rows = client.registrations()
        owners = owners_of(rows, identities(client, names, rows))
        return ManagerSurvey([*rows, *client.older_registrations()], owners)
