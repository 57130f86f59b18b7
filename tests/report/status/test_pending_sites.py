"""A site that is about to be believed down, in ``status``: for how long it seems so, and how long that must be."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.config.plans import Plans
from healthmon.config.sections.site import SiteConfig
from healthmon.model import Changes, CheckState, EndpointSettings, Health, Kind, Place, PlaceChange, Target
from healthmon.report.status.data import status_data
from healthmon.report.status.layout import StatusLayout
from healthmon.report.status.pending_sites import pending_sites
from healthmon.report.status.query import read_status
from healthmon.report.status.rows import Status
from healthmon.report.status.text import status_text
from healthmon.report.tables import Screen
from healthmon.store.read.queries import open_reader
from healthmon.store.write.writer import open_writer
from tests.cli.conftest import database
from tests.report.builder import NOW, connection, outage, phone, running

__all__ = ["database"]

ADDRESS = "203.0.113.7"
BERLIN = Plans(sites=(SiteConfig("Berlin", addresses=("203.0.113.0/24",)),), site_down_after=60.0)


def desk(number: int, *, falls_since: float | None = None) -> CheckState:
    """A phone that may be away for three minutes."""
    if falls_since is None:
        return phone(str(number))
    return phone(
        str(number), pending=Health.DOWN, pending_since=falls_since, down_since=falls_since, pending_hold=180.0
    )


def desks(down: int) -> list[CheckState]:
    """Ten phones, so many of which have seemed down for some seconds, each for one more than the one before."""
    return [desk(101 + at, falls_since=NOW - 10 - at if at < down else None) for at in range(10)]


def checked(target: Target, *, every: float) -> EndpointSettings:
    return EndpointSettings(target, NOW, known=True, qualify_frequency=every, qualify_timeout=3.0, max_contacts=1)


def found(database: Path, states: list[CheckState], plans: Plans | None, *, every: float = 10.0) -> Status:
    """How things stand where all phones are at one address. ``plans``: None: nobody may ask for them."""

    def load() -> Plans:
        assert plans is not None
        return plans

    with closing(open_writer(database, now=NOW - 100)) as writer:
        writer.commit(
            Changes(
                settings={state.target: checked(state.target, every=every) for state in states},
                places=[PlaceChange(state.target, Place(ADDRESS), NOW - 100, is_left=False) for state in states],
            )
        )
    with running(database, [connection(), *states]), open_reader(database) as reader:
        status = read_status(reader, NOW)
        return replace(status, pending_sites=pending_sites(status, reader, load))


def text(status: Status) -> str:
    return status_text(status_data(status), StatusLayout(), ZoneInfo("UTC"), Screen(None))


def test_a_site_of_which_enough_seem_down_is_shown_with_its_hold(database: Path) -> None:
    status = found(database, desks(4), Plans())

    # With the third of them it were enough.
    assert f"site {ADDRESS} on office seems down for 11 s of 30 s: 4 of 10\n" in text(status)
    assert status_data(status)["pending_sites"] == [
        {
            "pbx": "office",
            "name": ADDRESS,
            "since": "2026-05-01T11:59:49.000Z",
            "down": 4,
            "of": 10,
            "pending_for_s": 11.0,
            "pending_hold": 30.0,
            "title": f"site {ADDRESS} on office",
        }
    ]


def test_it_has_the_name_and_the_hold_of_the_configuration(database: Path) -> None:
    assert "site Berlin on office seems down for 11 s of 1 min: 4 of 10" in text(found(database, desks(4), BERLIN))


def test_it_is_not_sooner_than_two_checks_of_asterisk(database: Path) -> None:
    assert "seems down for 11 s of 1 min 5 s: 4 of 10" in text(found(database, desks(4), Plans(), every=60.0))


@pytest.mark.parametrize(("share", "count"), [(0.3, 1), (0.5, 0)])
def test_fewer_than_the_share_are_no_site(database: Path, share: float, count: int) -> None:
    status = found(database, desks(4), Plans(site_share=share))

    assert len(status.pending_sites or ()) == count


def test_nothing_is_read_where_few_seem_down(database: Path) -> None:
    status = found(database, desks(2), None)

    assert status_data(status)["pending_sites"] == []
    assert "site" not in text(status)


def test_what_asterisk_does_not_check_counts_for_no_site_before_itself(database: Path) -> None:
    assert found(database, desks(4), Plans(), every=0.0).pending_sites == ()


def test_a_site_that_is_told_is_not_told_again(database: Path) -> None:
    assert found(database, desks(4), Plans()).pending_sites
    cause = replace(outage(1, desk(101), NOW - 5), target=Target("office", "site", ADDRESS), kind=Kind.SITE)

    with running(database, [connection(), *desks(4)], incidents=[cause]), open_reader(database) as reader:
        assert pending_sites(read_status(reader, NOW), reader, Plans) == ()
