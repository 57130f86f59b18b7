"""What ``healthmon report`` can be asked: groups, promises, times of the calendar and of the configuration, forms."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from healthmon.cli.main import cli
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import Changes, Check, Health, Kind, Matcher, Measurement, Place, PlaceChange, Target
from healthmon.report.availability.account import Account, By
from healthmon.report.availability.markdown import report_markdown
from healthmon.report.tables import Screen
from healthmon.store.write.orders import open_commander
from healthmon.store.write.writer import open_writer
from tests.cli.conftest import Run
from tests.report.builder import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    connection,
    endpoint,
    outage,
    phone,
    provider,
    running,
    steps,
    stopped,
    unknown,
)

UP, DOWN, DEGRADED = Health.UP, Health.DOWN, Health.DEGRADED
LONG_AGO = NOW - 30 * DAY
BERLIN = ZoneInfo("Europe/Berlin")


def two_pbxs() -> dict[str, Any]:
    """Two PBXs with the same provider; one lost it for an hour in April, and a phone twice for ten minutes."""
    trunk, other = provider("telekom"), provider("telekom", pbx="branch")
    desk = phone("101")
    at = datetime(2026, 4, 29, 12, tzinfo=BERLIN).timestamp()
    yesterday = [(NOW - DAY + part * MINUTE, health) for part, health in ((0, DOWN), (10, UP), (30, DOWN), (40, UP))]
    return {
        "states": [connection(), connection("branch"), trunk, other, desk],
        "history": [
            *steps(connection(), (LONG_AGO, UP)),
            *steps(connection("branch"), (LONG_AGO, UP)),
            *steps(trunk, (LONG_AGO, UP), (at, DOWN), (at + HOUR, UP)),
            *steps(other, (LONG_AGO, UP)),
            *steps(desk, (LONG_AGO, UP), *yesterday),
        ],
    }


def asked(run: Run, *arguments: str) -> dict[str, Any]:
    """What ``report --format json`` says; the groups by name."""
    result = run("report", "--format", "json", *arguments)
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    document["by_name"] = {group["name"]: group for group in document["groups"]}
    return document


# ---------------------------------------------------------------- --by


def test_each_check_is_a_line_and_the_figure_over_all_stays_that_of_the_targets(database: Path, run: Run) -> None:
    world = two_pbxs()
    inventory = connection(check=Check.INVENTORY)
    lists_few = steps(inventory, (LONG_AGO, UP), (NOW - DAY, DOWN), (NOW - DAY + 2 * HOUR, UP))
    world["states"].append(inventory)
    world["history"] += lists_few
    with running(database, **world):
        by_check = asked(run, "--by", "check", "--since", "4d")
        by_target = asked(run, "--since", "4d")
        table = run("report", "--by", "check", "--since", "4d").stdout

    lines = {name: (group["targets"], group["downtime_s"]) for name, group in by_check["by_name"].items()}
    assert lines == {"inventory": (1, 2 * HOUR), "reachability": (3, HOUR + 20 * MINUTE), "connection": (2, 0)}
    assert by_check["overall"] == by_target["overall"]
    assert table.splitlines()[4].startswith("CHECK ")


def test_a_provider_is_one_line_over_all_pbxs_that_use_it(database: Path, run: Run) -> None:
    with running(database, **two_pbxs()):
        document = asked(run, "--by", "provider", "--since", "4d")

    (group,) = document["groups"]
    assert (group["name"], group["targets"], group["outages"], group["downtime_s"]) == ("PJSIP/telekom", 2, 1, HOUR)
    assert group["availability"] == 0.994791


def test_watches_and_pbxs_are_groups_worst_first(database: Path, run: Run) -> None:
    with running(database, **two_pbxs()):
        by_watch = asked(run, "--by", "watch", "--since", "4d")
        by_pbx = run("report", "--by", "pbx", "--since", "4d")

    assert [group["name"] for group in by_watch["groups"]] == ["providers", "phones"]
    assert by_pbx.stdout.splitlines()[4:] == [
        "PBX     TARGETS    AVAIL  OUTAGES   DOWN  LONGEST    MTTR   MTBF  UNKNOWN",
        "office        3  99.53 %        3  1h20m    1h00m  26m40s  3d23h",
        "branch        2    100 %",
    ]


def test_sites_are_where_devices_were_last_seen(database: Path, run: Run) -> None:
    shop, away, trunk = phone("201"), phone("202"), provider("telekom")
    history = [change for each in (shop, away, trunk) for change in steps(each, (LONG_AGO, UP))]
    stopped(database, [shop, away, trunk], history=history)
    writer = open_writer(database, now=NOW - 60)
    places = [
        PlaceChange(shop.target, Place("203.0.113.7"), NOW - DAY, is_left=False),
        PlaceChange(away.target, Place("192.168.5.20"), NOW - DAY, is_left=False),
        PlaceChange(trunk.target, Place("198.51.100.1"), NOW - DAY, is_left=False),
    ]
    writer.commit(Changes(places=places))
    writer.close()

    document = asked(run, "--by", "site")

    assert sorted(document["by_name"]) == ["192.168.5.0/24 on office", "203.0.113.7 on office"]
    assert {target["endpoint"]: target["site"] for target in document["targets"]} == {
        "PJSIP/201": "203.0.113.7",
        "PJSIP/202": "192.168.5.0/24",
        "PJSIP/telekom": None,
    }


def test_days_are_those_of_the_zone_and_an_outage_over_midnight_is_on_both(database: Path, run: Run) -> None:
    trunk = provider("telekom")
    midnight = datetime(2026, 4, 29, tzinfo=BERLIN).timestamp()
    history = steps(trunk, (LONG_AGO, UP), (midnight - 10 * MINUTE, DOWN), (midnight + 20 * MINUTE, UP))
    with running(database, [trunk], history=history):
        document = asked(run, "--by", "day", "--from", "2026-04-28", "--to", "2026-04-29")

    assert [group["name"] for group in document["groups"]] == ["2026-04-28", "2026-04-29"]
    assert [group["outages"] for group in document["groups"]] == [1, 1]
    assert [group["downtime_s"] for group in document["groups"]] == [600, 1200]
    assert document["groups"][0]["to"] == "2026-04-28T22:00:00.000Z"
    assert document["overall"]["outages"] == 1, "the days have it twice, the whole has it once"


@pytest.mark.parametrize(("by", "names"), [("week", ["2026-W17", "2026-W18"]), ("month", ["2026-04", "2026-05"])])
def test_weeks_and_months(database: Path, run: Run, by: str, names: list[str]) -> None:
    with running(database, **two_pbxs()):
        document = asked(run, "--by", by, "--since", "7d")

    assert [group["name"] for group in document["groups"]] == names


# ---------------------------------------------------------------- --last-…


@pytest.mark.parametrize(
    ("option", "since", "until"),
    [
        ("--last-month", "2026-03-31T22:00:00.000Z", "2026-04-30T22:00:00.000Z"),
        ("--last-week", "2026-04-19T22:00:00.000Z", "2026-04-26T22:00:00.000Z"),
    ],
)
def test_the_last_whole_month_and_week(database: Path, run: Run, option: str, since: str, until: str) -> None:
    with running(database, **two_pbxs()):
        document = asked(run, option)

    assert (document["from"], document["to"]) == (since, until)


@pytest.mark.parametrize(
    "arguments",
    [["--last-week", "--last-month"], ["--last-month", "--since", "3d"], ["--last-week", "--to", "2026-01-01"]],
)
def test_two_times_are_one_sentence_and_exit_2(database: Path, run: Run, arguments: list[str]) -> None:
    result = run("report", *arguments)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "give one of them" in result.stderr
    assert result.stderr.count("\n") == 1


# ---------------------------------------------------------------- --sla, --top


def test_who_missed_what_was_promised_is_marked_and_the_exit_code_says_so(database: Path, run: Run) -> None:
    with running(database, **two_pbxs()):
        missed = run("report", "--by", "provider", "--since", "4d", "--sla", "99.9")
        met = run("report", "--by", "provider", "--since", "4d", "--sla", "99")

    assert (missed.exit_code, met.exit_code) == (1, 0)
    assert "1 of 1 missed 99.9 %." in missed.stdout
    assert "PJSIP/telekom        2  99.47 %  missed" in missed.stdout
    assert "All 1 met 99 %." in met.stdout


def test_what_is_just_below_a_promise_is_not_rounded_up_to_it(database: Path, run: Run) -> None:
    trunk = provider("telekom")
    history = steps(trunk, (LONG_AGO, UP), (NOW - DAY, DOWN), (NOW - DAY + 86.5, UP))
    with running(database, [trunk], history=history):
        result = run("report", "--since", "1d", "--sla", "99.9")

    assert result.exit_code == 1
    assert "99.89 %  missed" in result.stdout


def test_top_lists_the_worst_and_counts_all(database: Path, run: Run) -> None:
    with running(database, **two_pbxs()):
        result = run("report", "--since", "4d", "--top", "1")
        document = asked(run, "--since", "4d", "--top", "2")
        table = run("report", "--since", "4d", "--top", "2", "--format", "csv")

    assert [line.split()[0] for line in result.stdout.splitlines()[4:]] == ["TARGET", "PJSIP/telekom"]
    assert "5 targets" in result.stdout
    assert len(document["targets"]) == 2
    assert document["overall"]["up_s"] == 5 * 4 * DAY - HOUR - 20 * MINUTE
    assert table.stdout_bytes.count(b"\r\n") == 3


# ---------------------------------------------------------------- what counts


def test_unknown_time_can_count_as_up_or_down(database: Path, run: Run) -> None:
    trunk = provider("telekom")
    with running(
        database,
        [trunk],
        history=steps(trunk, (LONG_AGO, UP)),
        unknown_periods=[unknown(Target("office"), NOW - DAY, NOW)],
    ):
        shares = [
            asked(run, "--since", "4d", "--count-unknown-as", word)["overall"]["availability"]
            for word in ("exclude", "up", "down")
        ]
        said = run("report", "--since", "4d", "--count-unknown-as", "down").stdout

    assert shares == [1.0, 1.0, 0.75]
    assert "Unknown time counts as down." in said
    assert "1 day unknown" in said


CONFIG = """
[healthmon]
database = {database}
timezone = Europe/Berlin
[pbx office]
url = http://127.0.0.1:8088
username = healthmon
password = secret
[watch providers]
endpoints = PJSIP/telekom*
working_hours = Mon-Fri 08:00-18:00
{more}
"""

#: Wednesday night, and a bit of Thursday.
MAINTENANCE = """[maintenance backup]
days = Wed
time = 23:00-01:00
kind = provider
"""


def with_config(database: Path, *arguments: str, more: str = MAINTENANCE) -> Result:
    """Ask with a configuration, as people do."""
    config = database.with_name("config.ini")
    config.write_text(CONFIG.format(database=database, more=more))
    return CliRunner().invoke(cli, ["-c", str(config), "report", *arguments], catch_exceptions=False)


@pytest.fixture
def a_night(database: Path, run: Run) -> dict[str, Any]:
    """A provider that was down for 90 minutes on Wednesday night, half an hour of it before the maintenance window."""
    trunk = provider("telekom")
    at = datetime(2026, 4, 29, 22, 30, tzinfo=BERLIN).timestamp()
    noon = datetime(2026, 4, 30, 12, tzinfo=BERLIN).timestamp()
    return {
        "states": [trunk],
        "history": steps(
            trunk, (LONG_AGO, UP), (at, DOWN), (at + 90 * MINUTE, UP), (noon, DOWN), (noon + 30 * MINUTE, UP)
        ),
    }


def test_maintenance_is_shown_and_can_be_left_out(database: Path, a_night: dict[str, Any]) -> None:
    window = ["--from", "2026-04-29", "--to", "2026-04-30", "--format", "json"]
    with running(database, **a_night):
        whole = json.loads(with_config(database, *window).stdout)["targets"][0]
        without = json.loads(with_config(database, *window, "--exclude-maintenance").stdout)["targets"][0]
        said = with_config(database, *window[:4], "--exclude-maintenance").stdout

    assert (whole["downtime_s"], whole["outages"], whole["maintenance_s"]) == (2 * HOUR, 2, 2 * HOUR)
    assert (without["downtime_s"], without["outages"], without["maintenance_s"]) == (HOUR, 2, 2 * HOUR)
    assert without["up_s"] == 46 * HOUR - HOUR
    assert "2 h in maintenance." in said
    assert "What happened within maintenance windows is left out." in said


def test_working_hours_give_a_second_figure(database: Path, a_night: dict[str, Any]) -> None:
    window = ["--from", "2026-04-29", "--to", "2026-04-30"]
    with running(database, **a_night):
        document = json.loads(with_config(database, *window, "--format", "json").stdout)
        said = with_config(database, *window).stdout

    (target,) = document["targets"]
    assert (target["availability_in_hours"], target["downtime_in_hours_s"]) == (1 - 0.5 / 20, 1800)
    assert target["availability"] == round(1 - 2 / 48, 6)
    assert "In working hours: 97.50 % available, 30 min down." in said
    assert "97.50 %        2" in said


def test_a_mistake_in_a_maintenance_window_is_said_and_one_elsewhere_is_not(
    database: Path, a_night: dict[str, Any]
) -> None:
    with running(database, **a_night):
        wrong = with_config(database, more="[maintenance backup]\ndays = Someday\ntime = 23:00-01:00\n")
        elsewhere = with_config(database, more="[receiver boss]\nurls = ${NOT_SET}\ncolour = red\n")

    assert wrong.exit_code == 78
    assert "[maintenance backup] days: Someday" in wrong.stderr
    assert elsewhere.exit_code == 0


def test_silenced_time_is_shown(database: Path, run: Run) -> None:
    trunk, desk = provider("telekom"), phone("101")
    history = [*steps(trunk, (LONG_AGO, UP)), *steps(desk, (LONG_AGO, UP))]
    stopped(database, [trunk, desk], history=history)
    with open_commander(database) as commander:
        only_phones = Matcher(kinds=(Kind.PHONE,))
        commander.silence(only_phones, since=NOW - 3 * HOUR, until=NOW - HOUR, author="anna", reason="works")

    targets = asked(run, "--since", "2h")["targets"]

    assert {target["endpoint"]: target["silenced_s"] for target in targets} == {"PJSIP/101": HOUR, "PJSIP/telekom": 0}


def test_the_worst_of_days_are_the_worst_and_not_the_first(database: Path, run: Run) -> None:
    trunk = provider("telekom")
    downs = [(NOW - 4 * DAY, MINUTE), (NOW - 3 * DAY, HOUR), (NOW - DAY, 2 * HOUR)]
    changes = [step for at, length in downs for step in ((at, DOWN), (at + length, UP))]
    with running(database, [trunk], history=steps(trunk, (LONG_AGO, UP), *changes)):
        document = asked(run, "--by", "day", "--since", "6d", "--top", "2")
        texts = [
            run("report", "--by", "day", "--since", "6d", "--top", "2", "--format", form).stdout
            for form in ("table", "csv", "markdown", "html")
        ]

    assert [group["name"] for group in document["groups"]] == ["2026-04-30", "2026-04-28"]
    for text in texts:
        listed = text.partition("Days, worst first")[2] or text
        days = re.findall(r"^(?:<tr.*?|\| )?(2026\\?-04\\?-\d\d)(?:</td>.*| .*|,.*)$", listed, re.MULTILINE)
        assert [day.replace("\\", "") for day in days] == ["2026-04-30", "2026-04-28"], text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--top", "x"), "'x' is not a number."),
        (("--top", "0"), "0 is not in the range"),
        (("--sla", "abc"), "'abc' is not a percentage, like 99.9."),
        (("--sla", "nan"), "'nan' is not a percentage, like 99.9."),
        (("--sla", "101"), "101.0 is not in the range"),
    ],
)
def test_a_number_that_makes_no_sense_is_a_wrong_argument(run: Run, arguments: tuple[str, str], said: str) -> None:
    result = run("report", *arguments)

    assert result.exit_code == 2
    assert said in result.stderr


def test_flaps_are_counted(database: Path, run: Run) -> None:
    trunk = provider("telekom")
    flapping = outage(7, trunk, NOW - DAY, NOW - DAY + HOUR, flap_episodes=3)
    with running(database, [trunk], history=steps(trunk, (LONG_AGO, UP)), incidents=[flapping]):
        document = asked(run, "--by", "day", "--since", "3d")

    assert document["overall"]["flaps"] == 3
    assert [group["flaps"] for group in document["groups"]] == [0, 0, 3, 0]


def test_flapping_over_the_end_of_a_month_counts_where_it_began_and_its_time_where_it_was(
    database: Path, run: Run
) -> None:
    trunk = provider("telekom", watched_since=NOW - 90 * DAY)
    midnight = datetime(2026, 4, 1, tzinfo=BERLIN).timestamp()
    downs = [midnight - 20 * MINUTE, midnight - 10 * MINUTE, midnight + 5 * MINUTE]
    changes = [step for at in downs for step in ((at, DOWN), (at + 4 * MINUTE, UP))]
    flapping = outage(7, trunk, downs[0], midnight + HOUR, flap_episodes=1)
    with running(database, [trunk], history=steps(trunk, (NOW - 90 * DAY, UP), *changes), incidents=[flapping]):
        march = asked(run, "--from", "2026-03-01", "--to", "2026-03-31")
        april = asked(run, "--from", "2026-04-01", "--to", "2026-04-30")
        months = asked(run, "--by", "month", "--from", "2026-03-01", "--to", "2026-04-30")

    assert [one["overall"]["flaps"] for one in (march, april)] == [1, 0]
    assert [one["overall"]["downtime_s"] for one in (march, april)] == [8 * MINUTE, 4 * MINUTE]
    assert [[one["id"] for one in each["incidents"]] for each in (march, april)] == [[7], [7]]
    assert [group["flaps"] for group in months["groups"]] == [1, 0]
    assert months["overall"]["flaps"] == 1


def test_an_outage_over_the_end_of_a_month_is_one_of_both_with_its_part_and_one_of_the_whole(
    database: Path, run: Run
) -> None:
    trunk = provider("telekom", watched_since=NOW - 90 * DAY)
    midnight = datetime(2026, 4, 1, tzinfo=BERLIN).timestamp()
    history = steps(trunk, (NOW - 90 * DAY, UP), (midnight - 2 * HOUR, DOWN), (midnight + HOUR, UP))
    with running(
        database, [trunk], history=history, incidents=[outage(1, trunk, midnight - 2 * HOUR, midnight + HOUR)]
    ):
        march = asked(run, "--from", "2026-03-01", "--to", "2026-03-31")
        april = asked(run, "--from", "2026-04-01", "--to", "2026-04-30")
        months = asked(run, "--by", "month", "--from", "2026-03-01", "--to", "2026-04-30")

    def told(figures: dict[str, Any]) -> tuple[int, float, float]:
        return figures["outages"], figures["downtime_s"], figures["longest_s"]

    assert [told(one["overall"]) for one in (march, april)] == [(1, 2 * HOUR, 2 * HOUR), (1, HOUR, HOUR)]
    assert [told(group) for group in months["groups"]] == [(1, 2 * HOUR, 2 * HOUR), (1, HOUR, HOUR)]
    assert told(months["overall"]) == (1, 3 * HOUR, 3 * HOUR)
    (incident,) = march["incidents"]
    assert incident["closed_at"] == april["incidents"][0]["closed_at"]


def test_round_trip_times_are_shown_where_any_are_known(database: Path, run: Run) -> None:
    trunk, desk = provider("telekom"), phone("101")
    history = [*steps(trunk, (LONG_AGO, UP)), *steps(desk, (LONG_AGO, UP))]
    stopped(database, [trunk, desk], history=history)
    writer = open_writer(database, now=NOW - 60)
    measured = [(NOW - 2 * DAY, 900.0), *((NOW - HOUR - number, 10.0 + number) for number in range(21))]
    trips = [Measurement(trunk.target, Check.REACHABILITY, ROUND_TRIP.key, ms, at) for at, ms in measured]
    writer.commit(Changes(measurements=trips))
    while writer.fold_measurements():
        pass
    writer.close()

    targets = {target["endpoint"]: target for target in asked(run, "--since", "1d")["targets"]}
    table = run("report", "--since", "1d").stdout
    group = asked(run, "--since", "1d", "--by", "provider")["groups"][0]

    telekom = targets["PJSIP/telekom"]
    assert (telekom["rtt_min_ms"], telekom["rtt_max_ms"]) == (10, 30)
    assert telekom["rtt_p50_ms"] == pytest.approx(20, rel=0.1)
    assert telekom["rtt_p95_ms"] == pytest.approx(29, rel=0.1)
    assert targets["PJSIP/101"]["rtt_p50_ms"] is None
    assert "RTT P50  RTT P95  RTT MIN  RTT MAX" in table
    assert "10 ms    30 ms" in table
    assert group["rtt_max_ms"] == 30


# ---------------------------------------------------------------- forms


def test_groups_as_csv(database: Path, run: Run) -> None:
    with running(database, **two_pbxs()):
        result = run("report", "--by", "pbx", "--since", "4d", "--format", "csv")

    rows = list(csv.DictReader(io.StringIO(result.stdout, newline=""), strict=True))
    assert [(row["name"], row["targets"], row["outages"]) for row in rows] == [
        ("office", "3", "3"),
        ("branch", "2", "0"),
    ]


def test_markdown_shows_names_as_they_are(database: Path, run: Run) -> None:
    odd = endpoint(Target("office", "PJSIP", "a|b*c_<i>"), Kind.PHONE)
    incident = outage(7, odd, NOW - DAY, NOW - DAY + 600, cause="[click](http://127.0.0.1)")
    history = steps(odd, (LONG_AGO, UP), (NOW - DAY, DOWN), (NOW - DAY + 600, UP))
    with running(database, [odd], history=history, incidents=[incident]):
        result = run("report", "--format", "markdown", "--incidents", "--since", "2d")

    lines = result.stdout.splitlines()
    assert lines[0] == r"# Availability of phone PJSIP/a\|b\*c\_\<i\> on office"
    assert "| TARGET | KIND | AVAIL | OUTAGES | DOWN | LONGEST | MTTR | MTBF | UNKNOWN |" in lines
    assert r"| PJSIP/a\|b\*c\_\<i\> | phone | 99.65 % | 1 | 10m00s | 10m00s | 10m00s | 1d23h |  |" in lines
    assert r"\[click\]\(http\://127.0.0.1\); ended\: recovered |" in result.stdout


def test_on_a_page_names_from_strangers_stay_names(database: Path, run: Run) -> None:
    odd = phone("<i>&amp;\x1b[31m", pbx="a<b")
    incident = outage(7, odd, NOW - HOUR, NOW - MINUTE, cause="</table><script>alert(1)</script>")
    history = steps(odd, (NOW - 30 * DAY, UP), (NOW - HOUR, DOWN), (NOW - MINUTE, UP))
    with running(database, [odd], history=history, incidents=[incident]):
        page = run("report", "--format", "html", "--since", "2d").stdout

    assert "PJSIP/&lt;i&gt;&amp;amp;\\x1b[31m" in page
    assert "&lt;/table&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
    assert "\x1b" not in page


def test_a_page_is_written_whole(database: Path, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    trunk = provider("telekom")
    with running(database, [trunk], history=steps(trunk, (NOW - 30 * DAY, UP))):
        result = run("report", "--format", "html", "--since", "2d", "-o", str(target))

    assert (result.exit_code, result.stdout) == (0, "")
    assert target.read_text(encoding="utf-8").endswith("</html>")


def test_a_file_appears_when_it_is_complete(database: Path, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "report.csv"
    with running(database, **two_pbxs()):
        result = run("report", "--format", "csv", "-o", str(target))

    assert (result.exit_code, result.stdout) == (0, "")
    assert target.read_text().startswith("pbx,endpoint,kind")
    assert list(tmp_path.glob(".report*")) == []


def test_a_file_that_cannot_be_written_is_one_sentence(database: Path, run: Run, tmp_path: Path) -> None:
    with running(database, **two_pbxs()):
        result = run("report", "-o", str(tmp_path / "nowhere" / "report.txt"))

    assert result.exit_code == 1
    assert result.stderr.startswith(f"healthmon: {tmp_path}/nowhere/report.txt: cannot be written")
    assert result.stderr.count("\n") == 1


def test_a_terminal_of_80_columns_gets_the_most_important_figures(
    database: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunk = provider("trunk-telekom")
    history = steps(trunk, (LONG_AGO, UP), (NOW - DAY, DOWN), (NOW - DAY + 5000, DEGRADED), (NOW - HOUR, UP))
    unknown_periods = [unknown(Target("office"), NOW - 9000, NOW - 8000)]
    monkeypatch.setattr("healthmon.cli.report.screen", lambda: Screen(80))
    with running(database, [trunk], history=history, unknown_periods=unknown_periods):
        result = run("report", "--sla", "99.9")

    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "DEGR  UNKNOWN" in result.stdout
    assert "No room for LONGEST, MTTR, MTBF; a wider terminal shows them" in result.stdout


def test_an_account_without_targets_says_so_in_every_form(database: Path, run: Run) -> None:
    empty = Account((NOW - DAY, NOW), (), by=By.PROVIDER)

    assert "Nothing was watched then that matches." in report_markdown(empty, BERLIN, with_incidents=False)
    assert replace(empty, by=By.DAY).overall.availability is None


def test_a_late_report_does_not_know_what_came_later(database: Path, run: Run) -> None:
    trunk, began = provider("trunk"), NOW - DAY
    history = steps(trunk, (LONG_AGO, UP), (began, DOWN), (began + HOUR, UP))
    about = replace(outage(7, trunk, began, began + HOUR), acked_at=began + 45 * MINUTE, acked_by="anna")
    stopped(database, [trunk], history=history, incidents=[about])
    then = datetime.fromtimestamp(began + 30 * MINUTE, BERLIN).isoformat()

    late = json.loads(run("report", "--as-of", then, "--since", "8h", "--format", "json").stdout)

    (incident,) = late["incidents"]
    assert (incident["closed_at"], incident["acknowledged_at"]) == (None, None)


def test_where_nothing_belongs_to_what_is_asked_for_a_sentence_says_so(database: Path, run: Run) -> None:
    stopped(database, [provider("trunk")], history=steps(provider("trunk"), (LONG_AGO, UP)))

    said = run("report", "--by", "site", "--sla", "99.9")

    assert "Nothing that was watched belongs to a site." in said.stdout
    assert "Nothing is known that could have met 99.9 %." in said.stdout
    assert "All 0 met" not in said.stdout


def test_since_takes_a_date_as_history_and_export_do(database: Path, run: Run) -> None:
    stopped(database, [provider("trunk")], history=steps(provider("trunk"), (LONG_AGO, UP)))

    assert run("report", "--since", "2026-04-20", "--until", "2026-04-21").stdout == (
        run("report", "--from", "2026-04-20", "--to", "2026-04-21").stdout
    )
    refused = run("report", "--since", "2026-04-20", "--to", "2026-04-01")
    assert (refused.exit_code, refused.stderr) == (2, "healthmon: --since 2026-04-20 is not before --to 2026-04-01\n")


def test_in_a_very_narrow_terminal_the_kind_goes_before_a_name_is_broken(
    database: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.cli.report.screen", lambda: Screen(60))
    bob = phone("Bob & <b>Söhne</b>")
    history = steps(bob, (LONG_AGO, UP), (NOW - 9 * HOUR, DOWN), (NOW - 8 * HOUR, UP))
    with running(
        database, [bob], history=history, unknown_periods=[unknown(bob.target, NOW - 3 * HOUR, NOW - 2 * HOUR)]
    ):
        said = run("report", "--since", "1d").stdout

    assert "PJSIP/Bob & <b>Söhne</b>  95.65 %        1  1h00m    1h00m" in said
    assert "No room for KIND" in said.replace("\n", " ")
    assert all(len(line) <= 60 for line in said.splitlines())


def test_a_clock_set_back_by_1_7_s_does_not_make_a_scheduled_report_fail(database: Path, run: Run) -> None:
    stopped(database, [provider("trunk")], history=steps(provider("trunk"), (LONG_AGO, UP)))
    due = datetime.fromtimestamp(time.time() + 1.7, UTC).isoformat()

    made = run("report", "--since", "8h", "--as-of", due)

    assert (made.exit_code, made.stderr) == (0, "")


def test_a_report_as_of_tomorrow_is_refused(database: Path, run: Run) -> None:
    stopped(database, [provider("trunk")])

    refused = run("report", "--as-of", datetime.fromtimestamp(time.time() + DAY, UTC).isoformat())

    assert refused.exit_code == 2
    assert "lies in the future" in refused.stderr
