"""What of its endpoints' settings a PBX's manager interface tells, with the least rights."""

from __future__ import annotations

from collections.abc import Sequence

from healthmon.ami.client import AmiClient
from healthmon.ami.endpoints import STATIC, ListedEndpoint, aor_in, names_in
from healthmon.ami.registrations import OutboundRegistration
from healthmon.model import EndpointIdentity
from healthmon.sources.manager.endpoint_lists import (
    Directory,
    list_directory,
    listed_contacts,
    may_ask_variables,
    may_list,
)
from healthmon.sources.manager.registration_owners import owners_of
from healthmon.text.sipuri import host_of

#: Of so many endpoints at most the contacts are asked for.
MOST_IN_DETAIL = 2000
#: Names with one of these cannot be arguments of a function.
_BREAKS_ARGUMENTS = frozenset("(),")


def identities(
    client: AmiClient, endpoints: Sequence[str], registrations: Sequence[OutboundRegistration]
) -> list[EndpointIdentity]:
    """Ask for as much of these endpoints as is needed to tell whose the registrations are. Raises AmiError."""
    found = [EndpointIdentity(name) for name in endpoints]
    if len(owners_of(registrations, found)) == len(registrations):
        return found
    if may_list(client) and not may_ask_variables(client):
        return _as_listed(client, endpoints)
    names = [name for name in endpoints if not _BREAKS_ARGUMENTS & set(name)]
    auths = client.variables([f"PJSIP_ENDPOINT({name},outbound_auth)" for name in names])
    auth_of = dict(zip(names, auths, strict=True))
    found = [EndpointIdentity(name, auth_of.get(name, "")) for name in endpoints]
    if len(owners_of(registrations, found)) == len(registrations):
        return found
    # Trunks have an auth object, as a rule; phones have none.
    found.sort(key=lambda endpoint: not endpoint.outbound_auth)
    detailed = [endpoint for endpoint in found if endpoint.name in auth_of][:MOST_IN_DETAIL]
    known = {endpoint.name: endpoint for endpoint in _in_detail(client, detailed)}
    return [known.get(endpoint.name, endpoint) for endpoint in found]


def _as_listed(client: AmiClient, endpoints: Sequence[str]) -> list[EndpointIdentity]:
    """What the lists tell whoever may ask for no variables (``write = system`` alone): all but ``from_user``."""
    registered = {(aor_in(contact.name), contact.uri) for piece in listed_contacts(client) for contact in piece}
    directory = Directory()
    for _ in list_directory(client, directory, frozenset(endpoints), registered):
        # Whoever asks has nothing else to do between the pieces.
        continue
    found = []
    for name in endpoints:
        endpoint = directory.endpoints.get(name, ListedEndpoint(name, ()))
        aors = [directory.aors[aor] for aor in endpoint.aors if aor in directory.aors]
        static = [uri for aor in aors for uri in aor.contacts if (aor.name, uri) not in registered]
        found.append(EndpointIdentity(name, endpoint.outbound_auth, hosts=tuple(map(host_of, static))))
    return found


def _in_detail(client: AmiClient, endpoints: Sequence[EndpointIdentity]) -> list[EndpointIdentity]:
    """Ask where the contacts of these are, and as whom they call."""
    users = client.variables([f"PJSIP_ENDPOINT({endpoint.name},from_user)" for endpoint in endpoints])
    aors = client.variables([f"PJSIP_ENDPOINT({endpoint.name},aors)" for endpoint in endpoints])
    hosts = _hosts(client, [names_in(names) for names in aors])
    return [
        endpoint._replace(from_user=user, hosts=tuple(its_hosts))
        for endpoint, user, its_hosts in zip(endpoints, users, hosts, strict=True)
    ]


def _hosts(client: AmiClient, aors: Sequence[Sequence[str]]) -> list[list[str]]:
    """The hosts of the contacts in the configuration of each of these lists of AORs."""
    names = list(dict.fromkeys(name for of_one in aors for name in of_one if not _BREAKS_ARGUMENTS & set(name)))
    contacts = dict(
        zip(names, map(names_in, client.variables([f"PJSIP_AOR({name},contact)" for name in names])), strict=True)
    )
    static = [contact for of_one in contacts.values() for contact in of_one if STATIC in contact]
    uris = client.variables([f"PJSIP_CONTACT({contact},uri)" for contact in static])
    host = {contact: host_of(uri) for contact, uri in zip(static, uris, strict=True)}
    return [
        [host[contact] for name in of_one for contact in contacts.get(name, ()) if host.get(contact)] for of_one in aors
    ]
