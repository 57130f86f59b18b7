"""Which registration belongs to which endpoint, as far as Asterisk's settings tell. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from healthmon.ami.registrations import OutboundRegistration
from healthmon.config.findings import nearest, shown
from healthmon.model import EndpointIdentity, Target
from healthmon.text.lists import listed
from healthmon.text.sipuri import host_of

#: So long is a list of endpoints that should be one.
LIST_CHARACTERS = 80


def owner_of(registration: OutboundRegistration, endpoints: Sequence[EndpointIdentity]) -> str:
    """The name of the endpoint that a registration belongs to; "": nobody's, or it might be of several."""
    found = candidates(registration, endpoints)
    if len(found) == 1:
        return found[0]
    return ""


def candidates(registration: OutboundRegistration, endpoints: Sequence[EndpointIdentity]) -> list[str]:
    """The names of the endpoints that a registration may belong to: of those that fit equally well, all.

    The configuration's own word (``line``, ``endpoint``) counts first, then the same auth object, then the same host;
    where several have that, the one with the user that registers.
    """
    if registration.technology != "PJSIP":
        return []
    if registration.endpoint:
        return [endpoint.name for endpoint in endpoints if endpoint.name == registration.endpoint]
    host = host_of(registration.server_uri)
    user = _user_of(registration.client_uri)
    with_auth = [endpoint for endpoint in endpoints if is_of_auth(registration, endpoint)]
    at_host = [endpoint for endpoint in with_auth or endpoints if host and host in endpoint.hosts]
    of_user = [endpoint for endpoint in at_host or with_auth if user and endpoint.from_user == user]
    steps = (with_auth, at_host, of_user)
    for found in steps:
        if len(found) == 1:
            return [found[0].name]
    narrowest = next((found for found in reversed(steps) if found), [])
    return [endpoint.name for endpoint in narrowest]


def unsure(registrations: Iterable[OutboundRegistration], endpoints: Sequence[EndpointIdentity]) -> list[str]:
    """Say which registrations are nobody's because several endpoints fit equally well, and how to say whose they are.

    ``registrations``: those that no watch section names.
    """
    said = []
    for registration in registrations:
        found = candidates(registration, endpoints)
        if len(found) > 1:
            name, some = shown(registration.name), listed([f"PJSIP/{name}" for name in found], LIST_CHARACTERS)
            said.append(
                f"registration {name}: it fits {len(found)} endpoints equally well ({some}), and is nobody's; "
                f"'registrations = {name}' in a [watch ...] section of the right one says whose it is"
            )
    return said


def peer_of(registration: OutboundRegistration) -> tuple[str, str]:
    """The technology and name of the peer that a registration of an older driver is made with, if there is such a peer.

    ``register => alice:secret@carrier`` is sent to where the peer ``carrier`` is, before a host of this name.
    """
    if registration.technology == "PJSIP":
        return "", ""
    return registration.technology, registration.server_uri.partition(":")[2]


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
