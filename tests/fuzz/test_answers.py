"""Mutated answers of every peer, through the whole client, over real sockets: a typed error or a right result."""

from __future__ import annotations

import json
import random
import re
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from healthmon.ari.client import LARGEST_ANSWER, AriClient
from healthmon.ari.events import open_events
from healthmon.ari.messages import EndpointState, PbxInfo
from healthmon.config.sections.shared import Secret
from healthmon.errors import AriError, DeliveryError, HealthmonError
from healthmon.model import Target
from healthmon.notify.channels.by_scheme import sender_for
from healthmon.watchdog.heartbeat import NotFed, fetch_once
from tests.ari.peers import config
from tests.fuzz.attack import CASES_IN_CI, CASES_IN_SOAK, attack
from tests.fuzz.harm import BOMB, HttpAnswer, harmed_body_of_the_right_length, mutated_answer
from tests.fuzz.recorded import HEARTBEATS, KEY, UPGRADE, WEBHOOKS, asterisks_answers
from tests.wire.clients import MESSAGE
from tests.wire.raw import RawPeer, key_of

#: A client that waited so long did not notice that its peer has hung up (seconds).
TIMEOUT = 3.0
#: What may be said of a failure is for a line of a log, and for people.
LONGEST_SENTENCE = 1200

how_many = pytest.mark.parametrize(
    "cases", [CASES_IN_CI, pytest.param(CASES_IN_SOAK, marks=pytest.mark.soak)], ids=["quick", "soak"]
)


@pytest.fixture(scope="module")
def peer() -> Iterator[RawPeer]:
    with RawPeer() as peer:
        yield peer


def check_sentence(error: HealthmonError) -> None:
    """It can be logged, is no book, and betrays nothing."""
    assert len(str(error)) < LONGEST_SENTENCE, str(error)
    assert "secret77" not in str(error)
    str(error).encode()


# ---------------------------------------------------------------- REST

TARGET = Target("office", "PJSIP", "alice")
CALLS: dict[str, Callable[[AriClient], Any]] = {
    "endpoints": lambda client: client.endpoints(),
    "endpoint": lambda client: client.endpoint("PJSIP", "alice"),
    "device_state": lambda client: client.device_state("PJSIP/alice"),
    "info": lambda client: client.info(),
    "listing": lambda client: client.listing(),
    "settings": lambda client: client.settings(TARGET, 1.0),
    "is_configured": lambda client: client.is_configured(TARGET),
    "missing_modules": lambda client: client.missing_modules(),
    "missing_drivers": lambda client: client.missing_drivers(["PJSIP", "SIP"]),
    "subscribe": lambda client: client.subscribe(),
    "user_event": lambda client: client.user_event("healthmon-heartbeat"),
}


def kept(text: str) -> str:
    """A text that is only shown, as it is kept: its first thousand characters."""
    return text if len(text) <= 1000 else f"{text[:1000]}…"


#: What the first four make of a body, as another reader of JSON sees it.
READINGS: dict[str, Callable[[Any], object]] = {
    "endpoints": lambda body: [EndpointState(one["technology"], one["resource"], one["state"]) for one in body],
    "endpoint": lambda body: EndpointState(body["technology"], body["resource"], body["state"]),
    "device_state": lambda body: body["state"],
    "info": lambda body: (kept(body["status"]["startup_time"]), kept(body["status"]["last_reload_time"])),
}


def check_texts(result: object) -> None:
    """Every text in it can be written down, every number is one."""
    json.dumps(msgspec.to_builtins(result), allow_nan=False)
    str(result).encode()


def check_reading(call: str, result: object, body: bytes) -> None:
    """It says what the body says."""
    said = (result.startup_time, result.last_reload_time) if isinstance(result, PbxInfo) else result
    # What nobody reads may be anything.
    assert said == READINGS[call](json.loads(body.decode(errors="replace")))


def attack_rest(peer: RawPeer, cases: int) -> None:
    recorded = asterisks_answers()
    client = AriClient(config(f"http://127.0.0.1:{peer.port}", "healthmon", "secret77"), timeout=TIMEOUT)

    def case(dice: random.Random) -> None:
        answer, call = dice.choice(recorded), dice.choice(list(CALLS))
        only_body = call in READINGS and dice.random() < 0.4
        if only_body:
            answer = HttpAnswer(answer.status, list(answer.headers), answer.body)
            harmed_body_of_the_right_length(answer, dice)
        peer.says(answer.encoded() if only_body else mutated_answer(answer, dice))
        try:
            result = CALLS[call](client)
        except AriError as error:
            check_sentence(error)
            return
        check_texts(result)
        if only_body:
            check_reading(call, result, answer.body)

    attack(case, cases)
    client.close()


