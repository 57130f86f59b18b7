"""What is asked of a PBX, when, and how often."""

import itertools
import logging
import time
from collections.abc import Callable
from threading import Thread

import pytest
from msgspec.structs import replace

from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.demo.fakepbx.pbx import Phase
from healthmon.errors import Trouble
from healthmon.model import (
    Channel,
    ConnectionReport,
    EndpointSettings,
    Health,
    Observation,
    Question,
    Removed,
    Snapshot,
    Source,
    Target,
    Witness,
)
from healthmon.sources.polls import certificate_remark
from tests.ari.peers import NOT_UTF_8

from .rig import EVENT_TIMES, POLL_TIMES, Rig, endpoints, target

Run = Callable[..., Rig]
SETTINGS_PATH = "GET /ari/asterisk/config/dynamic/res_pjsip/endpoint/"


def answers(rig: Rig, name: str) -> list[tuple[Witness, Health]]:
    return [
        (one.witness, one.health)
        for one in rig.all(Observation)
        if one.source is Source.ANSWER and one.target == target(name)
    ]


def read(fake: FakePbx) -> list[str]:
    """Whose settings were asked for, in order."""
    return [line.removeprefix(SETTINGS_PATH) for line in fake.requests if line.startswith(SETTINGS_PATH)]


# ---------------------------------------------------------------- snapshots


def test_rule_01_the_first_look_is_a_snapshot_with_the_time_of_its_request(fake: FakePbx, run: Run) -> None:
    rig = run(events=None)

    rig.wait(lambda: bool(rig.all(Snapshot)))
    first = rig.all(Snapshot)[0]
    assert {one.target for one in first.endpoints} == {target(f"PJSIP/{name}") for name in (101, 102, 103)}
    assert {one.at for one in first.endpoints} == {first.asked_at}
    assert rig.polls.last_snapshot_at == first.asked_at
    assert first.asked_at < (rig.polls.alive_at or 0)
    assert first.version == "22.10.1-fake"


def test_a_snapshot_is_taken_every_poll_every(fake: FakePbx, run: Run) -> None:
    rig = run(events=None, polls=replace(POLL_TIMES, poll_without_events=0.05))

    rig.wait(lambda: len(rig.all(Snapshot)) >= 4)


def test_wishes_for_a_snapshot_are_put_together(fake: FakePbx, run: Run) -> None:
    rig = run(events=None, polls=replace(POLL_TIMES, snapshot_spacing=0.3))
    rig.wait(lambda: bool(rig.all(Snapshot)))

    for _ in range(50):
        rig.signals.want_snapshot()
        rig.polls.ask(Question("office", wants_snapshot=True))

    rig.wait(lambda: len(rig.all(Snapshot)) == 2)
    assert fake.requests.count("GET /ari/endpoints") == 2


def test_adjusting_changes_the_interval_without_a_new_connection(fake: FakePbx, run: Run) -> None:
    rig = run(events=None)
    rig.wait(lambda: bool(rig.all(Snapshot)))

    rig.polls.adjust(replace(rig.pbx, poll_every=0.05))

    rig.wait(lambda: len(rig.all(Snapshot)) >= 3)
    assert fake.accepted == 1


# ---------------------------------------------------------------- trouble


def test_each_failed_look_is_reported_and_the_snapshot_tells_the_recovery(fake: FakePbx, run: Run) -> None:
    rig = run(events=None)
    rig.wait(lambda: bool(rig.all(Snapshot)))

    fake.go_to(Phase.REFUSING)
    rig.wait(lambda: rig.troubles(Channel.REST).count(Trouble.REFUSED) >= 3)
    reports = rig.all(ConnectionReport)
    rig.forget()
    fake.go_to(Phase.RUNNING)

    rig.wait(lambda: bool(rig.all(Snapshot)))
    assert len({one.alive_at for one in reports}) == 1
    assert reports[0].alive_at is not None
    assert "nothing listens on" in reports[0].words


