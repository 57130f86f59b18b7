"""Every figure of a report, from real databases, against a model that is slow and plainly right.

A case is booked piece by piece, late pieces too, while the meters are read by one zone and later by another; then the
report is asked for a window. It must say what a look at each second says; over days, at each quarter of an hour.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from healthmon.config.plans import Plans
from healthmon.config.sections.maintenance import MaintenanceConfig
from healthmon.history.availability import Change, figures
from healthmon.history.day_values import Seconds, seconds_of
from healthmon.history.figures import Figures
from healthmon.model import (
    ENDPOINT_CHECKS,
    Changes,
    Channel,
    Check,
    CheckState,
    EndpointCheckKind,
    Health,
    Kind,
    Matcher,
    Target,
    Transition,
    UnknownPeriod,
)
from healthmon.report.availability import query
from healthmon.report.availability.account import Account, By, Counting
from healthmon.report.availability.daily_readings import Roller
from healthmon.report.availability.html.strips import outages_of
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.report.availability.selection import Selection
from healthmon.store.read.queries import open_reader
from healthmon.store.write.orders import open_commander
from healthmon.store.write.pruning import Cuts
from healthmon.store.write.writer import Writer, open_writer
from healthmon.times.spans import Span
from healthmon.times.weekly import Weekly
from tests.report.availability.slow_model import QUARTER, SECOND, Facts, by_calendar, counted, ticks

UP, DEGRADED, DOWN, UNKNOWN = Health.UP, Health.DEGRADED, Health.DOWN, Health.UNKNOWN
PBX, ENDPOINT = Target("office"), Target("office", "PJSIP", "100")
DAY, HOUR = 86400, 3600


class Scale(Struct, frozen=True):
    """How long a case goes on and in which steps (seconds), its beginnings in each zone, how late things are booked."""

    step: int
    lasts: int
    beginnings: dict[str, list[str]]
    delays: tuple[int, ...]


#: The clock jumps (also by half an hour, also over a whole day), a leap day, the end of a year; the third day of each
#: is the day on which it happens.
DAYS = Scale(
    QUARTER,
    6 * DAY,
    {
        "Europe/Berlin": ["2026-03-27", "2026-10-23", "2028-02-27", "2026-12-30", "2026-06-01"],
        "America/St_Johns": ["2026-03-06", "2026-10-30"],
        "Australia/Lord_Howe": ["2026-04-03", "2026-10-02"],
        "Asia/Kathmandu": ["2026-04-29"],
        "Africa/Cairo": ["2026-04-22", "2026-10-27"],
        "Pacific/Apia": ["2011-12-28"],
    },
    (0, 0, 0, QUARTER, DAY),
)

#: The same moments from near by, and both midnights of a leap day.
HOURS = Scale(
    SECOND,
    5 * HOUR // 2,
    {
        "Europe/Berlin": [
            "2026-03-29 01:10",
            "2026-10-25 01:20",
            "2028-02-28 23:15",
            "2028-02-29 23:15",
            "2026-12-31 23:30",
        ],
        "America/St_Johns": ["2026-03-08 01:05", "2026-11-01 00:40"],
        "Australia/Lord_Howe": ["2026-04-05 00:55", "2026-10-04 01:20"],
        "Asia/Kathmandu": ["2026-04-30 23:10"],
        "Africa/Cairo": ["2026-04-23 23:12", "2026-10-29 22:40"],
        "Pacific/Apia": ["2011-12-29 23:20"],
    },
    (0, 0, 0, 7, HOUR),
)


class Case(Struct, frozen=True):
    """All that happens, and what is asked."""

    scale: Scale
    zone: ZoneInfo
    start: int
    kind: Kind
    facts: Facts
    unknown_periods: tuple[tuple[Target, Span], ...]
    silences: tuple[Span, ...]
    #: When the meters are read, and by which zone; when each change is booked.
    looks: tuple[tuple[int, ZoneInfo], ...]
    delays: tuple[int, ...]
    window: Span
    alive_at: int
    #: The other checks that count, and when each cannot be seen besides (what hides the PBX hides all).
    beside: tuple[Facts, ...] = ()
    own_periods: tuple[tuple[Span, ...], ...] = ()
    #: Whether old history is removed after each look.
    prunes: bool = False

    @property
    def end(self) -> int:
        """The last moment of all."""
        return self.start + self.scale.lasts


def moments(start: int, scale: Scale, first: float = 0.0) -> st.SearchStrategy[int]:
    """Any moment of the case, from a part of it on."""
    last = scale.lasts // scale.step
    return st.integers(int(first * last), last).map(lambda number: start + number * scale.step)


def spans(start: int, scale: Scale) -> st.SearchStrategy[Span]:
    """From one moment to a later one."""
    each = moments(start, scale)
    return st.tuples(each, each).filter(lambda span: span[0] < span[1])


def weekly(zone: ZoneInfo, start: int, scale: Scale) -> st.SearchStrategy[Weekly]:
    """Any window that comes back every week; in a short case one that is near."""
    days = st.sets(st.integers(0, 6), min_size=1).map(frozenset)
    begins = datetime.fromtimestamp(start, zone)
    minute = begins.hour * 60 + begins.minute
    if scale.step == QUARTER:
        minutes = st.tuples(st.integers(0, 95), st.integers(1, 96)).map(lambda each: (each[0] * 15, each[1] * 15))
    else:
        days = st.one_of(st.just(frozenset(range(7))), days)
        minutes = st.tuples(st.integers(-60, 150), st.integers(1, 120)).map(
            lambda each: ((minute + each[0]) % 1440, (minute + each[0] + each[1] - 1) % 1440 + 1)
        )
    return st.tuples(days, minutes.filter(lambda each: each[0] != each[1])).map(
        lambda each: Weekly(each[0], *each[1], zone)
    )


@st.composite
def cases(draw: st.DrawFn, scale: Scale, most_beside: int = 0) -> Case:
    """Any history of a target: changes, its own veils and its PBX's, one over the other, silences, windows."""
    name = draw(st.sampled_from(sorted(scale.beginnings)))
    zone = ZoneInfo(name)
    start = int(datetime.fromisoformat(draw(st.sampled_from(scale.beginnings[name]))).replace(tzinfo=zone).timestamp())
    any_moment, any_span = moments(start, scale), spans(start, scale)
    changes = draw(changes_of_a_check(start, scale))
    watched_since = min([draw(any_moment), *(int(at) for at, _ in changes)])
    unknown_periods = draw(st.lists(st.tuples(st.sampled_from([PBX, ENDPOINT]), any_span), max_size=4))
    # The store knows a veil by its beginning.
    unknown_periods = list({(target, span[0]): (target, span) for target, span in unknown_periods}.values())
    end = start + scale.lasts
    alive_at = draw(st.one_of(st.just(end), moments(start, scale, first=0.5)))
    is_left = draw(st.booleans())
    hidden = [span for _, span in unknown_periods] + ([] if alive_at == end else [(alive_at, end)])
    beside, own_periods = [], []
    for _ in range(draw(st.integers(min(most_beside, 1), most_beside))):
        its_changes = draw(changes_of_a_check(start, scale, not_before=watched_since))
        its_start = min([draw(moments_from(watched_since, start, scale)), *(int(at) for at, _ in its_changes)])
        periods = [span for span in draw(st.lists(any_span, max_size=2)) if span[0] >= its_start]
        own_periods.append(tuple({span[0]: span for span in periods}.values()))
        of_all = [span for target, span in unknown_periods if target.is_pbx] + hidden[len(unknown_periods) :]
        beside.append(Facts(False, its_start, its_changes, [*own_periods[-1], *of_all]))
    every = [watched_since, *(check.watched_since for check in beside)]
    last = max(*every, *(int(at) for each in (changes, *(check.changes for check in beside)) for at, _ in each), 0)
    forgotten_at = draw(st.integers(0, (end - last) // scale.step)) * scale.step + last if is_left else None
    beside = [replace(check, forgotten_at=forgotten_at) for check in beside]
    silences = tuple(draw(st.lists(any_span, max_size=2)))
    facts = Facts(
        is_device=(kind := draw(st.sampled_from([Kind.PROVIDER, Kind.PHONE]))).is_device,
        watched_since=watched_since,
        changes=changes,
        hidden=hidden,
        silences=silences,
        maintenance=draw(st.lists(weekly(zone, start, scale), max_size=2)),
        hours=draw(st.lists(weekly(zone, start, scale), max_size=2)),
        forgotten_at=forgotten_at,
    )
    zones = st.sampled_from([zone, zone, ZoneInfo("Asia/Kolkata"), ZoneInfo("UTC")])
    return Case(
        scale,
        zone,
        start,
        kind,
        facts,
        tuple(unknown_periods),
        silences,
        looks=tuple(sorted(draw(st.lists(st.tuples(any_moment, zones), max_size=6)), key=lambda look: look[0])),
        delays=tuple(draw(st.lists(st.sampled_from(scale.delays), min_size=20, max_size=20))),
        window=draw(any_span),
        alive_at=alive_at,
        beside=tuple(beside),
        own_periods=tuple(own_periods),
    )


@st.composite
def changes_of_a_check(draw: st.DrawFn, start: int, scale: Scale, not_before: int = 0) -> list[Change]:
    """Any history of one check."""
    times = sorted(draw(st.lists(moments(start, scale), max_size=14, unique=True)))
    healths = draw(st.lists(st.sampled_from([UP, UP, DOWN, DOWN, DEGRADED, UNKNOWN]), min_size=14, max_size=14))
    changes: list[Change] = []
    for at, health in zip(times, healths, strict=False):
        is_news = not changes or changes[-1][1] is not health
        if is_news and at >= not_before:
            changes.append((at, health))
    return changes


def moments_from(first: int, start: int, scale: Scale) -> st.SearchStrategy[int]:
    """Any moment of the case that is not earlier than this."""
    return moments(start, scale, first=(first - start) / scale.lasts)


#: The names of the checks, in the order of a case's.
NAMES_OF_CHECKS = (Check.REACHABILITY, "display", "lamp")


def book(case: Case, path: Path) -> None:
    """Book everything when it becomes known, and read the meters in between."""
    pieces: list[tuple[int, Changes]] = []
    last_known, begun = 0, dict[str, int]()
    checks = (case.facts, *case.beside)
    for number, (name, facts) in enumerate(zip(NAMES_OF_CHECKS, checks, strict=False)):
        its_pieces = pieces_of_check(case, name, facts, case.delays[number:])
        pieces += its_pieces
        last_known = max(last_known, its_pieces[-1][0])
        begun[name] = its_pieces[0][0]
    periods = [(target, Check.REACHABILITY, span) for target, span in case.unknown_periods]
    for name, spans_of_check in zip(NAMES_OF_CHECKS[1:], case.own_periods, strict=False):
        periods += [(ENDPOINT, name, span) for span in spans_of_check]
    for (target, name, (since, until)), delay in zip(periods, case.delays[::-1], strict=False):
        booked_at = int(since) + delay
        if name != Check.REACHABILITY:
            booked_at = max(booked_at, begun[name])
        for at, end in ((booked_at, None), (max(booked_at, int(until)), until)):
            period = UnknownPeriod(target, name, since, end, "cannot be seen")
            pieces.append((at, Changes(unknown_periods={(target, period.check, since): period})))
    if case.facts.forgotten_at is not None:
        gone_at = case.facts.forgotten_at
        left = [
            Transition(ENDPOINT, name, facts.changes[-1][1] if facts.changes else None, None, gone_at, gone_at, "gone")
            for name, facts in zip(NAMES_OF_CHECKS, checks, strict=False)
        ]
        pieces.append((max(int(gone_at), last_known), Changes(forgotten=[ENDPOINT], transitions=left)))
    with closing(open_writer(path, now=case.start)) as writer:
        # The first check is there from the beginning on; the others begin when something is heard of them.
        writer.commit(pieces.pop(0)[1])
        # Nobody reads a meter while no daemon runs.
        looks = [look for look in case.looks if look[0] <= case.alive_at]
        for known_at, changes in sorted(pieces, key=lambda piece: piece[0]):
            while looks and looks[0][0] < known_at:
                look_at(writer, case, *looks.pop(0))
            writer.commit(changes)
        for look in looks:
            look_at(writer, case, *look)
        writer.alive(case.alive_at, ())
    with open_commander(path) as commander:
        for since, until in case.silences:
            commander.silence(Matcher(), since=since, until=until, author="anna", reason="works")


def pieces_of_check(case: Case, name: str, facts: Facts, delays: Sequence[int]) -> list[tuple[int, Changes]]:
    """Say when its beginning and each of its changes is booked."""
    state = CheckState(ENDPOINT, name, case.kind, "desks", facts.watched_since)
    known_at = facts.watched_since + delays[-1]
    pieces = [(known_at, Changes(states={(ENDPOINT, name): state}))]
    before: Health | None = None
    for (at, after), delay in zip(facts.changes, delays, strict=False):
        # A check's changes become known in their order.
        known_at = max(known_at, int(at) + delay)
        transition = Transition(ENDPOINT, name, before, after, at, known_at, "seen")
        pieces.append((known_at, Changes(transitions=[transition])))
        before = after
    return pieces


def look_at(writer: Writer, case: Case, now: float, zone: ZoneInfo) -> None:
    """Read the meters, and remove old history where the case does so."""
    read_all(writer, now, zone)
    while case.prunes and writer.prune(Cuts.at(cut_at(case, now))):
        pass


def cut_at(case: Case, now: float) -> float:
    """What is older goes."""
    return now - case.scale.lasts // 2


def read_all(writer: Writer, now: float, zone: ZoneInfo) -> None:
    """Read the meters as the engine does after a midnight."""
    roller = Roller(writer)
    while roller.step(now, zone):
        pass


def folder() -> tempfile.TemporaryDirectory[str]:
    """A place in memory where there is one: a case has dozens of commits."""
    memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)


def report(
    case: Case, path: Path, by: By = By.TARGET, *, excludes_maintenance: bool = False, with_pictures: bool = False
) -> Account:
    """Ask for the report, with the working hours of the case."""
    counting = Counting(excludes_maintenance=excludes_maintenance)
    asked = ReportRequest(case.window, Selection(), by, counting, case.zone, with_pictures=with_pictures)
    windows = (
        [MaintenanceConfig("any", matcher=Matcher(), when=tuple(case.facts.maintenance))]
        if case.facts.maintenance
        else []
    )
    hours = {"desks": tuple(case.facts.hours)} if case.facts.hours else {}
    now = case.end if case.alive_at == case.end else case.end + DAY
    with open_reader(path) as reader:
        return account_of(reader, asked, now, plans=Plans(tuple(windows), hours))


#: A day before the clock jumps begins with a quarter of an hour down, what is kept with its half past twelve.
_CAIRO, _DAY_BEFORE = ZoneInfo("Africa/Cairo"), 1776895200
DOWN_JUST_BEFORE_WHAT_IS_KEPT = Case(
    DAYS,
    _CAIRO,
    _DAY_BEFORE - DAY,
    Kind.PROVIDER,
    Facts(is_device=False, watched_since=_DAY_BEFORE - DAY, changes=[], hidden=[]),
    unknown_periods=(),
    silences=(),
    looks=((_DAY_BEFORE + 2 * QUARTER + 3 * DAY, _CAIRO),),
    delays=(0,) * 20,
    window=(_DAY_BEFORE - DAY, _DAY_BEFORE + DAY),
    alive_at=_DAY_BEFORE + 5 * DAY,
    beside=(
        Facts(
            is_device=False,
            watched_since=_DAY_BEFORE - DAY,
            changes=[(_DAY_BEFORE - DAY, UP), (_DAY_BEFORE, DOWN), (_DAY_BEFORE + QUARTER, UP)],
            hidden=[],
        ),
    ),
    own_periods=((),),
)
#: The same quarter of an hour, in which an endpoint of one check, or its whole PBX, could not be seen.
_EARLY = (_DAY_BEFORE, _DAY_BEFORE + QUARTER)
HIDDEN_JUST_BEFORE_WHAT_IS_KEPT = replace(
    DOWN_JUST_BEFORE_WHAT_IS_KEPT,
    facts=replace(DOWN_JUST_BEFORE_WHAT_IS_KEPT.facts, changes=[(_DAY_BEFORE - DAY, UP)], hidden=[_EARLY]),
    unknown_periods=((ENDPOINT, _EARLY),),
    beside=(),
    own_periods=(),
)
PBX_HIDDEN_JUST_BEFORE_WHAT_IS_KEPT = replace(HIDDEN_JUST_BEFORE_WHAT_IS_KEPT, unknown_periods=((PBX, _EARLY),))

NAMES: dict[By, Callable[[datetime], str]] = {
    By.DAY: lambda moment: f"{moment:%Y-%m-%d}",
    By.WEEK: lambda moment: f"{moment:%G-W%V}",
    By.MONTH: lambda moment: f"{moment:%Y-%m}",
}

SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much]


