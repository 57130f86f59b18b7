"""A receiver's URL that takes no messages for too long is an incident of its own, told through the others."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.receiver import ReceiverConfig, ReceiverUrl
from healthmon.config.sections.shared import Escalation, Secret
from healthmon.core.belief.delivery import HANGING_AFTER, HANGS
from healthmon.model import Ending, Incident, Kind, Matcher, Reason, Said, Target, UrlState
from tests.core.scene import START, Scene, config

BOSS, MAIL, DESK = "oncall/boss", "oncall/mail", "helpdesk/desk"
OF_MAIL = Target("", "receiver", MAIL)
MINUTE = 60.0
DEFECT = "a defect of healthmon (KeyError): its log says where"
#: The default of receiver_failing_after.
PATIENCE = 600.0


def three_urls(**facts: object) -> Config:
    """Two URLs of those on call, who are told about providers and PBXs; one of the help desk; one that nobody uses."""
    oncall = tuple(ReceiverUrl(url_id, Secret("x://")) for url_id in (BOSS, MAIL))
    receivers = (
        ReceiverConfig("oncall", oncall),
        ReceiverConfig("helpdesk", (ReceiverUrl(DESK, Secret("x://")),)),
        ReceiverConfig("unused", (ReceiverUrl("unused/url", Secret("x://")),)),
    )
    return replace(config(), receivers=receivers, **facts)


class Outbox:
    """What the deliverer of one URL books, one attempt after the other."""

    def __init__(self, scene: Scene, url_id: str = MAIL) -> None:
        self.scene = scene
        self.state = UrlState(url_id)

    def fails(self, why: str = "refused") -> None:
        """An attempt failed."""
        now = self.scene.now
        since = self.state.failing_since if self.state.failing_since is not None else now
        self.book(failing_since=since, last_error=why, last_error_at=now, sending_since=None)

    def delivers(self) -> None:
        """A message was accepted."""
        self.book(failing_since=None, last_delivered_at=self.scene.now, sending_since=None)

    def dies(self) -> None:
        """Its deliverer died of a defect of ours."""
        self.state = replace(self.state, defects_at=(*self.state.defects_at, self.scene.now)[-3:])
        self.fails(DEFECT)

    def begins(self) -> None:
        """A message is being sent."""
        self.book(sending_since=self.scene.now)

    def ends_in_doubt(self) -> None:
        """The daemon was started anew: what was being sent is due again, and nothing else is known."""
        self.book(sending_since=None)

    def book(self, **facts: object) -> None:
        """Let the engine read it."""
        self.state = replace(self.state, **facts)
        self.scene.deliveries(self.state)

    def keeps_failing(self, seconds: float) -> None:
        """Attempts fail with growing pauses, as they do, for so long."""
        end, pause = self.scene.now + seconds, 5.0
        self.fails()
        while self.scene.now + pause <= end:
            self.scene.after(pause)
            self.fails()
            pause = min(2 * pause, PATIENCE)
        self.scene.after(end - self.scene.now)


def incident(scene: Scene) -> Incident:
    """The only incident that there ever was."""
    (only,) = scene.db.incidents.values()
    return only


def told(scene: Scene) -> list[tuple[str, Reason]]:
    """Who was told what, in the order of the URLs."""
    return sorted((url_id, reason) for url_id, reason, _, _ in scene.sent)


def down(conf: Config | None = None) -> tuple[Scene, Outbox]:
    """The mail fails for more than ten minutes, and the others have heard of it."""
    scene = Scene(conf or three_urls())
    outbox = Outbox(scene)
    outbox.keeps_failing(11 * MINUTE)
    scene.after(MINUTE).deliver()
    return scene, outbox


# ---------------------------------------------------------------- opening


def test_it_opens_when_the_failures_have_lasted_that_long_and_the_others_are_told() -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)

    outbox.keeps_failing(PATIENCE - 1)
    assert scene.open() == []
    scene.after(1)

    one = incident(scene)
    assert (one.target, one.kind, one.check, one.health) == (OF_MAIL, Kind.RECEIVER, "delivery", "down")
    assert (one.opened_at, one.believed_at, one.cause) == (START, START + PATIENCE, "refused")
    scene.after(5).deliver()
    assert told(scene) == [(DESK, Reason.OPENED), (BOSS, Reason.OPENED)]


def test_one_attempt_that_failed_with_nothing_to_send_since_proves_nothing() -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)

    outbox.keeps_failing(20)
    scene.after(24 * 60 * MINUTE)

    assert scene.db.incidents == {}


def test_a_failure_of_long_ago_is_believed_when_another_attempt_fails() -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)
    outbox.keeps_failing(20)
    scene.after(24 * 60 * MINUTE)

    outbox.fails("still refused")

    assert (incident(scene).opened_at, incident(scene).cause) == (START, "still refused")


def test_failures_that_end_in_time_are_no_incident() -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)

    for _ in range(5):
        outbox.keeps_failing(9 * MINUTE)
        outbox.delivers()
        scene.after(MINUTE)

    assert scene.db.incidents == {}


def test_the_patience_is_an_option() -> None:
    scene = Scene(three_urls(receiver_failing_after=60.0))

    Outbox(scene).keeps_failing(60)

    assert incident(scene).believed_at == START + 60


def test_a_url_that_is_not_configured_is_nobodys_business() -> None:
    scene = Scene(three_urls())

    Outbox(scene, "gone/mail").keeps_failing(20 * MINUTE)

    assert scene.db.incidents == {}


# ---------------------------------------------------------------- a send that hangs


def test_a_send_that_hangs_counts_as_failing_and_opens_when_that_has_lasted() -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)
    outbox.begins()

    scene.after(PATIENCE - 1)
    assert scene.open() == []
    scene.after(1)

    assert (incident(scene).opened_at, incident(scene).cause) == (START, HANGS)


def test_a_send_that_hangs_is_no_failure_before_two_minutes_however_short_the_patience() -> None:
    scene = Scene(three_urls(receiver_failing_after=10.0))
    Outbox(scene).begins()

    scene.after(HANGING_AFTER - 1)
    assert scene.open() == []
    scene.after(1)

    assert incident(scene).cause == HANGS


def test_a_hanging_send_is_failing_still_after_a_restart_until_something_is_accepted() -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)
    outbox.book(last_delivered_at=START - 5)
    outbox.begins()
    scene.after(11 * MINUTE).deliver()

    scene = outbox.scene = scene.restart()
    outbox.ends_in_doubt()
    assert [one.target for one in scene.open()] == [OF_MAIL]
    outbox.delivers()

    assert scene.open() == []


# ---------------------------------------------------------------- closing


def test_it_closes_with_the_first_message_that_is_accepted() -> None:
    scene, outbox = down()

    outbox.delivers()
    scene.after(5).deliver()

    one = incident(scene)
    assert (one.closed_at, one.ending, one.closed_words) == (
        outbox.state.last_delivered_at, Ending.RECOVERED, "a message was accepted"
    )  # fmt: skip
    assert told(scene) == [
        (DESK, Reason.OPENED),
        (DESK, Reason.RESOLVED),
        (BOSS, Reason.OPENED),
        (BOSS, Reason.RESOLVED),
    ]


def test_the_next_time_is_a_new_incident() -> None:
    scene, outbox = down()
    outbox.delivers()
    scene.after(5).deliver()

    outbox.keeps_failing(11 * MINUTE)

    assert [one.is_open for one in scene.db.incidents.values()] == [False, True]


def test_over_before_the_others_could_be_told_is_one_message_that_tells_the_whole() -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)
    outbox.keeps_failing(PATIENCE)
    assert incident(scene).is_open

    outbox.delivers()
    scene.after(5).deliver()

    assert [(url_id, reason, said) for url_id, reason, _, said in scene.sent] == [
        (BOSS, Reason.OPENED, Said.WAS_DOWN),
        (DESK, Reason.OPENED, Said.WAS_DOWN),
    ]


# ---------------------------------------------------------------- who is told


def test_two_that_fail_are_told_about_each_other_and_neither_about_itself() -> None:
    scene = Scene(three_urls())
    mail, boss = Outbox(scene), Outbox(scene, BOSS)
    mail.keeps_failing(11 * MINUTE)
    boss.keeps_failing(11 * MINUTE)

    audience = {
        scene.db.incidents[number].target.resource: {url for one, url in scene.db.told if one == number}
        for number in scene.db.incidents
    }

    assert audience == {MAIL: {BOSS, DESK}, BOSS: {MAIL, DESK}}


def test_where_there_is_no_other_nobody_is_told_and_the_log_says_so() -> None:
    conf = three_urls()
    only = replace(conf, receivers=(replace(conf.receivers[0], urls=conf.receivers[0].urls[1:]),))
    scene, _ = down(only)

    assert [one.target for one in scene.open()] == [OF_MAIL]
    assert scene.sent == []
    assert scene.log == ["receiver oncall/mail: takes no messages for 600 s (refused); told nobody: no receiver"]


def test_who_is_told_only_of_what_nobody_acknowledges_is_told_where_there_is_no_other() -> None:
    conf = three_urls()
    office = replace(conf.pbxs[0], escalate_to=(Escalation("unused", 900.0),))
    only_mail = replace(conf.receivers[0], urls=conf.receivers[0].urls[1:])

    scene, _ = down(replace(conf, pbxs=(office,), receivers=(only_mail, conf.receivers[2])))

    assert told(scene) == [("unused/url", Reason.OPENED)]


def test_a_url_that_is_added_while_nobody_could_be_told_is_told() -> None:
    conf = three_urls()
    only = replace(conf, receivers=(replace(conf.receivers[0], urls=conf.receivers[0].urls[1:]),))
    scene, _ = down(only)

    scene.reconfigure(conf)
    scene.after(5).deliver()

    assert told(scene) == [(DESK, Reason.OPENED), (BOSS, Reason.OPENED)]


@pytest.mark.parametrize("matcher", [Matcher(kinds=(Kind.RECEIVER,)), Matcher()])
def test_a_silence_may_speak_of_it_and_at_its_end_it_is_told(matcher: Matcher) -> None:
    scene = Scene(three_urls())
    scene.silence(matcher, 20 * MINUTE)
    Outbox(scene).keeps_failing(15 * MINUTE)
    scene.deliver()
    assert (scene.sent, incident(scene).muted_by) == ([], "silence 1")

    scene.after(6 * MINUTE).deliver()

    assert told(scene) == [(DESK, Reason.OPENED), (BOSS, Reason.OPENED)]


@pytest.mark.parametrize("matcher", [Matcher(kinds=(Kind.PBX,)), Matcher(pbxs=("*",)), Matcher(endpoints=("*",))])
def test_a_silence_about_something_else_does_not_hold_it_back(matcher: Matcher) -> None:
    scene = Scene(three_urls())
    scene.silence(matcher, 60 * MINUTE)

    Outbox(scene).keeps_failing(15 * MINUTE)
    scene.deliver()

    assert told(scene) == [(DESK, Reason.OPENED), (BOSS, Reason.OPENED)]


def test_somebody_may_take_note_of_it() -> None:
    scene, _ = down()

    scene.acknowledge(incident(scene))

    assert incident(scene).acked_by == "anna"


# ---------------------------------------------------------------- restarts, reloads, clocks


def test_it_survives_a_restart_and_is_told_once() -> None:
    scene, outbox = down()
    before = told(scene)

    scene = outbox.scene = scene.restart()
    outbox.fails()
    scene.after(MINUTE).deliver()

    assert [one.id for one in scene.db.incidents.values()] == [1]
    assert scene.sent == []
    outbox.delivers()
    scene.after(5).deliver()
    assert before == [(DESK, Reason.OPENED), (BOSS, Reason.OPENED)]
    assert told(scene) == [(DESK, Reason.RESOLVED), (BOSS, Reason.RESOLVED)]


def test_failures_go_on_counting_over_a_restart() -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)
    outbox.keeps_failing(7 * MINUTE)

    scene = outbox.scene = scene.restart(gap=MINUTE)
    outbox.fails()
    scene.after(2 * MINUTE)

    assert incident(scene).opened_at == START


def test_a_url_that_is_removed_from_the_configuration_ends_it() -> None:
    scene, _ = down()
    conf = three_urls()

    scene.reconfigure(replace(conf, receivers=conf.receivers[1:]))
    scene.after(5).deliver()

    assert (incident(scene).ending, incident(scene).is_open) == (Ending.URL_GONE, False)
    # It rides along with the next message, and causes none.
    assert [(one.url_id, one.reason) for one in scene.booked() if one.reason is not Reason.OPENED] == [
        (DESK, Reason.ENDED)
    ]


def test_it_was_removed_while_healthmon_did_not_run() -> None:
    scene, _ = down()
    conf = three_urls()

    scene = scene.restart(conf=replace(conf, receivers=conf.receivers[1:]))

    assert incident(scene).ending is Ending.URL_GONE


def test_another_patience_is_in_force_after_a_reload() -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)
    outbox.keeps_failing(2 * MINUTE)

    scene.reconfigure(three_urls(receiver_failing_after=90.0))
    assert scene.monitor.wants_urls
    scene.deliveries()

    assert incident(scene).opened_at == START


@pytest.mark.parametrize("by", [3600.0, -3600.0])
def test_a_clock_that_was_set_changes_no_length(by: float) -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)
    outbox.keeps_failing(6 * MINUTE)

    scene.set_clock(by)
    outbox.state = scene.db.urls[MAIL]
    scene.after(4 * MINUTE - 1)
    assert scene.open() == []
    scene.after(1)

    assert incident(scene).opened_at == START


# ---------------------------------------------------------------- defects of ours


def test_three_defects_of_a_deliverer_within_ten_minutes_are_an_incident_that_the_others_are_told_of() -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)
    outbox.dies()
    scene.after(MINUTE)
    outbox.dies()
    scene.after(MINUTE)
    assert scene.open() == []

    outbox.dies()
    scene.after(MINUTE).deliver()

    assert incident(scene).opened_at == START
    assert incident(scene).cause == f"3 times within 10 minutes: {DEFECT}"
    assert told(scene) == [(DESK, Reason.OPENED), (BOSS, Reason.OPENED)]


def test_so_they_are_where_a_message_was_accepted_in_between() -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)
    for _ in range(3):
        outbox.dies()
        scene.after(MINUTE)
        outbox.delivers()

    assert incident(scene).is_open


def test_three_defects_of_a_deliverer_within_an_hour_are_none() -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)
    for _ in range(3):
        outbox.dies()
        scene.after(MINUTE)
        outbox.delivers()
        scene.after(10 * MINUTE)

    assert scene.db.incidents == {}


def test_it_is_over_ten_minutes_after_the_last_defect_if_a_message_was_accepted_since_then() -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)
    for _ in range(3):
        outbox.dies()
    scene.after(MINUTE)
    outbox.delivers()

    scene.after(9 * MINUTE - 1)
    assert incident(scene).is_open

    scene.after(2)
    assert (incident(scene).closed_at, incident(scene).ending) == (START + MINUTE, Ending.RECOVERED)


def test_it_lasts_while_no_message_was_accepted_since_the_last_defect() -> None:
    scene = Scene(three_urls())
    outbox = Outbox(scene)
    outbox.delivers()
    for _ in range(3):
        outbox.dies()

    scene.after(20 * MINUTE)

    assert incident(scene).is_open
