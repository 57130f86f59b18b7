"""Flapping: told once, reminded of when asked for, ended by a calm that grows; what changes again must last longer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.shared import Hold
from healthmon.core.belief.flapping import MOST_WINDOWS, Flapping, FlapRule, grown
from healthmon.errors import Trouble
from healthmon.model import Check, ContactStatus, Ending, EndpointSettings, Health, Incident, Reason, Said, Target
from tests.core.scene import DOWN, PHONES, PROVIDERS, UP, Scene, config, settings, trunk, trunk_settings

TRUNK = trunk("a")
BOSS = "oncall/boss"
RULE = FlapRule()
HOLD = Hold(30, 10, 30)


class Trunk(Scene):
    """One provider."""

    def read(self) -> EndpointSettings:
        """How Asterisk checks it."""
        return trunk_settings(TRUNK)

    def settle(self) -> Trunk:
        """It is seen up."""
        self.truth: dict[Target, Health] = {TRUNK: UP}
        self.see(self.read())
        self.live(60, self.truth)
        return self

    def goes(self, health: Health, seconds: float) -> Trunk:
        """It changes, and stays so."""
        if health is DOWN:
            self.lose(TRUNK)
        else:
            self.event(TRUNK, UP)
        self.truth[TRUNK] = health
        return self.go_on(seconds)

    def flaps(self, times: int, each: float = 20.0) -> Trunk:
        """It goes down and up so many times."""
        for _ in range(times):
            self.goes(DOWN, each).goes(UP, each)
        return self

    def go_on(self, seconds: float) -> Trunk:
        """Let time pass, with polls, answers and messages."""
        self.live(seconds, self.truth, step=1.0 if seconds < 120 else 10.0)
        return self

    def again(self, gap: float = 5.0) -> Trunk:
        """healthmon is stopped and started."""
        scene = Trunk(self.config, self.db, self.now + gap)
        scene.startup_time, scene.truth = self.startup_time, self.truth
        scene.snapshot(self.truth)
        return scene

    def told(self) -> list[tuple[Reason, str]]:
        """What the boss was told."""
        return [(reason, said) for url, reason, _, said in self.sent if url == BOSS]

    def calm_for(self) -> float:
        """How long it takes until it is believed stable."""
        began = self.now
        while self.state(TRUNK).is_flapping:
            self.go_on(10)
        return self.now - began


class Phone(Trunk):
    """The same as a phone: Asterisk's settings tell."""

    def read(self) -> EndpointSettings:
        """Every 5 s."""
        return settings(TRUNK, qualify_frequency=5.0)


def reminding() -> Config:
    """Once an hour."""
    return config(watches=(replace(PROVIDERS, remind_every=(3600.0,)), PHONES))


# ---------------------------------------------------------------- holds that grow


@pytest.mark.parametrize(
    ("times", "hold"),
    [
        (1, HOLD),
        (2, HOLD),
        (3, Hold(90, 30, 90)),
        # Never longer than what is a lasting outage.
        (6, Hold(90, 60, 90)),
        (40, Hold(90, 300, 90)),
    ],
)
def test_a_phone_that_changes_a_third_time_must_last_three_times_as_long(times: int, hold: Hold) -> None:
    assert grown(HOLD, times, RULE, is_device=True) == hold


@pytest.mark.parametrize("times", [3, 6, 40])
def test_the_hold_of_an_outage_of_a_provider_or_pbx_does_not_grow(times: int) -> None:
    assert grown(HOLD, times, RULE, is_device=False) == Hold(30, min(10 * times, 300), 30)


def test_a_hold_that_is_long_already_is_not_cut() -> None:
    assert grown(Hold(1200, 10, 1200), 6, RULE, is_device=True) == Hold(1200, 60, 1200)


def test_flapping_hides_no_outage_the_second_and_third_of_a_trunk_within_ten_minutes_are_told_after_its_own_hold() -> (
    None
):
    scene = Trunk().settle().goes(DOWN, 40).goes(UP, 60)
    assert scene.told() == [(Reason.OPENED, Said.DOWN), (Reason.RESOLVED, Said.UP)]

    for _ in range(2):
        before = len(scene.told())
        scene.goes(DOWN, 29)
        assert len(scene.told()) == before

        scene.go_on(8)
        assert scene.told()[before:] == [(Reason.OPENED, Said.DOWN)]
        scene.goes(UP, 65)


