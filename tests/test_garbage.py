"""The garbage collector leaves alone what stays, and does not look while that is being made."""

import gc
from collections.abc import Iterator

import pytest

from healthmon.app import garbage


@pytest.fixture(autouse=True)
def collector_as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)
    gc.enable()


def test_the_collector_rests_until_everything_was_looked_at_and_then_leaves_out_what_is_known() -> None:
    garbage.hold()
    assert not gc.isenabled()

    garbage.leave_out_what_is_known()

    assert gc.isenabled()
    assert gc.get_freeze_count() > 1000


def test_cycles_that_are_made_later_are_still_freed() -> None:
    garbage.hold()
    garbage.leave_out_what_is_known()
    cycle: list[object] = []
    cycle.append(cycle)
    del cycle

    assert gc.collect() > 0
