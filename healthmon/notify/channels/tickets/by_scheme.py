"""Which on-call service a URL is for, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from healthmon.config.sections.shared import Secret
from healthmon.config.urls import scheme_of
from healthmon.notify.channels.tickets import alertmanager, ilert, pagerduty, splunk
from healthmon.notify.channels.tickets.service import Service, TicketSender
from healthmon.notify.channels.tickets.ticket_url import TicketUrl, ticket_url
from healthmon.notify.channels.webhook_url import WrongUrl


class KnownService(Struct, frozen=True):
    """How to make a service of a URL, and which options of the URL it obeys."""

    make: Callable[[TicketUrl], Service]
    obeyed: tuple[str, ...]


_SPLUNK = KnownService(splunk.SplunkOnCall, splunk.OBEYED)
_ALERTMANAGER = KnownService(alertmanager.Alertmanager, alertmanager.OBEYED)

#: Services with a sender of our own.
SERVICES: Mapping[str, KnownService] = {
    "pagerduty": KnownService(pagerduty.PagerDuty, pagerduty.OBEYED),
    "ilert": KnownService(ilert.Ilert, ilert.OBEYED),
    "splunk": _SPLUNK,
    "victorops": _SPLUNK,
    "alertmanager": _ALERTMANAGER,
    "alertmanagers": _ALERTMANAGER,
}


def ticket_sender(url_id: str, url: Secret) -> TicketSender:
    """Make the sender of a URL that was found to be right. Raises WrongUrl."""
    return TicketSender(url_id, url, SERVICES[scheme_of(url)].make(ticket_url(url)))


def why_refused(url: str) -> str | None:
    """Say why a URL cannot be that of an on-call service, without any of its secrets; None: it can."""
    try:
        parts = ticket_url(url)
        SERVICES[parts.scheme].make(parts)
    except WrongUrl as error:
        return str(error)
    verify = parts.options.get("verify", "")
    if verify.startswith("/") and not Path(verify).is_file():
        return "verify: there is no such file of certificates"
    return None


def remark(url: str) -> str | None:
    """Say what of a URL is not obeyed, so that nobody relies on it; None: everything is."""
    parts = ticket_url(url)
    unheeded = parts.unheeded(SERVICES[parts.scheme].obeyed)
    if parts.scheme in ("splunk", "victorops") and parts.segments:
        unheeded.append("the entity behind the keys")
    if not unheeded:
        return None
    return f"{', '.join(unheeded)}: not obeyed; each incident has a ticket and a key of its own (docs/on-call.md)"
