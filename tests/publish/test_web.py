"""What the web process answers."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from healthmon.model import Freshness, Health
from healthmon.publish.web import live
from healthmon.publish.web.api import PARAMETERS
from healthmon.publish.web.openapi import OPERATIONS
from healthmon.publish.web.report_question import PARAMETERS as OF_REPORTS
from healthmon.report.status.data import status_data
from healthmon.report.status.query import read_status
from healthmon.store.read.queries import Reader, open_reader
from tests.publish.scene import site
from tests.report.builder import DAY, HOUR, NOW, blind, connection, phone, provider, steps

DOWN = Health.DOWN
#: Takes some ten seconds, so that a test which waits for it ends, too.
COUNTS_FOR_LONG = """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1e8)
    SELECT COUNT(*) FROM n"""


def test_it_is_well_while_a_daemon_runs_also_when_something_is_down(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), connection("branch", DOWN), provider("trunk", DOWN)]) as web:
        assert web.get("/livez") == (200, "ok\n")
        assert web.get("/healthz") == (200, "ok\n")


def test_it_says_what_cannot_be_seen_and_what_is_old(tmp_path: Path) -> None:
    states = [connection(belief=Health.UNKNOWN, reason="ARI password refused"), connection("branch")]
    old = Freshness("branch", NOW - HOUR, NOW - HOUR, NOW - HOUR)
    with site(tmp_path / "h.db", states, pbx_states=[blind()], fresh=[old]) as web:
        code, text = web.get("/healthz")

    assert code == 503
    assert text.splitlines() == ["PBX office: ARI password refused", "PBX branch: no sign of life for 3600 s"]


def test_it_is_not_well_when_the_daemon_has_stopped_and_still_answers(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), provider("trunk")]) as web:
        web.now = NOW + 60
        web.live.look()
        assert web.get("/healthz") == (503, "the daemon hangs, or cannot write its database\n")
        assert web.get("/livez")[0] == 200
        assert "healthmon_up 0.0" in web.get("/metrics")[1]
        assert web.get("/api/v1/state/office/PJSIP/trunk") == (200, "unknown")


def test_what_was_read_long_ago_is_not_passed_off_as_the_present(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        web.now = NOW + 21
        for path in ("/healthz", "/metrics", "/api/v1/status", "/api/v1/state/office/PJSIP/trunk"):
            assert web.get(path) == (503, "the database was read 21 s ago for the last time\n")


def test_what_takes_too_long_is_read_no_further_and_keeps_nobody_else_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "READ_WITHIN", 0.2)
    asked: list[str] = []

    def counts_for_long(reader: Reader) -> object:
        asked.append("long")
        return reader.meters()._rows(COUNTS_FOR_LONG, {})

    with site(tmp_path / "h.db", [connection()]) as web, ThreadPoolExecutor(2) as others:
        asking = [others.submit(web.live.read, counts_for_long) for _ in range(2)]
        while not asked:
            web.live.answer(0.01)
        for each in asking:
            with pytest.raises(live.Busy):
                each.result(30)
        web.live.answer(0.01)

        # Nobody waits for the other any more: it is not even begun.
        assert asked == ["long"]
        assert web.get("/healthz") == (200, "ok\n")


def test_the_status_is_that_of_the_command(tmp_path: Path) -> None:
    path, states = tmp_path / "h.db", [connection(), provider("trunk", DOWN), phone("101")]
    with site(path, states) as web:
        code, text = web.get("/api/v1/status")
    with open_reader(path) as reader:
        known = status_data(read_status(reader, NOW, {}))

    assert code == 200
    said = json.loads(text)
    assert {name: said[name] for name in ("pbxs", "targets", "causes")} == {
        name: known[name] for name in ("pbxs", "targets", "causes")
    }


def test_whoever_has_the_status_is_told_so_until_something_is_written(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        first = web.client.get("/api/v1/status", headers={"Host": "localhost"})
        mark = first.headers["ETag"]
        assert web.get("/api/v1/status", If_None_Match=mark) == (304, "")
        assert web.get("/api/v1/status", If_None_Match='"another"')[0] == 200


@pytest.mark.parametrize(
    ("endpoint", "word"),
    [("PJSIP/trunk", "down"), ("PJSIP/101", "up"), ("PJSIP/nobody", "unwatched"), ("trunk", "down")],
)
def test_a_dialplan_gets_one_word(endpoint: str, word: str, tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), provider("trunk", DOWN), phone("101")]) as web:
        assert web.get(f"/api/v1/state/office/{endpoint}") == (200, word)


@pytest.mark.parametrize("path", ["history", "targets"])
def test_the_life_of_a_target_is_told_from_one_time_to_another(path: str, tmp_path: Path) -> None:
    state = provider("trunk")
    history = steps(state, (NOW - 9 * DAY, Health.UP), (NOW - 3 * DAY, DOWN), (NOW - HOUR, Health.UP))
    with site(tmp_path / "h.db", [connection(), state], history=history) as web:
        asked = ("", "?until=2026-04-30", "?since=2026-05-01", "?until=2026-04-10&since=2026-04-01")
        lives = [json.loads(web.get(f"/api/v1/{path}/trunk{each}")[1])["events"] for each in asked]

    assert [[event["at"][:10] for event in life] for life in lives] == [
        ["2026-04-22", "2026-04-28", "2026-05-01"],
        ["2026-04-22", "2026-04-28"],
        ["2026-04-28", "2026-05-01"],
        [],
    ]


@pytest.mark.parametrize(
    ("path", "code", "sentence"),
    [
        ("history/trunk?until=x", 400, "until x: write a date like 2026-05-01, or a time like '2026-05-01 14:00'\n"),
        ("incidents?since=2027-01-01", 400, "since 2027-01-01: nothing has happened yet that could be reported\n"),
        ("history/PJSIP/nobody", 404, ""),
    ],
)
def test_a_life_that_cannot_be_told_is_one_sentence(path: str, code: int, sentence: str, tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), provider("trunk")]) as web:
        answered, text = web.get(f"/api/v1/{path}")

    assert answered == code
    assert text.startswith(sentence)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8089", "192.0.2.1", "127.0.0.1.evil.example", "[", ""])
def test_a_page_whose_name_leads_here_is_answered_nothing(host: str, tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), provider("trunk")]) as web:
        code, text = web.get("/api/v1/status", Host=host)

    assert code in (400, 403)
    assert "trunk" not in text


@pytest.mark.parametrize("host", ["localhost", "localhost:8089", "127.0.0.2:8089", "[::1]:8089"])
def test_this_machine_is_answered(host: str, tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        assert web.get("/livez", Host=host)[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/api/v1/incidents/abc",
        "/api/v1/",
        "/api/v1/state/office",
        "/metrics/x",
        "/%00",
        "/api/v1/state//PJSIP/101",
    ],
)
def test_what_there_is_not_is_not_found_and_is_no_page(path: str, tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        answer = web.client.get(path, headers={"Host": "localhost"})

    assert answer.status_code == 404
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "<" not in answer.text
    assert answer.text == "there is nothing at this address\n"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("targets?stat=down", "stat: unknown parameter; did you mean state?"),
        ("incidents?x=1", "x: unknown parameter; there are open, since, until"),
        ("silences?pbx=office", "pbx: unknown parameter; there are none here"),
        ("report?perid=7d", "perid: unknown parameter; there are range, since"),
    ],
)
def test_a_parameter_that_nobody_knows_is_refused_and_not_answered_with_everything(
    asked: str, said: str, tmp_path: Path
) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        code, text = web.get(f"/api/v1/{asked}")

    assert code == 400
    assert text.startswith(said)


def test_the_parameters_that_are_known_are_those_that_are_described() -> None:
    described = {
        operation.path.removeprefix("/api/v1/"): [each.name for each in operation.parameters if not each.is_in_path]
        for operation in OPERATIONS
        if operation.method == "get"
    }
    for name, path in (("targets", "targets"), ("target", "targets/{name}"), ("incidents", "incidents")):
        assert sorted(PARAMETERS[name]) == sorted(described.pop(path))
    assert sorted(PARAMETERS["changes"]) == sorted(described.pop("changes"))
    assert sorted(OF_REPORTS) == sorted(described.pop("report"))
    assert sorted(described.pop("history/{name}")) == sorted(PARAMETERS["target"])
    assert not any(described.values())


def test_nothing_can_be_written(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        for method in (web.client.post, web.client.put, web.client.delete):
            for path in ("/", "/api/v1/status"):
                assert method(path, headers={"Host": "localhost"}).status_code == 405


def test_a_value_that_cannot_be_is_said_and_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with site(path, [connection(), provider("trunk")]) as web:
        with closing(sqlite3.connect(path)) as opened, opened:
            opened.execute("UPDATE freshness SET alive_at = 'garbage'")
        web.live.look()
        code, text = web.get("/healthz")

    assert code == 503
    assert "the file is damaged" in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize("path", ["/api/v1/incidents/", "/incidents/"])
def test_a_number_of_thousands_of_digits_is_answered_by_a_sentence_of_ours(path: str, tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        code, text = web.get(f"{path}{'9' * 6000}")

    assert (code, text[:17]) == (404, "there is nothing ")
    assert text.count("\n") == 1
    assert len(text) < 100
