"""A site has a hold of its own: it is believed before its devices are, if a snapshot confirms them (decision 57)."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.shared import Hold
from healthmon.config.sections.watch import WatchConfig
from healthmon.errors import Trouble
from healthmon.model import ContactStatus, Kind, Matcher, Place, Reason, Target
from tests.core.grouping.test_causes import BRANCH, FORTY, HOME, NETWORK, TRUNKS, TWO_SITES, Town, phones, site
from tests.core.scene import DOWN, UP, config, phone, settings, trunk, trunk_settings

#: Phones may be away for three minutes; providers for half of one.
WATCHES = (
    WatchConfig("providers", ("PJSIP/trunk-*",), hold=Hold(30, 10, 30), receivers=("oncall",)),
    WatchConfig("phones", ("PJSIP/*",), hold=Hold(180, 20, 180), receivers=("oncall",)),
)
#: How long it takes until a second check of a phone that is checked once a minute has surely failed (seconds).
TWO_CHECKS = 65.0
#: A question is answered within a second, and what is told then is sent within another.
MOMENT = 3.0


def patient(**changes: object) -> Config:
    return replace(config(watches=WATCHES), **changes)


def town_of(places: dict[Target, str], conf: Config | None = None, *, qualify: float = 60.0) -> Town:
    """Everything is up; phones are checked so often."""
    town = Town(conf or patient()).settle(places)
    have_checked(town, [target for target in places if not target.resource.startswith("trunk")], qualify)
    return town


def have_checked(town: Town, targets: Iterable[Target], qualify: float) -> None:
    for target in targets:
        read = trunk_settings if target.resource.startswith("trunk") else settings
        places = (Place(town.places[target]),)
        town.see(read(target, read_at=town.now, qualify_frequency=qualify, qualify_timeout=3.0, places=places))


def wait_told(town: Town, how_many: int, most: float) -> float:
    """Let time pass until so many messages were sent; return how long that took."""
    begun = town.now
    while len(town.sent) < how_many:
        town.go_on(1)
        assert town.now <= begun + most, town.told()
    return town.now - begun


def restarted(town: Town, gap: float = 5.0) -> Town:
    """healthmon is restarted."""
    again = Town(town.config, town.db, town.now + gap)
    again.truth, again.places, again.startup_time, again.sent = town.truth, town.places, town.startup_time, town.sent
    return again


DOWN_TOLD, UP_TOLD = (Reason.OPENED, str(site()), "down"), (Reason.RESOLVED, str(site()), "up")


# ---------------------------------------------------------------- sooner than its devices


def test_a_site_is_told_after_two_checks_and_not_after_the_hold_of_its_phones() -> None:
    town = town_of({**TWO_SITES, **TRUNKS})

    town.die(FORTY)
    waited = wait_told(town, 1, 180.0)

    assert TWO_CHECKS <= waited <= TWO_CHECKS + MOMENT
    assert town.told() == [DOWN_TOLD]
    incident = town.incident_of(site())
    assert (incident.kind, incident.down, incident.of) == (Kind.SITE, 40, 40)
    assert all(town.belief(target) is UP for target in FORTY)


def test_it_explains_its_phones_later_and_its_end_is_told_once() -> None:
    town = town_of(TWO_SITES)
    town.die(FORTY)
    town.go_on(240)

    assert town.told() == [DOWN_TOLD]
    number = town.incident_of(site()).id
    assert {town.incident_of(target).explained_by for target in FORTY} == {number}
    assert (town.incident_of(site()).down, town.incident_of(site()).of) == (40, 40)

    town.come_back(FORTY)
    town.go_on(100)

    assert town.told() == [DOWN_TOLD, UP_TOLD]
    assert not town.open()


def test_it_is_over_when_its_phones_are_back_before_they_were_believed_down() -> None:
    town = town_of(TWO_SITES)
    town.die(FORTY)
    wait_told(town, 1, 100.0)

    town.go_on(20)
    back_at = town.now
    town.come_back(FORTY)
    waited = wait_told(town, 2, 100.0)

    assert town.told() == [DOWN_TOLD, UP_TOLD]
    assert 20 <= waited <= 20 + MOMENT
    assert town.incident_of(site()).closed_at == pytest.approx(back_at, abs=1.0)
    assert [one.target for one in town.db.incidents.values()] == [site()]


def test_phones_that_are_up_for_a_moment_do_not_end_it() -> None:
    town = town_of(TWO_SITES, qualify=10.0)
    town.die(FORTY)
    wait_told(town, 1, 100.0)

    for _ in range(3):
        town.come_back(FORTY)
        town.go_on(8)
        town.die(FORTY)
        town.go_on(8)

    assert town.told() == [DOWN_TOLD]
    assert town.open(site())


def test_phones_that_were_back_for_a_moment_are_counted_at_once_when_they_are_lost_again() -> None:
    town = town_of(TWO_SITES, qualify=10.0)
    town.die(FORTY)
    wait_told(town, 1, 100.0)

    town.come_back(FORTY)
    town.go_on(5)
    town.die(FORTY[:30])
    town.go_on(1)

    assert (town.incident_of(site()).down, town.incident_of(site()).of) == (30, 40)
    assert town.told() == [DOWN_TOLD]


def test_who_is_left_pending_when_a_site_is_over_is_told_after_its_own_hold() -> None:
    town = town_of(TWO_SITES)
    town.die(FORTY)
    wait_told(town, 1, 100.0)

    town.come_back(FORTY[1:])
    town.go_on(200)

    assert town.told() == [DOWN_TOLD, UP_TOLD, (Reason.OPENED, str(phone(101)), "down")]
    assert town.incident_of(phone(101)).explained_by is None


@pytest.mark.parametrize(("down_after", "told_after"), [(30.0, 35.0), (100.0, 100.0), (3600.0, 180.0)])
def test_the_option_says_how_long_but_no_check_is_too_few_and_no_hold_is_outlasted(
    down_after: float, told_after: float
) -> None:
    town = town_of(TWO_SITES, patient(site_down_after=down_after), qualify=30.0)

    town.die(FORTY)

    assert told_after <= wait_told(town, 1, 200.0) <= told_after + MOMENT
    assert town.told() == [DOWN_TOLD]


def test_phones_that_asterisk_does_not_check_have_their_own_hold_alone() -> None:
    town = town_of(TWO_SITES, qualify=0.0)

    town.die(FORTY)

    assert wait_told(town, 1, 200.0) >= 180


def test_phones_that_are_seen_one_after_the_other_within_a_cycle_are_one_message_that_counts_all() -> None:
    town = town_of(TWO_SITES)
    for target in FORTY:
        town.die([target])
        town.go_on(1.5)

    # Twelve of them are enough; the last one was seen down a minute after the first.
    assert wait_told(town, 1, 100.0) <= TWO_CHECKS + MOMENT
    assert (town.incident_of(site()).down, town.incident_of(site()).of) == (40, 40)
    town.go_on(300)
    assert town.told() == [DOWN_TOLD]


# ---------------------------------------------------------------- how many, and when


@pytest.mark.parametrize(
    ("standing", "fallen", "is_site"), [(30, 3, False), (30, 8, False), (30, 9, True), (4, 2, False), (4, 3, True)]
)
def test_three_at_least_and_the_share(standing: int, fallen: int, is_site: bool) -> None:
    all_of_it = phones(101, 100 + standing)
    town = town_of(dict.fromkeys(all_of_it, HOME))

    town.die(all_of_it[:fallen])
    town.go_on(150)

    assert town.told() == ([DOWN_TOLD] if is_site else [])


def test_one_by_one_over_an_hour_is_no_site() -> None:
    patience = tuple(replace(watch, hold=Hold(7200, 10, 7200)) for watch in WATCHES)
    town = town_of(dict.fromkeys(phones(101, 120), HOME), patient(watches=patience))

    for target in phones(101, 112):
        town.die([target])
        town.go_on(300)

    assert not town.db.incidents


def test_nothing_is_told_when_the_snapshot_disagrees() -> None:
    town = town_of(TWO_SITES, qualify=30.0)
    town.go_on(10)
    town.die(FORTY)
    town.go_on(5)
    # They are back, and the events that tell so were lost.
    town.truth.update(dict.fromkeys(FORTY, UP))
    town.go_on(31)

    assert not town.db.incidents
    assert {town.state(target).pending for target in FORTY} == {None}


def test_what_may_only_not_have_been_checked_is_no_site() -> None:
    """Qualify was switched on: Asterisk calls all of them offline until their first check."""
    town = town_of(TWO_SITES)
    town.go_on(10)
    for target in FORTY:
        town.truth[target] = DOWN
        town.event(target, DOWN)
        town.device(target, DOWN)
    town.after(TWO_CHECKS)
    asked = [question for question in town.questions if question.wants_snapshot]

    assert any(question.settings_first for question in asked)
    town.snapshot(town.truth)
    town.after(5)
    assert not town.open(site())


# ---------------------------------------------------------------- what changes again and again, what is silenced


def test_a_site_that_falls_again_must_be_down_for_longer() -> None:
    town = town_of(TWO_SITES, qualify=10.0)
    town.die(FORTY)
    assert wait_told(town, 1, 100.0) <= 30 + MOMENT
    town.come_back(FORTY)
    wait_told(town, 2, 100.0)

    town.die(FORTY)

    assert 3 * 30 <= wait_told(town, 3, 200.0) <= 3 * 30 + MOMENT


def test_silenced_phones_make_no_site_until_the_silence_is_over() -> None:
    town = town_of(TWO_SITES)
    town.silence(Matcher(sites=(HOME,)), 3600)
    town.die(FORTY)
    town.go_on(250)
    assert not town.told()

    town.end_silences()
    town.go_on(30)
    assert town.told() == [DOWN_TOLD]


# ---------------------------------------------------------------- restarts, and what cannot be seen


def test_a_restart_of_healthmon_before_a_site_is_believed_tells_it_once() -> None:
    town = town_of(TWO_SITES)
    town.die(FORTY)
    town.go_on(40)

    again = restarted(town)
    again.go_on(10)
    assert not again.told()
    again.go_on(300)

    assert again.told() == [DOWN_TOLD]


def test_a_restart_of_healthmon_while_the_phones_are_pending_tells_nothing_twice() -> None:
    town = town_of(TWO_SITES)
    town.die(FORTY)
    wait_told(town, 1, 100.0)

    again = restarted(town)
    again.go_on(20)
    assert (again.incident_of(site()).down, again.told()) == (40, [DOWN_TOLD])
    again.come_back(FORTY)
    again.go_on(100)

    assert again.told() == [DOWN_TOLD, UP_TOLD]
    assert [one.target for one in again.db.incidents.values()] == [site()]


def test_a_restart_of_healthmon_between_believing_and_telling_tells_it_once() -> None:
    town = town_of(TWO_SITES)
    town.db.dead_urls.add("oncall/boss")
    town.die(FORTY)
    town.go_on(TWO_CHECKS + MOMENT)
    assert town.open(site())

    again = restarted(town)
    again.db.dead_urls.clear()
    again.go_on(300)

    assert again.told() == [DOWN_TOLD]


def test_what_fell_while_healthmon_was_restarted_fell_with_the_others() -> None:
    town = town_of(TWO_SITES)
    for target in FORTY[:30]:
        town.die([target])
        town.go_on(2)

    # The last ten are seen down 75 s after the first, more than one cycle of checks later.
    town.truth.update(dict.fromkeys(FORTY, DOWN))
    again = restarted(town, gap=15.0)
    again.go_on(300)

    assert again.told() == [DOWN_TOLD]
    assert (again.incident_of(site()).down, again.incident_of(site()).of) == (40, 40)


def test_time_in_which_nothing_was_seen_does_not_count() -> None:
    town = town_of(TWO_SITES)
    town.die(FORTY)
    town.go_on(30)

    town.report(Trouble.REFUSED, alive_at=town.now)
    town.after(12)
    town.report()
    town.snapshot(town.truth)
    town.go_on(30)
    assert not town.open(site())

    town.go_on(10)
    assert town.open(site())


def test_a_restart_of_asterisk_makes_no_site_fall() -> None:
    town = town_of(TWO_SITES)

    town.startup_time = "boot 2"
    town.truth.update(dict.fromkeys(FORTY, DOWN))
    town.snapshot(town.truth)
    town.go_on(110)
    town.come_back(FORTY)
    town.go_on(100)

    assert not town.db.incidents


def test_a_restart_of_asterisk_does_not_end_a_site_whose_phones_are_pending() -> None:
    town = town_of(TWO_SITES)
    town.die(FORTY)
    wait_told(town, 1, 100.0)

    town.startup_time = "boot 2"
    town.snapshot(town.truth)
    town.go_on(60)
    assert (town.told(), town.incident_of(site()).down) == ([DOWN_TOLD], 40)

    town.come_back(FORTY)
    town.go_on(100)
    assert town.told() == [DOWN_TOLD, UP_TOLD]


# ---------------------------------------------------------------- the line to the world wins


def test_a_cut_line_is_one_message_though_sites_are_known_before_the_providers() -> None:
    town = town_of({**TWO_SITES, **TRUNKS}, qualify=10.0)
    have_checked(town, TRUNKS, 60.0)

    # Asterisk notices the phones at once, and the providers when it asks them next.
    town.die([*FORTY, *phones(201, 210)])
    town.go_on(50)
    town.die(TRUNKS)
    town.go_on(200)

    assert town.told() == [(Reason.OPENED, str(NETWORK), "down")]


def test_a_site_is_told_once_the_providers_were_asked() -> None:
    town = town_of({**TWO_SITES, **TRUNKS}, qualify=10.0)
    have_checked(town, TRUNKS, 60.0)

    town.die(FORTY)

    assert 63 <= wait_told(town, 1, 100.0) <= 63 + MOMENT
    assert town.told() == [DOWN_TOLD]


def test_most_sites_at_once_are_one_message_where_no_provider_is_known() -> None:
    places = {target: f"203.0.113.{number % 5}" for number, target in enumerate(phones(101, 150))}
    town = town_of(places)

    for target in places:
        town.die([target])
        town.go_on(1)
    town.go_on(300)

    assert town.told() == [(Reason.OPENED, str(NETWORK), "down")]
    town.come_back(places)
    town.go_on(100)
    assert town.told()[1:] == [(Reason.RESOLVED, str(NETWORK), "up")]
    assert not town.open()


def test_a_phone_that_comes_back_elsewhere_is_back() -> None:
    town = town_of({**TWO_SITES, trunk("a"): "192.0.2.1"})
    town.die(FORTY)
    wait_told(town, 1, 100.0)

    town.places.update(dict.fromkeys(FORTY, BRANCH))
    town.come_back(FORTY)
    for target in FORTY:
        town.contact(target, ContactStatus.REMOVED, f"sip:{target.resource}@{HOME}:5060")
    town.go_on(60)

    assert town.told() == [DOWN_TOLD, UP_TOLD]
    assert not town.open()


def test_a_restart_within_the_hold_of_a_site_tells_of_all_its_phones_at_once() -> None:
    town = town_of(TWO_SITES, qualify=20.0)
    for first in range(0, 40, 10):
        town.die(FORTY[first : first + 10])
        town.go_on(5)

    # Nobody knows any more what was heard of their devices; each must be asked about, and that takes a while.
    town = restarted(town)
    town.snapshot(town.truth)
    for _ in range(60):
        answer_slowly(town)

    assert town.told() == [DOWN_TOLD]
    assert town.incident_of(site()).down == 40


def answer_slowly(town: Town) -> None:
    """A second passes; then snapshots are answered, and single questions after them."""
    questions, town.questions = town.questions, []
    town.after(1.0)
    for question in questions:
        if question.wants_snapshot:
            town.snapshot(town.truth, follows_settings=True)
    for question in questions:
        for target in question.targets:
            town.answer(target, town.truth[target])
    town.deliver()
