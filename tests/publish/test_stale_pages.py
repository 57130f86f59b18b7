"""Every page says at its top that what it shows is old, and nothing on it is green then."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from healthmon.model import Freshness, Health
from tests.publish.guests import guests, log_in
from tests.publish.scene import Site, site
from tests.report.builder import HOUR, NOW, connection, outage, phone, provider, steps

#: One of each, for addresses that name something.
EXAMPLES = {"name": "trunk", "number": "1"}
#: Shown before it is known who asks.
NEVER = "/login"
#: For programs; for everybody, in words of their own (test_public.py); parts of pages.
NO_PAGES = ("/api/", "/public/", "/report/", "/assets/")

STATE = provider("trunk", Health.UP)
STATES = [connection(), STATE, provider("other", Health.DOWN), phone("101")]
FACTS: dict[str, Any] = {
    "incidents": [outage(1, STATE, NOW - HOUR, NOW - HOUR / 2)],
    "history": steps(STATE, (NOW - HOUR, Health.DOWN), (NOW - HOUR / 2, Health.UP)),
}


def pages_of(web: Site) -> dict[str, str]:
    """Every page there is, by its address: whatever a GET answers with HTML."""
    found = {}
    for rule in web.client.application.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.rule == NEVER or rule.rule.startswith(NO_PAGES):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda name: EXAMPLES[name[1]], rule.rule)
        answer = web.ask("GET", path)
        if answer.mimetype == "text/html":
            assert answer.status_code == 200, path
            found[path] = answer.text
    return found


def test_every_page_says_that_nobody_watches_and_is_green_nowhere(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", STATES, shown={"guests": guests()}, **FACTS) as web:
        log_in(web)
        web.now += 600
        web.live.look()
        pages = pages_of(web)

    assert len(pages) >= 9
    for path, page in pages.items():
        main = page.partition("<main")[2]
        assert 'class="banner" role="status">This is how it was at Fri 1 May 2026 13:59:57' in main, path
        assert main.startswith(' id="main" class="is-stale"'), path
        # What tells that something was well at that time is drawn without its colour (page.css, ``.is-stale``).
        assert not re.search(r"(chip|tile|site|headline) look-up", main), path


def test_every_page_names_the_pbx_of_which_nobody_has_read_anything_for_long(tmp_path: Path) -> None:
    old = Freshness("office", NOW - 3, NOW - 300, NOW - 3)
    with site(tmp_path / "h.db", STATES, shown={"guests": guests()}, fresh=[old], **FACTS) as web:
        log_in(web)
        pages = pages_of(web)

    for path, page in pages.items():
        assert "Old: what is known of PBX office (no snapshot for 300 s)" in page, path


def test_many_old_pbxs_are_a_few_lines_and_a_number(tmp_path: Path) -> None:
    names = [f"p{number}" for number in range(9)]
    old = [Freshness(name, NOW - 3, NOW - 300, NOW - 3) for name in names]
    with site(tmp_path / "h.db", [connection(name) for name in names], fresh=old) as web:
        page, wall = web.get("/incidents")[1], web.get("/wall")[1]

    assert page.count('class="banner"') == 4 + 1
    assert "… and 6 more" in page
    # Nothing scrolls there.
    assert wall.count("Old: what is known") == 1


def test_a_page_that_shows_fresh_things_says_nothing_of_the_kind_and_has_another_mark(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", [connection()]) as web:
        fresh = web.get("/incidents")[1]
        web.now += 60
        web.live.look()
        stale = web.get("/incidents")[1]

    assert 'role="status"' not in fresh
    assert [page.count("This is how it was") for page in (fresh, stale)] == [0, 1]
    marks = [re.findall(r'data-mark="(\w+)"', page)[0] for page in (fresh, stale)]
    assert marks[0] != marks[1]


def test_who_has_not_logged_in_is_not_told(tmp_path: Path) -> None:
    with site(tmp_path / "h.db", STATES, shown={"guests": guests()}) as web:
        web.now += 60
        web.live.look()
        page = web.get("/login")[1]

    assert "This is how it was" not in page
