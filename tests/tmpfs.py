"""A file system of a few megabytes in memory, which can really be full, or read-only."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted_tmpfs(folder: Path, size: str) -> Iterator[Path]:
    """Mount it on a folder. Skips the test where mounting cannot be had, and fails it there where CI=true."""
    reason = _mount(folder, size)
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    if reason:
        pytest.skip(reason)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(folder: Path, size: str) -> str:
    """Mount it; return why that could not be done, or "" if it was."""
    if shutil.which("mount") is None:
        return "needs the program mount (apt install mount)"
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"needs the right to mount: {done.stderr.strip()}" if done.returncode else ""
