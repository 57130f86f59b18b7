"""The words that an option may hold -> values. Each function raises ``ValueError`` with the sentence to print."""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from healthmon.config.findings import nearest, shown
from healthmon.model import ENDPOINT_CHECKS, REGISTRATION, Check, Kind, Probe, Severity
from healthmon.times.weekly import DAY_MINUTES

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "y": 365 * 86400.0}
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

LOG_LEVELS = ("debug", "info", "warning", "error")

#: The technologies whose endpoints Asterisk can list, as it writes them.
TECHNOLOGIES = ("PJSIP", "SIP", "IAX2", "SCCP", "Skinny", "Unistim", "DAHDI", "Motif", "H323", "OOH323", "MGCP")

WEEKDAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([A-Za-zµ]*)")
#: ``192.0.2.10:5066``, ``:5066``, ``[2001:db8::1]:5066``; an IPv6 address without brackets has no port.
_WITH_PORT = re.compile(r"([^:\[\]]*|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})")
_APPLICATION = re.compile(r"[A-Za-z0-9_.-]{1,64}")
#: Names go into messages, file names and patterns: letters of any language, digits, and a few marks.
_NAME = re.compile(r"\w(?:[\w .+-]{0,62}[\w.+-])?")
NAMES = "a name is made of up to 64 letters, digits, spaces and . + - _, and begins with a letter or digit"
#: What makes a pattern of a name.
WILDCARDS = frozenset("*?[")

#: Headers that browsers and programs send by themselves, and that proxies pass on or make of what is passed to them.
_HEADERS_OF_ANYBODY = frozenset(
    (
        *("accept", "accept-charset", "accept-encoding", "accept-language", "authorization", "cache-control"),
        *("connection", "content-length", "content-type", "cookie", "date", "forwarded", "from", "host"),
        *("if-modified-since", "if-none-match", "origin", "pragma", "proxy-authorization", "referer", "te"),
        *("transfer-encoding", "upgrade", "user-agent", "via", "x-form-token", "x-forwarded-for"),
        *("x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip"),
    )
)

#: Stands for "all receivers that the file defines".
ALL = "all"
#: Stands for "told to nobody, kept in the history".
NOBODY = "nobody"


Value = TypeVar("Value")


class Unsuitable(ValueError):
    """A value that cannot be used; ``suggestion`` is what was probably meant, ``also`` what else is wrong with it."""

    def __init__(self, what: str, suggestion: str = "") -> None:
        super().__init__(what)
        self.suggestion = suggestion
        self.also: list[Unsuitable] = []


class OwnAddress(NamedTuple):
    """Where something of ours leaves from."""

    #: "": whatever the system takes.
    address: str = ""
    #: 0: any that is free.
    port: int = 0


def is_name(word: str) -> bool:
    """Whether a section may have this name."""
    return bool(_NAME.fullmatch(word))


def text(value: str) -> str:
    """Take the value as it stands."""
    return value


def path(value: str) -> Path:
    """Take the value as the name of a file."""
    if "\0" in value:
        raise Unsuitable(f"{shown(value)}: this is not the name of a file")
    return Path(value)


def one_of(*choices: str) -> Callable[[str], str]:
    """Accept one of these words, in any case."""

    def parse(value: str) -> str:
        if value.lower() in choices:
            return value.lower()
        raise Unsuitable(f"{shown(value)}: must be one of {', '.join(choices)}", nearest(value, choices))

    return parse


def yes_no(value: str) -> bool:
    """``yes``, ``true``, ``on``, ``1``, or their opposites."""
    word = value.lower()
    if word in ("yes", "true", "on", "1"):
        return True
    if word in ("no", "false", "off", "0"):
        return False
    raise Unsuitable(f"{shown(value)}: must be yes or no")


def yes_no_auto(value: str) -> bool | None:
    """``yes``, ``no``, or ``auto`` (None)."""
    if value.lower() == "auto":
        return None
    try:
        return yes_no(value)
    except Unsuitable:
        raise Unsuitable(f"{shown(value)}: must be yes, no or auto") from None


