"""Who has a page as it is now is told so before Flask makes anything of the request; and nobody else is."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from werkzeug.test import TestResponse

from healthmon.config.sections.user import GuestLimits, Role
from healthmon.config.sections.web import WebConfig
from healthmon.publish.web.access.access import SESSION, WALL, Guests
from healthmon.publish.web.access.sessions import IDLE_FOR
from healthmon.publish.web.pages import rendering
from healthmon.publish.web.unchanged import ShortWay
from tests.publish.guests import OPERATE, PASSWORD, READ, guests, log_in
from tests.publish.scene import Site, opened
from tests.publish.test_access import HERE, bearer, house
from tests.waiting import wait_for

#: The pages that keep themselves fresh.
PAGES = ("/", "/wall", "/targets", "/targets?state=down", "/targets/office", "/incidents", "/incidents/1", "/silences")
PROXY = WebConfig(trusted_proxy=("127.0.0.1/32",), remote_user_header="X-User")


class Ways:
    """Which way requests go: those that Flask has seen are noted."""

    def __init__(self, web: Site) -> None:
        short = web.client.application.wsgi_app
        assert isinstance(short, ShortWay)
        self.usual = short._usual
        self.asked: list[str] = []
        short._usual = self._note

    def _note(self, environ: dict[str, Any], start_response: Any) -> Any:
        self.asked.append(environ["PATH_INFO"])
        return self.usual(environ, start_response)


@contextmanager
def the_usual_way(web: Site) -> Iterator[None]:
    """While Flask answers everything."""
    app = web.client.application
    short = app.wsgi_app
    assert isinstance(short, ShortWay)
    app.wsgi_app = short._usual  # type: ignore[assignment, method-assign]
    yield
    app.wsgi_app = short  # type: ignore[method-assign]


def as_session(web: Site, secret: str) -> None:
    """Be the browser of this session from now on."""
    web.client.set_cookie(SESSION, secret, domain=HERE)


def secret_of(web: Site, name: str = "anna", password: str = PASSWORD) -> str:
    """Log in, and return what the cookie holds."""
    web.client.delete_cookie(SESSION, domain=HERE)
    assert log_in(web, name, password) == 303
    cookie = web.client.get_cookie(SESSION, HERE)
    assert cookie is not None
    return cookie.value


def mark_of(web: Site, path: str, **headers: Any) -> str:
    """The mark of a page, as it is kept now."""
    answer = web.ask("GET", path, **headers)
    assert answer.status_code == 200, path
    return answer.headers["ETag"]


def told(answer: TestResponse) -> tuple[int, dict[str, str], bytes]:
    """All that is said."""
    return answer.status_code, dict(answer.headers), answer.data


@pytest.mark.parametrize("path", [*PAGES, "/report"])
def test_the_short_way_says_word_for_word_what_the_usual_way_says(path: str, tmp_path: Path) -> None:
    with house(tmp_path) as web:
        as_session(web, secret_of(web))
        mark = mark_of(web, path)
        with the_usual_way(web):
            usual = web.client.get(path, headers={"Host": HERE, "If-None-Match": mark})
        ways = Ways(web)
        short = web.client.get(path, headers={"Host": HERE, "If-None-Match": mark})
        several = web.client.get(path, headers={"Host": HERE, "If-None-Match": f'"x", {mark}'})

    assert ways.asked == []
    assert told(short) == told(usual) == told(several)
    assert short.status_code == 304


def test_a_screen_on_the_wall_is_answered_by_its_cookie_and_only_there(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        web.client.set_cookie(WALL, READ, domain=HERE, path="/")
        wall = mark_of(web, "/wall")
        everything = mark_of(web, "/targets", **bearer(READ))
        ways = Ways(web)
        on_the_wall = web.ask("GET", "/wall", If_None_Match=wall)
        asked_before = list(ways.asked)
        elsewhere = web.ask("GET", "/targets", If_None_Match=everything)
        web.client.set_cookie(WALL, OPERATE, domain=HERE, path="/")
        of_an_operator = web.ask("GET", "/wall", If_None_Match=wall)

    assert (on_the_wall.status_code, asked_before) == (304, [])
    assert (elsewhere.status_code, of_an_operator.status_code) == (303, 303)


def test_who_is_not_known_or_asks_wrongly_never_gets_a_304(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        secret = secret_of(web)
        marks = {path: mark_of(web, path) for path in PAGES}
        of_token = mark_of(web, "/targets", **bearer(READ))
        web.client.delete_cookie(SESSION, domain=HERE)
        for path, mark in marks.items():
            assert web.ask("GET", path, If_None_Match=mark).status_code == 303, path
            assert web.ask("GET", path, If_None_Match="*").status_code == 303, path
            assert web.ask("GET", path, If_None_Match=mark, **bearer("hm_wrong")).status_code == 401, path
            assert web.ask("GET", path, If_None_Match=mark, Host="evil.example").status_code == 403, path
        # What is another's is not taken for one's own, nor what a session has for what a token has.
        assert web.ask("GET", "/targets", If_None_Match=of_token).status_code == 303
        assert web.ask("GET", "/targets", If_None_Match=marks["/targets"], **bearer(READ)).status_code == 200
        as_session(web, secret)
        assert web.ask("GET", "/targets", If_None_Match=marks["/targets"], Host="evil.example").status_code == 403
        assert web.ask("HEAD", "/targets", If_None_Match=marks["/targets"]).status_code == 304
        for method in ("POST", "DELETE", "PUT"):
            assert web.ask(method, "/targets", If_None_Match=marks["/targets"]).status_code in (403, 405)


def test_a_session_that_was_ended_is_led_to_log_in_also_while_another_of_the_same_user_goes_on(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        first, second = secret_of(web), secret_of(web)
        as_session(web, first)
        path = "/silences"
        mark = mark_of(web, path)
        web.access._sessions.end(first)
        after_log_out = web.ask("GET", path, If_None_Match=mark)
        as_session(web, second)
        goes_on = web.ask("GET", path, If_None_Match=mark_of(web, path))

    assert (after_log_out.status_code, after_log_out.headers["Location"]) == (303, "/login?next=%2Fsilences")
    assert goes_on.status_code == 304


def test_a_session_that_is_over_is_led_to_log_in_though_the_page_is_as_it_was(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        first = secret_of(web)
        mark = mark_of(web, "/silences")
        web.now += IDLE_FOR - 10
        web.live.look()
        second = secret_of(web)
        of_second = mark_of(web, "/silences")
        as_session(web, first)
        # To keep a page fresh is not to do anything. It says meanwhile that nobody has watched for long.
        mark = web.ask("GET", "/silences", If_None_Match=mark).headers["ETag"]
        before = web.ask("GET", "/silences", If_None_Match=mark)
        web.now += 11
        web.live.look()
        as_session(web, second)
        assert web.ask("GET", "/silences", If_None_Match=of_second).status_code == 304
        as_session(web, first)
        after = web.ask("GET", "/silences", If_None_Match=mark)

    assert (before.status_code, after.status_code) == (304, 303)


def test_whoever_is_demoted_dismissed_or_kept_to_a_part_has_no_page_of_before(tmp_path: Path) -> None:
    known = guests()
    anna, victor = known.users
    with house(tmp_path, known=known) as web:
        secret = secret_of(web)
        mark = mark_of(web, "/incidents/1")
        codes = {}
        for name, users in (
            ("the same", (anna, victor)),
            ("demoted", (replace(anna, role=Role.VIEWER), victor)),
            ("kept to a part", (replace(anna, limits=GuestLimits(pbxs=("elsewhere",))), victor)),
            # The last: her session ends for good.
            ("dismissed", (victor,)),
        ):
            now_known = Guests(known.web, users, known.tokens)
            with opened(tmp_path / "h.db", guests=now_known) as later:
                # Others have the page made first: what is kept is what an operator, and a viewer, sees of everything.
                mark_of(later, "/incidents/1", **bearer(OPERATE))
                secret_of(later, "victor", "x" + PASSWORD)
                mark_of(later, "/incidents/1")
                as_session(later, secret)
                codes[name] = [later.ask("GET", "/incidents/1", If_None_Match=mark).status_code for _ in range(2)]

    assert codes == {
        "the same": [304, 304],
        "demoted": [200, 200],
        "dismissed": [303, 303],
        "kept to a part": [404, 404],
    }


def test_whom_a_proxy_names_is_believed_of_the_proxy_alone(tmp_path: Path) -> None:
    with house(tmp_path, PROXY) as web:
        mark = mark_of(web, "/silences", X_User="anna")
        ways = Ways(web)
        anna = web.ask("GET", "/silences", If_None_Match=mark, X_User="anna")
        short = list(ways.asked)
        others = [
            web.ask("GET", "/silences", If_None_Match=mark, X_User=name).status_code for name in ("victor", "eve", "")
        ]
        sent = {"environ_base": {"REMOTE_ADDR": "127.0.0.2"}}
        elsewhere = web.ask("GET", "/silences", sent=sent, If_None_Match=mark, X_User="anna")

    assert (anna.status_code, short) == (304, [])
    assert others == [200, 403, 303]
    assert elsewhere.status_code == 303


def test_what_was_read_long_ago_is_not_said_to_be_unchanged(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        secret_of(web)
        asked = {"Host": HERE, "If-None-Match": mark_of(web, "/")}
        fresh = web.client.get("/", headers=asked)
        web.now += 21
        old = web.client.get("/", headers=asked)

    assert (fresh.status_code, old.status_code) == (304, 503)


@pytest.mark.parametrize("host", ["", "[", "a b", "127.0.0.1:x", "\xff", "127.0.0.1:" + "9" * 400])
def test_what_makes_no_sense_is_answered_as_usual(host: str, tmp_path: Path) -> None:
    with house(tmp_path) as web:
        secret_of(web)
        mark = mark_of(web, "/")
        asked: dict[str, Any] = {"environ_overrides": {"HTTP_HOST": host, "HTTP_IF_NONE_MATCH": mark}}
        short = web.client.get("/", **asked)
        with the_usual_way(web):
            usual = web.client.get("/", **asked)

    assert told(short) == told(usual)


def test_all_who_ask_for_a_page_at_the_same_moment_have_it_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[object] = []
    made: list[str] = []

    class Counted(Future[Any]):
        def result(self, timeout: float | None = None) -> Any:
            waiting.append(self)
            return super().result(timeout)

    with house(tmp_path) as web:
        secret = secret_of(web)
        # What it takes longer to find out is there.
        mark_of(web, "/targets")
        web.now += 6
        web.live.look()
        text = rendering.Pages._text

        def slow_text(pages: rendering.Pages, template: str, *more: Any, **named: Any) -> tuple[str, str]:
            made.append(template)
            wait_for(lambda: len(waiting) == 3, 30)
            return text(pages, template, *more, **named)

        monkeypatch.setattr(rendering, "Future", Counted)
        monkeypatch.setattr(rendering.Pages, "_text", slow_text)
        clients = [web.client.application.test_client() for _ in range(4)]
        for client in clients:
            client.set_cookie(SESSION, secret, domain=HERE)
        with ThreadPoolExecutor(4) as askers:
            answers = list(askers.map(lambda client: client.get("/wall", headers={"Host": HERE}), clients))

    assert made == ["wall.html"]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.data for answer in answers}) == 1


def test_a_page_that_cannot_be_made_is_tried_anew_for_the_next_one_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        secret_of(web)
        gone = [web.ask("GET", "/incidents/77").status_code for _ in range(2)]
        there = web.ask("GET", "/incidents/1").status_code
        pages = web.client.application.wsgi_app._made  # type: ignore[attr-defined]
        left = dict(pages._making)

    assert (gone, there, left) == ([404, 404], 200, {})
