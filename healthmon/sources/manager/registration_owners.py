"""Which registration belongs to which endpoint, as far as Asterisk's settings tell. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from healthmon.ami.registrations import OutboundRegistration
from healthmon.config.findings import nearest, shown
from healthmon.model import Target
from healthmon.text.lists import listed
from healthmon.text.sipuri import host_of

#: So long is a list of endpoints that should be one.
LIST_CHARACTERS = 80


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


def slips(
    targets: Iterable[Target], registrations_of: Callable[[Target], Sequence[str]], known: Collection[str]
) -> list[str]:
    """Say what is wrong with the registrations that the watch sections give to endpoints of one PBX.

    ``known``: the names of all that there are.
    """
    given: dict[str, list[Target]] = {}
    for target in targets:
        for name in registrations_of(target):
            given.setdefault(name, []).append(target)
    return [words for name, owners in given.items() if (words := _slip(name, owners, known))]


def _slip(name: str, owners: Sequence[Target], known: Collection[str]) -> str:
    """What is wrong with one of them; "": nothing."""
    option = f"registrations = {shown(name)}"
    if name not in known:
        guess = nearest(name, known)
        if guess:
            guess = f"; did you mean {shown(guess)}?"
        return f"{option} of {owners[0].endpoint}: Asterisk has no such registration{guess}"
    if len(owners) > 1:
        some = listed([owner.endpoint for owner in owners], LIST_CHARACTERS)
        return f"{option}: it cannot belong to {len(owners)} endpoints ({some}); give one a section of its own"
    return ""


def is_of_auth(registration: OutboundRegistration, endpoint: EndpointIdentity) -> bool:
    """Whether both use the same auth object."""
    return bool(registration.outbound_auth) and registration.outbound_auth == endpoint.outbound_auth


def _user_of(uri: str) -> str:
    """The user of ``sip:alice@sip.example.net``; "": there is none."""
    before, at, _ = uri.partition("@")
    if not at:
        return ""
    return before.rpartition(":")[2]
