"""``docs/json.md`` is a promise: what the commands print has the fields and the types of its examples."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from healthmon.model import Health
from tests.cli.conftest import Run
from tests.report.builder import DAY, NOW, blind, connection, outage, phone, provider, running, steps

DOCUMENT = Path(__file__).parents[2] / "docs" / "json.md"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

#: What may be null, although the example shows a value; and the other way round.
NULLABLE = {
    "site",
    "down",
    "of",
    "alive_at", "availability", "closed_at", "ending", "explained_by", "last_event_at", "last_snapshot_at", "pending",
    "pending_hold", "pending_hold_why",
    "since", "version", "incident", "acknowledged", "muted_by", "acknowledged_at", "acknowledged_by", "acknowledgement",
    "believed", "watched_since", "watched_from", "watched_until", "old", "why", "sla", "sla_missed", "mttr_s", "mtbf_s",
    "availability_in_hours", "downtime_in_hours_s", "rtt_p50_ms", "rtt_p95_ms", "rtt_min_ms", "rtt_max_ms",
    "belief", "pending_for_s", "accepted_at", "pending_sites", "last_event_ago_s", "last_snapshot_ago_s", "alive_ago_s",
    "causes", "disk_full_at", "lasted_s", "rows_per_day", "oldest_at",
}  # fmt: skip


def examples() -> list[Any]:
    """The examples of the document, in their order."""
    blocks = re.findall(r"^```json\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    return [json.loads(block) for block in blocks]


def example(number: int) -> Any:
    """An example of the document."""
    return examples()[number]


def check(value: Any, like: Any, place: str = "$") -> None:
    """Hold a value against its example: the same fields in the same order, the same types."""
    if isinstance(like, dict):
        assert isinstance(value, dict), place
        assert list(value) == list(like), place
        for name, inner in like.items():
            if value[name] is None or inner is None:
                assert name in NULLABLE, f"{place}.{name}"
            else:
                check(value[name], inner, f"{place}.{name}")
    elif isinstance(like, list):
        for inner in value:
            check(inner, like[0], f"{place}[]")
    elif isinstance(like, float):
        assert isinstance(value, int | float), place
    else:
        assert type(value) is type(like), place
        if isinstance(like, str) and TIME.fullmatch(like):
            assert TIME.fullmatch(value), place


def test_status_has_the_fields_of_the_document(database: Path, run: Run) -> None:
    states = [
        connection(),
        connection("branch", Health.DOWN),
        phone("101", Health.DOWN, pending=Health.UP, pending_since=NOW - 5),
        provider("trunk", None),
        phone("201", pbx="branch"),
    ]
    with running(database, states, pbx_states=[blind("branch")]):
        status = json.loads(run("status", "--json").stdout)

    assert status["targets"]
    assert status["pbxs"]
    check(status, example(0))


def test_a_database_in_which_nothing_ever_happened_has_them_too(database: Path, run: Run) -> None:
    with running(database, alive_at=None):
        check(json.loads(run("status", "--json").stdout), example(0))
        check(json.loads(run("report", "--format", "json").stdout), example(1))


def test_report_has_the_fields_of_the_document(database: Path, run: Run) -> None:
    trunk, desk, new = provider("trunk"), phone("101"), phone("102", None)
    history = [*steps(trunk, (NOW - DAY, Health.UP)), *steps(desk, (NOW - DAY, Health.UP), (NOW - 60, Health.DOWN))]
    incidents = [outage(1, trunk, NOW - 99, NOW - 50), outage(2, desk, NOW - 60, explained_by=1)]
    with running(database, [connection(), trunk, desk, new], history=history, incidents=incidents):
        report = json.loads(run("report", "--format", "json").stdout)

    assert len(report["incidents"]) == 2
    check(report, example(1))
