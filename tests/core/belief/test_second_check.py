"""A check on demand: what Asterisk has just lost it checks again at once, where its manager interface can be asked."""

from __future__ import annotations

from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.shared import Hold
from healthmon.core.belief.storms import MOST_A_SECOND, MOST_FALLS
from healthmon.errors import Trouble
from healthmon.model import (
    Channel,
    ContactStatus,
    Observation,
    Question,
    RegistrationList,
    Source,
    Target,
    Witness,
)
from tests.core.scene import (
    DOWN,
    PHONES,
    PROVIDERS,
    UNKNOWN,
    UP,
    Scene,
    config,
    pbx_config,
    phone,
    settings,
    trunk,
    trunk_settings,
)

TRUNK = trunk()
#: Checked once a minute; the next check would have failed for certain after 65 s.
ONCE_A_MINUTE = trunk_settings(TRUNK, qualify_frequency=60.0)


class Office(Scene):
    """A PBX whose manager interface can be asked."""

    def manager(self, trouble: Trouble | None = None) -> None:
        self.report(trouble, channel=Channel.MANAGER)

    def take_up(self, target: Target = TRUNK, at: float | None = None) -> None:
        """Asterisk has accepted PJSIPQualify."""
        when = self.now if at is None else at
        self.see(Observation(target, UNKNOWN, when, Source.ANSWER, Witness.QUALIFY, "Endpoint found, will qualify"))

    @property
    def to_check(self) -> list[Target]:
        """Those that Asterisk was to be asked to check at once."""
        return [target for question in self.questions if is_on_demand(question) for target in question.targets]

    @property
    def hold(self) -> float:
        return self.state(TRUNK).pending_hold


def is_on_demand(question: Question) -> bool:
    return question.asked_by is Channel.MANAGER and question.check == "reachability" and bool(question.targets)


def with_manager(*, down_after: float = 30, exact: bool = False) -> Config:
    hold = Hold(down_after, 10, down_after, down_after_exact=exact)
    phones = replace(PHONES, hold=hold)
    return config(pbx_config(ami="tcp://127.0.0.1:5038"), watches=(replace(PROVIDERS, hold=hold), phones))


def office(conf: Config | None = None, *others: Target) -> Office:
    scene = Office(conf or with_manager())
    scene.see(ONCE_A_MINUTE, *(replace(ONCE_A_MINUTE, target=other) for other in others))
    scene.manager()
    scene.snapshot({TRUNK: UP, **dict.fromkeys(others, UP)})
    scene.after(1)
    return scene


def test_rule_09_a_lost_trunk_is_checked_at_once_and_believed_down_after_its_own_hold() -> None:
    scene = office()
    scene.lose(TRUNK)
    lost_at = scene.now
    assert scene.hold == 65

    scene.after(0.5)
    assert scene.to_check == [TRUNK]
    scene.take_up()
    assert scene.hold == 65, "that was too early to count"
    scene.after(25.5)
    assert scene.to_check == [TRUNK, TRUNK]
    scene.take_up()
    assert scene.hold == 30
    scene.live(3.5, {TRUNK: DOWN}, step=0.5)
    assert scene.belief(TRUNK) is UP
    scene.live(1, {TRUNK: DOWN}, step=0.5)

    assert scene.belief(TRUNK) is DOWN
    assert scene.state(TRUNK).believed_at - lost_at <= 30.5


def test_rule_09_what_is_away_for_a_moment_answers_before_it_is_believed_down() -> None:
    scene = office()
    scene.lose(TRUNK)
    scene.after(0.5)
    scene.take_up()
    # It does not answer that one, either, and is back ten seconds later; the next check of Asterisk's own is far.
    scene.after(25.5)
    scene.take_up()

    scene.contact(TRUNK, ContactStatus.REACHABLE)
    scene.event(TRUNK, UP)
    scene.live(120, {TRUNK: UP})

    assert scene.transitions(TRUNK) == [UP]


def test_rule_09_a_check_that_is_not_taken_up_in_time_counts_later() -> None:
    scene = office()
    scene.lose(TRUNK)
    scene.after(40)

    scene.take_up()
    assert scene.hold == 44
    scene.live(5, {TRUNK: DOWN}, step=0.5)

    assert scene.belief(TRUNK) is DOWN


def test_rule_09_a_hold_shorter_than_the_check_waits_for_its_result() -> None:
    scene = office(with_manager(down_after=1))
    scene.lose(TRUNK)
    scene.after(0.5)

    scene.take_up()
    assert (scene.hold, scene.state(TRUNK).pending_hold_why) == (4.5, "Asterisk was asked to check it again")
    scene.after(3)
    # That it is offline was so before the second check could fail.
    scene.answer(TRUNK, DOWN)
    assert scene.belief(TRUNK) is UP
    scene.after(1)
    scene.answer(TRUNK, DOWN)

    assert scene.belief(TRUNK) is DOWN


def test_rule_09_what_answers_the_second_check_was_never_down() -> None:
    scene = office()
    scene.lose(TRUNK)
    scene.after(0.5)
    scene.take_up()

    scene.contact(TRUNK, ContactStatus.REACHABLE)
    scene.event(TRUNK, UP)
    scene.questions.clear()
    scene.after(120)

    assert scene.transitions(TRUNK) == [UP]
    assert scene.to_check == []


def test_rule_09_a_second_check_says_nothing_of_a_later_outage() -> None:
    scene = office()
    scene.lose(TRUNK)
    scene.after(0.5)
    scene.take_up()
    scene.event(TRUNK, UP)
    scene.after(5)
    scene.questions.clear()

    scene.lose(TRUNK)

    assert scene.hold == 65
    scene.take_up(at=scene.now - 5)
    assert scene.hold == 65
    scene.after(0.5)
    assert scene.to_check == [TRUNK]


