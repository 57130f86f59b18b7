"""How an endpoint is checked, by what the manager interface tells of it and of its AORs. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from healthmon.ami.endpoints import ListedAor, ListedEndpoint
from healthmon.ari import messages
from healthmon.ari.client import MOST_AORS
from healthmon.ari.messages import Aor, Attribute
from healthmon.model import EndpointSettings, Target
from healthmon.sources.manager.endpoint_lists import Directory


def settings_of(target: Target, at: float, endpoint: ListedEndpoint, directory: Directory) -> EndpointSettings | None:
    """The settings, by the same rules as those that ARI tells; None: one of its AORs is not known.

    Whatever Asterisk has not loaded yet while it boots is not known.
    """
    aors = [directory.aors.get(name) for name in endpoint.aors[:MOST_AORS]]
    if not aors or None in aors:
        return None
    known = [_as_ari_has_it(aor, directory) for aor in aors if aor is not None]
    found = messages.settings(target, at, [Attribute("outbound_auth", endpoint.outbound_auth)], known)
    return replace(found, places=(), ways=None, is_partial=True)


def _as_ari_has_it(aor: ListedAor, directory: Directory) -> Aor:
    static = directory.static.get(aor.name, [])
    attributes = [
        Attribute("qualify_frequency", aor.qualify_frequency),
        Attribute("qualify_timeout", aor.qualify_timeout),
        Attribute("max_contacts", aor.max_contacts),
    ]
    registered = dict.fromkeys(aor.contacts[len(static) :], ())
    return Aor(attributes, static=tuple(static), registered=registered)
