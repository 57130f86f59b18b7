"""A reload touches what the new configuration changes, and of thousands so many at once that no event waits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.shared import Hold
from healthmon.config.sections.site import SiteConfig
from healthmon.core import reconfiguration
from healthmon.core.belief.endpoints import Endpoints
from healthmon.core.grouping.memberships import Memberships
from healthmon.model import ContactStatus, Ending, Matcher, Reason
from tests.core.grouping.test_causes import FORTY, HOME, TOWN, Town, phones, quick, site
from tests.core.scene import DOWN, UP, Scene, all_up, pbx_config, phone, settings

NAMED = (SiteConfig("warehouse", addresses=("203.0.113.0/24",)),)
RENAMED = (SiteConfig("hall 7", addresses=("203.0.113.0/24",)),)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts how often an endpoint is grouped anew, and how often one takes another section."""
    counted: Counter[str] = Counter()
    for owner, name in ((Memberships, "note"), (Endpoints, "configure")):
        monkeypatch.setattr(owner, name, _counting(getattr(owner, name), name, counted))
    return counted


def _counting(function: Callable[..., object], name: str, counted: Counter[str]) -> Callable[..., object]:
    def count(*arguments: object, **named: object) -> object:
        counted[name] += 1
        return function(*arguments, **named)

    return count


def anew(conf: Config) -> Config:
    """The same configuration, read once more: the same words, no value of which is the one of before."""
    watches = tuple(replace(watch, hold=replace(watch.hold)) for watch in conf.watches)
    return replace(conf, watches=watches, sites=tuple(map(replace, conf.sites)))


def slower(conf: Config, section: str) -> Config:
    """The same with another hold in one section."""
    hold = Hold(20, 20, 20)
    watches = (replace(watch, hold=hold) if watch.name == section else watch for watch in anew(conf).watches)
    return replace(conf, watches=tuple(watches))


def test_a_reload_of_the_same_configuration_touches_no_endpoint(calls: Counter[str]) -> None:
    town = Town(quick(sites=NAMED)).settle(TOWN)
    town.die(FORTY[:5])
    calls.clear()

    changes = town.reconfigure(anew(quick(sites=NAMED)))

    assert not calls
    assert not changes.states


def test_a_reload_with_another_hold_takes_up_the_endpoints_of_that_section_alone(calls: Counter[str]) -> None:
    town = Town(quick()).settle(TOWN)
    calls.clear()

    town.reconfigure(slower(quick(), "providers"))

    assert calls["configure"] == sum(target.resource.startswith("trunk") for target in TOWN) > 0
    assert calls["note"] <= 2 * calls["configure"]


@pytest.mark.parametrize("changed", [{"sites": NAMED}, {"site_share": 0.5}, {"site_window": 60.0}])
def test_a_reload_with_other_rules_for_sites_groups_every_endpoint_anew(
    calls: Counter[str], changed: dict[str, object]
) -> None:
    town = Town(quick()).settle(TOWN)
    calls.clear()

    town.reconfigure(quick(**changed))

    assert calls["note"] == len(TOWN)
    assert not calls["configure"]


def test_of_many_endpoints_that_a_reload_changes_no_more_than_some_are_taken_up_before_what_came_meanwhile(
    calls: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconfiguration, "AT_ONCE", 10)
    town = Town(quick()).settle(TOWN)
    calls.clear()

    booked = [town.reconfigure(slower(quick(), "phones"))]
    assert calls["configure"] <= 10
    while town.monitor.next_deadline() == 0.0:
        taken = calls["configure"]
        booked.append(town.contact(FORTY[-1], ContactStatus.UNREACHABLE, f"sip:140@{HOME}:5060"))
        assert calls["configure"] <= taken + 10

    # What came meanwhile was taken at once.
    assert any(target == FORTY[-1] for target, _ in booked[1].states)
    assert calls["configure"] == sum(not target.resource.startswith("trunk") for target in TOWN)


