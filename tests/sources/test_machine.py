"""What is looked at on this machine, as ``/proc/self/mounts`` and ``systemctl`` play it."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthmon.sources.machine import file_system_of, look_at_machine

MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
tmpfs /run tmpfs rw 0 0
filer:/export/a\\040b /srv/a\\040b nfs4 rw,vers=4.2 0 0
/dev/sdb1 /srv/a\\040b/local xfs rw 0 0
//nas/share /mnt cifs rw 0 0
/dev/sdc1 /mnt ext4 rw 0 0
garbage
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    path = tmp_path / "mounts"
    path.write_text(MOUNTS)
    return path


@pytest.mark.parametrize(
    ("folder", "type_of_it"),
    [
        ("/var/lib/healthmon", "ext4"),
        ("/srv/a b/healthmon", "nfs4"),
        ("/srv/a b/local/x", "xfs"),
        ("/srv/a bc", "ext4"),
        # What was mounted last at a place is what is seen there.
        ("/mnt/x", "ext4"),
    ],
)
def test_the_deepest_mount_that_holds_a_folder_is_its_file_system(mounts: Path, folder: str, type_of_it: str) -> None:
    assert file_system_of(Path(folder), mounts) == type_of_it


def test_without_a_list_of_mounts_nothing_is_known(tmp_path: Path) -> None:
    assert file_system_of(tmp_path, tmp_path / "nowhere") is None


def systemctl(folder: Path, script: str) -> str:
    """A ``systemctl`` that says what a test wants."""
    path = folder / "systemctl"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("script", "word"),
    [
        ('test "$*" = "is-enabled healthmon.service" && echo enabled', "enabled"),
        ("echo disabled; exit 1", "disabled"),
        ("echo not-found; exit 4", "not-found"),
        # systemd 252, of Debian 12.
        ("echo 'Failed to get unit file state for healthmon.service: No such file' >&2; exit 1", "not-found"),
    ],
)
def test_systemd_is_asked_whether_the_service_starts_with_the_machine(tmp_path: Path, script: str, word: str) -> None:
    config = tmp_path / "config.ini"
    config.touch(0o640)

    found = look_at_machine(config, tmp_path / "healthmon.db", systemd=tmp_path, systemctl=systemctl(tmp_path, script))

    assert found.service == word


def test_without_systemd_nothing_is_said_of_the_service(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"

    found = look_at_machine(nowhere, nowhere / "deep" / "healthmon.db", systemd=nowhere, systemctl="/bin/false")

    assert (found.service, found.config_mode) == (None, None)
    # The folder of the database is not there yet: the nearest that is.
    assert found.disk_bytes is not None
    assert found.free_bytes is not None
    assert found.disk_bytes >= found.free_bytes
