"""More events than can be taken in: that is reported with its figures, and so is its end."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from healthmon.demo.fakepbx import FakePbx
from healthmon.model import Channel, ConnectionReport
from healthmon.sources import flood
from healthmon.sources.flood import CALM_FOR, SAY_EVERY, Flood

from .rig import Rig

#: 2026-11-29 14:02:11 UTC.
AT = 1_795_960_931.0


def test_a_flood_is_told_with_its_rate_and_what_was_dropped_since_when() -> None:
    flood = Flood()
    assert not flood.is_on

    flood.drop(AT, 100.0, 5000)
    assert flood.news(100.5, 9000) is None
    flood.drop(AT + 0.9, 100.9, 11_000)

    assert flood.news(101.0, 11_400) == (
        "more events than can be taken in: 6,400 a second, 2 were dropped since 14:02:11 UTC"
    )


def test_while_it_lasts_it_is_told_anew_with_all_that_was_dropped_so_far() -> None:
    flood = Flood()
    for second in range(30):
        flood.drop(AT + second, 100.0 + second, 8000 * second)

    told = [flood.news(100.0 + second, 8000 * second) for second in range(25, 30)]

    assert told[0] == "more events than can be taken in: 8,000 a second, 30 were dropped since 14:02:11 UTC"
    assert told[1:] == [None] * 4
    assert SAY_EVERY > 4


def test_it_is_over_when_nothing_was_dropped_for_some_seconds_and_the_next_one_counts_anew() -> None:
    flood = Flood()
    flood.drop(AT, 100.0, 0)
    assert flood.news(100.0 + CALM_FOR - 0.1, 10) is not None
    assert flood.is_on

    assert flood.news(100.0 + CALM_FOR, 20) == ""
    assert not flood.is_on

    flood.drop(AT + 60, 160.0, 30)
    assert "1 were dropped since 14:03:11 UTC" in str(flood.news(161.0, 40))


def remarks(rig: Rig) -> list[str]:
    return [one.remark for one in rig.all(ConnectionReport) if one.channel is Channel.EVENTS]


def test_a_pbx_that_floods_is_reported_as_that_and_when_it_keeps_quiet_that_is_over(
    fake: FakePbx, run: Callable[..., Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flood, "FIRST_WORDS_AFTER", 0.0)
    monkeypatch.setattr(flood, "CALM_FOR", 0.5)
    rig = run(inbox_size=100).wait_for_stream()
    rig.forget()

    for _ in range(50):
        fake.phone_down("PJSIP/101")
        fake.phone_up("PJSIP/101")

    rig.wait(lambda: remarks(rig)[-1:] == [""])
    assert remarks(rig)[0].startswith("more events than can be taken in: ")
    assert all(one.trouble is None for one in rig.all(ConnectionReport))


def test_what_waits_for_its_turn_is_no_flood(fake: FakePbx, run: Callable[..., Rig]) -> None:
    rig = run(inbox_size=1000).wait_for_stream()
    before = rig.events.events

    for _ in range(50):
        fake.phone_down("PJSIP/101")
        fake.phone_up("PJSIP/101")

    rig.wait(lambda: rig.events.events >= before + 200)
    assert set(remarks(rig)) == {""}
