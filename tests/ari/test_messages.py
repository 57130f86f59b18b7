"""ARI's JSON becomes what healthmon means by it: over recordings of real Asterisks."""

import json

import pytest

from healthmon.ari import messages
from healthmon.ari.messages import (
    Aor,
    Attribute,
    EndpointList,
    EndpointState,
    PbxInfo,
    Replaced,
    UnknownType,
    UserEvent,
    decode_event,
)
from healthmon.errors import AriUnexpected
from healthmon.model import (
    ContactChange,
    ContactStatus,
    Health,
    Loss,
    Observation,
    Place,
    Removed,
    SipWay,
    Source,
    Target,
    Witness,
)

from .captures import VERSIONS, all_events, events, exchange

AT = 1_000_000.0
ALICE = Target("office", "PJSIP", "alice")


def decoded(version: str, name: str) -> list[object]:
    return [decode_event(raw, "office", AT) for raw in events(version, name)]


def event(kind: str, **parts: object) -> bytes:
    return json.dumps({"type": kind, **parts}).encode()


def test_every_recorded_event_is_of_a_type_that_we_know() -> None:
    recorded = list(all_events())

    found = [decode_event(raw, "office", AT) for raw in recorded]

    assert len(found) > 1000
    assert not [one for one in found if isinstance(one, UnknownType)]
    assert {type(one) for one in found} >= {Observation, ContactChange, Removed, UserEvent, Replaced, type(None)}


@pytest.mark.parametrize("version", VERSIONS)
def test_rule_02_a_phone_that_registers_is_up_by_three_witnesses(version: str) -> None:
    found = decoded(version, "phone_registers")

    states = {(one.witness, one.health) for one in found if isinstance(one, Observation)}
    contacts = [one for one in found if isinstance(one, ContactChange)]
    assert states == {(Witness.ENDPOINT, Health.UP), (Witness.DEVICE, Health.UP)}
    assert {one.status for one in contacts} == {ContactStatus.NON_QUALIFIED, ContactStatus.REACHABLE}
    assert all(one.target == ALICE and one.at == AT for one in found if isinstance(one, Observation | ContactChange))


@pytest.mark.parametrize("version", VERSIONS)
def test_rule_02_the_endpoint_state_inside_a_contact_event_is_not_used(version: str) -> None:
    # The first event of a registration still says that the endpoint is offline.
    first = next(raw for raw in events(version, "phone_registers") if b"NonQualified" in raw)
    assert b'"state": "offline"' in first

    found = decode_event(first, "office", AT)

    assert isinstance(found, ContactChange)
    assert found.status is ContactStatus.NON_QUALIFIED


@pytest.mark.parametrize("version", VERSIONS)
def test_rule_02_a_dead_phone_is_down_by_three_witnesses(version: str) -> None:
    found = decoded(version, "phone_killed_qualify_timeout")

    assert {one.witness for one in found if isinstance(one, Observation) and one.health is Health.DOWN} == {
        Witness.ENDPOINT,
        Witness.DEVICE,
    }
    assert [one.status for one in found if isinstance(one, ContactChange)] == [ContactStatus.UNREACHABLE]


@pytest.mark.parametrize("version", VERSIONS)
def test_rule_02_invalid_means_removed(version: str) -> None:
    found = decoded(version, "reload_pjsip_removed_endpoint")

    removed = {one.target.resource for one in found if isinstance(one, Removed)}
    assert removed >= {"newphone", "trunk_two"}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_round_trip_of_a_reachable_contact_is_in_milliseconds(version: str) -> None:
    found = decoded(version, "phone_registers")

    rtts = {one.status: one.rtt_ms for one in found if isinstance(one, ContactChange)}
    assert rtts[ContactStatus.NON_QUALIFIED] is None
    rtt_ms = rtts[ContactStatus.REACHABLE]
    assert rtt_ms is not None
    assert 0 < rtt_ms < 100


@pytest.mark.parametrize("version", VERSIONS)
def test_our_own_user_event_comes_back_by_its_name(version: str) -> None:
    assert UserEvent("hello") in decoded(version, "user_event")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_taken_over_application_is_said_to_the_old_socket(version: str) -> None:
    assert Replaced() in decoded(version, "application_replaced_old_ws")


