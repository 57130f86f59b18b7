"""The pages, as they are written: what they say, in both languages, and when they are made anew."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.config.plans import Plans
from healthmon.config.sections.maintenance import MaintenanceConfig
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import Changes, Check, CheckState, Freshness, Health, Kind, Matcher, Target
from healthmon.publish.web.pages.wall import cuts_of
from healthmon.store.write.orders import open_commander
from healthmon.times.weekly import Weekly
from tests.publish.guests import guests, log_in
from tests.publish.scene import Site, opened, site
from tests.report.builder import (
    DAY,
    HOUR,
    NOW,
    blind,
    connection,
    fail_to_tell,
    outage,
    phone,
    provider,
    running,
    steps,
)
from tests.vendor import STATIC, UPLOT

DOWN, DEGRADED, UNKNOWN = Health.DOWN, Health.DEGRADED, Health.UNKNOWN
MARKUP = "<img src=x onerror=alert(1)>"


def text_of(page: str) -> str:
    """What a reader reads, in a line."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def shown(web: Site, path: str = "/", **headers: str) -> str:
    """A page that is there."""
    code, page = web.get(path, **headers)
    assert code == 200, page
    return page


# ---------------------------------------------------------------- the ground


def test_a_browser_is_told_to_load_nothing_from_elsewhere_and_to_run_nothing_inside(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), provider("trunk")]) as web:
        shown(web)
        answer = web.client.get("/assets/page.css", headers={"Host": "localhost"})
        page = shown(web)

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<style|style=|<script(?! src=\"/assets/)|\son\w+=|https?://", page)


def test_every_file_that_a_page_names_is_there_and_may_be_kept(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        named = re.findall(r'(?:href|src)="(/assets/[^"]*)"', shown(web))
        answers = [web.client.get(path, headers={"Host": "localhost"}) for path in named]

    assert len(named) == 3
    assert [answer.status_code for answer in answers] == [200] * 3
    assert all("immutable" in answer.headers["Cache-Control"] for answer in answers)


def test_what_is_the_same_is_not_sent_again_until_something_is_written(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), provider("trunk")]) as web:
        page = shown(web)
        mark = re.findall(r'data-mark="(\w+)"', page)[0]
        web.now += 5
        web.live.look()

        assert web.get("/", If_None_Match=f'"{mark}"') == (304, "")
        assert web.get("/", If_None_Match='"another"')[0] == 200


def test_names_of_strangers_stay_text(tmp_path: Path) -> None:
    state = provider(MARKUP, DOWN, reason=f"peer status {MARKUP}")
    with site(tmp_path / "h.db", [connection(MARKUP), state, phone(MARKUP, DOWN)]) as web:
        page = shown(web)

    assert MARKUP not in page
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 4


def test_a_page_that_cannot_be_shown_says_why_and_is_a_page(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        web.now += 21
        code, page = web.get("/")

    assert code == 503
    assert "the database was read 21 s ago for the last time" in text_of(page)
    assert page.startswith("<!DOCTYPE html>")


def test_a_value_that_cannot_be_is_said_on_the_page(tmp_path: Path) -> None:
    path, state = tmp_path / "h.db", provider("trunk")
    with site(path, [connection(), state], history=steps(state, (NOW - HOUR, DOWN), (NOW - 60, Health.UP))) as web:
        with closing(sqlite3.connect(path)) as writing, writing:
            writing.execute("UPDATE transitions SET at = 'garbage'")
        answers = [web.get(asked) for asked in ("/", "/targets/trunk")]

    assert [(code, "db check" in page or "damaged" in page) for code, page in answers] == [(503, True)] * 2


@pytest.mark.parametrize("host", ["evil.example", "192.0.2.1"])
def test_a_page_whose_name_leads_here_sees_no_page(host: str, tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), provider("trunk")]) as web:
        assert web.get("/", Host=host)[0] == 403


