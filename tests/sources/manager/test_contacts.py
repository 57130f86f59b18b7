"""Contacts and settings by a manager interface: what is offered of them, by lists and by variables."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress

import pytest
from msgspec.structs import replace

from healthmon.ami.client import AmiClient
from healthmon.ami.endpoints import LIST_CONTACTS, LIST_ENDPOINTS
from healthmon.errors import AmiError
from healthmon.model import (
    ContactList,
    ContactReading,
    ContactStatus,
    EndpointSettings,
    Place,
    PlaceDetails,
    SettingsList,
    Target,
)
from healthmon.sources.inbox import Inbox
from healthmon.sources.manager.contacts import ContactPart
from healthmon.sources.manager.endpoint_lists import AT_ONCE, Directory, list_directory
from healthmon.sources.manager.link import ManagerLink, ManagerTimes
from healthmon.sources.manager.source import ManagerSource
from healthmon.times.clock import Clock
from tests.ami.played import PlayedManager
from tests.ami.played_endpoints import PlayedEndpoints
from tests.ami.test_client import config_of
from tests.sources.rig import target
from tests.waiting import wait_for

PHONE, TRUNK = target("PJSIP/101"), target("PJSIP/trunk-a")
TIMES = ManagerTimes(timeout=2.0, ping_every=60.0, patience=0.01, apart=0.0, rest=0.0)


class Watch:
    """The source in its thread, and what it offers. Each wish for a round is a reload of Asterisk's."""

    def __init__(self, manager: PlayedManager, endpoints: PlayedEndpoints) -> None:
        self.manager, self.endpoints = manager, endpoints
        self.inbox = Inbox(1000)
        self._stop = threading.Event()
        link = ManagerLink(replace(config_of(manager), poll_every=0.05), self.inbox, Clock(), TIMES)
        self.source = ManagerSource(link, [ContactPart(link)], self._stop)
        self._thread = threading.Thread(target=self.source.run)
        self._offered: list[object] = []

    def start(self) -> Watch:
        self.source.learn([PHONE, TRUNK])
        self._thread.start()
        return self

    def end(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)
        assert not self._thread.is_alive()

    def collect(self) -> list[object]:
        self._offered += self.inbox.drain(0)
        return self._offered

    def readings(self, of: Target) -> list[ContactReading]:
        lists = [offered for offered in self.collect() if isinstance(offered, ContactList)]
        return [reading for listed in lists for reading in listed.readings if reading.target == of]

    def round_trips(self, of: Target) -> list[float | None]:
        return [reading.rtt_ms for reading in self.readings(of) if reading.rtt_ms is not None]

    def places(self, of: Target) -> list[tuple[Place, ...]]:
        lists = [offered for offered in self.collect() if isinstance(offered, ContactList)]
        return [places for listed in lists for target, places in listed.places if target == of]

    def settings(self, of: Target) -> list[EndpointSettings]:
        lists = [offered for offered in self.collect() if isinstance(offered, SettingsList)]
        return [settings for listed in lists for settings in listed.settings if settings.target == of]

    def next_round(self) -> None:
        """Wait until one more round was begun and ended, whatever it offers."""
        before = self.endpoints.rounds
        wait_for(lambda: self.endpoints.rounds >= before + 2)


@pytest.fixture(params=["lists", "variables"])
def endpoints(request: pytest.FixtureRequest) -> PlayedEndpoints:
    """A phone that has registered, and a trunk with a contact in the configuration."""
    played = PlayedEndpoints(has_lists=request.param == "lists")
    played.aor("101", qualify_frequency=60, max_contacts=2)
    played.aor("trunk-a", qualify_frequency=30, max_contacts=0)
    played.endpoint("101", "101")
    played.endpoint("trunk-a", "trunk-a", outbound_auth="secret-of-trunk")
    played.contact("101;@aa", "sip:101@203.0.113.7:40001", 20_000, "Yealink SIP-T46U")
    played.contact("trunk-a@@bb", "sip:sip.example.net", 35_000)
    return played


@pytest.fixture
def watch(endpoints: PlayedEndpoints) -> Iterator[Watch]:
    with PlayedManager() as manager:
        endpoints.play_on(manager)
        started = Watch(manager, endpoints).start()
        yield started
        started.end()


