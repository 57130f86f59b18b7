"""The pages, as they are written: what they say, in both languages, and when they are made anew."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from healthmon.config.plans import Plans
from healthmon.model import CheckState, Freshness, Health, Kind, Target
from tests.publish.scene import Site, site
from tests.report.builder import DAY, HOUR, NOW, blind, connection, fail_to_tell, outage, phone, provider, steps

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


@pytest.mark.parametrize("host", ["evil.example", "192.0.2.1"])
def test_a_page_whose_name_leads_here_sees_no_page(host: str, tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection(), provider("trunk")]) as web:
        assert web.get("/", Host=host)[0] == 403


# ---------------------------------------------------------------- the overview


@pytest.mark.parametrize(
    ("states", "headline"),
    [
        ((), "Nothing is watched yet"),
        ((connection(), provider("t"), phone("1")), "Everything is up"),
        ((connection(), provider("t", DEGRADED)), "Nothing is down; degraded: 1"),
        ((connection(), provider("t", DOWN), phone("1", DOWN), phone("2", DOWN)), "Down: 1 provider, 2 phones"),
        ((connection(belief=DOWN),), "Down: 1 PBX"),
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
        tiles = re.findall(r"<h3>(\w+)</h3>", shown(web))

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
    looks = {name: look for look, name in re.findall(r'class="tile look-(\w+)">\s*<header><h3>(\w+)', page)}
    assert looks == {"here": "up", "office": "up", "there": "unsure", "branch": "unsure"}


def test_what_is_behind_a_blind_pbx_is_not_known(tmp_path: Path) -> None:
    states = [connection(belief=DOWN), provider("trunk")]
    with site(tmp_path / "h.db", states, pbx_states=[blind()]) as web:
        page = text_of(shown(web))

    assert "trunk unknown" in page
    assert "Down: 1 PBX" in page


def test_the_configuration_names_sites_and_phones(tmp_path: Path) -> None:
    plans = Plans(names={"PJSIP/trunk": "Telekom"})
    with site(tmp_path / "h.db", [connection(), provider("trunk")], shown={"plans": plans}) as web:
        assert "Telekom up trunk" in text_of(shown(web))
