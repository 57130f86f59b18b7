"""The check of contacts: while one of several is lost, or one is slow, it is degraded; events alone tell that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from healthmon.config.sections.shared import Hold
from healthmon.core.belief.endpoints import DOUBTED_FOR
from healthmon.core.belief.evidence import least_round_trip
from healthmon.errors import Trouble
from healthmon.model import Channel, Check, ContactStatus, Health, Reason, Said, Target
from tests.core.scene import (
    DEGRADED,
    DOWN,
    PHONES,
    PROVIDERS,
    UP,
    Scene,
    config,
    phone,
    settings,
    trunk,
    trunk_settings,
)

TRUNK = trunk("a")
BOSS = "oncall/boss"
CONTACTS = Check.CONTACTS
A, B = "sip:a@203.0.113.1", "sip:b@203.0.113.2"
REACHABLE, UNREACHABLE, REMOVED = ContactStatus.REACHABLE, ContactStatus.UNREACHABLE, ContactStatus.REMOVED

PLAIN = config()
TELLING = config(watches=(replace(PROVIDERS, alert_on_degraded=True), PHONES))
WARNING = config(watches=(replace(PROVIDERS, rtt_warn_ms=300.0), PHONES))


class Trunk(Scene):
    """A provider with two contacts, both reachable, and a phone."""

    def settle(self) -> Trunk:
        """Everything is seen up."""
        self.truth: dict[Target, Health] = {TRUNK: UP, phone(101): UP}
        self.see(trunk_settings(TRUNK), settings(phone(101)))
        self.live(60, self.truth)
        self.contact(TRUNK, REACHABLE, A)
        self.contact(TRUNK, REACHABLE, B)
        return self

    def lose_one(self, seconds: float = 120) -> Trunk:
        """One contact does not answer any more."""
        self.contact(TRUNK, UNREACHABLE, B)
        return self.go_on(seconds)

    def lose_both(self, seconds: float = 120) -> Trunk:
        """None answers any more."""
        self.contact(TRUNK, UNREACHABLE, B)
        self.contact(TRUNK, UNREACHABLE, A)
        self.event(TRUNK, DOWN)
        self.device(TRUNK, DOWN)
        self.truth[TRUNK] = DOWN
        return self.go_on(seconds)

    def get_back(self, uri: str, seconds: float = 120) -> Trunk:
        """A contact answers again."""
        if self.truth[TRUNK] is DOWN:
            self.event(TRUNK, UP)
        self.contact(TRUNK, REACHABLE, uri)
        self.truth[TRUNK] = UP
        return self.go_on(seconds)

    def go_on(self, seconds: float) -> Trunk:
        """Let time pass, with polls and answers."""
        self.live(seconds, self.truth)
        return self

    def restart_as_trunk(self, gap: float) -> Trunk:
        """The daemon is restarted."""
        again = Trunk(self.config, self.db, self.now + gap)
        again.startup_time, again.truth = self.startup_time, self.truth
        return again

    def told(self) -> list[tuple[Reason, str]]:
        """What the boss was told."""
        return [(reason, said) for url, reason, _, said in self.sent if url == BOSS]


def beliefs(scene: Scene) -> dict[str, Health | None]:
    """What is believed of each check of the trunk."""
    return {check: state.belief for (target, check), state in scene.db.states.items() if target == TRUNK}


def test_a_lost_contact_is_degraded_after_its_hold_and_polls_that_say_up_do_not_end_it() -> None:
    scene = Trunk(PLAIN).settle()
    lost_at = scene.now
    scene.lose_one()

    state = scene.state(TRUNK, CONTACTS)
    assert (state.belief, state.reason, state.remark) == (DEGRADED, "1 of 2 contacts unreachable", "")
    assert state.since == lost_at
    assert scene.transitions(TRUNK, CONTACTS) == [UP, DEGRADED]
    assert scene.transitions(TRUNK) == [UP]

    scene.go_on(7200)
    assert scene.state(TRUNK, CONTACTS).belief is DEGRADED


def test_it_is_up_again_when_the_contact_is_back_or_gone() -> None:
    for end in (REACHABLE, REMOVED):
        scene = Trunk(PLAIN).settle().lose_one()

        scene.contact(TRUNK, end, B)
        scene.go_on(60)

        assert scene.transitions(TRUNK, CONTACTS) == [UP, DEGRADED, UP], end


def test_one_lost_options_is_no_degradation() -> None:
    scene = Trunk(config(watches=(replace(PROVIDERS, hold=Hold(5, 5, 5)), PHONES))).settle()

    scene.lose_one(10).get_back(B)

    assert scene.transitions(TRUNK) == [UP]


def test_nobody_is_told_unless_asked_for() -> None:
    scene = Trunk(PLAIN).settle().lose_one().get_back(B)

    assert (scene.told(), list(scene.db.incidents)) == ([], [])


def test_who_wants_to_hear_of_it_does() -> None:
    scene = Trunk(TELLING).settle().lose_one()
    assert scene.told() == [(Reason.OPENED, Said.DEGRADED)]

    scene.get_back(B)
    assert scene.told()[1:] == [(Reason.RESOLVED, Said.UP)]


def test_rule_02c_from_degraded_to_down_and_back_each_step_is_told() -> None:
    scene = Trunk(TELLING).settle().lose_one()

    scene.lose_both()
    contacts, reachability = scene.open(TRUNK)
    assert scene.told()[1:] == [(Reason.OPENED, Said.DOWN)]
    assert (contacts.check, contacts.explained_by) == (CONTACTS, reachability.id)

    scene.get_back(A)
    assert scene.told()[2:] == [(Reason.RESOLVED, Said.UP), (Reason.CHANGED, Said.DEGRADED)]

    scene.get_back(B)
    assert scene.told()[4:] == [(Reason.RESOLVED, Said.UP)]
    assert scene.open() == []


def test_rule_02c_a_check_waits_for_an_earlier_one_that_is_about_to_explain_it() -> None:
    """The hold of the lost contact ends 10 s before that of the endpoint."""
    scene = Trunk(TELLING).settle().lose_one(20)

    scene.lose_both(120)
    contacts, reachability = scene.open(TRUNK)
    assert scene.told() == [(Reason.OPENED, Said.DOWN)]
    assert (contacts.check, contacts.explained_by) == (CONTACTS, reachability.id)


def test_rule_02c_it_is_told_when_the_earlier_one_is_back_before_that() -> None:
    scene = Trunk(TELLING).settle().lose_one(20)

    scene.lose_both(20).get_back(A)

    assert scene.told() == [(Reason.OPENED, Said.DEGRADED)]


def test_which_checks_count_is_what_the_watch_section_says_also_after_a_reload() -> None:
    scene = Trunk(PLAIN).settle().lose_one()
    assert [state.counts for state in (scene.state(TRUNK), scene.state(TRUNK, CONTACTS))] == [True, True]

    scene.reconfigure(config(watches=(replace(PROVIDERS, counts=(Check.REACHABILITY,)), PHONES)))
    assert [state.counts for state in (scene.state(TRUNK), scene.state(TRUNK, CONTACTS))] == [True, False]


def test_what_is_down_begins_when_it_went_down_also_where_it_was_degraded_before() -> None:
    scene = Trunk(TELLING).settle().lose_one().lose_both()

    degraded, down = scene.open(TRUNK)
    assert degraded.since < down.since == scene.state(TRUNK).since


def test_to_whom_only_down_matters_the_first_contact_that_is_back_ends_it() -> None:
    scene = Trunk(PLAIN).settle().lose_both()
    scene.get_back(A)

    assert scene.told() == [(Reason.OPENED, Said.DOWN), (Reason.RESOLVED, Said.UP)]
    assert beliefs(scene) == {Check.REACHABILITY: UP, CONTACTS: DEGRADED}
    assert [one.closed_words for one in scene.db.incidents.values()] == ["peer status up"]


def test_rule_02c_a_contact_that_is_still_lost_when_the_endpoint_is_back_is_told_then() -> None:
    scene = Trunk(TELLING).settle().lose_both()
    assert scene.told() == [(Reason.OPENED, Said.DOWN)]

    scene.get_back(A)
    assert scene.told()[1:] == [(Reason.RESOLVED, Said.UP), (Reason.OPENED, Said.DEGRADED)]


def test_who_was_told_neither_of_the_contacts_nor_hears_of_them_when_all_are_back_at_once() -> None:
    scene = Trunk(TELLING).settle().lose_both()

    scene.get_back(A, 0).get_back(B)

    assert scene.told() == [(Reason.OPENED, Said.DOWN), (Reason.RESOLVED, Said.UP)]
    assert scene.open() == []


@pytest.mark.parametrize("between", [0, 3])
def test_who_was_told_of_both_hears_the_end_of_both_and_nothing_else(between: float) -> None:
    scene = Trunk(TELLING).settle().lose_one().lose_both()
    told = len(scene.told())

    scene.get_back(A, between).get_back(B)

    assert scene.told()[told:] == [(Reason.RESOLVED, Said.UP), (Reason.RESOLVED, Said.UP)]
    assert scene.open() == []


def test_the_end_of_what_is_degraded_waits_for_that_of_what_is_down() -> None:
    scene = Trunk(TELLING).settle().lose_one().lose_both()
    told = len(scene.told())

    scene.contact(TRUNK, REMOVED, A)
    scene.contact(TRUNK, REMOVED, B)
    scene.go_on(120)
    assert [one.check for one in scene.open(TRUNK)] == [Check.REACHABILITY]
    assert scene.told()[told:] == []

    scene.get_back(A)
    assert scene.told()[told:] == [(Reason.RESOLVED, Said.UP), (Reason.RESOLVED, Said.UP)]


def test_rule_08_one_contact_and_both_lost_in_turns_is_at_last_degraded() -> None:
    scene = Trunk(TELLING).settle()
    begin = scene.now

    scene.lose_one(20)
    for _ in range(4):
        scene.lose_both(20).get_back(A, 20)

    assert beliefs(scene) == {Check.REACHABILITY: UP, CONTACTS: DEGRADED}
    assert scene.state(TRUNK, CONTACTS).since == begin
    assert (Reason.OPENED, Said.DEGRADED) in scene.told()


def test_an_endpoint_that_is_down_and_up_again_and_again_has_one_flapping_told_not_two() -> None:
    scene = Trunk(TELLING).settle()

    for _ in range(8):
        scene.lose_both(15).get_back(A, 0).get_back(B, 15)

    assert [reason for reason, _ in scene.told()].count(Reason.FLAPPING) == 1


def test_a_phone_that_may_have_more_contacts_and_loses_its_only_one_has_no_such_check() -> None:
    scene = Trunk(PLAIN).settle()
    scene.see(settings(phone(101), max_contacts=3))

    scene.lose(phone(101))
    scene.truth[phone(101)] = DOWN
    scene.go_on(400)

    assert scene.belief(phone(101)) is DOWN
    assert (phone(101), CONTACTS) not in scene.db.states


def test_a_phone_that_registers_anew_from_elsewhere_has_no_such_check() -> None:
    scene = Trunk(PLAIN).settle()
    scene.contact(phone(101), REACHABLE, A)

    scene.contact(phone(101), ContactStatus.CREATED, B)
    scene.contact(phone(101), REMOVED, A)
    scene.contact(phone(101), REACHABLE, B)
    scene.go_on(120)

    assert (phone(101), CONTACTS) not in scene.db.states


def test_both_lost_at_once_are_one_fall() -> None:
    scene = Trunk(PLAIN).settle().lose_both()

    assert scene.transitions(TRUNK) == [UP, DOWN]


def test_a_phone_with_one_contact_is_up_or_down() -> None:
    scene = Trunk(PLAIN).settle()
    scene.contact(phone(101), REACHABLE)
    scene.contact(phone(101), UNREACHABLE)
    assert scene.state(phone(101)).pending is None

    scene.event(phone(101), DOWN)
    assert scene.state(phone(101)).pending is DOWN


def test_of_several_contacts_of_which_no_event_spoke_one_is_lost() -> None:
    scene = Trunk(PLAIN).settle()
    scene.see(settings(phone(101), max_contacts=3))

    scene.contact(phone(101), UNREACHABLE)
    scene.go_on(400)

    assert scene.state(phone(101), CONTACTS).belief is DEGRADED
    assert scene.state(phone(101), CONTACTS).reason == "1 contact unreachable"


def test_a_contact_that_comes_and_goes_is_no_flapping_to_somebody_who_does_not_want_to_hear_of_it() -> None:
    is_flapping = []
    for conf in (PLAIN, TELLING):
        scene = Trunk(conf).settle()
        for _ in range(6):
            scene.lose_one(10).get_back(B, 10)
        is_flapping.append(scene.state(TRUNK, CONTACTS).is_flapping)

    assert is_flapping == [False, True]


def test_degraded_at_first_sight_counts_as_seen() -> None:
    scene = Trunk(PLAIN)
    scene.see(settings(phone(101), max_contacts=2))
    truth = {phone(101): UP}
    scene.snapshot({})
    scene.contact(phone(101), UNREACHABLE)
    scene.live(600, truth)

    assert scene.state(phone(101)).ever_up


# ---------------------------------------------------------------- what events did not tell


def test_a_snapshot_that_shows_it_online_after_both_were_lost_knows_nothing_of_contacts() -> None:
    scene = Trunk(PLAIN).settle().lose_both()
    scene.truth[TRUNK] = UP

    scene.go_on(120)

    assert (scene.belief(TRUNK), scene.state(TRUNK).remark) == (UP, "")


@pytest.mark.parametrize("gap", [3.0, 600.0])
def test_it_outlives_a_restart_of_healthmon_and_ends_by_an_event(gap: float) -> None:
    scene = Trunk(TELLING).settle().lose_one().restart_as_trunk(gap)
    scene.go_on(3000)
    assert (scene.state(TRUNK, CONTACTS).belief, scene.state(TRUNK, CONTACTS).reason) == (
        DEGRADED,
        "1 of 2 contacts unreachable",
    )
    assert scene.told() == []

    scene.get_back(B)
    assert scene.told() == [(Reason.RESOLVED, Said.UP)]


def test_what_was_about_to_be_believed_is_after_a_restart_of_healthmon() -> None:
    scene = Trunk(PLAIN).settle().lose_one(5).restart_as_trunk(3)

    scene.go_on(120)

    assert scene.state(TRUNK, CONTACTS).belief is DEGRADED


def stops(scene: Trunk) -> Trunk:
    """healthmon is stopped for a moment."""
    return scene.restart_as_trunk(5)


def loses_the_events(scene: Trunk) -> Trunk:
    """The event stream breaks off for a moment."""
    scene.report(Trouble.CLOSED, channel=Channel.EVENTS)
    scene.after(3).report(channel=Channel.EVENTS)
    scene.snapshot(scene.truth)
    return scene


@pytest.mark.parametrize("misses_events", [stops, loses_the_events])
def test_when_events_were_missed_it_counts_for_two_hours_more(misses_events: Callable[[Trunk], Trunk]) -> None:
    scene = misses_events(Trunk(PLAIN).settle().lose_one())
    scene.go_on(DOUBTED_FOR - 300)
    assert scene.state(TRUNK, CONTACTS).belief is DEGRADED

    scene.go_on(600)

    assert scene.state(TRUNK, CONTACTS).belief is UP
    assert scene.state(TRUNK, CONTACTS).reason == "nothing was heard of its contacts for long"


def test_what_is_lost_after_that_counts_for_itself() -> None:
    scene = loses_the_events(Trunk(PLAIN).settle().lose_one()).get_back(B)
    scene.lose_one(DOUBTED_FOR + 600)

    assert scene.state(TRUNK, CONTACTS).belief is DEGRADED


def test_what_a_contact_does_while_the_pbx_cannot_be_seen_is_known_afterwards() -> None:
    scene = Trunk(PLAIN).settle()
    scene.report(Trouble.TIMED_OUT)
    scene.after(2)
    scene.contact(TRUNK, UNREACHABLE, B)
    scene.after(2).report()
    scene.snapshot(scene.truth)

    scene.go_on(120)

    assert scene.state(TRUNK, CONTACTS).belief is DEGRADED


def test_a_restart_of_asterisk_makes_everything_new() -> None:
    scene = Trunk(PLAIN).settle().lose_one()

    scene.snapshot(dict.fromkeys(scene.truth, DOWN), startup="boot 2")
    scene.event(TRUNK, UP)
    scene.go_on(300)

    assert scene.state(TRUNK, CONTACTS).belief is UP


def test_a_clock_that_is_set_moves_the_doubt_along() -> None:
    scene = loses_the_events(Trunk(PLAIN).settle().lose_one())

    scene.set_clock(86400)
    scene.go_on(3600)

    assert scene.state(TRUNK, CONTACTS).belief is DEGRADED


# ---------------------------------------------------------------- round trips


@pytest.mark.parametrize(
    ("told", "least"),
    [
        (20, 20),
        (499, 499),
        (500, 0),
        (520, 20),
        (1499, 999),
        (1500, 0),
        (1850, 350),
        (3501, 1),
        (7600, 100),
        (11501, 1),
    ],
)
def test_the_least_that_a_round_trip_can_have_taken(told: float, least: float) -> None:
    assert least_round_trip(told) == least


@pytest.mark.parametrize(
    ("rtt_ms", "health"), [(299.0, UP), (301.0, DEGRADED), (700.0, UP), (850.0, DEGRADED), (None, UP)]
)
def test_a_slow_contact_is_degraded_and_a_repeated_options_is_not_taken_for_slowness(
    rtt_ms: float | None, health: Health
) -> None:
    scene = Trunk(WARNING).settle()

    scene.contact(TRUNK, REACHABLE, A, rtt_ms)
    scene.go_on(120)

    assert (CONTACTS in beliefs(scene)) is (health is DEGRADED)
    assert beliefs(scene).get(CONTACTS, UP) is health


def test_the_next_time_that_is_known_counts() -> None:
    scene = Trunk(WARNING).settle()
    scene.contact(TRUNK, REACHABLE, A, 350.0)
    scene.go_on(120)
    assert scene.state(TRUNK, CONTACTS).reason == "round trip 350 ms, more than 300 ms"

    scene.contact(TRUNK, REACHABLE, A, 40.0)
    scene.go_on(120)

    assert scene.transitions(TRUNK, CONTACTS) == [UP, DEGRADED, UP]


def test_a_slow_contact_that_goes_is_slow_no_more() -> None:
    scene = Trunk(WARNING).settle()
    scene.contact(TRUNK, REACHABLE, A, 350.0)
    scene.go_on(120)

    scene.contact(TRUNK, REMOVED, A)
    scene.go_on(120)

    assert scene.state(TRUNK, CONTACTS).belief is UP


@pytest.mark.parametrize("status", [ContactStatus.CREATED, ContactStatus.NON_QUALIFIED, ContactStatus.UNKNOWN])
def test_a_slow_contact_of_which_asterisk_knows_nothing_yet_after_a_reload_is_slow_until_it_does(
    status: ContactStatus,
) -> None:
    scene = Trunk(WARNING).settle()
    scene.contact(TRUNK, REACHABLE, A, 350.0)
    scene.go_on(120)

    scene.contact(TRUNK, status, A)
    scene.go_on(60)
    scene.contact(TRUNK, REACHABLE, A, 360.0)
    scene.go_on(120)

    assert scene.transitions(TRUNK, CONTACTS) == [UP, DEGRADED]
    scene.contact(TRUNK, REACHABLE, A, 40.0)
    scene.go_on(120)
    assert scene.transitions(TRUNK, CONTACTS) == [UP, DEGRADED, UP]


def test_without_a_limit_nothing_is_too_slow() -> None:
    scene = Trunk(PLAIN).settle()

    scene.contact(TRUNK, REACHABLE, A, 450.0)
    scene.go_on(120)

    assert (TRUNK, CONTACTS) not in scene.db.states


def test_a_reload_with_another_limit_takes_the_slowness_back() -> None:
    scene = Trunk(WARNING).settle()
    scene.contact(TRUNK, REACHABLE, A, 350.0)
    scene.go_on(120)

    scene.reconfigure(config(watches=(replace(PROVIDERS, rtt_warn_ms=400.0), PHONES)))
    scene.go_on(120)

    assert scene.state(TRUNK, CONTACTS).belief is UP
