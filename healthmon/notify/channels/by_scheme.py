"""Which sender carries the messages of a URL: JSON webhooks, mails and tickets our own, everything else apprise."""

from __future__ import annotations

from collections.abc import Callable

from healthmon.config.findings import Harmless
from healthmon.config.sections.shared import Secret
from healthmon.config.urls import scheme_of, why_part_is_lost
from healthmon.notify.channels import apprise, webhook
from healthmon.notify.channels.apprise import AppriseSender
from healthmon.notify.channels.mail import MailSender
from healthmon.notify.channels.sender import Sender
from healthmon.notify.channels.tickets import by_scheme, no_tickets, through_apprise
from healthmon.notify.channels.url_check import why_more_than_one
from healthmon.notify.channels.webhook import WebhookSender

_WEBHOOKS = ("json", "jsons")
_SENDERS: dict[str, Callable[[str, Secret], Sender]] = {
    "json": WebhookSender,
    "jsons": WebhookSender,
    "mailto": MailSender,
    "mailtos": MailSender,
}


def sender_for(url_id: str, url: Secret) -> Sender:
    """Make the sender of a URL; it sends nothing yet."""
    scheme = scheme_of(url)
    if scheme in by_scheme.SERVICES:
        return by_scheme.ticket_sender(url_id, url)
    if scheme in through_apprise.SERVICES:
        return through_apprise.AppriseTickets(url_id, url)
    return _SENDERS.get(scheme, AppriseSender)(url_id, url)


def why_refused(url: str) -> str | None:
    """Say why a URL cannot be a receiver, without any of its secrets; None: it can."""
    why = _why_refused(url)
    if why is None:
        return None
    return Harmless(why)


def _why_refused(url: str) -> str | None:
    if wrong := why_more_than_one(url) or why_part_is_lost(url):
        return wrong
    scheme = scheme_of(url)
    if why := no_tickets.why_refused(url):
        return why
    if scheme in by_scheme.SERVICES:
        return by_scheme.why_refused(url)
    if scheme in through_apprise.SERVICES:
        return through_apprise.why_refused(url)
    if scheme in _WEBHOOKS:
        return webhook.why_refused(url)
    return apprise.why_refused(url)


def remark(url: str) -> str | None:
    """Say what the author of a URL that can be used should know; None: nothing."""
    scheme = scheme_of(url)
    if scheme in by_scheme.SERVICES:
        return by_scheme.remark(url)
    if scheme in through_apprise.SERVICES:
        return through_apprise.remark(url)
    return no_tickets.remark(url) or apprise.remark(url)