def test_what_changes_again_and_again_must_last_longer_to_be_believed_up() -> None:
    scene = Trunk().settle().goes(DOWN, 40).goes(UP, 20).goes(DOWN, 40).goes(UP, 39)
    assert scene.belief(TRUNK) is DOWN

    scene.go_on(5)
    assert scene.belief(TRUNK) is UP


def test_status_says_which_hold_is_in_force_and_why() -> None:
    scene = Trunk().settle().goes(DOWN, 40).goes(UP, 5)
    assert (scene.state(TRUNK).pending_hold, scene.state(TRUNK).pending_hold_why) == (10, "")

    scene.go_on(15).goes(DOWN, 40).goes(UP, 5)
    assert scene.state(TRUNK).pending_hold == 40
    assert scene.state(TRUNK).pending_hold_why == "changed 4 times within 10 min"

    slow = Trunk().settle()
    slow.see(trunk_settings(TRUNK, qualify_frequency=60.0))
    slow.goes(DOWN, 5)
    assert slow.state(TRUNK).pending_hold == 65
    assert slow.state(TRUNK).pending_hold_why == "Asterisk checks it every 60 s"


def test_a_change_counts_also_where_its_settings_are_read_a_moment_later() -> None:
    scene = Trunk().settle()
    for health in (DOWN, UP, DOWN, UP):
        scene.goes(health, 1)
        scene.see(scene.read())
        scene.go_on(20)

    assert len(scene.state(TRUNK).flap_changes) == 4


def test_a_change_counts_also_in_the_grace_after_a_restart_whichever_event_comes_first() -> None:
    scene = Trunk().settle()
    scene.snapshot(scene.truth, startup="boot 2")
    scene.after(5)
    for health in (DOWN, UP):
        scene.event(TRUNK, health)
        scene.contact(TRUNK, ContactStatus.UNREACHABLE if health is DOWN else ContactStatus.REACHABLE)
        scene.after(20)

    assert len(scene.state(TRUNK).flap_changes) == 2


def test_after_the_window_an_outage_is_the_first_again() -> None:
    scene = Trunk().settle().goes(DOWN, 40).goes(UP, 700)

    scene.goes(DOWN, 40)

    assert scene.told()[2:] == [(Reason.OPENED, Said.DOWN)]


def test_a_restart_of_healthmon_forgets_no_change() -> None:
    scene = Trunk().settle().goes(DOWN, 40).goes(UP, 20).again().go_on(60)

    scene.goes(DOWN, 40).goes(UP, 39)

    assert scene.belief(TRUNK) is DOWN


# ---------------------------------------------------------------- an outage of what flaps


@pytest.mark.parametrize("is_restarted", [False, True])
def test_flapping_hides_no_outage_a_trunk_that_is_down_while_it_flaps_is_told_after_its_own_hold(
    is_restarted: bool,
) -> None:
    scene = Trunk().settle().flaps(4, 10).go_on(20)
    assert [reason for reason, _ in scene.told()] == [Reason.FLAPPING]

    scene.goes(DOWN, 38)
    if is_restarted:
        scene.sent, told = [], scene.told()
        again = scene.again()
        again.sent = [("oncall/boss", reason, 0, said) for reason, said in told]
        scene = again
    assert scene.told()[-1] == (Reason.STABLE, Said.DOWN)
    assert scene.open(TRUNK)[0].health is DOWN

    # Its end, too; and what changed before makes it flap no more.
    scene.goes(UP, 100)
    assert scene.told()[-1] == (Reason.RESOLVED, Said.UP)
    assert not scene.state(TRUNK).is_flapping
    assert scene.open(TRUNK) == []


def test_one_outage_has_one_length_also_where_it_follows_flapping() -> None:
    scene = Trunk().settle().flaps(4, 10).go_on(20)
    fell = scene.now
    scene.goes(DOWN, 100)

    [incident] = scene.open(TRUNK)
    assert incident.opened_at < fell <= incident.since == scene.state(TRUNK).since

    scene.goes(UP, 100)
    assert scene.db.incidents[incident.id].since == incident.since
    downs = [change for change in scene.db.transitions if change.target == TRUNK and change.after is DOWN]
    assert downs[-1].at == incident.since


