"""The queue between the sources and the engine: bounded, without waiting, repaired by snapshots."""

import threading

import pytest

from healthmon.errors import Trouble
from healthmon.model import Channel, ConnectionReport, Health, Observation, Snapshot, Source, Target, Witness
from healthmon.sources.inbox import AT_ONCE_OF_A_PBX, Inbox
from healthmon.sources.signals import Signals
from tests.waiting import wait_for


def observation(number: int, pbx: str = "office") -> Observation:
    return Observation(Target(pbx, "PJSIP", "101"), Health.UP, float(number), Source.EVENT, Witness.ENDPOINT)


def snapshot(number: int) -> Snapshot:
    return Snapshot("office", float(number), (), "start", "reload")


def test_everything_that_waits_comes_out_at_once_in_order() -> None:
    inbox = Inbox()
    offered = [observation(number) for number in range(100)]

    assert all(inbox.offer(one) for one in offered)

    assert len(inbox) == 100
    assert inbox.drain(0.0) == offered
    assert inbox.drain(0.0) == []
    assert inbox.drained == 100


def test_a_full_inbox_drops_counts_and_asks_that_pbx_for_a_snapshot() -> None:
    inbox = Inbox(3)
    office, branch = Signals(), Signals()
    inbox.connect("office", office)
    inbox.connect("branch", branch)

    taken = [inbox.offer(observation(number)) for number in range(5)]

    assert taken == [True, True, True, False, False]
    assert (inbox.dropped_of("office"), inbox.dropped_of("branch")) == (2, 0)
    assert office.resync.is_set()
    assert office.wake.is_set()
    assert not branch.resync.is_set()


def test_a_pbx_that_sends_without_end_has_its_share_and_the_others_have_theirs() -> None:
    inbox = Inbox(share=10)

    taken = [inbox.offer(observation(number, "hostile")) for number in range(15)]

    assert taken == [True] * 10 + [False] * 5
    assert inbox.offer(observation(0))
    assert len(inbox.drain(0.0)) == 11
    assert inbox.offer(observation(15, "hostile"))


def test_of_a_pbx_of_which_very_much_waits_the_rest_comes_after_what_others_have_to_say() -> None:
    inbox = Inbox(share=AT_ONCE_OF_A_PBX + 5)
    many = [observation(number, "hostile") for number in range(AT_ONCE_OF_A_PBX + 5)]
    for one in (*many, observation(1)):
        inbox.offer(one)

    assert inbox.drain(0.0) == [*many[:AT_ONCE_OF_A_PBX], observation(1)]
    assert len(inbox) == 5
    assert inbox.drain(10.0) == many[AT_ONCE_OF_A_PBX:]
    assert inbox.offer(many[0])
    assert len(inbox) == 1


def test_what_was_dropped_is_said_once_a_minute_with_its_number(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    inbox = Inbox(3)

    for seconds in (0.0, 1.0, 1.0, 60.0):
        clock[0] += seconds
        for number in range(5):
            inbox.offer(observation(number))
        inbox.drain(0.0)
    for _ in range(5):
        clock[0] += 60.0
        inbox.drain(0.0)

    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [
        "pbx office: more happens than can be booked, 2 observations were dropped",
        "pbx office: more happens than can be booked, 6 observations were dropped",
    ]


def test_a_connection_report_finds_room_in_a_full_inbox_for_it_does_not_come_again() -> None:
    inbox = Inbox(2)
    report = ConnectionReport("office", Channel.EVENTS, 1.0, Trouble.CLOSED)
    for number in range(5):
        inbox.offer(observation(number))

    assert inbox.offer(report)

    assert inbox.drain(0.0)[-1] == report


def test_snapshots_do_not_pile_up_while_the_engine_is_stuck() -> None:
    inbox = Inbox()

    taken = [inbox.offer(snapshot(number)) for number in range(4)]

    assert taken == [True, True, False, False]
    inbox.drain(0.0)
    assert inbox.offer(snapshot(5))


def test_draining_waits_for_the_first_and_no_longer() -> None:
    inbox = Inbox()
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.extend(inbox.drain(30.0)))
    thread.start()

    inbox.offer(observation(1))

    thread.join(10)
    assert found == [observation(1)]


def test_many_threads_offer_and_none_is_lost() -> None:
    inbox = Inbox()
    threads = [
        threading.Thread(target=lambda pbx=f"pbx{number}": [inbox.offer(observation(i, pbx)) for i in range(2000)])
        for number in range(5)
    ]
    found: list[object] = []

    for thread in threads:
        thread.start()

    wait_for(lambda: len(found.__iadd__(inbox.drain(0.01))) == 10_000)
    assert inbox.drained == 10_000