@how_many
def test_mutated_rest_answers_are_typed_errors_or_right_results(peer: RawPeer, cases: int) -> None:
    attack_rest(peer, cases)


# ---------------------------------------------------------------- the upgrade


def attack_upgrade(peer: RawPeer, cases: int) -> None:
    refusals = asterisks_answers()
    pbx = config(f"http://127.0.0.1:{peer.port}", "healthmon", "secret77")

    def case(dice: random.Random) -> None:
        raw = mutated_answer(UPGRADE if dice.random() < 0.7 else dice.choice(refusals), dice)
        sent: list[tuple[bytes, bytes]] = []

        def answer(request: bytes) -> bytes:
            sent.append((key_of(request), raw.replace(KEY, key_of(request))))
            return sent[-1][1]

        peer.answer = answer
        try:
            open_events(pbx, subscribe_all=False, timeout=TIMEOUT).close()
        except AriError as error:
            check_sentence(error)
            return
        key, whole = sent[-1]
        assert re.search(rb"(?i)sec-websocket-accept *: *" + re.escape(key), whole)
        assert re.search(rb"\S* 101\b", whole)

    attack(case, cases)


@how_many
def test_mutated_upgrade_answers_are_typed_errors_or_event_streams(peer: RawPeer, cases: int) -> None:
    attack_upgrade(peer, cases)


# ---------------------------------------------------------------- webhooks and heartbeats


def says_2xx(raw: bytes) -> bool:
    """Whether any line of it may be read as the status of an answer that accepts."""
    # What Python calls a blank, http.client does, too.
    return re.search(rb"(?m)^HTTP/\S*?[\s\x1c-\x1f\x85\xa0]+2\d\d\b", raw) is not None


def attack_webhook(peer: RawPeer, cases: int) -> None:
    options = f"?rto={TIMEOUT:g}"
    json_sender = sender_for("oncall/hook", Secret(f"json://127.0.0.1:{peer.port}/secret77{options}"))

    def case(dice: random.Random) -> None:
        raw = mutated_answer(dice.choice(WEBHOOKS), dice)
        peer.says(raw)
        try:
            json_sender.send(MESSAGE)
        except DeliveryError as error:
            check_sentence(error)
            assert error.retry_after is None or error.retry_after >= 0
            return
        assert says_2xx(raw)

    attack(case, cases)


@how_many
def test_mutated_webhook_answers_are_typed_errors_or_deliveries(peer: RawPeer, cases: int) -> None:
    attack_webhook(peer, cases)


def attack_heartbeat(peer: RawPeer, cases: int) -> None:
    url = f"http://127.0.0.1:{peer.port}/ping/secret77"

    def case(dice: random.Random) -> None:
        raw = mutated_answer(dice.choice(HEARTBEATS), dice)
        peer.says(raw)
        try:
            fetch_once(url)
        except NotFed as error:
            check_sentence(error)
            return
        assert says_2xx(raw)

    attack(case, cases)


@how_many
def test_mutated_heartbeat_answers_are_typed_errors_or_heartbeats_that_were_taken(peer: RawPeer, cases: int) -> None:
    attack_heartbeat(peer, cases)


@pytest.mark.parametrize("answer", WEBHOOKS[:3], ids=lambda answer: answer.status.decode())
def test_what_is_not_harmed_is_a_delivery(peer: RawPeer, answer: HttpAnswer) -> None:
    peer.says(answer.encoded())

    sender_for("oncall/hook", Secret(f"json://127.0.0.1:{peer.port}/secret77")).send(MESSAGE)


def test_an_answer_that_unpacks_to_more_than_is_read_is_in_memory_once(peer: RawPeer) -> None:
    bomb = HttpAnswer(b"HTTP/1.1 200 OK", [b"Content-Encoding: gzip", b"Content-Length: %d" % len(BOMB)], BOMB)
    peer.says(bomb.encoded())
    client = AriClient(config(f"http://127.0.0.1:{peer.port}", "healthmon", "secret77"))

    tracemalloc.start()
    with pytest.raises(AriError):
        client.listing()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    client.close()

    assert peak < 1.3 * LARGEST_ANSWER
