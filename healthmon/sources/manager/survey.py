"""What the manager interface of a PBX tells a person who asks once: before the daemon runs, or beside it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import closing

from msgspec import Struct

from healthmon.ami.one_look import client_for_one_look
from healthmon.ami.registrations import OutboundRegistration
from healthmon.ami.rights import ManagerRights
from healthmon.config.sections.pbx import PbxConfig
from healthmon.model import Target
from healthmon.sources.manager.registration_owners import named_by_sections, owners_of, peer_of, slips, unsure
from healthmon.sources.manager.registration_settings import identities


class ManagerSurvey(Struct, frozen=True):
    """The registrations of one PBX; and by their names the endpoints to which they belong, where they do."""

    registrations: list[OutboundRegistration]
    owners: dict[str, Target]
    #: What is wrong with those that watch sections name; and which fit several endpoints equally well.
    slips: list[str]
    #: What our user may do there.
    rights: ManagerRights
    #: Asterisk has PJSIP endpoints here, and its module that registers them is not loaded.
    lacks_module: bool = False


def survey_manager(
    pbx: PbxConfig, endpoints: Collection[Target], registrations_of: Callable[[Target], Sequence[str]] = lambda _: ()
) -> ManagerSurvey:
    """Ask for the registrations of a PBX, and which of these endpoints they belong to. Raises AmiError.

    ``registrations_of``: which of them the watch section gives to an endpoint.
    """
    by_name = {target.resource: target for target in endpoints if target.technology == "PJSIP"}
    with closing(client_for_one_look(pbx)) as client:
        of_pjsip = client.registrations()
        rows = of_pjsip or []
        known = identities(client, list(by_name), rows)
        owners = {name: by_name[owner] for name, owner in owners_of(rows, known).items()}
        rows += client.older_registrations()
        peers = {(target.technology, target.resource): target for target in endpoints}
        owners |= {row.name: peers[peer_of(row)] for row in rows if peer_of(row) in peers}
        named = named_by_sections(endpoints, registrations_of)
        return ManagerSurvey(
            rows,
            owners | named,
            [
                *slips(endpoints, registrations_of, [row.name for row in rows]),
                *unsure((row for row in rows if row.name not in named), known),
            ],
            client.rights(),
            lacks_module=of_pjsip is None and bool(by_name),
        )
