"""Who is told of an outage is settled when it begins: a URL that is new hears of what goes down from then on."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.model import Target
from tests.core.grouping.test_causes import FORTY, TOWN, Town, quick, site
from tests.core.scene import phone, trunk

#: What is told of ``FORTY``, and of one of them.
ALONE = FORTY[:1]


def with_helpdesk(conf: Config) -> Config:
    """Another receiver is told of phones, too."""
    watches = (replace(watch, receivers=("oncall", "helpdesk")) for watch in conf.watches)
    return replace(conf, watches=tuple(watches))


def urls(town: Town, target: Target) -> set[str]:
    """Who was told of a target."""
    return {url for url, _, number, _ in town.sent if town.db.incidents[number].target == target}


def restarted(town: Town, conf: Config) -> Town:
    """The same town, after the daemon was started with another configuration."""
    again = Town(conf, town.db, town.now + 5)
    again.truth, again.places, again.sent = town.truth, town.places, town.sent
    again.startup_time = town.startup_time
    return again


@pytest.mark.parametrize(("dead", "told_of"), [(FORTY, site()), (ALONE, FORTY[0])], ids=["site", "phone"])
@pytest.mark.parametrize("is_restarted", [False, True], ids=["reload", "restart"])
def test_a_url_that_is_new_is_told_nothing_of_what_is_open(
    dead: list[Target], told_of: Target, *, is_restarted: bool
) -> None:
    town = Town(quick()).settle(TOWN)
    town.die(dead)
    town.go_on(60)
    assert urls(town, told_of) == {"oncall/boss"}

    if is_restarted:
        town = restarted(town, with_helpdesk(quick()))
    else:
        town.reconfigure(with_helpdesk(quick()))
    town.go_on(60)
    town.come_back(dead)
    town.go_on(60)
    assert urls(town, told_of) == {"oncall/boss"}

    town.die([phone(201), trunk("a")])
    town.go_on(60)
    assert urls(town, phone(201)) == {"oncall/boss", "helpdesk/mail"}


@pytest.mark.parametrize(("dead", "told_of"), [(FORTY, site()), (ALONE, FORTY[0])], ids=["site", "phone"])
def test_a_url_in_place_of_the_one_that_was_told_is_told_what_is_open(dead: list[Target], told_of: Target) -> None:
    town = Town(quick()).settle(TOWN)
    town.die(dead)
    town.go_on(60)

    instead = tuple(replace(watch, receivers=("helpdesk",)) for watch in quick().watches)
    town.reconfigure(replace(quick(), watches=instead, receivers=quick().receivers[1:]))
    town.go_on(60)

    assert urls(town, told_of) == {"oncall/boss", "helpdesk/mail"}