def test_a_chan_sip_peer_is_read_although_its_time_is_a_string_or_a_number() -> None:
    up = decoded("16", "chan_sip_phone_registers")
    gone = decoded("16", "chan_sip_phone_unregisters")
    dead = decoded("16", "chan_sip_phone_killed")

    assert {one.health for one in up if isinstance(one, Observation)} == {Health.UP}
    assert {one.health for one in gone + dead if isinstance(one, Observation)} == {Health.DOWN}
    assert "peer status Unregistered (Expired)" in [one.words for one in gone if isinstance(one, Observation)]


@pytest.mark.parametrize(
    ("technology", "word", "health"),
    [
        ("PJSIP", "Reachable", Health.UP),
        ("PJSIP", "Unreachable", Health.DOWN),
        ("IAX2", "Registered", Health.UP),
        ("IAX2", "Unregistered", Health.DOWN),
        ("SIP", "Lagged", Health.DEGRADED),
        ("SIP", "Rejected", None),
        ("PJSIP", "Something new", None),
        ("DAHDI", "Reachable", None),
    ],
)
def test_rule_02_what_a_peer_status_means(technology: str, word: str, health: Health | None) -> None:
    raw = event(
        "PeerStatusChange", endpoint={"technology": technology, "resource": "x"}, peer={"peer_status": word, "time": 7}
    )

    found = decode_event(raw, "office", AT)

    if health is None:
        assert found is None
    else:
        words = f"peer status {word}"
        target = Target("office", technology, "x")
        loss = Loss.REGISTRATION_ENDED if word == "Unregistered" else Loss.NONE
        is_of_check = technology != "PJSIP" and word == "Lagged"
        assert found == Observation(target, health, AT, Source.EVENT, Witness.ENDPOINT, words, loss, is_of_check)


def test_devices_that_are_no_endpoints_say_nothing() -> None:
    names = ("Custom:lamp", "Stasis:lamp", "Queue:sales", "Local/600@default", "PJSIP", "/x", "DAHDI/1")

    found = [
        decode_event(event("DeviceStateChanged", device_state={"name": n, "state": "INVALID"}), "office", AT)
        for n in names
    ]

    assert found == [None] * len(names)


def test_a_name_with_a_slash_markup_and_emoji_stays_as_it_is() -> None:
    name = 'a/b <b>"x"</b> 😀' + "y" * 200

    found = decode_event(event("DeviceStateChanged", device_state={"name": f"PJSIP/{name}", "state": "INUSE"}), "p", AT)

    assert isinstance(found, Observation)
    assert found.target == Target("p", "PJSIP", name)
    assert found.health is Health.UP


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"type": 7}',
        b'{"no": "type"}',
        b'{"type": "PeerStatusChange"}',
        b'{"type": "PeerStatusChange", "endpoint": {"technology": "", "resource": ""}, "peer": {"peer_status": "x"}}',
        b'{"type": "DeviceStateChanged", "device_state": "UNAVAILABLE"}',
        b'{"type": "ChannelUserevent", "eventname": "\\ud800"}',
        b'{"type": "ContactStatusChange", "x": ' + b"[" * 100_000,
        b'{"type": "PeerStatusChange", "endpoint": {"technology": "PJSIP", "resource": "' + b"x" * 600 + b'"}}',
    ],
)
def test_what_is_no_event_is_garbage_and_nothing_else(raw: bytes) -> None:
    with pytest.raises(AriUnexpected) as caught:
        decode_event(raw, "office", AT)

    assert len(caught.value.excerpt) <= 200


def test_an_event_of_an_unknown_type_is_named_but_not_at_length() -> None:
    assert decode_event(event("NewInAsterisk30"), "office", AT) == UnknownType("NewInAsterisk30")
    assert decode_event(event("x" * 1000), "office", AT) == UnknownType("x" * 60)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["endpoints_initial", "endpoints_after_restart", "endpoints_with_failures"])
