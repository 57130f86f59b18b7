"""What Asterisk's word about an endpoint is worth, given how Asterisk checks it: pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from healthmon.config.types import Hold, WatchConfig
from healthmon.model import ContactStatus, EndpointSettings, Health, Kind, Target

#: Beyond one cycle of OPTIONS and its time-out, so that the second check has surely failed (rule 9, seconds).
QUALIFY_MARGIN = 2.0

NOT_QUALIFIED = "not qualified: Asterisk does not check it"
NOT_REPORTED = "not reported yet: Asterisk says unknown"
NOT_LISTED = "not listed"
EXPIRES_ONLY = "not qualified: its loss is noticed only when its registration expires"
NOT_YET_KNOWN = "not yet known whether it is checked"


def veil_for(word: Health, settings: EndpointSettings | None) -> str:
    """Why this word of Asterisk's says nothing about the endpoint, or "" if it does.

    A static contact that is not qualified is "online" for ever, dead or not: never a green. "Offline" of such an
    endpoint is true all the same.
    """
    if word is Health.UNKNOWN:
        return NOT_REPORTED
    if word is Health.UP and settings is not None and settings.known and settings.has_unqualified_static_contact:
        return NOT_QUALIFIED
    return ""


def remark_for(
    health: Health, settings: EndpointSettings | None, contacts: Mapping[str, ContactStatus] | None = None
) -> str:
    """What should be shown beside an "up"; "" for everything else."""
    if health is not Health.UP:
        return ""
    if settings is None:
        return NOT_YET_KNOWN
    if not settings.known:
        return ""
    if not settings.is_qualified:
        return EXPIRES_ONLY
    lost = unreachable(contacts) if contacts else 0
    return f"{lost} of {len(contacts or ())} contacts unreachable" if lost else ""


def unreachable(contacts: Mapping[str, ContactStatus]) -> int:
    """How many of these contacts Asterisk calls unreachable."""
    return sum(status is ContactStatus.UNREACHABLE for status in contacts.values())


def kind_of(target: Target, settings: EndpointSettings | None, watch: WatchConfig) -> Kind:
    """Whether it is a provider or a phone: the watch section's word, else that of Asterisk's configuration."""
    return watch.kind or kind_by_settings(target, settings)


def kind_by_settings(target: Target, settings: EndpointSettings | None) -> Kind:
    """Whether Asterisk's configuration makes it a provider or a phone; a phone while that is not known."""
    if settings is None:
        return Kind.PHONE
    if not settings.known:
        # ARI shows no settings of chan_sip and IAX2; phones that speak IAX2 have died out, trunks have not.
        return Kind.PROVIDER if target.technology == "IAX2" else Kind.PHONE
    is_trunk = settings.has_static_contact or settings.has_outbound_auth
    return Kind.PROVIDER if is_trunk else Kind.PHONE


def effective_hold(hold: Hold, settings: EndpointSettings | None) -> Hold:
    """The hold that is in force: one lost OPTIONS makes a contact unreachable until the next check (rule 9)."""
    if hold.down_after_exact or settings is None or not settings.known or not settings.is_qualified:
        return hold
    cycle = settings.qualify_frequency + settings.qualify_timeout + QUALIFY_MARGIN
    return hold if cycle <= hold.down_after else replace(hold, down_after=cycle)