@pytest.mark.parametrize(
    ("code", "path", "says"),
    [
        ("en", "/nix", "There is no such page."),
        ("ru", "/nix", "Такой страницы нет."),
        ("ru", "/targets/nobody", "nobody: под таким именем ничего не наблюдалось; имена показывает"),
        ("ru", "/targets?state=red", "state=red: допустимы up, degraded, down, unknown"),
        ("ru", "/targets?page=x", "page: x: нужно целое число от 0 до 1000000000"),
        ("ru", "/settings", "настройки показываются тем, кто вошёл"),
        ("ru", "/login", "войти здесь никто не может"),
    ],
)
def test_what_is_refused_is_a_page_in_the_language_of_the_others(
    code: str, path: str, says: str, tmp_path: Path
) -> None:
    with site(tmp_path / "h.db", [connection()], shown={"spoken": code}) as web:
        answer = web.ask("GET", path, Accept="text/html,application/xhtml+xml,*/*;q=0.8")

    assert answer.status_code >= 400
    assert answer.mimetype == "text/html"
    assert f'<html lang="{code}"' in answer.text
    assert says in text_of(answer.text)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"


# ---------------------------------------------------------------- the overview


@pytest.mark.parametrize(
    ("states", "headline"),
    [
        ((), "Nothing is watched yet"),
        ((connection(), provider("t"), phone("1")), "Everything is up"),
        ((connection(), provider("t", DEGRADED)), "Nothing is down; degraded: 1"),
        ((connection(), provider("t", DOWN), phone("1", DOWN), phone("2", DOWN)), "Down: 1 provider, 2 phones"),
        ((connection(belief=DOWN),), "Down: 1 PBX"),
        ((connection(belief=UNKNOWN), phone("1")), "Not everything can be seen"),
        ((connection(), phone("1"), provider("t", UNKNOWN)), "Nothing is down; not known: 1"),
        ((connection(), phone("1", DEGRADED), provider("t", None)), "Nothing is down; degraded: 1, not known: 1"),
    ],
)
def test_the_first_line_says_how_everything_is(states: Iterable[CheckState], headline: str, tmp_path: Path) -> None:
    with site(tmp_path / "h.db", states) as web:
        assert f" {headline} " in text_of(shown(web))


def test_it_speaks_russian(tmp_path: Path) -> None:
    states = [connection(), provider("trunk", DOWN), phone("1", DOWN), phone("2", DOWN)]
    with site(tmp_path / "h.db", states, shown={"spoken": "ru"}) as web:
        page = shown(web)

    assert '<html lang="ru"' in page
    assert "Недоступно: 1 провайдер, 2 телефона" in text_of(page)
    words = re.findall(r"[A-Za-z]{3,}", text_of(page.partition("<main")[2]))
    # What Asterisk says stays as it is.
    assert set(words) <= {"peer", "status", "Unreachable", "trunk", "main", "PJSIP", "class", "office"}


def test_a_provider_has_its_availability_and_the_last_day_as_a_strip(tmp_path: Path) -> None:
    state = provider("trunk")
    history = steps(state, (NOW - 30 * DAY, Health.UP), (NOW - 6 * HOUR, DOWN), (NOW - 3 * HOUR, Health.UP))
    with site(tmp_path / "h.db", [connection(), state], history=history) as web:
        page = shown(web)

    assert "99.58 %" in text_of(page)
    assert '<rect class="look-down" x="750" y="0" width="125"' in page


def test_what_is_wrong_comes_first(tmp_path: Path) -> None:
    names = ("dead", "well", "busy")
    states = [provider(name, state) for name, state in zip(names, (DOWN, Health.UP, DEGRADED), strict=True)]
    with site(tmp_path / "h.db", [connection(), *states]) as web:
        tiles = re.findall(r"<h3><a [^>]*>(\w+)</a>", shown(web))

    assert tiles == ["dead", "busy", "well", "office"]


def test_a_site_says_how_many_of_its_phones_are_there(tmp_path: Path) -> None:
    path, phones = tmp_path / "h.db", [phone(str(number), DOWN if number < 2 else Health.UP) for number in range(5)]
    places = {state.target: ("203.0.113.7",) for state in phones}
    with site(path, [connection(), *phones], places=places) as web:
        assert "203.0.113.7 3 of 5" in text_of(shown(web))


