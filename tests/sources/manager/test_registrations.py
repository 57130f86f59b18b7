"""The thread that asks a manager interface: what it offers, and what it makes of a manager that misbehaves."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import pytest
from msgspec.structs import replace

from healthmon.ami.client import LIST_REGISTRATIONS
from healthmon.ami.registrations import OutboundRegistration, unlisted
from healthmon.config.sections.shared import Secret
from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.errors import Trouble
from healthmon.model import (
    Channel,
    Check,
    ConnectionReport,
    EndpointIdentity,
    Health,
    Observation,
    Question,
    RegistrationList,
    Source,
    Target,
)
from healthmon.sources.inbox import Inbox
from healthmon.sources.manager import registrations
from healthmon.sources.manager.link import MOST_BY_EVENTS, ManagerLink, ManagerTimes
from healthmon.sources.manager.registration_owners import owners_of
from healthmon.sources.manager.registrations import RegistrationPart
from healthmon.sources.manager.source import ManagerSource
from healthmon.times.clock import Clock
from tests.ami.played import ACTIONS, BOOTED, PASSWORD, PlayedManager, in_lines, row
from tests.ami.played_endpoints import PlayedEndpoints
from tests.ami.test_client import config_of
from tests.sources.rig import target
from tests.waiting import wait_for

TIMES = ManagerTimes(
    timeout=2.0, ping_every=0.1, patience=0.01, retries=(0.02, 0.05), denied=60.0, booted_within=60.0, apart=0.0
)
A, B = target("PJSIP/trunk-a"), target("PJSIP/trunk-b")


class Watch:
    """The source in its thread, and what it offers."""

    def __init__(
        self,
        manager: PlayedManager,
        times: ManagerTimes = TIMES,
        registrations_of: Callable[[Target], Sequence[str]] = lambda _: (),
        url: str = "",
    ) -> None:
        self.manager = manager
        self.inbox = Inbox(1000)
        self.stop = threading.Event()
        pbx = replace(config_of(manager), poll_every=30.0)
        if url:
            pbx = replace(pbx, url=url, username="healthmon", password=Secret("secret"))
        self.link = ManagerLink(pbx, self.inbox, Clock(), times)
        self.source = ManagerSource(
            self.link, [RegistrationPart(self.link, registrations_of=registrations_of)], self.stop
        )
        self._thread = threading.Thread(target=self.source.run)
        self.offered: list[object] = []

    def start(self, *targets: Target) -> Watch:
        """Begin; these endpoints are known."""
        self.source.learn(targets or [A, B])
        return self.start_without_endpoints()

    def start_without_endpoints(self) -> Watch:
        self._thread.start()
        return self

    def end(self) -> None:
        self.stop.set()
        if self._thread.is_alive():
            self._thread.join(5)
        assert not self._thread.is_alive()

    def collect(self) -> list[object]:
        self.offered += self.inbox.drain(0)
        return self.offered

    def seen(self) -> list[tuple[str, Health, Source]]:
        """What was offered of registrations, one after the other."""
        found = [each for each in self.collect() if isinstance(each, Observation)]
        assert all(each.check == Check.REGISTRATION for each in found)
        return [(each.target.resource, each.health, each.source) for each in found]

    def lists(self) -> list[RegistrationList]:
        return [each for each in self.collect() if isinstance(each, RegistrationList)]

    def words_of(self, target: Target) -> str:
        """The last words about the registration of one endpoint."""
        found = [each for each in self.collect() if isinstance(each, Observation) and each.target == target]
        return found[-1].words

    def words(self) -> str:
        """The last words about a registration."""
        return [each for each in self.collect() if isinstance(each, Observation)][-1].words

    def reports(self) -> list[tuple[Trouble | None, str]]:
        found = [each for each in self.collect() if isinstance(each, ConnectionReport)]
        assert all(each.channel is Channel.MANAGER for each in found)
        return [(each.trouble, each.words or each.remark) for each in found]

    def wait(self, *what: object) -> None:
        """Wait until this was offered of registrations."""
        wait_for(lambda: all(each in self.seen() for each in what), 10, lambda: f"{what}: {self.collect()}")


@pytest.fixture
def manager() -> Iterator[PlayedManager]:
    with PlayedManager(row("reg-a", Endpoint="trunk-a"), row("reg-b", "Rejected", Endpoint="trunk-b")) as played:
        yield played


@pytest.fixture
def watch(manager: PlayedManager) -> Iterator[Watch]:
    started = Watch(manager)
    yield started
    started.end()


def test_the_list_comes_first_then_each_event(manager: PlayedManager, watch: Watch) -> None:
    watch.start().wait(("trunk-a", Health.UP, Source.SNAPSHOT), ("trunk-b", Health.DOWN, Source.SNAPSHOT))
    assert watch.reports()[0] == (None, "")

    manager.tries("reg-a", "Rejected")
    watch.wait(("trunk-a", Health.DOWN, Source.EVENT))
    assert watch.words() == (
        "not registered at sip.example.net: rejected, or not answered; incoming calls are affected"
    )
    manager.tries("reg-a", "Registered")
    watch.wait(("trunk-a", Health.UP, Source.EVENT))
    assert watch.words() == "registered at sip.example.net"


def test_a_question_is_answered_by_the_list(manager: PlayedManager, watch: Watch) -> None:
    watch.start().wait(("trunk-b", Health.DOWN, Source.SNAPSHOT))
    # After the list that comes with the word that Asterisk has booted.
    wait_for(lambda: bool(watch.lists()))
    before = len(watch.seen())

    watch.source.ask(Question("office", (B,), check=Check.REGISTRATION, asked_by=Channel.MANAGER))

    wait_for(
        lambda: (
            watch.seen()[before:]
            == [("trunk-a", Health.UP, Source.SNAPSHOT), ("trunk-b", Health.DOWN, Source.SNAPSHOT)]
        )
    )


def test_a_manager_that_is_cut_refused_and_back_is_told_of_each_time(manager: PlayedManager, watch: Watch) -> None:
    watch.start().wait(("trunk-a", Health.UP, Source.SNAPSHOT))

    manager.refuse()
    wait_for(lambda: {Trouble.CLOSED, Trouble.REFUSED} <= {trouble for trouble, _ in watch.reports()})
    manager.rows["reg-a"]["Status"] = "Rejected"
    manager.listen()

    watch.wait(("trunk-a", Health.DOWN, Source.SNAPSHOT))
    assert watch.reports()[-1] == (None, "")


def test_a_manager_that_freezes_is_noticed_by_its_ping(manager: PlayedManager, watch: Watch) -> None:
    watch.start().wait(("trunk-a", Health.UP, Source.SNAPSHOT))

    manager.is_frozen = True

    wait_for(lambda: any(trouble is Trouble.TIMED_OUT for trouble, _ in watch.reports()))


def test_a_refused_login_is_not_repeated_but_said_again_to_whoever_asks(manager: PlayedManager, watch: Watch) -> None:
    manager.password = "another"
    watch.start()
    wait_for(lambda: bool(watch.reports()))

    watch.source.ask(Question("office", check=Check.MANAGER, asked_by=Channel.MANAGER))

    wait_for(lambda: len(watch.reports()) == 2)
    assert watch.reports()[0] == watch.reports()[1]
    assert watch.reports()[0][0] is Trouble.DENIED
    assert [headers["Action"] for headers in manager.asked].count("Login") == 1


def lacking_events(manager: PlayedManager, times: ManagerTimes) -> Watch:
    """A watch whose user may not read events, which it has found out."""
    manager.booted = ""
    watch = Watch(manager, times).start()
    watch.wait(("trunk-a", Health.UP, Source.SNAPSHOT))
    return watch


def test_who_may_not_read_events_is_told_so_from_the_beginning(manager: PlayedManager) -> None:
    watch = lacking_events(manager, TIMES)
    watch.end()

    assert {trouble for trouble, _ in watch.reports()} == {None}
    assert all("read = system" in words for _, words in watch.reports())


def test_while_asterisk_boots_events_are_lacking_for_that_time_only(manager: PlayedManager, watch: Watch) -> None:
    manager.booted = ""
    watch.start().wait(("trunk-a", Health.UP, Source.SNAPSHOT))

    manager.sends(BOOTED.encode())

    wait_for(lambda: watch.reports()[-1] == (None, ""))
    assert manager.logins == 1


def test_a_reload_logs_in_anew_where_a_right_was_missing(manager: PlayedManager) -> None:
    watch = lacking_events(manager, replace(TIMES, denied=300.0))
    try:
        assert watch.reports()[-1][1].endswith("; logs in again every 5 min, and at a reload of healthmon")
        before = len(watch.reports())
        watch.source.log_in_again()
        wait_for(lambda: len(watch.reports()) > before)
        assert "read = system" in watch.reports()[-1][1], "nobody has given it meanwhile"
        manager.booted = BOOTED
        watch.source.log_in_again()
        wait_for(lambda: watch.reports()[-1] == (None, ""))
    finally:
        watch.end()
    assert manager.logins == 3


def test_without_a_reload_it_logs_in_anew_after_a_while(manager: PlayedManager) -> None:
    watch = lacking_events(manager, replace(TIMES, denied=0.3))
    try:
        manager.booted = BOOTED
        wait_for(lambda: watch.reports()[-1] == (None, ""))
    finally:
        watch.end()


def test_a_reload_does_not_end_a_session_that_lacks_nothing(manager: PlayedManager, watch: Watch) -> None:
    watch.start().wait(("trunk-a", Health.UP, Source.SNAPSHOT))
    wait_for(lambda: watch.link.has_events)
    watch.source.log_in_again()
    before = len(manager.asked)
    wait_for(lambda: len(manager.asked) > before)
    assert manager.logins == 1


def test_a_reload_tries_a_refused_login_at_once(manager: PlayedManager, watch: Watch) -> None:
    manager.password = "another"
    watch.start()
    wait_for(lambda: bool(watch.reports()))
    assert watch.reports()[0][1].endswith("; logs in again every 1 min, and at a reload of healthmon")

    manager.password = PASSWORD
    watch.source.log_in_again()

    watch.wait(("trunk-a", Health.UP, Source.SNAPSHOT))


def test_while_asterisk_boots_nothing_is_taken_for_removed(manager: PlayedManager, watch: Watch) -> None:
    manager.booted = ""
    watch.start().wait(("trunk-a", Health.UP, Source.SNAPSHOT))

    assert not watch.lists()
    manager.rows.clear()
    manager.sends(b"Event: FullyBooted\r\n\r\n")

    wait_for(lambda: any(not listed.targets for listed in watch.lists()))


def test_a_registration_that_asterisk_does_not_tie_to_an_endpoint_is_found_by_its_auth_and_by_its_host(
    manager: PlayedManager, watch: Watch
) -> None:
    manager.rows = {
        "by-auth": row("by-auth", OutboundAuth="oauth-a"),
        "by-host": row("by-host", "Rejected", server="sip:SIP.other.example:5060;transport=tcp"),
        "nobody": row("nobody", server="sip:unknown.example"),
    }
    manager.variables = {
        "PJSIP_ENDPOINT(trunk-a,outbound_auth)": "oauth-a",
        "PJSIP_ENDPOINT(trunk-b,aors)": "aor-b",
        "PJSIP_AOR(aor-b,contact)": "aor-b@@0123,aor-b;@4567",
        "PJSIP_CONTACT(aor-b@@0123,uri)": "sip:sip.other.example:5061",
    }

    watch.start().wait(("trunk-a", Health.UP, Source.SNAPSHOT), ("trunk-b", Health.DOWN, Source.SNAPSHOT))

    wait_for(lambda: bool(watch.lists()))
    nobody = Target("office", "REGISTRATION", "nobody")
    assert watch.lists()[-1].targets == frozenset({A, B, nobody})
    assert ("nobody", Health.UP, Source.SNAPSHOT) in watch.seen()


def test_whoever_may_ask_for_lists_alone_learns_whose_a_registration_is_from_them(
    manager: PlayedManager, watch: Watch
) -> None:
    manager.rows = {
        "by-auth": row("by-auth", OutboundAuth="oauth-a"),
        "by-host": row("by-host", "Rejected", server="sip:sip.other.example:5060"),
        "nobody": row("nobody", server="sip:192.0.2.7"),
    }
    played = PlayedEndpoints(has_lists=True)
    played.endpoint("trunk-a", "aor-a", outbound_auth="oauth-a")
    played.endpoint("trunk-b", "aor-b")
    for aor in ("aor-a", "aor-b"):
        played.aor(aor, qualify_frequency=60, max_contacts=1)
    played.contact("aor-a@@0123", "sip:sip.example.net", None)
    played.contact("aor-b@@0123", "sip:sip.other.example:5061", None)
    # Who has registered from there is no provider there.
    played.contact("aor-b;@4567", "sip:trunk-b@192.0.2.7", 1000)
    played.play_on(manager)
    manager.actions = tuple(action for action in manager.actions if action != "Getvar")

    watch.start().wait(("trunk-a", Health.UP, Source.SNAPSHOT), ("trunk-b", Health.DOWN, Source.SNAPSHOT))

    wait_for(lambda: bool(watch.lists()))
    assert watch.lists()[-1].targets == frozenset({A, B, Target("office", "REGISTRATION", "nobody")})


def test_of_several_registrations_of_one_endpoint_the_worst_counts(manager: PlayedManager, watch: Watch) -> None:
    manager.rows = {
        name: row(name, status, Endpoint="trunk-a")
        for name, status in (("one", "Registered"), ("two", "Rejected"), ("three", "Registered"))
    }

    watch.start().wait(("trunk-a", Health.DOWN, Source.SNAPSHOT))

    assert watch.words().startswith("1 of 3 registrations, two: not registered at sip.example.net")


def test_no_password_is_written_not_even_in_the_debug_log(
    manager: PlayedManager, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    watch.start().wait(("trunk-a", Health.UP, Source.SNAPSHOT))
    manager.refuse()
    wait_for(lambda: any(trouble is Trouble.REFUSED for trouble, _ in watch.reports()))

    assert "s3cret" not in caplog.text + repr(watch.collect())


def test_what_an_older_driver_has_under_way_stays_as_it_was(manager: PlayedManager, watch: Watch) -> None:
    manager.actions = (*manager.actions, "SIPshowregistry")
    manager.older["SIPshowregistry"] = [("192.0.2.9", "me", "Registered")]
    watch.start().wait(("SIP/me@192.0.2.9", Health.UP, Source.SNAPSHOT))

    manager.older["SIPshowregistry"] = [("192.0.2.9", "me", "Request Sent")]
    manager.sends(in_lines({"Event": "Registry", "ChannelType": "SIP", "Status": "Request Sent"}).encode())
    before = len(watch.lists())
    wait_for(lambda: len(watch.lists()) > before)
    assert ("SIP/me@192.0.2.9", Health.DOWN, Source.SNAPSHOT) not in watch.seen()

    manager.older["SIPshowregistry"] = [("192.0.2.9", "me", "Failed")]
    manager.sends(in_lines({"Event": "Registry", "ChannelType": "SIP", "Status": "Failed"}).encode())
    watch.wait(("SIP/me@192.0.2.9", Health.DOWN, Source.SNAPSHOT))
    assert watch.words() == (
        "not registered at 192.0.2.9 (Asterisk: Failed); Asterisk has stopped trying: it needs 'sip reload'; "
        "incoming calls are affected"
    )


def test_what_is_under_way_for_longer_than_an_attempt_can_take_is_not_registered(
    manager: PlayedManager, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.sources.manager.registrations.ANSWERED_WITHIN", -1.0)
    manager.actions = (*manager.actions, "IAXregistry")
    manager.older["IAXregistry"] = [("192.0.2.9", "me", "Registered")]
    watch.start().wait(("IAX2/me@192.0.2.9", Health.UP, Source.SNAPSHOT))

    manager.older["IAXregistry"] = [("192.0.2.9", "me", "Request Sent")]
    manager.sends(in_lines({"Event": "Registry", "ChannelType": "IAX2", "Status": "Request Sent"}).encode())

    watch.wait(("IAX2/me@192.0.2.9", Health.DOWN, Source.SNAPSHOT))


def test_a_flood_of_events_does_not_ask_for_the_list_again_and_again(manager: PlayedManager) -> None:
    watch = Watch(manager, replace(TIMES, apart=60.0))
    watch.start().wait(("trunk-a", Health.UP, Source.SNAPSHOT))

    for _ in range(50):
        manager.sends(in_lines({"Event": "Reload", "Module": "All"}).encode())
    manager.tries("reg-a", "Rejected")
    watch.wait(("trunk-a", Health.DOWN, Source.EVENT))

    asked = [each["Action"] for each in manager.asked]
    watch.end()
    assert asked.count("PJSIPShowRegistrationsOutbound") == 1


def test_a_watch_section_may_say_whose_a_registration_is_also_one_of_an_older_driver(manager: PlayedManager) -> None:
    iax = target("IAX2/carrier")
    given = {A: ("reg-b",), iax: ("IAX2/me@192.0.2.1:4569",), B: ("of-both",), target("PJSIP/c"): ("of-both",)}
    manager.rows["of-both"] = row("of-both")
    manager.actions = (*manager.actions, "IAXregistry")
    manager.older["IAXregistry"] = [("192.0.2.1:4569", "me", "Registered")]
    watch = Watch(manager, registrations_of=lambda target: given.get(target, ())).start(*given)
    try:
        wait_for(lambda: bool(watch.lists()))
    finally:
        watch.end()

    nobody = Target("office", "REGISTRATION", "of-both")
    assert watch.lists()[-1].targets == {A, iax, nobody}
    assert ("trunk-a", Health.DOWN, Source.SNAPSHOT) in watch.seen(), "reg-b is rejected"


def test_a_question_is_answered_also_where_no_endpoint_may_be_a_provider(manager: PlayedManager) -> None:
    watch = Watch(manager, replace(TIMES, learned_within=0.0)).start_without_endpoints()
    try:
        watch.wait(("reg-b", Health.DOWN, Source.SNAPSHOT))
        wait_for(lambda: bool(watch.lists()))
        before = len(watch.lists())
        watch.source.ask(Question("office", check=Check.REGISTRATION, asked_by=Channel.MANAGER))
        wait_for(lambda: len(watch.lists()) > before)
    finally:
        watch.end()


def test_after_a_restart_the_registration_of_a_trunk_that_is_new_is_nobodys_at_no_time(manager: PlayedManager) -> None:
    watch = Watch(manager, replace(TIMES, learned_within=60.0))
    watch.source.remember([A])
    watch.start_without_endpoints()
    try:
        watch.wait(("trunk-a", Health.UP, Source.SNAPSHOT))
        manager.tries("reg-b", "Rejected")
        manager.tries("reg-a", "Rejected")
        watch.wait(("trunk-a", Health.DOWN, Source.EVENT))
        assert not watch.lists(), "what is whose is not known yet"

        watch.source.learn([A, B])

        watch.wait(("trunk-b", Health.DOWN, Source.SNAPSHOT))
        wait_for(lambda: bool(watch.lists()))
    finally:
        watch.end()
    assert {name for name, _, _ in watch.seen()} == {"trunk-a", "trunk-b"}
    assert watch.lists()[0].targets == {A, B}


def test_where_ari_lists_none_for_long_it_is_nobodys_after_a_while(manager: PlayedManager) -> None:
    watch = Watch(manager, replace(TIMES, learned_within=0.2))
    watch.source.remember([A])
    watch.start_without_endpoints()
    try:
        watch.wait(("reg-b", Health.DOWN, Source.SNAPSHOT))
    finally:
        watch.end()
    assert watch.seen()[0] == ("trunk-a", Health.UP, Source.SNAPSHOT)


def test_who_logs_in_while_asterisk_boots_finds_the_module_later(manager: PlayedManager, watch: Watch) -> None:
    manager.booted = ""
    loaded, manager.actions = manager.actions, ("CoreStatus", "ListCommands", "Ping")
    watch.start()
    wait_for(lambda: bool(watch.reports()))
    assert watch.seen() == []

    manager.actions = loaded
    manager.sends(b"Event: FullyBooted\r\n\r\n")

    watch.wait(("trunk-a", Health.UP, Source.SNAPSHOT))
    assert all(listed.targets for listed in watch.lists()), "nothing was taken for removed"


# ---------------------------------------------------------------- events alone

WITHOUT_WRITE = ("Ping", "ListCommands")
ALONE = target("REGISTRATION/PJSIP/reg-a@sip.example.net")


@pytest.fixture
def listener(manager: PlayedManager, watch: Watch) -> Watch:
    """A watch whose user may read events, and ask for nothing; its endpoints are known."""
    manager.actions = WITHOUT_WRITE
    return watch.start()


def test_without_the_right_to_ask_it_is_degraded_from_the_login_on_and_forgets_what_was_known(
    listener: Watch, manager: PlayedManager
) -> None:
    wait_for(lambda: len(listener.reports()) > 1)

    reports = [each for each in listener.collect() if isinstance(each, ConnectionReport)]
    assert all(each.trouble is None and "may not ask for the list" in each.remark for each in reports)
    assert [each.forgets for each in reports] == [True, *([False] * (len(reports) - 1))]
    assert not listener.seen(), "nothing is known of any before its first event"
    assert not any(asked["Action"] == LIST_REGISTRATIONS for asked in manager.asked), "what is refused is not asked"


def test_each_event_tells_of_its_registration_and_a_question_is_answered_with_what_it_told(
    listener: Watch, manager: PlayedManager
) -> None:
    wait_for(lambda: bool(listener.reports()))
    manager.tries("reg-a", "Rejected")
    listener.wait((ALONE.resource, Health.DOWN, Source.EVENT))
    assert listener.words() == (
        "not registered at sip.example.net: rejected, or not answered; "
        "whether Asterisk still tries cannot be seen with events only; incoming calls are affected"
    )

    listener.source.ask(Question("office", (ALONE,), check=Check.REGISTRATION, asked_by=Channel.MANAGER))

    listener.wait((ALONE.resource, Health.DOWN, Source.SNAPSHOT))
    assert not listener.lists(), "what there is besides nobody knows"


def test_what_was_heard_before_a_new_connection_is_not_believed(listener: Watch, manager: PlayedManager) -> None:
    wait_for(lambda: bool(listener.reports()))
    manager.tries("reg-a", "Registered")
    listener.wait((ALONE.resource, Health.UP, Source.EVENT))

    manager.cut()
    wait_for(
        lambda: [each.forgets for each in listener.collect() if isinstance(each, ConnectionReport)].count(True) == 2
    )
    heard, reported = len(listener.seen()), len(listener.reports())
    listener.source.ask(Question("office", check=Check.MANAGER, asked_by=Channel.MANAGER))
    wait_for(lambda: len(listener.reports()) > reported)

    assert len(listener.seen()) == heard


def registry(technology: str, user: str, host: str, status: str) -> bytes:
    """The event of an attempt, with whatever URIs somebody likes."""
    event = {"Event": "Registry", "Privilege": "system,all", "ChannelType": technology}
    return in_lines({**event, "Username": user, "Domain": host, "Status": status}).encode()


def test_made_up_registrations_become_no_more_than_so_many_targets_and_it_is_said(manager: PlayedManager) -> None:
    manager.actions = WITHOUT_WRITE
    named = {A: ("PJSIP/reg-a@sip.example.net",)}
    watch = Watch(manager, registrations_of=lambda target: named.get(target, ())).start()
    try:
        wait_for(lambda: bool(watch.reports()))
        made_up = [
            registry("PJSIP", f"sip:u{number}@h.example", f"sip:h{number}.example", "Rejected") for number in range(300)
        ]
        of_chan_sip = [registry("SIP", f"u{number}", f"h{number}.example", "Rejected") for number in range(300)]
        manager.sends(b"".join([*made_up, *of_chan_sip]))
        # That of a section is heard all the same.
        manager.tries("reg-a", "Rejected")
        watch.wait(("trunk-a", Health.DOWN, Source.EVENT))
        wait_for(lambda: "more than 200 registrations" in watch.reports()[-1][1])
        heard = {name for name, _, _ in watch.seen()}
    finally:
        watch.end()

    assert len(heard) == MOST_BY_EVENTS + 1


def test_one_more_registration_costs_the_same_however_many_there_are(
    listener: Watch, manager: PlayedManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for(lambda: bool(listener.reports()))
    looked_at: list[int] = []

    def counted(rows: Iterable[OutboundRegistration], endpoints: Sequence[EndpointIdentity]) -> dict[str, str]:
        found = list(rows)
        looked_at.append(len(found))
        return owners_of(found, endpoints)

    monkeypatch.setattr(registrations, "owners_of", counted)
    events = [
        registry("PJSIP", f"sip:u{number}@h.example", f"sip:h{number}.example", "Rejected") for number in range(50)
    ]
    manager.sends(b"".join(events))
    wait_for(lambda: len({name for name, _, _ in listener.seen()}) == len(events))

    # A round, which looks at all of them, may come in between.
    assert looked_at.count(1) >= len(events) - 1


def test_a_section_gives_a_registration_that_only_events_tell_of_to_an_endpoint(manager: PlayedManager) -> None:
    manager.actions = WITHOUT_WRITE
    named = {A: ("PJSIP/reg-a@sip.example.net",)}
    watch = Watch(manager, registrations_of=lambda target: named.get(target, ())).start()
    try:
        wait_for(lambda: bool(watch.reports()))
        manager.tries("reg-a", "Rejected")
        watch.wait(("trunk-a", Health.DOWN, Source.EVENT))
    finally:
        watch.end()


def test_a_reload_logs_in_anew_where_the_list_may_not_be_asked(listener: Watch, manager: PlayedManager) -> None:
    wait_for(lambda: bool(listener.reports()))

    manager.actions = ACTIONS
    listener.source.log_in_again()

    listener.wait(("trunk-a", Health.UP, Source.SNAPSHOT))
    assert listener.reports()[-1] == (None, "")


def test_whoever_may_neither_read_nor_ask_is_told_so_and_heard_when_asterisk_has_booted(
    listener: Watch, manager: PlayedManager
) -> None:
    wait_for(lambda: bool(listener.reports()))
    manager.booted = ""
    manager.cut()
    wait_for(lambda: any("may not ask for registrations" in words for _, words in listener.reports()))
    assert listener.reports()[-1][0] is Trouble.DENIED

    manager.sends(BOOTED.encode())

    wait_for(lambda: "may not ask for the list" in listener.reports()[-1][1])
    assert manager.logins == 2


@pytest.mark.parametrize(
    ("client", "server", "name"),
    [
        ("sip:me@sip.example.net", "sip:sip.example.net", "PJSIP/me@sip.example.net"),
        ("sip:me@sip.example.net", "sip:sip.example.net:5060;transport=udp", "PJSIP/me@sip.example.net"),
        ("sip:me@sip.example.net", "sip:sip.example.net:5080;transport=tcp", "PJSIP/me@sip.example.net:5080"),
        ("sip:me@other.example", "sip:sip.example.net", "PJSIP/me@other.example@sip.example.net"),
        ("sip:me@[2001:db8::1]", "sip:[2001:db8::1]", "PJSIP/me@2001:db8::1"),
    ],
)
def test_what_only_events_tell_of_is_called_by_its_user_and_server(client: str, server: str, name: str) -> None:
    assert unlisted(client, server).name == name


def test_what_a_list_said_before_tells_whose_it_is_of_which_only_events_tell_now(manager: PlayedManager) -> None:
    watch = Watch(manager).start()
    try:
        watch.wait(("trunk-a", Health.UP, Source.SNAPSHOT))
        manager.actions = WITHOUT_WRITE
        manager.cut()
        wait_for(lambda: "may not ask for the list" in watch.reports()[-1][1])
        manager.tries("reg-a", "Rejected")
        watch.wait(("trunk-a", Health.DOWN, Source.EVENT))
    finally:
        watch.end()


# ---------------------------------------------------------------- events alone, and what ARI tells of whose they are

CARRIER = "sip:sip.example.net"


@pytest.fixture
def asterisk() -> Iterator[FakePbx]:
    """ARI of the same PBX: two trunks at different hosts, and a phone."""
    with FakePbx(
        FakeEndpoint("PJSIP", "trunk-a", static_contact=CARRIER),
        FakeEndpoint("PJSIP", "trunk-b", static_contact="sip:192.0.2.1:5060"),
        FakeEndpoint("PJSIP", "101"),
    ) as fake:
        yield fake


def configured(asterisk: FakePbx, name: str) -> FakeEndpoint:
    """An endpoint, to be changed."""
    found = asterisk.find(name)
    assert found is not None
    return found


@pytest.fixture
def beside_ari(manager: PlayedManager, asterisk: FakePbx) -> Iterator[Watch]:
    """A watch whose user may read events, and ask for nothing, of a PBX whose ARI answers."""
    manager.actions = WITHOUT_WRITE
    watch = Watch(manager, url=asterisk.url)
    yield watch
    watch.end()


def test_whose_a_registration_is_that_only_events_tell_of_aris_configuration_tells(
    beside_ari: Watch, manager: PlayedManager
) -> None:
    beside_ari.start(A, B, target("PJSIP/101"))
    wait_for(lambda: bool(beside_ari.reports()))

    manager.tries("reg-a", "Rejected")

    beside_ari.wait(("trunk-a", Health.DOWN, Source.EVENT))
    assert {resource for resource, _, _ in beside_ari.seen()} == {"trunk-a"}, "it was nobody's at no time"


def test_what_was_a_target_of_its_own_before_is_the_endpoints(beside_ari: Watch, manager: PlayedManager) -> None:
    beside_ari.start()
    wait_for(lambda: bool(beside_ari.reports()))
    manager.tries("reg-a", "Rejected")

    beside_ari.wait(("trunk-a", Health.DOWN, Source.EVENT))
    beside_ari.source.ask(Question("office", check=Check.REGISTRATION))

    wait_for(lambda: bool(beside_ari.lists()))
    listed = beside_ari.lists()[-1]
    assert not listed.is_whole
    assert (set(listed.targets), set(listed.names)) == ({A}, {ALONE.resource})


def test_two_endpoints_that_fit_equally_well_leave_it_nobodys_and_the_log_says_so(
    beside_ari: Watch, manager: PlayedManager, asterisk: FakePbx, caplog: pytest.LogCaptureFixture
) -> None:
    configured(asterisk, "PJSIP/trunk-b").static_contact = CARRIER
    beside_ari.start()
    wait_for(lambda: bool(beside_ari.reports()))

    manager.tries("reg-a", "Rejected")
    beside_ari.wait((ALONE.resource, Health.DOWN, Source.EVENT))
    beside_ari.source.ask(Question("office", check=Check.REGISTRATION))

    name = "PJSIP/reg-a@sip.example.net"
    words = f"registration {name}: it fits 2 endpoints equally well (PJSIP/trunk-a, PJSIP/trunk-b)"
    wait_for(lambda: words in caplog.text)
    assert f"'registrations = {name}' in a [watch ...] section of the right one" in caplog.text


def test_of_two_at_the_same_host_the_user_tells(beside_ari: Watch, manager: PlayedManager, asterisk: FakePbx) -> None:
    trunk_b = configured(asterisk, "PJSIP/trunk-b")
    trunk_b.static_contact, trunk_b.from_user = CARRIER, "reg-a"
    beside_ari.start()
    wait_for(lambda: bool(beside_ari.reports()))

    manager.tries("reg-a", "Rejected")

    beside_ari.wait(("trunk-b", Health.DOWN, Source.EVENT))


def test_a_reload_may_give_it_to_another_endpoint(beside_ari: Watch, manager: PlayedManager, asterisk: FakePbx) -> None:
    beside_ari.start()
    wait_for(lambda: bool(beside_ari.reports()))
    manager.tries("reg-a", "Rejected")
    beside_ari.wait(("trunk-a", Health.DOWN, Source.EVENT))

    configured(asterisk, "PJSIP/trunk-a").static_contact = "sip:elsewhere.example"
    configured(asterisk, "PJSIP/trunk-b").static_contact = CARRIER
    manager.sends(in_lines({"Event": "Reload", "Module": "All"}).encode())

    beside_ari.wait(("trunk-b", Health.DOWN, Source.SNAPSHOT))


def test_while_ari_refuses_what_it_told_before_counts(
    beside_ari: Watch, manager: PlayedManager, asterisk: FakePbx
) -> None:
    beside_ari.start()
    wait_for(lambda: bool(beside_ari.reports()))
    manager.tries("reg-a", "Registered")
    beside_ari.wait(("trunk-a", Health.UP, Source.EVENT))

    asterisk.is_denying = True
    manager.sends(in_lines({"Event": "Reload", "Module": "All"}).encode())
    manager.tries("reg-a", "Rejected")

    beside_ari.wait(("trunk-a", Health.DOWN, Source.EVENT))
    assert {resource for resource, _, _ in beside_ari.seen()} == {"trunk-a"}


def attempt_of(technology: str, user: str, host: str, status: str) -> bytes:
    """The event of an older driver."""
    event = {"Event": "Registry", "ChannelType": technology, "Username": user, "Domain": host, "Status": status}
    return in_lines(event).encode()


def test_those_of_chan_sip_are_followed_by_events_too_and_belong_to_the_peer_they_are_made_with(
    beside_ari: Watch, manager: PlayedManager
) -> None:
    carrier = target("SIP/carrier")
    beside_ari.start(A, carrier)
    wait_for(lambda: bool(beside_ari.reports()))

    manager.sends(attempt_of("SIP", "me", "carrier", "Request Sent"))
    manager.sends(attempt_of("SIP", "me", "carrier", "Registered"))
    beside_ari.wait(("carrier", Health.UP, Source.EVENT))
    manager.sends(attempt_of("SIP", "me", "192.0.2.9", "No Authentication"))
    beside_ari.wait(("SIP/me@192.0.2.9", Health.DOWN, Source.EVENT))

    assert "it needs 'sip reload'" in beside_ari.words()
    assert ("carrier", Health.DOWN, Source.EVENT) not in beside_ari.seen(), "an attempt that is under way says nothing"


def test_those_of_iax2_are_not_followed_by_events_for_a_dead_server_makes_none(
    beside_ari: Watch, manager: PlayedManager
) -> None:
    beside_ari.start()
    wait_for(lambda: bool(beside_ari.reports()))

    manager.sends(attempt_of("IAX2", "me", "192.0.2.1:4569", "Registered"))
    manager.tries("reg-a", "Registered")

    beside_ari.wait(("trunk-a", Health.UP, Source.EVENT))
    assert {resource for resource, _, _ in beside_ari.seen()} == {"trunk-a"}


CONSOLE = " reg-b/sip:sip.example.net     n/a          Rejected          (exp. 400s ago)\n"


def commands(manager: PlayedManager) -> list[str]:
    """What was asked of the console."""
    return [asked["Command"] for asked in manager.asked if asked["Action"] == "Command"]


def test_the_console_is_asked_where_commands_may_be_given_until_it_is_known(
    manager: PlayedManager, watch: Watch
) -> None:
    manager.actions, manager.console = (*ACTIONS, "Command"), CONSOLE

    watch.start().wait(("trunk-b", Health.DOWN, Source.SNAPSHOT))
    wait_for(lambda: "Asterisk has stopped trying: it needs 'pjsip send register reg-b'" in watch.words_of(B), 10)
    asked, lists = commands(manager), len(watch.lists())
    watch.source.ask(Question("office", (B,), check=Check.REGISTRATION, asked_by=Channel.MANAGER))
    wait_for(lambda: len(watch.lists()) > lists, 10)

    assert asked, "it was shown"
    assert commands(manager) == asked, "it is known until an event comes"
    assert set(asked) == {"pjsip show registrations"}
    manager.console = ""
    manager.tries("reg-b", "Rejected")
    watch.wait(("trunk-b", Health.DOWN, Source.EVENT))
    assert "stopped trying" not in watch.words_of(B)


def test_where_commands_may_not_be_given_the_console_is_not_asked(manager: PlayedManager, watch: Watch) -> None:
    manager.console = CONSOLE

    watch.start().wait(("trunk-b", Health.DOWN, Source.SNAPSHOT))

    assert not commands(manager)
    assert "stopped trying" not in watch.words_of(B)


def test_while_all_are_registered_the_console_is_not_asked(manager: PlayedManager, watch: Watch) -> None:
    manager.actions = (*ACTIONS, "Command")
    del manager.rows["reg-b"]

    watch.start().wait(("trunk-a", Health.UP, Source.SNAPSHOT))

    assert not commands(manager)


def test_a_list_that_lacks_rows_removes_nothing_and_is_no_look_at_anything(
    manager: PlayedManager, watch: Watch
) -> None:
    watch.start().wait(("trunk-b", Health.DOWN, Source.SNAPSHOT))
    wait_for(lambda: bool(watch.lists()))
    wait_for(lambda: watch.reports()[-1] == (None, ""))

    def short(headers: dict[str, str]) -> bytes | None:
        if headers["Action"] != LIST_REGISTRATIONS:
            return None
        number = {"ActionID": headers["ActionID"], "EventList": "start"}
        end = number | {"Event": "Complete", "EventList": "Complete", "ListItems": "2"}
        return (in_lines({"Response": "Success", **number}) + in_lines(end)).encode()

    manager.instead = short
    # One that was asked for before may still be under way.
    broken_at = watch.link.clock.now()
    watch.source.ask(Question("office", (B,), check=Check.REGISTRATION, asked_by=Channel.MANAGER))
    wait_for(lambda: any(trouble is Trouble.UNEXPECTED for trouble, _ in watch.reports()))
    assert [listed for listed in watch.lists() if listed.asked_at > broken_at] == []
    assert watch.reports()[-1][1] == "an answer to PJSIPShowRegistrationsOutbound that is no whole list"

    manager.instead = lambda _: None
    wait_for(lambda: watch.lists()[-1].asked_at > broken_at)
    assert watch.lists()[-1].targets == {A, B}


GARBAGE = ["", "registered", "Rejected!", "Unknown", "-1", "\N{LATIN SMALL LETTER U WITH DIAERESIS}", "x" * 5000]


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: garbage[:9])
def test_a_state_that_is_none_is_unknown_and_neither_lost_nor_there(
    manager: PlayedManager, watch: Watch, garbage: str
) -> None:
    manager.rows["reg-a"]["Status"] = garbage

    watch.start().wait(("trunk-a", Health.UNKNOWN, Source.SNAPSHOT), ("trunk-b", Health.DOWN, Source.SNAPSHOT))

    assert {health for name, health, _ in watch.seen() if name == "trunk-a"} == {Health.UNKNOWN}
    words = watch.words_of(A)
    assert words.startswith("manager interface: no state of the registration at sip.example.net that is known (")
    assert len(words) < 150


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: garbage[:9])
def test_an_event_with_a_state_that_is_none_is_not_believed_and_the_list_is_asked(
    manager: PlayedManager, watch: Watch, garbage: str
) -> None:
    watch.start().wait(("trunk-a", Health.UP, Source.SNAPSHOT))
    wait_for(lambda: bool(watch.lists()))
    before = len(watch.lists())

    manager.tries("reg-a", garbage)
    manager.rows["reg-a"]["Status"] = "Registered"

    wait_for(lambda: len(watch.lists()) > before)
    assert Source.EVENT not in {source for _, _, source in watch.seen()}
    assert Health.DOWN not in {health for name, health, _ in watch.seen() if name == "trunk-a"}


def test_who_only_hears_events_learns_nothing_of_those_that_say_nothing(
    listener: Watch, manager: PlayedManager
) -> None:
    wait_for(lambda: bool(listener.reports()))
    for garbage in GARBAGE:
        manager.tries("reg-a", garbage)
    for harm in ({"Username": ""}, {"Domain": "nothing"}, {"ChannelType": ""}):
        sound = {"ChannelType": "PJSIP", "Username": "sip:x@h", "Domain": "sip:h", "Status": "Rejected"}
        manager.sends(in_lines({"Event": "Registry", **sound, **harm}).encode())
    manager.tries("reg-b", "Registered")

    listener.wait(("PJSIP/reg-b@sip.example.net", Health.UP, Source.EVENT))
    assert {name for name, _, _ in listener.seen()} == {"PJSIP/reg-b@sip.example.net"}


def test_of_two_names_that_look_alike_without_their_odd_bytes_the_worse_one_is_shown(
    manager: PlayedManager, watch: Watch
) -> None:
    for name, status in (("b\udcfcro", "Rejected"), ("b\udcf6ro", "Registered")):
        manager.rows[name] = row(name, status)
        manager.rows[name]["ClientUri"] = "sip:me@sip.example.net"

    watch.start().wait(("b\N{REPLACEMENT CHARACTER}ro", Health.DOWN, Source.SNAPSHOT))


def test_a_question_for_settings_that_is_not_answered_takes_no_registration_from_its_endpoint(
    manager: PlayedManager, watch: Watch
) -> None:
    manager.rows["reg-a"]["Endpoint"], manager.rows["reg-a"]["OutboundAuth"] = "", "auth-a"
    manager.variables = {"PJSIP_ENDPOINT(trunk-a,outbound_auth)": "auth-a"}
    watch.start()
    wait_for(lambda: bool(watch.lists()))
    refused: list[str] = []

    def refusing(headers: dict[str, str]) -> bytes | None:
        if headers["Action"] != "Getvar":
            return None
        refused.append(headers["Variable"])
        return in_lines({"Response": "Error", "ActionID": headers["ActionID"], "Message": "Out of memory"}).encode()

    manager.instead = refusing
    reloaded_at = watch.link.clock.now()
    manager.sends(in_lines({"Event": "Reload"}).encode())
    wait_for(lambda: bool(refused) and watch.lists()[-1].asked_at > reloaded_at)

    assert {listed.targets for listed in watch.lists()} == {frozenset({A, B})}


def test_why_the_other_side_of_iax2_rejects_is_said(manager: PlayedManager, watch: Watch) -> None:
    manager.actions = (*manager.actions, "IAXregistry")
    manager.older["IAXregistry"] = [("192.0.2.9:4569", "me", "Rejected")]
    watch.start().wait(("IAX2/me@192.0.2.9:4569", Health.DOWN, Source.SNAPSHOT))
    alone = Target("office", "REGISTRATION", "IAX2/me@192.0.2.9:4569")
    assert watch.words_of(alone).startswith("not registered at 192.0.2.9 (Asterisk: Rejected); ")

    def is_said(words: str) -> bool:
        return watch.words_of(alone) == words

    tried = {"Event": "Registry", "ChannelType": "IAX2", "Username": "me", "Domain": "192.0.2.9:4569"}
    for cause, said in (
        ("Registration Refused", "Rejected: Registration Refused"),
        ("<unknown>", "Rejected"),
        ("z" * 500, f"Rejected: {'z' * 79}…"),
    ):
        manager.sends(in_lines({**tried, "Status": "Rejected", "Cause": cause}).encode())
        words = f"not registered at 192.0.2.9 (Asterisk: {said}); incoming calls are affected"
        wait_for(partial(is_said, words))


def test_a_module_that_is_unloaded_is_said_and_what_is_new_after_it_has_its_endpoint(
    manager: PlayedManager, watch: Watch
) -> None:
    manager.rows["reg-a"]["Endpoint"], manager.rows["reg-a"]["OutboundAuth"] = "", "auth-a"
    manager.variables = {"PJSIP_ENDPOINT(trunk-a,outbound_auth)": "auth-a"}
    manager.actions = tuple(action for action in ACTIONS if action != LIST_REGISTRATIONS)
    watch.start()
    wait_for(lambda: bool(watch.lists()))
    assert "res_pjsip_outbound_registration is not loaded" in watch.lists()[-1].lacks

    manager.actions = ACTIONS
    watch.source.ask(Question("office", (A,), check=Check.REGISTRATION, asked_by=Channel.MANAGER))

    watch.wait(("trunk-a", Health.UP, Source.SNAPSHOT))
    wait_for(lambda: watch.lists()[-1].targets == {A, B} and not watch.lists()[-1].lacks)
