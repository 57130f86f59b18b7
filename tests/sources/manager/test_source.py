"""The thread of a manager interface and its parts: who is asked when, and who hears what."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator

import pytest
from msgspec.structs import replace

from healthmon.ami.client import AmiClient
from healthmon.ami.frames import Frame
from healthmon.model import Channel, Check, ConnectionReport, Question
from healthmon.sources.inbox import Inbox
from healthmon.sources.manager.link import ManagerLink, ManagerTimes
from healthmon.sources.manager.source import ManagerSource
from healthmon.times.clock import Clock
from tests.ami.played import PlayedManager
from tests.ami.test_client import config_of
from tests.ami.test_one_look import listening
from tests.sources.rig import target
from tests.waiting import wait_for

NEVER = float("inf")


class PlayedPart:
    """A part that asks for variables, and writes down what happens to it."""

    def __init__(self, name: str, *events: str, pauses: int = 0) -> None:
        self.name = name
        self.events = events
        self.due_at = 0.0
        self.pauses = pauses
        self.happened: list[str] = []

    def begin(self, now: float) -> None:
        self.happened.append("begin")

    def work(self, client: AmiClient) -> Iterable[None]:
        self.due_at = NEVER
        for number in range(self.pauses + 1):
            client.variables([f"{self.name}({number})"])
            self.happened.append(f"asked {number}")
            yield

    def hear(self, event: Frame) -> None:
        self.happened.append(f"heard {event['Event']}")

    def miss_events(self) -> None:
        self.happened.append("missed")

    def take(self, question: Question) -> None:
        self.happened.append(f"asked about {question.check}")

    def learn(self) -> None:
        self.happened.append("learned")


@pytest.fixture
def manager() -> Iterator[PlayedManager]:
    with PlayedManager() as played:
        played.booted = ""
        yield played


def running(
    manager: PlayedManager, *parts: PlayedPart, retries: tuple[float, ...] = (1.0,), in_use: float = 60.0
) -> tuple[ManagerSource, ManagerLink, threading.Event]:
    stop = threading.Event()
    times = ManagerTimes(patience=0.01, ping_every=60.0, retries=retries, in_use=in_use)
    link = ManagerLink(config_of(manager), Inbox(100), Clock(), times)
    return ManagerSource(link, parts, stop), link, stop


def test_each_part_hears_its_own_events_and_all_hear_of_a_boot(manager: PlayedManager) -> None:
    first, second = PlayedPart("A", "Registry"), PlayedPart("B", "ContactStatus")
    source, link, stop = running(manager, first, second)
    thread = threading.Thread(target=source.run)
    thread.start()
    try:
        wait_for(lambda: "asked 0" in first.happened and "asked 0" in second.happened)
        manager.sends(b"Event: Registry\r\n\r\nEvent: ContactStatus\r\n\r\nEvent: Other\r\n\r\n")
        wait_for(lambda: "heard ContactStatus" in second.happened)
        assert not link.has_events, "of that alone nobody knows whether it has booted"
        manager.sends(b"Event: FullyBooted\r\n\r\n")
        source.learn([target("PJSIP/a")])
        source.ask(Question("office", check="manager", asked_by=Channel.MANAGER))
        wait_for(lambda: {"learned", "asked about manager", "heard FullyBooted"} <= set(second.happened))
    finally:
        stop.set()
        thread.join(5)
    assert link.has_events
    assert list(link.endpoints) == [target("PJSIP/a")]
    assert [each for each in first.happened if "heard" in each] == ["heard Registry", "heard FullyBooted"]
    assert [each for each in second.happened if "heard" in each] == ["heard ContactStatus", "heard FullyBooted"]


def test_events_are_heard_while_a_long_work_goes_on(manager: PlayedManager, monkeypatch: pytest.MonkeyPatch) -> None:
    long, short = PlayedPart("LONG", pauses=2), PlayedPart("SHORT", "Registry")
    short.due_at = NEVER
    event = b"Event: Registry\r\n\r\n"

    def with_an_event(headers: dict[str, str]) -> bytes | None:
        if headers.get("Variable") != "LONG(1)":
            return None
        return event + f"Response: Success\r\nActionID: {headers['ActionID']}\r\nValue: 1\r\n\r\n".encode()

    manager.instead = with_an_event
    heard_after: list[str] = []
    monkeypatch.setattr(short, "hear", lambda _: heard_after.extend(long.happened))
    source, _, stop = running(manager, long, short)
    thread = threading.Thread(target=source.run)
    thread.start()
    try:
        wait_for(lambda: "asked 2" in long.happened)
    finally:
        stop.set()
        thread.join(5)
    assert heard_after == ["begin", "asked 0", "asked 1"]


def test_a_new_connection_is_told_to_each_part(manager: PlayedManager) -> None:
    part = PlayedPart("A")
    source, _, stop = running(manager, part)
    thread = threading.Thread(target=source.run)
    thread.start()
    try:
        wait_for(lambda: "asked 0" in part.happened)
        manager.cut()
        wait_for(lambda: part.happened.count("begin") == 2)
    finally:
        stop.set()
        thread.join(5)


def wait_for_reports(link: ManagerLink, number: int) -> None:
    """Wait until it was reported so often that something is the matter."""
    troubles: list[object] = []

    def come() -> bool:
        seen = link.inbox.drain(0.05)
        troubles.extend(report for report in seen if isinstance(report, ConnectionReport) and report.trouble)
        return len(troubles) >= number

    wait_for(come)


ABOUT_IT = Question("office", check=Check.MANAGER, asked_by=Channel.MANAGER)


def test_whoever_asks_how_it_stands_has_it_tried_again_at_once(manager: PlayedManager) -> None:
    part = PlayedPart("A")
    source, link, stop = running(manager, part, retries=(200.0,))
    thread = threading.Thread(target=source.run)
    thread.start()
    try:
        wait_for(lambda: "asked 0" in part.happened)
        manager.cut()
        wait_for_reports(link, 1)
        source.ask(ABOUT_IT)
        wait_for(lambda: part.happened.count("begin") == 2)
    finally:
        stop.set()
        thread.join(5)


def test_a_login_that_was_refused_is_not_tried_again_because_somebody_asks(manager: PlayedManager) -> None:
    manager.password = "another"
    source, link, stop = running(manager, PlayedPart("A"))
    thread = threading.Thread(target=source.run)
    thread.start()
    try:
        wait_for_reports(link, 1)
        source.ask(ABOUT_IT)
        wait_for_reports(link, 1)
    finally:
        stop.set()
        thread.join(5)
    assert sum(asked["Action"] == "Login" for asked in manager.asked) == 1


def test_a_user_that_another_session_has_is_tried_again_when_that_may_have_ended(manager: PlayedManager) -> None:
    manager.is_in_use = True
    part = PlayedPart("A")
    source, link, stop = running(manager, part, retries=(200.0,), in_use=0.05)
    thread = threading.Thread(target=source.run)
    thread.start()
    try:
        wait_for_reports(link, 2)
        manager.is_in_use = False
        wait_for(lambda: "begin" in part.happened)
    finally:
        stop.set()
        thread.join(5)


def test_a_long_work_ends_with_the_daemon(manager: PlayedManager) -> None:
    part = PlayedPart("A", pauses=100_000)
    source, _, stop = running(manager, part)
    thread = threading.Thread(target=source.run)
    thread.start()
    try:
        wait_for(lambda: "asked 3" in part.happened)
    finally:
        stop.set()
        thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "is no manager interface: 'HTTP/1.1 404 Not Found'"),
        (b"", "frozen or overloaded; or what listens there is no manager interface"),
    ],
    ids=["a web server", "nothing that answers"],
)
def test_a_port_where_something_waits_silently_is_not_called_frozen_alone(answer: bytes, words: str) -> None:
    with listening(answer) as port:
        pbx = replace(config_of(PlayedManager()), ami=f"tcp://127.0.0.1:{port}")
        stop = threading.Event()
        link = ManagerLink(pbx, Inbox(100), Clock(), ManagerTimes(timeout=0.2, patience=0.01, retries=(0.01,)))
        thread = threading.Thread(target=ManagerSource(link, [PlayedPart("A")], stop).run)
        thread.start()
        try:
            reports: list[ConnectionReport] = []

            def come() -> bool:
                reports.extend(each for each in link.inbox.drain(0.05) if isinstance(each, ConnectionReport))
                return len(reports) > 2

            wait_for(come, 20)
        finally:
            stop.set()
            thread.join(10)
    assert all(report.words.endswith(words) for report in reports)


def test_a_manager_interface_that_has_let_us_in_and_freezes_is_frozen(manager: PlayedManager) -> None:
    part = PlayedPart("A")
    stop = threading.Event()
    times = ManagerTimes(timeout=0.3, patience=0.01, ping_every=0.05, retries=(0.01,))
    link = ManagerLink(config_of(manager), Inbox(100), Clock(), times)
    thread = threading.Thread(target=ManagerSource(link, [part], stop).run)
    thread.start()
    try:
        wait_for(lambda: "asked 0" in part.happened)
        manager.is_frozen = True
        wait_for_reports(link, 3)
    finally:
        stop.set()
        thread.join(10)
    assert not any("GET" in line for asked in manager.asked for line in asked), "it is asked nothing odd"
