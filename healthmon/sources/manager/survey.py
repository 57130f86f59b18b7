"""What the manager interface of a PBX tells a person who asks once: before the daemon runs, or beside it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import closing

from msgspec import Struct

from healthmon.ami.one_look import client_for_one_look
from healthmon.ami.registrations import OutboundRegistration
from healthmon.ami.rights import ManagerRights
from healthmon.config.sections.pbx import PbxConfig
from healthmon.model import EndpointSettings, Target
from healthmon.sources.manager.endpoint_lists import (
    Directory,
    ask_directory,
    in_portions,
    list_directory,
    may_ask_variables,
    may_list,
)
from healthmon.sources.manager.endpoint_settings import settings_of
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


def settings_by_manager(pbx: PbxConfig, endpoints: Collection[Target], at: float) -> dict[Target, EndpointSettings]:
    """How these endpoints are checked, of 20,000 within seconds; what the manager interface cannot tell is missing.

    ``at``: when that was so, by our own clock. Raises AmiError.
    """
    by_name = {target.resource: target for target in endpoints if target.technology == "PJSIP"}
    directory = Directory()
    with closing(client_for_one_look(pbx)) as client:
        if not may_ask_variables(client):
            return {}
        # Nobody has events to hear between the pieces.
        if may_list(client):
            list(list_directory(client, directory, by_name, set()))
        else:
            # Six or seven variables of each.
            for names in in_portions(list(by_name)[: client.most_variables // 6]):
                list(ask_directory(client, directory, names))
        if client.has_lost_rows:
            return {}
    found = (settings_of(by_name[name], at, endpoint, directory) for name, endpoint in directory.endpoints.items())
    return {settings.target: settings for settings in found if settings is not None}
