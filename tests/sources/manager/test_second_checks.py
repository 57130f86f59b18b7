"""Checks on demand: what is to be checked is passed on to Asterisk, and that it takes it up comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from healthmon.model import Channel, Health, Observation, Question, Source, Target, Witness
from healthmon.sources.inbox import Inbox
from healthmon.sources.manager.link import ManagerLink, ManagerTimes
from healthmon.sources.manager.part import Part
from healthmon.sources.manager.registrations import RegistrationPart
from healthmon.sources.manager.second_checks import SecondCheckPart
from healthmon.sources.manager.source import ManagerSource
from healthmon.times.clock import Clock
from tests.ami.played import PlayedManager
from tests.ami.test_client import config_of
from tests.sources.rig import target
from tests.waiting import wait_for

A, B = target("PJSIP/trunk-a"), target("PJSIP/trunk-b")


class Watch:
    """The source in its thread, and what it offers."""

    def __init__(self, manager: PlayedManager) -> None:
        self.manager = manager
        self.stop = threading.Event()
        self.inbox = Inbox(100)
        self.link = ManagerLink(config_of(manager), self.inbox, Clock(), ManagerTimes(patience=0.01, apart=0.0))
        parts: list[Part] = [RegistrationPart(self.link), SecondCheckPart(self.link)]
        self.source = ManagerSource(self.link, parts, self.stop)
        self._thread = threading.Thread(target=self.source.run)
        self._offered: list[object] = []

    def start(self) -> None:
        self.source.learn([A, B])
        self._thread.start()
        wait_for(lambda: bool(self.asked("PJSIPShowRegistrationsOutbound")))

    def end(self) -> None:
        self.stop.set()
        self._thread.join(5)

    def asked(self, action: str) -> list[str]:
        """The endpoints of the requests of this action; of one that names none, ""."""
        return [headers.get("Endpoint", "") for headers in self.manager.asked if headers["Action"] == action]

    def taken_up(self) -> list[Observation]:
        self._offered += self.inbox.drain(0)
        found = (each for each in self._offered if isinstance(each, Observation))
        return [each for each in found if each.witness is Witness.QUALIFY]


@pytest.fixture
def watch() -> Iterator[Watch]:
    with PlayedManager() as manager:
        manager.actions, manager.endpoints = (*manager.actions, "PJSIPQualify"), {"trunk-a"}
        watch = Watch(manager)
        watch.start()
        yield watch
        watch.end()


def question(*targets: Target) -> Question:
    return Question("office", targets, asked_by=Channel.MANAGER)


def test_a_check_that_asterisk_takes_up_is_told_with_the_time_of_its_answer(watch: Watch) -> None:
    begun: list[float] = []

    def note_the_time(_: dict[str, str]) -> None:
        begun.append(watch.link.clock.now())

    watch.manager.instead = note_the_time

    watch.source.ask(question(B, A))
    wait_for(lambda: bool(watch.taken_up()))

    (taken_up,) = watch.taken_up()
    assert (taken_up.target, taken_up.health, taken_up.source) == (A, Health.UNKNOWN, Source.ANSWER)
    assert len(begun) >= 2
    assert begun[1] <= taken_up.at <= watch.link.clock.now()
    assert watch.asked("PJSIPQualify") == ["trunk-b", "trunk-a"]


def test_a_question_about_something_else_has_nothing_checked(watch: Watch) -> None:
    lists = len(watch.asked("PJSIPShowRegistrationsOutbound"))

    watch.source.ask(Question("office", (A,), check="registration", asked_by=Channel.MANAGER))

    wait_for(lambda: len(watch.asked("PJSIPShowRegistrationsOutbound")) > lists)
    assert watch.asked("PJSIPQualify") == []


def test_what_was_wanted_of_a_connection_that_is_cut_is_not_asked_for_later(watch: Watch) -> None:
    watch.manager.instead = lambda headers: {"PJSIPQualify": b""}.get(headers["Action"])
    watch.source.ask(question(A))
    wait_for(lambda: bool(watch.asked("PJSIPQualify")))
    watch.manager.instead = lambda _: None
    watch.manager.cut()

    wait_for(lambda: watch.manager.logins == 2)
    watch.source.ask(question(B))
    wait_for(lambda: "trunk-b" in watch.asked("PJSIPQualify"))

    assert watch.asked("PJSIPQualify") == ["trunk-a", "trunk-b"]
    assert watch.taken_up() == []