def test_phones_that_an_outage_of_their_site_explains_are_not_listed_one_by_one(tmp_path: Path) -> None:
    lost, alone = phone("101", DOWN), phone("102", DOWN)
    its_site = replace(lost, target=Target("office", "site", "203.0.113.7"), kind=Kind.SITE)
    incidents = [
        outage(1, its_site, NOW - HOUR, down=6, of=6, cause=""),
        outage(2, lost, NOW - HOUR, explained_by=1),
        outage(3, alone, NOW - HOUR),
    ]
    with site(tmp_path / "h.db", [connection(), lost, alone], incidents=incidents) as web:
        page = text_of(shown(web))

    assert "site 203.0.113.7 (office) down 6 of 6 unreachable" in page
    assert " 102 peer status Unreachable" in page
    assert " 101 peer status Unreachable" not in page


def numbers(page: str) -> list[str]:
    """The numbers of the incidents in a list, from the top."""
    return re.findall(r'data-key="incident (\d+)"', page)


def test_open_incidents_of_all_kinds_are_listed_the_worst_first(tmp_path: Path) -> None:
    trunk, busy, lone = provider("trunk", DOWN), provider("busy", DEGRADED), phone("111", DOWN)
    incidents = [
        outage(1, lone, NOW - HOUR),
        outage(2, busy, NOW - 60, health=DEGRADED),
        outage(3, trunk, NOW - HOUR),
        outage(4, provider("other", DOWN), NOW - 60),
        outage(5, provider("well"), NOW - HOUR, NOW - 60),
    ]
    with site(tmp_path / "h.db", [connection(), trunk, busy, lone], incidents=incidents) as web:
        page = shown(web)

    assert numbers(page) == ["4", "3", "1", "2"]
    assert '<a class="plain" href="/incidents/1"><strong>phone 111' in page


def test_twenty_open_incidents_are_listed_and_a_line_leads_to_the_others(tmp_path: Path) -> None:
    phones = [phone(str(number), DOWN) for number in range(100, 123)]
    incidents = [outage(number, state, NOW - HOUR) for number, state in enumerate(phones, 1)]
    with site(tmp_path / "h.db", [connection(), *phones], incidents=incidents) as web:
        page = shown(web)

    assert len(numbers(page)) == 20
    assert '<a href="/incidents?open=1">… and 3 more</a>' in page


def test_who_acknowledged_and_why_nobody_is_told_is_said(tmp_path: Path) -> None:
    state = provider("trunk", DOWN)
    facts: dict[str, Any] = {
        "acked_at": NOW - 60,
        "acked_by": "anna",
        "ack_reason": "ticket 4711",
        "muted_by": "silence 12",
    }
    with site(tmp_path / "h.db", [connection(), state], incidents=[outage(7, state, NOW - HOUR, **facts)]) as web:
        page = text_of(shown(web))

    assert page.count("acknowledged by anna: ticket 4711") == 2
    assert page.count("nobody is told: silence 12") == 2


def test_a_receiver_that_cannot_be_told_is_at_the_top(tmp_path: Path) -> None:
    path, state = tmp_path / "h.db", provider("trunk", DOWN)
    fail_to_tell(path, outage(1, state, NOW - HOUR), "oncall/mail", NOW - 60)
    with site(path, [connection(), state]) as web:
        assert "Cannot tell oncall/mail: no answer from mail.example.org" in text_of(shown(web))


# ---------------------------------------------------------------- when nobody can be sure


def test_nothing_is_green_when_no_daemon_watches(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), provider("trunk"), phone("101")]) as web:
        web.now += 60
        web.live.look()
        page = shown(web)

    assert "This is how it was at Fri 1 May 2026 13:59:57" in text_of(page)
    assert "the daemon hangs, or cannot write its database" in text_of(page)
    assert not re.search(r"(mark|chip|tile|site) look-up", page.partition("<main")[2])
    assert '<main id="main" class="is-stale">' in page


