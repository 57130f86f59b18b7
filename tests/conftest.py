"""Fixtures that every test may use."""

import logging
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from healthmon import owners

pytest_plugins = ["tests.lab.fixtures"]

# A shell starts what runs in the background deaf to Ctrl-C, and every program that the tests start would be so, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is, and nothing of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def level_of_the_log() -> Iterator[None]:
    """Leave the log of this process as it was: a command that a test runs in it may set it up for all others."""
    root = logging.getLogger()
    before = root.level
    yield
    root.setLevel(before)


@pytest.fixture(autouse=True)
def stays_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test fail that would make this process another user for all tests that follow."""

    def refuse(*_: object) -> None:
        raise AssertionError("as root this command becomes another user: give it in a process of its own")

    monkeypatch.setattr(owners, "_owner", refuse)