def test_rule_05_a_frozen_pbx_is_noticed_by_the_next_sign_of_life(fake: FakePbx, run: Run) -> None:
    rig = run(events=None, polls=replace(POLL_TIMES, timeout=0.4))
    rig.wait(lambda: bool(rig.all(Snapshot)))

    fake.freeze()
    rig.wait(lambda: Trouble.TIMED_OUT in rig.troubles(Channel.REST))
    report = next(one for one in rig.all(ConnectionReport) if one.trouble is Trouble.TIMED_OUT)
    assert report.asked_at is not None
    assert report.at - report.asked_at >= 0.4
    fake.thaw()

    rig.wait(lambda: len(rig.all(Snapshot)) == 2)


def test_a_wrong_password_is_tried_slowly_and_logged_once(
    fake: FakePbx, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    fake.is_denying = True
    rig = run(events=None, polls=replace(POLL_TIMES, denied=0.2))

    rig.wait(lambda: len(rig.troubles(Channel.REST)) >= 4)
    fake.is_denying = False
    rig.wait(lambda: bool(rig.all(Snapshot)))

    reports = rig.all(ConnectionReport)
    assert {one.trouble for one in reports} == {Trouble.DENIED}
    assert all(later.at - earlier.at >= 0.19 for earlier, later in itertools.pairwise(reports))
    lines = [record.getMessage() for record in caplog.records if record.name == "healthmon.sources.polls"]
    assert len(lines) == 2
    assert lines[1] == f"pbx office: recovered after {len(reports)} failures"


def test_rule_07_a_question_brings_the_next_try_forward(fake: FakePbx, run: Run) -> None:
    fake.is_denying = True
    rig = run(events=None, polls=replace(POLL_TIMES, denied=3600.0))
    rig.wait(lambda: len(rig.troubles(Channel.REST)) == 1)

    rig.polls.ask(Question("office", wants_snapshot=True))

    rig.wait(lambda: len(rig.troubles(Channel.REST)) == 2)


def test_an_event_stream_that_breaks_off_brings_the_next_try_forward_where_we_were_refused(
    fake: FakePbx, run: Run
) -> None:
    rig = run(
        events=replace(EVENT_TIMES, silent_after=90.0, dead_after=90.0), polls=replace(POLL_TIMES, denied=3600.0)
    ).wait_for_stream()
    fake.is_denying = True
    rig.wait(lambda: Trouble.DENIED in rig.troubles(Channel.REST))

    fake.go_to(Phase.REFUSING)

    rig.wait(lambda: Trouble.REFUSED in rig.troubles(Channel.REST))


def test_rest_that_is_back_has_the_events_tried_at_once(fake: FakePbx, run: Run) -> None:
    fake.is_denying = True
    rig = run(events=replace(EVENT_TIMES, denied=60.0))
    rig.wait(lambda: Trouble.DENIED in rig.troubles(Channel.EVENTS))

    fake.is_denying = False

    rig.wait(rig.signals.events_up.is_set)


def test_the_heartbeat_goes_on_while_asterisk_answers_and_cannot_list_its_endpoints(fake: FakePbx, run: Run) -> None:
    fake.cannot_list = {"PJSIP", "SIP", "IAX2"}
    rig = run()
    rig.wait(lambda: Trouble.UNEXPECTED in rig.troubles(Channel.REST))
    rig.wait(rig.signals.events_up.is_set)
    beats = rig.events.heartbeats

    # Without its heartbeat the stream is taken for a silent one after 1.5 s.
    rig.wait(lambda: rig.events.heartbeats >= beats + 12)

    assert rig.troubles(Channel.EVENTS) == [None]
    assert rig.events.connects == 1


def test_one_name_that_is_not_utf_8_makes_the_pbx_degraded_and_not_blind(fake: FakePbx, run: Run) -> None:
    fake.add(FakeEndpoint("PJSIP", NOT_UTF_8, is_up=False))
    fake.cannot_list = {"IAX2"}

    rig = run(events=None)

    rig.wait(lambda: bool(rig.all(Snapshot)))
    (snapshot, *_), (report, *_) = rig.all(Snapshot), rig.all(ConnectionReport)
    assert {one.target.resource for one in snapshot.endpoints} == {"101", "102", "103"}
    assert snapshot.unlisted == ("IAX2",)
    assert (report.trouble, report.remark) == (
        None,
        "Asterisk cannot list all endpoints at once (an answer 500 (Allocation failed)): is the name of one not UTF-8? "
        "Listed without it, until Asterisk is restarted: PJSIP; cannot be listed: IAX2",
    )


def test_a_channel_driver_that_is_unloaded_is_seen_by_the_next_snapshot(fake: FakePbx, run: Run) -> None:
    rig = run(events=None)
    rig.polls.learn([target("PJSIP/101")])
    rig.wait(lambda: bool(rig.all(Snapshot)) and read(fake) == ["101"])

    fake.without_modules = {"chan_pjsip.so"}
    rig.signals.want_snapshot()
    rig.wait(lambda: len(rig.all(Snapshot)) == 2)
    fake.without_modules.clear()
    rig.signals.want_snapshot()

    rig.wait(lambda: [one.missing_drivers for one in rig.all(Snapshot)] == [(), ("PJSIP",), ()])
    # What could not be read without it is read again.
    rig.wait(lambda: read(fake) == ["101", "101"])


def test_the_driver_of_endpoints_that_were_there_before_healthmon_was_started_is_looked_for(
    fake: FakePbx, run: Run
) -> None:
    fake.without_modules = {"chan_iax2.so"}
    rig = run(events=None, cached=[EndpointSettings(target("IAX2/branch"), read_at=time.time(), known=False)])

    rig.wait(lambda: [one.missing_drivers for one in rig.all(Snapshot)] == [("IAX2",)])


def test_while_it_fails_nothing_else_is_asked(fake: FakePbx, run: Run) -> None:
    rig = run(events=None)
    rig.wait(lambda: bool(rig.all(Snapshot)))
    fake.go_to(Phase.BOOTING)
    rig.wait(lambda: Trouble.STARTING in rig.troubles(Channel.REST))
    asked = len(fake.requests)

    rig.polls.ask(Question("office", (target("PJSIP/101"),)))
    rig.polls.learn([target("PJSIP/101")])
    rig.wait(lambda: len(fake.requests) >= asked + 5)
    assert set(fake.requests[asked:]) == {"GET /ari/endpoints"}
    fake.go_to(Phase.RUNNING)

    rig.wait(lambda: bool(answers(rig, "PJSIP/101")) and bool(rig.all(EndpointSettings)))


# ---------------------------------------------------------------- questions


def test_rule_07_a_question_is_answered_with_the_time_of_its_request(fake: FakePbx, run: Run) -> None:
    rig = run(events=None)
    asked_at = rig.clock.now()

    rig.polls.ask(Question("office", (target("PJSIP/101"),)))

    rig.wait(lambda: answers(rig, "PJSIP/101") == [(Witness.ENDPOINT, Health.UP)])
    answer = next(one for one in rig.all(Observation) if one.source is Source.ANSWER)
    assert asked_at <= answer.at <= rig.clock.now()


def test_rule_03_offline_is_asked_about_twice(fake: FakePbx, run: Run) -> None:
    fake.phone_down("PJSIP/101")
    rig = run(events=None)

    rig.polls.ask(Question("office", (target("PJSIP/101"),)))

    down = [(Witness.ENDPOINT, Health.DOWN), (Witness.DEVICE, Health.DOWN)]
    rig.wait(lambda: answers(rig, "PJSIP/101") == down)


@pytest.mark.parametrize("was_up", [True, False])
def test_rule_03_what_was_removed_from_the_configuration_is_not_down(fake: FakePbx, run: Run, was_up: bool) -> None:
    rig = run(events=None)
    if not was_up:
        # Then its device state says UNAVAILABLE for ever; only the configuration shows that it is gone.
        fake.phone_down("PJSIP/101")
    fake.remove("PJSIP/101")

    rig.polls.ask(Question("office", (target("PJSIP/101"),)))

    rig.wait(lambda: [one.target for one in rig.all(Removed)] == [target("PJSIP/101")])
    assert answers(rig, "PJSIP/101") == []


def test_rule_02_invalid_without_the_channel_driver_is_not_removed(fake: FakePbx, run: Run) -> None:
    fake.without_modules = {"chan_pjsip.so"}
    fake.restart()
    rig = run(events=None)
    rig.wait(lambda: len(rig.all(Snapshot)) == 1)
    fake.without_modules.clear()

    rig.polls.ask(Question("office", (target("PJSIP/101"),)))

    rig.wait(lambda: answers(rig, "PJSIP/101") == [(Witness.ENDPOINT, Health.DOWN), (Witness.DEVICE, Health.UNKNOWN)])
    assert rig.all(Removed) == []


def test_rule_02_settings_that_nobody_can_tell_stay_the_last_known(fake: FakePbx, run: Run) -> None:
    rig = run(events=None)
    fake.without_modules = {"chan_pjsip.so", "res_pjsip.so"}

    rig.polls.learn([target("PJSIP/101"), target("PJSIP/102")])

    # That of 102 is asked for when all that is to be offered of 101 was offered.
    rig.wait(lambda: read(fake) == ["101", "102"])
    assert rig.all(EndpointSettings) == []
    assert rig.all(Removed) == []


def test_rule_02_of_what_has_no_configuration_in_ari_its_loaded_driver_tells(fake: FakePbx, run: Run) -> None:
    fake.add(FakeEndpoint("IAX2", "branch"))
    rig = run(events=None)
    fake.remove("IAX2/branch")

    rig.polls.ask(Question("office", (target("IAX2/branch"),)))

    rig.wait(lambda: [one.target.endpoint for one in rig.all(Removed)] == ["IAX2/branch"])


def test_rule_03_a_proxy_that_hides_device_states_hides_no_outage_and_is_said_once(
    fake: FakePbx, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    fake.phone_down("PJSIP/101")
    fake.phone_down("PJSIP/102")
    fake.splits_at_slashes = True
    rig = run(events=None)

    rig.polls.ask(Question("office", (target("PJSIP/101"), target("PJSIP/102"))))

    seen = [(Witness.ENDPOINT, Health.DOWN), (Witness.DEVICE, Health.UNKNOWN)]
    rig.wait(lambda: answers(rig, "PJSIP/101") == answers(rig, "PJSIP/102") == seen)
    assert rig.troubles(Channel.REST) == []
    said = [record.getMessage() for record in caplog.records if record.name == "healthmon.sources.polls"]
    assert [line.partition("?")[0] for line in said] == [
        "pbx office: device states: 404: does the reverse proxy turn %2F into a slash"
    ]


def test_rule_03_what_is_not_listed_is_unknown(fake: FakePbx, run: Run) -> None:
    rig = run(events=None)

    rig.polls.ask(Question("office", (target("PJSIP/nobody"),)))

    rig.wait(lambda: answers(rig, "PJSIP/nobody") == [(Witness.ENDPOINT, Health.UNKNOWN)])
    assert "not listed" in [one.words for one in rig.all(Observation)]


@pytest.mark.parametrize("name", [".", ".."])
def test_rule_07_a_name_that_no_url_can_hold_is_asked_about_by_a_snapshot(fake: FakePbx, run: Run, name: str) -> None:
    fake.add(FakeEndpoint("PJSIP", name))
    rig = run(events=None)
    rig.wait(lambda: len(rig.all(Snapshot)) == 1)

    rig.polls.ask(Question("office", (target(f"PJSIP/{name}"),)))

    rig.wait(lambda: len(rig.all(Snapshot)) == 2)
    assert answers(rig, f"PJSIP/{name}") == []


def test_the_same_question_asked_again_and_again_is_asked_once(fake: FakePbx, run: Run) -> None:
    rig = run(events=None, polls=replace(POLL_TIMES, questions_per_second=4.0))
    everybody = tuple(target(f"PJSIP/{name}") for name in (101, 102, 103))

    for _ in range(30):
        rig.polls.ask(Question("office", everybody))

    rig.wait(lambda: all(answers(rig, one.endpoint) for one in everybody))
    assert fake.requests.count("GET /ari/endpoints/PJSIP/103") == 1


def test_questions_come_at_a_pace_and_hold_up_no_heartbeat(run: Run) -> None:
    with FakePbx(*endpoints(40)) as fake:
        rig = Rig(fake, polls=replace(POLL_TIMES, questions_per_second=40.0)).start()
        rig.wait_for_stream()
        begun, beats = time.monotonic(), rig.events.heartbeats

        rig.polls.ask(Question("office", tuple(target(one.name) for one in fake.endpoints())))
        rig.wait(lambda: bool(answers(rig, "PJSIP/140")))

        assert time.monotonic() - begun > 0.9
        assert rig.events.heartbeats > beats
        rig.stop()


# ---------------------------------------------------------------- settings


def test_settings_are_read_in_the_order_they_are_wished_for(fake: FakePbx, run: Run) -> None:
    rig = run(events=None)

    rig.polls.learn([target("PJSIP/103"), target("PJSIP/101"), Target("office", "IAX2", "old")])

    rig.wait(lambda: len(rig.all(EndpointSettings)) == 3)
    found = rig.all(EndpointSettings)
    assert [one.target.resource for one in found] == ["103", "101", "old"]
    assert [one.known for one in found] == [True, True, False]
    assert found[0].qualify_frequency == 60.0


def test_settings_come_at_no_more_than_their_rate(run: Run) -> None:
    with FakePbx(*endpoints(10)) as fake:
        rig = Rig(fake, events=None, polls=replace(POLL_TIMES, settings_requests_per_second=20.0)).start()
        begun = time.monotonic()

        rig.polls.learn([target(one.name) for one in fake.endpoints()])
        rig.wait(lambda: len(rig.all(EndpointSettings)) == 10)

        # Two requests each: the tenth may begin after 18 of them.
        assert time.monotonic() - begun >= 0.89
        rig.stop()


def test_settings_are_read_again_after_a_reload_and_after_a_day(fake: FakePbx, run: Run) -> None:
    rig = run(events=None)
    rig.polls.learn([target("PJSIP/101")])
    rig.wait(lambda: read(fake) == ["101"])

    rig.polls.learn([target("PJSIP/101")])
    rig.signals.want_snapshot()
    rig.wait(lambda: len(rig.all(Snapshot)) == 2)
    assert read(fake) == ["101"]

    fake.add(FakeEndpoint("PJSIP", "104"))
    rig.signals.want_snapshot()
    rig.wait(lambda: read(fake) == ["101", "101"])


def test_settings_that_are_old_are_read_again(fake: FakePbx, run: Run) -> None:
    rig = run(events=None, polls=replace(POLL_TIMES, settings_max_age=0.2, poll_without_events=0.1))

    rig.polls.learn([target("PJSIP/101")])

    rig.wait(lambda: len(rig.all(EndpointSettings)) >= 3)


@pytest.mark.parametrize("is_same_run", [True, False])
def test_cached_settings_hold_while_asterisk_runs_with_the_same_configuration(
    fake: FakePbx, run: Run, is_same_run: bool
) -> None:
    cached = EndpointSettings(target("PJSIP/101"), read_at=time.time(), known=True)
    cached_for = (fake.startup_time, fake.last_reload_time) if is_same_run else ("earlier", "earlier")
    rig = run(events=None, cached=[cached], cached_for=cached_for)
    rig.wait(lambda: bool(rig.all(Snapshot)))

    rig.polls.learn([target("PJSIP/101"), target("PJSIP/102")])

    rig.wait(lambda: read(fake) == (["102"] if is_same_run else ["101", "102"]))


def test_cached_settings_that_are_older_than_the_last_reload_are_read_again(fake: FakePbx, run: Run) -> None:
    """An earlier run of healthmon noticed the reload, and was killed before all settings were read anew."""
    fake.reload()
    names = ("PJSIP/101", "PJSIP/102")
    read_at = (time.time() - 60.0, time.time() + 5.0)
    cached = [EndpointSettings(target(name), read_at=at, known=True) for name, at in zip(names, read_at, strict=True)]
    rig = run(events=None, cached=cached, cached_for=(fake.startup_time, fake.last_reload_time))
    rig.wait(lambda: bool(rig.all(Snapshot)))

    rig.polls.learn([*map(target, names), target("PJSIP/103")])

    rig.wait(lambda: read(fake) == ["101", "103"])


def test_settings_that_a_question_wants_first_are_read_before_it_is_answered(fake: FakePbx, run: Run) -> None:
    rig = run(events=None)
    rig.wait(lambda: bool(rig.all(Snapshot)))
    before = len(fake.requests)
    both = (target("PJSIP/101"), target("PJSIP/102"))

    rig.polls.ask(Question("office", both, wants_snapshot=True, settings_first=both))

    rig.wait(lambda: len(rig.all(Snapshot)) == 2 and len(answers(rig, "PJSIP/102")) == 1)
    asked = fake.requests[before:]
    last_settings = max(index for index, line in enumerate(asked) if line.startswith(SETTINGS_PATH))
    answered = [line for line in asked[:last_settings] if line.startswith("GET /ari/endpoints")]
    assert (read(fake), answered) == (["101", "102"], [])
    assert [one.follows_settings for one in rig.all(Snapshot)] == [False, True]


def test_settings_that_cannot_be_read_do_not_keep_a_question_from_its_answer(fake: FakePbx, run: Run) -> None:
    rig = run(events=None)
    rig.wait(lambda: bool(rig.all(Snapshot)))
    nobody = target("PJSIP/no body\n")

    rig.polls.ask(Question("office", (target("PJSIP/101"),), settings_first=(nobody, target("PJSIP/101"))))

    rig.wait(lambda: len(answers(rig, "PJSIP/101")) == 1)


def test_an_endpoint_that_has_no_settings_any_more_is_removed(fake: FakePbx, run: Run) -> None:
    fake.remove("PJSIP/102")
    rig = run(events=None)

    rig.polls.learn([target("PJSIP/102")])

    rig.wait(lambda: [one.target for one in rig.all(Removed)] == [target("PJSIP/102")])
    assert rig.all(EndpointSettings) == []


# ---------------------------------------------------------------- certificates


DAY = 86400.0


@pytest.mark.parametrize(
    ("days", "words"),
    [(None, ""), (15.0, ""), (9.5, "the certificate ends in 9 days"), (1.2, "in 1 day ("), (0.1, "in 0 days")],
)
def test_a_certificate_that_ends_within_14_days_is_remarked_on(days: float | None, words: str) -> None:
    now = 1_000_000_000.0

    remark = certificate_remark(None if days is None else now + days * DAY, now)

    assert words in remark
    assert bool(words) == bool(remark)


# ---------------------------------------------------------------- a defect of our own


def test_a_defect_is_reported_as_a_look_that_failed_and_the_next_one_as_a_recovery(fake: FakePbx, run: Run) -> None:
    rig = run(events=None)
    rig.wait(lambda: bool(rig.all(Snapshot)))
    rig.stop()
    rig.forget()
    rig.signals.stop.clear()

    rig.polls.note_defect("a defect of healthmon (KeyError): its log says where")

    [report] = rig.all(ConnectionReport)
    assert (report.channel, report.trouble) == (Channel.REST, Trouble.DEFECT)
    assert Trouble.DEFECT.is_ours
    again = Thread(target=rig.polls.run)
    again.start()
    rig.wait(lambda: bool(rig.all(Snapshot)))
    rig.signals.shut_down()
    again.join(10)
