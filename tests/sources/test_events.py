"""The event stream: what it offers, how it notices its own death, and how it comes back."""

import logging
import threading
import time
from collections.abc import Callable
from itertools import count
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from healthmon.ari.client import AriClient
from healthmon.ari.messages import EndpointList, EndpointState
from healthmon.demo.fakepbx import FakePbx
from healthmon.errors import Trouble
from healthmon.model import Channel, ConnectionReport, Health, Observation, Snapshot, Source, Witness
from healthmon.sources.events import backoff

from .rig import EVENT_TIMES, POLL_TIMES, Rig, target

Run = Callable[..., Rig]


def events(rig: Rig) -> list[tuple[str, Health]]:
    return [
        (one.target.resource, one.health)
        for one in rig.all(Observation)
        if one.source is Source.EVENT and one.witness is Witness.ENDPOINT
    ]


def test_rule_01_an_event_has_the_time_of_its_receipt(fake: FakePbx, run: Run) -> None:
    rig = run().wait_for_stream()
    before = rig.clock.now()

    fake.phone_down("PJSIP/101")

    rig.wait(lambda: ("101", Health.DOWN) in events(rig))
    came = [one.at for one in rig.all(Observation) if one.source is Source.EVENT]
    assert all(before <= at <= rig.clock.now() for at in came)
    # The device state of the same loss may have come meanwhile.
    assert max(came) <= (rig.events.last_event_at or 0.0) <= rig.clock.now()


def test_a_snapshot_follows_each_connect(fake: FakePbx, run: Run) -> None:
    rig = run().wait_for_stream()
    rig.forget()

    fake.drop_streams()

    rig.wait(lambda: rig.events.connects == 2)
    reconnected_at = rig.clock.now()
    rig.wait_for_stream()
    rig.wait(lambda: rig.all(Snapshot)[-1].asked_at > reconnected_at - 1)
    assert rig.troubles(Channel.EVENTS)[:1] == [Trouble.CLOSED]


def test_a_stream_that_broke_off_is_opened_again_at_once(fake: FakePbx, run: Run) -> None:
    # With a wait of a minute before the second attempt, only an immediate first one can succeed in time.
    rig = run(events=replace(EVENT_TIMES, backoff_from=60.0, backoff_to=60.0)).wait_for_stream()

    fake.drop_streams()

    rig.wait(lambda: rig.events.connects == 2)


def test_a_new_stream_proves_itself_at_once(fake: FakePbx, run: Run) -> None:
    # With a minute between two heartbeats, only one that is sent for the new stream can come in time.
    rig = run(
        events=replace(EVENT_TIMES, silent_after=90.0, dead_after=90.0), polls=replace(POLL_TIMES, life_sign_every=60.0)
    ).wait_for_stream()

    fake.drop_streams()

    rig.wait(lambda: rig.troubles(Channel.EVENTS) == [None, Trouble.CLOSED, None])


def test_each_change_is_reported_once_with_the_last_proof_of_life(fake: FakePbx, run: Run) -> None:
    rig = run().wait_for_stream()
    alive_at = rig.events.alive_at

    fake.is_denying = True
    fake.drop_streams()
    rig.wait(lambda: sum(request.endswith("/subscription") for request in fake.requests) >= 6)
    fake.is_denying = False
    rig.wait(lambda: rig.events.connects == 2)
    rig.wait_for_stream()

    rig.wait(lambda: rig.troubles(Channel.EVENTS) == [None, Trouble.CLOSED, Trouble.DENIED, None])
    reports = [one for one in rig.all(ConnectionReport) if one.channel is Channel.EVENTS]
    assert alive_at is not None
    assert reports[1].alive_at is not None
    assert reports[1].alive_at >= alive_at
    assert reports[1].alive_at == reports[2].alive_at


def test_rule_05_a_half_open_stream_is_noticed_by_the_missing_heartbeat(fake: FakePbx, run: Run) -> None:
    rig = run().wait_for_stream()

    fake.mute()

    rig.wait(lambda: Trouble.SILENT in rig.troubles(Channel.EVENTS))
    report = next(one for one in rig.all(ConnectionReport) if one.trouble is Trouble.SILENT)
    assert report.alive_at is not None
    assert report.at - report.alive_at >= EVENT_TIMES.silent_after - 0.1
    rig.wait(lambda: rig.troubles(Channel.EVENTS)[-1] is None)