@settings(deadline=None, max_examples=40, suppress_health_check=SLOW)
@given(case=cases(DAYS), excludes_maintenance=st.booleans(), by=st.sampled_from([By.TARGET, *NAMES]))
def test_a_report_says_what_a_look_at_each_quarter_of_an_hour_says(
    case: Case, excludes_maintenance: bool, by: By
) -> None:
    compare(case, by, excludes_maintenance=excludes_maintenance)


@settings(deadline=None, max_examples=20, suppress_health_check=SLOW)
@given(case=cases(HOURS), excludes_maintenance=st.booleans(), by=st.sampled_from([By.TARGET, By.DAY]))
def test_a_report_says_what_a_look_at_each_second_says(case: Case, excludes_maintenance: bool, by: By) -> None:
    compare(case, by, excludes_maintenance=excludes_maintenance)


@pytest.fixture(autouse=True, scope="module")
def more_checks() -> Iterator[None]:
    """Two checks more that count, which no endpoint has but in a case that says so."""
    more = {name: EndpointCheckKind(name, (), asked_by=Channel.PROBES) for name in NAMES_OF_CHECKS[1:]}
    with patch.dict(ENDPOINT_CHECKS, more):
        yield


@settings(deadline=None, max_examples=40, suppress_health_check=SLOW)
@given(case=cases(DAYS, 2), excludes_maintenance=st.booleans(), by=st.sampled_from([By.TARGET, *NAMES]))
def test_over_all_checks_a_report_says_what_a_look_at_each_quarter_of_an_hour_says(
    case: Case, excludes_maintenance: bool, by: By
) -> None:
    compare(case, by, excludes_maintenance=excludes_maintenance)


