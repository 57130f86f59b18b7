"""The status page for everybody: what it says, what it never says, and how little it costs."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.config.plans import Plans
from healthmon.config.sections.public import ListedLine, PublicConfig
from healthmon.config.sections.site import SiteConfig
from healthmon.config.sections.web import WebConfig
from healthmon.history.availability import Segment
from healthmon.model import Changes, Check, Health, Kind, Target
from healthmon.publish.public.courses import LineOutage, days_of, health_of, joined, outages_of
from healthmon.publish.web.live import Live, Unreadable
from tests.publish.guests import guests
from tests.publish.scene import Site, opened, site
from tests.publish.two_customers import two_customers
from tests.report.builder import DAY, HOUR, MINUTE, NOW, connection, outage, phone, provider, running, steps

UP, DEGRADED, DOWN, UNKNOWN = Health.UP, Health.DEGRADED, Health.DOWN, Health.UNKNOWN
TRUNK = ListedLine("Telekom", endpoints=("PJSIP/trunk",))


def page(*lines: ListedLine, **more: Any) -> dict[str, Any]:
    """What a web process shows that has this page."""
    return {"for_everybody": [PublicConfig("status", "Our lines", lines, **more)]}


def told(web: Site, path: str = "/public/status.json") -> dict[str, Any]:
    """What a program is told."""
    answer = web.ask("GET", path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = json.loads(answer.text)
    return found


def later(web: Site, seconds: float) -> None:
    """Let time go by, and what somebody wants read be read."""
    web.live.answer(0.01)
    web.now += seconds
    web.live.look()


# ---------------------------------------------------------------- what it never says


def test_it_says_nothing_of_what_is_not_listed_nor_any_name_that_was_not_chosen(tmp_path: Path) -> None:
    lines = (
        ListedLine("Desk", endpoints=("hub:PJSIP/acme1",)),
        ListedLine("Outside line", endpoints=("acme:PJSIP/*",)),
        ListedLine("Upper floor", sites=("203.0.113.7",)),
        ListedLine("Switchboard", pbxs=("hub",)),
    )
    with two_customers(tmp_path, [PublicConfig("status", "Ours", lines)]) as web:
        texts = [web.ask("GET", path).text for path in ("/public/status", "/public/status.json")]
        strange = [web.ask("GET", f"/public/{name}") for name in ("zetapbx", "acme", "status.jso", "zeta.json")]

    for text in texts:
        assert all(line.name in text for line in lines)
    # Names of customers, PBXs, endpoints, colleagues; addresses, programs, causes; numbers and addresses of pages.
    words = [
        *("zeta", "acme", "hub", "trunk", "pjsip", "203.0.113", "198.51.100", "yealink", "reception", "amy", "cable"),
        *("switch's", "unreachable", "missing", "provider", "maintenance", "/incidents", "/targets", 'href="/"'),
    ]
    said = " ".join(unescape(text).lower() for text in texts)
    assert [word for word in words if word in said] == []
    assert {(answer.status_code, answer.text) for answer in strange} == {(404, "there is no such page\n")}


def test_why_it_cannot_be_shown_is_said_to_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(_: Live) -> object:
        raise Unreadable("/var/lib/secret.db is locked by trunk")

    with site(tmp_path / "h.db", [connection()], shown=page(TRUNK)) as web:
        monkeypatch.setattr(Live, "present", property(unreadable))
        answers = [web.ask("GET", path) for path in ("/public/status", "/public/status.json")]

    assert {answer.status_code for answer in answers} == {503}
    assert {answer.text for answer in answers} == {
        "it cannot be said at present how things stand; ask again in a moment\n"
    }
    assert all(answer.headers["Retry-After"] for answer in answers)


def test_whoever_may_see_nothing_else_sees_it_and_it_leads_nowhere(tmp_path: Path) -> None:
    known = {"guests": guests(WebConfig(names=("status.example.org",)))}
    with site(tmp_path / "h.db", [connection(), provider("trunk")], shown=page(TRUNK) | known) as web:
        answer = web.ask("GET", "/public/status", Host="status.example.org")
        others = [web.ask("GET", path).status_code for path in ("/", "/public", "/public/")]
        sent = web.ask("POST", "/public/status").status_code

    assert answer.status_code == 200
    assert "<a " not in answer.text
    assert "<nav" not in answer.text
    assert "Set-Cookie" not in answer.headers
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert others == [303, 303, 303]
    assert sent != 200


# ---------------------------------------------------------------- what it says


def test_it_says_how_each_line_is_since_when_and_what_its_outages_were(tmp_path: Path) -> None:
    trunk, other = provider("trunk", DOWN, since=NOW - HOUR), provider("other")
    history = [
        *steps(trunk, (NOW - 9 * DAY, UP), (NOW - 3 * DAY, DOWN), (NOW - 3 * DAY + HOUR, UP), (NOW - HOUR, DOWN)),
        *steps(other, (NOW - 9 * DAY, UP)),
    ]
    shown = page(TRUNK, ListedLine("Spare", endpoints=("PJSIP/other",)), about="Call us", days=7)
    with site(tmp_path / "h.db", [connection(), trunk, other], history=history, shown=shown) as web:
        data, text = told(web), web.ask("GET", "/public/status").text

    assert (data["state"], data["stale"], data["title"], data["about"]) == ("down", False, "Our lines", "Call us")
    assert [(thing["name"], thing["state"]) for thing in data["things"]] == [("Telekom", "down"), ("Spare", "up")]
    assert data["things"][0]["since"] == "2026-05-01T11:00:00.000Z"
    assert [len(thing["days"]) for thing in data["things"]] == [7, 7]
    assert data["things"][1]["availability"] == 1.0
    watched_s = 6 * DAY + 14 * HOUR
    assert data["things"][0]["availability"] == pytest.approx(1 - 2 * HOUR / watched_s, abs=1e-6)
    assert data["open"] == [
        {"name": "Telekom", "state": "down", "since": "2026-05-01T11:00:00.000Z", "until": None, "lasted_s": None}
    ]
    [past] = data["past"]
    assert (past["since"], past["until"], past["lasted_s"]) == (
        "2026-04-28T12:00:00.000Z",
        "2026-04-28T13:00:00.000Z",
        3600.0,
    )
    assert "Outage: Telekom" in text
    assert "Tue 14:00–15:00" in text
    assert "since 13:00" in text


def test_it_speaks_the_language_of_the_page(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), provider("trunk")], shown=page(TRUNK, language="ru")) as web:
        text = web.ask("GET", "/public/status").text

    assert '<html lang="ru"' in text
    assert "Всё работает" in text


def test_a_site_that_is_down_is_an_outage_of_its_line_now_and_afterwards(tmp_path: Path) -> None:
    path, where = tmp_path / "h.db", "203.0.113.7"
    away = [phone(str(number), DOWN, since=NOW - HOUR) for number in (101, 102, 103)]
    phones = [*away, *(phone(str(number)) for number in (104, 105, 106))]
    warehouse = Target("office", Kind.SITE, "warehouse")
    down = outage(1, connection(), NOW - HOUR, target=warehouse, kind=Kind.SITE, check=Check.REACHABILITY, down=3, of=6)
    places = {state.target: [where] for state in phones}
    history = [change for state in phones for change in steps(state, (NOW - 9 * DAY, UP))]
    history += [change for state in away for change in steps(state, (NOW - 9 * DAY, UP), (NOW - HOUR, DOWN))[1:]]
    plans = Plans(sites=(SiteConfig("warehouse", addresses=(f"{where}/32",)),))
    shown = page(ListedLine("Stores", sites=("ware*",))) | {"plans": plans}
    facts: dict[str, Any] = {"incidents": [down], "places": places, "history": history}
    with running(path, [connection(), *phones], **facts) as writer, opened(path, **shown) as web:
        data = told(web)
        assert [(thing["state"], thing["since"]) for thing in data["things"]] == [("down", "2026-05-01T11:00:00.000Z")]
        assert [entry["since"] for entry in data["open"]] == ["2026-05-01T11:00:00.000Z"]

        ended = replace(down, closed_at=NOW + 1)
        writer.commit(Changes(incidents={1: ended}))
        writer.alive(NOW + 1, [])
        later(web, 6)
        data = told(web)

    # Half of its phones are still away.
    assert [(entry["state"], entry["since"]) for entry in data["open"]] == [("degraded", "2026-05-01T11:00:00.000Z")]
    assert (data["things"][0]["state"], data["past"]) == ("degraded", [])


def test_nothing_is_up_of_which_nobody_can_be_sure(tmp_path: Path) -> None:
    trunk = provider("trunk")
    with site(
        tmp_path / "h.db", [connection(), trunk], history=steps(trunk, (NOW - DAY, UP)), shown=page(TRUNK)
    ) as web:
        assert told(web)["state"] == "up"
        later(web, 5 * MINUTE)
        data, text = told(web), web.ask("GET", "/public/status").text

    assert (data["state"], data["stale"], data["as_of"]) == ("unknown", True, "2026-05-01T11:59:57.000Z")
    assert [thing["state"] for thing in data["things"]] == ["unknown"]
    assert "Nobody watches at present. This is how it was at Fri 1 May 2026 13:59:57" in text
    assert 'class="chip look-up"' not in text
    assert '<main id="main" class="is-stale">' in text


def test_a_line_behind_which_nothing_stands_is_not_known_and_no_outage_is_denied(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()], shown=page(TRUNK)) as web:
        data, text = told(web), web.ask("GET", "/public/status").text

    assert (data["state"], data["things"][0]["availability"]) == ("unknown", None)
    assert "No outage" not in text


# ---------------------------------------------------------------- what it costs


def test_it_is_made_every_few_seconds_at_most_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    path, trunk, dead = tmp_path / "h.db", provider("trunk"), provider("trunk", DOWN, since=NOW)
    with running(path, [connection(), trunk]) as writer, opened(path, **page(TRUNK)) as web:
        first = web.ask("GET", "/public/status")
        document = web.ask("GET", "/public/status.json")
        writer.commit(Changes(states={(dead.target, dead.check): dead}))
        later(web, 3)
        assert web.live.present.status.targets[0].state is DOWN
        again = [
            web.ask("GET", "/public/status", If_None_Match=first.headers["ETag"]),
            web.ask("GET", "/public/status.json", If_None_Match=document.headers["ETag"]),
        ]
        later(web, 3)
        other = web.ask("GET", "/public/status", If_None_Match=first.headers["ETag"])

    assert [answer.status_code for answer in again] == [304, 304]
    assert again[0].headers["Cache-Control"] == "public, max-age=5"
    assert again[0].headers["Healthmon-Time"] == "14:00:03"
    assert (other.status_code, "Outage: Telekom" in other.text) == (200, True)


def test_the_past_is_read_anew_once_a_minute_and_when_something_falls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, trunk, dead = tmp_path / "h.db", provider("trunk"), provider("trunk", DOWN, since=NOW + 31)
    read: list[object] = []

    def no_courses(*asked: object) -> dict[Target, list[Segment]]:
        read.append(asked)
        return {}

    monkeypatch.setattr("healthmon.publish.web.public.courses_of", no_courses)
    with running(path, [connection(), trunk]) as writer, opened(path, **page(TRUNK)) as web:
        for _ in range(5):
            told(web)
            later(web, 6)
        assert len(read) == 1

        writer.commit(Changes(states={(dead.target, dead.check): dead}))
        later(web, 6)
        told(web)
        assert len(read) == 2


# ---------------------------------------------------------------- many things in one line


@pytest.mark.parametrize(
    ("counts", "are_devices", "expected"),
    [
        ({}, False, UNKNOWN),
        ({UP: 1}, False, UP),
        ({DOWN: 1}, False, DOWN),
        ({DOWN: 2}, False, DOWN),
        ({DOWN: 2, UNKNOWN: 1}, False, DEGRADED),
        ({DOWN: 1, UNKNOWN: 99}, True, UNKNOWN),
        ({UP: 9, DOWN: 1}, False, DEGRADED),
        ({UP: 9, DOWN: 1}, True, UP),
        ({UP: 8, DOWN: 2}, True, DEGRADED),
        ({UP: 9, DEGRADED: 1}, False, DEGRADED),
        ({UP: 9, UNKNOWN: 1}, False, UNKNOWN),
        ({UP: 20, UNKNOWN: 1}, True, UP),
        ({DOWN: 1, UNKNOWN: 1, UP: 1}, False, DEGRADED),
    ],
)
def test_of_many_the_line_is_as_most_of_them_are(
    counts: dict[Health, int], are_devices: bool, expected: Health
) -> None:
    assert health_of(counts, are_devices=are_devices) is expected


def test_courses_of_several_become_one_and_a_site_that_is_down_is_down() -> None:
    first = [Segment(0, 10, UP), Segment(10, 30, DOWN), Segment(30, 100, UP)]
    second = [Segment(5, 20, UP), Segment(20, 40, DOWN), Segment(40, 100, UP)]

    course = joined([first, second], [(60, 70)], are_devices=False)

    assert [(part.since, part.until, part.health) for part in course] == [
        (0, 10, UP),
        (10, 20, DEGRADED),
        (20, 30, DOWN),
        (30, 40, DEGRADED),
        (40, 60, UP),
        (60, 70, DOWN),
        (70, 100, UP),
    ]
    assert outages_of(course, (0, 100)) == [LineOutage(DOWN, 10, 40), LineOutage(DOWN, 60, 70)]


def test_what_nobody_saw_ends_no_outage_and_what_began_before_has_no_begin() -> None:
    course = [Segment(0, 10, DEGRADED), Segment(10, 20, UP), Segment(20, 30, DOWN), Segment(30, 40, UNKNOWN)]

    assert outages_of(course, (0, 40)) == [LineOutage(DEGRADED, None, 10), LineOutage(DOWN, 20, None)]
    assert outages_of([*course, Segment(40, 50, UP)], (0, 50))[1] == LineOutage(DOWN, 20, 40)
    assert outages_of([Segment(0, 10, UNKNOWN), Segment(10, 20, UP)], (0, 20)) == []


def test_a_day_is_as_bad_as_its_worst_and_of_what_was_not_watched_nothing_is_said() -> None:
    window = (NOW - 2 * DAY - 14 * HOUR, NOW)
    course = [Segment(NOW - DAY, NOW - DAY + 60, DOWN), Segment(NOW - DAY + 60, NOW, UP)]

    days = days_of(course, window, ZoneInfo("Europe/Berlin"))

    assert [day.worst for day in days] == [None, DOWN, UP]
    assert days[1].seconds == {DOWN: 60.0, UP: 10 * HOUR - 60}
