"""Mutated answers of a manager interface, over a socket and as bodies of a web server.

Each is a typed error, or can be kept and told; and nothing is believed that was not said, word by word.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Iterator
from contextlib import closing

import pytest
from msgspec.structs import replace

from healthmon.ami import connection
from healthmon.ami.client import AmiClient
from healthmon.ami.connection import ManagerConnection
from healthmon.ami.endpoints import aor_of, contact_of
from healthmon.ami.frames import Decoder, Frame
from healthmon.ami.registrations import ENDLESS, EVENT, OutboundRegistration, attempt_of, readable
from healthmon.config.sections.shared import Secret
from healthmon.errors import AmiError
from healthmon.model import EndpointIdentity, Health
from healthmon.sources.manager.registration_owners import owners_of
from healthmon.sources.manager.registration_tries import Tries, health_of, in_words
from healthmon.text.sipuri import without_secrets
from tests.ami.captures import VERSIONS, received
from tests.ami.played import ACTIONS, BANNER, BOOTED, end_of_list, in_lines, row
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
        end_of_list("OutboundRegistrationDetailComplete", "4", len(rows)) + EVENTS,
    ]
    *pieces, last = [dice.choice(BANNERS), *(answer.encode("latin-1") for answer in answers)]
    return [*pieces[:-1], pieces[-1] + last + dice.choice(RECORDED)]


def harmed(pieces: list[bytes], dice: random.Random) -> list[bytes]:
    """The same, with harm done to some of it."""
    for _ in range(dice.choice((1, 1, 2, 5, 20))):
        number = dice.randrange(len(pieces))
        pieces[number] = mutate(pieces[number], dice)
    return pieces


#: What Asterisk may say of a registration that is there, and of one that is not.
STATES = {
    Health.UP: ("Registered",),
    Health.DOWN: (
        "Rejected", "Unregistered", "Stopping", "Stopped", "Timeout", "Failed", "No Authentication", "Request Sent",
        "Auth. Sent",
    ),
}  # fmt: skip


class Said:
    """What was sent, read in another way than by the decoder: the values of each header, block by block."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.blocks: list[dict[str, set[str]]] = [{}]
        for piece in pieces:
            for line in piece.decode("utf-8", "surrogateescape").split("\n"):
                name, colon, value = line.removesuffix("\r").partition(":")
                if colon:
                    self.blocks[-1].setdefault(name, set()).add(without_secrets(value.removeprefix(" ")))
                elif not name:
                    self.blocks.append({})

    def has(self, **headers: str) -> bool:
        """Whether one block says all of this, and nothing against it."""
        return any(
            all({readable(value) for value in block.get(name, ())} == {wanted} for name, wanted in headers.items())
            for block in self.blocks
        )


def check(registration: OutboundRegistration, said: Said) -> None:
    """It can be written, and told; and it was said."""
    health = health_of(registration)
    assert health is Health.UNKNOWN or registration.status in STATES[health]
    headers = {"ObjectName": registration.name}
    if health is not Health.UNKNOWN:
        headers["Status"] = registration.status
    if registration.max_retries != ENDLESS:
        headers["MaxRetries"] = str(registration.max_retries)
    if registration.waits[0] != ENDLESS:
        headers["RetryInterval"] = f"{registration.waits[0]:.0f}"
    assert said.has(**headers), (headers, said.blocks)
    words = in_words(registration, Tries(0.0))
    repr(registration).encode()
    words.encode()
    owners_of([registration], [EndpointIdentity("trunk-a"), EndpointIdentity("trunk-b", "auth-b", "me", ("h",))])


def check_event(event: Frame, said: Said) -> None:
    """What is believed of an attempt was said."""
    attempt = attempt_of(event)
    if attempt is None:
        return
    repr(attempt).encode()
    assert attempt.status in (*STATES[Health.UP], *STATES[Health.DOWN])
    server = attempt.key[1].removeprefix(f"{attempt.technology.lower()}:")
    assert said.has(Event=EVENT, ChannelType=attempt.technology, Status=attempt.status, Username=attempt.key[0]), event
    assert said.has(Event=EVENT, Domain=attempt.key[1]) or said.has(Event=EVENT, Domain=server), event


def look(pieces: list[bytes], monkeypatch: pytest.MonkeyPatch) -> tuple[list[OutboundRegistration], list[Frame]]:
    """The registrations and events that are made of what was sent: a piece at first, and one after each question.

    Raises AmiError.
    """
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
            # First those that came with the login.
            return found, client.events(0.0) + client.events_at_hand()


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


