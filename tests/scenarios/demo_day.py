"""The day of the demo, played from midnight to midnight, and the report on it that ``docs/demo-day.html`` keeps.

The cast and what happens to it are those of ``healthmon demo``, by the clock of an office day; the core, the database
and the deliverers are the real ones. ``python -m tests.scenarios.demo_day`` writes the page anew.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from healthmon.demo import cast
from healthmon.report.availability.account import Counting
from healthmon.report.availability.forms import Layout, listing, pieces
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.store.read.queries import open_reader
from tests.scenarios.asterisk import Peer
from tests.scenarios.world import DAY, HOUR, MINUTE, World, configured, folder

PAGE = Path(__file__).parents[2] / "docs" / "demo-day.html"

BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = datetime(2026, 11, 12, tzinfo=BERLIN).timestamp()
#: healthmon runs since the evening before; the report is written in the morning after.
BEGINS, WRITTEN = MIDNIGHT - 4 * HOUR, MIDNIGHT + DAY + 7 * HOUR

#: As in the demo, with the times that an office would have.
CONFIG = """
[healthmon]
timezone = Europe/Berlin

[pbx office]
url = http://127.0.0.1:8088
username = healthmon
password = secret
receivers = oncall

[watch providers]
endpoints = PJSIP/trunk-*
receivers = oncall

[watch phones]
endpoints = PJSIP/*
receivers = helpdesk

[receiver oncall]
urls = webhook = json://127.0.0.1:9000/demo-oncall

[receiver helpdesk]
urls = webhook = json://127.0.0.1:9000/demo-helpdesk
"""


def peers() -> list[Peer]:
    """The provider and the twelve phones of the demo, each checked once a minute."""
    endpoints = cast.endpoints()
    for endpoint in endpoints:
        endpoint.qualify_frequency, endpoint.qualify_timeout = 60, 3.0
    return [Peer(endpoint) for endpoint in endpoints]


def script(world: World) -> None:
    """What happens in the acts of the demo, one after the other."""
    pbx = world.pbx
    warehouse = [f"PJSIP/{name}" for name in cast.WAREHOUSE]
    bob, trunk, meeting_room = (f"PJSIP/{name}" for name in (cast.BOB, cast.TRUNK, cast.MEETING_ROOM))
    acts: tuple[tuple[str, Callable[..., None], list[str]], ...] = (
        ("08:05", pbx.dies, [bob]),
        ("08:31", pbx.returns, [bob]),
        ("10:20", pbx.dies, warehouse),
        ("10:58", pbx.returns, warehouse),
        ("12:30", pbx.dies, [trunk]),
        ("12:44", pbx.returns, [trunk]),
        ("15:00", pbx.restarts, []),
        ("16:40", pbx.is_killed, []),
        ("17:25", pbx.starts, []),
        ("19:30", pbx.dies, [meeting_room]),
    )
    for clock, happens, whom in acts:
        hours, minutes = clock.split(":")
        since_midnight = int(hours) * HOUR + int(minutes) * MINUTE
        world.at(MIDNIGHT - BEGINS + since_midnight, happens, *whom)


def day() -> tuple[str, list[str]]:
    """Play the day; return the page, and the subjects of what was told, in the order in which it arrived."""
    with folder() as somewhere:
        world = World(somewhere, configured(CONFIG), peers(), begins=BEGINS)
        script(world)
        try:
            world.play(WRITTEN - BEGINS)
            arrivals = (arrival for channel in world.channels.values() for arrival in channel.arrivals)
            told = sorted(arrivals, key=lambda arrival: arrival.at)
            look = Layout(BERLIN, with_incidents=True, now=WRITTEN)
            asked = ReportRequest(
                (MIDNIGHT, MIDNIGHT + DAY),
                counting=Counting(promised=0.999),
                zone=BERLIN,
                listing=listing("html", look),
                with_pictures=True,
            )
            with open_reader(world.config.database) as reader:
                found = account_of(reader, asked, WRITTEN)
            page = "".join(pieces(found, "html", look))
        finally:
            world.close()
    return page, [arrival.subject for arrival in told]


if __name__ == "__main__":
    PAGE.write_text(day()[0], encoding="utf-8")