def seconds(value: str, within: tuple[float, float] = (0.0, math.inf)) -> float:
    """``500ms``, ``30s``, ``5m``, ``2h``, ``7d``, ``1y`` (365 days) -> seconds.

    ``within``: what is wanted, seconds; a number without a unit is asked whether it is one of those that fit.
    """
    match = _DURATION.fullmatch(value)
    if not match:
        raise Unsuitable(f"{shown(value)}: a duration is one number and its unit, like 500ms, 30s, 5m, 2h, 7d or 1y")
    number, unit = match.groups()
    if not unit:
        usual = ("s", "m")
        if within[1] < MINUTE:
            usual = ("ms", "s")
        fitting = [name for name in usual if within[0] <= float(number) * UNITS[name] <= within[1]]
        asked = " or ".join(f"{shown(number)}{name}" for name in fitting or usual)
        raise Unsuitable(f"{shown(number)}: say which unit, {asked}")
    if unit not in UNITS:
        raise Unsuitable(f"{shown(value)}: {shown(unit)} is no unit; the units are ms, s, m, h, d and y")
    return float(number) * UNITS[unit]


def duration(least: str, most: str) -> Callable[[str], float]:
    """Accept a duration between two others, both included."""

    def parse(value: str) -> float:
        found = seconds(value, (seconds(least), seconds(most)))
        if not seconds(least) <= found <= seconds(most):
            raise Unsuitable(f"{shown(value)}: must be between {least} and {most}")
        return found

    return parse


def reminders(least: str, most: str) -> Callable[[str], tuple[float, ...]]:
    """Accept durations between two others, none shorter than the one before, or ``never`` (none)."""
    parse_one = duration(least, most)

    def parse(value: str) -> tuple[float, ...]:
        if value.lower() == "never":
            return ()
        found = tuple(parse_one(part) for part in _parts(value))
        if not found:
            raise Unsuitable(f"{shown(value)}: a duration, several that grow, or never")
        for before, after in pairwise(found):
            if after < before:
                raise Unsuitable(f"{written(after)}: must not be shorter than the one before, {written(before)}")
        return found

    return parse


def written(duration_s: float) -> str:
    """Write seconds as they would stand in the file: ``90s``, ``5m``, ``2y``."""
    for unit in ("y", "d", "h", "m", "s"):
        count = duration_s / UNITS[unit]
        if count >= 1 and math.isclose(count, round(count)):
            return f"{round(count)}{unit}"
    if 0 < duration_s < 1:
        return f"{duration_s * 1000:.6g}ms"
    return f"{duration_s:.6g}s"


