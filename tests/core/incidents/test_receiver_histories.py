"""Generated histories of two channels: whatever happens, in the end the others know how each of them stands."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from healthmon.model import Kind, Matcher
from tests.core.incidents.test_receivers import BOSS, DESK, MAIL, MINUTE, Outbox, three_urls
from tests.core.scene import Scene

CHANNELS = (BOSS, MAIL)
some_channel = st.sampled_from(CHANNELS)


class ReceiverHistories(RuleBasedStateMachine):
    """Two URLs fail, hang and work again; healthmon restarts, is silenced, reconfigured, and its clock is set."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(three_urls())
        self.outboxes = {url_id: Outbox(self.scene, url_id) for url_id in CHANNELS}
        #: Who is told as long as it is configured; those on call may be gone for a while.
        self.readers = {BOSS, MAIL, DESK}

    # ------------------------------------------------------------ the world

    @rule(seconds=st.sampled_from([1, 10, 60, 130, 400, 700]))
    def time_passes(self, seconds: float) -> None:
        self.scene.after(seconds)

    @rule(channel=some_channel)
    def an_attempt_begins(self, channel: str) -> None:
        self.outboxes[channel].begins()

    @rule(channel=some_channel)
    def an_attempt_fails(self, channel: str) -> None:
        self.outboxes[channel].fails()

    @rule(channel=some_channel)
    def an_attempt_succeeds(self, channel: str) -> None:
        self.outboxes[channel].delivers()

    @rule(channel=some_channel, minutes=st.sampled_from([3, 11, 30]))
    def it_fails_for_long(self, channel: str, minutes: float) -> None:
        self.outboxes[channel].keeps_failing(minutes * MINUTE)

    @rule()
    def messages_are_sent(self) -> None:
        self.scene.deliver()

    @rule(gap=st.sampled_from([0.0, 5.0, 600.0]))
    def healthmon_restarts(self, gap: float) -> None:
        self.scene = self.scene.restart(gap=gap)
        for outbox in self.outboxes.values():
            outbox.scene = self.scene
            if outbox.state.sending_since is not None:
                outbox.ends_in_doubt()
        self.scene.deliveries()

    @rule(what=st.sampled_from([Matcher(), Matcher(kinds=(Kind.RECEIVER,))]), seconds=st.sampled_from([60.0, 900.0]))
    def somebody_wants_silence(self, what: Matcher, seconds: float) -> None:
        self.scene.silence(what, seconds)

    @rule()
    def the_silences_are_ended(self) -> None:
        self.scene.end_silences()

    @rule()
    def somebody_takes_note(self) -> None:
        for incident in self.scene.open():
            self.scene.acknowledge(incident)

    @rule()
    def a_reload_without_those_on_call(self) -> None:
        self.readers = {DESK}
        conf = three_urls()
        self.scene.reconfigure(replace(conf, receivers=conf.receivers[1:]))
        self.scene.deliveries()

    @rule(patience=st.sampled_from([60.0, 600.0, 3600.0]))
    def a_reload(self, patience: float) -> None:
        self.scene.reconfigure(three_urls(receiver_failing_after=patience))
        self.scene.deliveries()

    @rule(by=st.sampled_from([-3600.0, 3600.0]))
    def the_clock_is_set(self, by: float) -> None:
        self.scene.set_clock(by)
        for url_id, url in self.scene.db.urls.items():
            self.outboxes[url_id].state = url

    # ------------------------------------------------------------ what always holds

    @invariant()
    def at_most_one_incident_is_open_for_a_url(self) -> None:
        open_now = Counter(one.target for one in self.scene.open())
        assert all(count == 1 for count in open_now.values()), open_now

    @invariant()
    def only_what_accepted_nothing_since_is_open(self) -> None:
        for one in self.scene.open():
            url = self.scene.db.urls[one.target.resource]
            assert url.last_delivered_at is None or url.last_delivered_at <= one.opened_at, one
            assert url.url_id in self.scene.config.url_ids, one

    @invariant()
    def nobody_is_told_about_itself(self) -> None:
        for booked in self.scene.booked():
            assert booked.url_id != self.scene.db.incidents[booked.incident_id].target.resource

    # ------------------------------------------------------------ in the end

    def teardown(self) -> None:
        """One fails for long, the other works: one incident is open, and everybody believes what is so."""
        scene, failing, works = self.scene, self.outboxes[MAIL], self.outboxes[BOSS]
        scene.reconfigure(three_urls())
        scene.end_silences()
        works.delivers()
        failing.keeps_failing(15 * MINUTE)
        scene.after(MINUTE).deliver()
        scene.after(MINUTE).deliver()

        assert [one.target.resource for one in scene.open()] == [MAIL]
        for (incident_id, url_id), told in scene.db.told.items():
            incident = scene.db.incidents[incident_id]
            assert not told.waiting or all(reason == "ended" for reason, _ in told.waiting)
            if url_id in self.readers and not told.waiting:
                assert told.is_alarmed is incident.is_open, (incident, url_id, told)


ReceiverHistories.TestCase.settings = settings(
    max_examples=200, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestReceiverHistories = ReceiverHistories.TestCase
