"""Chromium and axe-core: where they are, and how to get them where they are missing."""

import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tests.lab.packages import cache_folder

#: Newer ones may have rules that nobody has looked at yet.
AXE_VERSION = "4.14.1"

#: The names under which distributions have it.
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")

_TIMEOUT = 600.0


class MissingProgramError(Exception):
    """What the tests of pages need is not here, and cannot be had."""


def chromium() -> Path | None:
    """The browser, or None."""
    found = next(filter(None, map(shutil.which, _CHROMIUMS)), None)
    return None if found is None else Path(found)


def axe() -> Path | None:
    """The script of axe-core, or None."""
    script = cache_folder() / f"axe-core-{AXE_VERSION}" / "axe.min.js"
    return script if script.is_file() else None


def fetch() -> None:
    """Get what is missing: Debian's packages as root, axe-core from the npm registry. Raises MissingProgramError."""
    if chromium() is None:
        _install("chromium", "fonts-dejavu-core")
    if axe() is None:
        if shutil.which("npm") is None:
            _install("npm")
        _fetch_axe()


def _install(*packages: str) -> None:
    """Install Debian packages, as root."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise MissingProgramError(f"no {packages[0]} here; install it (apt install {packages[0]})")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update", "-qq"), ("install", "-qq", "-y", "--no-install-recommends", *packages)):
        _run(["apt-get", *command], environment)


def _fetch_axe() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _run(["npm", "pack", "--silent", "--pack-destination", folder, f"axe-core@{AXE_VERSION}"], dict(os.environ))
        with tarfile.open(Path(folder) / f"axe-core-{AXE_VERSION}.tgz") as package:
            script = package.extractfile("package/axe.min.js")
            assert script is not None
            target = cache_folder() / f"axe-core-{AXE_VERSION}" / "axe.min.js"
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".partial")
            partial.write_bytes(script.read())
            partial.replace(target)


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, timeout=_TIMEOUT, check=False)
    if done.returncode:
        raise MissingProgramError(f"{' '.join(command)}: {done.stderr.decode(errors='replace').strip()[-500:]}")
