"""What people order on the command line -> values: what a silence speaks of, and until when. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.config.findings import nearest
from healthmon.config.values import endpoint_patterns, kinds, pbx_patterns, seconds, site_patterns
from healthmon.errors import ExitCode, HealthmonError
from healthmon.model import Matcher
from healthmon.report.window import moment_of

#: What may stand before the "=" of a MATCH, and how the rest is read.
_SORTS: dict[str, Callable[[str], tuple[Any, ...]]] = {
    "pbx": pbx_patterns,
    "site": site_patterns,
    "kind": kinds,
    "watch": pbx_patterns,
    "endpoint": endpoint_patterns,
}

#: A silence that lasts longer was forgotten.
LONGEST = 365 * 86400.0


class BadOrder(HealthmonError):
    """The arguments make no sense."""

    exit_code = ExitCode.USAGE


def matcher_of(words: Iterable[str]) -> Matcher:
    """Read ``pbx=office kind=phone PJSIP/1*``; ``all`` alone means everything. Raises BadOrder."""
    given = list(words)
    if given == ["all"]:
        return Matcher()
    found: dict[str, list[Any]] = {sort: [] for sort in _SORTS}
    for word in given:
        sort, patterns = _match(word)
        found[sort] += patterns
    pbxs, devices, watches, endpoints, sites = (
        tuple(found[sort]) for sort in ("pbx", "kind", "watch", "endpoint", "site")
    )
    return Matcher(pbxs, devices, watches, endpoints, sites)


def _match(word: str) -> tuple[str, tuple[Any, ...]]:
    sort, equals, value = word.partition("=")
    if not equals and "/" in word:
        sort, value = "endpoint", word
    elif not equals or sort not in _SORTS:
        guess = f"{nearest(sort, list(_SORTS))}={value}" if equals else f"endpoint=PJSIP/{word}"
        raise BadOrder(f"{word}: write pbx=…, site=…, kind=…, watch=…, endpoint=… or all; perhaps {guess}")
    try:
        patterns = _SORTS[sort](value)
    except ValueError as error:
        raise BadOrder(f"{sort}={error}") from None
    if not patterns:
        raise BadOrder(f"{word}: there is nothing after the =")
    return sort, patterns


def until_of(lasting: str | None, until: str | None, *, zone: ZoneInfo, now: float) -> float:
    """Say when a silence ends: after a duration, or at a time. Raises BadOrder."""
    if (lasting is None) == (until is None):
        raise BadOrder("say until when: either --for 2h or --until '18:00'")
    end = now + _length(lasting) if lasting is not None else _end(str(until), zone, now)
    if not now < end <= now + LONGEST:
        raise BadOrder("a silence ends in the future, and within 365 days")
    return end


def _length(lasting: str) -> float:
    try:
        return seconds(lasting)
    except ValueError as error:
        raise BadOrder(f"--for {error}") from None


def _end(until: str, zone: ZoneInfo, now: float) -> float:
    """``18:00`` is the next time that a clock shows it."""
    match = re.fullmatch(r"([0-9]{1,2}):([0-5][0-9])", until)
    if not match or int(match[1]) > 23:
        return moment_of("--until", until, zone, is_end=True)
    shown = datetime.fromtimestamp(now, zone).replace(
        hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0, fold=0
    )
    if shown.timestamp() <= now:
        shown = (shown + timedelta(days=1)).replace(fold=0)
    return shown.timestamp()