def test_flapping_hides_no_outage_what_was_told_down_and_flaps_is_told_down_again_after_three_holds() -> None:
    scene = Trunk().settle().flaps(6, 35)
    assert scene.told()[-1][0] is Reason.FLAPPING

    scene.goes(DOWN, 89)
    assert scene.told()[-1][0] is Reason.FLAPPING

    scene.go_on(5)
    assert scene.told()[-1] == (Reason.STABLE, Said.DOWN)


def test_flapping_hides_no_outage_of_a_phone_that_lasts_three_holds_and_at_least_a_minute() -> None:
    quick = replace(PHONES, hold=Hold(10, 10, 10), receivers=("oncall",))
    scene = Phone(config(watches=(quick,))).settle().flaps(4, 8)
    assert [reason for reason, _ in scene.told()] == [Reason.FLAPPING]

    scene.goes(DOWN, 58)
    assert [reason for reason, _ in scene.told()] == [Reason.FLAPPING]

    scene.go_on(10)
    assert scene.told()[1:] == [(Reason.STABLE, Said.DOWN)]

    scene.goes(UP, 100)
    assert scene.told()[2:] == [(Reason.RESOLVED, Said.UP)]


@pytest.mark.parametrize("is_killed", [True, False])
def test_flapping_hides_no_outage_a_pbx_that_restarts_five_times_and_is_then_down_for_a_minute(
    is_killed: bool,
) -> None:
    scene = Scene()
    trouble = Trouble.REFUSED if is_killed else Trouble.TIMED_OUT
    truth: dict[Target, Health] = {TRUNK: UP}
    office = Target("office")
    scene.see(trunk_settings(TRUNK))
    scene.live(60, truth)
    for number in range(5):
        _is_down(scene, Trouble.REFUSED, 4)
        scene.snapshot(truth, startup=f"start {number}")
        scene.live(30, truth, step=1.0)
    assert scene.state(office, Check.CONNECTION).is_flapping

    for _ in range(2):
        _is_down(scene, trouble, 60)
        assert scene.state(office, Check.CONNECTION).belief is DOWN
        about = [one for one in scene.db.incidents.values() if one.check == Check.CONNECTION]
        assert (about[-1].health, about[-1].is_open) == (DOWN, True)
        assert _told_of(scene, about[-1])[-1] == Said.DOWN
        scene.snapshot(truth)
        scene.live(130, truth, step=1.0)
        assert _told_of(scene, about[-1])[-1] == Said.UP


def _is_down(scene: Scene, trouble: Trouble, seconds: int) -> None:
    for _ in range(seconds):
        scene.report(trouble, alive_at=scene.now)
        scene.after(1)
        scene.deliver()


def _told_of(scene: Scene, incident: Incident) -> list[Said | None]:
    return [told.said for (number, _), told in scene.db.told.items() if number == incident.id]


def test_what_goes_on_flapping_after_an_outage_is_told_to_flap_again() -> None:
    scene = Trunk().settle().flaps(4, 10).goes(DOWN, 40).goes(UP, 100)

    scene.flaps(4, 10)

    assert [reason for reason, _ in scene.told()].count(Reason.FLAPPING) == 2


# ---------------------------------------------------------------- once, and the truth at the end


@pytest.mark.parametrize("last", [UP, DOWN])
@pytest.mark.parametrize(("each", "most"), [(8.0, 4), (25.0, 4), (45.0, 7)])
def test_however_it_flaps_it_is_told_once_and_the_end_is_the_truth(each: float, most: int, last: Health) -> None:
    scene = Trunk().settle().flaps(12, each).goes(last, 4000)

    reasons = [reason for reason, _ in scene.told()]
    assert reasons.count(Reason.FLAPPING) == 1
    assert scene.told()[-1] == (Reason.STABLE, Said.UP if last is UP else Said.DOWN)
    # Each outage of a trunk that outlasts its hold is told, until it flaps.
    assert len(reasons) <= most


def test_it_does_not_end_before_it_is_known_how_it_is() -> None:
    slow = config(watches=(replace(PROVIDERS, hold=Hold(700, 10, 700)), PHONES))
    scene = Trunk(slow).settle().flaps(4).goes(DOWN, 580)
    assert scene.state(TRUNK).is_flapping

    scene.go_on(300)

    assert (scene.state(TRUNK).is_flapping, scene.belief(TRUNK)) == (False, DOWN)
    assert scene.told() == [(Reason.FLAPPING, Said.DOWN), (Reason.STABLE, Said.DOWN)]


