"""``[maintenance NAME]``: a window that comes back every week."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from msgspec import Struct

from healthmon.config import values
from healthmon.config.options import Option, SectionKind, made_of
from healthmon.model import Kind, Matcher
from healthmon.times.weekly import Weekly


def _when(days: frozenset[int], time: tuple[int, int], timezone: ZoneInfo) -> tuple[Weekly, ...]:
    start, end = time
    return (Weekly(days, start, end, timezone),)


def _matcher(
    pbx: tuple[str, ...] = (),
    site: tuple[str, ...] = (),
    kind: tuple[Kind, ...] = (),
    watch: tuple[str, ...] = (),
    endpoints: tuple[str, ...] = (),
) -> Matcher:
    return Matcher(pbxs=pbx, kinds=kind, watches=watch, endpoints=endpoints, sites=site)


class MaintenanceConfig(Struct, frozen=True):
    """A window that comes back every week: what matches is watched and recorded, and not told."""

    name: str
    when: tuple[Weekly, ...] = made_of(
        _when,
        (
            Option(
                values.weekdays,
                "The weekdays on which it begins: Sun, or Mon-Fri, or daily.",
                "days",
                example="Sun",
                required=True,
                is_list=True,
            ),
            Option(
                values.day_time,
                "From when to when, by the clock on the wall; it may go on past midnight.",
                "time",
                example="02:00-04:00",
                required=True,
            ),
            Option(
                values.timezone,
                "Whose clock.",
                "timezone",
                otherwise="that of [healthmon]",
                example="Europe/Berlin",
            ),
        ),
    )
    matcher: Matcher = made_of(
        _matcher,
        (
            Option(
                values.pbx_patterns,
                "Only these PBXs: names or patterns.",
                "pbx",
                otherwise="all",
                example="office",
                is_list=True,
            ),
            Option(
                values.site_patterns,
                "Only what is at these sites: names or patterns.",
                "site",
                otherwise="all",
                example="203.0.113.7",
                is_list=True,
            ),
            Option(
                values.kinds,
                "Only these kinds: pbx, provider, phone, ….",
                "kind",
                otherwise="all",
                example="pbx, phone",
                is_list=True,
            ),
            Option(
                values.pbx_patterns,
                "Only what these [watch …] sections watch: names or patterns.",
                "watch",
                otherwise="all, and the PBXs themselves",
                example="phones",
                is_list=True,
            ),
            Option(
                values.target_patterns,
                "Only these endpoints: technology/name with * and ?.",
                "endpoints",
                otherwise="all, and the PBXs themselves",
                example="PJSIP/1*",
                is_list=True,
            ),
        ),
    )


MAINTENANCE = SectionKind(
    "maintenance",
    MaintenanceConfig,
    example_name="backup",
    about=(
        "A window that comes back every week: what it names is watched and recorded, and told only when it outlasts "
        'the window.\nFor a single occasion there is "healthmon silence".'
    ),
    is_in_example=False,
)