@settings(deadline=None, max_examples=20, suppress_health_check=SLOW)
@given(case=cases(HOURS, 2), excludes_maintenance=st.booleans(), by=st.sampled_from([By.TARGET, By.DAY]))
def test_over_all_checks_a_report_says_what_a_look_at_each_second_says(
    case: Case, excludes_maintenance: bool, by: By
) -> None:
    compare(case, by, excludes_maintenance=excludes_maintenance)


@settings(deadline=None, max_examples=40, suppress_health_check=SLOW)
@example(case=DOWN_JUST_BEFORE_WHAT_IS_KEPT, by=By.TARGET)
@example(case=DOWN_JUST_BEFORE_WHAT_IS_KEPT, by=By.DAY)
@example(case=HIDDEN_JUST_BEFORE_WHAT_IS_KEPT, by=By.TARGET)
@example(case=PBX_HIDDEN_JUST_BEFORE_WHAT_IS_KEPT, by=By.TARGET)
@given(case=st.one_of(cases(DAYS), cases(DAYS, 2), cases(HOURS, 1)), by=st.sampled_from([By.TARGET, By.DAY]))
def test_a_report_says_the_same_when_older_changes_are_gone(case: Case, by: By) -> None:
    looks = [at for at, _ in case.looks if at <= case.alive_at]
    since = max([case.window[0], *(cut_at(case, at) for at in looks)])
    assume(since < case.window[1])
    # What is known so late that its day is pruned already is not counted right.
    delays = tuple(min(delay, QUARTER) for delay in case.delays)
    compare(replace(case, prunes=True, delays=delays, window=(since, case.window[1])), by, excludes_maintenance=False)


