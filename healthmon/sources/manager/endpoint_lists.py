"""How a manager interface is asked for endpoints, AORs and contacts: by lists, or by the functions of the dialplan.

The lists need ``write = system``, and have only those contacts that have registered; the functions need no more than
``write = reporting``.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence, Set
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from healthmon.ami.client import READ_DATABASE, AmiClient
from healthmon.ami.connection import ActionRequest
from healthmon.ami.endpoints import (
    LIST_AORS,
    LIST_CONTACTS,
    LIST_ENDPOINTS,
    REACHABLE,
    REGISTERED_FAMILY,
    ROWS,
    STATIC,
    ListedAor,
    ListedContact,
    ListedEndpoint,
    aor_in,
    aor_of,
    contact_of,
    endpoint_of,
    expiry,
    names_in,
    registered_of,
    round_trip,
)
from healthmon.ami.frames import Frame
from healthmon.ami.registrations import readable

VARIABLES = "Getvar"
#: So many endpoints, AORs or contacts are asked about before events are heard.
AT_ONCE = 500
#: Names with one of these cannot be arguments of a function.
BREAKS_ARGUMENTS = frozenset("(),")
Row = TypeVar("Row", ListedContact, ListedAor, ListedEndpoint)


class Directory(Struct):
    """The endpoints and AORs of one PBX. Owned by the thread of the source."""

    endpoints: dict[str, ListedEndpoint] = field(default_factory=dict)
    aors: dict[str, ListedAor] = field(default_factory=dict)
    #: The contacts of each AOR that stand in the configuration, by the names that Asterisk gives them.
    static: dict[str, list[str]] = field(default_factory=dict)


def may_list(client: AmiClient) -> bool:
    """Whether this user may ask for the lists."""
    return client.may(LIST_CONTACTS, LIST_AORS, LIST_ENDPOINTS)


def may_ask_variables(client: AmiClient) -> bool:
    """Whether this user may ask for the functions of the dialplan."""
    return client.may(VARIABLES)


# ---------------------------------------------------------------- lists


def listed_contacts(client: AmiClient) -> Iterator[list[ListedContact]]:
    """The contacts that have registered, piece by piece. Raises AmiError."""
    for piece in client.rows(LIST_CONTACTS):
        yield _rows_in(client, LIST_CONTACTS, piece, contact_of)


def _rows_in(client: AmiClient, action: str, piece: Iterable[Frame], read: Callable[[Frame], Row | None]) -> list[Row]:
    """The rows in a piece of a list; those that cannot be read count as lost."""
    frames = [frame for frame in piece if frame.get("Event") == ROWS[action]]
    rows = [row for row in map(read, frames) if row is not None]
    client.has_lost_rows |= len(rows) < len(frames)
    return rows


def list_directory(
    client: AmiClient, directory: Directory, wanted: Container[str], registered: set[tuple[str, str]]
) -> Iterator[None]:
    """Fill in what the lists tell of these endpoints; pause between their pieces. Raises AmiError.

    An AOR's row does not say which of its contacts are in the configuration. Those that are ``registered`` (AORs and
    URIs) are not, nor those that Asterisk's own database has, which answers in a fifteenth of the time. An AOR that has
    others is asked for their names.
    """
    requests = [ActionRequest(LIST_ENDPOINTS), ActionRequest(LIST_AORS)]
    if client.may(READ_DATABASE):
        requests.append(ActionRequest(READ_DATABASE, {"Family": REGISTERED_FAMILY}))
    used = set[str]()
    for endpoints, aors, *stored in client.lists(requests):
        for endpoint in _rows_in(client, LIST_ENDPOINTS, endpoints, endpoint_of):
            if endpoint.name in wanted:
                directory.endpoints[endpoint.name] = endpoint
                used.update(endpoint.aors)
        for aor in _rows_in(client, LIST_AORS, aors, aor_of):
            if aor.name in used:
                directory.aors[aor.name] = aor
        for frames in stored:
            registered.update(filter(None, map(registered_of, frames)))
        yield
    have_others = _with_others(directory.aors.values(), registered)
    if len(have_others) > client.most_variables:
        # Through HTTP, where sorcery.conf has contacts elsewhere.
        for listed in listed_contacts(client):
            registered.update((aor_in(contact.name), contact.uri) for contact in listed)
            yield
        have_others = _with_others(directory.aors.values(), registered)
    for names in in_portions(have_others):
        for name, contacts in contact_names(client, names).items():
            directory.static[name] = [contact for contact in contacts if STATIC in contact]
        yield


def _with_others(aors: Iterable[ListedAor], registered: Set[tuple[str, str]]) -> list[str]:
    """The names of the AORs that have a contact besides those that have registered."""
    return [aor.name for aor in aors if any((aor.name, uri) not in registered for uri in aor.contacts)]


# ---------------------------------------------------------------- functions of the dialplan


def ask_directory(client: AmiClient, directory: Directory, endpoints: Sequence[str]) -> Iterator[None]:
    """Fill in what the functions tell of these endpoints; pause now and then. Raises AmiError."""
    aors = asked(client, "PJSIP_ENDPOINT({},aors)", endpoints)
    auths = asked(client, "PJSIP_ENDPOINT({},outbound_auth)", endpoints)
    used: dict[str, None] = {}
    for name, found in aors.items():
        if found:
            directory.endpoints[name] = ListedEndpoint(name, tuple(names_in(found)), auths[name])
            used.update(dict.fromkeys(directory.endpoints[name].aors))
    yield
    for names in in_portions(name for name in used if name not in directory.aors):
        _ask_aors(client, directory, names)
        yield


def _ask_aors(client: AmiClient, directory: Directory, names: Sequence[str]) -> None:
    frequencies = asked(client, "PJSIP_AOR({},qualify_frequency)", names)
    timeouts = asked(client, "PJSIP_AOR({},qualify_timeout)", names)
    numbers = asked(client, "PJSIP_AOR({},max_contacts)", names)
    contacts = contact_names(client, names)
    for name, frequency in frequencies.items():
        # There is none that has no frequency, be it 0.
        if frequency:
            aor = ListedAor(name, frequency, timeouts[name], numbers[name], tuple(contacts[name]))
            if not aor.is_readable:
                client.has_lost_rows = True
                continue
            directory.aors[name] = aor
            directory.static[name] = [contact for contact in contacts[name] if STATIC in contact]


def contact_names(client: AmiClient, aors: Sequence[str]) -> dict[str, list[str]]:
    """What Asterisk calls the contacts of each of these AORs. Raises AmiError."""
    return {name: names_in(found) for name, found in asked(client, "PJSIP_AOR({},contact)", aors).items()}


def asked_contacts(
    client: AmiClient, names: Sequence[str], known: Mapping[str, ListedContact], at: float
) -> list[ListedContact]:
    """How each of these contacts stands; of those that are ``known`` it is not asked who they are. Raises AmiError.

    Until when one has registered is asked when that time was over ``at`` this time.
    """
    times = asked(client, "PJSIP_CONTACT({},rtt)", names)
    without = [name for name in names if round_trip(times[name]) is None]
    statuses = asked(client, "PJSIP_CONTACT({},status)", without)
    new = [name for name in names if name not in known]
    uris, agents, endpoints, addresses = (
        asked(client, f"PJSIP_CONTACT({{}},{what})", new) for what in ("uri", "user_agent", "endpoint", "via_addr")
    )
    over = [name for name in names if STATIC not in name and (name not in known or known[name].expires_at <= at)]
    expiries = asked(client, "PJSIP_CONTACT({},expiration_time)", over)
    found = []
    for name in names:
        status, rtt_ms = statuses.get(name, REACHABLE), round_trip(times[name])
        if name in known:
            contact = replace(known[name], status=status, rtt_ms=rtt_ms)
        else:
            uri, agent, endpoint, address = (readable(values[name]) for values in (uris, agents, endpoints, addresses))
            contact = ListedContact(name, uri, status, rtt_ms, agent, endpoint, address)
        if name in expiries:
            contact = replace(contact, expires_at=expiry(expiries[name]))
        found.append(contact)
    # What is gone meanwhile has no URI any more.
    return [contact for contact in found if contact.uri]


def asked(client: AmiClient, function: str, names: Sequence[str]) -> dict[str, str]:
    """The values of a function for each of these names; "" for what has none, or cannot be asked."""
    askable = [name for name in names if not BREAKS_ARGUMENTS & set(name)]
    values = client.variables([function.format(name) for name in askable])
    found = dict(zip(askable, values, strict=True))
    return {name: found.get(name, "") for name in names}


def in_portions(names: Iterable[str]) -> Iterator[list[str]]:
    """A few of them after the other."""
    every = list(names)
    for begin in range(0, len(every), AT_ONCE):
        yield every[begin : begin + AT_ONCE]
