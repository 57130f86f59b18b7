"""A PBX may list whatever it wants: so many endpoints are watched, and names that nobody watches are not kept."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from healthmon.core import monitor
from healthmon.core.belief import pbx as core_pbx
from healthmon.errors import Trouble
from healthmon.model import Channel, Check, ContactStatus, Health, Source, Target
from tests.core.scene import DOWN, PHONES, UP, Scene, config, pbx_config, phone, settings

MOST = 5
STRANGER = "stranger-"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """The limit, so low that a test reaches it."""
    monkeypatch.setattr(core_pbx, "MOST_WATCHED", MOST)
    return MOST


def phones(count: int) -> dict[Target, Health]:
    return {phone(number): UP for number in range(101, 101 + count)}


def watched(scene: Scene) -> list[Target]:
    return [target for target, check in scene.db.states if check == Check.REACHABILITY and target.is_endpoint]


def connection(scene: Scene) -> tuple[Health | None, str]:
    state = scene.db.states[Target("office"), Check.CONNECTION]
    return state.pending or state.belief, state.remark or state.reason


def test_at_most_100000_endpoints_of_a_pbx_are_watched_and_that_is_said_once(few: int) -> None:
    scene = Scene(config(watches=(PHONES,)))
    truth = phones(few + 3)

    scene.live(120, truth)
    scene.event(phone("one-more"), DOWN)

    assert sorted(watched(scene)) == sorted(truth)[:few]
    assert scene.log.count(f"pbx office: {core_pbx.TOO_MANY}") == 1
    assert connection(scene) == (Health.DEGRADED, core_pbx.TOO_MANY)


def test_that_there_are_too_many_is_said_beside_what_else_is_the_matter() -> None:
    scene = Scene(config(watches=(PHONES,)))

    scene.report(Trouble.CLOSED, channel=Channel.EVENTS, words="closed")
    scene.after(20)
    scene.snapshot(phones(2), left_out=7)

    assert connection(scene)[1] == f"no events: closed; polled every 60 s; {core_pbx.TOO_MANY}"


def test_the_limit_is_that_of_each_pbx_and_what_is_watched_stays_so(few: int) -> None:
    scene = Scene(config(pbx_config("office"), pbx_config("branch"), watches=(PHONES,)))
    mine = {phone(pbx="branch"): UP}

    for _ in range(2):
        scene.snapshot({phone(f"9{number}"): UP for number in range(few + 1)} | {phone(): DOWN})
        scene.snapshot(mine, pbx="branch")
        scene.after(1)

    assert phone(pbx="branch") in watched(scene)
    assert len(watched(scene)) == few + 1


def test_what_the_source_left_out_is_said_until_it_lists_no_more_than_can_be_watched() -> None:
    scene = Scene(config(watches=(PHONES,)))

    scene.snapshot(phones(2), left_out=7)
    scene.after(1)
    scene.snapshot(phones(2), left_out=8)
    assert connection(scene) == (Health.DEGRADED, core_pbx.TOO_MANY)
    scene.after(1)
    scene.snapshot(phones(2))

    assert connection(scene)[0] is UP
    assert scene.log.count(f"pbx office: {core_pbx.TOO_MANY}") == 1


def test_of_very_many_new_endpoints_some_are_taken_at_once_and_the_next_snapshot_is_wanted_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(core_pbx, "MOST_NEWCOMERS", 2)
    scene = Scene(config(watches=(PHONES,)))
    truth = phones(3) | {Target("office", "PJSIP", "999"): DOWN}

    scene.snapshot(truth)
    assert len(watched(scene)) == 2
    assert any(question.wants_snapshot for question in scene.questions)
    for _ in range(2):
        scene.after(1)
        scene.snapshot(truth)
    scene.see(settings(phone(999)))

    assert set(watched(scene)) == set(truth)
    # All of it is one first look.
    assert scene.db.states[phone(999), Check.REACHABILITY].cohort == "found down at first look"


# ---------------------------------------------------------------- names that nobody watches


def kept(scene: Scene) -> set[str]:
    """Every text with a stranger's name that can be reached from the monitor."""
    return {text for text in reachable(scene.monitor) if STRANGER in text}


def reachable(root: object) -> Iterator[str]:
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type) or type(one).__name__ in ("function", "module"):
            continue
        seen.add(id(one))
        if isinstance(one, str):
            yield one
        # The collector does not know structs of which it needs not know; they know their fields.
        fields = getattr(one, "__struct_fields__", ())
        waiting += [*gc.get_referents(one), *(getattr(one, name) for name in fields)]


