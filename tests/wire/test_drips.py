"""Receivers and the heartbeat's service that answer in drops: they are given up, and what was taken counts as taken."""

from __future__ import annotations

import time

import pytest

from healthmon.errors import DeliveryError, DeliveryUnsure
from healthmon.watchdog.heartbeat import NotFed
from healthmon.wire.pace import PeerLimits

from .clients import Client, feed, post_ticket, post_webhook
from .dripping import DrippingServer
from .test_answers import DRIPS, FLOODS, OK, ON_THE_WAY

#: The real limits, in a twentieth of the time; and what a busy machine may take longer (seconds).
QUICK = PeerLimits(largest=1_000_000, share_within=0.25)
SPARE = 5.0
#: What comes before it is known whether the message was taken.
BEFORE_THE_BODY = ("status line", "header", "header lines", "100 continue", "100 continue with headers")

posts = pytest.mark.parametrize("post", [post_webhook, post_ticket])


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("healthmon.notify.channels.http_calls.LIMITS", QUICK)
    monkeypatch.setattr("healthmon.watchdog.heartbeat.LIMITS", QUICK)


def in_time(client: Client, server: DrippingServer) -> None:
    """Call a server that drips, and come back in time, whatever the result."""
    begun = time.monotonic()
    try:
        client(server.port)
    finally:
        assert time.monotonic() - begun < QUICK.share_within + SPARE


@posts
@pytest.mark.parametrize("part", BEFORE_THE_BODY)
def test_a_webhook_that_drips_before_it_says_whether_it_took_the_message_perhaps_has_it(
    post: Client, part: str
) -> None:
    with DrippingServer(*DRIPS[part]) as server, pytest.raises(DeliveryUnsure, match="the answer comes in drops: "):
        in_time(post, server)


@posts
@pytest.mark.parametrize("part", [part for part in DRIPS if part not in BEFORE_THE_BODY])
def test_a_webhook_that_says_200_and_drips_then_has_the_message(post: Client, part: str) -> None:
    with DrippingServer(*DRIPS[part]) as server:
        in_time(post, server)


@posts
def test_a_webhook_whose_refusal_drips_is_a_refusal_without_its_reason(post: Client) -> None:
    refusal = b"HTTP/1.1 422 No\r\nContent-Length: 65000\r\n\r\n"
    with DrippingServer(refusal, b"x") as server, pytest.raises(DeliveryError, match=r"error=422 No$") as caught:
        in_time(post, server)

    assert caught.value.refused


@posts
@pytest.mark.parametrize("part", FLOODS)
def test_a_webhook_whose_answer_has_no_end_fills_no_memory(post: Client, part: str) -> None:
    with DrippingServer(*FLOODS[part], every=0.0) as server:
        try:
            in_time(post, server)
        except DeliveryError as error:
            assert isinstance(error, DeliveryUnsure)

        assert server.dripped < ON_THE_WAY


@pytest.mark.parametrize("part", DRIPS)
def test_a_heartbeat_whose_answer_drips_is_not_fed(part: str) -> None:
    with DrippingServer(*DRIPS[part]) as server, pytest.raises(NotFed, match="its answer comes in drops: "):
        in_time(feed, server)


@pytest.mark.parametrize("part", FLOODS)
def test_a_heartbeat_whose_answer_has_no_end_fills_no_memory(part: str) -> None:
    with DrippingServer(*FLOODS[part], every=0.0) as server:
        try:
            in_time(feed, server)
        except NotFed as error:
            assert str(error)

        assert server.dripped < ON_THE_WAY


def test_a_heartbeat_that_is_answered_at_once_is_fed_although_the_connection_stays_open() -> None:
    with DrippingServer(OK + b"Content-Length: 2\r\n\r\nOK") as server:
        in_time(feed, server)