def bodies_of(pieces: list[bytes], dice: random.Random) -> list[bytes]:
    """The same as bodies of a web server: there is neither a banner nor a challenge, and events are asked for."""
    events = in_lines({"Response": "Success", "Message": "Waiting for Event completed."}) + EVENTS
    return [*pieces[2:], mutate(events.encode(), dice)]


def look_by_web(
    bodies: list[bytes], dice: random.Random, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[OutboundRegistration], list[Frame]]:
    """The registrations and events that are made of bodies that a web server sends. Raises AmiError."""
    bodies = [body[:150_000] for body in bodies]
    with monkeypatch.context() as patched:
        patched.setattr("healthmon.ami.web.PlainSession", lambda _limits: PlayedWebServer(bodies, dice))
        with closing(AmiClient(BY_WEB, (EVENT,), timeout=0.005)) as client:
            found = client.registrations() or []
            # First those that came with the login.
            return found, client.events(0.0) + client.events_at_hand()


def test_unharmed_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for dice in map(random.Random, range(20)):
        (first, second), events = look(whole_session(dice), monkeypatch)
        assert [event.get("Status") for event in events][:3] == [None, "Registered", "Rejected"]
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
                sent = bodies_of(sent, dice)
                found, events = look_by_web(sent, dice, monkeypatch)
            else:
                found, events = look(sent, monkeypatch)
        except AmiError as error:
            outcomes["error"] += 1
            str(error).encode()
            assert "secret77" not in str(error)
            assert len(str(error)) < 1200
            return
        outcomes["read"] += 1
        # A line may go on in the next piece over TCP; a body is whole.
        said = Said([b"\n\n".join(sent)] if by_web else [b"".join(piece[:150_000] for piece in sent)])
        for registration in found:
            check(registration, said)
        for event in events:
            check_event(event, said)

    attack(case, cases)
    assert min(outcomes.values()) > cases / 50, outcomes


#: Rows of contacts and AORs, as Asterisk has them.
ROWS = (
    in_lines(
        {
            "Event": "ContactList",
            "ObjectName": "101;@335d27c648fbe966",
            "Uri": "sip:101:secret77@203.0.113.7:5060;ob",
            "UserAgent": "Yealink",
            "ExpirationTime": "1795950670",
            "Status": "Unreachable",
            "RoundtripUsec": "505",
        }
    )
    + in_lines(
        {
            "Event": "AorList",
            "ObjectName": "101",
            "QualifyFrequency": "60",
            "QualifyTimeout": "3.000000",
            "MaxContacts": "2",
            "Contacts": "101/sip:101:secret77@203.0.113.7:5060;ob,101/sip:102@203.0.113.8",
        }
    )
).encode()


@pytest.mark.parametrize(
    "cases", [CASES_IN_CI, pytest.param(CASES_IN_SOAK, marks=pytest.mark.soak)], ids=["quick", "soak"]
)
def test_mutated_rows_of_contacts_and_aors_say_no_more_than_was_sent(cases: int) -> None:
    outcomes = {"contact": 0, "aor": 0}

    def case(dice: random.Random) -> None:
        sent = mutate(ROWS, dice)
        said = Said([sent])
        for frame in Decoder().feed(sent + b"\n\n"):
            contact, aor = contact_of(frame), aor_of(frame)
            if contact is not None:
                outcomes["contact"] += 1
                headers = {"Event": "ContactList", "ObjectName": readable(contact.name)}
                if contact.status:
                    headers["Status"] = contact.status
                if contact.rtt_ms is not None:
                    # It may begin with a zero.
                    headers["RoundtripUsec"] = frame["RoundtripUsec"]
                    assert int(headers["RoundtripUsec"]) == round(contact.rtt_ms * 1000)
                assert said.has(**headers), headers
            if aor is not None:
                outcomes["aor"] += 1
                numbers = {"QualifyFrequency": aor.qualify_frequency, "MaxContacts": aor.max_contacts}
                assert said.has(Event="AorList", ObjectName=aor.name, **numbers), numbers
                assert min(float(aor.qualify_frequency), float(aor.qualify_timeout), float(aor.max_contacts)) >= 0

    attack(case, cases)
    assert min(outcomes.values()) > cases / 10, outcomes
