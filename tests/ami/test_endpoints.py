"""Lists of endpoints, AORs and contacts: what their rows mean, and that they are read as they come."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing

import pytest

from healthmon.ami.client import AmiClient
from healthmon.ami.connection import ActionRequest
from healthmon.ami.endpoints import (
    LIST_AORS,
    LIST_CONTACTS,
    ListedAor,
    ListedContact,
    ListedEndpoint,
    aor_of,
    contact_of,
    endpoint_of,
    expiry,
    registered_of,
    round_trip,
)
from healthmon.ami.frames import Decoder, Frame
from healthmon.errors import AmiError
from tests.ami.played import PlayedManager, end_of_list, in_lines
from tests.ami.played_web import PlayedWebManager
from tests.ami.test_client import config_of
from tests.ami.test_web import config_of as web_config_of

#: As Asterisk 22.10.1 and 16.28.0 sent them.
CONTACT = """Event: ContactList
ObjectType: contact
ObjectName: phone;@91bfe9812259f74ff544b9b5a4cdc59a
ViaAddr: 127.0.93.160
QualifyTimeout: 1.500000
Endpoint: phone
Uri: sip:phone@127.0.93.160:5060
QualifyFrequency: 5
UserAgent: labpeer
ExpirationTime: 1795950670
Status: Reachable
RoundtripUsec: 505"""
AOR = """Event: AorList
ObjectType: aor
ObjectName: phone
QualifyTimeout: 1.500000
MaxContacts: 2
Contacts: phone/sip:phone@127.0.93.160:5060,phone/sip:phone@127.0.93.161:5060
QualifyFrequency: 5"""
ENDPOINT = """Event: EndpointList
ObjectType: endpoint
ObjectName: 20000
Aor: 20000, more
OutboundAuths: shared
Contacts: 20000/sip:20000@127.0.93.100:5060,
DeviceState: Not in use"""


def frame(text: str) -> Frame:
    return dict(line.split(": ", 1) for line in text.splitlines())


def test_rows_are_read() -> None:
    contact = ListedContact(
        "phone;@91bfe9812259f74ff544b9b5a4cdc59a",
        "sip:phone@127.0.93.160:5060",
        "Reachable",
        0.505,
        "labpeer",
        "phone",
        "127.0.93.160",
        1795950670.0,
    )
    assert contact_of(frame(CONTACT)) == contact
    uris = ("sip:phone@127.0.93.160:5060", "sip:phone@127.0.93.161:5060")
    assert aor_of(frame(AOR)) == ListedAor("phone", "5", "1.500000", "2", uris)
    assert endpoint_of(frame(ENDPOINT)) == ListedEndpoint("20000", ("20000", "more"), "shared")
    assert contact_of(frame(AOR)) is None
    assert aor_of(frame(ENDPOINT)) is None
    assert endpoint_of(frame(CONTACT)) is None


@pytest.mark.parametrize("garbage", ["", "abc", "-1", "1e3", "NaN", "inf", "9" * 400, "٣", "60 s"])
@pytest.mark.parametrize("header", ["QualifyFrequency", "QualifyTimeout", "MaxContacts"])
def test_an_aor_with_a_number_that_is_none_is_not_read(header: str, garbage: str) -> None:
    assert aor_of({**frame(AOR), header: garbage}) is None
    without = frame(AOR)
    del without[header]
    assert aor_of(without) is None


@pytest.mark.parametrize("garbage", ["", "abc", "-1", "1e3", "NaN", "9" * 400, "00000000000505", "٣", "N/A"])
def test_a_round_trip_that_is_no_number_is_none(garbage: str) -> None:
    contact = contact_of({**frame(CONTACT), "RoundtripUsec": garbage})

    assert contact is not None
    assert contact.rtt_ms is None


@pytest.mark.parametrize("header", ["ObjectName", "Uri"])
def test_a_contact_that_does_not_say_which_it_is_is_not_read(header: str) -> None:
    assert contact_of({**frame(CONTACT), header: ""}) is None


@pytest.mark.parametrize("text", ["N/A", "", "0", "-5", "1e3", "٣", "9" * 400, "nan"])
def test_what_is_no_round_trip_is_none(text: str) -> None:
    assert round_trip(text) is None


@pytest.mark.parametrize("text", ["", "N/A", "-1", "1e9", "٣", "9" * 12])
def test_what_is_no_time_is_none(text: str) -> None:
    assert expiry(text) == 0.0


def test_garbage_in_rows_is_read_or_left_out_and_never_raises() -> None:
    chance = random.Random(71)
    for _ in range(2000):
        raw = bytearray(f"{chance.choice((CONTACT, AOR, ENDPOINT))}\n\n".encode())
        for _ in range(chance.randrange(1, 12)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        for spoilt in Decoder().feed(bytes(raw)):
            for read in (contact_of, aor_of, endpoint_of):
                read(spoilt)


# ---------------------------------------------------------------- as they come


@pytest.fixture
def manager() -> Iterator[PlayedManager]:
    with PlayedManager() as played:
        played.booted = ""
        yield played


def rows(number: str, how_many: int, between: str = "") -> bytes:
    """A list of so many contacts, with something in its middle."""
    start = in_lines({"Response": "Success", "ActionID": number, "EventList": "start"})
    row = in_lines({"Event": "ContactList", "ActionID": number, "ObjectName": "101;@aa", "Status": "Reachable"})
    end = end_of_list("ContactListComplete", number, how_many)
    half = how_many // 2
    return (start + row * half + between + row * (how_many - half) + end).encode()


def test_an_event_in_the_middle_of_a_list_is_at_hand_before_its_end(manager: PlayedManager) -> None:
    event = in_lines({"Event": "Registry", "Status": "Rejected"})
    manager.instead = lambda headers: (
        rows(headers["ActionID"], 20_000, event) if headers["Action"] == LIST_CONTACTS else None
    )

    seen, before_the_event = 0, 0
    with closing(AmiClient(config_of(manager), ("Registry",), timeout=5.0)) as client:
        for piece in client.rows(LIST_CONTACTS):
            seen += sum(row.get("Event") == "ContactList" for row in piece)
            if client.events_at_hand():
                before_the_event = seen

    assert seen == 20_000
    assert 10_000 <= before_the_event < 11_000


def test_lists_that_are_asked_for_at_once_are_kept_apart(manager: PlayedManager) -> None:
    def answer(headers: dict[str, str]) -> bytes | None:
        if headers["Action"] == LIST_CONTACTS:
            return rows(headers["ActionID"], 3000)
        if headers["Action"] == LIST_AORS:
            return rows(headers["ActionID"], 5).replace(b"ContactList", b"AorList")
        return None

    manager.instead = answer
    came: dict[str, list[str]] = {LIST_CONTACTS: [], LIST_AORS: []}
    with closing(AmiClient(config_of(manager), timeout=5.0)) as client:
        for piece in client.lists([ActionRequest(action) for action in came]):
            for found, frames in zip(came.values(), piece, strict=True):
                found += [frame["Event"] for frame in frames if "Event" in frame]
        assert not client.take_lost_rows()

    assert came[LIST_CONTACTS] == ["ContactList"] * 3000 + ["ContactListComplete"]
    assert came[LIST_AORS] == ["AorList"] * 5 + ["AorListComplete"]


def test_what_asterisk_s_database_has_of_a_contact_is_its_aor_and_its_uri() -> None:
    row = {
        "Event": "DBGetTreeResponse",
        "Key": "/registrar/contact/a;b/101;@335d",
        "Val": '{"uri":"sip:101@192.0.2.7"}',
    }

    assert registered_of(row) == ("a;b/101", "sip:101@192.0.2.7")
    assert registered_of({**row, "Val": "no JSON"}) is None
    assert registered_of({**row, "Val": '{"uri":7}'}) is None
    assert registered_of({**row, "Val": '{"uri":"\udceb"}'}) is None, "a byte that is no UTF-8"
    assert registered_of({**row, "Event": "DBGetTreeComplete"}) is None


def test_no_more_of_a_list_is_kept_than_came_at_once(manager: PlayedManager) -> None:
    manager.instead = lambda headers: rows(headers["ActionID"], 20_000) if headers["Action"] == LIST_CONTACTS else None

    with closing(AmiClient(config_of(manager), timeout=5.0)) as client:
        assert max(len(piece) for piece in client.rows(LIST_CONTACTS)) < 1500


def test_an_empty_list_is_an_error_of_asterisk_s_and_none_of_ours(manager: PlayedManager) -> None:
    def empty(headers: dict[str, str]) -> bytes | None:
        if headers["Action"] != LIST_CONTACTS:
            return None
        answer = {"Response": "Error", "ActionID": headers["ActionID"], "Message": "No Contacts found"}
        return in_lines(answer).encode()

    manager.instead = empty
    with closing(AmiClient(config_of(manager), timeout=5.0)) as client:
        assert [row for piece in client.rows(LIST_CONTACTS) for row in piece if "Event" in row] == []


def test_a_list_that_is_refused_is_said_so(manager: PlayedManager) -> None:
    manager.instead = lambda headers: (
        in_lines({"Response": "Error", "ActionID": headers["ActionID"], "Message": "Permission denied"}).encode()
        if headers["Action"] == LIST_CONTACTS
        else None
    )
    with closing(AmiClient(config_of(manager), timeout=5.0)) as client, pytest.raises(AmiError) as caught:
        list(client.rows(LIST_CONTACTS))
    assert "PJSIPShowContacts (Permission denied)" in caught.value.what


def test_through_the_web_server_a_list_is_read_as_it_comes_and_events_wait_at_asterisk() -> None:
    with PlayedWebManager() as manager:
        usual = manager._usual_answer
        manager._usual_answer = lambda headers: (  # type: ignore[method-assign]
            rows(headers["ActionID"], 5000).decode() if headers["Action"] == LIST_CONTACTS else usual(headers)
        )
        with closing(AmiClient(web_config_of(manager), ("Registry",), timeout=5.0)) as client:
            manager.sends(in_lines({"Event": "Registry", "Status": "Rejected"}).encode())
            assert [event["Event"] for event in client.events_at_hand()] == ["FullyBooted"], "it came with the login"
            sizes, meanwhile = [], []
            for piece in client.rows(LIST_CONTACTS):
                sizes.append(len(piece))
                meanwhile += client.events_at_hand()
            assert sum(sizes) == 5002
            assert max(sizes) < 1500
            assert meanwhile == []
            assert [event["Event"] for event in client.events_at_hand()] == ["Registry"]
