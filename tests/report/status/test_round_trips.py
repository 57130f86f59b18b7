"""How quickly endpoints answered lately, in ``status``: where a manager interface is asked, and nowhere else."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import Changes, Check, Health, Measurement
from healthmon.store.write.writer import open_writer
from tests.cli.conftest import Run, database, run
from tests.report.builder import HOUR, MINUTE, NOW, connection, provider

__all__ = ["database", "run"]

TRUNK, OTHER = provider("trunk", Health.UP), provider("other", Health.UP)


def measured(database: Path, *, has_manager: bool) -> None:
    """A PBX with two providers; of one of them was measured how quickly it answers, lately and long ago."""
    states = [connection(), TRUNK, OTHER]
    if has_manager:
        states.append(connection(check=Check.MANAGER))
    values = [(12.0, MINUTE)] * 9 + [(90.0, MINUTE), (5000.0, 5 * HOUR)]
    with closing(open_writer(database, now=NOW - 6 * HOUR)) as writer:
        writer.commit(
            Changes(
                states={(state.target, state.check): state for state in states},
                measurements=[
                    Measurement(TRUNK.target, Check.REACHABILITY, ROUND_TRIP.key, value, NOW - ago)
                    for value, ago in values
                ],
            )
        )
        while writer.fold_measurements():
            pass


def test_the_round_trips_of_this_hour_and_the_one_before_are_shown(database: Path, run: Run) -> None:
    measured(database, has_manager=True)

    targets = {target["endpoint"]: target for target in json.loads(run("status", "--json").stdout)["targets"]}
    assert targets["PJSIP/trunk"]["rtt_p50_ms"] == pytest.approx(12.0, rel=0.1)
    assert targets["PJSIP/trunk"]["rtt_p95_ms"] == pytest.approx(90.0, rel=0.1)
    assert "rtt_p50_ms" not in targets["PJSIP/other"]
    shown = run("status").stdout
    assert "RTT" in shown
    assert "12 ms, 83 ms" in shown, "to a tenth"


def test_without_a_manager_interface_status_is_as_it_was(database: Path, run: Run) -> None:
    measured(database, has_manager=False)

    assert "rtt" not in run("status", "--json").stdout
    assert "RTT" not in run("status").stdout
