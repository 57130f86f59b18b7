"""On-call services that apprise speaks to, and that take a key of ours: ``dedup=KEY&action=…`` for each event.

apprise by itself makes a key of a message's title, so that an end never has the key of its beginning.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from healthmon.config.sections.shared import Secret
from healthmon.config.urls import scheme_of
from healthmon.errors import DeliveryError
from healthmon.notify.channels import apprise
from healthmon.notify.channels.apprise import AppriseSender, load
from healthmon.notify.channels.tickets.service import NO_TICKET
from healthmon.notify.compose.message import Message
from healthmon.notify.compose.ticket import Action

_WITHOUT_ACKNOWLEDGEMENT = {Action.TRIGGER: "trigger", Action.RESOLVE: "resolve"}
_GOALERT = {Action.TRIGGER: "trigger", Action.RESOLVE: "close"}
#: What apprise calls our actions; what is missing a service does not know.
SERVICES: Mapping[str, Mapping[Action, str]] = {
    "firehydrant": _WITHOUT_ACKNOWLEDGEMENT,
    "goalert": _GOALERT,
    "goalerts": _GOALERT,
    "incidentio": _WITHOUT_ACKNOWLEDGEMENT,
    "opsimate": _WITHOUT_ACKNOWLEDGEMENT,
    "opsimates": _WITHOUT_ACKNOWLEDGEMENT,
    "pagertree": {Action.TRIGGER: "create", Action.ACKNOWLEDGE: "acknowledge", Action.RESOLVE: "resolve"},
    "signl4": {Action.TRIGGER: "trigger", Action.ACKNOWLEDGE: "acknowledge", Action.RESOLVE: "resolve"},
    "squadcast": _WITHOUT_ACKNOWLEDGEMENT,
}
#: Options of apprise that say which ticket, and what becomes of it: these are ours to say.
_OURS = ("dedup", "action", "external_id", "thirdparty", "tid", "status")


class AppriseTickets(AppriseSender):
    """Sends to one URL, each event with the ticket's key. Owned by one thread."""

    takes_tickets = True
    takes_attachments = False

    def send(self, message: Message) -> None:
        """Do all that the ticket of a message wants. Raises DeliveryError, or DeliveryUnsure."""
        if message.ticket is None:
            raise DeliveryError(self.url_id, NO_TICKET)
        names = SERVICES[scheme_of(self._url)]
        address, _, query = self._url.partition("?")
        # The key and the action stand in the place of what the URL says itself.
        kept = [option for option in query.split("&") if option and not _is_ours(option)]
        for action in message.ticket.actions:
            if action in names:
                options = [*kept, f"dedup={quote(message.ticket.key)}", f"action={names[action]}"]
                self._send_through(load(self.url_id, Secret(f"{address}?{'&'.join(options)}")), message)


def _is_ours(option: str) -> bool:
    return option.partition("=")[0].lower() in _OURS


def why_refused(url: str) -> str | None:
    """Say why a URL cannot be a receiver; None: it can."""
    return apprise.why_refused(url) or apprise.why_without(url, "dedup", "action")


def remark(url: str) -> str | None:
    """Say what of a URL is not obeyed; None: everything is."""
    ours = sorted({option.partition("=")[0] for option in url.partition("?")[2].split("&") if _is_ours(option)})
    if not ours:
        return None
    return f"{', '.join(ours)}: not obeyed; each incident has a ticket and a key of its own (docs/on-call.md)"
