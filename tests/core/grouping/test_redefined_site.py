"""A site that is down is defined otherwise, or nobody of it is watched any more: it ends, and is not up (rule 13)."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.site import SiteConfig
from healthmon.model import Ending, Kind, Reason, Target
from tests.core.grouping.test_causes import FORTY, NETWORK, TRUNKS, TWO_SITES, Town, phones, site
from tests.core.grouping.test_site_hold import patient, restarted, town_of, wait_told
from tests.core.scene import phone

NAMED = patient(sites=(SiteConfig("warehouse", addresses=("203.0.113.0/24",)),))
TOO_BIG = patient(site_share=1.0, sites=(SiteConfig("town", addresses=("203.0.113.0/24", "198.51.100.0/24")),))
WITHOUT_PHONES = replace(patient(), watches=patient().watches[:1])
WAREHOUSE = site("warehouse")
#: Its phones are pending, for three minutes; or they are believed down, too.
SO_LONG_DOWN = pytest.mark.parametrize("so_long_down", [5, 150], ids=["pending", "believed"])


def fallen_town(so_long_down: float) -> Town:
    town = town_of({**TWO_SITES, **TRUNKS})
    town.die(FORTY)
    wait_told(town, 1, 180.0)
    town.go_on(so_long_down)
    return town


def remove(town: Town, targets: Iterable[Target]) -> None:
    """Somebody takes them out of Asterisk's configuration; a minute and a half goes by."""
    for target in targets:
        town.truth.pop(target)
        town.removed(target)
    town.live(90, town.truth, step=1.0)


def reasons(town: Town, target: Target) -> list[Reason]:
    """What was booked to be told of the newest incident of a target."""
    number = town.incident_of(target).id
    return [row.reason for row in town.db.notifications.values() if row.incident_id == number]


@SO_LONG_DOWN
def test_a_site_that_is_given_a_name_while_it_is_down_ends_without_up(so_long_down: float) -> None:
    town = fallen_town(so_long_down)

    town.reconfigure(NAMED)
    town.go_on(30)

    assert town.incident_of(site()).ending is Ending.NOT_WATCHED
    assert reasons(town, site()) == [Reason.OPENED, Reason.ENDED]
    assert town.open(WAREHOUSE)
    assert reasons(town, WAREHOUSE) == [Reason.OPENED]


@pytest.mark.parametrize("conf", [TOO_BIG, WITHOUT_PHONES], ids=["too small a part", "not watched"])
@SO_LONG_DOWN
def test_a_site_that_is_no_more_ends_without_up(so_long_down: float, conf: Config) -> None:
    town = fallen_town(so_long_down)

    town.reconfigure(conf)
    town.go_on(30)

    assert town.incident_of(site()).ending is Ending.NOT_WATCHED
    assert reasons(town, site()) == [Reason.OPENED, Reason.ENDED]


@SO_LONG_DOWN
def test_a_site_whose_phones_are_removed_from_asterisk_while_it_is_down_ends_without_up(so_long_down: float) -> None:
    town = fallen_town(so_long_down)

    remove(town, FORTY)

    assert town.incident_of(site()).ending is Ending.NOT_WATCHED
    assert reasons(town, site()) == [Reason.OPENED, Reason.ENDED]


def test_a_site_of_which_only_those_are_left_that_were_never_down_ends_without_up() -> None:
    town = town_of({**TWO_SITES, **TRUNKS})
    town.die(FORTY[:30])
    wait_told(town, 1, 180.0)

    remove(town, FORTY[:30])

    assert town.incident_of(site()).ending is Ending.NOT_WATCHED


@SO_LONG_DOWN
def test_a_site_that_was_given_a_name_while_healthmon_did_not_run_ends_without_up(so_long_down: float) -> None:
    town = fallen_town(so_long_down)

    town.config = NAMED
    town = restarted(town)
    town.go_on(60)

    assert town.incident_of(site()).ending is Ending.NOT_WATCHED
    assert reasons(town, site()) == [Reason.OPENED, Reason.ENDED]
    assert town.open(WAREHOUSE)


def test_a_site_most_of_which_is_back_is_over_though_the_rest_is_removed() -> None:
    town = fallen_town(5)

    town.come_back(FORTY[2:])
    town.go_on(5)
    remove(town, FORTY[:2])

    assert town.incident_of(site()).ending is Ending.RECOVERED


@SO_LONG_DOWN
def test_a_line_whose_sites_become_one_ends_without_up(so_long_down: float) -> None:
    sites = {f"203.0.{number}.7": phones(100 + 10 * number, 102 + 10 * number) for number in range(1, 5)}
    town = town_of({target: address for address, targets in sites.items() for target in targets})
    town.die(list(town.places))
    wait_told(town, 1, 300.0)
    assert [incident.kind for incident in town.db.incidents.values() if incident.explained_by is None] == [Kind.NETWORK]
    town.go_on(so_long_down)

    town.reconfigure(patient(sites=(SiteConfig("all", addresses=("203.0.0.0/16",)),)))
    town.go_on(60)

    groups = [incident for incident in town.db.incidents.values() if incident.kind.is_group]
    assert [str(incident.target) for incident in groups if incident.is_open] == ["site all on office"]
    assert {incident.ending for incident in groups if not incident.is_open} == {Ending.NOT_WATCHED}
    assert reasons(town, NETWORK) == [Reason.OPENED, Reason.ENDED]
    assert town.belief(phone(110))
