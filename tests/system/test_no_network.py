"""healthmon in a network of its own (a namespace of the kernel): no network here is told apart from no host there."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.system.daemon import HEALTHMON, Daemon

#: Nobody is there, and these networks are nobody's.
ELSEWHERE = "192.0.2.7"
CONFIG = f"""
[pbx office]
url = http://{ELSEWHERE}:8088
username = healthmon
password = secret
down_after = 1s

[watch phones]
endpoints = PJSIP/*

[receiver oncall]
urls = json://{ELSEWHERE}:9000
"""

#: No route at all: as when a cable is pulled, or DHCP gave no address.
WITHOUT_ROUTES = "true"
#: As when a router on the way answers that the host is not there.
WITHOUT_THAT_HOST = f"ip link set lo up && ip route add unreachable {ELSEWHERE}"


def in_a_network_of_its_own(setting: str) -> list[str]:
    """What to put before a command. Skips the test where that is not allowed, and fails it there where CI=true."""
    words = ["unshare", "--net", "sh", "-c", f'{setting} && exec "$@"', "sh"]
    done = subprocess.run([*words, "true"], capture_output=True, text=True, check=False)
    if done.returncode:
        refuse = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        refuse(f"needs the right to make a network namespace, and ip of iproute2: {done.stderr.strip()}")
    return words


@pytest.mark.parametrize(
    ("setting", "state", "reason", "told"),
    [
        pytest.param(
            WITHOUT_ROUTES,
            "unknown",
            "no network here; 192.0.2.7:8088 cannot be reached (Network is unreachable)",
            "cannot see",
            id="ENETUNREACH: cannot see",
        ),
        pytest.param(
            WITHOUT_THAT_HOST,
            "down",
            "192.0.2.7:8088 cannot be reached (No route to host)",
            "down",
            id="EHOSTUNREACH: down",
        ),
    ],
)
def test_our_own_network_gone_is_cannot_see_and_a_host_that_is_not_there_is_down(
    tmp_path: Path, setting: str, state: str, reason: str, told: str
) -> None:
    program = [*in_a_network_of_its_own(setting), *HEALTHMON]
    with Daemon(tmp_path, CONFIG, program=program) as daemon:
        daemon.start()
        daemon.wait_for_pbx(state)
        daemon.wait(lambda: json.loads(daemon.command("incidents", "--json").stdout), "an incident is open")

        assert daemon.pbx()["reason"] == reason
        [incident] = json.loads(daemon.command("incidents", "--json").stdout)
        assert incident["state"] == state
        assert f"office  {told} " in daemon.command("status").stdout
