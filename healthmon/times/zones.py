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
        if zone := _known(name):
            return zone
    return ZoneInfo("UTC")


def is_tz_passed_over(environ: Mapping[str, str]) -> bool:
    """Whether ``TZ`` is set and names no zone: with quotation marks in it, say, or ``PST``."""
    return bool(environ.get("TZ")) and _known(_name_in(environ["TZ"])) is None


def _known(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _name_in(tz: str) -> str:
    """Return the name in a ``TZ`` that may be a path, and may begin with a colon."""
    return tz.removeprefix(":").partition("/zoneinfo/")[2] or tz.removeprefix(":")


def _candidates(environ: Mapping[str, str], etc: Path) -> Iterator[str]:
    """Name the places where a system keeps its zone, in the order in which they count."""
    if environ.get("TZ"):
        yield _name_in(environ["TZ"])
    try:
        yield (etc / "timezone").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        # Not every system has this file; /etc/localtime is next.
        yield ""
    yield str((etc / "localtime").resolve()).partition("/zoneinfo/")[2]
