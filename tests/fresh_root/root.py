"""A folder with a fresh Debian or Ubuntu, made from this machine's own sources, in which commands run as in a machine.

It has the packages that the README names, systemd as every such machine has it, and curl; no tzdata, no /proc, no
terminals. Python's packages come from a folder beside it that this machine's pip has filled, so nothing in there needs
the settings of this machine. The network is this machine's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

from msgspec import Struct

from tests.fetching import TIMEOUT, install, run
from tests.lab.mirror import this_machine

REPOSITORY = Path(__file__).parents[2]
#: What the README names, then what it takes for granted.
PACKAGES = ("python3-venv", "make", "git", "systemd", "passwd", "curl")
#: Where the repository can be cloned from, and Python's packages are, as seen from inside.
ORIGIN, WHEELS = "/srv/healthmon.git", "/srv/wheels"


class Release(Struct, frozen=True):
    """A release of Debian or Ubuntu, and the version of its Python."""

    name: str
    suite: str
    python: str


DEBIAN_12 = Release("debian12", "bookworm", "3.11")
DEBIAN_13 = Release("debian13", "trixie", "3.13")
#: Only where the sources of this machine are Ubuntu's.
UBUNTU_24 = Release("ubuntu24", "noble", "3.12")


def fetch() -> None:
    """Get mmdebstrap, as root. Raises MissingProgramError."""
    if shutil.which("mmdebstrap") is None:
        install("mmdebstrap")


def why_not(release: Release) -> str:
    """Why this release cannot be made here, in one line; "": it can."""
    if os.geteuid() != 0:
        return "a fresh root is made by root only"
    if shutil.which("mmdebstrap") is None:
        return "no mmdebstrap here: run `python -m tests.fresh_root fetch`"
    is_ubuntu = "ubuntu" in Path("/etc/os-release").read_text(encoding="utf-8").lower()
    if (release is UBUNTU_24) is not is_ubuntu:
        return f"this machine's sources have no {release.suite}"
    return ""


class FreshRoot:
    """A fresh system in a folder."""

    def __init__(self, folder: Path, release: Release) -> None:
        self.folder = folder / "root"
        self._environment = {
            "HOME": "/root",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": WHEELS,
        }
        self._unpack(release)
        _collect_wheels(self.path(WHEELS), release)
        _keep_repository(self.path(ORIGIN), folder / "work")

    def path(self, inside: str) -> Path:
        """Where a file of the fresh system is on this machine."""
        return self.folder / inside.removeprefix("/")

    def call(self, script: str, user: str = "") -> list[str]:
        """What to call on this machine to have a shell in there run a script; as root, or as a user of it."""
        settings = [f"{name}={value}" for name, value in self._environment.items()]
        who = [f"--userspec={user}"] if user else []
        return ["chroot", *who, str(self.folder), "env", "-i", *settings, "sh", "-e", "-c", script]

    def run(self, script: str, user: str = "") -> subprocess.CompletedProcess[str]:
        """Have a shell in there run a script, to the end; what it prints and complains about is one text."""
        return subprocess.run(
            self.call(script, user),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )

    def _unpack(self, release: Release) -> None:
        mirrors = this_machine().bases
        options = ["--quiet", "--mode=root", "--variant=apt", f"--include={','.join(PACKAGES)}"]
        # What nobody reads here, and what this machine's clock may make too old.
        options += ["--aptopt=Acquire::Check-Valid-Until false", "--dpkgopt=path-exclude=/usr/share/doc/*"]
        run(["mmdebstrap", *options, release.suite, str(self.folder), *mirrors])


def _collect_wheels(folder: Path, release: Release) -> None:
    """Have this machine's pip fetch what healthmon needs, for the Python of that release."""
    config = ConfigParser()
    config.read(REPOSITORY / "setup.cfg", encoding="utf-8")
    # The demo has a page, too.
    lines = config["options"]["install_requires"] + config["options.extras_require"]["web"]
    needed = [line.replace(" ", "") for line in lines.splitlines() if line]
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", "--dest", str(folder)]
    run([*words, f"--python-version={release.python}", *needed, "setuptools"])


def _keep_repository(origin: Path, work: Path) -> None:
    """Make a repository of the files as they are now, with a version before them that is the same."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (REPOSITORY / name).is_file():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, work / name)
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost"]
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["commit", "--quiet", "--message=The version before"],
        ["commit", "--quiet", "--allow-empty", "--message=This version"],
        ["clone", "--quiet", "--bare", ".", str(origin)],
    ):
        run([*git, *words], folder=work)
