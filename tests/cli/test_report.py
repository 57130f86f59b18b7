"""``healthmon report``, over real databases that the store's own writer made."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from healthmon.cli.main import cli
from healthmon.model import Changes, Health, Kind, Place, PlaceChange, Target
from healthmon.store.write.writer import open_writer
from tests.cli.conftest import Run
from tests.report.builder import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    connection,
    outage,
    phone,
    provider,
    running,
    steps,
    stopped,
    unknown,
)

UP, DOWN = Health.UP, Health.DOWN
LONG_AGO = NOW - 30 * DAY


def an_office() -> dict[str, Any]:
    """A PBX with a trunk that was down for ten minutes yesterday, an hour of which nobody could see behind the PBX."""
    pbx, trunk, desk, unused = connection(), provider("trunk"), phone("101"), phone("102", DOWN, ever_up=False)
    return {
        "states": [pbx, trunk, desk, unused],
        "history": [
            *steps(pbx, (LONG_AGO, UP)),
            *steps(trunk, (LONG_AGO, UP), (NOW - DAY, DOWN), (NOW - DAY + 10 * MINUTE, UP)),
            *steps(desk, (LONG_AGO, UP)),
            *steps(unused, (LONG_AGO, DOWN)),
        ],
        "unknown_periods": [unknown(Target("office"), NOW - 3 * HOUR, NOW - 2 * HOUR)],
        "incidents": [outage(7, trunk, NOW - DAY, NOW - DAY + 10 * MINUTE)],
    }


def asked(run: Run, *arguments: str) -> dict[str, Any]:
    """What ``report --format json`` says, its targets by name."""
    result = run("report", "--format", "json", *arguments)
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    document["by_name"] = {(target["pbx"], target["endpoint"]): target for target in document["targets"]}
    return document


def test_the_table_says_the_whole_first_and_the_worst_next(database: Path, run: Run) -> None:
    with running(database, **an_office()):
        result = run("report", "--since", "2d", "--incidents")

    assert result.stdout == (
        "Wed 2026-04-29 14:00 CEST to Fri 2026-05-01 14:00 CEST (Europe/Berlin), 2 days\n"
        "4 targets, 99.88 % available, 1 outage, the longest 10 min.\n"
        "All targets added up: 10 min down, 2 h unknown. "
        "Mean time to repair 10 min, between failures of each target 5 days 21 h.\n"
        "\n"
        "TARGET       KIND        AVAIL  OUTAGES    DOWN  LONGEST    MTTR   MTBF  UNKNOWN\n"
        "PJSIP/trunk  provider  99.64 %        1  10m00s   10m00s  10m00s  1d22h    1h00m\n"
        "PJSIP/101    phone       100 %                                             1h00m\n"
        "office       pbx         100 %\n"
        "1 phone never seen up: not in use, not counted as down.\n"
        "\n"
        "NO.  SINCE             LASTED  WHAT         STATE  WHY\n"
        "  7  2026-04-30 14:00  10m00s  PJSIP/trunk  down   peer status Unreachable; ended: recovered\n"
    )
    assert result.exit_code == 0


def test_outages_of_the_headline_are_causes_and_sums_over_targets_are_labelled_so(database: Path, run: Run) -> None:
    """One dead switch takes twenty phones and a trunk with it; the line of the PBX explains its site."""
    pbx, trunk, phones = connection(), provider("trunk"), [phone(str(number)) for number in range(101, 121)]
    began = NOW - DAY
    history = [*steps(pbx, (LONG_AGO, UP)), *steps(trunk, (LONG_AGO, UP), (began, DOWN), (began + 180, UP))]
    incidents = [
        outage(1, replace(pbx, target=Target("office", "network"), kind=Kind.NETWORK), began, began + 200),
        outage(2, replace(pbx, target=Target("office", "site", "203.0.113.7"), kind=Kind.SITE), began, began + 190),
        outage(3, trunk, began, began + 180, explained_by=1),
    ]
    incidents[0] = replace(incidents[0], check="reachability")
    incidents[1] = replace(incidents[1], check="reachability", explained_by=1)
    for number, desk in enumerate(phones, start=4):
        history += steps(desk, (LONG_AGO, UP), (began, DOWN), (began + 174, UP))
        incidents.append(outage(number, desk, began, began + 174, explained_by=2))
    with running(database, [pbx, trunk, *phones], history=history, incidents=incidents):
        said = run("report").stdout
        page = run("report", "--format", "html").stdout
        of_phones = run("report", "--kind", "phone").stdout
        by_watch = run("report", "--by", "watch", "--format", "markdown").stdout
        document = asked(run)

    assert "22 targets, 99.97 % available, 1 outage, the longest 3 min.\n" in said
    assert "All targets added up: 21 outages, 1 h 1 min down." in said
    assert "one outage, the longest 3 min.</p>" in page
    assert "<dt>outage</dt><dd>1</dd>" in page
    assert "<dt>down, all targets added up</dt><dd>1 h 1 min</dd>" in page
    assert "20 targets, 99.97 % available, 1 outage, the longest 2 min 54 s." in of_phones
    assert "Outages and times of a watch are added up over its targets." in by_watch
    assert (document["causes"], document["overall"]["outages"]) == (1, 21)


def test_outages_whose_incidents_are_gone_are_those_of_single_targets(database: Path, run: Run) -> None:
    with running(database, **{**an_office(), "incidents": []}):
        said, page = run("report").stdout, run("report", "--format", "html").stdout
        document = asked(run)

    assert "1 outage of single targets, the longest 10 min." in said
    assert "<dt>outage of single targets</dt><dd>1</dd>" in page
    assert document["causes"] is None


@pytest.mark.parametrize(
    ("times", "written", "share"),
    [
        ((1.0, 20_000.0), "99.99 %", 0.99995),
        ((0.2, 7 * DAY), "99.99 %", 0.999999),
        ((19_999.89, 20_000.0), "<0.01 %", 0.000005),
    ],
    ids=["a second", "a moment of a week", "nearly all"],
)
def test_availability_is_rounded_down_never_to_100_with_an_outage_nor_to_0_with_time_up_in_any_form(
    database: Path, run: Run, times: tuple[float, float], written: str, share: float
) -> None:
    length, watched_for = times
    began = NOW - watched_for
    trunk = provider("trunk", watched_since=began)
    history = steps(trunk, (began, UP), (began + 0.05, DOWN), (began + 0.05 + length, UP))
    with running(database, [trunk], history=history):
        said = {form: run("report", "--format", form).stdout for form in ("table", "markdown", "html", "json", "csv")}
        promised = run("report", "--sla", "100")

    assert f"1 target, {written} available" in said["table"]
    assert f"{written.replace('<', chr(92) + '<')} available" in said["markdown"].replace(chr(92) + ".", ".")
    assert f"<dd>{written.replace('<', '&lt;')}</dd>" in said["html"]
    assert "100 %" not in said["table"] + said["markdown"]
    document = json.loads(said["json"])
    assert [document["overall"]["availability"], document["targets"][0]["availability"]] == [share, share]
    assert [float(row["availability"]) for row in csv.DictReader(io.StringIO(said["csv"]))] == [share]
    # Who was promised everything has missed it.
    assert "missed" in promised.stdout
    assert promised.exit_code == 1


def test_json_gives_each_target_and_the_incidents(database: Path, run: Run) -> None:
    with running(database, **an_office()):
        document = asked(run, "--since", "2d")

    assert (document["from"], document["to"]) == ("2026-04-29T12:00:00.000Z", "2026-05-01T12:00:00.000Z")
    assert document["targets"][0] == {
        "pbx": "office",
        "endpoint": "PJSIP/trunk",
        "kind": "provider",
        "watch": "providers",
        "availability": 0.996453,
        "downtime_s": 600,
        "unknown_s": 3600,
        "outages": 1,
        "longest_s": 600,
        "degraded_s": 0,
        "up_s": 47 * HOUR - 600,
        "site": None,
        "maintenance_s": 0,
        "silenced_s": 0,
        "mttr_s": 600,
        "mtbf_s": 47 * HOUR - 600,
        "flaps": 0,
        "restarts": 0,
        "rtt_p50_ms": None,
        "rtt_p95_ms": None,
        "rtt_min_ms": None,
        "rtt_max_ms": None,
        "availability_in_hours": None,
        "downtime_in_hours_s": None,
        "longest_unseen_s": 0.0,
        "outages_unseen_s": 0.0,
        "sla_missed": None,
    }
    assert (document["by"], document["groups"], document["sla"]) == ("target", [], None)
    assert (document["unknown_counts_as"], document["maintenance_excluded"]) == ("exclude", False)
    assert document["by_name"]["office", "PJSIP/102"]["availability"] is None
    assert [incident["id"] for incident in document["incidents"]] == [7]
    assert document["overall"]["outages"] == 1


def test_an_outage_that_lasts_counts_until_now(database: Path, run: Run) -> None:
    trunk = provider("trunk", DOWN)
    with running(database, [trunk], history=steps(trunk, (LONG_AGO, UP), (NOW - HOUR, DOWN))):
        target = asked(run, "--since", "4h")["targets"][0]

    assert (target["availability"], target["downtime_s"], target["outages"]) == (0.75, 3600, 1)


def test_without_a_daemon_it_counts_until_that_was_last_alive_and_then_is_unknown(database: Path, run: Run) -> None:
    trunk = provider("trunk", DOWN)
    history = steps(trunk, (LONG_AGO, UP), (NOW - 3 * HOUR, DOWN))
    stopped(database, [connection(), trunk], history=history, alive_at=NOW - HOUR)

    targets = asked(run, "--since", "4h")["by_name"]

    assert (targets["office", "PJSIP/trunk"]["downtime_s"], targets["office", "PJSIP/trunk"]["unknown_s"]) == (
        7200,
        3600,
    )
    assert targets["office", ""]["kind"] == "pbx"


def test_a_removed_endpoint_counts_until_it_was_removed(database: Path, run: Run) -> None:
    trunk = provider("trunk")
    with running(database, [], history=steps(trunk, (NOW - 2 * HOUR, UP), (NOW - HOUR, None))):
        target = asked(run)["targets"][0]

    assert (target["up_s"], target["unknown_s"]) == (3600, 0)


def test_filters_choose_by_pattern_and_choose_the_incidents_too(database: Path, run: Run) -> None:
    states = [connection(), connection("branch"), provider("trunk"), phone("101"), phone("201", pbx="branch")]
    incidents = [outage(1, states[3], NOW - HOUR, NOW - 60), outage(2, states[4], NOW - HOUR)]
    history = [change for state in states for change in steps(state, (LONG_AGO, UP))]

    def names(*arguments: str) -> tuple[set[str], list[int]]:
        document = asked(run, *arguments)
        chosen = {target["endpoint"] or target["pbx"] for target in document["targets"]}
        return chosen, [incident["id"] for incident in document["incidents"]]

    with running(database, states, history=history, incidents=incidents):
        assert names() == ({"office", "branch", "PJSIP/trunk", "PJSIP/101", "PJSIP/201"}, [2, 1])
        assert names("--pbx", "br*") == ({"branch", "PJSIP/201"}, [2])
        assert names("--endpoint", "PJSIP/1*") == ({"PJSIP/101"}, [1])
        assert names("--endpoint", "1*", "--endpoint", "2??") == ({"PJSIP/101", "PJSIP/201"}, [2, 1])
        assert names("--endpoint", "*") == ({"PJSIP/trunk", "PJSIP/101", "PJSIP/201"}, [2, 1])
        assert names("--kind", "provider") == ({"PJSIP/trunk"}, [])
        assert names("--kind", "pbx") == ({"office", "branch"}, [])
        assert names("--watch", "phones") == ({"PJSIP/101", "PJSIP/201"}, [2, 1])
        assert names("--kind", "mobile") == (set(), [])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--pbx", "ofice"], "--pbx ofice matches nothing that was ever watched; did you mean office?"),
        (["--watch", "fones"], "--watch fones matches nothing that was ever watched; did you mean phones?"),
        (["--endpoint", "TRUNKS"], "--endpoint TRUNKS matches nothing that was ever watched; did you mean trunk?"),
        (["--endpoint", "PJSIP/9*"], "--endpoint PJSIP/9* matches nothing that was ever watched; healthmon status"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--sla", "99.9"], ["--sla", "99.9", "--format", "csv"], ["--format", "html"]])
def test_a_report_that_matches_nothing_says_so_and_exits_with_3(
    database: Path, run: Run, arguments: list[str], sentence: str, more: list[str]
) -> None:
    with running(database, **an_office()):
        result = run("report", *arguments, *more)

    assert f"healthmon: {sentence}" in result.stderr
    assert result.exit_code == 3
    if not more:
        assert "Nothing was watched then that matches." in result.stdout


def test_a_promise_is_not_kept_where_one_of_two_names_matches_nothing_or_nothing_is_known(
    database: Path, run: Run
) -> None:
    with running(database, **an_office()):
        one_of_two = run("report", "--sla", "90", "--endpoint", "trunk", "--endpoint", "TYPO")
        missed = run("report", "--sla", "99.99", "--endpoint", "trunk", "--endpoint", "TYPO")
        not_yet = run("report", "--sla", "90", "--from", "2026-01-01", "--to", "2026-01-02")
        only_a_look = run("report", "--endpoint", "trunk", "--endpoint", "TYPO")

    assert [one_of_two.exit_code, missed.exit_code, not_yet.exit_code, only_a_look.exit_code] == [3, 1, 3, 0]
    assert "--endpoint TYPO matches nothing that was ever watched" in only_a_look.stderr


def test_a_report_says_of_how_long_it_speaks_where_nobody_watched_before(database: Path, run: Run) -> None:
    began = NOW - 8 * MINUTE
    pbx, trunk = connection(watched_since=began), provider("trunk", watched_since=began)
    history = [*steps(pbx, (began, UP)), *steps(trunk, (began, UP), (NOW - 2 * MINUTE, DOWN), (NOW - 61, UP))]
    with running(database, [pbx, trunk], history=history):
        said = {form: run("report", "--since", "1d", "--format", form).stdout for form in ("table", "html", "json")}

    assert "1 day; watched since Fri 2026-05-01 13:52 CEST, for 8 min\n" in said["table"]
    assert "was reachable 87.70 % of the 8 minutes that it was watched; one outage of 59 s" in said["html"]
    assert "2 targets together: available 93.85 % of the 8 minutes that they were watched" in said["html"]
    assert json.loads(said["json"])["watched_from"] == "2026-05-01T11:52:00.000Z"
    # The strip begins there: it is up from its left edge on.
    strip = said["html"].split("Timeline of PJSIP/trunk")[1].split("</svg>")[0]
    assert strip.index("fill-up") < strip.index("fill-down")
    assert "fill-unwatched" not in strip
    assert "<span>2026-05-01 13:52</span>" in said["html"]


def test_csv_is_read_back_as_it_was_written_and_holds_no_formulas(database: Path, run: Run) -> None:
    names = ["=1+1", 'a,b"c', "line\nbreak", "Zoë", "-"]
    states = [phone(name) for name in names]
    odd = phone("101", pbx="@SUM(A1)")
    history = [change for state in [*states, odd] for change in steps(state, (LONG_AGO, UP))]
    with running(database, [*states, odd], history=history):
        result = run("report", "--format", "csv")

    rows = list(csv.DictReader(io.StringIO(result.stdout, newline=""), strict=True))
    assert [row["endpoint"] for row in rows if row["pbx"] == "office"] == [
        "PJSIP/-", "PJSIP/=1+1", "PJSIP/Zoë", "PJSIP/a,b\"c", r"PJSIP/line\nbreak",
    ]  # fmt: skip
    assert [row["pbx"] for row in rows if row["endpoint"] == "PJSIP/101"] == ["'@SUM(A1)"]
    assert {row["availability"] for row in rows} == {"1.0"}
    assert result.stdout_bytes.count(b"\r\n") == len(rows) + 1


def test_csv_of_the_incidents(database: Path, run: Run) -> None:
    with running(database, **an_office()):
        result = run("report", "--format", "csv", "--incidents")

    (row,) = csv.DictReader(io.StringIO(result.stdout, newline=""), strict=True)
    assert (row["id"], row["endpoint"], row["closed_at"]) == ("7", "PJSIP/trunk", "2026-04-30T12:10:00.000Z")


def test_a_big_system_lists_the_worst_and_says_what_it_leaves_out(database: Path, run: Run) -> None:
    bad = [phone(str(1000 + number)) for number in range(60)]
    good = [phone(str(2000 + number)) for number in range(40)]
    history = [change for state in good for change in steps(state, (LONG_AGO, UP))]
    for number, state in enumerate(bad):
        history += steps(state, (LONG_AGO, UP), (NOW - DAY, DOWN), (NOW - DAY + 60 + number, UP))
    with running(database, [*bad, *good], history=history):
        result = run("report")
        everything = run("report", "--all")

    rows = [line for line in result.stdout.splitlines() if line.startswith("PJSIP/")]
    assert len(rows) == 50
    assert rows[0].startswith("PJSIP/1059")
    assert "… and 10 more and 40 that were available all the time; --all lists everything" in result.stdout
    assert everything.stdout.count("PJSIP/") == 100


@pytest.mark.parametrize(
    "arguments", [["--since", "7"], ["--from", "yesterday"], ["--since", "1d", "--from", "2026-05-01"]]
)
def test_wrong_times_are_one_sentence_and_exit_2(database: Path, run: Run, arguments: list[str]) -> None:
    result = run("report", *arguments)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"healthmon: {arguments[0]}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("form", ["html", "markdown", "table"])
def test_notes_of_an_acknowledgement_are_internal_and_left_out_of_pages_for_others(
    database: Path, run: Run, form: str
) -> None:
    office = an_office()
    office["incidents"] = [
        replace(office["incidents"][0], acked_at=NOW - DAY + 60, acked_by="anna", ack_reason="do not tell them")
    ]
    with running(database, **office):
        for_others = run("report", "--incidents", "--format", form).stdout
        for_us = run("report", "--incidents", "--format", form, "--with-notes").stdout
        listed = run("incidents").stdout

    assert "peer status Unreachable" in for_others
    assert "anna" not in for_others
    assert "do not tell them" not in for_others
    assert "acknowledged by anna: do not tell them" in for_us.replace("\\:", ":")
    assert "acknowledged by anna: do not tell them" in listed


def test_the_title_names_the_pbx_or_the_provider_with_its_host(tmp_path: Path, database: Path, run: Run) -> None:
    config = tmp_path / "config.ini"
    url = "url = http://pbx.example.net:8088\nusername = a\npassword = b\n"
    general = f"[healthmon]\ndatabase = {database}\ntimezone = UTC\n"
    config.write_text(f"{general}[pbx office]\n{url}[watch all]\nendpoints = PJSIP/*\n")
    with running(database, **an_office()):
        pass
    writer = open_writer(database, now=NOW - 60)
    trunk = Target("office", "PJSIP", "trunk")
    writer.commit(Changes(places=[PlaceChange(trunk, Place("sip.example.org"), NOW - DAY, is_left=False)]))
    writer.close()

    def title(*arguments: str) -> str:
        command = ["-c", str(config), "report", "--last-month", "--format", "html", *arguments]
        page = CliRunner().invoke(cli, command, catch_exceptions=False).stdout
        return page.split("<title>")[1].split("</title>")[0]

    assert title() == "Availability of PBX office (pbx.example.net): April 2026"
    assert (
        title("--endpoint", "trunk") == "Availability of provider PJSIP/trunk (sip.example.org) on office: April 2026"
    )
    assert title("--kind", "phone") == "Availability of 2 phones of PBX office (pbx.example.net): April 2026"
    config.write_text(f"{general}[pbx office]\n{url.replace('pbx.example.net', '127.0.0.1')}")
    assert title() == f"Availability of PBX office ({os.uname().nodename}): April 2026"


def test_the_first_day_has_no_huge_empty_calendar(database: Path, run: Run) -> None:
    def heights(lasted: float) -> list[float]:
        pbx = connection(watched_since=NOW - lasted)
        with running(database, [pbx], history=steps(pbx, (NOW - lasted, UP))):
            page = run("report", "--format", "html").stdout
        database.unlink()
        return [float(height) for height in re.findall(r'height="([\d.]+)"[^>]*class="calendar', page)]

    # An hour in two cells of the clock; three hours; two days have whole columns.
    assert heights(10 * MINUTE) == []
    assert heights(3 * HOUR) == [90]
    assert heights(40 * HOUR) == [468]


def test_one_outage_has_one_length_in_report_page_incidents_incident_history_and_json(database: Path, run: Run) -> None:
    """5 min 26 s from first seen until seen back; for 3 min of it the PBX could not be reached."""
    pbx, trunk = connection(), provider("trunk")
    began, back = NOW - HOUR, NOW - HOUR + 326
    history = [*steps(pbx, (LONG_AGO, UP)), *steps(trunk, (LONG_AGO, UP), (began, DOWN), (back, UP))]
    unknown_periods = [
        unknown(Target("office"), began + 60, began + 200),
        unknown(trunk.target, began + 180, began + 240),
    ]
    with running(
        database,
        [pbx, trunk],
        history=history,
        unknown_periods=unknown_periods,
        incidents=[outage(7, trunk, began, back)],
    ):
        shown = {
            name: run(*command.split()).stdout
            for name, command in {
                "report": "report --since 1d --incidents",
                "page": "report --since 1d --format html",
                "incidents": "incidents",
                "incident": "incident 7",
                "history": "history trunk",
            }.items()
        }
        document = asked(run, "--since", "1d")
        incident = json.loads(run("incident", "7", "--json").stdout)["incident"]

    length = "5 min 26 s (3 min of it not seen)"
    assert f"the longest {length}" in shown["report"]
    assert "1  2m26s    5m26s     3m00s  5m26s" in shown["report"]
    assert "  7  2026-05-01 13:00   5m26s" in shown["incidents"]
    assert "3 min of it not seen" in shown["incidents"]
    assert f"one outage of {length} at 13:00" in shown["page"]
    assert f"Down 2026-05-01 13:00 for {length}" in shown["page"]
    assert f", {length}; recovered" in shown["incident"]
    assert f"up after {length} down" in shown["history"]
    assert f"is over after {length}" in shown["history"]
    figures = document["by_name"]["office", "PJSIP/trunk"]
    assert (figures["longest_s"], figures["longest_unseen_s"], figures["mttr_s"]) == (326, 180, 326)
    # Availability leaves that time out.
    assert (figures["downtime_s"], figures["unknown_s"]) == (146, 180)
    assert (incident["lasted_s"], incident["unseen_s"]) == (326, 180)
    assert (document["incidents"][0]["lasted_s"], document["incidents"][0]["unseen_s"]) == (326, 180)


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("x.html", "<!DOCTYPE html>"),
        ("x.HTM", "<!DOCTYPE html>"),
        ("x.csv", "pbx,endpoint,"),
        ("x.json", "{"),
        ("x.md", "# Availability"),
        ("x.txt", "Fri 2026-04-24"),
    ],
)
def test_the_name_of_the_output_chooses_the_format(
    tmp_path: Path, database: Path, run: Run, name: str, begins: str
) -> None:
    with running(database, **an_office()):
        run("report", "-o", str(tmp_path / name))
        run("report", "-o", str(tmp_path / f"csv-{name}"), "--format", "csv")

    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)
    assert (tmp_path / f"csv-{name}").read_text(encoding="utf-8").startswith("pbx,endpoint,")


def test_the_name_of_an_export_chooses_its_format(tmp_path: Path, database: Path, run: Run) -> None:
    with running(database, **an_office()):
        run("export", "-o", str(tmp_path / "x.jsonl"))
        run("export", "-o", str(tmp_path / "x.csv"))

    assert (tmp_path / "x.jsonl").read_text(encoding="utf-8").startswith('{"rev":')
    assert (tmp_path / "x.csv").read_text(encoding="utf-8").startswith("rev,")