def compare(case: Case, by: By, *, excludes_maintenance: bool) -> None:
    """Compare the whole, working hours, periods and, of a short case, the hours of its picture with the model."""
    with folder() as place:
        book(case, Path(place) / "healthmon.db")
        result = report(
            case,
            Path(place) / "healthmon.db",
            by,
            excludes_maintenance=excludes_maintenance,
            with_pictures=case.scale is HOURS,
        )

    seen = ticks(case.facts, case.start, case.end, case.scale.step, case.beside)
    whole = counted(seen, case.window, excludes_maintenance=excludes_maintenance)
    assert result.overall == whole
    if result.lines and case.facts.hours:
        in_hours = counted(
            seen,
            case.window,
            excludes_maintenance=excludes_maintenance,
            only=lambda tick: tick.is_working,
        )
        assert result.in_hours == replace(in_hours, maintenance_s=0, silenced_s=0)

    def model(name: Callable[[datetime], str]) -> dict[str, Figures]:
        periods = by_calendar(seen, case.window, case.zone, name).items()
        return {name: counted(seen, span, excludes_maintenance=excludes_maintenance) for name, span in periods}

    if by is not By.TARGET:
        assert {group.name: group.figures for group in result.groups} == model(NAMES[by])
    if result.pictures is not None:
        assert cells(result) == seconds(model(lambda at: f"{at:%Y-%m-%d %H}"))


