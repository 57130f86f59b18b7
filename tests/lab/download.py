"""Fetches files so that a file which is there is whole: retried, checked, renamed into place at the end."""

import hashlib
import lzma
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter

from .errors import DownloadFailed, NotInMirror

#: Name resolution and mirrors fail now and then; seconds to wait before each further try.
PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)

#: Files fetched at the same time; a mirror's latency, not its bandwidth, is what costs.
PARALLEL = 12

#: Seconds for connecting, and for the silence between two pieces of an answer.
TIMEOUT = (5, 20)


class Downloader:
    """Fetches over kept-alive connections; may be used by several threads at once."""

    def __init__(self, proxies: Mapping[str, str] | None = None, pauses: tuple[float, ...] = PAUSES) -> None:
        self._pauses = pauses
        self._session = requests.Session()
        self._session.proxies.update(dict(proxies or {}))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=PARALLEL))

    def get_xz(self, url: str) -> bytes:
        """What is packed in the .xz file at `url`; raises NotInMirror where the mirror says that it has none."""
        return self._retried(url, _unpacked)

    def fetch(self, url: str, target: Path, sha256: str) -> Path:
        """Put the file at `url` to `target`, unless it is there; it appears only when its sha256 is right."""
        if not target.exists():
            write_atomically(target, self._retried(url, lambda body: _checked(body, sha256)))
        return target

    def _retried(self, url: str, check: Callable[[bytes], bytes]) -> bytes:
        for tries, pause in enumerate((*self._pauses, None), start=1):
            try:
                return check(self._once(url))
            except (requests.RequestException, DownloadFailed) as error:
                if pause is None:
                    raise DownloadFailed(f"{url}: {error} ({tries} tries)") from error
                time.sleep(pause)
        raise AssertionError("unreachable: the last try returns or raises")

    def _once(self, url: str) -> bytes:
        answer = self._session.get(url, timeout=TIMEOUT)
        if answer.status_code in {404, 410}:
            raise NotInMirror(f"{url}: the mirror has no such file")
        answer.raise_for_status()
        body: bytes = answer.content
        expected_size = answer.headers.get("Content-Length")
        if expected_size is not None and int(expected_size) != answer.raw.tell():
            raise DownloadFailed(f"cut off after {answer.raw.tell()} of {expected_size} bytes")
        return body


def _checked(body: bytes, sha256: str) -> bytes:
    if hashlib.sha256(body).hexdigest() != sha256:
        raise DownloadFailed("the checksum differs from the mirror's index")
    return body


def _unpacked(body: bytes) -> bytes:
    # The format carries a checksum of its own: a proxy's error page or a torn file does not pass.
    try:
        return lzma.decompress(body)
    except lzma.LZMAError as error:
        raise DownloadFailed(f"no whole .xz file: {error}") from error


def write_atomically(target: Path, body: bytes) -> None:
    """Write a file that other processes see whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as part:
            part.write(body)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
