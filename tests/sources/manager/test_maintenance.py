"""Asterisk's maintenance mode: who is in it is listed on connect, on each event, and every now and then."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from healthmon.model import Channel, MaintenanceList, Question
from healthmon.sources.inbox import Inbox
from healthmon.sources.manager.link import ManagerLink, ManagerTimes
from healthmon.sources.manager.maintenance import MaintenancePart
from healthmon.sources.manager.source import ManagerSource
from healthmon.times.clock import Clock
from tests.ami.played import PlayedManager, in_lines
from tests.ami.test_client import config_of
from tests.waiting import wait_for

ACTION = "PJSIPShowMaintenance"


class Watch:
    """The source in its thread, and what it offers."""

    def __init__(self, manager: PlayedManager, poll_every: float = 60.0) -> None:
        self.manager = manager
        self.stop = threading.Event()
        self.inbox = Inbox(100)
        config = replace(config_of(manager), poll_every=poll_every)
        self.link = ManagerLink(config, self.inbox, Clock(), ManagerTimes(patience=0.01, apart=0.0, retries=(0.02,)))
        self.source = ManagerSource(self.link, [MaintenancePart(self.link)], self.stop)
        self._thread = threading.Thread(target=self.source.run)
        self._offered: list[object] = []

    def start(self) -> None:
        self._thread.start()
        wait_for(lambda: self.manager.logins == 1)

    def end(self) -> None:
        self.stop.set()
        self._thread.join(5)

    @property
    def asked(self) -> int:
        return sum(headers["Action"] == ACTION for headers in self.manager.asked)

    def lists(self) -> list[set[str]]:
        self._offered += self.inbox.drain(0)
        return [set(each.names) for each in self._offered if isinstance(each, MaintenanceList)]


@pytest.fixture
def manager() -> Iterator[PlayedManager]:
    with PlayedManager() as manager:
        manager.actions = (*manager.actions, ACTION)
        yield manager


@pytest.fixture
def watch(manager: PlayedManager) -> Iterator[Watch]:
    watch = Watch(manager)
    yield watch
    watch.end()


def event(endpoint: str, status: str = "enabled") -> bytes:
    headers = {"Event": "PJSIPMaintenanceStatus", "Privilege": "system,all", "Endpoint": endpoint, "Status": status}
    return in_lines(headers).encode()


def test_who_is_in_it_is_offered_after_the_login(watch: Watch) -> None:
    watch.manager.in_maintenance = {"trunk-a"}

    watch.start()
    wait_for(lambda: bool(watch.lists()))

    assert watch.lists()[0] == {"trunk-a"}


def test_an_event_that_names_nobody_has_the_list_asked_for(watch: Watch) -> None:
    watch.start()
    wait_for(lambda: watch.lists() != [])

    watch.manager.in_maintenance = {"trunk-a", "101"}
    watch.manager.sends(event("all"))

    wait_for(lambda: watch.lists()[-1] == {"trunk-a", "101"})


def test_it_is_asked_for_again_every_now_and_then_for_its_end_may_make_no_event(manager: PlayedManager) -> None:
    manager.in_maintenance = {"trunk-a"}
    watch = Watch(manager, poll_every=0.05)
    watch.start()
    wait_for(lambda: {"trunk-a"} in watch.lists())

    manager.in_maintenance = set()

    wait_for(lambda: watch.lists()[-1] == set())
    watch.end()


def test_whoever_asks_for_all_is_answered_with_it(watch: Watch) -> None:
    watch.start()
    wait_for(lambda: watch.lists() != [])
    before = len(watch.lists())

    watch.source.ask(Question("office", check="registration", asked_by=Channel.MANAGER))

    wait_for(lambda: len(watch.lists()) > before)


def test_an_asterisk_that_does_not_have_it_is_not_asked_and_has_nobody_in_it(watch: Watch) -> None:
    watch.manager.actions = tuple(action for action in watch.manager.actions if action != ACTION)

    watch.start()
    wait_for(lambda: watch.lists() != [])

    assert watch.lists()[0] == set()
    assert watch.asked == 0


def test_a_module_that_was_loaded_without_a_word_is_asked_once_one_of_its_events_came(watch: Watch) -> None:
    every = watch.manager.actions
    watch.manager.actions = tuple(action for action in every if action != ACTION)
    watch.start()
    wait_for(lambda: watch.lists() != [])

    watch.manager.actions = every
    watch.manager.in_maintenance = {"trunk-a"}
    watch.manager.sends(event("trunk-a"))

    wait_for(lambda: watch.lists()[-1] == {"trunk-a"})


def test_a_user_who_may_not_ask_does_not_and_says_nothing(watch: Watch) -> None:
    watch.manager.actions = ("Ping", "ListCommands")

    watch.start()
    watch.source.ask(Question("office", check="manager", asked_by=Channel.MANAGER))
    wait_for(lambda: any(headers["Action"] == "ListCommands" for headers in watch.manager.asked))
    watch.manager.sends(event("trunk-a"))

    assert watch.lists() == []
    assert watch.asked == 0


def test_a_module_that_was_unloaded_and_loaded_without_a_word_is_not_asked_meanwhile(manager: PlayedManager) -> None:
    watch = Watch(manager, poll_every=0.05)
    watch.start()
    wait_for(lambda: watch.lists() != [])
    missing = "Invalid/unknown command: PJSIPShowMaintenance. Use Action: ListCommands to show available commands."
    manager.instead = lambda headers: (
        in_lines({"Response": "Error", "ActionID": headers["ActionID"], "Message": missing}).encode()
        if headers["Action"] == ACTION
        else None
    )
    actions, manager.actions = manager.actions, tuple(action for action in manager.actions if action != ACTION)
    before, lists = watch.asked, len(watch.lists())

    wait_for(lambda: len(watch.lists()) > lists + 3)
    assert watch.asked <= before + 2
    manager.instead, manager.actions, manager.in_maintenance = (lambda _: None), actions, {"trunk-a"}

    wait_for(lambda: watch.lists()[-1] == {"trunk-a"})
    watch.end()
