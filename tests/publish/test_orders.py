"""Acknowledgements and silences over HTTP, carried out by the real commands, in the name of whoever asks."""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from healthmon.model import Health, Silence, Target
from healthmon.publish.web.pages.silences import match_of
from healthmon.store.read.queries import open_reader
from tests.publish.guests import OPERATE, field_of, guests, log_in
from tests.publish.scene import Site, opened, site
from tests.report.builder import HOUR, NOW, connection, outage, phone, provider

PROGRAM: dict[str, Any] = {"Authorization": f"Bearer {OPERATE}"}
MARKUP = "<b>they know</b>"


@contextmanager
def office(path: Path) -> Iterator[Site]:
    """A trunk is down, and an outage is over."""
    state = provider("trunk", Health.DOWN)
    incidents = [outage(1, state, NOW - HOUR), outage(2, phone("101"), NOW - 3 * HOUR, NOW - 2 * HOUR)]
    states = [connection(), state, phone("101")]
    with site(path, states, incidents=incidents, shown={"guests": guests()}) as found:
        yield found


def acknowledgements(path: Path) -> list[tuple[int, str, str]]:
    """What the daemon will find: which incident, who, and why."""
    with closing(sqlite3.connect(path)) as opened:
        return opened.execute("SELECT incident_id, author, reason FROM acknowledgements").fetchall()


def silences(path: Path) -> list[Silence]:
    """All that there ever were."""
    with open_reader(path) as reader:
        return reader.silences_within(0, 2e10)