def test_nothing_behind_a_pbx_is_green_of_which_nobody_has_read_anything_for_long(tmp_path: Path) -> None:
    states = [connection(), connection("branch"), provider("here"), provider("there", pbx="branch")]
    old = Freshness("branch", NOW - 3, NOW - 300, NOW - 3)
    with site(tmp_path / "h.db", states, fresh=[old]) as web:
        page = shown(web)

    assert "Old: what is known of PBX branch (no snapshot for 300 s)" in text_of(page)
    looks = {name: look for look, name in re.findall(r'class="tile look-(\w+)">\s*<header><h3><a [^>]*>(\w+)', page)}
    assert looks == {"here": "up", "office": "up", "there": "unsure", "branch": "unsure"}


def test_what_is_behind_a_blind_pbx_is_not_known(tmp_path: Path) -> None:
    states = [connection(belief=DOWN), provider("trunk")]
    with site(tmp_path / "h.db", states, pbx_states=[blind()]) as web:
        page = text_of(shown(web))

    assert "trunk unknown" in page
    assert "Down: 1 PBX" in page


MANAGER = (
    "manager interface: not allowed; the user healthmon may not ask for registrations: "
    "manager.conf needs read = system and write = reporting for it"
)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("en", "registration unknown since 13:00 (manager interface: not allowed)"),
        ("ru", "регистрация: неизвестно с 13:00 (интерфейс управления: нет прав)"),
    ],
)
def test_that_a_registration_is_unknown_is_said_in_few_words_and_in_full_at_the_pbx(
    tmp_path: Path, code: str, says: str
) -> None:
    degraded = connection(belief=Health.DEGRADED, check=Check.MANAGER, reason=MANAGER)
    unknown = replace(
        provider("trunk"), check=Check.REGISTRATION, unknown_because=MANAGER, unknown_since=NOW - HOUR, since=NOW - HOUR
    )
    states = [connection(), degraded, provider("trunk"), unknown]
    with site(tmp_path / "h.db", states, shown={"spoken": code}) as web:
        overview, target = text_of(shown(web)), text_of(shown(web, "/targets/trunk"))

    assert says in overview
    assert says in target
    assert (overview.count("manager.conf"), target.count("manager.conf")) == (1, 0)


def test_the_configuration_names_sites_and_phones(tmp_path: Path) -> None:
    plans = Plans(names={"PJSIP/trunk": "Telekom"})
    with site(tmp_path / "h.db", [connection(), provider("trunk")], shown={"plans": plans}) as web:
        assert "Telekom up trunk" in text_of(shown(web))


def test_under_the_name_that_people_use_stands_its_own_and_not_that_of_whoever_has_logged_in(tmp_path: Path) -> None:
    plans = Plans(names={"PJSIP/trunk": "Telekom"})
    with site(tmp_path / "h.db", [connection(), provider("trunk")], shown={"plans": plans, "guests": guests()}) as web:
        log_in(web)
        top, _, main = shown(web, "/targets/trunk").partition("<main")

    assert "anna" in text_of(top)
    assert "Telekom up trunk since" in text_of(main)
    assert "anna" not in main


# ---------------------------------------------------------------- the list of targets


STATES = [
    connection(),
    connection("branch"),
    provider("trunk-b", DOWN, since=NOW - HOUR),
    provider("trunk-a", since=NOW - 60),
    *(phone(str(number)) for number in (9, 10, 101)),
    phone("200", DEGRADED, pbx="branch"),
]


def listed(page: str) -> list[str]:
    """The names in the list."""
    return re.findall(r'<th scope="row"><a [^>]*>([^<]*)</a>', page)


