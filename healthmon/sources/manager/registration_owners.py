"""Which registration belongs to which endpoint, as far as Asterisk's settings tell. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from healthmon.ami.registrations import OutboundRegistration
from healthmon.model import Target
from healthmon.text.sipuri import host_of


class EndpointIdentity(NamedTuple):
    """What of an endpoint's settings a registration may have, too."""

    name: str
    outbound_auth: str = ""
    from_user: str = ""
    #: The hosts of its contacts in the configuration, in small letters.
    hosts: tuple[str, ...] = ()


def owner_of(registration: OutboundRegistration, endpoints: Sequence[EndpointIdentity]) -> str:
    """The name of the endpoint that a registration belongs to; "": nobody's, or it might be of several.

    The configuration's own word (``line``, ``endpoint``) counts first, then the same auth object, then the same host;
    where several have that, the one with the user that registers.
    """
    names = {endpoint.name for endpoint in endpoints}
    if registration.endpoint:
        if registration.endpoint in names:
            return registration.endpoint
        return ""
    host = host_of(registration.server_uri)
    user = _user_of(registration.client_uri)
    with_auth = [endpoint for endpoint in endpoints if is_of_auth(registration, endpoint)]
    at_host = [endpoint for endpoint in with_auth or endpoints if host and host in endpoint.hosts]
    of_user = [endpoint for endpoint in at_host or with_auth if user and endpoint.from_user == user]
    for found in (with_auth, at_host, of_user):
        if len(found) == 1:
            return found[0].name
    return ""


def owners_of(registrations: Iterable[OutboundRegistration], endpoints: Sequence[EndpointIdentity]) -> dict[str, str]:
    """The endpoint of each registration by its name; those of nobody are missing."""
    found = {registration.name: owner_of(registration, endpoints) for registration in registrations}
    return {name: owner for name, owner in found.items() if owner}


def named_by_sections(
    targets: Iterable[Target], registrations_of: Callable[[Target], Sequence[str]]
) -> dict[str, Target]:
    """The endpoints to which the watch sections give registrations, by the names of these.

    A section with several endpoints does not tell whose it is.
    """
    named: dict[str, list[Target]] = {}
    for target in targets:
        for name in registrations_of(target):
            named.setdefault(name, []).append(target)
    return {name: of_one[0] for name, of_one in named.items() if len(of_one) == 1}


def is_of_auth(registration: OutboundRegistration, endpoint: EndpointIdentity) -> bool:
    """Whether both use the same auth object."""
    return bool(registration.outbound_auth) and registration.outbound_auth == endpoint.outbound_auth


def _user_of(uri: str) -> str:
    """The user of ``sip:alice@sip.example.net``; "": there is none."""
    before, at, _ = uri.partition("@")
    if not at:
        return ""
    return before.rpartition(":")[2]
