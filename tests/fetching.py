"""Programs that tests need and that are not Python's: got by `python -m tests.X fetch`, where they can be had."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

#: How long a command may take (seconds).
TIMEOUT = 600.0


class MissingProgramError(Exception):
    """What tests need is not here, and cannot be had."""


def main(package: str, fetch: Callable[[], None]) -> int:
    """Be the command `python -m PACKAGE fetch`; where CI=true what is missing is a failure."""
    if sys.argv[1:] != ["fetch"]:
        print(f"usage: python -m {package} fetch", file=sys.stderr)
        return 2
    try:
        fetch()
    except MissingProgramError as error:
        print(f"MISSING: {error}", flush=True)
        return 1 if os.environ.get("CI") == "true" else 0
    return 0


def install(*packages: str) -> None:
    """Install Debian packages, as root. Raises MissingProgramError."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingProgramError(f"no {packages[0]} here; install it (apt install {packages[0]})")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (("update", "-qq"), ("install", "-qq", "-y", "--no-install-recommends", *packages)):
        run(["apt-get", *words], environment=environment)


def run(command: Sequence[str], *, environment: dict[str, str] | None = None, folder: Path | None = None) -> None:
    """Run a command to its end. Raises MissingProgramError with what it complained about."""
    done = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise MissingProgramError(f"{' '.join(command)}: {done.stderr.strip()[-1000:]}")
