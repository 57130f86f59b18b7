"""Without ``timezone`` the system's zone is used, by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthmon.times.zones import system_timezone


@pytest.mark.parametrize(
    "tz", ["Europe/Berlin", ":Europe/Berlin", "/usr/share/zoneinfo/Europe/Berlin", ":/usr/share/zoneinfo/Europe/Berlin"]
)
def test_the_variable_tz_comes_first(tmp_path: Path, tz: str) -> None:
    (tmp_path / "timezone").write_text("Asia/Tokyo\n")

    assert system_timezone({"TZ": tz}, tmp_path).key == "Europe/Berlin"


def test_a_tz_that_is_no_name_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "timezone").write_text("Asia/Tokyo\n")

    assert system_timezone({"TZ": "CET-1CEST,M3.5.0,M10.5.0/3"}, tmp_path).key == "Asia/Tokyo"


def test_the_link_localtime_comes_last(tmp_path: Path) -> None:
    zone = tmp_path / "usr/share/zoneinfo/America/Lima"
    zone.parent.mkdir(parents=True)
    zone.touch()
    (tmp_path / "localtime").symlink_to(zone)

    assert system_timezone({}, tmp_path).key == "America/Lima"


def test_a_system_without_any_zone_uses_utc(tmp_path: Path) -> None:
    assert system_timezone({}, tmp_path).key == "UTC"