def count(least: int, most: int) -> Callable[[str], int]:
    """Accept a whole number between two others, both included."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
            raise Unsuitable(f"{shown(value)}: must be a whole number between {least} and {most}")
        return int(value)

    return parse


def names(value: str) -> tuple[str, ...]:
    """Names or patterns, divided by commas or by lines; each once."""
    return tuple(dict.fromkeys(_parts(value)))


def some_names(value: str) -> tuple[str, ...]:
    """The same, at least one: where none is no limit, a comma alone must not be."""
    found = names(value)
    if not found:
        raise Unsuitable(f"{shown(value)}: names nothing")
    return found


def name(value: str) -> str:
    """One name, as sections have them."""
    if not is_name(value):
        raise Unsuitable(f"{shown(value)}: {NAMES}")
    return value


def _parts(value: str) -> list[str]:
    """What stands between commas or line ends."""
    found = (" ".join(part.split()) for part in re.split(r"[,\n]", value))
    return [part for part in found if part]


def alert_on(value: str) -> bool:
    """``down``, or ``down, degraded`` -> whether degraded counts too."""
    words = {word.lower() for word in names(value)}
    if words not in ({"down"}, {"down", "degraded"}):
        raise Unsuitable(f"{shown(value)}: must be down, or down, degraded")
    return "degraded" in words


def escalations(value: str) -> tuple[tuple[str, float], ...]:
    """``boss after 15m``, several divided by commas or lines -> names of receivers, and seconds."""
    parse_one = duration("1s", "30d")
    found = []
    for part in _parts(value):
        receiver, after, wait = part.rpartition(" after ")
        if not after:
            raise Unsuitable(f"{shown(part)}: whom after how long, like boss after 15m")
        found.append((receiver, parse_one(wait)))
    if not found:
        raise Unsuitable(f"{shown(value)}: whom after how long, like boss after 15m")
    return tuple(found)


#: What a watch section may call its devices.
DEVICE_KINDS = ("phone", "softphone", "mobile", "ata", "gateway")


def kind(value: str) -> Kind | None:
    """``provider``, one of the devices, or ``auto`` (None)."""
    word = one_of("auto", "provider", *DEVICE_KINDS)(value)
    if word == "auto":
        return None
    return Kind(word)


def kinds(value: str) -> tuple[Kind, ...]:
    """``pbx``, ``provider``, ``site``, ``phone``, …, divided by commas."""
    return tuple(Kind(one_of(*Kind)(word)) for word in names(value))


def counting_checks(value: str) -> tuple[str, ...]:
    """``all``, which is none in particular, or ``reachability, registration``; reachability is always among them."""
    if value.lower() == ALL:
        return ()
    chosen = tuple(one_of(*ENDPOINT_CHECKS)(word) for word in names(value))
    if Check.REACHABILITY not in chosen:
        raise Unsuitable(f"{shown(value)}: reachability must be among them: what is not reachable is not available")
    return chosen


def probe(value: str) -> Probe:
    """``no``, ``auto`` or ``yes``, or what else says yes or no."""
    return {None: Probe.AUTO, True: Probe.YES, False: Probe.NO}[yes_no_auto(value)]


def own_address(value: str) -> OwnAddress:
    """``192.0.2.10``, ``192.0.2.10:5066``, ``:5066``, ``2001:db8::1`` or ``[2001:db8::1]:5066``."""
    from ipaddress import ip_address  # noqa: PLC0415 (status and report have no need of it)

    address, port = value, "0"
    if match := _WITH_PORT.fullmatch(value):
        address, port = match[1].strip("[]"), match[2]
    try:
        if address:
            ip_address(address)
    except ValueError:
        what = "must be an address of this machine, a port, or both, as 192.0.2.10, :5066 or 192.0.2.10:5066"
        raise Unsuitable(f"{shown(value)}: {what}") from None
    if int(port) > 65535:
        raise Unsuitable(f"{shown(value)}: there is no such port")
    return OwnAddress(address, int(port))


def address_and_port(value: str) -> OwnAddress:
    """``127.0.0.1:8089``, ``0.0.0.0:8089`` or ``[::]:8089``: both are needed."""
    found = own_address(value)
    if not found.address or not found.port:
        raise Unsuitable(f"{shown(value)}: an address and a port are wanted, as 127.0.0.1:8089")
    return found


def url_of(where: OwnAddress) -> str:
    """Write where HTTP is answered as a URL."""
    if ":" in where.address:
        return f"http://[{where.address}]:{where.port}"
    return f"http://{where.address}:{where.port}"


def host_names(value: str) -> tuple[str, ...]:
    """Names of a machine, ``monitor.example.org``, in lower case, without a port."""
    return _each(_host_name, value)


def _host_name(word: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", word):
        raise Unsuitable(
            f"{shown(word)}: a name is wanted, as monitor.example.org, without https:// and without a port"
        )
    return word.lower()


def header_name(value: str) -> str:
    """The name of a header of HTTP in which a proxy says something; one with _ reaches nobody."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,63}", value):
        raise Unsuitable(f"{shown(value)}: the name of a header has letters, digits and -, as X-Remote-User")
    if value.lower() in _HEADERS_OF_ANYBODY:
        raise Unsuitable(
            f"{shown(value)}: whoever asks sends this header, too; a proxy has one of its own, X-Remote-User"
        )
    return value


def severity(value: str) -> Severity:
    """``critical``, ``warning`` or ``info``."""
    return Severity(one_of(*Severity)(value))