def test_an_operator_acknowledges_on_the_page_of_an_incident(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    # There is no daemon that obeys.
    monkeypatch.setattr("healthmon.publish.web.pages.forms.SHOWN_WITHIN", 0.01)
    path = tmp_path / "h.db"
    with office(path) as web:
        log_in(web)
        page = web.get("/incidents/1")[1]
        data = {"form_token": field_of(page), "reason": MARKUP}
        answer = web.ask("POST", "/incidents/1/ack", sent={"data": data})

    assert 'action="/incidents/1/ack"' in page
    assert (answer.status_code, answer.headers["Location"]) == (303, "/incidents/1")
    assert acknowledgements(path) == [(1, "anna", MARKUP)]
    assert "anna has acknowledged incident 1" in caplog.messages


def test_a_program_acknowledges_and_is_answered_as_the_command_prints(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with office(path) as web:
        answer = web.ask("POST", "/api/v1/incidents/1/ack", sent={"json": {"reason": "-- ticket 4711"}}, **PROGRAM)

    said = json.loads(answer.text)
    assert answer.status_code == 200
    assert (said["id"], said["acknowledged_by"], said["acknowledgement"]) == (1, "pager", "-- ticket 4711")
    assert acknowledgements(path) == [(1, "pager", "-- ticket 4711")]


@pytest.mark.parametrize("path", ["/api/v1/incidents/1/ack", "/api/v1/silences"])
@pytest.mark.parametrize("form", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_what_is_sent_as_a_form_is_refused_and_never_taken_as_nothing(form: str, path: str, tmp_path: Path) -> None:
    database = tmp_path / "h.db"
    with office(database) as web:
        # As ``curl -d`` sends it.
        sent = {"data": b'{"reason": "called them", "match": ["pbx=office"], "for": "1h"}', "content_type": form}
        answer = web.ask("POST", path, sent=sent, **PROGRAM)

    assert answer.status_code == 415
    assert answer.text.endswith("send Content-Type: application/json\n")
    assert acknowledgements(database) == []
    assert silences(database) == []


def test_a_form_without_anything_in_it_acknowledges_without_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with office(path) as web:
        sent = {"data": b"", "content_type": "application/x-www-form-urlencoded"}
        answer = web.ask("POST", "/api/v1/incidents/1/ack", sent=sent, **PROGRAM)

    assert answer.status_code == 200
    assert acknowledgements(path) == [(1, "pager", "")]


@pytest.mark.parametrize(
    ("number", "code", "sentence"),
    [
        ("2", 409, "incident 2 is over already"),
        ("3", 404, "there is no incident 3"),
        ("9" * 30, 404, f"there is no incident {'9' * 30}"),
    ],
)
def test_what_is_over_or_never_was_is_not_acknowledged(number: str, code: int, sentence: str, tmp_path: Path) -> None:
    with office(tmp_path / "h.db") as web:
        program = web.ask("POST", f"/api/v1/incidents/{number}/ack", **PROGRAM)
        log_in(web)
        field = field_of(web.get("/silences")[1])
        person = web.ask("POST", f"/incidents/{number}/ack", sent={"data": {"form_token": field}})

    assert (program.status_code, program.text) == (code, f"{sentence}\n")
    assert person.status_code == code
    assert sentence in person.text
    # It answers a form, and is not asked for again.
    assert " data-stays " in person.text
    assert "http-equiv" not in person.text


def in_force(web: Site) -> list[dict[str, Any]]:
    """What the API says of silences; another connection of this process would free the locks of the first."""
    found: list[dict[str, Any]] = json.loads(web.ask("GET", "/api/v1/silences", **PROGRAM).text)
    return found


def seconds(said: str) -> float:
    """A time as the API says it."""
    return datetime.fromisoformat(said).timestamp()


def test_an_operator_adds_a_silence_and_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with office(path) as web:
        log_in(web)
        page = web.get("/silences?match=office:PJSIP/trunk")[1]
        data = {"form_token": field_of(page), "match": "office:PJSIP/trunk", "for": "2h", "reason": MARKUP}
        added = web.ask("POST", "/silences", sent={"data": data})
        [silence] = in_force(web)
        # The commands have no other clock than the machine's; that of the page goes on so far.
        web.now = seconds(silence["since"]) + 1
        log_in(web)
        web.live.look()
        with_it = web.get("/silences")[1]
        ended = web.ask("POST", "/silences/1/end", sent={"data": {"form_token": field_of(with_it)}})

    assert 'name="match" value="office:PJSIP/trunk"' in page
    assert (added.status_code, added.headers["Location"]) == (303, "/silences")
    assert (silence["by"], silence["reason"], silence["endpoint"]) == ("anna", MARKUP, ["office:PJSIP/trunk"])
    assert seconds(silence["until"]) - seconds(silence["since"]) == 2 * HOUR
    assert 'action="/silences/1/end"' in with_it
    assert ended.status_code == 303
    assert silences(path)[0].until < seconds(silence["until"]) - HOUR


def test_a_program_adds_a_silence_and_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with office(path) as web:
        body = {"match": ["kind=phone", "PJSIP/1*", "-x"], "until": "23:59", "reason": "fibre"}
        added = web.ask("POST", "/api/v1/silences", sent={"json": body}, **PROGRAM)
        said = json.loads(added.text)
        listed = in_force(web)
        web.now = seconds(said["since"]) + 1
        ended = web.ask("DELETE", "/api/v1/silences/1", **PROGRAM)
    with opened(path, guests=guests()) as web:
        web.now = seconds(json.loads(ended.text)["until"]) + 1
        again = web.ask("DELETE", "/api/v1/silences/1", **PROGRAM)

    # One phone of that name is watched. Of a misspelt one the number would be 0.
    assert said.pop("matching") == 1
    assert (added.status_code, listed) == (201, [said])
    assert (said["id"], said["by"], said["reason"], said["kind"]) == (1, "pager", "fibre", ["phone"])
    assert said["endpoint"] == ["PJSIP/1*", "*/-x"]
    assert (ended.status_code, json.loads(ended.text)["id"]) == (200, 1)
    assert (again.status_code, again.text) == (404, "no silence 1 is in force\n")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "what was sent cannot be used: Object missing required field `match`"),
        ({"match": [], "for": "1h"}, "say what is to be silenced"),
        ({"match": ["  "], "for": "1h"}, "say what is to be silenced"),
        ({"match": ["all"]}, "say until when: either for 2h or until '18:00'"),
        ({"match": ["all"], "for": "1h", "until": "18:00"}, "say until when"),
        ({"match": ["phone=101"], "for": "1h"}, "phone=101: write pbx=…"),
        ({"match": ["all"], "for": "500d"}, "a silence ends in the future, and within 365 days"),
        ({"match": ["all"], "for": "1h", "reason": "x" * 501}, "that is too long: 500 characters will do"),
        ({"match": ["a\0b"], "for": "1h"}, "no text has a character of the number 0 in it"),
        (
            {"match": ["all"], "for": "1h", "why": "x"},
            "what was sent cannot be used: Object contains unknown field `why`",
        ),
        ({"match": "all", "for": "1h"}, "what was sent cannot be used: Expected `array`, got `str`"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_silences_nothing(
    body: dict[str, object], sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "h.db"
    with office(path) as web:
        answer = web.ask("POST", "/api/v1/silences", sent={"json": body}, **PROGRAM)

    assert answer.status_code == 400
    assert answer.text.startswith(sentence)
    assert len(answer.text.splitlines()) == 1
    assert silences(path) == []


def test_what_makes_no_sense_is_said_on_a_page_too(tmp_path: Path) -> None:
    with office(tmp_path / "h.db") as web:
        log_in(web)
        data = {"form_token": field_of(web.get("/silences")[1]), "match": "phone=101", "until": "2026-05-01T13:00"}
        answer = web.ask("POST", "/silences", sent={"data": data})

    assert answer.status_code == 400
    assert "phone=101: write pbx=…" in unescape(answer.text)


@pytest.mark.parametrize(
    ("target", "match"),
    [
        (Target("office", "PJSIP", "101"), "office:PJSIP/101"),
        (Target("office", "", ""), "pbx=office"),
        (Target("office", "site", "Berlin 1"), "site=Berlin 1"),
        (Target("office", "network", ""), "pbx=office"),
        (Target("office", "providers", "sip.example.org"), ""),
        (Target("office", "PJSIP", "a,b"), ""),
    ],
)
def test_what_an_incident_is_about_is_proposed_to_be_silenced(target: Target, match: str) -> None:
    assert match_of(target) == match


def test_a_viewer_sees_no_buttons_and_an_outage_that_is_over_has_none(tmp_path: Path) -> None:
    with office(tmp_path / "h.db") as web:
        log_in(web, "victor", "xcorrect horse")
        of_viewer = [web.get(path)[1] for path in ("/incidents/1", "/silences")]
        log_in(web)
        of_operator = {path: web.get(path)[1] for path in ("/incidents/1", "/incidents/2", "/silences")}

    # One leaves the session.
    assert [re.findall(r'action="([^"]*)"', page) for page in of_viewer] == [["/logout"]] * 2
    assert {path: re.findall(r'action="([^"]*)"', page) for path, page in of_operator.items()} == {
        "/incidents/1": ["/logout", "/incidents/1/ack", "/silences"],
        "/incidents/2": ["/logout"],
        "/silences": ["/logout", "/silences"],
    }
    # What is being typed is not lost without scripts, and what only looks renews itself.
    assert ["http-equiv" in page for page in (*of_viewer, *of_operator.values())] == [True, True, False, True, False]