def test_a_round_trip_is_offered_once_and_the_first_not_at_all(watch: Watch) -> None:
    watch.next_round()
    assert watch.round_trips(PHONE) == watch.round_trips(TRUNK) == [], "that may be one after an outage"

    watch.endpoints.contact("101;@aa", "sip:101@203.0.113.7:40001", 21_000, "Yealink SIP-T46U")
    watch.endpoints.contact("trunk-a@@bb", "sip:sip.example.net", 36_000)
    wait_for(lambda: watch.round_trips(PHONE) == [21.0] and watch.round_trips(TRUNK) == [36.0])

    watch.next_round()
    assert watch.round_trips(PHONE) == [21.0]
    assert watch.round_trips(TRUNK) == [36.0]


def test_the_round_trip_after_an_outage_is_left_out(watch: Watch) -> None:
    watch.next_round()
    watch.endpoints.contact("101;@aa", "sip:101@203.0.113.7:40001", None, "Yealink SIP-T46U", status="Unreachable")
    wait_for(lambda: any(reading.status is ContactStatus.UNREACHABLE for reading in watch.readings(PHONE)))

    watch.endpoints.contact("101;@aa", "sip:101@203.0.113.7:40001", 3_520_000, "Yealink SIP-T46U")
    wait_for(lambda: watch.readings(PHONE)[-1].status is ContactStatus.REACHABLE)
    watch.endpoints.contact("101;@aa", "sip:101@203.0.113.7:40001", 22_000, "Yealink SIP-T46U")
    wait_for(lambda: watch.round_trips(PHONE) == [22.0])


def test_where_contacts_are_is_offered_with_their_programs_and_anew_when_one_moves(watch: Watch) -> None:
    wait_for(lambda: watch.places(PHONE) == [(Place("203.0.113.7", "Yealink SIP-T46U"),)])
    assert watch.places(TRUNK) == [(Place("sip.example.net"),)]

    watch.endpoints.gone("101;@aa")
    watch.endpoints.contact("101;@cc", "sip:101@198.51.100.9:5060", 20_000, "Yealink SIP-T46U")
    wait_for(lambda: watch.places(PHONE)[-1] == (Place("198.51.100.9", "Yealink SIP-T46U"),))
    removed = [reading.uri for reading in watch.readings(PHONE) if reading.status is ContactStatus.REMOVED]
    assert removed == ["sip:101@203.0.113.7:40001"]
    assert len(watch.places(TRUNK)) == 1


class Rounds:
    """A part that is asked round by round, of a PBX whose lists may be spoilt."""

    def __init__(self, manager: PlayedManager, endpoints: PlayedEndpoints) -> None:
        endpoints.play_on(manager)
        self._manager, self._answer = manager, manager.instead
        self._link = ManagerLink(config_of(manager), Inbox(10_000), Clock(), TIMES)
        self._link.endpoints = dict.fromkeys((PHONE, TRUNK))
        self._link.has_events = True
        self._part = ContactPart(self._link)
        self._part.learn()

    def one(self, spoil: Callable[[bytes], bytes] = lambda whole: whole) -> set[tuple[str, ContactStatus]]:
        """Have a round, and return what it offers of the phone's contacts."""

        def spoilt(headers: dict[str, str]) -> bytes | None:
            answer = self._answer(headers)
            if answer is None or headers["Action"] != LIST_CONTACTS:
                return answer
            return spoil(answer)

        self._manager.instead = spoilt
        with closing(AmiClient(self._link.pbx, timeout=0.5)) as client, suppress(AmiError):
            list(self._part.work(client))
        self.offered = [offered for offered in self._link.inbox.drain(0) if isinstance(offered, ContactList)]
        readings = [reading for listed in self.offered for reading in listed.readings]
        return {(reading.uri, reading.status) for reading in readings if reading.target == PHONE}

    def boots(self) -> None:
        """Asterisk may not have read its configuration yet."""
        self._link.begin(time.monotonic(), has_events=False, may_list=True)

    def has_booted(self) -> None:
        self._link.has_events = True

    def details(self) -> list[PlaceDetails]:
        """Have a round, and return what else it offers of places."""
        self.one()
        return [details for listed in self.offered for details in listed.details]


@pytest.fixture
def rounds(endpoints: PlayedEndpoints) -> Iterator[Rounds]:
    with PlayedManager() as manager:
        started = Rounds(manager, endpoints)
        started.one()
        yield started


AT_HOME, ELSEWHERE = "sip:101@203.0.113.7:40001", "sip:101@203.0.113.7:40002"
only_lists = pytest.mark.parametrize("endpoints", ["lists"], indirect=True)


