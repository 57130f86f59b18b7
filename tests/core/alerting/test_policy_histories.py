"""The same generated histories under every policy at once: hours, quiet, escalation, degraded, reminders, long gone."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.receiver import ReceiverConfig, ReceiverUrl
from healthmon.config.sections.shared import Escalation, Secret
from healthmon.config.sections.watch import LongGone
from healthmon.core.orders.muting import NOT_SINGLY, OUTSIDE_HOURS
from healthmon.model import Check, ContactStatus, Incident, Kind, Reason, Target, Told
from healthmon.times.weekly import Weekly
from tests.core.scene import DOWN, PHONES, PROVIDERS, START, UP, config, phone, trunk
from tests.core.test_histories import TARGETS, Histories

UTC = ZoneInfo("UTC")
CHIEF = "chief/pager"
#: In minutes of the day at which all histories begin.
NOON = int(START % 86400 // 60)
SOFTPHONE = phone(102)


def at_times(*minutes: int) -> tuple[Weekly, ...]:
    """So many minutes after the beginning people come, and so many later they go, …, every day."""
    pairs = zip(minutes[::2], minutes[1::2], strict=True)
    return tuple(Weekly(frozenset(range(7)), NOON + start, NOON + end, UTC) for start, end in pairs)


def every_policy() -> Config:
    """Two trunks that are escalated, a phone with working hours, and a softphone."""
    gone = LongGone(1800.0, NOON + 40, UTC)
    providers = replace(
        PROVIDERS,
        alert_on_degraded=True,
        escalate_to=(Escalation("chief", 300.0),),
        remind_every=(200.0, 600.0),
        long_gone=gone,
    )
    soft = replace(
        PHONES, name="soft", endpoints=("PJSIP/102",), kind=Kind.SOFTPHONE, escalate_to=(Escalation("chief", 60.0),)
    )
    phones = replace(PHONES, working_hours=at_times(0, 5, 12, 30, 45, 300), remind_every=(300.0,), long_gone=gone)
    base = config(watches=(providers, soft, phones))
    chief = ReceiverConfig("chief", (ReceiverUrl(CHIEF, Secret("x://")),))
    return replace(base, receivers=(*base.receivers, chief))


class PolicyHistories(Histories):
    """The world of the plain histories; people set up all that they can."""

    conf = every_policy()
    told_of_degraded = frozenset({"providers"})

    @rule(whom=st.sampled_from(TARGETS), which=st.sampled_from("ab"), is_lost=st.booleans())
    def a_contact_changes(self, whom: Target, which: str, is_lost: bool) -> None:
        status = ContactStatus.UNREACHABLE if is_lost else ContactStatus.REACHABLE
        if self.truth[whom] is UP or is_lost:
            self.scene.contact(whom, status, f"sip:{which}@{whom.resource}.invalid", 20.0)

    @rule(url=st.sampled_from(["oncall/boss", "helpdesk/mail", CHIEF]))
    def a_quiet_time_begins_or_ends(self, url: str) -> None:
        self.scene.db.quiet_urls ^= {url}

    @rule()
    def the_chief_cannot_be_reached_or_can_again(self) -> None:
        self.scene.db.dead_urls ^= {CHIEF}

    @rule()
    def the_configuration_is_read_anew(self) -> None:
        self.scene.reconfigure(every_policy())

    def teardown(self) -> None:
        """All contacts of what is up answer again, so that nothing is degraded in the end."""
        for target, health in self.truth.items():
            if health is UP:
                for which in "ab":
                    self.scene.contact(target, ContactStatus.REACHABLE, f"sip:{which}@{target.resource}.invalid", 20.0)
                self.scene.contact(target, ContactStatus.REACHABLE)
        super().teardown()
        self.check_mutes()

    def is_excused(self, incident: Incident, told: Told) -> bool:
        """What is muted need not be known, nor what somebody took note of before the chief was woken."""
        is_late = any(reason is Reason.ESCALATED for reason, _ in told.booked)
        return bool(incident.muted_by) or (is_late and incident.acked_at is not None)

    def check_mutes(self) -> None:
        """Only what people set up mutes anything, and nobody is told of a softphone."""
        for incident in self.scene.db.incidents.values():
            allowed = {Kind.PHONE: OUTSIDE_HOURS, Kind.SOFTPHONE: NOT_SINGLY[Kind.SOFTPHONE]}.get(incident.kind, "")
            assert incident.muted_by in ("", allowed) or incident.muted_by.startswith("silence"), incident
        assert all(self.scene.db.incidents[number].target != SOFTPHONE for _, _, number, _ in self.scene.sent)

    def check_stories(self) -> None:
        """Besides: the chief hears of providers only, once, and never before the time of the others is over."""
        super().check_stories()
        woken = [number for url, reason, number, _ in self.scene.sent if (url, reason) == (CHIEF, Reason.ESCALATED)]
        assert len(woken) == len(set(woken))
        for number in woken:
            incident = self.scene.db.incidents[number]
            # By its newest settings a trunk may be a phone since then.
            is_of_trunks = incident.kind in (Kind.PROVIDERS, Kind.NETWORK)
            assert is_of_trunks or incident.target.resource.startswith("trunk"), incident
            (row,) = [
                row for key, row in self.scene.db.notifications.items() if key[:3] == (number, CHIEF, Reason.ESCALATED)
            ][-1:]
            assert row.booked_at >= incident.opened_at + 300, (row, incident)


PolicyHistories.TestCase.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestPolicyHistories = PolicyHistories.TestCase


def told_down_and_removed(target: Target) -> PolicyHistories:
    """It fell, somebody was told, and then it was taken out of Asterisk's configuration."""
    history = PolicyHistories()
    history.a_poll(0.0, set())
    history.it_changes(target, DOWN, noticed=True)
    history.time_passes(31)
    history.a_poll(0.0, set())
    history.messages_are_sent()
    history.it_is_removed(target)
    return history


def test_the_end_of_what_was_removed_waits_for_another_message() -> None:
    history = told_down_and_removed(trunk("b"))
    history.teardown()

    (told,) = history.scene.db.told.values()
    assert told.waiting == {(Reason.ENDED, 0)}


def test_what_was_removed_and_is_back_is_told_down_once_more_and_its_first_outage_has_ended() -> None:
    history = told_down_and_removed(trunk("a"))
    history.asterisk_restarts()
    history.teardown()

    first, second = history.scene.db.told[1, "oncall/boss"], history.scene.db.told[2, "oncall/boss"]
    assert (first.is_alarmed, second.is_alarmed) == (False, True)


def test_contacts_of_which_one_is_lost_have_an_incident_beside_an_endpoint_that_is_up() -> None:
    history = PolicyHistories()
    history.a_poll(0.0, set())
    history.a_contact_changes(trunk("a"), "b", is_lost=True)
    history.it_changes(trunk("a"), UP, noticed=True)
    history.time_passes(700)
    history.a_poll(2.0, {phone(101), trunk("b")})

    assert [incident.check for incident in history.scene.open(trunk("a"))] == [Check.CONTACTS]
    history.an_incident_is_open_if_and_only_if_it_must_be()