def weekdays(value: str) -> frozenset[int]:
    """``Mon-Fri, Sun``, or ``daily`` -> days, Monday is 0."""
    if value.lower() == "daily":
        return frozenset(range(7))
    found: set[int] = set()
    for word in names(value):
        first, _, last = (part.strip() for part in word.partition("-"))
        start = end = _weekday(first)
        if last:
            end = _weekday(last)
        found.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return frozenset(found)


def _weekday(word: str) -> int:
    if word[:3].lower() not in WEEKDAYS or word.lower() not in WEEKDAYS[word[:3].lower()].lower():
        raise Unsuitable(f"{shown(word)}: weekdays are Mon, Tue, Wed, Thu, Fri, Sat, Sun, or Mon-Fri, or daily")
    return list(WEEKDAYS).index(word[:3].lower())


def never_or(parse: Callable[[str], Value]) -> Callable[[str], Value | None]:
    """Accept ``never`` as well."""

    def parse_or_never(value: str) -> Value | None:
        if value.lower() == "never":
            return None
        return parse(value)

    return parse_or_never


def clock(value: str) -> int:
    """``09:00`` -> minutes since midnight."""
    match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", value)
    if not match or int(match[1]) > 23 or int(match[2]) > 59:
        raise Unsuitable(f"{shown(value)}: must be a time between 00:00 and 23:59, like 09:00")
    return int(match[1]) * 60 + int(match[2])


#: Weekdays, and the minutes since midnight at which a time begins and ends on them.
WeeklyTime = tuple[frozenset[int], int, int]

_DAYS_AND_TIME = re.compile(r"(?P<days>[^0-9]*?) ?(?P<time>[0-9].*)?")


def weekly_times(value: str) -> tuple[WeeklyTime, ...]:
    """``Mon-Fri 08:00-18:00, Sat 09:00-13:00`` -> times; without weekdays daily; ``always`` -> none."""
    if value.lower() == "always":
        return ()
    found: list[WeeklyTime] = []
    days: list[str] = []
    for part in _parts(value):
        match = _DAYS_AND_TIME.fullmatch(part)
        named_days, times = part, None
        if match:
            named_days, times = match["days"], match["time"]
        if named_days:
            days.append(named_days)
        if times:
            found.append((weekdays(",".join(days) or "daily"), *day_time(times)))
            days = []
    if days or not found:
        raise Unsuitable(f"{shown(value)}: on which days from when to when, like Mon-Fri 08:00-18:00")
    return tuple(found)


def quiet(value: str) -> tuple[tuple[WeeklyTime, ...], frozenset[Severity]] | None:
    """``22:00-07:00 except critical``, with or without weekdays -> times and exceptions; ``never`` -> None."""
    if value.lower() == "never":
        return None
    times, *exceptions = re.split(r"\s+except\s+", value, maxsplit=1, flags=re.IGNORECASE)
    found = weekly_times(times)
    if not found or _is_whole_week(found):
        raise Unsuitable(f"{shown(value)}: leaves no time to tell anything")
    return found, frozenset(severity(word) for word in names(",".join(exceptions)))


def _is_whole_week(times: tuple[WeeklyTime, ...]) -> bool:
    week = 7 * DAY_MINUTES
    minutes: set[int] = set()
    for days, start, end in times:
        length = (end - start) % DAY_MINUTES or DAY_MINUTES
        for day in days:
            minutes.update((day * DAY_MINUTES + start + minute) % week for minute in range(length))
    return len(minutes) == week


def day_time(value: str) -> tuple[int, int]:
    """``22:00-06:00`` -> the minutes since midnight at which it begins and ends."""
    match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2}) ?- ?([0-9]{1,2}):([0-9]{2})", value)
    if not match:
        raise Unsuitable(f"{shown(value)}: from when to when, like 22:00-06:00")
    hours, minutes, end_hours, end_minutes = (int(group) for group in match.groups())
    start, end = hours * 60 + minutes, end_hours * 60 + end_minutes
    if minutes > 59 or end_minutes > 59 or start >= DAY_MINUTES or end > DAY_MINUTES:
        raise Unsuitable(f"{shown(value)}: a day goes from 00:00 to 24:00")
    if start == end:
        raise Unsuitable(f"{shown(value)}: begins when it ends; a whole day is 00:00-24:00")
    return start, end