def speak_of_strangers(scene: Scene) -> None:
    """Everything that Asterisk can say of an endpoint."""
    for number, technology in enumerate(("PJSIP", "SIP", "Custom", "site", f"{STRANGER}tech")):
        target = Target("office", technology, f"{STRANGER}{number}")
        scene.lose(target)
        for status in ContactStatus:
            scene.contact(target, status)
        scene.event(target, UP)
        scene.device(target, UP, source=Source.ANSWER)
        scene.invalid(target)
        scene.removed(target)
        scene.see(settings(target))


def test_unwatched_names_are_not_kept_whatever_is_said_of_them() -> None:
    scene = Scene(config(watches=(replace(PHONES, endpoints=("PJSIP/1*",)),)))
    strangers = {Target("office", technology, f"{STRANGER}list"): DOWN for technology in ("PJSIP", "SIP", "site")}

    speak_of_strangers(scene)
    scene.snapshot({phone(): UP} | strangers)
    speak_of_strangers(scene)
    scene.report(Trouble.TIMED_OUT, channel=Channel.REST)
    speak_of_strangers(scene)
    scene.after(5)
    scene.snapshot({phone(): UP} | strangers)
    speak_of_strangers(scene)

    assert watched(scene) == [phone()]
    assert kept(scene) == set()


def test_the_search_for_kept_names_finds_what_is_watched() -> None:
    scene = Scene(config(watches=(PHONES,)))

    scene.snapshot({phone(f"{STRANGER}1"): UP})

    assert f"{STRANGER}1" in kept(scene)


def test_an_endpoint_with_the_technology_of_our_own_targets_is_nobodys() -> None:
    scene = Scene(config(watches=(replace(PHONES, endpoints=("*",)),)))

    scene.snapshot({Target("office", "site", "203.0.113.7"): DOWN, Target("office", "network", "x"): DOWN, phone(): UP})

    assert {target.technology for target, _ in scene.db.states} <= {"", "PJSIP"}
    assert watched(scene) == [phone()]


def test_names_that_come_and_go_are_forgotten_after_an_hour() -> None:
    scene = Scene(config(watches=(PHONES,)))
    office = scene.monitor.known.pbxs["office"]
    for number in range(20):
        ghost = phone(f"{STRANGER}{number}")
        scene.snapshot({phone(): UP, ghost: UP})
        scene.after(1)
        scene.removed(ghost)
    assert office.gone

    scene.snapshot({phone(): UP})
    scene.after(core_pbx.GONE_FOR + 1)
    scene.snapshot({phone(): UP})

    assert office.gone == {}


def test_settings_and_removals_of_what_is_listed_no_longer_are_forgotten_when_they_are_many(few: int) -> None:
    scene = Scene(config(watches=(PHONES,)))
    office = scene.monitor.known.pbxs["office"]
    for number in range(3 * few):
        ghost = phone(f"{STRANGER}{number}")
        scene.snapshot({ghost: DOWN})
        scene.after(1)
        scene.removed(ghost)
        scene.see(settings(phone(f"{STRANGER}unlisted-{number}")))
        scene.snapshot({})
        scene.after(1)

    assert len(office.removed) <= few
    assert len(office.settings) <= few


def test_a_pbx_that_invents_contacts_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_pbx, "MOST_CONTACTS_OF_A_PBX", 10)
    scene = Scene(config(watches=(PHONES,)))
    scene.snapshot(phones(3))

    for number in range(50):
        scene.contact(phone(101 + number % 3), ContactStatus.REACHABLE, f"sip:{number}@192.0.2.1")
    scene.contact(phone(101), ContactStatus.REMOVED, "sip:0@192.0.2.1")
    office = scene.monitor.known.pbxs["office"]

    assert sum(len(endpoint.contacts or ()) for endpoint in office.endpoints.values()) == 9
    scene.after(1)
    scene.snapshot(phones(3))
    scene.contact(phone(101), ContactStatus.REACHABLE, "sip:new@192.0.2.1")
    assert "sip:new@192.0.2.1" in (office.endpoints[phone(101)].contacts or ())


def test_a_pbx_that_moves_its_contacts_about_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "MOST_PLACES_OF_A_PBX", 4)
    scene = Scene(config(watches=(PHONES,)))

    for number in range(100):
        scene.snapshot(phones(3))
        for last in range(3):
            scene.contact(phone(101 + last), ContactStatus.REACHABLE, f"sip:1@192.0.2.{number}")
            scene.contact(phone(101 + last), ContactStatus.REMOVED, f"sip:1@192.0.2.{number}")
        scene.after(1)
    office = scene.monitor.known.pbxs["office"]

    assert sum(len(endpoint.places) for endpoint in office.endpoints.values()) <= 4 + 3
