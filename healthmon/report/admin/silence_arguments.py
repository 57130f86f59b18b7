"""What people order on the command line -> values: what a silence speaks of, and until when. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from healthmon.config.findings import nearest
from healthmon.config.values import kinds, names, pbx_patterns, seconds, site_patterns, target_patterns
from healthmon.errors import ExitCode, HealthmonError
from healthmon.model import Kind, Matcher
from healthmon.report.window import moment_of

#: What may stand before the "=" of a MATCH, and how the rest is read.
_SORTS: dict[str, Callable[[str], tuple[Any, ...]]] = {
    "pbx": pbx_patterns,
    "site": site_patterns,
    "kind": kinds,
    "watch": pbx_patterns,
    "endpoint": lambda value: tuple(pattern for word in names(value) for pattern in named_endpoint(word)),
}

#: So begins the MATCH of an endpoint, where it is written whole.
_ENDPOINT = "endpoint="

#: A silence that lasts longer was forgotten.
LONGEST = 365 * 86400.0


class BadSilence(HealthmonError):
    """The arguments make no sense."""

    exit_code = ExitCode.USAGE


def matcher_of(
    arguments: Iterable[str], pbxs: Collection[str] = (), by_number: Callable[[str], str] = lambda word: word
) -> Matcher:
    """Read ``pbx=office kind=phone PJSIP/1* 101``; ``all`` alone means everything. Raises BadOrder.

    ``pbxs``: the names of the PBXs, which may be written without ``pbx=``. ``by_number``: writes the endpoint that
    people call so.
    """
    given = list(arguments)
    if given == ["all"]:
        return Matcher()
    found: dict[str, list[Any]] = {sort: [] for sort in _SORTS}
    if "all" in given:
        raise BadSilence("all stands alone: it is everything")
    for word in given:
        if word in pbxs:
            sort, patterns = _match(f"pbx={word}")
        elif "=" not in word or word.startswith(_ENDPOINT):
            sort, patterns = _match(f"{_ENDPOINT}{by_number(word.removeprefix(_ENDPOINT))}")
        else:
            sort, patterns = _match(word)
        found[sort] += patterns
    pbxs, devices, watches, endpoints, sites = (
        tuple(found[sort]) for sort in ("pbx", "kind", "watch", "endpoint", "site")
    )
    return Matcher(pbxs, devices, watches, endpoints, sites)


def _match(word: str) -> tuple[str, tuple[Any, ...]]:
    sort, _, value = word.partition("=")
    if sort not in _SORTS:
        raise BadSilence(f"{word}: write pbx=…, site=…, kind=…, watch=…, endpoint=… or all{_meant(sort, value)}")
    try:
        patterns = _SORTS[sort](value)
    except ValueError as error:
        raise BadSilence(f"{sort}={error}") from None
    if not patterns:
        raise BadSilence(f"{word}: there is nothing after the =")
    return sort, patterns


def named_endpoint(word: str) -> tuple[str, ...]:
    """Read ``101``, ``PJSIP/101``, ``office:PJSIP/101`` as patterns over technology/name. Raises ValueError."""
    pbx, colon, name = word.partition(":")
    if not colon or "/" in pbx:
        pbx, colon, name = "", "", word
    if "/" not in name:
        name = f"*/{name.strip()}"
    patterns = target_patterns(name)
    return tuple(f"{pbx}{colon}{pattern}" for pattern in patterns)


def _meant(sort: str, value: str) -> str:
    """Say what was probably meant by ``phone=103``."""
    if sort in {kind.value for kind in Kind}:
        return f"; perhaps {value}, for the endpoint of this name, or kind={sort}"
    guess = nearest(sort, list(_SORTS))
    if guess:
        return f"; perhaps {guess}={value}"
    return ""


def until_of(lasting: str | None, until: str | None, *, zone: ZoneInfo, now: float) -> float:
    """Say when a silence ends: after a duration, or at a time. Raises BadOrder."""
    if (lasting is None) == (until is None):
        raise BadSilence("say until when: either --for 2h or --until '18:00'")
    if lasting is None:
        end = _end(str(until), zone, now)
    else:
        try:
            end = now + seconds(lasting)
        except ValueError as error:
            raise BadSilence(f"--for {error}") from None
    if not now < end <= now + LONGEST:
        raise BadSilence("a silence ends in the future, and within 365 days")
    return end


def _end(until: str, zone: ZoneInfo, now: float) -> float:
    """``18:00`` is the next time that a clock shows it."""
    match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", until)
    if not match:
        return moment_of("--until", until, zone, is_end=True)
    if int(match[1]) > 23 or int(match[2]) > 59:
        raise BadSilence(f"--until {until}: no clock shows that; write a time like 18:00, or '2026-05-01 18:00'")
    shown = datetime.fromtimestamp(now, zone).replace(
        hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0, fold=0
    )
    if shown.timestamp() <= now:
        shown = (shown + timedelta(days=1)).replace(fold=0)
    return shown.timestamp()
