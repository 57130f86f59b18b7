"""Waiting for a condition, with a deadline: no test sleeps for a result."""

import time
from collections.abc import Callable

import pytest


def wait_for(
    condition: Callable[[], bool], timeout: float = 10.0, complaint: Callable[[], str] = lambda: "it never came true"
) -> None:
    """Wait until the condition is true; fail with ``complaint()`` after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(complaint())
        time.sleep(0.005)
