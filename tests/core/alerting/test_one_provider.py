"""One provider dies, and several of its checks fall: that is one message (rule 2c)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.core.belief.registration import BACK_WITHIN
from healthmon.errors import Trouble
from healthmon.model import Channel, Check, Health, Incident, Observation, Probe, Reason, SipWay, Source, Witness
from tests.core.scene import (
    DEGRADED,
    DOWN,
    PHONES,
    PROVIDERS,
    START,
    UP,
    Scene,
    config,
    pbx_config,
    trunk,
    trunk_settings,
)

TRUNK = trunk("a")
WAYS = (SipWay("sip:sip.example.net"),)
OK = (UP, "answers 200 OK")
BUSY = (DEGRADED, "answers 503 Service Unavailable")
SILENT = (DOWN, "does not answer our OPTIONS (UDP 192.0.2.1:5060)")
LOST = "not registered at sip.example.net: rejected, or not answered; incoming calls are affected"
UNCHECKED = {"qualify_frequency": 0.0, "has_unqualified_static_contact": True}


class Trunk(Scene):
    """A provider that we register at, and ask by OPTIONS of our own."""

    answers: tuple[Health, str] = OK
    registered, reached = UP, UP
    #: How often it is asked (seconds).
    every = 10
    is_ari_refused = False
    #: Asterisk asks it, too; who is not asked is called online for ever.
    is_checked = True

    def settle(self, **settings: object) -> Trunk:
        """Everything is seen up."""
        self.report(channel=Channel.MANAGER)
        self.see(trunk_settings(TRUNK, **{"ways": WAYS, **settings}))
        self.registers(UP, Source.SNAPSHOT)
        return self.go_on(120)

    def go_on(self, seconds: float) -> Trunk:
        """Time passes; who is asked says how it is, and messages are sent."""
        end = self.now + seconds
        while self.now < end:
            passed = int(self.now - START)
            if passed % 60 == 0:
                self._look()
            if passed % self.every == 0:
                self.probed()
            self.after(1)
            questions, self.questions = self.questions, []
            for question in questions:
                if question.asked_by is Channel.PROBES:
                    self.probed()
                elif question.check == Check.REGISTRATION:
                    self.registers(self.registered, Source.SNAPSHOT)
                elif question.asked_by is Channel.REST and not self.is_ari_refused:
                    self._look()
                    self.answer(TRUNK, self.reached)
            self.deliver()
        return self

    def _look(self) -> None:
        if self.is_ari_refused:
            self.report(Trouble.DENIED)
        else:
            self.snapshot({TRUNK: self.reached})

    def probed(self) -> None:
        """What our OPTIONS find now."""
        health, words = self.answers
        self.see(Observation(TRUNK, health, self.now, Source.ANSWER, Witness.PROBE, words, check=Check.OPTIONS))

    def registers(self, health: Health, source: Source = Source.EVENT) -> None:
        """What the manager interface says of its registration from now on."""
        self.registered = health
        words = LOST if health is DOWN else "registered at sip.example.net"
        self.see(Observation(TRUNK, health, self.now, source, Witness.MANAGER, words, check=Check.REGISTRATION))

    def dies(self) -> Trunk:
        """Nothing comes from it any more; its registration lives until its next refresh."""
        self.answers = SILENT
        if self.is_checked:
            self.reached = DOWN
        return self

    def returns(self) -> Trunk:
        """It answers again."""
        self.answers, self.reached = OK, UP
        return self

    def refuse_us(self) -> Trunk:
        """ARI takes our password no longer."""
        self.is_ari_refused = True
        self.report(Trouble.DENIED)
        return self

    def take_us(self) -> Trunk:
        """ARI takes our password again."""
        self.is_ari_refused = False
        self.report()
        self._look()
        return self

    def told(self) -> list[tuple[Reason, str]]:
        """What anybody was told of the provider, of which check as that is known by now."""
        incidents = self.db.incidents
        return [
            (reason, incidents[number].check) for _, reason, number, _ in self.sent if incidents[number].target == TRUNK
        ]

    def about(self, check: str) -> list[Incident]:
        """The incidents of a check."""
        return [incident for incident in self.db.incidents.values() if incident.check == check]


def probing() -> Config:
    """Providers are asked by us, too, and the manager interface tells of registrations."""
    watches = (replace(PROVIDERS, probe=Probe.AUTO), PHONES)
    return config(pbx_config(ami="tcp://127.0.0.1:5038"), watches=watches)


def unchecked(every: int = 10) -> Trunk:
    """Asterisk does not check it."""
    scene = Trunk(probing())
    scene.every, scene.is_checked = every, False
    return scene.settle(**UNCHECKED)


def checked() -> Trunk:
    """Asterisk checks it each 10 s."""
    return Trunk(probing()).settle()


def unseen() -> Trunk:
    """Asterisk checks it, and ARI refuses our password."""
    return checked().refuse_us().go_on(60)


OF_OPTIONS = (Reason.OPENED, Check.OPTIONS)
OF_REGISTRATION = (Reason.OPENED, Check.REGISTRATION)
END_OF_OPTIONS = (Reason.RESOLVED, Check.OPTIONS)


# ---------------------------------------------------------------- our own OPTIONS speak for its reachability


@pytest.mark.parametrize("scene_of", [unchecked, unseen])
def test_rule_02c_a_provider_that_asterisk_cannot_tell_of_dies_and_that_is_told_once(
    scene_of: Callable[[], Trunk],
) -> None:
    scene = scene_of()
    died_at = scene.now

    scene.dies().go_on(240)
    scene.registers(DOWN)
    scene.go_on(120)
    assert scene.told() == [OF_OPTIONS]
    [options], [registration] = scene.about(Check.OPTIONS), scene.about(Check.REGISTRATION)
    assert registration.explained_by == options.id

    scene.returns().go_on(40)
    scene.registers(UP)
    scene.go_on(300)
    assert scene.told() == [OF_OPTIONS, END_OF_OPTIONS]
    [options] = scene.about(Check.OPTIONS)
    assert options.opened_at == pytest.approx(died_at, abs=10)
    assert options.lasted(scene.now) == pytest.approx(360, abs=10)
    assert scene.open(TRUNK) == []


def test_rule_02c_a_registration_that_falls_first_waits_for_our_own_options_which_are_asked_at_once() -> None:
    scene = unchecked(every=60)
    scene.go_on(5)
    scene.dies()

    scene.registers(DOWN)
    scene.go_on(2)
    assert scene.state(TRUNK, Check.OPTIONS).pending is DOWN, "the next round would be 50 s later"
    scene.go_on(240)

    assert scene.told() == [OF_OPTIONS]


def test_rule_02c_a_registration_that_stays_lost_is_told_when_the_provider_answers_again() -> None:
    scene = unchecked()
    scene.dies().go_on(90)
    scene.registers(DOWN)
    scene.go_on(60)

    scene.returns().go_on(30)
    assert scene.told() == [OF_OPTIONS, END_OF_OPTIONS]
    scene.go_on(BACK_WITHIN)

    assert scene.told() == [OF_OPTIONS, END_OF_OPTIONS, OF_REGISTRATION]


def test_rule_02c_a_registration_that_stays_lost_beside_a_503_is_told_once_it_had_the_time_to_be_back() -> None:
    scene = unchecked()
    scene.dies().go_on(90)
    scene.registers(DOWN)
    scene.go_on(60)

    scene.answers = BUSY
    scene.go_on(60)
    assert OF_REGISTRATION not in scene.told()
    scene.go_on(BACK_WITHIN)

    assert OF_REGISTRATION in scene.told()
    assert [incident.health for incident in scene.open(TRUNK) if incident.check == Check.OPTIONS] == [DEGRADED]


def test_rule_02c_an_answer_503_explains_no_registration() -> None:
    scene = unchecked()
    scene.answers = BUSY
    scene.go_on(90)

    scene.registers(DOWN)
    scene.go_on(60)

    assert scene.told() == [OF_OPTIONS, OF_REGISTRATION]


def test_rule_02c_who_answers_200_and_503_in_turns_explains_no_registration() -> None:
    scene = unchecked()
    for _ in range(8):
        scene.answers = BUSY
        scene.go_on(40)
        scene.answers = OK
        scene.go_on(20)
    assert scene.about(Check.OPTIONS)[-1].flapping

    scene.registers(DOWN)
    scene.go_on(60)

    assert OF_REGISTRATION in scene.told()


def test_rule_02c_our_own_options_explain_nothing_of_a_provider_that_asterisk_reaches() -> None:
    scene = checked()
    scene.answers = SILENT
    scene.go_on(240)

    scene.registers(DOWN)
    scene.go_on(60)

    assert scene.told() == [OF_OPTIONS, OF_REGISTRATION]


# ---------------------------------------------------------------- Asterisk's view is there again


def test_rule_02c_when_asterisk_cannot_reach_it_either_the_outage_goes_on_and_nothing_more_is_told() -> None:
    scene = unseen()
    scene.dies().go_on(240)
    scene.registers(DOWN)
    scene.go_on(60)
    [found] = scene.about(Check.OPTIONS)

    scene.take_us().go_on(120)
    [outage] = scene.about(Check.REACHABILITY)
    assert (outage.id, outage.opened_at) == (found.id, found.opened_at)
    assert outage.cause.startswith("does not answer OPTIONS")
    assert scene.state(TRUNK).since == scene.state(TRUNK, Check.OPTIONS).since
    beside = {incident.check: incident.explained_by for incident in scene.open(TRUNK)}
    assert beside == {
        Check.REACHABILITY: None,
        Check.OPTIONS: outage.id,
        Check.REGISTRATION: outage.id,
    }
    assert scene.told() == [(Reason.OPENED, Check.REACHABILITY)]

    scene.returns().registers(UP)
    scene.go_on(300)
    assert scene.told() == [(Reason.OPENED, Check.REACHABILITY), (Reason.RESOLVED, Check.REACHABILITY)]
    [outage] = scene.about(Check.REACHABILITY)
    assert outage.lasted(scene.now) == pytest.approx(420, abs=20)
    assert scene.open(TRUNK) == []


def test_a_restart_of_healthmon_before_asterisk_is_believed_changes_nothing_of_that() -> None:
    scene = unseen()
    scene.dies().go_on(240)
    [found] = scene.about(Check.OPTIONS)
    scene.take_us().go_on(5)
    assert scene.state(TRUNK).pending is DOWN

    again = Trunk(scene.config, scene.db, scene.now + 5)
    again.report(channel=Channel.MANAGER)
    again.see(trunk_settings(TRUNK, ways=WAYS))
    again.dies().go_on(120)

    [outage] = again.about(Check.REACHABILITY)
    assert (outage.id, outage.opened_at) == (found.id, found.opened_at)
    assert again.told() == []


def test_an_outage_before_ari_refused_us_and_after_it_was_told_by_our_own_options_is_one() -> None:
    scene = checked()
    scene.dies()
    scene.lose(TRUNK)
    scene.refuse_us().go_on(240)
    assert scene.told() == [OF_OPTIONS]

    scene.take_us().go_on(120)

    assert scene.told() == [(Reason.OPENED, Check.REACHABILITY)]


def test_rule_02c_what_our_own_options_explained_is_told_when_asterisk_turns_out_to_reach_it() -> None:
    scene = unseen()
    scene.answers = SILENT
    scene.go_on(240)
    scene.registers(DOWN)
    scene.go_on(60)
    assert scene.told() == [OF_OPTIONS]

    scene.take_us().go_on(60)

    assert scene.told() == [OF_OPTIONS, OF_REGISTRATION]


def test_an_outage_that_asterisk_saw_begin_is_another_than_that_of_our_own_options_before() -> None:
    scene = checked()
    scene.answers = SILENT
    scene.go_on(600)
    assert scene.told() == [OF_OPTIONS]

    scene.reached = DOWN
    scene.lose(TRUNK)
    scene.go_on(90)

    assert scene.told() == [OF_OPTIONS, (Reason.OPENED, Check.REACHABILITY)]
