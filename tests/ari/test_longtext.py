"""Texts from a PBX are bounded: what is shown is cut and counted, what names something is whole or refused."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest

from healthmon.ari import messages
from healthmon.ari.client import AriClient
from healthmon.ari.failures import refusal
from healthmon.ari.messages import Aor, Attribute, EndpointState, Picked, decode_event, endpoint_answer, endpoint_states
from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.errors import AriUnexpected
from healthmon.model import ContactChange, Observation, Source, Target
from healthmon.text.longtext import LONGEST_TEXT, Shortener
from tests.ari.peers import config

ENDPOINT = {"technology": "PJSIP", "resource": "101", "state": "online", "channel_ids": []}
LONG = "x" * 5000
CUT = "x" * LONGEST_TEXT + "…"


def event(kind: str, **fields: Any) -> bytes:
    return json.dumps({"type": kind, "endpoint": ENDPOINT, **fields}).encode()


def contact(uri: str) -> bytes:
    return event("ContactStatusChange", contact_info={"uri": uri, "contact_status": "Reachable"})


def test_a_cause_of_more_than_1000_characters_is_cut_and_counted() -> None:
    shorten = Shortener()

    for cause in ("short", LONG):
        raw = event("PeerStatusChange", peer={"peer_status": "Unreachable", "cause": cause})
        seen = decode_event(raw, "office", 1.0, shorten)

    assert isinstance(seen, Observation)
    assert seen.words.startswith("peer status Unreachable (xxx")
    assert (len(seen.words), seen.words[-2:], shorten.cut) == (LONGEST_TEXT + 1, "x…", 1)


@pytest.mark.parametrize(
    "raw",
    [
        contact("sip:101@" + LONG),
        event("DeviceStateChanged", device_state={"name": "PJSIP/" + LONG, "state": "NOT_INUSE"}),
        event("PeerStatusChange", endpoint={**ENDPOINT, "resource": LONG}, peer={"peer_status": "Reachable"}),
        event("PeerStatusChange", endpoint={**ENDPOINT, "technology": LONG}, peer={"peer_status": "Reachable"}),
    ],
    ids=["contact URI", "device name", "resource", "technology"],
)
def test_a_name_in_an_event_is_whole_or_refused_never_cut(raw: bytes) -> None:
    with pytest.raises(AriUnexpected) as refused:
        decode_event(raw, "office", 1.0)

    assert len(str(refused.value)) < 300


def test_names_that_begin_alike_and_are_as_long_as_names_may_be_stay_two() -> None:
    uris = [f"sip:{'a' * (LONGEST_TEXT - 5)}{end}" for end in "12"]

    seen = [decode_event(contact(uri), "office", 1.0) for uri in uris]

    assert [one.uri for one in seen if isinstance(one, ContactChange)] == uris


def test_startup_time_reload_time_and_version_are_cut_and_counted() -> None:
    with FakePbx(version=LONG) as fake:
        fake.startup_time = fake.last_reload_time = LONG
        client = AriClient(config(fake.url, "healthmon", "secret", "hm"))

        info = client.info()

    assert (info.startup_time, info.last_reload_time, info.version) == (CUT, CUT, CUT)
    assert client.shorten.cut == 3


def test_a_user_agent_is_cut_and_counted_and_overlong_names_of_aors_and_contacts_are_left_out() -> None:
    shorten = Shortener()
    registered = {"sip:101@192.0.2.1": [Attribute("user_agent", LONG)]}

    found = messages.settings(Target("office", "PJSIP", "101"), 1.0, (), [Aor((), (), registered)], shorten)

    assert ([len(place.user_agent) for place in found.places], shorten.cut) == ([messages.LONGEST_USER_AGENT], 1)
    assert messages.aor_names([Attribute("aors", f"101,{LONG}")]) == ["101"]
    assert messages.contacts([Attribute("contact", f"sip:{LONG},sip:101@192.0.2.1")]) == ["sip:101@192.0.2.1"]


def test_what_asterisk_says_of_an_error_is_cut_in_the_sentence() -> None:
    body = json.dumps({"message": LONG * 100}).encode()

    error = refusal(config("http://pbx.example", "u", "p", "hm"), "GET /x", 400, "", body)

    assert error is not None
    assert (len(error.what), error.what[-1]) == (LONGEST_TEXT + 1, "…")
    assert len(str(error)) < LONGEST_TEXT + 100


def test_a_state_of_a_megabyte_is_not_kept() -> None:
    answer = endpoint_answer(Target("office", "PJSIP", "101"), "x" * 1_000_000, 1.0, Source.SNAPSHOT)

    assert answer.words == "endpoint state " + "x" * messages.LONGEST_STATE


def test_one_overlong_name_in_a_list_costs_that_endpoint_alone() -> None:
    with FakePbx(*(FakeEndpoint("PJSIP", name) for name in ("101", LONG, "102"))) as fake:
        found = AriClient(config(fake.url, "healthmon", "secret", "hm")).listing()

    assert [one.resource for one in found.endpoints] == ["101", "102"]
    assert (found.unnamed, found.why) == (1, "")


# ---------------------------------------------------------------- long lists

NAMES = ["101", 'quote "', "a},{b", "back\\", '\\"},{', "[]{}", "é\u2028\ud83d\ude00", ", {", "\t"]


def listed(names: list[str], **encoding: Any) -> bytes:
    return json.dumps(
        [{**ENDPOINT, "resource": name, "channel_ids": ["1}", "["]} for name in names], **encoding
    ).encode()


@pytest.mark.parametrize("encoding", [{}, {"indent": 2}, {"separators": (",", ":")}], ids=str)
def test_a_list_read_item_by_item_is_the_same_as_one_read_at_once(
    encoding: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = list(endpoint_states(listed(NAMES, **encoding), "office", "GET"))
    monkeypatch.setattr(messages, "LONG_LIST", 0)

    assert list(endpoint_states(listed(NAMES, **encoding), "office", "GET")) == at_once
    assert list(endpoint_states(b" [ ] ", "office", "GET")) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[", b"[1]", b"[{}]", listed(NAMES)[:-1], listed(NAMES)[:-9], listed(NAMES) + b"x", b'[{"a":{}}]'],
)
def test_what_is_no_list_is_said_to_be_none_item_by_item_too(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "LONG_LIST", 0)

    with pytest.raises(AriUnexpected):
        list(endpoint_states(body, "office", "GET"))


def test_an_answer_of_nothing_but_spaces_is_looked_through_once() -> None:
    begun = time.monotonic()

    with pytest.raises(AriUnexpected):
        list(endpoint_states(b" " * (messages.LONG_LIST + 1), "office", "GET"))

    assert time.monotonic() - begun < 10


def test_a_list_of_a_quarter_of_a_million_names_does_not_stay_in_memory() -> None:
    names = 250_000
    body = b"[" + b",".join(b'{"technology":"SIP","resource":"%d","state":"online"}' % n for n in range(names)) + b"]"
    assert len(body) > messages.LONG_LIST
    tracemalloc.start()
    picked = Picked(lambda endpoint: endpoint.resource.endswith("7"), 1000)

    picked.add(endpoint_states(body, "office", "GET"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (len(picked.endpoints), picked.left_out) == (1000, names // 10 - 1000)
    assert picked.endpoints[0] == EndpointState("SIP", "7", "online")
    assert peak < 2_000_000