@pytest.mark.parametrize(
    ("question", "chosen"),
    [
        ("check=registration", '<option value="registration" selected>registration</option>'),
        ("kind=gateway", '<option value="gateway" selected>gateway</option>'),
    ],
)
def test_what_is_asked_for_is_shown_as_chosen_also_where_nothing_is_like_that(
    question: str, chosen: str, tmp_path: Path
) -> None:
    with site(tmp_path / "h.db", STATES) as web:
        page = shown(web, f"/targets?{question}")

    assert chosen in page
    assert "Nothing is like that." in page


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("", ["trunk-b", "200", "trunk-a", "9", "10", "101"]),
        ("?sort=name", ["9", "10", "101", "200", "trunk-a", "trunk-b"]),
        ("?sort=since", ["trunk-a", "trunk-b", "9", "10", "101", "200"]),
        ("?state=down", ["trunk-b"]),
        ("?kind=provider&sort=name", ["trunk-a", "trunk-b"]),
        ("?pbx=branch", ["200"]),
        ("?site=203.0.113.7", ["10", "101"]),
        ("?search=RUNK-A", ["trunk-a"]),
        ("?check=registration", []),
        ("?search=&state=&kind=&pbx=&site=&check=&sort=worst&page=99", ["trunk-b", "200", "trunk-a", "9", "10", "101"]),
    ],
)
def test_targets_are_chosen_and_put_in_order(question: str, names: list[str], tmp_path: Path) -> None:
    places = {Target("office", "PJSIP", name): ("203.0.113.7",) for name in ("10", "101")}
    with site(tmp_path / "h.db", STATES, places=places) as web:
        assert sorted(listed(shown(web, f"/targets{question}"))) == sorted(names)
        if "sort" in question:
            assert listed(shown(web, f"/targets{question}"))[:2] == names[:2]


def test_where_a_check_is_chosen_its_state_is_meant(tmp_path: Path) -> None:
    both = provider("trunk-a", DOWN)
    registration = replace(both, check=Check.REGISTRATION, belief=Health.UP, reason="registered at sip.example.net")
    with site(tmp_path / "h.db", [connection(), both, registration]) as web:
        assert listed(shown(web, "/targets?check=registration&state=up")) == ["trunk-a"]
        assert listed(shown(web, "/targets?check=reachability&state=up")) == []


def test_a_long_list_comes_in_pages_that_keep_what_was_asked_for(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), *(phone(str(number)) for number in range(101, 221))]) as web:
        first, second = shown(web, "/targets?kind=phone&sort=name"), shown(web, "/targets?kind=phone&page=3")

    assert listed(first)[:2] == ["101", "102"]
    assert len(listed(first)) == 50
    assert 'href="/targets?kind=phone&amp;sort=name&amp;page=2" rel="next"' in first
    assert "120 of 120 targets, 101–120" in text_of(second)
    assert 'rel="next"' not in second


@pytest.mark.parametrize("question", ["state=ill", "kind=cow", "page=-1", "page=x", "sort=size"])
def test_what_makes_no_sense_is_said_on_a_page(question: str, tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        code, page = web.get(f"/targets?{question}")

    assert code == 400
    assert question.partition("=")[0] in text_of(page)


# ---------------------------------------------------------------- one target


def test_the_page_of_a_target_says_how_it_is_why_and_what_happened(tmp_path: Path) -> None:
    state = provider("trunk", DOWN, since=NOW - 3 * HOUR, reason="does not answer OPTIONS (contact Unreachable)")
    registration = replace(state, check=Check.REGISTRATION, belief=Health.UP, since=NOW - DAY, reason="registered")
    history = steps(state, (NOW - 30 * DAY, Health.UP), (NOW - 3 * HOUR, DOWN))
    incident = outage(7, state, NOW - 3 * HOUR)
    places = {state.target: ("203.0.113.7",)}
    states = [connection(), state, registration]
    with site(tmp_path / "h.db", states, history=history, incidents=[incident], places=places) as web:
        page = text_of(shown(web, "/targets/office:PJSIP/trunk"))

    for words in (
        "trunk down",
        "since 11:00, for 3 h does not answer OPTIONS (contact Unreachable)",
        "reachability down",
        "registration up",
        "99.58 % available in 30 days, outages: 1",
        "Watch section providers",
        "203.0.113.7 Yealink SIP-T46U since Thu 14:00",
        "11:00:00 incident 7 begins",
        "provider trunk (office) down",
    ):
        assert words in page, words


def test_who_was_told_what_stands_in_the_life_of_a_target(tmp_path: Path) -> None:
    path, state = tmp_path / "h.db", provider("trunk", DOWN)
    fail_to_tell(path, outage(1, state, NOW - HOUR), "oncall/mail", NOW - 60)
    with site(path, [connection(), state]) as web:
        page = text_of(shown(web, "/targets/trunk"))

    assert "message 1 to be told to oncall/mail (opened), waiting: no answer from mail.example.org" in page


@pytest.mark.parametrize("name", ["a b", "100%", "Bob & <b>Söhne</b>", "a?b#c", "x/y", "a+b", "ärger"])
def test_the_page_of_a_target_with_any_name_is_found(name: str, tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), phone(name, DOWN)]) as web:
        path = re.findall(r'<th scope="row"><a class="plain" href="([^"]*)"', shown(web, "/targets"))[0]
        page = shown(web, unescape(path))

    assert unescape(text_of(page)).count(name) >= 2


