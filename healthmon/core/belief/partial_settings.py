"""What a manager interface tells of an endpoint's settings, and what only ARI does. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from healthmon.model import EndpointSettings


def completed(partial: EndpointSettings, known: EndpointSettings | None) -> EndpointSettings:
    """Add what was known before of the caller's name, of proxies and of the ways to its contacts, if anything was."""
    if known is None or not known.known:
        return partial
    return replace(
        known,
        read_at=partial.read_at,
        qualify_frequency=partial.qualify_frequency,
        qualify_timeout=partial.qualify_timeout,
        has_static_contact=partial.has_static_contact,
        has_unqualified_static_contact=partial.has_unqualified_static_contact,
        has_unqualified_registered_contact=partial.has_unqualified_registered_contact,
        has_outbound_auth=partial.has_outbound_auth,
        max_contacts=partial.max_contacts,
        aors=partial.aors,
        places=(),
    )


def says_the_same(settings: EndpointSettings, known: EndpointSettings | None) -> bool:
    """Whether these settings are those that are known, only read later."""
    return known is not None and settings == replace(known, read_at=settings.read_at, places=settings.places)