def test_rule_09_what_asterisk_does_not_take_up_waits_for_its_next_check() -> None:
    scene = office()
    scene.lose(TRUNK)

    scene.live(60, {TRUNK: DOWN})
    assert scene.belief(TRUNK) is UP
    scene.live(10, {TRUNK: DOWN})

    assert scene.belief(TRUNK) is DOWN
    assert scene.to_check == []


def test_rule_09_nothing_is_asked_where_a_check_on_demand_would_not_make_it_quicker() -> None:
    for conf in (with_manager(exact=True), with_manager(down_after=90)):
        scene = office(conf)
        scene.lose(TRUNK)
        scene.after(5)

        assert scene.to_check == []


def test_rule_09_what_is_not_qualified_or_has_a_name_that_asterisk_cannot_check_is_not_asked_about() -> None:
    odd, other = Target("office", "PJSIP", "trunk-büro"), trunk("b")
    scene = office(None, odd, other)
    scene.see(trunk_settings(other, qualify_frequency=0.0))

    for target in (odd, other):
        scene.lose(target)
    scene.after(5)

    assert scene.to_check == []


def test_rule_09_what_has_no_contact_left_is_not_asked_about() -> None:
    other = trunk("b")
    scene = office()
    scene.see(settings(other, has_outbound_auth=True))
    scene.snapshot({TRUNK: UP, other: UP})
    scene.contact(other, ContactStatus.REACHABLE)

    scene.contact(other, ContactStatus.REMOVED)
    scene.event(other, DOWN)
    scene.after(5)
    assert scene.to_check == []
    scene.contact(other, ContactStatus.REACHABLE)
    scene.event(other, UP)
    scene.lose(other)
    scene.after(5)

    assert scene.to_check == [other]


def test_rule_09_devices_are_not_asked_about_for_they_are_told_with_their_site() -> None:
    scene = office()
    scene.see(settings(phone()))
    scene.snapshot({TRUNK: UP, phone(): UP})
    scene.lose(phone())
    scene.after(5)

    assert scene.to_check == []


def test_rule_09_without_a_manager_interface_nothing_is_asked_and_nothing_is_planned() -> None:
    scene = Office(config())
    scene.see(ONCE_A_MINUTE)
    scene.snapshot({TRUNK: UP})
    scene.lose(TRUNK)
    due = scene.monitor.next_deadline()

    scene.after(5)

    assert (scene.to_check, due) == ([], scene.now - 5 + 65)


def test_rule_09_in_a_storm_nothing_is_checked_on_demand() -> None:
    trunks = [trunk(str(number)) for number in range(100, 100 + MOST_FALLS + 1)]
    scene = office(None, *trunks)

    for one in trunks:
        scene.lose(one)
        scene.after(0.01)
    scene.lose(TRUNK)
    scene.after(5)

    assert scene.to_check == []
    # It is over when so few fall as is usual.
    scene.after(10)
    scene.event(TRUNK, UP)
    scene.after(1)
    scene.lose(TRUNK)
    scene.after(0.5)
    assert scene.to_check == [TRUNK]


def test_rule_09_so_many_a_second_are_checked_on_demand_at_most() -> None:
    trunks = [trunk(str(number)) for number in range(100, 100 + MOST_FALLS)]
    scene = office(None, *trunks)

    for one in trunks:
        scene.lose(one)
    scene.after(0.5)
    assert scene.to_check == trunks[:MOST_A_SECOND]
    scene.after(0.9)
    assert len(scene.to_check) == MOST_A_SECOND
    scene.after(0.2)

    assert scene.to_check == trunks


def test_rule_09_while_the_manager_interface_cannot_be_asked_a_check_waits_for_it() -> None:
    scene = office()
    scene.manager(Trouble.REFUSED)
    scene.lose(TRUNK)
    scene.after(5)
    assert scene.to_check == []

    scene.manager()
    scene.after(0.1)

    assert scene.to_check == [TRUNK]


def test_rule_09_a_pbx_that_cannot_be_seen_for_a_moment_has_it_checked_afterwards() -> None:
    scene = office()
    scene.lose(TRUNK)
    scene.report(Trouble.REFUSED)
    scene.after(1)
    assert scene.to_check == []

    scene.snapshot({TRUNK: DOWN})
    scene.manager()
    scene.after(0.5)

    assert scene.to_check == [TRUNK]


def test_rule_09_after_a_restart_of_healthmon_it_is_checked_again() -> None:
    scene = office()
    scene.lose(TRUNK)
    scene.after(0.5)
    scene.take_up()

    later = scene.restart()
    assert isinstance(later, Scene)
    later.snapshot({TRUNK: DOWN})
    later.report(channel=Channel.MANAGER)
    later.after(0.1)

    assert [question.targets for question in later.questions if is_on_demand(question)] == [(TRUNK,)]
    assert later.state(TRUNK).pending_hold == 65


def test_rule_09_a_registration_that_was_looked_at_confirms_no_outage_of_its_endpoint() -> None:
    scene = office()
    scene.lose(TRUNK)
    scene.after(70)

    scene.see(RegistrationList("office", scene.now, frozenset({TRUNK})))
    scene.see(Observation(TRUNK, UP, scene.now, Source.SNAPSHOT, Witness.MANAGER, "registered", check="registration"))

    assert scene.belief(TRUNK) is UP