def test_a_pbx_has_a_page_too(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), phone("101")]) as web:
        assert "office up since Thu 14:00" in text_of(shown(web, "/targets/office"))


def test_a_name_that_is_nobody_s_is_not_found_and_said_on_a_page(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), phone("101")]) as web:
        code, page = web.get("/targets/PJSIP/999")

    assert code == 404
    assert "nothing of this name was ever watched" in text_of(page)


def test_round_trips_are_a_chart(tmp_path: Path) -> None:
    path, state = tmp_path / "h.db", provider("trunk")
    measured = [ROUND_TRIP.measured(state.target, Check.REACHABILITY, 10.0 + n, NOW - n * HOUR) for n in range(5)]
    with running(path, [connection(), state]) as writer:
        writer.commit(Changes(measurements=[each for each in measured if each]))
        writer.fold_measurements()
        with opened(path) as web:
            page = shown(web, "/targets/trunk")

    assert page.count('<rect class="range"') == 5
    found = re.search(r'data-plot="([^"]*)"', unescape(page))
    assert found is not None
    hours, least, half, most = json.loads(found[1])
    assert hours == sorted(hours)
    assert len(hours) == len(least) == len(half) == len(most) == 5
    assert all(low <= middle <= high for low, middle, high in zip(least, half, most, strict=True))


def test_what_comes_from_elsewhere_is_what_somebody_looked_at() -> None:
    assert {name: sha256((STATIC / name).read_bytes()).hexdigest() for name in UPLOT} == {
        name: known for name, (_, known) in UPLOT.items()
    }


# ---------------------------------------------------------------- incidents


def test_incidents_are_listed_the_newest_first_and_the_open_ones_alone(tmp_path: Path) -> None:
    states = [provider(name, DOWN) for name in ("first", "second", "third")]
    incidents = [
        outage(1, states[0], NOW - 3 * DAY, NOW - 2.9 * DAY),
        outage(2, states[1], NOW - 2 * HOUR),
        outage(3, states[2], NOW - 60 * DAY, NOW - 59 * DAY),
    ]
    with site(tmp_path / "h.db", [connection(), *states], incidents=incidents) as web:
        pages = [shown(web, f"/incidents{asked}") for asked in ("", "?open=1", "?days=1", "?days=365")]
        code, _ = web.get("/incidents?days=12")

    numbers = [re.findall(r'data-key="incident (\d+)"', page) for page in pages]
    assert numbers == [["2", "1"], ["2"], ["2"], ["2", "1", "3"]]
    assert code == 400


def test_an_incident_tells_its_whole_story_and_has_a_text_for_the_provider(tmp_path: Path) -> None:
    path, state = tmp_path / "h.db", provider("trunk", DOWN)
    incident = outage(1, state, NOW - HOUR, acked_at=NOW - 60, acked_by="anna", ack_reason="ticket 4711")
    fail_to_tell(path, incident, "oncall/mail", NOW - 60)
    with site(path, [connection(), state], history=steps(state, (NOW - HOUR, DOWN))) as web:
        page = shown(web, "/incidents/1")

    assert "since Fri 1 May 2026 13:00:00 CEST (UTC+2), for 1 h" in text_of(page)
    assert "acknowledged by anna: ticket 4711" in text_of(page)
    assert "13:58:59 message to be told to oncall/mail (opened), waiting" in text_of(page)
    assert "Outage of our SIP trunk PJSIP/trunk: reachability\n" in page