@only_lists
def test_a_contact_that_is_named_with_another_uri_is_not_lost_for_good(
    rounds: Rounds, endpoints: PlayedEndpoints
) -> None:
    endpoints.contact("101;@aa", ELSEWHERE, None, status="Unreachable")
    assert rounds.one() == {(ELSEWHERE, ContactStatus.UNREACHABLE), (AT_HOME, ContactStatus.REMOVED)}
    endpoints.contact("101;@aa", AT_HOME, 20_000)
    assert rounds.one() == {(ELSEWHERE, ContactStatus.REMOVED)}
    assert rounds.one() == set()


@only_lists
def test_names_that_differ_only_at_the_end_or_in_a_byte_are_different(
    rounds: Rounds, endpoints: PlayedEndpoints
) -> None:
    for name, port in ((f"101;@{'a' * 900}1", 1), (f"101;@{'a' * 900}2", 2), ("101;@\udceb", 3), ("101;@\udcec", 4)):
        endpoints.contact(name, f"sip:101@203.0.113.7:{port}", None, status="Unreachable")
    lost = {(f"sip:101@203.0.113.7:{port}", ContactStatus.UNREACHABLE) for port in range(1, 5)}
    assert rounds.one() == lost
    assert rounds.one() == lost


@only_lists
@pytest.mark.parametrize("ends", [b"Event: ContactListComplete", b"Event: ContactList\r\n"])
def test_a_list_that_breaks_off_removes_nothing_and_what_it_alone_has_does_not_last(
    rounds: Rounds, endpoints: PlayedEndpoints, ends: bytes
) -> None:
    endpoints.contact("101;@bb", ELSEWHERE, 30_000)
    rounds.one()
    endpoints.gone("101;@aa")
    endpoints.contact("101;@bb", AT_HOME, None, status="Unreachable")
    assert (ELSEWHERE, ContactStatus.REMOVED) not in rounds.one(lambda whole: whole.partition(ends)[0])

    endpoints.contact("101;@aa", AT_HOME, 20_000)
    endpoints.contact("101;@bb", ELSEWHERE, 30_000)
    assert rounds.one() == set()


@only_lists
def test_a_list_with_fewer_rows_than_its_end_says_removes_nothing(rounds: Rounds, endpoints: PlayedEndpoints) -> None:
    endpoints.gone("101;@aa")
    endpoints.contact("101;@bb", ELSEWHERE, 30_000)
    assert rounds.one(lambda whole: whole.replace(b"ListItems: 1\r\n", b"ListItems: 2\r\n")) == set()
    assert rounds.one() == {(AT_HOME, ContactStatus.REMOVED)}


@only_lists
@pytest.mark.parametrize(
    ("sound", "garbage"),
    [
        (b"ObjectName: 101;@aa\r\n", b""),
        (b"ObjectName: 101;@aa\r\n", b"ObjectName: 101;@aa\r\nObjectName: 101;@xx\r\n"),
        (b"Uri: sip:101@203.0.113.7:40001\r\n", b"Uri: \r\n"),
    ],
)
def test_a_row_that_does_not_say_whose_it_is_removes_nothing(rounds: Rounds, sound: bytes, garbage: bytes) -> None:
    assert rounds.one(lambda whole: whole.replace(sound, garbage)) == set()
    assert rounds.one() == set()


@pytest.mark.parametrize("garbage", ["", "reachable", "Reachable?", "\N{LATIN SMALL LETTER U WITH DIAERESIS}", "0"])
def test_of_a_contact_with_a_status_that_is_none_nothing_is_offered(
    rounds: Rounds, endpoints: PlayedEndpoints, garbage: str
) -> None:
    endpoints.contact("101;@aa", AT_HOME, None, status="Unreachable")
    assert rounds.one() == {(AT_HOME, ContactStatus.UNREACHABLE)}

    endpoints.contact("101;@aa", AT_HOME, None, status=garbage)
    assert rounds.one() == set()
    endpoints.contact("101;@aa", AT_HOME, 20_000)
    assert rounds.one() == {(AT_HOME, ContactStatus.REACHABLE)}
    endpoints.contact("101;@aa", AT_HOME, None, status=garbage)
    assert rounds.one() == set()
    endpoints.contact("101;@aa", AT_HOME, 20_000)
    assert rounds.one() == set(), "it is as it was"


