"""Mutated answers of a manager interface, over a socket and as bodies of a web server.

Each is a typed error, or can be kept and told.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from msgspec.structs import replace

from healthmon.ami import connection
from healthmon.ami.client import AmiClient
from healthmon.ami.connection import ManagerConnection
from healthmon.ami.registrations import EVENT, OutboundRegistration, key_of, readable
from healthmon.config.sections.shared import Secret
from healthmon.errors import AmiError
from healthmon.model import EndpointIdentity
from healthmon.sources.manager.registration_owners import owners_of
from healthmon.sources.manager.registration_tries import Tries, health_of, in_words
from tests.ami.captures import VERSIONS, received
from tests.ami.played import ACTIONS, BANNER, BOOTED, in_lines, row
from tests.core.scene import pbx_config
from tests.fuzz.attack import CASES_IN_SOAK, attack
from tests.fuzz.harm import mutate

#: Half of them over a socket, half as bodies of a web server. What is asked for is there at once, or never comes: no
#: case waits for longer than 5 ms.
CASES_IN_CI = 5_000
PBX = replace(pbx_config(), ami="tcp://127.0.0.1:5038", ami_username="monitor", ami_password=Secret("secret77"))
BY_WEB = replace(PBX, ami="http")
EVENTS = "".join(
    in_lines(
        {"Event": "Registry", "ChannelType": "PJSIP", "Username": "sip:reg-a@h", "Domain": "sip:h", "Status": status}
    )
    for status in ("Registered", "Rejected")
)
#: The first line of old and of new versions, and of what is none of them.
BANNERS = [
    BANNER,
    *(f"Asterisk Call Manager/{version}\r\n".encode() for version in ("1.0", "1.1", "2.10.6", "5.0.4", "12")),
]
#: Names in Latin-1, which are no UTF-8.
NAMES = ["reg-a", "b\xfcro", "tr\xebs long " * 20]
#: What real Asterisks sent besides: lists with passwords, odd names, registrations of chan_sip and IAX2.
RECORDED = [received(version, name) for version in VERSIONS for name in ("reg_snapshot", "bytes", "iax_sip")]


def whole_session(dice: random.Random) -> list[bytes]:
    """What a manager interface sends at first, and after each thing that is asked; at the end events."""
    rows = [row(dice.choice(NAMES), Endpoint="trunk-a"), row("reg-b", "Rejected", OutboundAuth="auth-b")]
    # Events come between the rows of a list, too.
    listed = EVENTS.join(in_lines({"Event": "OutboundRegistrationDetail", "ActionID": "4", **each}) for each in rows)
    answers = [
        in_lines({"Response": "Success", "ActionID": "1", "Challenge": "275161200"}),
        in_lines({"Response": "Success", "ActionID": "2", "Message": "Authentication accepted"}) + BOOTED,
        in_lines({"Response": "Success", "ActionID": "3", **dict.fromkeys(ACTIONS, "text")}),
        in_lines({"Response": "Success", "ActionID": "4", "EventList": "start"}) + listed + EVENTS,
        in_lines({"Event": "OutboundRegistrationDetailComplete", "ActionID": "4", "EventList": "Complete"}) + EVENTS,
    ]
    *pieces, last = [dice.choice(BANNERS), *(answer.encode("latin-1") for answer in answers)]
    return [*pieces[:-1], pieces[-1] + last + dice.choice(RECORDED)]


def harmed(pieces: list[bytes], dice: random.Random) -> list[bytes]:
    """The same, with harm done to some of it."""
    for _ in range(dice.choice((1, 1, 2, 5, 20))):
        number = dice.randrange(len(pieces))
        pieces[number] = mutate(pieces[number], dice)
    return pieces


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

    # What is patched for one case is not kept for the others.
    with ours, theirs, monkeypatch.context() as patched:
        theirs.setblocking(False)
        send_next()
        patched.setattr(ManagerConnection, "_send", send_next)
        patched.setattr(connection, "open_socket", lambda *_, **__: ours)
        with closing(AmiClient(PBX, (EVENT,), timeout=0.005)) as client:
            found = client.registrations() or []
            for event in client.events(0.0):
                "".join(key_of(event)).encode()
                readable(event.get("Status", "")).encode()
        return found


class PlayedWebServer:
    """A session in which each call is answered by the next of these bodies, in pieces of any size."""

    verify: object = None

    def __init__(self, bodies: list[bytes], dice: random.Random) -> None:
        self._bodies = bodies
        self._dice = dice
        self.status_code = dice.choice((200, 200, 200, 200, 200, 200, 200, 200, 200, 404, 500))
        self.headers = {"Set-Cookie": dice.choice(('mansession_id="9f8a7e23"; Version=1; Max-Age=60', "", "x" * 9000))}

    def request(self, *_: object, **__: object) -> PlayedWebServer:
        """Ask something."""
        return self

    def __enter__(self) -> PlayedWebServer:
        return self

    def __exit__(self, *_: object) -> None:
        """There is nothing to close."""

    def iter_content(self, _size: int) -> Iterator[bytes]:
        """What it sends."""
        body = self._bodies.pop(0) if self._bodies else b""
        while body:
            size = self._dice.choice((1 + len(body) // 3, 7, len(body)))
            yield body[:size]
            body = body[size:]

    def close(self) -> None:
        """There is nothing to close."""


def look_by_web(
    pieces: list[bytes], dice: random.Random, monkeypatch: pytest.MonkeyPatch
) -> list[OutboundRegistration]:
    """What is made of bodies that a web server sends. Raises AmiError."""
    # There is neither a banner nor a challenge, and events are asked for.
    events = in_lines({"Response": "Success", "Message": "Waiting for Event completed."}) + EVENTS
    bodies = [*(piece[:150_000] for piece in pieces[2:]), mutate(events.encode(), dice)]
    with monkeypatch.context() as patched:
        patched.setattr("healthmon.ami.web.PlainSession", lambda _limits: PlayedWebServer(bodies, dice))
        with closing(AmiClient(BY_WEB, (EVENT,), timeout=0.005)) as client:
            found = client.registrations() or []
            for event in client.events(0.0):
                "".join(key_of(event)).encode()
    return found


def test_unharmed_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for dice in map(random.Random, range(20)):
        first, second = look(whole_session(dice), monkeypatch)
        assert first.name[:3] in {"reg", "b\N{REPLACEMENT CHARACTER}r", "tr\N{REPLACEMENT CHARACTER}"}
        assert (first.status, second.name, second.status) == ("Registered", "reg-b", "Rejected")


@pytest.mark.parametrize(
    "cases", [CASES_IN_CI // 2, pytest.param(CASES_IN_SOAK // 2, marks=pytest.mark.soak)], ids=["quick", "soak"]
)
@pytest.mark.parametrize("by_web", [False, True], ids=["over tcp", "over http"])
def test_mutated_sessions_are_typed_errors_or_registrations(
    cases: int, by_web: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = {"error": 0, "read": 0}

    def case(dice: random.Random) -> None:
        sent = harmed(whole_session(dice), dice)
        try:
            if by_web:
                found = look_by_web(sent, dice, monkeypatch)
            else:
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
