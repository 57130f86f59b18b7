"""Fixtures for the sources: a fake PBX, and rigs that are stopped after the test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from healthmon.demo.fakepbx import FakePbx

from .rig import Rig, endpoints


@pytest.fixture
def fake() -> Iterator[FakePbx]:
    """A fake PBX with three phones. A request that it does not know fails the test."""
    with FakePbx(*endpoints(3)) as one:
        yield one
        assert one.failures == []


@pytest.fixture
def run(fake: FakePbx) -> Iterator[Callable[..., Rig]]:
    """Starts a rig on the fake; it is stopped after the test."""
    rigs: list[Rig] = []

    def start(**options: Any) -> Rig:
        rigs.append(Rig(fake, **options))
        return rigs[-1].start()

    yield start
    fake.thaw()
    for rig in rigs:
        rig.stop()
