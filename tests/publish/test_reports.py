"""Reports over HTTP: the document, the files, the JSON, and that nobody else waits for them."""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from werkzeug.datastructures import MultiDict

from healthmon.model import Health
from healthmon.publish.web import commands
from healthmon.publish.web.commands import OwnCommands
from healthmon.publish.web.live import Unreadable
from healthmon.publish.web.questions import BadQuestion
from healthmon.publish.web.report_question import report_question
from tests.publish.scene import Site, site
from tests.report.builder import DAY, HOUR, NOW, connection, outage, provider, steps
from tests.waiting import wait_for

BERLIN = ZoneInfo("Europe/Berlin")
FOR_EVER = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A provider that was down for three hours this morning, and another."""
    state = provider("trunk")
    history = steps(state, (NOW - 30 * DAY, Health.UP), (NOW - 6 * HOUR, Health.DOWN), (NOW - 3 * HOUR, Health.UP))
    states, incidents = [connection(), state, provider("other")], [outage(7, state, NOW - 6 * HOUR, NOW - 3 * HOUR)]
    path = tmp_path_factory.mktemp("reports") / "h.db"
    with site(path, states, history=history, incidents=incidents) as found:
        yield found


def asked(**parameters: str) -> MultiDict[str, str]:
    return MultiDict({name.rstrip("_"): value for name, value in parameters.items()})


# ---------------------------------------------------------------- which report


@pytest.mark.parametrize(
    ("parameters", "arguments"),
    [
        ({}, ["--since=7d"]),
        ({"range": "today"}, ["--from=2026-05-01"]),
        ({"range": "yesterday"}, ["--from=2026-04-30", "--to=2026-04-30"]),
        ({"range": "30d"}, ["--since=30d"]),
        ({"range": "this-month"}, ["--from=2026-05-01"]),
        ({"range": "last-month"}, ["--from=2026-04-01", "--to=2026-04-30"]),
        ({"range": "today", "from_": "2026-04-02", "to": "2026-04-03"}, ["--from=2026-04-02", "--to=2026-04-03"]),
        ({"since": "24h", "pbx": "", "by": "day", "kind": "phone"}, ["--since=24h", "--kind=phone", "--by=day"]),
        ({"pbx": "--database=/etc/shadow", "output": "/etc/x"}, ["--since=7d", "--pbx=--database=/etc/shadow"]),
    ],
)
def test_parameters_become_arguments_of_the_command(parameters: dict[str, str], arguments: list[str]) -> None:
    assert list(report_question(asked(**parameters), BERLIN, NOW).arguments) == arguments


def test_a_parameter_may_be_given_several_times() -> None:
    given = MultiDict([("kind", "phone"), ("kind", "provider")])
    assert report_question(given, BERLIN, NOW).arguments == ("--since=7d", "--kind=phone", "--kind=provider")


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"from_": "garbage"}, "from garbage: write a date like 2026-05-01, or a time like '2026-05-01 14:00'"),
        ({"from_": "2026-05-01", "to": "2026-04-01"}, "from 2026-05-01 is not before to 2026-04-01"),
        ({"from_": "2027-01-01"}, "from 2027-01-01: nothing has happened yet that could be reported"),
        ({"since": "7d", "from_": "2026-04-01"}, "since and from both say where the report begins; give one of them"),
        ({"since": "-1d"}, "since -1d: "),
        ({"range": "century"}, "range=century: must be one of today, yesterday, 7d, 30d, this-month, last-month"),
        ({"pbx": "a\0b"}, "no name has a character of the number 0 in it"),
    ],
)
def test_what_makes_no_sense_is_one_sentence(parameters: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadQuestion) as caught:
        report_question(asked(**parameters), BERLIN, NOW)

    assert str(caught.value).startswith(sentence)


# ---------------------------------------------------------------- what is answered


def test_the_json_is_that_of_the_command(web: Site) -> None:
    code, text = web.get("/api/v1/report?range=30d&kind=provider")

    assert code == 200
    report = json.loads(text)
    assert [(line["endpoint"], line["outages"]) for line in report["targets"]] == [
        ("PJSIP/trunk", 1),
        ("PJSIP/other", 0),
    ]
    assert [incident["id"] for incident in report["incidents"]] == [7]


@pytest.mark.parametrize(
    ("form", "name", "content_type", "begins"),
    [
        ("html", "healthmon-2026-04-01-to-2026-04-30.html", "text/html; charset=utf-8", "<!DOCTYPE html>"),
        ("csv", "healthmon-2026-04-01-to-2026-04-30.csv", "text/csv; charset=utf-8", "pbx,"),
        ("json", "healthmon-2026-04-01-to-2026-04-30.json", "application/json", "{"),
        ("markdown", "healthmon-2026-04-01-to-2026-04-30.md", "text/markdown; charset=utf-8", "#"),
        ("table", "healthmon-2026-04-01-to-2026-04-30.txt", "text/plain; charset=utf-8", ""),
    ],
)
def test_it_is_a_file_in_every_format(web: Site, form: str, name: str, content_type: str, begins: str) -> None:
    address = f"/report/download/{form}?range=last-month"
    answer = web.client.get(address, headers={"Host": "localhost"}, buffered=True)

    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Cache-Control"] == "no-store"
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    assert answer.text.startswith(begins)
    assert "trunk" in answer.text


def test_a_file_of_one_day_is_called_after_it(web: Site) -> None:
    answer = web.client.get("/report/download/csv?range=yesterday", headers={"Host": "localhost"}, buffered=True)
    assert "healthmon-2026-04-30.csv" in answer.headers["Content-Disposition"]


def test_the_document_may_have_its_own_style_and_nothing_else(web: Site) -> None:
    answer = web.client.get("/report/document", headers={"Host": "localhost"}, buffered=True)

    policy = answer.headers["Content-Security-Policy"]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'; "
        r"frame-ancestors 'self'",
        policy,
    )
    assert " style=" not in answer.text


@pytest.mark.parametrize(
    ("path", "code", "sentence"),
    [
        ("/report/document?from=x", 400, "from x: write a date"),
        ("/api/v1/report?by=cow", 400, "Invalid value for 'by': 'cow' is not one of"),
        ("/api/v1/report?top=-1", 400, "Invalid value for 'top'"),
        ("/report/download/pdf", 404, "there is no report as pdf; there are table, csv, json, html, markdown"),
    ],
)
def test_what_cannot_be_reported_is_one_sentence(web: Site, path: str, code: int, sentence: str) -> None:
    answered, text = web.get(path)

    assert answered == code
    assert text.startswith(sentence)
    assert len(text.splitlines()) == 1


def test_a_pattern_that_matches_nothing_is_an_empty_report(web: Site) -> None:
    code, text = web.get("/api/v1/report?pbx=nobody")
    assert (code, json.loads(text)["targets"]) == (200, [])


# ---------------------------------------------------------------- what it costs others


def waited_for(running: OwnCommands, number: int) -> list[threading.Thread]:
    """Have so many commands run by threads, which last until they are ended."""

    def wait() -> None:
        running.run(())

    threads = [threading.Thread(target=wait, daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(running._running) == number, 60)
    return threads


def test_only_some_are_made_at_the_same_time_and_the_rest_goes_on(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        web.commands.reports._healthmon = FOR_EVER
        threads = waited_for(web.commands.reports, commands.MOST_AT_ONCE)

        answer = web.client.get("/api/v1/report", headers={"Host": "localhost"})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert answer.text == "2 reports are being made already; ask again in a moment\n"
        assert [web.get(path)[0] for path in ("/livez", "/", "/report", "/incidents")] == [200] * 4

        web.commands.close()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)


def test_one_that_takes_too_long_is_given_up_and_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "PATIENCE", 0.3)
    slow = OwnCommands(FOR_EVER, "busy")
    for _ in range(commands.MOST_AT_ONCE + 1):
        with pytest.raises(Unreadable, match="ask for less"):
            slow.run(())


def test_one_that_cannot_be_started_is_said_and_makes_room() -> None:
    nowhere = OwnCommands(["/nowhere/python"], "busy")
    for _ in range(commands.MOST_AT_ONCE + 1):
        with pytest.raises(Unreadable, match="its process cannot be started"):
            nowhere.run(())


def test_a_database_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        (tmp_path / "h.ini").write_text(f"[healthmon]\ndatabase = {tmp_path}/none.db\n")
        code, text = web.get("/api/v1/report")

    assert code == 503
    assert "there is no database here yet" in text