def test_a_stream_is_not_called_silent_because_healthmon_itself_stood_still(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One heartbeat, and then only the answers to pings come in the time of this test.
    times = replace(EVENT_TIMES, silent_after=30.0, dead_after=30.0)
    rig = run(events=times, polls=replace(POLL_TIMES, life_sign_every=60.0)).wait_for_stream()
    steady, looks = time.monotonic, count()
    looked = 0

    def goes_on() -> float:
        nonlocal looked
        looked = next(looks)
        return steady() + 75

    # The process was stopped, and goes on 75 s later; what came meanwhile waits to be read.
    monkeypatch.setattr("healthmon.sources.events.time", SimpleNamespace(monotonic=goes_on, sleep=time.sleep))
    rig.wait(lambda: looked >= 20)

    assert rig.troubles(Channel.EVENTS) == [None]


def test_a_stream_is_not_silent_while_a_long_list_keeps_the_heartbeat_from_being_posted(
    fake: FakePbx, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 10,000 endpoints over a line of 60 kB/s take longer than silent_after.
    rig = run().wait_for_stream()
    list_all, is_listed = AriClient.listing, threading.Event()

    def list_slowly(client: AriClient, is_wanted: Callable[[EndpointState], bool], most: int) -> EndpointList:
        time.sleep(2 * EVENT_TIMES.silent_after)
        is_listed.set()
        return list_all(client, is_wanted, most)

    monkeypatch.setattr(AriClient, "listing", list_slowly)
    rig.signals.want_snapshot()

    rig.wait(is_listed.is_set)
    assert rig.troubles(Channel.EVENTS) == [None]


def test_a_stream_that_is_silent_from_the_beginning_is_never_said_to_work(fake: FakePbx, run: Run) -> None:
    fake.mutes_new_streams = True

    rig = run()

    rig.wait(lambda: rig.events.connects >= 2)
    assert set(rig.troubles(Channel.EVENTS)) == {Trouble.SILENT}
    assert not rig.signals.events_up.is_set()


def test_an_application_that_was_taken_over_is_left_alone_for_longer_each_time(
    fake: FakePbx, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    rig = run().wait_for_stream()

    fake.replace_application()
    rig.wait(lambda: rig.troubles(Channel.EVENTS)[-1] is Trouble.REPLACED)
    rig.wait(lambda: rig.events.connects == 2)
    rig.wait_for_stream()
    fake.replace_application()
    rig.wait(lambda: rig.troubles(Channel.EVENTS).count(Trouble.REPLACED) == 2)

    waits = [record.args[1] for record in caplog.records if record.args and "left to the other" in record.msg]  # type: ignore[index]
    assert waits == [0.3, 0.6]
    assert rig.polls.last_snapshot_at is not None


def test_a_read_only_user_gets_all_events_and_it_is_said_once_what_is_lost(
    fake: FakePbx, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    fake.is_read_only = True
    rig = run().wait_for_stream()

    fake.drop_streams()
    rig.wait(lambda: rig.events.connects == 2)
    rig.wait_for_stream()
    fake.phone_down("PJSIP/101")

    rig.wait(lambda: ("101", Health.DOWN) in events(rig))
    said = [record.getMessage() for record in caplog.records if "read_only" in record.getMessage()]
    assert len(said) == 1
    assert Trouble.DENIED not in rig.troubles(Channel.REST) + rig.troubles(Channel.EVENTS)


def test_the_silent_stream_of_a_read_only_user_is_noticed_by_the_missing_pong(fake: FakePbx, run: Run) -> None:
    fake.is_read_only = True
    rig = run().wait_for_stream()

    fake.mute()

    rig.wait(lambda: Trouble.SILENT in rig.troubles(Channel.EVENTS))


def test_garbage_is_counted_and_logged_once_and_what_follows_is_read(
    fake: FakePbx, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    rig = run().wait_for_stream()

    for _ in range(20):
        fake.send_text("{ this is no event")
        fake.send_text(b"\xff\xfe")
    fake.emit({"type": "NewInAsterisk30"})
    fake.emit({"type": "NewInAsterisk30"})
    fake.phone_down("PJSIP/102")

    rig.wait(lambda: ("102", Health.DOWN) in events(rig))
    assert (rig.events.garbage, rig.events.unknown, rig.events.connects) == (40, {}, 1)
    assert len([one for one in caplog.records if "not an event" in one.getMessage()]) == 1
    fake.drop_streams()
    rig.wait(lambda: rig.events.connects == 2)
    fake.drop_streams()
    rig.wait(lambda: rig.events.connects == 3)
    assert [one.getMessage() for one in caplog.records if "of them" in one.getMessage()] == [
        "pbx office: 40 events could not be read since the start, 40 of them since this was last said"
    ]


def test_unknown_types_are_counted_by_name_and_not_without_end(fake: FakePbx, run: Run) -> None:
    fake.is_read_only = True  # so that there is no filter
    rig = run().wait_for_stream()

    for index in range(60):
        fake.emit({"type": f"New{index}"})
    fake.phone_down("PJSIP/102")

    rig.wait(lambda: ("102", Health.DOWN) in events(rig))
    assert rig.events.unknown["New0"] == 1
    assert rig.events.unknown["others"] == 10
    assert len(rig.events.unknown) == 51


def test_a_frame_of_50_mb_costs_a_reconnect_and_nothing_else(fake: FakePbx, run: Run) -> None:
    rig = run().wait_for_stream()

    fake.send_oversize()

    rig.wait(lambda: rig.events.connects == 2)
    rig.wait(lambda: rig.troubles(Channel.EVENTS) == [None, Trouble.UNEXPECTED, None])


def test_an_inbox_that_overflows_counts_and_asks_for_a_snapshot(fake: FakePbx, run: Run) -> None:
    rig = run(inbox_size=10, polls=replace(POLL_TIMES, life_sign_every=60.0)).wait_for_stream()
    rig.forget()

    fake.storm(300)
    rig.wait(lambda: rig.inbox.dropped["office"] >= 200)

    rig.wait(lambda: bool(rig.all(Snapshot)))


def test_other_peoples_user_events_are_no_heartbeats_of_ours(fake: FakePbx, run: Run) -> None:
    rig = run().wait_for_stream()
    before = rig.events.heartbeats

    fake.emit({"type": "ChannelUserevent", "eventname": "somebody-elses"})

    rig.wait(lambda: rig.events.heartbeats > before)
    assert rig.events.garbage == 0


def test_a_restart_is_seen_through_all_its_phases(fake: FakePbx, run: Run) -> None:
    rig = run().wait_for_stream()
    started = rig.all(Snapshot)[-1].startup_time

    fake.restart(phase_lasts=0.4)

    rig.wait(lambda: rig.all(Snapshot)[-1].startup_time != started)
    rig.wait(lambda: rig.events.connects == 2)
    assert {Trouble.REFUSED, Trouble.STARTING} <= set(rig.troubles(Channel.REST))
    assert {Trouble.CLOSED, Trouble.STARTING} <= set(rig.troubles(Channel.EVENTS))
    assert target("PJSIP/101") in {one.target for one in rig.all(Snapshot)[-1].endpoints}


def test_backoff_begins_with_nothing_doubles_and_has_an_end() -> None:
    waits = [backoff(attempts, 1.0, 30.0) for attempts in range(1, 200)]

    assert waits[0] == 0.0
    assert 0.75 <= waits[1] <= 1.25
    assert 1.5 <= waits[2] <= 2.5
    assert max(waits) <= 30.0
    assert min(waits[10:]) >= 22.0


def test_a_defect_is_reported_as_the_end_of_the_stream_and_the_next_stream_as_a_recovery(
    fake: FakePbx, run: Run
) -> None:
    rig = run().wait_for_stream()
    rig.stop()
    rig.signals.stop.clear()

    rig.events.note_defect("a defect of healthmon (KeyError): its log says where")

    assert rig.troubles(Channel.EVENTS)[-1] is Trouble.DEFECT
    threads = [threading.Thread(target=work) for work in (rig.polls.run, rig.events.run)]
    for thread in threads:
        thread.start()
    rig.wait(lambda: rig.troubles(Channel.EVENTS)[-1] is None)
    rig.signals.shut_down()
    for thread in threads:
        thread.join(10)