def test_a_reload_over_a_reload_that_is_not_taken_up_wholly_ends_with_the_last_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconfiguration, "AT_ONCE", 10)
    town = Town(quick()).settle(TOWN)

    town.reconfigure(slower(quick(), "phones"))
    town.reconfigure(quick(sites=NAMED))
    town.after(0.0)

    endpoints = town.monitor.known.pbxs["office"].endpoints.values()
    assert all(endpoint.policy in quick().watches for endpoint in endpoints)
    town.die(FORTY)
    town.go_on(60)
    assert town.told() == [(Reason.OPENED, str(site("warehouse")), "down")]


def test_a_site_that_is_down_and_is_called_otherwise_is_told_as_if_all_its_phones_were_regrouped_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconfiguration, "AT_ONCE", 7)
    town = Town(quick(sites=NAMED)).settle(TOWN)
    town.die(FORTY)
    town.go_on(60)

    town.reconfigure(quick(sites=RENAMED))
    assert town.monitor.next_deadline() == 0.0
    town.go_on(60)

    assert not town.open(site("warehouse"))
    assert sorted(town.told()) == [
        (Reason.ENDED, str(site("warehouse")), "up"),
        (Reason.OPENED, str(site("hall 7")), "down"),
        (Reason.OPENED, str(site("warehouse")), "down"),
    ]


def test_phones_that_are_watched_no_longer_are_all_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconfiguration, "AT_ONCE", 7)
    town = Town(quick()).settle(TOWN)
    town.die(FORTY)
    town.go_on(60)

    town.reconfigure(quick(watches=quick().watches[:1]))
    town.go_on(5)

    assert not town.open()
    assert not set(phones(101, 140)) & town.monitor.known.pbxs["office"].endpoints.keys()
    assert not [state for state in town.db.states.values() if state.belief is DOWN]


def renamed(conf: Config, section: str, name: str) -> Config:
    """The same with a section that is called otherwise."""
    watches = (replace(watch, name=name) if watch.name == section else watch for watch in anew(conf).watches)
    return replace(conf, watches=tuple(watches))


def test_what_was_silenced_is_told_though_between_two_parts_of_a_reload_its_section_was_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconfiguration, "AT_ONCE", 10)
    town = Town(quick()).settle(TOWN)
    town.silence(Matcher(), 600.0)
    town.die(FORTY[-1:])
    town.go_on(60)
    assert town.open(FORTY[-1])
    assert not town.sent

    town.reconfigure(renamed(quick(), "phones", "handsets"))
    assert town.monitor.next_deadline() == 0.0
    town.silence(Matcher(endpoints=("PJSIP/999",)), 5.0)
    town.after(1.0)
    town.end_silences()
    town.go_on(60)

    assert town.told() == [(Reason.OPENED, str(FORTY[-1]), "down")]


def test_what_was_behind_a_pbx_that_was_taken_out_ends_though_it_is_put_back_before_all_is_taken_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reconfiguration, "AT_ONCE", 2)
    both = replace(quick(), pbxs=(pbx_config("office"), pbx_config("berlin")))
    scene, there = Scene(both), phone(201, "berlin")
    here = all_up(phones(101, 110))
    scene.snapshot(here)
    scene.snapshot({there: UP}, pbx="berlin")
    scene.see(settings(there, qualify_frequency=3.0, qualify_timeout=1.0))
    scene.lose(there)
    for _ in range(8):
        scene.after(5)
        scene.answer_all({**here, there: DOWN})
    assert scene.open(there)

    scene.reconfigure(replace(slower(both, "phones"), pbxs=both.pbxs[:1]))
    assert scene.monitor.next_deadline() == 0.0
    scene.reconfigure(slower(both, "phones"))
    scene.after(1)

    assert not scene.open(there)
    assert [incident.ending for incident in scene.db.incidents.values()] == [Ending.PBX_GONE]
