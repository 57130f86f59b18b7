"""What talks to peers, as a test may call it: one call, which returns or raises."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from healthmon.ari.client import AriClient
from healthmon.ari.events import open_events
from healthmon.config.sections.shared import Secret
from healthmon.errors import AriError, DeliveryError, HealthmonError
from healthmon.model import Severity
from healthmon.notify.channels.by_scheme import sender_for
from healthmon.notify.compose.message import Message, Mood
from healthmon.notify.compose.ticket import Action, passing_ticket
from healthmon.watchdog.heartbeat import NotFed, fetch_once
from tests.ari.peers import config

Client = Callable[[int], None]
MESSAGE = Message("DOWN phone 101 (office)", "contact <sip:101@10.0.0.1>", Mood.FAILURE, {"schema": 1})
TICKET = passing_ticket("healthmon-1", 1000.0, Severity.CRITICAL, (Action.TRIGGER,), name="phone 101")


def ask_rest(port: int) -> None:
    client = AriClient(config(f"http://127.0.0.1:{port}", "healthmon", "secret"))
    try:
        client.info()
    finally:
        client.close()


def upgrade(port: int) -> None:
    pbx = config(f"http://127.0.0.1:{port}", "healthmon", "secret")
    open_events(pbx, subscribe_all=False).close()


def post_webhook(port: int) -> None:
    sender_for("oncall/test", Secret(f"json://127.0.0.1:{port}/hook77")).send(MESSAGE)


def post_ticket(port: int) -> None:
    sender = sender_for("oncall/test", Secret(f"alertmanager://127.0.0.1:{port}"))
    sender.send(replace(MESSAGE, ticket=TICKET))


def send_through_apprise(port: int) -> None:
    sender_for("oncall/test", Secret(f"form://127.0.0.1:{port}/hook77")).send(MESSAGE)


def send_mail(port: int) -> None:
    sender_for("oncall/test", Secret(f"mailto://127.0.0.1:{port}/?from=a@example.org&to=b@example.org")).send(MESSAGE)


def feed(port: int) -> None:
    fetch_once(f"http://127.0.0.1:{port}/ping/t0ken77")


#: Each with the error that it raises for whatever its peer does.
CLIENTS: dict[Client, type[HealthmonError]] = {
    ask_rest: AriError,
    upgrade: AriError,
    post_webhook: DeliveryError,
    post_ticket: DeliveryError,
    send_through_apprise: DeliveryError,
    send_mail: DeliveryError,
    feed: NotFed,
}
