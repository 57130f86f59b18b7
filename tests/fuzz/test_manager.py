"""Mutated answers of a manager interface, over a real socket: each is a typed error, or can be kept and told."""

from __future__ import annotations

import random
import socket
from contextlib import closing

import pytest
from msgspec.structs import replace

from healthmon.ami.client import AmiClient
from healthmon.ami.connection import ManagerConnection
from healthmon.ami.registrations import EVENT, OutboundRegistration, key_of, readable
from healthmon.config.sections.shared import Secret
from healthmon.errors import AmiError
from healthmon.sources.manager.registration_owners import EndpointIdentity, owners_of
from healthmon.sources.manager.registration_tries import Tries, health_of, in_words
from tests.ami.captures import VERSIONS, received
from tests.ami.played import ACTIONS, BANNER, BOOTED, in_lines, row
from tests.core.scene import pbx_config
from tests.fuzz.attack import CASES_IN_SOAK, attack
from tests.fuzz.harm import mutate

#: What is asked for is there at once, or never comes: no case waits for longer than 5 ms.
CASES_IN_CI = 5_000
PBX = replace(pbx_config(), ami="tcp://127.0.0.1:5038", ami_username="monitor", ami_password=Secret("secret77"))
EVENTS = "".join(
    in_lines(
        {"Event": "Registry", "ChannelType": "PJSIP", "Username": "sip:reg-a@h", "Domain": "sip:h", "Status": status}
    )
    for status in ("Registered", "Rejected")
)
#: What real Asterisks sent besides: lists with passwords, odd names, registrations of chan_sip and IAX2.
RECORDED = [received(version, name) for version in VERSIONS for name in ("reg_snapshot", "bytes", "iax_sip")]


def whole_session(dice: random.Random) -> list[bytes]:
    """What a manager interface sends at first, and after each thing that is asked; at the end events."""
    rows = [row("reg-a", Endpoint="trunk-a"), row("reg-b", "Rejected", OutboundAuth="auth-b")]
    listed = "".join(in_lines({"Event": "OutboundRegistrationDetail", "ActionID": "4", **each}) for each in rows)
    answers = [
        in_lines({"Response": "Success", "ActionID": "1", "Challenge": "275161200"}),
        in_lines({"Response": "Success", "ActionID": "2", "Message": "Authentication accepted"}) + BOOTED,
        in_lines({"Response": "Success", "ActionID": "3", **dict.fromkeys(ACTIONS, "text")}),
        in_lines({"Response": "Success", "ActionID": "4", "EventList": "start"}) + listed + EVENTS,
        in_lines({"Event": "OutboundRegistrationDetailComplete", "ActionID": "4", "EventList": "Complete"}) + EVENTS,
    ]
    *pieces, last = [BANNER, *(answer.encode() for answer in answers)]
    return [*pieces[:-1], pieces[-1] + last + dice.choice(RECORDED)]


def check(registration: OutboundRegistration) -> None:
    """It can be written, and told."""
    words = in_words(registration, Tries(0.0))
    repr(registration).encode()
    words.encode()
    health_of(registration)
    owners_of([registration], [EndpointIdentity("trunk-a"), EndpointIdentity("trunk-b", "auth-b", "me", ("h",))])


def look(pieces: list[bytes], monkeypatch: pytest.MonkeyPatch) -> list[OutboundRegistration]:
    """What is made of what was sent: a piece at first, and one after each question. Raises AmiError."""
    ours, theirs = socket.socketpair()
    waiting = [piece[:150_000] for piece in pieces]

    def send_next(*_: object) -> None:
        if waiting:
            theirs.send(waiting.pop(0))
        if not waiting:
            theirs.shutdown(socket.SHUT_WR)

    with ours, theirs:
        theirs.setblocking(False)
        send_next()
        monkeypatch.setattr(ManagerConnection, "_send", send_next)
        monkeypatch.setattr(ManagerConnection, "_connect", lambda _self, _pbx: ours)
        with closing(AmiClient(PBX, (EVENT,), timeout=0.005)) as client:
            found = client.registrations()
            for event in client.events(0.0):
                "".join(key_of(event)).encode()
                readable(event.get("Status", "")).encode()
        return found


def test_unharmed_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = look(whole_session(random.Random(1)), monkeypatch)

    assert (first.name, first.status, second.name, second.status) == ("reg-a", "Registered", "reg-b", "Rejected")


@pytest.mark.parametrize(
    "cases", [CASES_IN_CI, pytest.param(CASES_IN_SOAK, marks=pytest.mark.soak)], ids=["quick", "soak"]
)
def test_mutated_sessions_are_typed_errors_or_registrations(cases: int, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = {"error": 0, "read": 0}

    def case(dice: random.Random) -> None:
        sent = whole_session(dice)
        for _ in range(dice.choice((1, 1, 2, 5, 20))):
            number = dice.randrange(len(sent))
            sent[number] = mutate(sent[number], dice)
        try:
            found = look(sent, monkeypatch)
        except AmiError as error:
            outcomes["error"] += 1
            str(error).encode()
            assert "secret77" not in str(error)
            assert len(str(error)) < 1200
            return
        outcomes["read"] += 1
        for registration in found:
            check(registration)

    attack(case, cases)
    assert min(outcomes.values()) > cases / 50, outcomes