def test_an_incident_of_a_phone_has_no_text_for_a_provider(tmp_path: Path) -> None:
    state = phone("101", DOWN)
    with site(tmp_path / "h.db", [connection(), state], incidents=[outage(1, state, NOW - HOUR)]) as web:
        assert "provider-text" not in shown(web, "/incidents/1")


@pytest.mark.parametrize(("code", "says"), [("en", "over, was down"), ("ru", "завершено, было: недоступно")])
def test_of_what_is_over_it_is_said_so_and_how_long_it_lasted(tmp_path: Path, code: str, says: str) -> None:
    state = provider("trunk")
    incidents = [outage(5, state, NOW - HOUR, NOW - HOUR / 2)]
    with site(tmp_path / "h.db", [connection(), state], incidents=incidents, shown={"spoken": code}) as web:
        listed, story = (text_of(shown(web, path)) for path in ("/incidents", "/incidents/5"))

    assert says in listed
    assert says in story.partition("Fri 1 May 2026" if code == "en" else "2026")[0]
    assert {"en": ", over after 30 min", "ru": ", завершено через 30 мин"}[code] in story


def test_a_phone_that_its_site_explains_is_marked_in_the_list(tmp_path: Path) -> None:
    lost = phone("101", DOWN)
    its_site = replace(lost, target=Target("office", "site", "203.0.113.7"), kind=Kind.SITE)
    incidents = [outage(1, its_site, NOW - HOUR, down=6, of=6), outage(2, lost, NOW - HOUR, explained_by=1)]
    with site(tmp_path / "h.db", [connection(), lost], incidents=incidents) as web:
        page = shown(web, "/incidents?open=1")

    assert page.count('explained by <a href="/incidents/1">Incident 1</a>') == 1


@pytest.mark.parametrize("number", ["2", "99999999999999999999999"])
def test_an_incident_that_never_was_is_not_found(number: str, tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        code, page = web.get(f"/incidents/{number}")

    assert code == 404
    assert f"There is no incident {number}." in text_of(page)


# ---------------------------------------------------------------- the wall


def test_the_wall_shows_what_is_wrong_first_and_how_many_more_there_are(tmp_path: Path) -> None:
    providers = [provider(f"trunk-{number:02}", DOWN if number == 30 else Health.UP) for number in range(45)]
    with site(tmp_path / "h.db", [connection(), *providers]) as web:
        page = shown(web, "/wall")

    assert page.count('class="wall-tile ') == 40
    assert "Providers … and 5 more" in text_of(page)
    assert text_of(page).index("down 1 d ") < text_of(page).index("trunk-00")


def test_names_on_the_wall_are_cut_in_front_of_what_tells_them_apart() -> None:
    networks = [f"10.28.{number}.0/24" for number in (1, 5, 15, 115)]
    streets = ["berlin-south street", "munich-south street", "Z", "trunk-07"]

    wide, narrow = (cuts_of([*networks, *streets], columns) for columns in (4, 10))

    ends = ["1.0/24", ".5.0/24", ".15.0/24", "115.0/24", "et", "et", "Z", "07"]
    assert [end for _, end in wide.values()] == [end for _, end in narrow.values()] == ends
    assert all(front + end == name for name, (front, end) in wide.items())
    # There is no room for more beside so many others.
    assert [front for front, _ in narrow.values()][:6] == ["…"] * 4 + ["berlin-south stre", "munich-south stre"]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, '<i>down</i><i class="lasted">213 d</i>'),
        ({"acked_at": NOW - 60, "acked_by": "anna"}, "<i>acknowledged</i></span>"),
        ({"muted_by": "silence 12"}, "<i>silenced</i></span>"),
    ],
)
def test_on_the_wall_a_long_outage_is_said_shortly_and_what_is_known_is_no_new_one(
    facts: dict[str, Any], said: str, tmp_path: Path
) -> None:
    state = provider("trunk", DOWN, since=NOW - 213.5 * DAY)
    incidents = [outage(7, state, NOW - 213.5 * DAY, **facts)]
    with site(tmp_path / "h.db", [connection(), state], incidents=incidents) as web:
        page = shown(web, "/wall")

    assert said in page
    assert ("is-known" in page) == bool(facts)


