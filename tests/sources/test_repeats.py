"""The same error again and again is logged once, then counted."""

import logging

import pytest

from healthmon.sources.repeats import Repeats
from healthmon.sources.request_rate import RequestRate


def test_the_same_error_is_logged_once_and_its_end_with_the_count(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    repeats = Repeats(logging.getLogger("test"), "pbx office")

    for _ in range(200):
        repeats.failed("refused")
    for _ in range(14):
        repeats.failed("starting")
    repeats.worked()
    repeats.worked()
    repeats.failed("refused")

    assert caplog.messages == [
        "pbx office: refused",
        "pbx office: starting",
        "pbx office: recovered after 214 failures",
        "pbx office: refused",
    ]


def test_a_pace_says_when_the_next_may_be_made_and_saves_nothing_up() -> None:
    now = 100.0
    pace = RequestRate(20.0, lambda: now)

    pace.spend(2)
    assert pace.ready_at == pytest.approx(100.1)
    now = 200.0
    pace.spend()

    assert pace.ready_at == pytest.approx(200.05)
