"""The daemon that root starts by hand is the owner's: what it writes, and whom it runs as."""

from __future__ import annotations

import subprocess
import sys
from itertools import takewhile
from pathlib import Path

from tests.security.hands import USER, Scene, needs_root

pytestmark = needs_root


def test_run_as_root_goes_on_as_the_owner_of_the_database_and_stops_in_order(scene: Scene) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "healthmon", "-c", str(scene.config), "run"], stderr=subprocess.PIPE, text=True
    ) as daemon:
        assert daemon.stderr is not None
        until_ready = list(takewhile(lambda line: " ready: " not in line, daemon.stderr))
        status = Path(f"/proc/{daemon.pid}/status").read_text(encoding="utf-8")
        strangers = scene.strangers()
        daemon.terminate()
        daemon.wait(timeout=30)

    assert f"Uid:\t{USER}\t{USER}\t{USER}\t{USER}" in status
    assert strangers == []
    assert f"this is no longer root, but user {USER}, to whom the folder of the database belongs" in "".join(
        until_ready
    )
    assert daemon.returncode == 0
    assert sorted(each.name for each in scene.library.iterdir() if "told" not in each.name) == [
        "healthmon.db",
        "healthmon.db.lock",
    ]
