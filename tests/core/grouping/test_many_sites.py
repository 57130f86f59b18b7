"""Thousands of phones at many addresses fall at once behind a PBX without a provider: one cause, and little work."""

from __future__ import annotations

import sys
from types import FrameType

import pytest

from healthmon.model import Kind, Reason
from tests.bench.sites import Branches
from tests.core.scene import DOWN, UP

CORE = "healthmon/core/"


def check_told_as_one_cause(branches: Branches, sites: int) -> None:
    """All fall, and return: one message each time."""
    branches.turn(DOWN)

    assert branches.told() == [(Reason.OPENED, "network on office", "down")]
    line = next(one for one in branches.db.incidents.values() if one.kind is Kind.NETWORK)
    assert (line.down, line.of) == (sites, sites)

    branches.turn(UP)

    assert branches.told()[1:] == [(Reason.RESOLVED, "network on office", "up")]
    assert not branches.open()


def test_all_phones_at_many_addresses_without_a_provider_are_told_as_one_cause() -> None:
    check_told_as_one_cause(Branches(600, 60), 60)


@pytest.mark.soak
def test_20000_phones_at_200_addresses_without_a_provider_are_told_as_one_cause() -> None:
    check_told_as_one_cause(Branches(20_000, 200), 200)


def calls_a_phone(phones: int, sites: int) -> float:
    """How many functions the core calls for each phone of these sites that falls and returns."""
    calls = 0

    def count(frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call" and CORE in frame.f_code.co_filename

    branches = Branches(phones, sites)
    sys.setprofile(count)
    try:
        branches.turn(DOWN)
        branches.turn(UP)
    finally:
        sys.setprofile(None)
    return calls / phones


@pytest.mark.parametrize("sites", [40, 1])
def test_the_work_for_a_phone_that_falls_grows_little_with_the_number_of_phones(sites: int) -> None:
    assert calls_a_phone(640, sites) < 1.5 * calls_a_phone(160, sites)
