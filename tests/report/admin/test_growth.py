"""When the disk is full: each table grows until its oldest row is old enough to go."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthmon.config.sections.history import HistoryConfig
from healthmon.report.admin.growth import Outlook, kept_for, outlook
from healthmon.store.read.sizes import DAY, Sizes, TableSize

NOW = 1_800_000_000.0
MB = 1_000_000
KEEP = HistoryConfig(transitions=100 * DAY, daily=1000 * DAY)


def table(name: str, *, a_day: float, days: float) -> TableSize:
    """A table whose rows of 100 bytes came evenly in so many days, so many MB a day."""
    per_day = a_day * MB / 100
    return TableSize(name, round(per_day * days), round(per_day * days) * 100, per_day, NOW - days * DAY)


def ahead(*tables: TableSize, disk_free: float, free: float = 0.0) -> Outlook:
    size = sum(one.size_bytes for one in tables) + free * MB
    sizes = Sizes(Path("x"), round(size), round(free * MB), 0, round(disk_free * MB), 8, True, tables)
    return outlook(sizes, KEEP, NOW)


def test_a_young_history_grows_until_its_first_day_goes() -> None:
    coming = ahead(table("transitions", a_day=2, days=40), disk_free=1000)

    assert coming.added_bytes_per_day == coming.growth_bytes_per_day == 2 * MB
    assert coming.disk_full_at is None
    assert coming.final_bytes == pytest.approx(200 * MB)


def test_a_disk_that_is_too_small_is_full_before() -> None:
    coming = ahead(table("transitions", a_day=2, days=40), disk_free=30)

    assert coming.disk_full_at == pytest.approx(NOW + 15 * DAY)


def test_free_pages_of_the_file_are_room_too() -> None:
    coming = ahead(table("transitions", a_day=2, days=40), disk_free=30, free=10)

    assert coming.disk_full_at == pytest.approx(NOW + 20 * DAY)
    assert coming.final_bytes == pytest.approx(200 * MB)


def test_what_is_as_old_as_it_may_get_grows_no_more() -> None:
    coming = ahead(table("transitions", a_day=2, days=101), disk_free=1)

    assert (coming.added_bytes_per_day, coming.growth_bytes_per_day) == (2 * MB, 0)
    assert coming.disk_full_at is None
    assert coming.final_bytes == pytest.approx(202 * MB)


def test_each_table_has_its_own_end() -> None:
    changes, days = table("transitions", a_day=2, days=90), table("daily", a_day=1, days=90)

    # Ten days with both, then only what each day amounted to.
    assert ahead(changes, days, disk_free=15).disk_full_at == pytest.approx(NOW + 5 * DAY)
    assert ahead(changes, days, disk_free=130).disk_full_at == pytest.approx(NOW + 110 * DAY)
    assert ahead(changes, days, disk_free=10_000).disk_full_at is None
    assert ahead(changes, days, disk_free=10_000).final_bytes == pytest.approx((200 + 1000) * MB)


def test_every_kind_of_data_is_kept_for_a_time_of_its_own() -> None:
    keep = HistoryConfig(transitions=1, daily=2, rtt_minutes=3, rtt_hours=4)
    tables = ("transitions", "incidents", "daily", "measured_days", "measured_minutes", "measured_hours")

    assert [kept_for(table, keep) for table in tables] == [1, 1, 2, 2, 3, 4]


def test_nothing_is_known_of_a_history_of_some_hours() -> None:
    coming = ahead(TableSize("transitions", 5, 500, None, NOW - 3600), disk_free=5)

    assert coming == Outlook(0.0, 0, None, 500.0)