def test_while_it_flaps_only_reminders_are_told() -> None:
    scene = Trunk(reminding()).settle().flaps(3 * 90)

    reasons = [reason for reason, _ in scene.told()]
    assert reasons[-3:] == [Reason.FLAPPING, Reason.REMINDER, Reason.REMINDER]
    assert reasons.count(Reason.FLAPPING) == 1


def test_a_restart_while_it_flaps_tells_nothing_again_and_the_end_is_told_once() -> None:
    scene = Trunk().settle().flaps(4)
    scene = scene.again().flaps(1)
    scene = scene.again().go_on(1500)

    assert scene.told() == [(Reason.STABLE, Said.UP)]
    assert [one.ending for one in scene.db.incidents.values()][-1] is Ending.STABLE


def test_a_restart_between_the_changes_loses_none_of_them() -> None:
    scene = Trunk().settle()
    for _ in range(3):
        scene = scene.goes(DOWN, 20).again().go_on(10).goes(UP, 20).again().go_on(10)

    assert scene.state(TRUNK).is_flapping


# ---------------------------------------------------------------- a calm that grows


def test_the_longer_it_flapped_the_longer_it_must_be_calm() -> None:
    shortly, for_long = Trunk().settle().flaps(4), Trunk().settle().flaps(90)

    assert 400 < shortly.calm_for() <= 600
    assert 1600 < for_long.calm_for() <= 1800


def test_a_restart_does_not_shorten_the_calm() -> None:
    scene = Trunk().settle().flaps(90).again().go_on(10)

    assert 1600 < scene.calm_for() <= 1800


@given(
    gaps=st.lists(st.floats(2.5, 2000), min_size=1, max_size=80),
    start=st.integers(2, 12),
    stop=st.integers(0, 11),
)
def test_the_calm_is_bounded_and_nothing_changes_before_the_next_look(gaps: list[float], start: int, stop: int) -> None:
    rule = FlapRule(600.0, start, min(stop, start - 1))
    flaps, now, was, health = Flapping(UP), 1000.0, False, UP
    for gap in gaps:
        now += gap
        health = DOWN if health is UP else UP
        flaps.see(health, now)
        was = flaps.is_flapping(was, rule, now)
    while (look := flaps.next_look(was, rule, now)) is not None:
        assert look <= now + MOST_WINDOWS * rule.window + 3
        if look > now + 0.1:
            assert Flapping.is_flapping(_copy(flaps), was, rule, look - 0.05) is was
        now = max(look, now)
        was = flaps.is_flapping(was, rule, now)
        if not was:
            break

    assert not was


def _copy(flaps: Flapping) -> Flapping:
    """The same, to be tried."""
    copy = Flapping(UP, flaps.changes, flaps.since)
    copy._lasting, copy._candidate, copy._candidate_at = flaps._lasting, flaps._candidate, flaps._candidate_at
    return copy


@given(gaps=st.lists(st.floats(0.5, 400), min_size=1, max_size=60), stop=st.integers(0, 5))
def test_what_was_booked_goes_on_as_if_nothing_had_happened(gaps: list[float], stop: int) -> None:
    rule = FlapRule(600.0, 6, stop)
    flaps, now, was, health = Flapping(UP), 1000.0, False, UP
    for gap in gaps:
        now += gap
        health = DOWN if health is UP else UP
        flaps.see(health, now)
        was = flaps.is_flapping(was, rule, now)
    flaps.settle(now + 2.0)
    again = Flapping(health, flaps.booked(rule), flaps.since)

    for later in (now + 2.0, now + 300, now + 700, now + 5000):
        assert again.is_flapping(was, rule, later) is flaps.is_flapping(was, rule, later)


def test_changes_are_counted_only_where_a_hold_may_be_longer_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = []
    times = Flapping.times

    def counting(flaps: Flapping, rule: FlapRule, at: float) -> int:
        counted.append(times(flaps, rule, at))
        return counted[-1]

    monkeypatch.setattr(Flapping, "times", counting)
    scene = Trunk(config()).settle()

    scene.goes(DOWN, 60)
    assert not counted

    for health in (UP, DOWN, UP, DOWN):
        scene.goes(health, 20)
    assert max(counted) >= 3
