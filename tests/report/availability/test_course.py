"""What the readings of a meter say of a window with edges within a day: the same as all changes say."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.history.availability import figures
from healthmon.model import Changes, Health
from healthmon.report.availability.account import Unseen
from healthmon.report.availability.course import Course
from healthmon.report.availability.daily_readings import Roller
from healthmon.store.write.writer import open_writer
from tests.report.builder import DAY, HOUR, MINUTE, provider, steps

BERLIN = ZoneInfo("Europe/Berlin")
UP, DOWN = Health.UP, Health.DOWN

MIDNIGHT = datetime(2026, 4, 28, tzinfo=BERLIN).timestamp()
NOON = MIDNIGHT + 12 * HOUR
TRUNK = replace(provider("trunk"), watched_since=MIDNIGHT - DAY)

LONG_BEFORE = ((NOON - 6 * HOUR, 4 * HOUR), (NOON + HOUR, 10 * MINUTE))
OVER_THE_BEGINNING = ((NOON - 6 * HOUR, 6 * HOUR + MINUTE), (NOON + HOUR, 10 * MINUTE))
INTO_THE_NIGHT = ((NOON - HOUR, 20 * HOUR), (NOON + 2 * DAY, MINUTE))


@pytest.mark.parametrize(
    ("outages", "lasts", "expected"),
    [
        (LONG_BEFORE, 12 * HOUR, (1, 10 * MINUTE, 10 * MINUTE)),
        (LONG_BEFORE, 3 * DAY, (1, 10 * MINUTE, 10 * MINUTE)),
        (OVER_THE_BEGINNING, 12 * HOUR, (2, 11 * MINUTE, 10 * MINUTE)),
        (OVER_THE_BEGINNING, 3 * DAY, (2, 11 * MINUTE, 10 * MINUTE)),
        (OVER_THE_BEGINNING[:1], 12 * HOUR, (1, MINUTE, MINUTE)),
        (INTO_THE_NIGHT, 12 * HOUR, (1, 12 * HOUR, 12 * HOUR)),
        (INTO_THE_NIGHT, 3 * DAY, (2, 19 * HOUR + MINUTE, 19 * HOUR)),
    ],
)
def test_only_what_lies_within_the_window_counts(
    tmp_path: Path,
    outages: tuple[tuple[float, float], ...],
    lasts: float,
    expected: tuple[int, float, float],
) -> None:
    edges = [edge for at, length in outages for edge in ((at, DOWN), (at + length, UP))]
    with closing(open_writer(tmp_path / "healthmon.db", now=MIDNIGHT - DAY)) as writer:
        transitions = steps(TRUNK, (MIDNIGHT - DAY, UP), *edges)
        writer.commit(Changes(states={(TRUNK.target, TRUNK.check): TRUNK}, transitions=transitions))
        roller = Roller(writer)
        while roller.step(MIDNIGHT + 5 * DAY, BERLIN):
            pass
        meters = writer.meters()
        course = Course(meters, meters.checks_after(0, 1)[0], Unseen({}), (NOON, NOON + lasts))

        by_meter, by_changes = course.difference(), figures(course.timeline())

    assert (by_changes.outages, by_changes.down_s, by_changes.longest_s) == expected
    # What lasts over the end of the first day is counted from its beginning by the readings: only the changes tell.
    assert (by_meter is None) == (outages is INTO_THE_NIGHT)
    assert by_meter is None or by_meter.figures == by_changes
