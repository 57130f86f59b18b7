"""Chromium and axe-core: where they are, and how to get them where they are missing."""

import shutil
import tarfile
import tempfile
from pathlib import Path

from tests.fetching import install, run
from tests.lab.packages import cache_folder

#: Newer ones may have rules that nobody has looked at yet.
AXE_VERSION = "4.14.1"

#: The names under which distributions have it.
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")


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
        install("chromium", "fonts-dejavu-core")
    if axe() is None:
        if shutil.which("npm") is None:
            install("npm")
        _fetch_axe()


def _fetch_axe() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(["npm", "pack", "--silent", "--pack-destination", folder, f"axe-core@{AXE_VERSION}"])
        with tarfile.open(Path(folder) / f"axe-core-{AXE_VERSION}.tgz") as package:
            script = package.extractfile("package/axe.min.js")
            assert script is not None
            target = cache_folder() / f"axe-core-{AXE_VERSION}" / "axe.min.js"
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".partial")
            partial.write_bytes(script.read())
            partial.replace(target)