def test_rule_01_a_snapshot_has_the_time_of_its_request(version: str, name: str) -> None:
    listed = messages.decode(exchange(version, name).body, list[EndpointState], "office", "GET /endpoints")

    seen = messages.snapshot("office", AT, EndpointList(listed), PbxInfo("start", "reload", "22"))

    assert len(seen.endpoints) == len(listed) > 5
    assert {one.at for one in seen.endpoints} == {seen.asked_at} == {AT}
    assert {one.health for one in seen.endpoints} <= {Health.UP, Health.DOWN, Health.UNKNOWN}
    assert (seen.startup_time, seen.last_reload_time, seen.version) == ("start", "reload", "22")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_settings_of_a_phone_and_of_a_trunk_are_told_by_their_objects(version: str) -> None:
    endpoint = messages.decode(exchange(version, "dyn_endpoint_alice").body, list[Attribute], "office", "")
    phone = messages.decode(exchange(version, "dyn_aor_alice").body, list[Attribute], "office", "")
    trunk = messages.decode(exchange(version, "dyn_aor_trunk1").body, list[Attribute], "office", "")

    registered = {"sip:alice@[2001:DB8::7]:5066;ob": attributes(user_agent="Yealink SIP-T46U")}
    of_phone = messages.settings(ALICE, AT, endpoint, [Aor(phone, registered=registered)])
    of_trunk = messages.settings(ALICE, AT, endpoint, [Aor(trunk, static=messages.contacts(trunk))])

    assert messages.aor_names(endpoint) == ["alice"]
    assert (of_phone.has_static_contact, of_phone.max_contacts, of_phone.is_qualified) == (False, 1, True)
    assert (of_trunk.has_static_contact, of_trunk.has_outbound_auth) == (True, False)
    assert (of_trunk.qualify_frequency, of_trunk.qualify_timeout) == (5.0, 2.0)
    assert of_phone.places == (Place("2001:db8::7", "Yealink SIP-T46U"),)
    assert [place.address.rpartition(".")[0] for place in of_trunk.places] == [f"127.0.{version}"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_ways_to_contacts_are_those_that_asterisk_itself_asks_by(version: str) -> None:
    endpoint = messages.decode(exchange(version, "dyn_endpoint_alice").body, list[Attribute], "office", "")
    trunk = messages.decode(exchange(version, "dyn_aor_trunk1").body, list[Attribute], "office", "")
    [contact] = messages.contacts(trunk)
    proxied = [*endpoint, Attribute("outbound_proxy", "sip:192.0.2.77;lr")]
    own_proxy = [*trunk, Attribute("outbound_proxy", "sip:192.0.2.78;lr")]

    def ways(of: list[Attribute], aor: list[Attribute]) -> object:
        return messages.settings(ALICE, AT, of, [Aor(aor, static=[contact])]).ways

    assert ways(endpoint, trunk) == (SipWay(contact),)
    assert ways(proxied, trunk) == (SipWay(contact, "sip:192.0.2.77;lr"),)
    assert ways(proxied, own_proxy) == (SipWay(contact, "sip:192.0.2.78;lr"),)


@pytest.mark.parametrize("version", VERSIONS)
def test_whether_asterisk_takes_2xx_only_is_read_where_the_version_has_that(version: str) -> None:
    trunk = messages.decode(exchange(version, "dyn_aor_trunk1").body, list[Attribute], "office", "")
    strict = [each for each in trunk if each.attribute != "qualify_2xx_only"] + attributes(qualify_2xx_only="true")

    def takes_2xx_only(*aors: list[Attribute]) -> bool:
        return messages.settings(ALICE, AT, [], [Aor(aor, static=["sip:a"]) for aor in aors]).takes_2xx_only

    assert not takes_2xx_only(trunk)
    assert takes_2xx_only(strict)
    # Each contact is checked as its own AOR says.
    assert not takes_2xx_only(strict, trunk)


def attributes(**values: str) -> list[Attribute]:
    return [Attribute(name, value) for name, value in values.items()]


def test_without_a_time_out_a_check_lasts_as_long_as_its_transaction() -> None:
    aor = Aor(attributes(contact="sip:a", qualify_frequency="60", qualify_timeout="0.0"), static=("sip:a",))

    assert aor.qualify_timeout == 32.0


def test_several_aors_count_by_the_longest_check_and_by_any_contact_that_is_not_checked() -> None:
    endpoint = attributes(aors="a, b", outbound_auth="secret-of-trunk")
    checked = attributes(contact="sip:a", qualify_frequency="60", qualify_timeout="3.0", max_contacts="0")
    unchecked = attributes(contact="sip:b", qualify_frequency="0", qualify_timeout="8", max_contacts="x")

    found = messages.settings(ALICE, AT, endpoint, [Aor(checked, ["sip:a"]), Aor(unchecked, ["sip:b"])])

    assert messages.aor_names(endpoint) == ["a", "b"]
    assert found.has_unqualified_static_contact
    assert found.has_outbound_auth
    assert (found.qualify_frequency, found.qualify_timeout, found.max_contacts) == (60.0, 3.0, 0)


def test_qualify_is_that_of_the_contacts_and_not_of_an_aor_without_one() -> None:
    endpoint = attributes(aors="101,101-soft")
    desk = Aor(attributes(qualify_frequency="60", qualify_timeout="3.0", max_contacts="1"))
    soft = attributes(qualify_frequency="0", qualify_timeout="3.0", max_contacts="1")
    registered = {"sip:101@192.0.2.7:5060": attributes(user_agent="Softphone")}

    at_the_unqualified_one = messages.settings(ALICE, AT, endpoint, [desk, Aor(soft, registered=registered)])
    at_both = messages.settings(
        ALICE, AT, endpoint, [Aor(desk.attributes, registered=registered), Aor(soft, registered=registered)]
    )
    at_none = messages.settings(ALICE, AT, endpoint, [desk, Aor(soft)])

    assert (at_the_unqualified_one.is_qualified, at_the_unqualified_one.aors) == (False, 2)
    assert at_the_unqualified_one.has_unqualified_registered_contact
    assert (at_both.qualify_frequency, at_both.has_unqualified_registered_contact) == (60.0, True)
    assert (at_none.qualify_frequency, at_none.has_unqualified_registered_contact) == (60.0, False)


@pytest.mark.parametrize(
    ("time", "date", "seconds"),
    [
        ("2026-11-29T12:16:47.272+0000", "Sun, 29 Nov 2026 12:16:53 GMT", 5.728),
        ("2026-11-29T13:16:47.272+0100", "Sun, 29 Nov 2026 12:16:53 GMT", 5.728),
        # The header has whole seconds.
        ("2026-11-29T12:16:47.272+0000", "Sun, 29 Nov 2026 12:16:47 GMT", 0.0),
        # Its clock was set back since.
        ("2026-11-29T12:16:47.272+0000", "Sun, 29 Nov 2026 11:00:00 GMT", None),
        ("2026-11-29T12:16:47.272+0000", "", None),
        ("yesterday", "Sun, 29 Nov 2026 12:16:53 GMT", None),
        ("2026-11-29T12:16:47", "Sun, 29 Nov 2026 12:16:53 GMT", None),
    ],
)
def test_how_long_asterisk_has_been_running_is_told_by_its_own_clock(
    time: str, date: str, seconds: float | None
) -> None:
    found = messages.seconds_between(time, date)

    assert found == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_name_in_the_caller_id_is_read_with_the_settings(version: str) -> None:
    endpoint = [Attribute("aors", "alice"), Attribute("callerid", '"Reception" <103>')]

    assert messages.settings(ALICE, AT, endpoint, []).caller_name == "Reception"
    # What Asterisk says of an endpoint of which nobody set it; and a name that is the number again is none.
    assert messages.settings(ALICE, AT, [Attribute("callerid", "<unknown>")], []).caller_name == ""
    recorded = messages.decode(exchange(version, "dyn_endpoint_alice").body, list[Attribute], "office", "")
    assert messages.settings(ALICE, AT, recorded, []).caller_name == ""