def cells(result: Account) -> dict[str, Seconds]:
    """What the picture of a report shows of each hour or day."""
    assert result.pictures is not None
    return {cell.name: seconds_of(cell.figures) for cell in result.pictures.cells}


def seconds(periods: dict[str, Figures]) -> dict[str, Seconds]:
    """How long it was what in each period."""
    return {name: seconds_of(period) for name, period in periods.items()}


@settings(deadline=None, max_examples=60, suppress_health_check=SLOW)
@given(case=cases(DAYS), excludes_maintenance=st.booleans())
def test_the_days_of_a_calendar_show_what_a_look_at_each_quarter_of_an_hour_says(
    case: Case, excludes_maintenance: bool
) -> None:
    with folder() as place, patch.object(query, "HOURLY_UP_TO", 0.0):
        book(case, Path(place) / "healthmon.db")
        result = report(
            case, Path(place) / "healthmon.db", excludes_maintenance=excludes_maintenance, with_pictures=True
        )

    seen = ticks(case.facts, case.start, case.end, case.scale.step, case.beside)
    days = by_calendar(seen, case.window, case.zone, NAMES[By.DAY])
    assert cells(result) == seconds(
        {name: counted(seen, span, excludes_maintenance=excludes_maintenance) for name, span in days.items()}
    )