#: Weekdays, or none; a day of the month, or None, where LAST_DAY is the last one; minutes since midnight.
CalendarParts = tuple[frozenset[int], int | None, int]

LAST_DAY = 0

_CALENDAR_TIME = r"(?P<day>\S.*?) +(?P<hours>[0-9]{1,2}):(?P<minutes>[0-9]{2})"
_DAY_OF_MONTH = re.compile(r"([0-9]{1,2})(st|nd|rd|th)", re.IGNORECASE)


def calendar_time(value: str) -> CalendarParts:
    """``1st 07:00``, ``last 23:30``, ``Mon 07:00``, ``Mon-Fri 07:00``, ``daily 07:00``."""
    match = re.fullmatch(_CALENDAR_TIME, value)
    if not match:
        raise Unsuitable(f"{shown(value)}: a day and a time, like 1st 07:00, last 23:30, Mon 07:00 or daily 07:00")
    hours, minutes = int(match["hours"]), int(match["minutes"])
    if hours > 23 or minutes > 59:
        raise Unsuitable(f"{shown(value)}: a day goes from 00:00 to 23:59")
    day, minute = match["day"], hours * 60 + minutes
    if day.lower() == "last":
        return frozenset(), LAST_DAY, minute
    if number := _DAY_OF_MONTH.fullmatch(day):
        return frozenset(), _day_of_month(int(number[1]), number[2].lower()), minute
    return weekdays(day), None, minute


def ordinal(number: int) -> str:
    """Write ``1st``, ``2nd``, ``11th``."""
    if number in (11, 12, 13):
        return f"{number}th"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _day_of_month(number: int, ending: str) -> int:
    if not 1 <= number <= 31:
        raise Unsuitable(
            f"{number}{ending}: a month has 31 days at most; the last one, whichever that is, is called last"
        )
    if f"{number}{ending}" != ordinal(number):
        raise Unsuitable(f"{number}{ending}: is written {ordinal(number)}")
    return number


def arguments(value: str) -> tuple[str, ...]:
    """Words as a shell divides them: quotes hold together what belongs together."""
    import shlex  # noqa: PLC0415  (nearly no configuration has a value of this sort)

    try:
        return tuple(shlex.split(value))
    except ValueError as error:
        raise Unsuitable(f"{shown(value)}: {str(error).lower()}") from None


def timezone(value: str) -> ZoneInfo:
    """A name of the time zone database."""
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        what = f"{shown(value)}: this system knows no such time zone"
        guess = _nearest_zone(value)
        if not guess:
            what += "; a zone is a region and a city, such as Europe/Berlin"
        raise Unsuitable(what, guess) from None


def _nearest_zone(value: str) -> str:
    """Return the zone that was probably meant, or nothing. What is like PST by its letters (MST) is another time."""
    zones = sorted(available_timezones())
    if "/" in value:
        return nearest(value, zones)
    return next((zone for zone in zones if zone.rpartition("/")[2].lower() == value.lower()), "")


def application(value: str) -> str:
    """The name by which Asterisk knows us; ARI divides names by commas."""
    if not _APPLICATION.fullmatch(value):
        raise Unsuitable(f"{shown(value)}: up to 64 letters, digits, dots, - and _ without spaces")
    return value


def username(value: str) -> str:
    """An ARI user: HTTP ends the user's name at the first colon."""
    if ":" in value:
        raise Unsuitable("holds a colon; an ARI user's name cannot, and the password has an option of its own")
    return value


def pbx_patterns(value: str) -> tuple[str, ...]:
    """Shell patterns over the names of PBXs, or of watch sections."""
    return _each(_pattern, value)


def site_patterns(value: str) -> tuple[str, ...]:
    """Shell patterns over the names of sites; ``2001:db8::/64`` has no pattern in it."""
    return _each(_pattern, value)


