"""``[schedule …]`` sections: when, what, and to whom."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import pytest

from healthmon.config.describe import calendar_in_words, describe
from healthmon.config.loading.load import load
from healthmon.config.reload import difference
from healthmon.config.sections.schedule import ScheduleConfig
from healthmon.config.values import calendar_time
from healthmon.errors import ConfigError
from healthmon.times.occasions import CalendarTime
from tests.config.files import PBX, RECEIVER, WATCH, Files

BEFORE = f"[healthmon]\ntimezone = Europe/Berlin\n{PBX}{WATCH}{RECEIVER}"
SCHEDULE = "[schedule monthly]\nreport = --since 30d --pbx 'offic[e ]'\nat = 1st 07:00\nreceivers = oncall\n"
BERLIN = ZoneInfo("Europe/Berlin")


def problems(files: Files, schedule: str, why: str | None = None) -> list[str]:
    """What is wrong with a file that has this schedule; ``why`` is what the report command says."""
    files.path.write_text(BEFORE + schedule)
    seen: list[Sequence[str]] = []

    def why_no_report(arguments: Sequence[str]) -> str | None:
        seen.append(arguments)
        return why

    with pytest.raises(ConfigError) as caught:
        load(files.path, environ={}, why_no_report=why_no_report)
    return [str(problem).replace(f"{files.folder}/", "") for problem in caught.value.problems]


def test_a_schedule_says_what_when_and_to_whom(files: Files) -> None:
    config = files.load(BEFORE + SCHEDULE)

    assert config.schedules == (
        ScheduleConfig(
            "monthly", ("--since", "30d", "--pbx", "offic[e ]"), CalendarTime(frozenset(), 1, 420, BERLIN), ("oncall",)
        ),
    )
    assert config.url_ids_of_schedule(config.schedules[0]) == ("oncall/json:127.0.0.1",)
    assert config.warnings == ()


@pytest.mark.parametrize(
    ("report", "warning"),
    [
        ("--pbx ofice", "--pbx ofice matches no [pbx …] section; did you mean office?"),
        ("--since 7d --pbx=of* --pbx=branch", "--pbx branch matches no [pbx …] section"),
        ("--watch fones --by day", "--watch fones matches no [watch …] section; did you mean phones?"),
    ],
)
def test_a_report_about_a_pbx_or_watch_section_that_is_not_there_is_found(
    files: Files, report: str, warning: str
) -> None:
    text = BEFORE.replace("[watch trunks]", "[watch phones]") + SCHEDULE.replace(
        "--since 30d --pbx 'offic[e ]'", report
    )

    warnings = files.load(text).warnings

    line = text.splitlines().index(f"report = {report}") + 1
    assert warnings == (f"{files.path}:{line} [schedule monthly] report: {warning}",)


def test_check_config_describes_it(files: Files) -> None:
    lines = describe(files.load(BEFORE + SCHEDULE))

    start = lines.index("schedule monthly: 1st 07:00 (Europe/Berlin)")
    assert lines[start + 1 : start + 3] == [
        "    healthmon report --since 30d --pbx 'offic[e ]'",
        "    sent to oncall",
    ]


def test_a_receiver_that_only_a_schedule_names_is_used(files: Files) -> None:
    nobody = "receivers = nobody\n"
    text = f"[healthmon]\ntimezone = Europe/Berlin\n{PBX}{nobody}{WATCH}{nobody}{RECEIVER}"

    assert files.load(text + SCHEDULE).warnings == ()
    assert any("names this receiver" in warning for warning in files.load(text).warnings)


@pytest.mark.parametrize(
    ("words", "weekdays", "day", "minute"),
    [
        ("1st 07:00", (), 1, 420),
        ("22nd 7:05", (), 22, 425),
        ("3RD 00:00", (), 3, 0),
        ("11th 23:59", (), 11, 1439),
        ("last 23:30", (), 0, 1410),
        ("Mon 07:00", (0,), None, 420),
        ("Mon-Fri 07:00", (0, 1, 2, 3, 4), None, 420),
        ("sat, Sunday 07:00", (5, 6), None, 420),
        ("daily  07:00", (0, 1, 2, 3, 4, 5, 6), None, 420),
    ],
)
def test_the_forms_of_a_time(words: str, weekdays: tuple[int, ...], day: int | None, minute: int) -> None:
    assert calendar_time(words) == (frozenset(weekdays), day, minute)
    again = calendar_in_words(CalendarTime(frozenset(weekdays), day, minute, BERLIN))
    assert calendar_time(again) == calendar_time(words)


@pytest.mark.parametrize(
    ("at", "sentence"),
    [
        ("07:00", "07:00: a day and a time, like 1st 07:00, last 23:30, Mon 07:00 or daily 07:00"),
        ("1st", "1st: a day and a time, like"),
        ("1st 7", "1st 7: a day and a time, like"),
        ("1st 24:00", "1st 24:00: a day goes from 00:00 to 23:59"),
        ("daily 07:60", "daily 07:60: a day goes from 00:00 to 23:59"),
        ("0th 07:00", "0th: a month has 31 days at most"),
        ("32nd 07:00", "32nd: a month has 31 days at most"),
        ("2th 07:00", "2th: is written 2nd"),
        ("11st 07:00", "11st: is written 11th"),
        ("1 07:00", "1: weekdays are Mon, Tue"),
        ("Mo 07:00", "Mo: weekdays are Mon, Tue"),
        ("monthly 07:00", "monthly: weekdays are Mon, Tue"),
    ],
)
def test_a_time_that_makes_no_sense(files: Files, at: str, sentence: str) -> None:
    (problem,) = problems(files, SCHEDULE.replace("1st 07:00", at))

    assert problem.startswith(f"config.ini:13 [schedule monthly] at: {sentence}")


def test_what_the_report_command_says_is_a_problem_with_its_line(files: Files) -> None:
    assert problems(files, SCHEDULE, "No such option: --sinse") == [
        "config.ini:12 [schedule monthly] report: No such option: --sinse"
    ]


def test_other_mistakes_of_a_schedule(files: Files) -> None:
    assert problems(files, "[schedule monthly]\nreport = --pbx 'office\nat = 1st 07:00\nreceivers = oncal\n") == [
        "config.ini:12 [schedule monthly] report: --pbx 'office: no closing quotation",
        "config.ini:14 [schedule monthly] receivers: oncal: there is no [receiver oncal]; did you mean oncall?",
    ]
    assert problems(files, "[schedule monthly]\n") == [
        f"config.ini:11 [schedule monthly] {option}: is missing" for option in ("at", "receivers", "report")
    ]


def test_a_reload_tells_other_schedules(files: Files) -> None:
    old, new = files.load(BEFORE), files.load(BEFORE + SCHEDULE)

    assert difference(old, new).consequences == ("other [schedule …] sections",)
    assert difference(new, new).consequences == ()