def test_nothing_on_the_wall_is_green_when_nobody_watches(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), provider("trunk"), phone("101")]) as web:
        web.now += 60
        web.live.look()
        page = shown(web, "/wall")

    assert "Nobody watches at present" in text_of(page)
    assert "look-up" not in page.partition("<main")[2]


# ---------------------------------------------------------------- reports


def test_the_page_of_reports_offers_what_there_is_and_keeps_what_was_chosen(tmp_path: Path) -> None:
    states = [connection(), connection("branch"), provider("trunk"), phone("101")]
    with site(tmp_path / "h.db", states) as web:
        page = shown(web, "/report?range=last-month&pbx=branch&by=day&kind=")
        policy = web.client.get("/report", headers={"Host": "localhost"}).headers["Content-Security-Policy"]

    chosen = re.findall(r'<option value="([^"]*)" selected>', page)
    assert chosen == ["last-month", "branch", "day"]
    assert '<iframe class="report" src="/report/document?range=last-month&amp;pbx=branch&amp;by=day"' in page
    assert page.count(" download>") == 5
    assert "frame-src 'self'" in policy
    assert "unsafe" not in policy
    # It would be made anew each time.
    assert "http-equiv" not in page


def test_dates_that_are_given_count_more_than_a_time_that_has_a_name(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        page = shown(web, "/report?range=7d&from=2026-04-01&to=2026-04-10")

    assert '<option value="" selected>from and to</option>' in page
    assert 'type="date" name="from" value="2026-04-01"' in page


@pytest.mark.parametrize("question", ["from=2026-13-01", "range=century", "kind=cow", "by=cow", "to=x"])
def test_a_report_that_cannot_be_is_said_on_a_page(question: str, tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        code, page = web.get(f"/report?{question}")

    assert code == 400
    assert question.replace("=", " ") in text_of(page) or question in text_of(page)
    assert page.startswith("<!DOCTYPE html>")


# ---------------------------------------------------------------- silences


def test_silences_and_maintenance_are_shown_with_what_they_mute(tmp_path: Path) -> None:
    path, state = tmp_path / "h.db", provider("trunk", DOWN)
    every_night = (Weekly(frozenset(range(7)), 120, 240, ZoneInfo("Europe/Berlin")),)
    now_too = (Weekly(frozenset(range(7)), 13 * 60, 15 * 60, ZoneInfo("Europe/Berlin")),)
    plans = Plans(
        maintenance=(
            MaintenanceConfig("night", every_night, Matcher(kinds=(Kind.PHONE,))),
            MaintenanceConfig("lunch", now_too, Matcher(pbxs=("branch",))),
        )
    )
    muted = outage(7, state, NOW - HOUR, muted_by="silence 2")
    with site(path, [connection(), state, phone("101")], incidents=[muted], shown={"plans": plans}) as web:
        with open_commander(path) as commander:
            for since, endpoint, why in ((NOW - 2 * DAY, "PJSIP/9*", "old"), (NOW - HOUR, "PJSIP/trunk", MARKUP)):
                matcher = Matcher(endpoints=(endpoint,))
                commander.silence(matcher, since=since, until=since + DAY, author="anna", reason=why, by_wall=False)
        web.live.look()
        page = shown(web, "/silences")

    assert MARKUP not in page
    now, planned, over = (unescape(text_of(part)) for part in page.split("<section")[1:4])
    assert "endpoint=PJSIP/trunk silence 2 · targets matched: 1" in now
    assert "Incident 7 provider trunk (office)" in now
    assert f"13:00 – 2 May 13:00 anna {MARKUP}" in now
    assert "pbx=branch maintenance lunch · targets matched: 0 13:00 – 15:00" in now
    assert planned.count("maintenance night") == 7
    assert "kind=phone maintenance night · targets matched: 1 2 May 02:00 – 2 May 04:00" in planned
    assert "endpoint=PJSIP/9* silence 1" in over
    assert "silence 1" not in now


def test_where_nothing_is_silenced_it_is_said_how_to_do_it(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        page = text_of(shown(web, "/silences"))

    assert page.count("None.") == 3
    assert "healthmon silence add" in page
