"""Where this machine gets its packages from: the mirrors, suites and proxy of its own apt settings.

No mirror is named here: a machine behind a local mirror or an air gap uses what it is set up for.
HEALTHMON_LAB_MIRRORS (addresses separated by blanks) adds mirrors that are asked when those have not got it.
"""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

APT_FOLDER = Path("/etc/apt")

#: What `uname -m` says -> Debian's name for the architecture.
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "armhf", "i686": "i386"}


class Source(Struct, frozen=True):
    """One line `deb BASE SUITE COMPONENTS` of apt's settings."""

    base: str
    suite: str
    components: tuple[str, ...]


class Mirrors(Struct, frozen=True):
    """All that the lab must know of this machine's way to its packages."""

    bases: tuple[str, ...]
    #: The release this machine runs, e.g. "bookworm"; "" where it does not say.
    own_suite: str
    architecture: str
    proxies: Mapping[str, str]


def this_machine() -> Mirrors:
    """Read apt's settings, /etc/os-release and the environment of this machine."""
    own_suite = release_codename(Path("/etc/os-release"))
    extra = os.environ.get("HEALTHMON_LAB_MIRRORS", "").split()
    found = [*main_bases(list(read_sources(APT_FOLDER)), own_suite), *extra]
    return Mirrors(tuple(dict.fromkeys(found)), own_suite, architecture(), apt_proxies())


def architecture() -> str:
    """Debian's name of the machine's architecture, e.g. "amd64"."""
    return ARCHITECTURES.get(platform.machine(), platform.machine())


def release_codename(os_release: Path) -> str:
    """VERSION_CODENAME of an os-release file, "" if there is none."""
    text = os_release.read_text() if os_release.exists() else ""
    found = re.search(r'^VERSION_CODENAME="?([\w.-]+)"?$', text, re.MULTILINE)
    return found[1] if found else ""


def main_bases(sources: list[Source], own_suite: str) -> list[str]:
    """The addresses that carry the release itself, not its security updates or somebody's add-ons."""
    release_names = {own_suite, "stable", "testing", "unstable", "sid"}
    release = [source for source in sources if source.suite in release_names and "main" in source.components]
    own = [source for source in release if source.suite == own_suite]
    # An add-on repository may call its suite "stable" too: only believe that where nothing names the release.
    return list(dict.fromkeys(source.base.rstrip("/") for source in own or release))


def read_sources(apt_folder: Path) -> Iterator[Source]:
    """Every binary source in sources.list, sources.list.d/*.list and the newer *.sources files."""
    parts = apt_folder / "sources.list.d"
    for path in (apt_folder / "sources.list", *sorted(parts.glob("*.list"))):
        if path.exists():
            yield from one_line_sources(path.read_text())
    for path in sorted(parts.glob("*.sources")):
        yield from deb822_sources(path.read_text())


def one_line_sources(text: str) -> Iterator[Source]:
    """Sources in the one-line style: `deb [options] BASE SUITE COMPONENT…`."""
    for line in text.splitlines():
        words = re.sub(r"\[[^\]]*\]", "", line.partition("#")[0]).split()
        if len(words) >= 4 and words[0] == "deb":
            for base in addresses(words[1]):
                yield Source(base, words[2], tuple(words[3:]))


def deb822_sources(text: str) -> Iterator[Source]:
    """Sources in the deb822 style: paragraphs of `Types:`, `URIs:`, `Suites:`, `Components:`."""
    without_comments = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for paragraph in re.split(r"\n\s*\n", without_comments):
        fields = dict(re.findall(r"^([\w-]+):[ \t]*((?:.*)(?:\n[ \t]+.*)*)", paragraph, re.MULTILINE))
        if "deb" not in fields.get("Types", "").split() or fields.get("Enabled", "yes").strip() == "no":
            continue
        for uri in fields.get("URIs", "").split():
            for base in addresses(uri):
                for suite in fields.get("Suites", "").split():
                    yield Source(base, suite, tuple(fields.get("Components", "").split()))


def addresses(uri: str) -> list[str]:
    """The http(s) addresses behind one URI: itself, or those in the list that mirror+file: names."""
    if uri.startswith(("http://", "https://")):
        return [uri]
    if uri.startswith("mirror+file:") and Path(uri.removeprefix("mirror+file:")).exists():
        lines = Path(uri.removeprefix("mirror+file:")).read_text().splitlines()
        return [line.split()[0] for line in lines if line.startswith("http")]
    return []


def apt_proxies() -> dict[str, str]:
    """Apt's own proxy settings; {} leaves it to the environment (http_proxy, no_proxy …)."""
    apt_config = shutil.which("apt-config")
    if apt_config is None:
        return {}
    asked = [apt_config, "shell", "http", "Acquire::http::Proxy", "https", "Acquire::https::Proxy"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    found = re.findall(r"^(https?)='(.+)'$", answer, re.MULTILINE)
    return {scheme: proxy for scheme, proxy in found if proxy != "DIRECT"}
