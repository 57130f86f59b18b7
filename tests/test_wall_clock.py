"""Nights and clocks that are set, played on an engine over a real database: what is booked, told and read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from healthmon.model import Health, Incident, Matcher, Sighting
from healthmon.report.admin.silence_arguments import until_of
from healthmon.report.formatting import lasted_of
from healthmon.store.read.queries import open_reader
from healthmon.store.write.orders import open_commander
from healthmon.store.write.writer import open_writer
from tests.core.scene import START
from tests.test_engine import TRUNK, Stage

UP, DOWN = Health.UP, Health.DOWN
HOUR, DAY = 3600.0, 86400.0
UTC = ZoneInfo("UTC")


class Night(Stage):
    """An engine that goes round and round; between its rounds time passes, somebody sets the clock, or all sleeps."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._seen: list[tuple[float, Health | None]] = []

    def drain(self, timeout: float) -> Sequence[Sighting]:
        """What is seen next, as it is then."""
        if not self._seen:
            self.stop.set()
            return []
        seconds, health = self._seen.pop(0)
        self.time.passes(seconds)
        return [] if health is None else [self.snapshot(health)]

    def goes_round(self, *seen: tuple[float, Health | None]) -> None:
        """Let so much time pass, awake or asleep, and see the trunk so; None: nothing is seen."""
        self._seen += seen
        self.stop.clear()
        self.engine.run()

    def starts_again(self, seconds: float) -> None:
        """Stop, and start when the wall clock shows so many seconds more."""
        self.writer.close()
        self.time.wall += seconds
        self.start()

    def sets_clock(self, by: float) -> None:
        """Somebody sets the wall clock; the engine notices it, and looks anew."""
        self.time.wall += by
        self.goes_round((0.1, None))

    def loses(self, *, for_: float) -> None:
        """The trunk goes down, and is believed so."""
        self.loses_the_trunk()
        self.goes_round((for_ - 31, DOWN))

    def incidents(self) -> list[Incident]:
        """All of them, as they are read now."""
        with open_reader(self.path) as reader:
            found = reader.incidents(0.0, self.time.wall + 1)
            return [reader.with_unseen(incident, self.time.wall) for incident in found]

    def unknown(self) -> list[tuple[float, float]]:
        """When nothing could be seen, after the beginning; rounded to seconds."""
        with open_reader(self.path) as reader:
            periods = reader.unknown_of_pbxs(START + 1, self.time.wall + 1).get("office", ())
            return [(round(period.since - START), round((period.until or 0.0) - START)) for period in periods]


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    night = Night(tmp_path / "healthmon.db")
    yield night
    night.writer.close()


def test_a_machine_that_slept_does_not_move_its_history_and_the_time_asleep_is_unknown(night: Night) -> None:
    night.goes_round((0, UP), (5, UP))
    night.loses(for_=40)
    night.goes_round((5, UP), (5, UP), (5, UP))
    before = night.incidents()

    night.goes_round((8 * HOUR, None), (1, UP))

    assert night.incidents() == before
    assert night.unknown()[-1] == (60, 60 + 8 * HOUR + 1)
    assert night.time.wall == START + 61 + 8 * HOUR


@pytest.mark.parametrize("nights", [1, 3])
def test_an_outage_of_the_ninth_is_one_of_the_ninth_after_each_night(night: Night, nights: int) -> None:
    """The clock starts each morning where it was in the evening, and is set right then."""
    night.goes_round((0, UP), (5, UP))
    night.loses(for_=40)
    night.goes_round((5, UP), (5, UP), (5, UP))
    [before] = night.incidents()

    for _ in range(nights):
        night.sets_clock(8 * HOUR)
        night.goes_round((1, UP))

    assert night.incidents() == [before]
    assert before.opened_at == START + 5
    since, until = night.unknown()[-1]
    assert until - since >= 8 * HOUR


def test_an_outage_during_which_the_clock_is_set_right_has_lasted_as_long_as_it_did(night: Night) -> None:
    night.goes_round((0, UP), (5, UP))
    night.loses(for_=40)
    night.sets_clock(8 * HOUR)
    night.goes_round((2, DOWN), (5, UP), (5, UP), (5, UP))

    [over] = night.incidents()
    assert over.closed_at is not None
    assert over.opened_at == START + 5
    assert over.closed_at - START == pytest.approx(47 + 8 * HOUR, abs=15)
    assert over.lasted(over.closed_at) == pytest.approx(over.closed_at - over.opened_at - 8 * HOUR, abs=0.01)
    assert lasted_of(over, night.time.wall).startswith(f"{round(over.lasted(over.closed_at))} s")


@pytest.mark.parametrize("by", [8 * HOUR, -HOUR])
def test_a_silence_until_half_past_ten_ends_then_whatever_is_done_to_the_clock(night: Night, by: float) -> None:
    night.goes_round((0, UP))
    until = until_of(None, "10:30", zone=UTC, now=night.time.wall)
    with open_commander(night.path) as commander:
        commander.silence(Matcher(), since=night.time.wall, until=until, author="anna", reason="", by_wall=True)

    night.sets_clock(by)

    with open_reader(night.path) as reader:
        assert [silence.until for silence in reader.silences(START - DAY)] == [until]
    commands = night.writer.commands(night.clock.now())
    [silence] = commands.silences
    assert silence.until - night.clock.now() == pytest.approx(until - night.time.wall, abs=0.01)


