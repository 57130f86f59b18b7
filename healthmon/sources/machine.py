"""This machine, as far as healthmon depends on it: its disk, its clock, its service manager."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from healthmon.times.system_clock import synchronised_time

#: Where the kernel says what is mounted, and systemd that it runs the machine.
MOUNTS, SYSTEMD = Path("/proc/self/mounts"), Path("/run/systemd/system")
SERVICE = "healthmon.service"
#: Seconds; it reads a few links.
_SYSTEMCTL_TAKES = 5.0


class MachineLook(Struct, frozen=True):
    """What was looked at. ``None``: it could not be, or is not there."""

    #: The permissions of the configuration file.
    config_mode: int | None
    #: The type of the file system below the database: ext4, nfs4.
    file_system: str | None
    disk_bytes: int | None
    #: What of it may still be written.
    free_bytes: int | None
    is_synchronised: bool
    #: systemd's word for the service: enabled, disabled, not-found. None: no systemd runs this machine.
    service: str | None


def look_at_machine(
    config: Path, database: Path, mounts: Path = MOUNTS, systemd: Path = SYSTEMD, systemctl: str | None = None
) -> MachineLook:
    """Look at what healthmon depends on. Nothing is changed."""
    resolved = database.parent.resolve()
    # The folder itself may have to be made: then the nearest above it that is there already.
    folder = next((path for path in (resolved, *resolved.parents) if path.is_dir()), Path("/"))
    config_mode: int | None = None
    disk: os.statvfs_result | None = None
    with suppress(OSError):
        config_mode = config.stat().st_mode
    with suppress(OSError):
        disk = os.statvfs(folder)
    return MachineLook(
        config_mode=config_mode,
        file_system=file_system_of(folder, mounts),
        disk_bytes=disk and disk.f_blocks * disk.f_frsize,
        free_bytes=disk and disk.f_bavail * disk.f_frsize,
        is_synchronised=synchronised_time() is not None,
        service=_service(systemd, systemctl or shutil.which("systemctl")),
    )


def file_system_of(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """Say of which type the file system is that a folder lies on; None: the kernel does not say."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    found, deepest = None, -1
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        written = fields[1]
        # The kernel writes a space as ``\040``.
        for code, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
            written = written.replace(code, letter)
        place = Path(written)
        # Of two at the same place the later one lies above.
        if folder.is_relative_to(place) and len(place.parts) >= deepest:
            found, deepest = fields[2], len(place.parts)
    return found


def _service(systemd: Path, systemctl: str | None) -> str | None:
    """Ask systemd whether it starts the service with the machine."""
    if systemctl is None or not systemd.is_dir():
        return None
    try:
        asked = subprocess.run(  # noqa: S603  (the system's own, with fixed words)
            [systemctl, "is-enabled", SERVICE],
            capture_output=True,
            text=True,
            timeout=_SYSTEMCTL_TAKES,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    # systemd before 253 says on stderr that there is no such file.
    return asked.stdout.strip() or "not-found"
