"""The month that ``docs/report-example.html`` shows: the demo's cast, its day of trouble, and quiet weeks around it.

``python -m tests.report.example`` writes the page anew.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from healthmon.config.plans import Plans
from healthmon.config.sections.maintenance import MaintenanceConfig
from healthmon.demo import cast
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import (
    Changes,
    Check,
    CheckState,
    Freshness,
    Health,
    Incident,
    Kind,
    Matcher,
    Measurement,
    Place,
    PlaceChange,
    Target,
    Transition,
    UnknownPeriod,
)
from healthmon.report.availability.account import By, Counting
from healthmon.report.availability.forms import Layout, listing, pieces
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.store.read.queries import open_reader
from healthmon.store.write.orders import open_commander
from healthmon.store.write.writer import open_writer
from healthmon.times.weekly import Weekly
from tests.report.builder import DAY, HOUR, MINUTE, connection, outage, phone, provider, steps, unknown

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "report-example.html"

BERLIN = ZoneInfo("Europe/Berlin")
UP, DOWN, DEGRADED = Health.UP, Health.DOWN, Health.DEGRADED

#: November 2026, and the seventh of December, when the report is written.
MONTH = (datetime(2026, 11, 1, tzinfo=BERLIN).timestamp(), datetime(2026, 12, 1, tzinfo=BERLIN).timestamp())
WRITTEN = datetime(2026, 12, 1, 7, tzinfo=BERLIN).timestamp()
WATCHED_SINCE = MONTH[0] - 40 * DAY


def at(day: int, clock: str) -> float:
    """A moment of the month, by the clock in Berlin."""
    return datetime.fromisoformat(f"2026-11-{day:02} {clock}").replace(tzinfo=BERLIN).timestamp()


TRUNK = provider(cast.TRUNK, watched_since=WATCHED_SINCE)
BACKUP = provider("trunk-backup", watched_since=WATCHED_SINCE)
OFFICE = connection(watched_since=WATCHED_SINCE)
PHONES = {name: phone(name, watched_since=WATCHED_SINCE) for name in cast.PHONES}

#: Who was down, from when, for how long; the demo's day is the 12th.
OUTAGES: list[tuple[CheckState, float, float]] = [
    (TRUNK, at(12, "09:31:10"), 14 * MINUTE),
    (TRUNK, at(23, "03:12"), 4 * MINUTE + 20),
    (BACKUP, at(5, "22:47"), 2 * HOUR + 6 * MINUTE),
    (PHONES["109"], at(12, "11:02"), 95 * MINUTE),
    (PHONES[cast.BOB], at(17, "08:40"), 26 * MINUTE),
    *((PHONES[name], at(12, "14:20") + number, 38 * MINUTE + number) for number, name in enumerate(cast.WAREHOUSE)),
    *((PHONES[cast.MEETING_ROOM], at(12, "15:30") + number * 4 * MINUTE, 2 * MINUTE) for number in range(6)),
    *((PHONES["103"], at(day, "12:15"), 9 * MINUTE) for day in (3, 10, 24)),
]


def make_month(path: Path) -> None:
    """Make the database as the daemon would have left it, and end the daemon."""
    states = [OFFICE, TRUNK, BACKUP, *PHONES.values()]
    with closing(open_writer(path, now=WATCHED_SINCE)) as writer:
        writer.commit(
            Changes(
                states={(state.target, state.check): state for state in states},
                transitions=[change for state in states for change in history_of(state)],
                unknown_periods={(one.target, one.check, one.since): one for one in hidden()},
                incidents={one.id: one for one in incidents()},
                places=list(places()),
                measurements=list(round_trips()),
            )
        )
        while writer.fold_measurements():
            pass
        writer.alive(WRITTEN, [Freshness("office", WRITTEN, WRITTEN, WRITTEN)])
    with open_commander(path) as commander:
        phones = Matcher(kinds=(Kind.PHONE,), endpoints=("PJSIP/109",))
        commander.silence(phones, since=at(12, "11:10"), until=at(12, "13:10"), author="anna", reason="new switch")


def history_of(state: CheckState) -> list[Transition]:
    """What was believed of one of them."""
    changes = [(WATCHED_SINCE, UP)]
    for down, since, length in sorted(OUTAGES, key=lambda one: one[1]):
        if down is state:
            changes += [(since, DOWN), (since + length, UP)]
    if state is TRUNK:
        changes += [(at(27, "16:05"), DEGRADED), (at(27, "18:30"), UP)]
    return steps(state, *sorted(changes, key=lambda change: change[0]))


def hidden() -> Iterator[UnknownPeriod]:
    """Asterisk was updated in two nights, and could not be seen."""
    for day in (8, 22):
        yield unknown(Target("office"), at(day, "02:05"), at(day, "02:31"))


def incidents() -> Iterator[Incident]:
    """An incident for each outage; those of the warehouse have one cause, the meeting room flaps."""
    site = replace(
        outage(100, TRUNK, at(12, "14:20"), at(12, "14:58")),
        target=Target("office", Kind.SITE.value, cast.WAREHOUSE_ADDRESS),
        kind=Kind.SITE,
        watch="",
        cause="5 of 5 phones unreachable",
        down=5,
        of=5,
        site=cast.WAREHOUSE_ADDRESS,
    )
    yield site
    numbered = enumerate(sorted(OUTAGES, key=lambda one: one[1]), start=101)
    for number, (state, since, length) in numbered:
        name = state.target.resource
        facts: dict[str, int] = {"explained_by": site.id} if name in cast.WAREHOUSE and since >= at(12, "14:20") else {}
        if name == cast.MEETING_ROOM:
            if since != at(12, "15:30"):
                continue
            yield outage(number, state, since, since + 27 * MINUTE, flap_episodes=1)
            continue
        yield outage(number, state, since, since + length, **facts)


def places() -> Iterator[PlaceChange]:
    """Where the phones are."""
    for number, (name, state) in enumerate(PHONES.items(), start=101):
        address = cast.WAREHOUSE_ADDRESS if name in cast.WAREHOUSE else "192.0.2.10"
        yield PlaceChange(state.target, Place(address, f"Acme {number}"), WATCHED_SINCE, is_left=False)


def round_trips() -> Iterator[Measurement]:
    """The contact of the trunk became reachable now and then; in the evenings the line is busy."""
    for number in range(30 * 4):
        hour = number * 6 % 24
        at, ms = MONTH[0] + number * 6 * HOUR + MINUTE, 17 + number * 7 % 5 + 21 * (hour == 18)
        yield Measurement(TRUNK.target, Check.REACHABILITY, ROUND_TRIP.key, ms, at)


PLANS = Plans(
    maintenance=(
        MaintenanceConfig("updates", matcher=Matcher(), when=(Weekly(frozenset({6}), 2 * 60, 3 * 60, BERLIN),)),
    ),
    working_hours={"phones": (Weekly(frozenset(range(5)), 8 * 60, 18 * 60, BERLIN),)},
)


def example(form: str = "html", by: By = By.TARGET) -> str:
    """Write the report of that month."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "healthmon.db"
        make_month(path)
        look = Layout(BERLIN, with_incidents=True, now=WRITTEN)
        counting, listed = Counting(promised=0.999), listing(form, look)
        asked = ReportRequest(MONTH, by=by, counting=counting, zone=BERLIN, listing=listed, with_pictures=True)
        with open_reader(path) as reader:
            found = account_of(reader, asked, WRITTEN, plans=PLANS)
    return "".join(pieces(found, form, look))


if __name__ == "__main__":
    PAGE.write_text(example(), encoding="utf-8")
