"""Another metric is one line: it goes from what a source measured to a report's figures, in each of its forms."""

from __future__ import annotations

import json
import math
from contextlib import closing
from pathlib import Path

import pytest

from healthmon.history.metrics import METRICS, Metric
from healthmon.model import Changes, Check, Target
from healthmon.store.write.writer import open_writer
from tests.cli.conftest import Run
from tests.core.scene import UP, Scene, phone, trunk, trunk_settings
from tests.report.builder import HOUR, NOW

LOSS = Metric("loss_percent", "%", "LOSS", "Lost packets", "call", may_be_zero=True)


@pytest.fixture
def measured(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source measures ten calls of a provider, of which two lost something; and one of a phone that nobody knows."""
    monkeypatch.setitem(METRICS, LOSS.key, LOSS)
    scene = Scene(now=NOW - HOUR)
    changes = [scene.snapshot({trunk(): UP, phone(): UP}), scene.see(trunk_settings(trunk(), read_at=scene.now))]
    for percent in (0.0, 0.0, 0.0, 0.0, 20.0, 0.0, 0.0, 0.0, 40.0, 0.0):
        scene.after(60)
        changes += [lose(scene, trunk(), percent), lose(scene, trunk("stranger"), percent)]
    book(database, changes)


def lose(scene: Scene, target: Target, percent: float) -> Changes:
    measurement = LOSS.measured(target, Check.REACHABILITY, percent, scene.now)
    assert measurement is not None
    return scene.see(measurement)


def book(database: Path, changes: list[Changes]) -> None:
    with closing(open_writer(database, now=NOW - HOUR)) as writer:
        for batch in changes:
            writer.commit(batch)
        while writer.fold_measurements():
            pass


@pytest.mark.usefixtures("measured")
def test_a_metric_goes_from_a_source_to_every_form_of_a_report(run: Run) -> None:
    targets = json.loads(run("report", "--since", "1d", "--format", "json").stdout)["targets"]
    (provider,) = (target for target in targets if target["kind"] == "provider")
    table = run("report", "--since", "1d").stdout
    page = run("report", "--since", "1d", "--format", "html").stdout

    names = ("loss_p50_percent", "loss_p95_percent", "loss_min_percent", "loss_max_percent")
    assert [provider[name] for name in names] == [0.0, pytest.approx(40, rel=0.1), 0.0, 40.0]
    assert provider["rtt_p50_ms"] is None, "it is a metric of its own"
    assert {target["endpoint"] for target in targets if target["loss_max_percent"] is not None} == {
        provider["endpoint"]
    }
    assert "LOSS P50  LOSS P95  LOSS MIN  LOSS MAX" in table and "RTT" not in table
    assert '<h2 id="loss">Lost packets</h2>' in page
    assert "Half of 10 calls below 0.0 %, 95 % below 40 %; from 0.0 % to 40 %." in page


def test_a_metric_of_another_check_is_in_the_line_of_that_check(
    database: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METRICS, LOSS.key, LOSS)
    scene = Scene(now=NOW - HOUR)
    seen, lost = scene.snapshot({phone(): UP}), LOSS.measured(phone(), "calls", 40.0, scene.now)
    assert lost is not None
    book(database, [seen, scene.see(lost)])

    groups = json.loads(run("report", "--since", "1d", "--by", "check", "--format", "json").stdout)["groups"]

    worst = {group["name"]: group["loss_max_percent"] for group in groups}
    assert (worst["calls"], worst[Check.REACHABILITY]) == (40.0, None)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0, None])
def test_what_is_no_value_of_it_does_not_come_in(value: float | None) -> None:
    assert LOSS.measured(trunk(), Check.REACHABILITY, value, NOW) is None