def test_the_address_behind_nat_and_the_end_of_the_registration_are_offered_when_they_are_new(
    endpoints: PlayedEndpoints,
) -> None:
    def registered(until: float, own_address: str = "192.168.1.20") -> None:
        more = {"ViaAddr": own_address, "ExpirationTime": f"{until:.0f}"}
        endpoints.contact("101;@aa", AT_HOME, 20_000, "Yealink SIP-T46U", **more)

    home, now = Place("203.0.113.7", "Yealink SIP-T46U"), round(time.time())
    registered(until=now - 5)
    with PlayedManager() as manager:
        phones = Rounds(manager, endpoints)
        assert phones.details() == [PlaceDetails(PHONE, home, "192.168.1.20", now - 5)]
        assert phones.details() == []
        registered(until=now + 3600)
        phones.boots()
        assert phones.details() == [], "its place may not be booked yet"
        phones.has_booted()
        assert phones.details() == [PlaceDetails(PHONE, home, "192.168.1.20", now + 3600)]
        endpoints.gone("101;@aa")
        assert phones.details() == []
        registered(until=now + 3600, own_address="203.0.113.7")
        assert phones.details() == [PlaceDetails(PHONE, home, "", now + 3600)], "that is its address for everybody"


def test_settings_tell_a_provider_from_a_phone_and_how_each_is_checked(watch: Watch) -> None:
    wait_for(lambda: bool(watch.settings(PHONE) and watch.settings(TRUNK)))

    phone, trunk = watch.settings(PHONE)[0], watch.settings(TRUNK)[0]
    assert (phone.qualify_frequency, phone.qualify_timeout, phone.max_contacts) == (60.0, 3.0, 2)
    assert (phone.has_static_contact, phone.has_outbound_auth, phone.is_partial) == (False, False, True)
    assert (trunk.qualify_frequency, trunk.has_static_contact, trunk.has_outbound_auth) == (30.0, True, True)
    assert phone.known
    assert trunk.known


@only_lists
def test_those_of_the_first_endpoints_are_there_before_the_lists_are_asked_for(endpoints: PlayedEndpoints) -> None:
    phones = [str(number) for number in range(1000, 1000 + AT_ONCE)]
    for name in phones:
        endpoints.aor(name, qualify_frequency=60, max_contacts=1)
        endpoints.endpoint(name, name)
    with PlayedManager() as manager:
        endpoints.play_on(manager)
        # The engine has those of a small watch section learned first.
        watched = [TRUNK, *(target(f"PJSIP/{name}") for name in phones)]
        lists_asked, told = [], dict[str, bool]()
        with closing(AmiClient(config_of(manager), timeout=5.0)) as client:
            link = ManagerLink(config_of(manager), Inbox(10_000), Clock(), TIMES)
            link.endpoints = dict.fromkeys(watched)
            part = ContactPart(link)
            part.learn()
            for _ in part.work(client):
                lists_asked = [headers for headers in manager.asked if headers["Action"] == LIST_ENDPOINTS]
                for offered in link.inbox.drain(0):
                    for settings in getattr(offered, "settings", ()):
                        told.setdefault(settings.target.resource, not lists_asked)

    assert told.pop("trunk-a"), "before the lists"
    assert not told.pop(phones[-1]), "by the lists"
    assert len(told) == len(phones) - 1


@only_lists
def test_a_contact_that_another_aor_has_registered_does_not_hide_a_provider(endpoints: PlayedEndpoints) -> None:
    endpoints.contact("101;@cc", "sip:sip.example.net", 20_000)
    with PlayedManager() as manager:
        endpoints.play_on(manager)
        watch = Watch(manager, endpoints).start()
        wait_for(lambda: bool(watch.settings(PHONE) and watch.settings(TRUNK)))
        watch.end()

    assert watch.settings(TRUNK)[0].has_static_contact
    assert not watch.settings(PHONE)[0].has_static_contact


@only_lists
@pytest.mark.parametrize("has_database", [True, False])
def test_an_aor_is_asked_for_the_names_of_its_contacts_if_it_has_one_that_has_not_registered(
    endpoints: PlayedEndpoints, has_database: bool
) -> None:
    with PlayedManager() as manager:
        endpoints.play_on(manager)
        if not has_database:
            manager.actions = tuple(action for action in manager.actions if action != "DBGetTree")
        link = ManagerLink(config_of(manager), Inbox(10_000), Clock(), TIMES)
        link.endpoints = dict.fromkeys((PHONE, TRUNK))
        directory = Directory()
        with closing(AmiClient(link.pbx, timeout=5.0)) as client:
            list(list_directory(client, directory, {"101", "trunk-a"}, set()))
        asked = {headers["Variable"] for headers in manager.asked if headers["Action"] == "Getvar"}

    assert directory.static["trunk-a"] == ["trunk-a@@bb"]
    assert not directory.static.get("101")
    assert ("PJSIP_AOR(101,contact)" in asked) is not has_database