def share(value: str) -> float:
    """``30%`` -> 0.3."""
    match = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)\s*%", value)
    if match is None or not 1 <= float(match[1]) <= 100:
        raise Unsuitable(f"{shown(value)}: must be a percentage between 1% and 100%")
    return float(match[1]) / 100


def networks(value: str) -> tuple[str, ...]:
    """Addresses and networks, ``203.0.113.7, 10.1.0.0/16``, each as ``ipaddress`` writes it."""
    return _each(_network, value)


def _network(word: str) -> str:
    from ipaddress import ip_network  # noqa: PLC0415 (status and report have no need of it)

    try:
        return str(ip_network(word))
    except ValueError as error:
        raise Unsuitable(f"{shown(word)}: is no address and no network ({shown(str(error))})") from None


def endpoint_patterns(value: str) -> tuple[str, ...]:
    """Shell patterns over ``PJSIP/101``; one that can never match is refused."""
    return _each(_endpoint_pattern, value)


def target_patterns(value: str) -> tuple[str, ...]:
    """The same, also over registrations of nobody: ``REGISTRATION/NAME``."""
    return _each(_target_pattern, value)


def _each(check: Callable[[str], str], value: str) -> tuple[str, ...]:
    """Check each word of a list, and raise what is wrong with all of them."""
    good, bad = [], []
    for word in names(value):
        try:
            good.append(check(word))
        except Unsuitable as unsuitable:
            bad.append(unsuitable)
    if bad:
        bad[0].also = bad[1:]
        raise bad[0]
    return tuple(good)


def _pattern(word: str) -> str:
    """Refuse a pattern that Python's ``fnmatch`` cannot use."""
    try:
        re.compile(fnmatch.translate(word))
    except re.error:
        raise Unsuitable(f"{shown(word)}: the brackets of this pattern make no sense") from None
    return word


def may_match(pattern: str) -> bool:
    """Whether a pattern can match any endpoint: its plain beginning must be that of a technology, or go on with it."""
    beginning = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
    return any(
        f"{technology}/".startswith(beginning) or beginning.startswith(f"{technology}/") for technology in TECHNOLOGIES
    )


def endpoint_name(word: str) -> str:
    """The name of one endpoint, ``PJSIP/103``, or of a registration; or with its PBX, ``office:PJSIP/103``."""
    beginning, slash, resource = word.partition("/")
    pbx, colon, technology = beginning.rpartition(":")
    if not slash:
        raise Unsuitable("an endpoint is written technology/name", f"PJSIP/{shown(word)}")
    if technology not in (*TECHNOLOGIES, REGISTRATION):
        guess = nearest(technology, TECHNOLOGIES)
        if guess:
            guess = shown(f"{pbx}{colon}{guess}/{resource}")
        raise Unsuitable(f"Asterisk has no technology {shown(technology) or '(empty)'}", guess)
    if not WILDCARDS.isdisjoint(resource):
        raise Unsuitable("a name is that of one endpoint; there are no patterns here")
    return word


def _target_pattern(word: str) -> str:
    if word.startswith(f"{REGISTRATION}/"):
        return _pattern(word)
    return _endpoint_pattern(word)


def _endpoint_pattern(word: str) -> str:
    """Refuse a pattern that no endpoint's name can match."""
    technology, slash, resource = word.partition("/")
    if re.search(r"\s(?:PJSIP|SIP|IAX2)/", word):
        raise Unsuitable(f"{shown(word)}: patterns are divided by commas, not by spaces")
    if WILDCARDS.isdisjoint(technology):
        if not slash:
            raise Unsuitable(
                f"{shown(word)}: matches nothing: an endpoint is written technology/name", f"PJSIP/{shown(word)}"
            )
        if technology not in TECHNOLOGIES:
            guess = nearest(technology, TECHNOLOGIES)
            if guess:
                guess = f"{guess}/{shown(resource)}"
            raise Unsuitable(
                f"{shown(word)}: matches nothing: Asterisk has no technology {shown(technology) or '(empty)'}", guess
            )
        if not resource:
            raise Unsuitable(f"{shown(word)}: matches nothing: there is no name after the /", f"{technology}/*")
    return _pattern(word)
