"""A channel that comes back gets what waits at once, whatever the pause between attempts has grown to."""

from __future__ import annotations

import socket

import pytest

from healthmon.config.sections.shared import Secret
from healthmon.errors import DeliveryError, NoConnection
from healthmon.notify.channels.by_scheme import sender_for
from healthmon.notify.compose.message import Message
from healthmon.notify.delivery.lookout import LOOK_EVERY, Lookout, opens
from tests.notify.post import BROKEN, NOBODY_THERE, REFUSED, UNSURE, Post
from tests.notify.urls import NOBODY
from tests.sinks import SmtpSink, WebhookSink
from tests.store.scene import BOSS

MINUTE, HOUR = 60.0, 3600.0
#: From the return of a channel to its message (seconds).
AIM = 5.0


def goes_away(post: Post, error: DeliveryError = NOBODY_THERE) -> None:
    post.channel.is_open = False
    post.channel.dies(error)


def comes_back(post: Post) -> None:
    post.channel.is_open = True
    post.channel.works()


@pytest.mark.parametrize("away", [MINUTE, HOUR])
def test_a_channel_that_comes_back_gets_what_waits_within_5_s(post: Post, away: float) -> None:
    goes_away(post)
    post.opens(1)
    post.run(away)
    comes_back(post)

    post.run(AIM)

    assert [subject[:23] for subject in post.channel.subjects] == ["DOWN phone 101 (office)"]


def test_nothing_is_sent_by_looking(post: Post) -> None:
    goes_away(post)
    post.opens(1)

    post.run(HOUR)

    assert len(post.channel.attempts) <= 15
    assert post.channel.looks >= HOUR / LOOK_EVERY - 20


@pytest.mark.parametrize("error", [REFUSED, UNSURE, BROKEN, DeliveryError(BOSS, "error=503")])
def test_a_channel_that_answers_badly_keeps_its_backoff(post: Post, error: DeliveryError) -> None:
    post.channel.dies(error)
    post.opens(1)
    post.run(HOUR)
    comes_back(post)

    post.run(AIM)

    assert post.channel.looks == 0
    assert post.channel.accepted == []


def test_a_server_that_is_still_booting_when_it_can_be_reached_is_tried_again_soon(post: Post) -> None:
    goes_away(post)
    post.opens(1)
    post.run(HOUR)
    post.channel.is_open = True
    post.channel.dies(DeliveryError(BOSS, "error=502"))
    post.run(AIM)

    post.channel.works()
    post.run(15)

    assert len(post.channel.accepted) == 1


def test_who_wants_to_be_left_alone_is_left_alone(post: Post) -> None:
    post.channel.dies(DeliveryError(BOSS, "error=429", retry_after=120))
    post.opens(1)
    post.run(30)
    comes_back(post)

    post.deliverer.look_again()
    post.run(60)

    assert post.channel.accepted == []


def test_a_port_that_opens_and_takes_nothing_is_looked_at_more_and_more_rarely(post: Post) -> None:
    post.channel.dies(NOBODY_THERE)
    post.opens(1)

    post.run(HOUR)

    assert len(post.channel.attempts) < HOUR / 20


def test_when_another_channel_of_the_same_way_out_works_again_one_without_a_known_place_is_tried(post: Post) -> None:
    goes_away(post, DeliveryError(BOSS, "cannot connect to proxy", no_connection=NoConnection()))
    post.opens(1)
    post.run(HOUR)
    comes_back(post)
    post.run(AIM)
    assert post.channel.accepted == []

    post.deliverer.look_again()
    post.run(1)

    assert len(post.channel.accepted) == 1


def test_a_channel_that_is_back_says_so_to_the_others_once(post: Post) -> None:
    goes_away(post)
    post.opens(1)
    post.run(MINUTE)
    comes_back(post)
    post.run(MINUTE)

    post.opens(2)
    post.run(MINUTE)

    assert len(post.returns) == 1
    assert len(post.channel.accepted) == 2


def test_where_nothing_is_due_when_it_can_be_reached_again_nobody_looks_on(post: Post) -> None:
    look = Lookout(lambda _where: True)
    look.attempt_failed(NoConnection("mail.example.org", 25), 100.0)

    assert look.sees_it_return(100.0 + LOOK_EVERY)

    assert not look.sees_it_return(200.0)
    assert look.wait(200.0) == float("inf")


def test_a_connection_opens_where_somebody_listens() -> None:
    with WebhookSink() as sink:
        assert opens(NoConnection("127.0.0.1", sink.port))
        assert sink.attempts == 0
    host, _, port = NOBODY.rpartition(":")
    assert not opens(NoConnection(host, int(port)))
    assert not opens(NoConnection("no-such-host.invalid", 443))
    assert not opens(NoConnection("host..", 443))


def no_connection(url: str) -> NoConnection | None:
    with pytest.raises(DeliveryError) as caught:
        sender_for(BOSS, Secret(url)).send(Message("DOWN", "text"))
    return caught.value.no_connection


@pytest.mark.parametrize(
    "url", ["json://{}/hook", "xml://{}/hook", "ntfy://{}/topic", "mailto://{}?from=a@b.de&to=c@d.de"]
)
def test_it_is_known_where_nobody_could_be_reached(url: str) -> None:
    assert no_connection(url.format(NOBODY)) == NoConnection("127.0.0.1", 9)


def test_a_name_that_is_not_found_may_be_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    monkeypatch.setattr("socket.getaddrinfo", nobody)

    assert no_connection("jsons://hooks.example.org/hook") == NoConnection("hooks.example.org", 443)
    assert no_connection("tgram://123456789:abcdefg_hijklmnop-qrstuvwxyz12345678/1") == NoConnection(
        "api.telegram.org", 443
    )
    assert no_connection("mailto://mail.example.org?from=a@b.de&to=c@d.de") == NoConnection("mail.example.org", 25)


def test_behind_a_proxy_that_is_gone_it_is_the_proxy_that_is_looked_at() -> None:
    url = f"json://hooks.example.org/hook?proxy=http%3A%2F%2F{NOBODY.replace(':', '%3A')}"

    assert no_connection(url) == NoConnection("127.0.0.1", 9)


def test_a_proxy_of_the_environment_that_is_gone_leaves_no_place_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{NOBODY}")

    assert no_connection("tgram://123456789:abcdefg_hijklmnop-qrstuvwxyz12345678/1") == NoConnection()


@pytest.mark.parametrize("mode", ["500", "hang", "drop"])
def test_who_answered_or_may_have_got_it_was_reached(mode: str) -> None:
    with WebhookSink(mode) as sink:
        assert no_connection(f"{sink.url}?rto=0.3") is None


def test_a_mail_server_that_refuses_was_reached() -> None:
    with SmtpSink() as sink:
        sink.mode = "554"

        assert no_connection(f"{sink.url}?from=a@example.org&to=b@example.org") is None