def test_a_reload_has_settings_read_again(watch: Watch) -> None:
    wait_for(lambda: bool(watch.settings(PHONE)))
    watch.endpoints.aor("101", qualify_frequency=5, max_contacts=2)
    watch.manager.sends(b"Event: Reload\r\nModule: All\r\n\r\n")
    wait_for(lambda: watch.settings(PHONE)[-1].qualify_frequency == 5.0)


def test_a_reload_in_the_middle_of_a_round_has_settings_read_once_more(endpoints: PlayedEndpoints) -> None:
    with PlayedManager() as manager:
        endpoints.play_on(manager)
        link = ManagerLink(config_of(manager), Inbox(1000), Clock(), TIMES)
        link.endpoints = dict.fromkeys((PHONE, TRUNK))
        part = ContactPart(link)
        part.learn()
        with closing(AmiClient(link.pbx, timeout=2.0)) as client:
            for number, _ in enumerate(part.work(client)):
                if number == 1:
                    part.hear({"Event": "Reload"})
            assert part.due_at <= time.monotonic()
            assert len(list(part.work(client))) > 1
            assert part.due_at > time.monotonic() + 10.0


def test_an_asterisk_that_is_too_busy_to_answer_is_not_asked_again_at_once(endpoints: PlayedEndpoints) -> None:
    with PlayedManager() as manager:
        endpoints.play_on(manager)
        link = ManagerLink(config_of(manager), Inbox(1000), Clock(), replace(TIMES, rest=1e6))
        link.endpoints = dict.fromkeys((PHONE, TRUNK))
        part = ContactPart(link)
        part.learn()
        with closing(AmiClient(link.pbx, timeout=2.0)) as client, pytest.raises(AmiError):
            for _ in part.work(client):
                manager.cut()
        part.begin(time.monotonic())
        assert part.due_at > time.monotonic() + 1.0


def test_an_endpoint_of_an_aor_that_is_not_loaded_yet_has_no_settings(watch: Watch) -> None:
    watch.endpoints.endpoint("101", "101,later")
    watch.manager.sends(b"Event: Reload\r\nModule: All\r\n\r\n")
    watch.next_round()
    before = len(watch.settings(PHONE))
    watch.manager.sends(b"Event: Reload\r\nModule: All\r\n\r\n")
    trunks = len(watch.settings(TRUNK))
    wait_for(lambda: len(watch.settings(TRUNK)) > trunks)
    assert len(watch.settings(PHONE)) == before


def test_an_aor_that_is_checked_each_nonsense_seconds_changes_no_settings(watch: Watch) -> None:
    watch.next_round()
    wait_for(lambda: bool(watch.settings(PHONE) and watch.settings(TRUNK)))
    watch.endpoints.aor("101", qualify_frequency=-1, max_contacts=2)
    watch.next_round()
    before = len(watch.settings(PHONE))

    watch.manager.sends(b"Event: Reload\r\nModule: All\r\n\r\n")
    watch.next_round()
    watch.next_round()
    assert len(watch.settings(PHONE)) == before
    assert {found.qualify_frequency for found in watch.settings(TRUNK)} == {30.0}

    watch.endpoints.aor("101", qualify_frequency=30, max_contacts=2)
    wait_for(lambda: [found.qualify_frequency for found in watch.settings(PHONE)][-1] == 30)
    assert ContactStatus.REMOVED not in {reading.status for reading in watch.readings(TRUNK)}


def test_what_may_not_be_asked_is_not_tried() -> None:
    with PlayedManager() as manager:
        manager.actions = ("CoreStatus", "ListCommands", "Ping")
        watch = Watch(manager, PlayedEndpoints(has_lists=True)).start()
        wait_for(lambda: manager.logins == 1)
        watch.manager.sends(b"Event: Reload\r\nModule: All\r\n\r\n")
        wait_for(lambda: [headers["Action"] for headers in manager.asked].count("ListCommands") >= 2)
        watch.end()
        assert {headers["Action"] for headers in manager.asked} <= {"Challenge", "Login", "ListCommands", "Logoff"}
