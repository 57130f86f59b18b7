"""Fetches kits (Asterisk 22 and 16, baresip, sipp, kamailio, nginx, …) from the machine's own Debian mirror.

A kit's folder appears by one rename once it is complete; until then nobody can mistake it for one.
"""

import fcntl
import os
import shutil
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from .download import PARALLEL, Downloader
from .errors import LabError, NotInMirror
from .index import Index, Package
from .kits import LAYOUT, RECIPES, Kit, Recipe, kit_on_path, patch, read_kit, write_label
from .mirror import Mirrors, this_machine
from .unpack import unpack_deb


def cache_folder() -> Path:
    """Where the kits are kept between runs: the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "healthmon-lab"


def cached(name: str, cache: Path | None = None) -> Kit | None:
    """The kit as it lies in the cache, complete; None when it is not there."""
    return read_kit(name, _kit_folder(name, cache or cache_folder()))


def available(name: str) -> Kit | None:
    """The kit without any download: from the cache, or the machine's own program; None means: run `make lab`."""
    return cached(name) or kit_on_path(RECIPES[name])


def fetch(name: str, cache: Path | None = None, store: "PackageStore | None" = None) -> Kit:
    """The kit of that name, from the cache or else from the mirror, or else from PATH."""
    cache = cache or cache_folder()
    with _locked(cache / f"{name}.lock"):
        kit = cached(name, cache)
        if kit is not None:
            return kit
        recipe = RECIPES[name]
        try:
            return (store or PackageStore(cache)).build(recipe)
        except LabError as error:
            found = kit_on_path(recipe)
            if found is None:
                raise LabError(f"{name}: {error}; and no {Path(recipe.program).name} on PATH") from error
            return found


class PackageStore:
    """Reads a mirror and builds kits from it; keeps the packages that it fetched."""

    def __init__(self, cache: Path, mirrors: Mirrors | None = None, downloader: Downloader | None = None) -> None:
        self._cache = cache
        self._mirrors = mirrors or this_machine()
        self._downloader = downloader or Downloader(self._mirrors.proxies)
        self._indexes: dict[str, Index | None] = {}
        self._index_locks: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def build(self, recipe: Recipe) -> Kit:
        """Fetch and unpack a kit; raises NotInMirror when no mirror and suite has its version."""
        base, suite, index = self._find(recipe)
        packages = index.closure(recipe.packages, recipe.without)
        with ThreadPoolExecutor(PARALLEL) as pool:
            debs = list(pool.map(lambda package: self._fetch_deb(base, package), packages))
        return self._unpack(recipe, debs, index.package(recipe.packages[0]).upstream, f"suite {suite}")

    def _find(self, recipe: Recipe) -> tuple[str, str, Index]:
        """The first mirror, suite and list of packages with the right version; else the release's own version."""
        if not self._mirrors.bases:
            raise NotInMirror("apt's settings name no mirror of this machine's release")
        suites = [self._mirrors.own_suite if suite == "own" else suite for suite in recipe.suites]
        tried = [(base, suite) for suite in dict.fromkeys(filter(None, suites)) for base in self._mirrors.bases]
        own_version = None
        for base, suite in tried:
            for component in ("main", "universe") if suite == self._mirrors.own_suite else ("main",):
                index = self._index(base, suite, component)
                if index is None or recipe.packages[0] not in index:
                    continue
                if index.package(recipe.packages[0]).upstream.startswith(recipe.version_prefix):
                    return base, suite, index
                if suite == self._mirrors.own_suite:
                    own_version = (base, suite, index)
        if own_version is None:
            asked = ", ".join(dict.fromkeys(suite for _, suite in tried))
            wanted = f"{recipe.packages[0]} {recipe.version_prefix}*"
            raise NotInMirror(f"no {wanted} in this machine's mirror (suites tried: {asked})")
        return own_version

    def _index(self, base: str, suite: str, component: str) -> Index | None:
        """A list of packages, read once however many kits ask for it; None when the mirror has none there."""
        path = f"{base}/dists/{suite}/{component}/binary-{self._mirrors.architecture}/Packages.xz"
        with self._index_locks[path]:
            if path not in self._indexes:
                try:
                    self._indexes[path] = Index(self._downloader.get_xz(path).decode())
                except NotInMirror:
                    self._indexes[path] = None
            return self._indexes[path]

    def _fetch_deb(self, base: str, package: Package) -> Path:
        target = self._cache / "debs" / f"{package.name}_{package.sha256[:16]}.deb"
        return self._downloader.fetch(f"{base}/{package.filename}", target, package.sha256)

    def _unpack(self, recipe: Recipe, debs: list[Path], version: str, origin: str) -> Kit:
        final = _kit_folder(recipe.name, self._cache)
        building = Path(tempfile.mkdtemp(dir=self._cache, prefix=f".{recipe.name}-"))
        try:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(lambda deb: unpack_deb(deb, building), debs))
            patched = patch(building, recipe.program, final)
            write_label(building, version, origin, patched)
            building.chmod(0o755)
            building.rename(final)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
        return Kit(recipe.name, version, final, origin)


def _kit_folder(name: str, cache: Path) -> Path:
    return cache / f"{name}.v{LAYOUT}"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time build a kit; the others find it ready afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
