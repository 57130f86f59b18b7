"""The web process asks for as many files as it may have, and takes no more connections than leaves it some."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from healthmon.app.serving import most_connections


@pytest.mark.parametrize(("hard", "most"), [(1024, 960), (64, 1), (524_288, 2000), (resource.RLIM_INFINITY, 2000)])
def test_connections_leave_room_for_other_files(hard: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked_for.append(limits))

    assert most_connections() == most
    assert asked_for == [(hard, hard)]


def test_the_daemon_itself_loads_nothing_of_what_answers_over_http() -> None:
    program = "import sys, healthmon.app.daemon\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert "healthmon.app.daemon" in loaded
    assert [name for name in loaded if name.startswith(("flask", "waitress", "prometheus_", "healthmon.publish"))] == []
