"""Generated histories: whatever happens in whatever order, some things always hold, and in the end all is right."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.errors import Trouble
from healthmon.model import (
    Channel,
    Check,
    CheckState,
    ContactStatus,
    Health,
    Incident,
    Kind,
    Matcher,
    Observation,
    Question,
    Reason,
    Said,
    Source,
    Target,
    Told,
    Witness,
)
from tests.core.scene import DEGRADED, DOWN, START, UP, Scene, phone, trunk, trunk_settings

TARGETS = [trunk("a"), trunk("b"), phone(101), phone(102)]
TROUBLES = [Trouble.REFUSED, Trouble.TIMED_OUT, Trouble.STARTING, Trouble.DENIED]

BAD = tuple(said for said in Said if said.is_bad)
#: What is told once of an outage at most.
ONCE = (Reason.OPENED, Reason.RESOLVED, Reason.ENDED)

some_target = st.sampled_from(TARGETS)
some_matcher = st.sampled_from([Matcher(), Matcher(endpoints=("PJSIP/trunk-*",)), Matcher(kinds=(Kind.PHONE,))])
some_health = st.sampled_from([UP, DOWN])


class Histories(RuleBasedStateMachine):
    """One PBX with two trunks and two phones; events get lost, and so do Asterisk and healthmon."""

    conf: Config | None = None
    #: The watch sections with ``alert_on = down, degraded``.
    told_of_degraded: frozenset[str] = frozenset()

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(self.conf)
        self.truth: dict[Target, Health] = dict.fromkeys(TARGETS, UP)
        self.boots = 1
        self.transitions_checked = 0
        self.jumps = 0
        self.newest: dict[tuple[Target, str], float] = {}

    # ------------------------------------------------------------ the world

    @rule(seconds=st.sampled_from([0.5, 1, 3, 10, 31, 70, 200, 700]))
    def time_passes(self, seconds: float) -> None:
        self.scene.after(seconds)

    @rule(whom=some_target, health=some_health, noticed=st.booleans())
    def it_changes(self, whom: Target, health: Health, noticed: bool) -> None:
        self.truth[whom] = health
        if noticed and health is DOWN:
            self.scene.lose(whom)
        elif noticed:
            self.scene.contact(whom, ContactStatus.REACHABLE)
            self.scene.event(whom, UP)

    @rule(whom=some_target, health=some_health, ago=st.sampled_from([0.0, 0.0, 1.0, 50.0]))
    def a_stray_event(self, whom: Target, health: Health, ago: float) -> None:
        self.scene.event(whom, health, at=self.scene.now - ago)

    @rule(whom=some_target, health=some_health)
    def a_stray_device_state(self, whom: Target, health: Health) -> None:
        self.scene.device(whom, health)

    @rule(ago=st.sampled_from([0.0, 0.0, 2.0]), missing=st.sets(some_target, max_size=2))
    def a_poll(self, ago: float, missing: set[Target]) -> None:
        listed = {target: health for target, health in self.truth.items() if target not in missing}
        self.scene.snapshot(listed, asked_at=self.scene.now - ago)

    @rule()
    def questions_are_answered(self) -> None:
        self.scene.answer_all(self.truth)

    @rule()
    def questions_are_lost(self) -> None:
        self.scene.questions.clear()

    @rule(trouble=st.sampled_from([None, *TROUBLES]), ago=st.sampled_from([0.0, 8.0]))
    def rest_is_tried(self, trouble: Trouble | None, ago: float) -> None:
        self.scene.report(trouble, alive_at=self.scene.now - ago)

    @rule(trouble=st.sampled_from([None, Trouble.CLOSED, Trouble.SILENT, Trouble.REPLACED]))
    def events_are_tried(self, trouble: Trouble | None) -> None:
        self.scene.report(trouble, channel=Channel.EVENTS)

    @rule()
    def asterisk_restarts(self) -> None:
        self.boots += 1
        self.scene.report(Trouble.REFUSED)
        self.scene.snapshot(dict.fromkeys(TARGETS, DOWN), startup=f"boot {self.boots}")

    @rule(whom=some_target)
    def it_is_removed(self, whom: Target) -> None:
        self.scene.removed(whom)

    @rule(whom=some_target, frequency=st.sampled_from([0.0, 10.0, 60.0]))
    def settings_are_read(self, whom: Target, frequency: float) -> None:
        is_trunk = whom.resource.startswith("trunk")
        self.scene.see(trunk_settings(whom, qualify_frequency=frequency, has_static_contact=is_trunk))

    @rule(frequency=st.sampled_from([0.0, 10.0]))
    def qualify_is_switched(self, frequency: float) -> None:
        changes = {"qualify_frequency": frequency, "has_unqualified_static_contact": not frequency}
        self.scene.see(trunk_settings(TARGETS[0], **changes))

    @rule()
    def messages_are_sent(self) -> None:
        self.scene.deliver()

    @rule(url=st.sampled_from(["oncall/boss", "helpdesk/mail"]))
    def a_channel_fails_or_works_again(self, url: str) -> None:
        self.scene.db.dead_urls ^= {url}

    @rule(gap=st.sampled_from([0.0, 5.0, 600.0]))
    def healthmon_restarts(self, gap: float) -> None:
        sent = self.scene.sent
        self.scene = self.scene.restart(gap=gap)
        self.scene.sent = sent

    @rule(gap=st.sampled_from([11.0, 65.0, 600.0]))
    def healthmon_stands_still(self, gap: float) -> None:
        self.scene.stand_still(gap)

    @rule(what=some_matcher, seconds=st.sampled_from([5.0, 60.0, 900.0]))
    def somebody_wants_silence(self, what: Matcher, seconds: float) -> None:
        self.scene.silence(what, seconds)

    @rule()
    def the_silences_are_ended(self) -> None:
        self.scene.end_silences()

    @rule()
    def somebody_takes_note(self) -> None:
        for incident in self.scene.open():
            self.scene.acknowledge(incident)

    @rule(by=st.sampled_from([-3600.0, 3600.0]))
    def the_clock_is_set(self, by: float) -> None:
        self.check_transitions()
        self.scene.set_clock(by)

    # ------------------------------------------------------------ what always holds

    @invariant()
    def check_transitions(self) -> None:
        """Ordered by ``at``; down and degraded only after the hold, and never on an event's word."""
        for one in self.scene.db.transitions[self.transitions_checked :]:
            key = (one.target, one.check)
            assert one.at >= self.newest.get(key, 0.0), one
            assert one.believed_at >= one.at, one
            if one.after is DOWN and not one.target.is_pbx and one.at > self.newest.get(key, 0.0):
                assert one.believed_at - one.at >= 30, one
            self.newest[key] = one.at
        self.transitions_checked = len(self.scene.db.transitions)

    @invariant()
    def at_most_one_incident_is_open_for_a_check(self) -> None:
        open_now = Counter((one.target, one.check) for one in self.scene.open())
        assert all(count == 1 for count in open_now.values()), open_now

    @invariant()
    def an_incident_is_open_if_and_only_if_it_must_be(self) -> None:
        for (target, check), state in self.scene.db.states.items():
            if target.is_pbx or check not in (Check.REACHABILITY, Check.CONTACTS):
                continue
            eligible = state.kind == "provider" or state.ever_up
            is_bad = state.belief is DOWN or (state.belief is DEGRADED and state.watch in self.told_of_degraded)
            must = (is_bad and eligible) or state.is_flapping
            if any(incident.check == check for incident in self.scene.open(target)) is not must:
                assert state.belief is DOWN, state
                assert not eligible, state

    @invariant()
    def an_outage_begins_at_the_same_moment_in_its_incident_and_in_the_history(self) -> None:
        for incident in self.scene.open():
            state = self.scene.db.states.get((incident.target, incident.check))
            if state is not None and incident.target.is_endpoint and incident.health is DOWN and not incident.flapping:
                assert incident.since == state.since, (incident, state)

    @invariant()
    def all_that_is_believed_is_booked(self) -> None:
        """So a new daemon over the same database goes on where this one stopped."""
        for pbx in self.scene.monitor.known.pbxs.values():
            assert self.scene.db.pbx_states[pbx.name] == pbx.state()
            checks = (check for endpoint in pbx.endpoints.values() for check in endpoint.checks.values())
            for machine in (*pbx.machines, *checks):
                if machine.belief is not None or machine.pending is not None or machine.unknown_because:
                    booked, state = self.scene.db.states[machine.target, machine.check], machine.state()
                    assert _without_what_is_looked_at_again(booked) == _without_what_is_looked_at_again(state)
                    # Those that have left the window since then count no longer.
                    assert (
                        booked.flap_changes[len(booked.flap_changes) - len(state.flap_changes) :] == state.flap_changes
                    )
        watched = {t for pbx in self.scene.monitor.known.pbxs.values() for t in pbx.endpoints}
        assert {key[0] for key in self.scene.db.states if not key[0].is_pbx} <= watched

    @invariant()
    def at_most_one_veil_of_a_check_is_open_and_none_runs_backwards(self) -> None:
        periods = self.scene.db.unknown_periods.values()
        lasting = Counter((period.target, period.check) for period in periods if period.until is None)
        assert all(count == 1 for count in lasting.values()), lasting
        assert all(period.until is None or period.until >= period.since for period in periods)
        unknown_keys = {key for key, state in self.scene.db.states.items() if state.unknown_because}
        if self.scene.db.pbx_states["office"].blind_why:
            unknown_keys.add((Target("office"), Check.REACHABILITY))
        assert set(lasting) == unknown_keys

    # ------------------------------------------------------------ in the end

    def teardown(self) -> None:
        """Everything is steady for long enough: belief and the last word to each reader equal the truth."""
        scene = self.scene
        scene.db.dead_urls.clear()
        scene.db.quiet_urls.clear()
        for target in TARGETS:
            scene.see(trunk_settings(target, has_static_contact=target.resource.startswith("trunk")))
        scene.report(channel=Channel.EVENTS)
        scene.report()
        scene.questions.append(Question("office", (), wants_snapshot=True))
        for target, health in self.truth.items():
            if health is UP:
                scene.event(target, UP)
        scene.live(1500, self.truth, step=20)
        self.check_transitions()
        for target, health in self.truth.items():
            self.check_in_the_end(target, health)
        for (incident_id, _), told in scene.db.told.items():
            incident = scene.db.incidents[incident_id]
            if incident.is_open and incident.explained_by is None:
                assert told.is_alarmed or self.is_excused(incident, told), (incident, told)
            elif not incident.is_open:
                # What ended without a recovery causes no message, and goes with the next one.
                assert not told.is_alarmed or told.waiting == {(Reason.ENDED, 0)}, (incident, told)
            is_held = incident.is_open and incident.muted_by
            assert is_held or all(reason == "ended" for reason, _ in told.waiting), (incident, told)

        self.check_stories()

    def is_excused(self, incident: Incident, told: Told) -> bool:
        """Whether a URL need not know of an incident that lasts."""
        return False

    def check_stories(self) -> None:
        """No end without a beginning, nothing twice, and of two outages of one thing the first one ends first."""
        said: dict[tuple[str, int], str] = {}
        newest: dict[tuple[str, Target, str], int] = {}
        told: Counter[tuple[str, int, Reason]] = Counter()
        for url, reason, number, what in self.scene.sent:
            if reason is Reason.NOTED:
                # An event, and no outage.
                continue
            incident, before = self.scene.db.incidents[number], said.get((url, number))
            told[url, number, reason] += 1
            assert told[url, number, reason] == 1 or reason not in ONCE, (url, reason, incident)
            assert what != Said.UP or before in BAD, (url, reason, incident)
            thing = (url, incident.target, incident.check)
            other = newest.get(thing, number)
            is_first_over = other == number or said[url, other] not in BAD or self.ended_with_another(url, other)
            assert is_first_over or what not in BAD, (url, reason, incident)
            said[url, number], newest[thing] = what, number

    def ended_with_another(self, url: str, number: int) -> bool:
        """Whether a message told that it is over without a line of its own: without a recovery the same lasts again."""
        told = self.scene.db.told[number, url]
        return (Reason.ENDED, 0) in told.booked - told.waiting

    def check_in_the_end(self, target: Target, health: Health) -> None:
        state = self.scene.db.states.get((target, Check.REACHABILITY))
        if state is None:
            # Removed, and still offline: nobody watches it.
            assert health is DOWN
            return
        seen = (state.belief, state.pending, state.unknown_because, state.is_flapping)
        assert seen == (health, None, "", False), state
        assert bool(self.scene.open(target)) is (health is DOWN and (state.kind == "provider" or state.ever_up))


Histories.TestCase.settings = settings(
    max_examples=300, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


def _without_what_is_looked_at_again(state: CheckState) -> CheckState:
    """After a restart it is not known whether it is in use; that makes the hold longer."""
    return replace(state, flap_changes=(), pending_hold=0.0, pending_hold_why="")


TestHistories = Histories.TestCase


def test_a_history_without_events_is_right_too() -> None:
    scene = Scene()
    truth = {trunk("a"): UP, phone(101): UP}
    scene.live(120, truth)
    truth[trunk("a")] = DOWN
    scene.live(300, truth)
    assert scene.belief(trunk("a")) is DOWN
    truth[trunk("a")] = UP
    scene.live(300, truth)

    assert scene.belief(trunk("a")) is UP
    assert scene.open() == []


def test_the_first_observation_may_be_an_answer() -> None:
    scene = Scene()
    scene.snapshot({})

    scene.see(Observation(trunk("a"), UP, START, Source.ANSWER, Witness.ENDPOINT))

    assert scene.belief(trunk("a")) is UP
