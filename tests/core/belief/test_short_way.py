"""What an event of a contact adds to a loss is only booked where nothing can follow from it: with the same outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Any

import pytest
from hypothesis import Phase, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from msgspec.structs import replace

from healthmon.config.sections.shared import Hold
from healthmon.core.belief.booking import Booking
from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.endpoint_check import EndpointCheck
from healthmon.core.step import Step
from healthmon.errors import Trouble
from healthmon.model import (
    Changes,
    Channel,
    Check,
    ContactChange,
    ContactStatus,
    Health,
    Kind,
    Loss,
    MaintenanceList,
    Observation,
    Place,
    Probe,
    Reason,
    Remembered,
    SipWay,
    Source,
    Target,
    UrlState,
    Witness,
)
from tests.core.database import Database
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
)

TRUNK = trunk("a")
OFFICE = (phone(101), phone(102), phone(103))
TARGETS = (*OFFICE, TRUNK)
#: What asks our own OPTIONS, and a manager interface: so there is more than one check, and a second check of a loss.
ASKING = pbx_config(ami="tcp://127.0.0.1:5038")
#: Of what is offline and in use, more than this is waited for.
SHORT = Hold(30, 10, 30, down_after_exact=True)
ASKED = replace(PHONES, hold=SHORT, probe=Probe.YES)
RESTLESS = replace(PHONES, flap_start=3, flap_stop=1)
CONFIGS = (
    config(ASKING, watches=(PROVIDERS, ASKED)),
    config(ASKING, watches=(replace(PROVIDERS, probe=Probe.AUTO), RESTLESS)),
    config(ASKING, watches=(PROVIDERS, replace(PHONES, rtt_warn_ms=100.0, hold=PROVIDERS.hold))),
    config(ASKING, watches=(replace(PROVIDERS, kind=Kind.PHONE), replace(PHONES, kind=Kind.PROVIDER))),
)
WAYS = (SipWay("sip:sip.example.net"),)
SETTINGS: tuple[Mapping[str, Any], ...] = (
    {"ways": WAYS},
    {"has_outbound_auth": True},
    {"max_contacts": 3},
    {"qualify_frequency": 10.0},
    {"qualify_frequency": 0.0},
    {"qualify_frequency": 10.0, "has_static_contact": True, "ways": WAYS},
)

#: How the events of a change come.
Events = tuple[Sequence[int], int, float, bool, ContactStatus, bool]
#: What happens, to whom, and how.
Happening = tuple[str, Target, Any]

moments = st.sampled_from([0.0, 0.0, 0.005, 1.0, 2.5])
losses = st.sampled_from([ContactStatus.UNREACHABLE, ContactStatus.UNREACHABLE, ContactStatus.REMOVED])
#: The three events of a change: in which order and how many of them come, how far apart, whether in one step, what
#: becomes of the contact, and whether the device is in use all the same.
orders = st.sampled_from([(0, 1, 2), (0, 1, 2), (1, 0, 2), (1, 0, 2), (1, 2, 0), (2, 1, 0), (0, 2, 1)])
of_three = st.tuples(
    orders, st.sampled_from([1, 2, 3, 3, 3]), moments, st.booleans(), losses, st.sampled_from([False, False, True])
)
contacts = st.tuples(
    st.sampled_from(ContactStatus),
    st.sampled_from(["", "sip:other@198.51.100.9"]),
    st.sampled_from([None, 20.0, 300.0]),
)
HOW: Mapping[str, st.SearchStrategy[Any]] = {
    "lost": of_three,
    "back": of_three,
    "all lost": of_three,
    "comes and goes": st.tuples(st.integers(2, 7), of_three),
    "contact": contacts,
    "endpoint": st.sampled_from([UP, DOWN]),
    "device": st.sampled_from([UP, UP, DOWN]),
    "time": st.sampled_from([0.5, 3.0, 31.0, 65.0, 190.0]),
    "poll": st.tuples(st.sampled_from([0.0, 0.2, 3.0]), st.booleans()),
    "restart": st.just(None),
    "answers": st.just(None),
    "blind": st.tuples(st.sampled_from([Trouble.REFUSED, Trouble.TIMED_OUT]), moments, st.booleans()),
    "manager": st.sampled_from([None, None, Trouble.REFUSED]),
    "taken up": st.just(None),
    "stands still": st.sampled_from([11.0, 65.0]),
    "removed": st.just(None),
    "settings": st.sampled_from(SETTINGS),
    "reload": st.sampled_from(CONFIGS),
    "maintenance": st.booleans(),
    "other check": st.tuples(st.sampled_from([Check.REGISTRATION, Check.OPTIONS]), st.sampled_from([UP, DOWN])),
}
#: What the short way is for is what happens most.
OFTEN = ("lost", "lost", "lost", "all lost", "back", "contact", "device", "time")


def _happening(what: str) -> st.SearchStrategy[Happening]:
    return st.tuples(st.just(what), st.sampled_from(TARGETS), HOW[what])


HISTORIES = st.lists(st.sampled_from([*OFTEN * 4, *HOW]).flatmap(_happening), min_size=15, max_size=40)


class Listed(Database):
    """All that would be booked, in order; no database."""

    def __init__(self) -> None:
        self.all_changes: list[object] = []

    def start(self, now: float) -> Remembered:
        return Remembered()

    def commit(self, changes: Changes, now: float) -> None:
        self.all_changes.append((now, changes))

    @property
    def urls(self) -> dict[str, UrlState]:
        return {}


class Town(Scene):
    """A PBX with phones of one site, and a provider."""

    def __init__(self) -> None:
        self.listed = Listed()
        self.truth = dict.fromkeys(TARGETS, UP)
        self.boots = 1
        super().__init__(CONFIGS[0], self.listed)
        self.report(channel=Channel.MANAGER)
        self.snapshot(self.truth)
        self.see(*(settings(phone, places=(Place("203.0.113.7"),), ways=WAYS) for phone in OFFICE))
        self.see(settings(TRUNK, has_outbound_auth=True))

    def play(self, what: str, target: Target, how: Any) -> None:
        """Have this happen."""
        getattr(self, "_" + what.replace(" ", "_"))(target, how)

    def _three(self, target: Target, health: Health, how: Events) -> None:
        order, count, apart, is_one_step, status, is_in_use = how
        self.truth[target] = health
        if health is UP:
            status = ContactStatus.REACHABLE
        device = health
        if is_in_use:
            device = UP
        events: list[Observation | ContactChange] = []
        for number, which in enumerate(order[:count]):
            at = self.now + number * apart
            events.append(
                (
                    Observation(target, device, at, Source.EVENT, Witness.DEVICE, f"device state {device}"),
                    Observation(target, health, at, Source.EVENT, Witness.ENDPOINT, f"peer status {health}"),
                    ContactChange(target, f"sip:{target.resource}@203.0.113.7", status, at),
                )[which]
            )
        if is_one_step:
            self.now += 2 * apart
            self.see(*events)
            return
        for event in events:
            self.now = max(self.now, event.at)
            self.see(event)

    def _lost(self, target: Target, how: Any) -> None:
        if self.truth[target] is DOWN:
            self._three(target, UP, ((2, 1), 2, 0.0, True, ContactStatus.REACHABLE, False))
            self.after(35.0)
        self._three(target, DOWN, how)

    def _all_lost(self, _: Target, how: Any) -> None:
        for target in OFFICE:
            self._lost(target, how)

    def _back(self, target: Target, how: Any) -> None:
        self._three(target, UP, how)

    def _comes_and_goes(self, target: Target, how: tuple[int, Any]) -> None:
        times, events = how
        for number in range(times):
            self._three(target, (DOWN, UP)[number % 2], events)
            self.after(3.0)

    def _contact(self, target: Target, how: tuple[ContactStatus, str, float | None]) -> None:
        status, uri, rtt_ms = how
        self.contact(target, status, uri or f"sip:{target.resource}@203.0.113.7", rtt_ms)

    def _endpoint(self, target: Target, health: Health) -> None:
        self.event(target, health)

    def _device(self, target: Target, health: Health) -> None:
        self.device(target, health)

    def _time(self, _: Target, seconds: float) -> None:
        self.after(seconds)

    def _poll(self, target: Target, how: tuple[float, bool]) -> None:
        ago, is_whole = how
        listed = {other: health for other, health in self.truth.items() if is_whole or other != target}
        self.snapshot(listed, asked_at=self.now - ago)

    def _restart(self, target: Target, _: object) -> None:
        self.boots += 1
        self.snapshot({**self.truth, target: DOWN}, startup=f"boot {self.boots}")

    def _answers(self, *_: object) -> None:
        self.answer_all(self.truth)

    def _blind(self, _: Target, how: tuple[Trouble, float, bool]) -> None:
        trouble, seconds, lasts = how
        self.report(trouble, alive_at=self.now - 8.0)
        self.after(seconds)
        if not lasts:
            self.report()
            self.snapshot(self.truth)

    def _manager(self, _: Target, trouble: Trouble | None) -> None:
        self.report(trouble, channel=Channel.MANAGER)

    def _taken_up(self, target: Target, _: object) -> None:
        self.see(Observation(target, UNKNOWN, self.now, Source.ANSWER, Witness.QUALIFY, "will qualify"))

    def _stands_still(self, _: Target, seconds: float) -> None:
        self.stand_still(seconds)
        self.snapshot(self.truth)

    def _removed(self, target: Target, _: object) -> None:
        self.removed(target)

    def _settings(self, target: Target, changes: Mapping[str, Any]) -> None:
        self.see(replace(settings(target, **changes), read_at=self.now))

    def _reload(self, _: Target, conf: Any) -> None:
        self.reconfigure(conf)

    def _maintenance(self, target: Target, is_on: bool) -> None:
        self.see(MaintenanceList("office", self.now, frozenset([target.resource] * is_on)))

    def _other_check(self, target: Target, how: tuple[str, Health]) -> None:
        check, health = how
        witness = {Check.REGISTRATION: Witness.MANAGER, Check.OPTIONS: Witness.PROBE}[check]
        self.see(Observation(target, health, self.now, Source.SNAPSHOT, witness, f"{check} {health}", check=check))

    def deliver(self) -> list[tuple[str, Reason, int, str]]:
        """Nothing is sent."""
        return []

    def in_the_end(self) -> list[object]:
        """What is known of everything."""
        endpoints = self.monitor.known.pbxs["office"].endpoints.values()
        checks = [check for endpoint in endpoints for check in endpoint.checks.values()]
        return [(check.state(), check.fingerprint(), check.deadline(), check.why()) for check in checks]


def outcome(history: Sequence[Happening]) -> list[object]:
    """Play it; return all that was booked, asked and said, in order, and what is known in the end."""
    town = Town()
    for what, target, how in history:
        town.play(what, target, how)
    known = town.in_the_end()
    town.report()
    town.snapshot(town.truth)
    for _ in range(3):
        town.after(65.0)
        town.answer_all(town.truth)
    return [*town.listed.all_changes, known, town.in_the_end()]


@contextmanager
def all_weighed() -> Iterator[None]:
    """Switch the short way off."""

    def settled(booking: Booking, check: EndpointCheck, step: Step) -> None:
        booking.settle(check, None, step, degraded_counts=check.degraded_counts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Endpoint, "_falls_however_it_was_lost", lambda endpoint, at: False)
        patch.setattr(Booking, "settle_loss", settled)
        yield


#: The device and the endpoint first, then the contact; and once it is due, and was asked about.
GONE: Events = ((0, 1, 2), 3, 0.005, False, ContactStatus.UNREACHABLE, False)
LOGGED_OUT: Events = ((0, 1, 2), 3, 0.005, False, ContactStatus.REMOVED, False)
IN_USE: Events = ((1, 0, 2), 3, 0.005, False, ContactStatus.UNREACHABLE, True)
IS_DUE: tuple[Happening, ...] = (("time", OFFICE[0], 31.0), ("answers", OFFICE[0], None), ("time", OFFICE[0], 3.0))
#: What each condition of the short way is for, one after the other; chance finds some of it seldom.
FOR_CERTAIN: tuple[list[Happening], ...] = (
    # A provider is checked at once only where its contact is known to be lost by silence.
    [("lost", TRUNK, GONE), *IS_DUE],
    # What was in use is so no longer: it is waited for as long as ever.
    [("lost", OFFICE[0], IN_USE), *IS_DUE],
    # That all have logged out is no outage of their site.
    [
        ("reload", TRUNK, CONFIGS[1]),
        *(("back", target, GONE) for target in OFFICE),
        ("all lost", OFFICE[0], LOGGED_OUT),
        ("time", TRUNK, 31.0),
        ("poll", TRUNK, (0.0, True)),
        *IS_DUE,
    ],
    # Two begin to flap in one step, and are told in their order.
    [
        ("reload", TRUNK, CONFIGS[1]),
        ("comes and goes", OFFICE[1], (2, ((2, 1, 0), 3, 0.0, False, ContactStatus.REMOVED, False))),
        ("comes and goes", OFFICE[0], (2, ((1, 0, 2), 3, 1.0, False, ContactStatus.UNREACHABLE, False))),
        ("contact", OFFICE[0], (ContactStatus.REMOVED, "", None)),
        ("endpoint", OFFICE[0], DOWN),
        ("contact", OFFICE[1], (ContactStatus.REACHABLE, "", None)),
        ("comes and goes", OFFICE[1], (7, ((1, 0, 2), 3, 1.0, False, ContactStatus.REMOVED, False))),
        *IS_DUE,
    ],
    # What is believed to have logged out logs in again, and is lost.
    [
        ("back", OFFICE[0], GONE),
        ("lost", OFFICE[0], LOGGED_OUT),
        *IS_DUE,
        ("contact", OFFICE[0], (ContactStatus.CREATED, "", None)),
        ("contact", OFFICE[0], (ContactStatus.UNREACHABLE, "", None)),
    ],
    # Another check of it goes on meanwhile.
    [("other check", OFFICE[0], (Check.OPTIONS, DOWN)), ("lost", OFFICE[0], GONE), *IS_DUE],
)


def given_for_certain(test: Callable[..., None]) -> Callable[..., None]:
    """Play these, too."""
    for history in FOR_CERTAIN:
        test = example(history)(test)
    return test


@hypothesis_settings(max_examples=60, derandomize=True, phases=(Phase.explicit, Phase.generate))
@given_for_certain
@given(HISTORIES)
def test_the_same_is_booked_asked_and_told_as_if_everything_were_weighed(history: list[Happening]) -> None:
    short = outcome(history)
    with all_weighed():
        weighed = outcome(history)

    for was, would_be in zip_longest(short, weighed):
        assert was == would_be


def test_how_it_was_lost_is_booked_though_nothing_else_follows_from_it() -> None:
    scene = Scene(config(watches=(PHONES,)))
    scene.snapshot({OFFICE[0]: UP})
    scene.see(settings(OFFICE[0], places=(Place("203.0.113.7"),)))
    scene.device(OFFICE[0], DOWN)
    before = scene.state(OFFICE[0])

    scene.after(0.01)
    scene.contact(OFFICE[0], ContactStatus.UNREACHABLE)

    after = scene.state(OFFICE[0])
    assert (before.loss, after.loss) == (Loss.NONE, Loss.NO_ANSWER)
    assert (after.pending, after.pending_since) == (DOWN, before.pending_since)