@settings(deadline=None, max_examples=20, suppress_health_check=SLOW)
@given(case=cases(DAYS), excludes_maintenance=st.booleans())
def test_a_strip_shows_what_the_figures_count(case: Case, excludes_maintenance: bool) -> None:
    case = replace(case, kind=Kind.PROVIDER, facts=replace(case.facts, is_device=False))
    with folder() as place:
        book(case, Path(place) / "healthmon.db")
        result = report(
            case, Path(place) / "healthmon.db", excludes_maintenance=excludes_maintenance, with_pictures=True
        )

    assert result.pictures is not None
    for line, strip in zip(result.lines, result.pictures.providers, strict=True):
        assert figures(strip.segments) == replace(line.figures, maintenance_s=0, silenced_s=0)
        assert sum(until - since for since, until in strip.maintenance) == line.figures.maintenance_s
        assert len(outages_of(strip)) == line.figures.outages


@settings(deadline=None, max_examples=40, suppress_health_check=SLOW)
@given(case=cases(DAYS))
def test_readings_change_no_figure(case: Case) -> None:
    plain = replace(case, facts=replace(case.facts, maintenance=(), hours=()))
    every_day = tuple((case.start + day * DAY, case.zone) for day in range(case.scale.lasts // DAY + 1))
    with folder() as place:
        with_readings, without = Path(place) / "with.db", Path(place) / "without.db"
        book(replace(plain, looks=every_day), with_readings)
        book(replace(plain, looks=()), without)

        assert report(plain, with_readings) == report(plain, without)


def test_exactly_what_was_promised_is_met() -> None:
    promise = Counting(promised=99.9 / 100)

    assert not promise.is_missed(Figures(up_s=999.0, down_s=1.0))
    assert promise.is_missed(Figures(up_s=998.9, down_s=1.1))