def test_a_silence_that_a_wrong_clock_ended_goes_on_when_the_clock_is_right_again(night: Night) -> None:
    night.goes_round((0, UP))
    wall = night.time.wall
    with open_commander(night.path) as commander:
        over, ended, lasts = (
            commander.silence(Matcher(), since=wall, until=wall + after, author="anna", reason="", by_wall=True)
            for after in (60, HOUR, 2 * HOUR)
        )
        commander.end_silence(ended.id, wall + 30)
    night.goes_round((120, UP))

    night.sets_clock(8 * HOUR)
    assert night.writer.commands(night.clock.now()).silences == ()
    night.goes_round((5, UP))
    night.sets_clock(-8 * HOUR)

    [silence] = night.writer.commands(night.clock.now()).silences
    assert silence.id == lasts.id != over.id
    assert silence.until - night.clock.now() == pytest.approx(wall + 2 * HOUR - night.time.wall, abs=0.01)


@pytest.mark.parametrize("by", [8 * HOUR, -HOUR])
def test_a_silence_for_an_hour_lasts_an_hour_whatever_is_done_to_the_clock(night: Night, by: float) -> None:
    night.goes_round((0, UP))
    begun = night.clock.now()
    with open_commander(night.path) as commander:
        commander.silence(Matcher(), since=night.time.wall, until=night.time.wall + HOUR, author="anna", reason="")

    night.sets_clock(by)

    [silence] = night.writer.commands(night.clock.now()).silences
    assert silence.until == pytest.approx(begun + HOUR, abs=0.01)


def test_the_report_of_the_morning_knows_what_was_watched_before_the_clock_was_set(night: Night) -> None:
    night.goes_round((0, UP), (5, UP))
    night.sets_clock(8 * HOUR)
    night.goes_round((1, UP))

    with open_reader(night.path) as reader:
        watched = reader.meters().watched(START, START + 60)
    assert TRUNK in [check.target for check in watched]


def test_after_one_start_with_a_clock_in_the_future_all_goes_on_from_the_newest_time(tmp_path: Path) -> None:
    path, years = tmp_path / "healthmon.db", 4 * 365 * DAY
    night = Night(path)
    night.goes_round((0, UP), (5, UP))
    night.loses(for_=40)
    night.writer.close()

    # The battery is dead; and an hour later the clock is right.
    ahead = open_writer(path, now=START + 60 + years)
    assert ahead.load().alive_at == pytest.approx(START + 36, abs=10)
    assert ahead.set_by == ahead.ahead == pytest.approx(years, abs=60)
    ahead.close()
    right = open_writer(path, now=START + 120)
    assert right.ahead == pytest.approx(0, abs=120)
    right.close()

    night.time.wall = START + 120
    [incident] = night.incidents()
    assert incident.opened_at == pytest.approx(START + 5, abs=60)


def test_a_clock_hours_ahead_at_a_start_that_is_set_right_while_it_runs_moves_nothing(night: Night) -> None:
    before = true_history(night)
    night.starts_again(60 + 8 * HOUR)
    night.goes_round((1, UP), (5, UP))
    assert night.incidents() == before

    night.sets_clock(-8 * HOUR)
    night.goes_round((1, UP))

    assert night.incidents() == before
    assert night.unknown()[-1] == (60, 121)
    assert night.time.wall == pytest.approx(START + 127, abs=1)


@pytest.mark.parametrize("times", [1, 3])
def test_a_clock_hours_ahead_at_each_start_and_right_at_the_next_moves_nothing(night: Night, times: int) -> None:
    before = true_history(night)
    for _ in range(times):
        night.starts_again(60 + 8 * HOUR)
        night.goes_round((1, UP), (30, UP))
        night.starts_again(60 - 8 * HOUR)
        night.goes_round((1, UP), (30, UP))

    assert night.incidents() == before


def test_an_outage_over_a_start_with_a_clock_ahead_has_lasted_as_long_as_it_did(night: Night) -> None:
    night.goes_round((0, UP), (5, UP))
    night.loses(for_=40)
    night.starts_again(60 + 8 * HOUR)
    night.goes_round((1, DOWN), (5, DOWN))
    night.sets_clock(-8 * HOUR)
    night.goes_round((1, UP), (5, UP), (5, UP), (5, UP))

    [over] = night.incidents()
    assert over.closed_at is not None
    assert over.opened_at == START + 5
    assert over.lasted(over.closed_at) == pytest.approx(102, abs=15)
    # Forty seconds in which the engine stood still, and from its stop to its first look.
    assert over.unseen_s == pytest.approx(40 + 61, abs=1)


def true_history(night: Night) -> list[Incident]:
    """An outage that began five seconds after the beginning, and is over after a minute."""
    night.goes_round((0, UP), (5, UP))
    night.loses(for_=40)
    night.goes_round((5, UP), (5, UP), (5, UP))
    [over] = night.incidents()
    assert over.opened_at == START + 5
    return [over]
