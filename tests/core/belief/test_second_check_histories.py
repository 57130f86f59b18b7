"""Generated histories with a manager interface: second checks, which alone make belief early, and maintenance mode."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from msgspec.structs import replace

from healthmon.errors import Trouble
from healthmon.model import Channel, Health, MaintenanceList, Observation, Source, Target, Witness
from tests.core.scene import DOWN, PHONES, PROVIDERS, UNKNOWN, config, pbx_config, phone, trunk_settings
from tests.core.test_histories import TARGETS, Histories

#: Every endpoint is checked once a minute, and has 3 s for its answer.
CYCLE, TIMEOUT, HOLD = 65.0, 3.0, 30.0


class SecondCheckHistories(Histories):
    """Asterisk takes up checks on demand, or does not, sooner or later, or never heard of them."""

    conf = config(pbx_config(ami="tcp://127.0.0.1:5038"), watches=(PROVIDERS, replace(PHONES, hold=PROVIDERS.hold)))

    def __init__(self) -> None:
        super().__init__()
        self.taken_up: dict[Target, list[float]] = {target: [] for target in TARGETS}
        self.looked_at = 0
        for target in TARGETS:
            self.settings_are_read(target, 60.0)

    # ------------------------------------------------------------ the world

    @rule(trouble=st.sampled_from([None, None, Trouble.REFUSED, Trouble.TIMED_OUT]))
    def the_manager_is_tried(self, trouble: Trouble | None) -> None:
        self.scene.report(trouble, channel=Channel.MANAGER)

    @rule(whom=st.sampled_from(TARGETS))
    def a_loss_is_checked_again(self, whom: Target) -> None:
        self.the_manager_is_tried(None)
        self.it_changes(whom, DOWN, True)
        self.scene.after(0.6)
        self.checks_are_taken_up(0.0)
        self.scene.after(25.6)
        self.checks_are_taken_up(0.0)

    @rule(ago=st.sampled_from([0.0, 0.0, 1.0, 30.0]))
    def checks_are_taken_up(self, ago: float) -> None:
        asked = [question for question in self.scene.questions if question.asked_by is Channel.MANAGER]
        self.scene.questions = [question for question in self.scene.questions if question not in asked]
        for target in (target for question in asked for target in question.targets):
            self.it_is_taken_up(target, self.scene.now - ago)

    @rule(whom=st.sampled_from(TARGETS), ago=st.sampled_from([0.0, 5.0]))
    def a_stray_check_is_taken_up(self, whom: Target, ago: float) -> None:
        self.it_is_taken_up(whom, self.scene.now - ago)

    def it_is_taken_up(self, whom: Target, at: float) -> None:
        self.taken_up[whom].append(at)
        self.scene.see(Observation(whom, UNKNOWN, at, Source.ANSWER, Witness.QUALIFY, "will qualify"))

    @rule(whom=st.sampled_from(TARGETS), frequency=st.just(60.0))
    def settings_are_read(self, whom: Target, frequency: float) -> None:
        is_trunk = whom.resource.startswith("trunk")
        self.scene.see(trunk_settings(whom, qualify_frequency=frequency, has_static_contact=is_trunk))

    @rule(frequency=st.just(60.0))
    def qualify_is_switched(self, frequency: float) -> None:
        """It always is as it was."""

    @rule(names=st.sets(st.sampled_from([target.resource for target in TARGETS]), max_size=2))
    def maintenance_mode_is_listed(self, names: set[str]) -> None:
        self.scene.see(MaintenanceList("office", self.scene.now, frozenset(names)))

    def teardown(self) -> None:
        """Nothing is in maintenance mode any more, which the next list says."""
        self.scene.report()
        self.scene.snapshot(self.truth)
        self.maintenance_mode_is_listed(set())
        super().teardown()

    # ------------------------------------------------------------ what always holds

    @invariant()
    def what_is_in_maintenance_mode_is_unknown(self) -> None:
        for target, endpoint in self.scene.monitor.known.pbxs["office"].endpoints.items():
            pbx = self.scene.monitor.known.pbxs["office"]
            if endpoint.maintenance_mode and endpoint.word is not None and not pbx.is_blind:
                state = self.scene.state(target)
                assert state.unknown_because == endpoint.maintenance_mode, state

    @invariant()
    def early_belief_rests_on_a_second_check(self) -> None:
        """Either the whole cycle has passed, or a check that was taken up late in this outage had its time-out."""
        transitions = self.scene.db.transitions[self.looked_at :]
        self.looked_at = len(self.scene.db.transitions)
        for change in transitions:
            if change.after is not Health.DOWN or not change.target.is_endpoint or self.has_no_settings(change.target):
                continue
            lasted = change.believed_at - change.at
            begun = change.at + HOLD - TIMEOUT - 1.0
            checked = [at for at in self.taken_up[change.target] if begun <= at <= change.believed_at - TIMEOUT]
            assert lasted >= CYCLE or checked, (change, self.taken_up[change.target])

    def has_no_settings(self, target: Target) -> bool:
        """It was forgotten, and nothing was read of it since then."""
        endpoint = self.scene.monitor.known.endpoint(target)
        return endpoint is None or endpoint.settings is None


SecondCheckHistories.TestCase.settings = settings(
    max_examples=150, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSecondCheckHistories = SecondCheckHistories.TestCase


def test_the_phones_of_these_histories_wait_for_a_whole_cycle() -> None:
    """Else nothing could be early."""
    history = SecondCheckHistories()
    history.scene.snapshot({phone(101): Health.UP})
    history.settings_are_read(phone(101), 60.0)

    assert history.scene.state(phone(101)).down_after == CYCLE
