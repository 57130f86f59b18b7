"""Names that nobody watches, too many names, and endless texts do not get past the sources, and are said once."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.errors import Trouble
from healthmon.model import Channel, EndpointSettings, Observation, Snapshot, Target
from healthmon.sources import polls as polls_module
from healthmon.sources import settings as settings_module
from healthmon.sources.settings import SettingsAgenda
from healthmon.text.longtext import LONGEST_TEXT

from .rig import Rig, target

Run = Callable[..., Rig]
LONG = "x" * 5000


def names(snapshot: Snapshot) -> set[str]:
    return {one.target.resource for one in snapshot.endpoints}


def test_a_snapshot_holds_what_is_watched_and_after_a_reload_what_is_watched_then(fake: FakePbx, run: Run) -> None:
    rig = run(events=None, is_watched=lambda one: one.resource == "102")
    rig.wait(lambda: bool(rig.all(Snapshot)))
    assert names(rig.all(Snapshot)[0]) == {"102"}

    rig.polls.watch(lambda one: one.resource != "102")

    rig.wait(lambda: names(rig.all(Snapshot)[-1]) == {"101", "103"})


def test_a_look_that_fails_after_a_reload_keeps_no_name_that_is_no_longer_watched(fake: FakePbx, run: Run) -> None:
    rig = run(events=None)
    rig.wait(lambda: bool(rig.all(Snapshot)))

    fake.gateway_error = 502
    rig.polls.watch(lambda one: one.resource == "102")
    rig.wait(lambda: Trouble.REFUSED in rig.troubles(Channel.REST))
    fake.gateway_error = 0
    rig.wait(lambda: names(rig.all(Snapshot)[-1]) == {"102"})

    assert rig.polls._listed == {target("PJSIP/102")}


def test_more_than_can_be_watched_is_left_out_and_counted(
    fake: FakePbx, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polls_module, "MOST_WATCHED", 2)

    rig = run(events=None, is_watched=lambda one: one.resource != "101")
    rig.wait(lambda: bool(rig.all(Snapshot)))
    assert rig.all(Snapshot)[0].left_out == 0
    rig.polls.watch(lambda _: True)

    rig.wait(lambda: rig.all(Snapshot)[-1].left_out == 1)
    assert names(rig.all(Snapshot)[-1]) == {"101", "102"}


def test_unknown_technologies_and_unwatched_names_fill_no_dictionary_of_the_polls(fake: FakePbx, run: Run) -> None:
    for number in range(50):
        fake.add(FakeEndpoint(f"Tech{number}", f"stranger-{number}"))

    rig = run(events=None, is_watched=lambda one: one.technology != "Tech1" and not one.resource.startswith("stranger"))
    rig.wait(lambda: bool(rig.all(Snapshot)))

    assert names(rig.all(Snapshot)[0]) == {"101", "102", "103"}
    assert rig.polls._technologies == {"PJSIP"}
    assert "stranger" not in repr((vars(rig.polls), vars(rig.polls._agenda)))


def test_texts_of_events_and_answers_are_cut_logged_once_and_counted(
    fake: FakePbx, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    fake.startup_time = fake.last_reload_time = LONG
    rig = run().wait_for_stream()
    event = {"type": "PeerStatusChange", "endpoint": {"technology": "PJSIP", "resource": "101", "state": "offline"}}

    for _ in range(3):
        fake.emit({**event, "peer": {"peer_status": "Unreachable", "cause": LONG}})
    rig.wait(lambda: rig.events.shorten.cut == 3)

    assert {len(one.words) for one in rig.all(Observation)} == {LONGEST_TEXT + 1}
    assert len(rig.all(Snapshot)[0].startup_time) == LONGEST_TEXT + 1
    said = [record.getMessage() for record in caplog.records if "was cut" in record.getMessage()]
    assert len(said) == 2, "once for events, once for answers"
    assert all("x" * 10 not in line for line in said)


def test_names_that_are_none_are_left_out_and_said_once(
    fake: FakePbx, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    fake.add(FakeEndpoint("PJSIP", LONG))

    rig = run(events=None)
    rig.wait(lambda: bool(rig.all(Snapshot)))
    rig.signals.want_snapshot()
    rig.wait(lambda: len(rig.all(Snapshot)) > 1)

    assert names(rig.all(Snapshot)[-1]) == {"101", "102", "103"}
    said = [
        record.getMessage() for record in caplog.records if "whose names are empty or longer" in record.getMessage()
    ]
    assert len(said) == 1


def test_whose_settings_are_read_is_forgotten_with_the_list_when_names_come_and_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings_module, "MOST_WATCHED", 10)
    cached = [EndpointSettings(target(f"PJSIP/old{number}"), 0.0, known=True) for number in range(10)]
    agenda = SettingsAgenda(cached, ("", ""), 86400.0)
    for turn in range(5):
        listed = {Target("office", "PJSIP", f"{turn}-{number}") for number in range(10)}
        agenda.add(listed, 1.0)
        agenda.keep(listed)
        for _ in range(5):
            agenda.done(agenda.next(), 1.0)

    assert len(agenda._cached) + len(agenda._read_at) + len(agenda._to_read) <= 30
    assert agenda.next() in listed
