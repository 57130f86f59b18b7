"""The system's time zone, when the configuration names none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def system_timezone(environ: Mapping[str, str], etc: Path = Path("/etc")) -> ZoneInfo:
    """Return what ``TZ``, ``/etc/timezone`` or the link ``/etc/localtime`` names first; UTC if none does.

    The name is wanted, not only the offsets: messages print times with their zone, years back and ahead.
    """
    for name in _candidates(environ, etc):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
    return ZoneInfo("UTC")


def _candidates(environ: Mapping[str, str], etc: Path) -> Iterator[str]:
    """Name the places where a system keeps its zone, in the order in which they count."""
    if environ.get("TZ"):
        yield environ["TZ"].removeprefix(":").partition("/zoneinfo/")[2] or environ["TZ"].removeprefix(":")
    try:
        yield (etc / "timezone").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        # Not every system has this file; /etc/localtime is next.
        yield ""
    yield str((etc / "localtime").resolve()).partition("/zoneinfo/")[2]
