"""On-call services that apprise speaks to get the key and the action of each event, not apprise's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from apprise.plugins import firehydrant, incidentio, pagertree, signl4, squadcast
from msgspec import Struct

from healthmon.config.sections.shared import Secret
from healthmon.config.urls import TICKET_SCHEMES
from healthmon.model import Severity
from healthmon.notify.channels.by_scheme import sender_for, why_refused
from healthmon.notify.channels.tickets import by_scheme, through_apprise
from healthmon.notify.compose.message import Message, Mood
from healthmon.notify.compose.ticket import Action, Ticket
from tests.sinks import WebhookSink
from tests.store.scene import BOSS

SECRET = "a1b2c3d4e5f6a7b8"


class Played(Struct, frozen=True):
    """A service on loopback: its URL, how apprise is led there, and where it reads the key and the state."""

    url: str
    lead: Callable[[pytest.MonkeyPatch, str], None]
    key: str
    state: str
    #: What it says to open, acknowledge (None: it cannot) and resolve.
    states: tuple[Any, Any, Any]


def nowhere(_patch: pytest.MonkeyPatch, _address: str) -> None:
    """Its URL names a server."""


PLAYED = {
    "signl4": Played(
        f"signl4://{SECRET}?external_id=mine&action=map",
        lambda patch, at: patch.setattr(signl4.NotifySIGNL4, "notify_url", f"{at}/{{secret}}/"),
        "X-S4-ExternalID",
        "X-S4-Status",
        (None, "acknowledged", "resolved"),
    ),
    "pagertree": Played(
        "pagertree://int_a1b2c3d4e5",
        lambda patch, at: patch.setattr(pagertree.NotifyPagerTree, "notify_url", f"{at}/{{}}"),
        "id",
        "event_type",
        ("create", "acknowledge", "resolve"),
    ),
    "squadcast": Played(
        f"squadcast://{SECRET}",
        lambda patch, at: patch.setitem(squadcast.SQUADCAST_API_LOOKUP, "us", f"{at}/{{key}}"),
        "event_id",
        "status",
        ("trigger", None, "resolve"),
    ),
    "incidentio": Played(
        f"incidentio://SOURCE/{SECRET}",
        lambda patch, at: patch.setattr(incidentio.NotifyIncidentIO, "notify_url", f"{at}/{{source}}"),
        "deduplication_key",
        "status",
        ("firing", None, "resolved"),
    ),
    "firehydrant": Played(
        f"firehydrant://{SECRET}",
        lambda patch, at: patch.setattr(firehydrant.NotifyFireHydrant, "notify_url", f"{at}/{{token}}"),
        "idempotency_key",
        "status",
        ("OPEN", None, "CLOSED"),
    ),
    "goalert": Played(
        "goalert://{place}/ab12cd34-ab12-4c5d-8e9f-0123456789ab?dedup=mine",
        nowhere,
        "dedup",
        "action",
        (None, None, "close"),
    ),
}


@pytest.mark.parametrize("scheme", PLAYED)
def test_each_event_has_the_key_and_the_state(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    played = PLAYED[scheme]
    with WebhookSink() as sink:
        place = f"127.0.0.1:{sink.port}"
        played.lead(monkeypatch, f"http://{place}")
        sender = sender_for(BOSS, Secret(played.url.replace("{place}", place)))
        for action in Action:
            # Whatever the mood of the message is: it is the ticket that counts.
            ticket = Ticket("healthmon-1-7", (action,), Severity.CRITICAL, Severity.CRITICAL, 100.0, 90.0)
            sender.send(Message("UP phone", "text", Mood.SUCCESS, ticket=ticket))

        told = [(arrived.sent[played.key], arrived.sent.get(played.state)) for arrived in sink.messages]
    known = [state for number, state in enumerate(played.states) if number != 1 or state is not None]
    assert told == [("healthmon-1-7", state) for state in known]


@pytest.mark.parametrize("scheme", PLAYED)
def test_its_url_is_taken(scheme: str) -> None:
    assert why_refused(PLAYED[scheme].url.replace("{place}", "127.0.0.1:9")) is None


def test_every_scheme_of_an_on_call_service_has_a_sender_of_tickets() -> None:
    assert {*by_scheme.SERVICES, *through_apprise.SERVICES} == TICKET_SCHEMES
