"""One contract, three peers: every resource and event that healthmon uses, on the fake and on Asterisk 22 and 16.

What passes here on a real Asterisk is what the fake may say; so the fake cannot lie.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from ipaddress import ip_address

import pytest
from msgspec.structs import replace

from healthmon.ari.client import AriClient
from healthmon.ari.events import EventSocket, open_events
from healthmon.ari.messages import Event, Replaced, UserEvent, decode_event
from healthmon.config.sections.shared import Secret
from healthmon.demo.fakepbx.endpoints import FakeEndpoint
from healthmon.demo.fakepbx.resources import ROUTES
from healthmon.errors import AriDenied, AriError, AriNotFound, Trouble
from healthmon.model import (
    ContactChange,
    ContactStatus,
    EndpointIdentity,
    EndpointSettings,
    Health,
    Observation,
    Removed,
    Target,
    Witness,
)
from tests.lab.fixtures import VERSIONS, Lab, need
from tests.waiting import wait_for

from .peers import DEAD, NOT_UTF_8, PHONE, STATIC, FakePeer, Peer, RealPeer, fake_pbx

REAL = [pytest.param(version, marks=pytest.mark.lab, id=f"asterisk{version}") for version in VERSIONS]


@pytest.fixture(params=["fake", *REAL])
def peer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """The fake, then Asterisk 22, then 16."""
    if request.param == "fake":
        with fake_pbx() as fake:
            yield (played := FakePeer(fake))
            played.check()
        return
    kit = need(f"asterisk-{request.param}")
    lab = Lab(lambda version: kit, tmp_path_factory.mktemp("contract"))
    try:
        yield RealPeer(lab)
    finally:
        lab.close()


@pytest.fixture
def client(peer: Peer) -> Iterator[AriClient]:
    """A client of the peer."""
    one = AriClient(peer.pbx)
    yield one
    one.close()


@pytest.fixture
def stream(peer: Peer, client: AriClient) -> Iterator[EventSocket]:
    """An event stream that is subscribed to all that healthmon wants."""
    opened = open_events(peer.pbx, subscribe_all=False)
    client.subscribe()
    yield opened
    opened.close()


def read_until(stream: EventSocket, is_enough: Callable[[list[Event]], bool]) -> list[Event]:
    """Read events until there are enough."""
    found: list[Event] = []

    def enough() -> bool:
        raw = stream.receive()
        event = decode_event(raw, "office", 1.0) if raw else None
        if event:
            found.append(event)
        return is_enough(found)

    wait_for(enough, 20, lambda: f"came so far: {found}")
    return found


def seen(found: list[Event]) -> set[tuple[Witness, Health]]:
    return {(one.witness, one.health) for one in found if isinstance(one, Observation) and one.target.resource == PHONE}


def contacts(found: list[Event]) -> set[ContactStatus]:
    return {one.status for one in found if isinstance(one, ContactChange) and one.target.resource == PHONE}


def failure(call: Callable[[], object]) -> AriError:
    with pytest.raises(AriError) as caught:
        call()
    return caught.value


# ---------------------------------------------------------------- REST


def test_endpoints_lists_all_with_their_states(client: AriClient) -> None:
    states = {(one.technology, one.resource): one.state for one in client.endpoints()}

    assert states["PJSIP", PHONE] == "offline"
    assert states["PJSIP", DEAD] == "offline"
    # Never checked, so it is "online" whether somebody is there or not.
    assert states["PJSIP", STATIC] == "online"


def test_one_endpoint_is_found_by_its_name_even_with_a_slash_in_it(client: AriClient) -> None:
    assert client.endpoint("PJSIP", STATIC).state == "online"
    assert client.endpoint("PJSIP", DEAD).resource == DEAD


def test_an_endpoint_that_does_not_exist_is_not_found(client: AriClient) -> None:
    found = [failure(partial(client.endpoint, technology, "no body")) for technology in ("PJSIP", "NOSUCH")]

    assert [type(error) for error in found] == [AriNotFound, AriNotFound]


def test_device_states_are_told_of_any_device(client: AriClient) -> None:
    assert client.device_state(f"PJSIP/{STATIC}") == "NOT_INUSE"
    assert client.device_state(f"PJSIP/{DEAD}") == "UNAVAILABLE"
    assert client.device_state("PJSIP/nobody") == "INVALID"


def test_info_tells_start_reload_and_version(peer: Peer, client: AriClient) -> None:
    first, again = client.info(), client.info()
    peer.restart()
    after = client.info()

    assert first.startup_time == again.startup_time
    assert first.last_reload_time
    assert first.version.split(".")[0] in ("16", "22")
    assert after.startup_time != first.startup_time


def test_info_tells_for_how_long_asterisk_has_been_running_by_its_own_clock(peer: Peer, client: AriClient) -> None:
    peer.restart()

    found = client.info()

    assert found.running_for is not None
    assert found.configured_for is not None
    assert 0 <= found.running_for < 30
    assert found.pbx_time == pytest.approx(time.time(), abs=30)
    assert found.shares_our_clock
    assert 0 <= found.configured_for < 30


def test_a_reload_changes_the_reload_time_only(peer: Peer, client: AriClient) -> None:
    before = client.info()

    peer.remove_phone()

    wait_for(lambda: client.info().last_reload_time != before.last_reload_time)
    assert client.info().startup_time == before.startup_time


@pytest.mark.parametrize(("is_up", "device"), [(True, "INVALID"), (False, "UNAVAILABLE")])
def test_a_removed_endpoint_stays_listed_and_only_its_configuration_tells_for_certain(
    peer: Peer, client: AriClient, is_up: bool, device: str
) -> None:
    phone = Target("office", "PJSIP", PHONE)
    if is_up:
        peer.phone_up()
        wait_for(lambda: client.device_state(phone.endpoint) == "NOT_INUSE")
    assert client.is_configured(phone)

    peer.remove_phone()

    wait_for(lambda: client.is_configured(phone) is False)
    wait_for(lambda: client.device_state(phone.endpoint) == device)
    assert client.endpoint("PJSIP", PHONE).state == "offline"
    assert client.settings(phone, 5.0) is None


def test_settings_are_those_of_endpoint_and_aor(client: AriClient) -> None:
    phone, static, dead = (settings_of(client, name) for name in (PHONE, STATIC, DEAD))

    assert phone.known
    assert (phone.qualify_frequency, phone.qualify_timeout, phone.max_contacts) == (2.0, 1.0, 1)
    assert not phone.has_static_contact
    assert (static.has_unqualified_static_contact, static.has_outbound_auth) == (True, False)
    assert (dead.has_unqualified_static_contact, dead.has_outbound_auth) == (False, True)


def test_what_a_registration_may_have_too_is_in_the_settings(client: AriClient) -> None:
    static, dead, phone = (client.identity(name) for name in (STATIC, DEAD, PHONE))

    assert static is not None
    assert dead is not None
    assert [ip_address(host).version for host in static.hosts] == [4]
    assert (static.outbound_auth, bool(dead.outbound_auth)) == ("", True)
    assert phone == EndpointIdentity(PHONE)
    assert client.identity("nobody") is None


def test_a_phone_that_is_registered_has_no_static_contact(peer: Peer, client: AriClient) -> None:
    # Asterisk lists its registered contact in the AOR's option "contact", where static ones are, too.
    peer.phone_up()
    wait_for(lambda: client.endpoint("PJSIP", PHONE).state == "online")

    found = settings_of(client, PHONE)

    assert (found.known, found.has_static_contact, found.max_contacts) == (True, False, 1)
    (place,) = found.places
    assert ip_address(place.address).version == 4
    assert place.user_agent in ("healthmon lab", "Fake Phone 1.0")


def test_settings_of_what_is_not_there_are_none_and_of_what_is_not_pjsip_unknown(client: AriClient) -> None:
    assert client.settings(Target("office", "PJSIP", "nobody"), 5.0) is None
    assert client.settings(Target("office", "IAX2", PHONE), 5.0) == EndpointSettings(
        Target("office", "IAX2", PHONE), 5.0, known=False
    )


@pytest.mark.parametrize("is_still_configured", [True, False])
def test_one_name_that_is_not_utf_8_leaves_the_list_of_each_technology(
    peer: Peer, client: AriClient, is_still_configured: bool
) -> None:
    assert client.listing().why == ""
    peer.add_name_that_is_not_utf_8()
    if not is_still_configured:
        peer.remove_name_that_is_not_utf_8()

    whole = failure(client.endpoints)
    found = client.listing()

    assert "500 (Allocation failed)" in whole.what
    assert {one.resource for one in found.endpoints} == {PHONE, STATIC, DEAD}
    assert found.why.startswith("Asterisk cannot list all endpoints at once (an answer 500 (Allocation failed))")
    assert found.why.endswith("until Asterisk is restarted: PJSIP")
    assert found.unlisted == ()


def test_the_modules_of_ari_that_are_needed_are_loaded(client: AriClient) -> None:
    assert client.missing_modules() == ()


def test_a_channel_driver_that_is_unloaded_at_run_time_is_missing_and_nothing_else_tells(
    peer: Peer, client: AriClient, stream: EventSocket
) -> None:
    assert client.missing_drivers(["PJSIP"]) == ()

    peer.unload_driver()
    client.user_event("mark")

    assert client.missing_drivers(["PJSIP"]) == ("PJSIP",)
    assert {one.state for one in client.endpoints() if one.resource == STATIC} == {"online"}
    assert client.device_state(f"PJSIP/{STATIC}") == "NOT_INUSE"
    assert client.is_configured(Target("office", "PJSIP", STATIC))
    assert read_until(stream, bool) == [UserEvent("mark")]


def test_without_its_channel_driver_devices_are_invalid_though_configured(peer: Peer, client: AriClient) -> None:
    peer.restart_without("chan_pjsip")

    assert client.missing_drivers(["PJSIP"]) == ("PJSIP",)
    assert client.device_state(f"PJSIP/{STATIC}") == "INVALID"
    assert client.is_configured(Target("office", "PJSIP", STATIC))


def test_without_res_pjsip_nobody_can_tell_how_an_endpoint_is_configured(peer: Peer, client: AriClient) -> None:
    static = Target("office", "PJSIP", STATIC)
    peer.restart_without("chan_pjsip", "res_pjsip")

    unreadable = failure(lambda: client.settings(static, 5.0))

    assert client.is_configured(static) is None
    assert "configClass 'res_pjsip' not found" in unreadable.what
    assert client.endpoints() == []


def settings_of(client: AriClient, name: str) -> EndpointSettings:
    """The settings of an endpoint that is configured."""
    found = client.settings(Target("office", "PJSIP", name), 5.0)
    assert found is not None
    return found


def test_a_wrong_password_is_denied(peer: Peer) -> None:
    wrong = replace(peer.pbx, password=Secret("wrong"))

    rest = failure(AriClient(wrong).info)
    events = failure(lambda: open_events(wrong, subscribe_all=False))

    assert (type(rest), type(events)) == (AriDenied, AriDenied)
    assert "401" in rest.what


def test_http_sessions_that_are_used_up_are_a_connection_taken_and_closed_without_an_answer(peer: Peer) -> None:
    peer.limit_sessions(4)
    streams: list[EventSocket] = []

    def all_are_taken() -> bool:
        streams.append(open_events(replace(peer.pbx, application=f"other-{len(streams)}"), subscribe_all=False))
        return len(streams) == 4

    # What waited for the start may still have one for a moment.
    wait_for(lambda: no_trouble(all_are_taken), complaint=lambda: f"only {len(streams)} sessions are free")
    used_up = [failure(AriClient(peer.pbx).info), failure(lambda: open_events(peer.pbx, subscribe_all=False))]

    assert [error.trouble for error in used_up] == [Trouble.CLOSED] * 2
    assert all("took the connection and closed it without an answer" in error.what for error in used_up)
    streams.pop().close()
    wait_for(lambda: no_trouble(lambda: bool(AriClient(peer.pbx).info())), complaint=lambda: "no session is free again")
    for stream in streams:
        stream.close()


def no_trouble(call: Callable[[], bool]) -> bool:
    """Whether a call says yes; what ARI does not let through says no."""
    try:
        return call()
    except AriError:
        return False


def test_a_user_who_may_only_read_may_not_subscribe_but_gets_all_events(peer: Peer) -> None:
    if isinstance(peer, FakePeer):
        peer.fake.is_read_only = True
    stream = open_events(peer.reader, subscribe_all=True)
    client = AriClient(peer.reader)

    denied = [failure(client.subscribe), failure(lambda: client.user_event("x"))]
    peer.phone_up()
    found = read_until(stream, lambda found: ContactStatus.REACHABLE in contacts(found))

    assert [error.status for error in denied if isinstance(error, AriDenied)] == [403, 403]
    assert client.endpoints()
    assert (Witness.ENDPOINT, Health.UP) in seen(found)
    stream.close()


def test_a_user_who_may_only_read_is_denied_before_anything_is_looked_for(peer: Peer) -> None:
    if isinstance(peer, FakePeer):
        peer.fake.is_read_only = True

    denied = failure(AriClient(peer.reader).subscribe)

    assert isinstance(denied, AriDenied)
    assert denied.status == 403


def test_whether_a_user_may_write_is_asked_without_a_change(peer: Peer, client: AriClient) -> None:
    assert client.may_write()

    if isinstance(peer, FakePeer):
        peer.fake.is_read_only = True
    with closing(AriClient(peer.reader)) as reader:
        assert not reader.may_write()


def test_json_for_people_is_noticed(peer: Peer, client: AriClient) -> None:
    assert not client.is_pretty()

    peer.make_pretty()

    assert client.is_pretty()


def test_how_each_aor_is_checked_is_shown(peer: Peer, client: AriClient) -> None:
    (dead,) = client.aor_checks(Target("office", "PJSIP", DEAD))
    (static,) = client.aor_checks(Target("office", "PJSIP", STATIC))

    assert (dead.name, dead.qualify_frequency, dead.qualify_timeout, dead.has_static_contact) == (DEAD, 2, 1, True)
    assert (static.name, static.qualify_frequency, static.has_static_contact) == (STATIC, 0, True)
    # 16 has no such option.
    assert dead.qualify_2xx_only is (None if client.info().version.startswith("16.") else False)
    assert client.aor_checks(Target("office", "PJSIP", "nobody")) == ()


def test_for_how_long_a_write_may_be_stuck_is_shown_by_newer_versions(peer: Peer, client: AriClient) -> None:
    is_shown = not client.info().version.startswith("16.")

    assert client.websocket_write_timeout() == (100 if is_shown else None)


def test_who_takes_an_application_over_gets_what_the_one_before_got_and_no_more(peer: Peer) -> None:
    peer.phone_up()
    before, client = open_events(peer.pbx, subscribe_all=False), AriClient(peer.pbx)
    stream = open_events(peer.pbx, subscribe_all=True)
    peer.phone_down()
    wait_for(lambda: client.endpoint("PJSIP", PHONE).state == "offline", 20, lambda: "the phone never went offline")
    client.user_event("mark")

    found = read_until(stream, lambda found: any(isinstance(event, UserEvent) for event in found))

    assert not contacts(found)
    assert not seen(found)
    for one in (before, stream):
        one.close()


def test_the_user_event_needs_an_application_that_is_there(client: AriClient) -> None:
    assert isinstance(failure(lambda: client.user_event("x")), AriNotFound)


def test_subscribing_needs_an_application_that_is_there(client: AriClient) -> None:
    assert isinstance(failure(client.subscribe), AriNotFound)


def test_the_fake_knows_nothing_that_this_suite_does_not_use() -> None:
    # Every method of the client is called above, on each peer; so its requests are all that the fake may know.
    with fake_pbx() as fake:
        pbx = FakePeer(fake).pbx
        stream, client = open_events(pbx, subscribe_all=False), AriClient(pbx)
        wait_for(lambda: fake.streams_opened == 1)
        fake.phone_up(f"PJSIP/{PHONE}")
        client.subscribe()
        client.user_event("x")
        assert client.endpoints()
        assert client.endpoint("PJSIP", PHONE)
        assert client.device_state(f"PJSIP/{PHONE}")
        assert client.info()
        assert client.missing_drivers(["PJSIP"]) == ()
        assert client.missing_modules() == ()
        assert client.settings(Target("office", "PJSIP", PHONE), 5.0)
        assert client.websocket_write_timeout()

        fake.add(FakeEndpoint("PJSIP", NOT_UTF_8, is_up=False))
        assert client.listing().why

        used = {
            (method, pattern)
            for method, pattern, _ in ROUTES
            if any(fits(method, pattern, one) for one in fake.requests)
        }

        assert used == {(method, pattern) for method, pattern, _ in ROUTES}
        assert fake.failures == []
        stream.close()


def fits(method: str, pattern: tuple[str | None, ...], request: str) -> bool:
    """Whether this request ("GET /ari/endpoints") is one of that resource."""
    asked, path = request.split(" ", 1)
    segments = path.strip("/").split("/")[1:]
    return (
        asked == method
        and len(segments) == len(pattern)
        and all(part in (None, segment) for part, segment in zip(pattern, segments, strict=True))
    )


# ---------------------------------------------------------------- events


def test_the_heartbeat_comes_back_through_the_whole_way(client: AriClient, stream: EventSocket) -> None:
    client.user_event("healthmon-heartbeat")

    found = read_until(stream, lambda found: UserEvent("healthmon-heartbeat") in found)

    assert found


def test_a_phone_that_comes_and_goes_is_told_by_three_witnesses(peer: Peer, stream: EventSocket) -> None:
    peer.phone_up()
    up = {(Witness.ENDPOINT, Health.UP), (Witness.DEVICE, Health.UP)}
    came = read_until(stream, lambda found: up <= seen(found) and ContactStatus.REACHABLE in contacts(found))
    peer.phone_down()
    down = {(Witness.ENDPOINT, Health.DOWN), (Witness.DEVICE, Health.DOWN)}
    went = read_until(stream, lambda found: down <= seen(found) and ContactStatus.REMOVED in contacts(found))

    assert contacts(came) == {ContactStatus.NON_QUALIFIED, ContactStatus.REACHABLE}
    assert next(one.rtt_ms for one in came if isinstance(one, ContactChange) and one.status is ContactStatus.REACHABLE)
    assert seen(went) == down


def test_an_endpoint_that_is_removed_by_a_reload_is_told_as_removed(peer: Peer, stream: EventSocket) -> None:
    peer.phone_up()
    read_until(stream, lambda found: (Witness.DEVICE, Health.UP) in seen(found))

    peer.remove_phone()

    found = read_until(stream, lambda found: any(isinstance(one, Removed) for one in found))
    assert {one.target for one in found if isinstance(one, Removed)} == {Target("office", "PJSIP", PHONE)}


def test_the_old_stream_is_told_that_another_took_the_application(peer: Peer, stream: EventSocket) -> None:
    other = open_events(peer.pbx, subscribe_all=False)

    found = read_until(stream, lambda found: Replaced() in found)

    assert Replaced() in found
    other.close()


def test_pings_are_answered(stream: EventSocket) -> None:
    stream.ping()

    wait_for(lambda: stream.receive() == b"", 10)


def test_a_pbx_that_dies_breaks_the_stream_off(peer: Peer, stream: EventSocket) -> None:
    peer.restart()

    def is_broken() -> bool:
        try:
            stream.receive()
        except AriError:
            return True
        return False

    wait_for(is_broken, 10)
