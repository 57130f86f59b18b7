"""Who may see and change what over HTTP: each route, asked by each sort of person and program."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from msgspec.structs import replace

from healthmon.app.own_program import own_program
from healthmon.config.credentials import PasswordHash
from healthmon.config.sections.public import ListedLine, PublicConfig
from healthmon.config.sections.user import GuestLimits
from healthmon.config.sections.web import WebConfig
from healthmon.config.values import OwnAddress
from healthmon.model import Health
from healthmon.publish.web.access import access
from healthmon.publish.web.access.access import Access, Guests, WrongPassword
from healthmon.publish.web.access.peer import Peer
from healthmon.publish.web.access.sessions import IDLE_FOR, LASTS
from healthmon.publish.web.live import Busy
from healthmon.publish.web.pages.login import page_of_ours
from tests.publish.guests import OPERATE, PASSWORD, READ, field_of, guests, log_in
from tests.publish.scene import Site, site
from tests.report.builder import HOUR, NOW, connection, outage, provider
from tests.waiting import wait_for

HERE = "127.0.0.1"
OPEN = {"/livez", "/assets/page.css", "/login", "/public/status", "/public/status.json"}
#: A page for everybody.
PUBLIC = PublicConfig("status", "Lines", (ListedLine("Telekom", endpoints=("PJSIP/trunk",)),))
PROGRAMS = ("/api/", "/metrics", "/healthz")
#: A path for each route; what changes something by its method.
ROUTES = {
    "GET": [
        *("/", "/wall", "/targets", "/targets/office", "/incidents", "/incidents/1", "/silences", "/report"),
        *(
            "/settings",
            "/assets/page.css",
            "/login",
            "/report/document",
            "/report/download/csv",
            "/metrics",
            "/healthz",
        ),
        *("/livez", "/api/v1/status", "/api/v1/state/office/PJSIP/trunk", "/api/v1/targets", "/api/v1/changes"),
        *("/api/v1/targets/office", "/api/v1/history/office", "/api/v1/incidents", "/api/v1/incidents/1"),
        *("/api/v1/silences", "/api/v1/report", "/api/v1/openapi.json", "/public/status", "/public/status.json"),
    ],
    "POST": [
        *("/incidents/1/ack", "/silences", "/silences/1/end", "/api/v1/incidents/1/ack", "/api/v1/silences"),
        *("/login", "/logout"),
    ],
    "DELETE": ["/api/v1/silences/1"],
}
READING = ROUTES["GET"]
#: What changes something that others see.
CHANGING = [("POST", path) for path in ROUTES["POST"][:5]] + [("DELETE", "/api/v1/silences/1")]
#: Prints what a command would print that books something, or a report.
QUICK = ["/bin/sh", "-c", 'echo "{\\"id\\": 1}"']


@contextmanager
def house(tmp_path: Path, web: WebConfig | None = None, known: Guests | None = None) -> Iterator[Site]:
    """A web process that knows people and programs; commands do nothing, quickly."""
    state = provider("trunk", Health.DOWN)
    incidents = [outage(1, state, NOW - HOUR, acked_at=NOW - 60, acked_by="eve")]
    shown = {"guests": known or guests(web), "for_everybody": [PUBLIC]}
    with site(tmp_path / "h.db", [connection(), state], incidents=incidents, shown=shown) as found:
        found.commands.orders._healthmon = found.commands.reports._healthmon = QUICK
        yield found


def bearer(token: str) -> dict[str, Any]:
    """How a program says who it is."""
    return {"Authorization": f"Bearer {token}"}


def test_every_route_is_asked_here(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        bound = web.client.application.url_map.bind("")
        asked = {(method, bound.match(path, method)[0]) for method, paths in ROUTES.items() for path in paths}
        there = {
            (method, rule.endpoint)
            for rule in web.client.application.url_map.iter_rules()
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        }

    assert asked == there


def test_nobody_sees_anything_but_where_to_log_in(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        answers = {path: web.ask("GET", path) for path in [*READING, "/nothing", "/wall?x=1"]}

    for path, answer in answers.items():
        if path in OPEN or path == "/healthz":
            assert answer.status_code == 200, path
        elif path.startswith(PROGRAMS):
            assert (answer.status_code, answer.headers["WWW-Authenticate"][:6]) == (401, "Bearer"), path
        else:
            assert (answer.status_code, answer.headers["Location"][:12]) == (303, "/login?next="), path
        assert "trunk" not in answer.text, path


@pytest.mark.parametrize("headers", [{}, {"Authorization": f"Bearer {OPERATE}"}, {"Host": "evil.example"}])
def test_every_answer_says_what_a_browser_may_load_and_that_nobody_learns_from_where(
    headers: dict[str, Any], tmp_path: Path
) -> None:
    missing = [("GET", "/nothing"), ("PUT", "/"), ("GET", "/api/v1/incidents/x"), ("GET", "/targets?state=odd")]
    with house(tmp_path) as web:
        routes = [(method, path) for method, paths in ROUTES.items() for path in paths]
        answers = {(method, path): web.ask(method, path, **headers) for method, path in [*routes, *missing]}

    for asked, answer in answers.items():
        policies = answer.headers.getlist("Content-Security-Policy")
        assert [policy[:18] for policy in policies] == ["default-src 'none'"], asked
        assert answer.headers.getlist("Referrer-Policy") == ["no-referrer"], asked
        assert answer.headers.getlist("X-Content-Type-Options") == ["nosniff"], asked


def test_nobody_changes_anything(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        answers = {path: web.ask(method, path).status_code for method, path in CHANGING}

    assert answers == {path: 401 if path.startswith("/api/") else 303 for _, path in CHANGING}


@pytest.mark.parametrize("who", ["victor", "anna", READ, OPERATE])
def test_whoever_is_known_sees_everything(who: str, tmp_path: Path) -> None:
    with house(tmp_path) as web:
        headers: dict[str, Any] = {}
        if who.startswith("hm_"):
            headers = bearer(who)
        else:
            assert log_in(web, who, "x" * (who == "victor") + PASSWORD) == 303
        answers = {path: web.ask("GET", path, **headers).status_code for path in READING}

    assert set(answers.values()) == {200}


@pytest.mark.parametrize(("method", "path"), CHANGING)
def test_only_who_operates_changes_something(method: str, path: str, tmp_path: Path) -> None:
    with house(tmp_path) as web:
        with_token = {token: web.ask(method, path, sent=body_of(path), **bearer(token)) for token in (READ, OPERATE)}
        log_in(web, "victor", "x" + PASSWORD)
        field = field_of(web.get("/targets")[1])
        viewer = web.ask(method, path, sent=body_of(path), X_Form_Token=field)
        log_in(web)
        field = field_of(web.get("/silences")[1])
        missing = web.ask(method, path, sent=body_of(path))
        strange = web.ask(method, path, sent=body_of(path), X_Form_Token="0" * 64)
        operator = web.ask(method, path, sent=body_of(path), X_Form_Token=field)

    assert with_token[READ].status_code == 403
    assert "an operator may" in viewer.text
    assert (viewer.status_code, missing.status_code, strange.status_code) == (403, 403, 403)
    done = {303, 200, 201}
    if path.endswith(("/silences/1", "/end")):
        # There is none; but who asked might have ended it.
        done = {404}
    assert {with_token[OPERATE].status_code, operator.status_code} <= done


def body_of(path: str) -> dict[str, object]:
    """What is sent there."""
    if path == "/api/v1/silences":
        return {"json": {"match": ["all"], "for": "1h"}}
    if path == "/silences":
        return {"data": {"match": "all", "for": "1h"}}
    return {}


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
def test_the_scheme_of_a_token_may_be_written_in_any_case(scheme: str, tmp_path: Path) -> None:
    with house(tmp_path) as web:
        known = web.ask("GET", "/api/v1/status", Authorization=f"{scheme} {READ}")
        strange = web.ask("GET", "/api/v1/status", Authorization=f"{scheme} wrong")

    assert (known.status_code, strange.status_code) == (200, 401)
    assert "this token is not known here" in strange.text


@pytest.mark.parametrize(
    "token", ["wrong", "", "hm_read2", "sha256:x", "\udce4".encode("utf-8", "surrogateescape").decode("latin-1")]
)
def test_a_wrong_token_is_refused_also_where_somebody_has_logged_in(token: str, tmp_path: Path) -> None:
    with house(tmp_path) as web:
        log_in(web)
        answers = {path: web.ask("GET", path, **bearer(token)) for path in READING}

    for path, answer in answers.items():
        if path in OPEN:
            assert answer.status_code == 200
        else:
            assert answer.status_code == 401, path
            assert "trunk" not in answer.text


def test_the_login_of_a_proxy_s_own_is_no_token(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        log_in(web)
        assert web.ask("GET", "/", Authorization="Basic YTpi").status_code == 200


@pytest.mark.parametrize("token", ["a", "é"])
def test_a_form_token_of_any_letters_is_compared(token: str, tmp_path: Path) -> None:
    with house(tmp_path) as web:
        log_in(web)
        assert web.ask("POST", "/logout", sent={"data": {"form_token": token}}).status_code == 403


# ---------------------------------------------------------------- sessions


def test_a_session_ends_when_nobody_does_anything_and_a_page_that_renews_itself_is_nobody(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        log_in(web)
        web.now += IDLE_FOR - 60
        mark = '"of the page that is open"'
        assert web.ask("GET", "/livez").status_code == 200
        assert web.ask("GET", "/targets", If_None_Match=mark).status_code in (200, 304, 503)
        web.now += 61
        over = web.ask("GET", "/targets")

    assert over.headers["Location"] == "/login?next=%2Ftargets"


def test_a_session_goes_on_while_somebody_does_something_but_not_for_ever(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        log_in(web)
        began_at = web.now
        while web.now < began_at + LASTS - HOUR:
            web.now += HOUR
            assert web.ask("GET", "/targets").status_code != 303
        web.now += HOUR
        assert web.ask("GET", "/targets").status_code == 303


def test_who_logs_out_is_out_also_with_a_cookie_that_somebody_kept(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        log_in(web)
        cookie = web.client.get_cookie("healthmon-session", HERE)
        assert cookie is not None
        page = web.get("/targets")[1]
        out = web.ask("POST", "/logout", sent={"data": {"form_token": field_of(page)}})
        assert (out.status_code, web.client.get_cookie("healthmon-session", HERE)) == (303, None)
        web.client.set_cookie("healthmon-session", cookie.value, domain=HERE)

        assert web.ask("GET", "/targets").status_code == 303


def test_a_viewer_logs_out_too(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        log_in(web, "victor", "x" + PASSWORD)
        web.ask("POST", "/logout", sent={"data": {"form_token": field_of(web.get("/targets")[1])}})

        assert web.ask("GET", "/targets").status_code == 303


def test_the_pages_of_one_are_not_those_of_another(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        log_in(web, "victor", "x" + PASSWORD)
        of_viewer = web.ask("GET", "/silences")
        log_in(web)
        of_operator = web.ask("GET", "/silences")
        log_in(web)
        again = web.ask("GET", "/silences", If_None_Match=of_operator.headers["ETag"])

    assert ("victor" in of_viewer.text, "anna" in of_viewer.text) == (True, False)
    assert ("victor" in of_operator.text, "anna" in of_operator.text) == (False, True)
    assert 'action="/silences"' not in of_viewer.text
    assert 'action="/silences"' in of_operator.text
    assert "healthmon silence add" in of_viewer.text
    # The forms of the session before would be refused.
    assert again.status_code == 200
    assert field_of(again.text) != field_of(of_operator.text)


def test_a_cookie_is_for_this_site_alone_and_for_no_script(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        field = field_of(web.get("/login")[1])
        data = {"form_token": field, "name": "anna", "password": PASSWORD, "next": "/incidents/1?a=b"}
        answer = web.ask("POST", "/login", sent={"data": data})

    cookie = answer.headers["Set-Cookie"]
    assert re.fullmatch(
        r"healthmon-session=[\w-]{43}; Expires=[^;]*; Max-Age=604800; HttpOnly; Path=/; SameSite=Lax", cookie
    )
    assert answer.headers["Location"] == "/incidents/1?a=b"


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "", "/\tx", "/login?next=/", "x"]
)
def test_after_the_log_in_one_stays_here(path: str) -> None:
    assert page_of_ours(path) == "/"


# ---------------------------------------------------------------- logging in


@pytest.mark.parametrize(
    ("name", "password"),
    [("anna", "wrong"), ("nobody", "wrong"), ("", ""), ("anna", "x" + PASSWORD), ("ANNA", PASSWORD)],
)
def test_a_wrong_name_and_a_wrong_password_are_the_same_sentence(
    name: str, password: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with house(tmp_path) as web:
        field = field_of(web.get("/login")[1])
        answer = web.ask("POST", "/login", sent={"data": {"form_token": field, "name": name, "password": password}})

    assert answer.status_code == 401
    assert "Wrong name or password." in answer.text
    assert "healthmon-session" not in answer.headers.get("Set-Cookie", "")
    # A password that was typed into the wrong field is in no log.
    assert [record.getMessage() for record in caplog.records] == [
        "a log-in from 127.0.0.1 was refused: wrong name or password"
    ]


def test_a_hash_is_tried_also_where_there_is_no_such_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    with house(tmp_path) as web:
        monkeypatch.setattr(PasswordHash, "is_of", lambda known, _: tried.append(known.log2_n))
        codes = [log_in(web, name) for name in ("anna", "nobody")]

    assert (codes, tried) == ([401, 401], [10, 10])


def test_whoever_tries_passwords_has_to_wait_and_that_ends(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        codes = [log_in(web, password="wrong") for _ in range(12)]
        right = log_in(web)
        web.now += 16
        later = log_in(web)

    assert codes == [401] * 10 + [429] * 2
    assert (right, later) == (429, 303)


def test_who_has_logged_in_is_not_kept_out_by_others_who_try(tmp_path: Path) -> None:
    with house(tmp_path, WebConfig(trusted_proxy=("127.0.0.1/32",))) as web:

        def try_from(address: str, password: str) -> int:
            field = field_of(web.get("/login")[1])
            data = {"form_token": field, "name": "anna", "password": password}
            return web.ask("POST", "/login", sent={"data": data}, X_Forwarded_For=address).status_code

        assert try_from("192.0.2.1", PASSWORD) == 303
        attack = [try_from(f"198.51.100.{number}", "wrong") for number in range(25)]
        known, new = try_from("192.0.2.1", PASSWORD), try_from("203.0.113.9", PASSWORD)
        web.now += 61
        new_later = try_from("203.0.113.9", PASSWORD)

    assert attack == [401] * 20 + [429] * 5
    assert (known, new, new_later) == (303, 429, 303)


class Held:
    """Notes which passwords are tried; one of them is being tried until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, held: str) -> None:
        self.tried: list[str] = []
        self.let_go = Event()
        is_right = PasswordHash.is_of

        def is_of(known: PasswordHash, password: str) -> bool:
            self.tried.append(password)
            if password == held:
                assert self.let_go.wait(60)
            return is_right(known, password)

        monkeypatch.setattr(PasswordHash, "is_of", is_of)


OFFICE, ELSEWHERE_NOW = Peer("192.0.2.1"), Peer("198.51.100.1")


def test_an_office_behind_one_address_logs_in_at_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    held, known = Held(monkeypatch, held=PASSWORD), Access(guests())
    with ThreadPoolExecutor(12) as office:
        coming = [office.submit(known.log_in, "anna", PASSWORD, OFFICE) for _ in range(12)]
        # All are there, and wait for the two that are tried.
        wait_for(lambda: known._turns._places._value == 0 and len(held.tried) == access.MOST_TRIED)
        held.let_go.set()

        assert len({session.result(60) for session in coming}) == 12


def test_who_is_told_to_come_again_in_a_moment_has_made_no_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MOST_WAITING", 0)
    held, known = Held(monkeypatch, held="held"), Access(guests(), lambda: 0.0)
    with ThreadPoolExecutor(2) as others:
        trying = [others.submit(known.log_in, f"stranger {number}", "held", ELSEWHERE_NOW) for number in range(2)]
        wait_for(lambda: len(held.tried) == 2)
        for _ in range(50):
            with pytest.raises(Busy):
                known.log_in("anna", PASSWORD, OFFICE)
        held.let_go.set()
        for attempt in trying:
            with pytest.raises(WrongPassword):
                attempt.result(60)

    assert known.log_in("anna", PASSWORD, OFFICE)
    assert held.tried == ["held", "held", PASSWORD]


def test_where_somebody_has_logged_in_before_there_is_room_while_others_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MOST_WAITING", 0)
    held, known = Held(monkeypatch, held="held"), Access(guests(), lambda: 0.0)
    known.log_in("anna", PASSWORD, OFFICE)
    with ThreadPoolExecutor(2) as others:
        trying = [others.submit(known.log_in, "anna", "held", ELSEWHERE_NOW) for _ in range(2)]
        wait_for(lambda: held.tried.count("held") == 2)
        at_known = known.log_in("anna", PASSWORD, OFFICE)
        with pytest.raises(Busy):
            known.log_in("victor", "x" + PASSWORD, OFFICE)
        held.let_go.set()

    assert at_known
    assert all(isinstance(attempt.exception(), WrongPassword) for attempt in trying)


def test_who_waits_for_too_long_is_told_so_and_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "WAIT_AT_MOST", 0.01)
    held, known = Held(monkeypatch, held="held"), Access(guests(), lambda: 0.0)
    with ThreadPoolExecutor(2) as others:
        trying = [others.submit(known.log_in, "anna", "held", ELSEWHERE_NOW) for _ in range(2)]
        wait_for(lambda: len(held.tried) == 2)
        for _ in range(access.MOST_WAITING + 1):
            with pytest.raises(Busy):
                known.log_in("anna", PASSWORD, OFFICE)
        held.let_go.set()

    assert all(isinstance(attempt.exception(), WrongPassword) for attempt in trying)
    assert known.log_in("anna", PASSWORD, OFFICE)


def test_a_form_to_log_in_is_ours(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        without = web.ask("POST", "/login", sent={"data": {"name": "anna", "password": PASSWORD}})
        assert log_in(web, form_token="0" * 64) == 403

    assert without.status_code == 403
    assert "Please try once more." in without.text
    assert "healthmon-session" not in "".join(without.headers.getlist("Set-Cookie"))


def test_where_nobody_has_a_password_nobody_logs_in(tmp_path: Path) -> None:
    with house(tmp_path, known=Guests(WebConfig())) as web:
        assert web.get("/login")[0] == 404
        assert web.ask("POST", "/login").status_code == 404


# ---------------------------------------------------------------- the wall


def test_a_screen_keeps_a_token_and_needs_no_log_in(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        first = web.ask("GET", f"/wall?token={READ}")
        second, elsewhere = web.ask("GET", "/wall"), web.ask("GET", "/targets")

    assert (first.status_code, first.headers["Location"]) == (303, "/wall")
    assert "HttpOnly; Path=/wall; SameSite=Lax" in first.headers["Set-Cookie"]
    assert READ not in first.text
    assert (second.status_code, "trunk" in second.text) == (200, True)
    # The cookie is for the wall alone.
    assert elsewhere.status_code == 303


@pytest.mark.parametrize(("token", "code"), [("wrong", 401), (OPERATE, 403)])
def test_a_screen_takes_no_other_token(token: str, code: int, tmp_path: Path) -> None:
    with house(tmp_path) as web:
        answer = web.ask("GET", f"/wall?token={token}")

    assert answer.status_code == code
    assert token not in answer.text
    assert "Set-Cookie" not in answer.headers


def test_a_screen_whose_token_was_taken_away_is_asked_to_log_in(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        for token, code in ((READ, 200), ("hm_old", 303), (OPERATE, 303)):
            web.client.set_cookie("healthmon-wall", token, domain=HERE, path="/wall")
            assert web.ask("GET", "/wall").status_code == code
        assert web.ask("GET", "/wall").headers["Location"] == "/login?next=%2Fwall"


def test_who_has_logged_in_counts_more_than_the_screen_and_the_log_out_ends_both(tmp_path: Path) -> None:
    known = guests()
    elsewhere = replace(known.users[0], limits=GuestLimits(pbxs=("elsewhere",)))
    with house(tmp_path, known=Guests(known.web, (elsewhere,), known.tokens)) as web:
        web.ask("GET", f"/wall?token={READ}")
        screen = web.get("/wall")[1]
        log_in(web)
        person = web.get("/wall")[1]
        web.ask("POST", "/logout", sent={"data": {"form_token": field_of(web.get("/targets")[1])}})
        after = web.ask("GET", "/wall")

    assert ("trunk" in screen, "trunk" in person) == (True, False)
    assert (after.status_code, after.headers["Location"]) == (303, "/login?next=%2Fwall")


# ---------------------------------------------------------------- where it is reached, and through whom


def test_where_nobody_is_known_whoever_is_on_this_machine_looks_and_a_token_may_more(tmp_path: Path) -> None:
    tokens = Guests(WebConfig(), (), guests().tokens)
    with house(tmp_path, known=tokens) as web:
        assert web.get("/")[0] == 200
        assert web.ask("POST", "/api/v1/incidents/1/ack").status_code == 403
        assert web.ask("POST", "/api/v1/incidents/1/ack", **bearer(OPERATE)).status_code == 200
        assert web.ask("GET", "/", **bearer("wrong")).status_code == 401


ELSEWHERE = WebConfig(
    listen=OwnAddress("0.0.0.0", 8089), names=("monitor.example.org",), trusted_proxy=("10.0.0.0/24",)
)


@pytest.mark.parametrize(
    ("host", "is_answered"),
    [
        ("monitor.example.org", True),
        ("MONITOR.example.org.:443", True),
        ("192.0.2.7:8089", True),
        ("[2001:db8::1]:8089", True),
        ("localhost", True),
        ("evil.example", False),
        ("monitor.example.org.evil.example", False),
        ("", False),
    ],
)
def test_it_is_called_by_its_names_and_by_addresses(host: str, is_answered: bool, tmp_path: Path) -> None:
    with house(tmp_path, ELSEWHERE) as web:
        assert (web.ask("GET", "/livez", Host=host).status_code == 200) == is_answered


def from_address(address: str) -> dict[str, object]:
    """A connection from there."""
    return {"environ_base": {"REMOTE_ADDR": address}}


def test_without_users_only_the_proxy_is_answered(tmp_path: Path) -> None:
    with house(tmp_path, known=Guests(ELSEWHERE)) as web:
        codes = {
            address: web.ask("GET", "/", sent=from_address(address), X_Forwarded_For="10.0.0.1").status_code
            for address in ("10.0.0.7", "10.0.1.7", "127.0.0.1")
        }

    assert codes == {"10.0.0.7": 200, "10.0.1.7": 403, "127.0.0.1": 403}


def test_a_proxy_that_says_https_has_cookies_sent_over_nothing_else(tmp_path: Path) -> None:
    with house(tmp_path, ELSEWHERE) as web:
        cookies = [
            web.ask("GET", "/login", sent=from_address(address), X_Forwarded_Proto=proto).headers["Set-Cookie"]
            for address, proto in (
                ("10.0.0.7", "https"),
                ("10.0.0.7", "http, https"),
                ("10.0.0.7", "http"),
                ("10.0.1.7", "https"),
            )
        ]

    assert ["Secure" in cookie for cookie in cookies] == [True, True, False, False]


NO_HEADERS: dict[str, Any] = {}
BY_PROXY = WebConfig(trusted_proxy=("10.0.0.7/32",), remote_user_header="X-Remote-User")


@pytest.mark.parametrize(
    ("address", "header", "user", "code"),
    [
        ("10.0.0.7", "X_Remote_User", "anna", 200),
        ("10.0.0.7", "X_Remote_User", "eve", 403),
        ("10.0.0.7", "X_Remote_User", "", 303),
        ("10.0.0.8", "X_Remote_User", "anna", 303),
        ("10.0.0.7", "X_Other_User", "anna", 303),
    ],
)
def test_whom_the_trusted_proxy_names_is_believed_and_nobody_else_s_word(
    address: str, header: str, user: str, code: int, tmp_path: Path
) -> None:
    with house(tmp_path, BY_PROXY) as web:
        assert (
            web.ask("GET", "/targets", sent=from_address(address), **{**NO_HEADERS, header: user}).status_code == code
        )


def test_who_comes_by_the_proxy_sends_forms_that_are_ours(tmp_path: Path) -> None:
    with house(tmp_path, BY_PROXY) as web:
        proxy = from_address("10.0.0.7")
        page = web.ask("GET", "/incidents/1", sent=proxy, X_Remote_User="anna").text
        without = web.ask("POST", "/incidents/1/ack", sent=proxy, X_Remote_User="anna")
        sent = {**proxy, "data": {"form_token": field_of(page)}}
        done = web.ask("POST", "/incidents/1/ack", sent=sent, X_Remote_User="anna")
        of_another = web.ask("POST", "/incidents/1/ack", sent=sent, X_Remote_User="victor")

    assert (without.status_code, done.status_code, of_another.status_code) == (403, 303, 403)
    assert "Log out" not in page


def test_whether_it_is_well_is_told_to_everybody_and_why_not_to_who_is_known(tmp_path: Path) -> None:
    with house(tmp_path) as web:
        web.now += 60
        web.live.look()
        nobody, program = web.ask("GET", "/healthz"), web.ask("GET", "/healthz", **bearer(READ))

    assert (nobody.status_code, nobody.text) == (503, "not well; whoever is known here is told why\n")
    assert (program.status_code, program.text) == (503, "the daemon hangs, or cannot write its database\n")


# ---------------------------------------------------------------- the settings

SECRETS = {
    "password": "pbx-s3cret",
    "urls": "json://u:url-s3cret@127.0.0.1:9000/alerts",
    "heartbeat_url": "https://hc-ping.com/heart-s3cret",
    "password_hash": str(guests().users[0].password_hash),
    "token_hash": f"sha256:{'5ec3e7':0<64}",
}
CONFIGURED = """
heartbeat_url = {heartbeat_url}
[pbx office]
url = http://127.0.0.1:8088
username = healthmon
password = {password}
[watch phones]
endpoints = PJSIP/*
[receiver oncall]
urls = {urls}
[web]
listen = 127.0.0.1:8089
[user anna]
password_hash = {password_hash}
role = operator
[token grafana]
token_hash = {token_hash}
"""


def test_the_settings_say_what_is_configured_and_no_secret(tmp_path: Path) -> None:
    config = tmp_path / "h.ini"
    with house(tmp_path) as web:
        config.write_text(config.read_text() + CONFIGURED.format(**SECRETS))
        config.chmod(0o600)
        web.commands.reports._healthmon = own_program(config)
        page = web.ask("GET", "/settings", **bearer(READ)).text
        config.write_text(config.read_text().replace("[watch phones]", "[wotch phones]"))
        mistaken = web.ask("GET", "/settings", **bearer(READ)).text

    for said in ("pbx office: http://127.0.0.1:8088 as healthmon", "user anna: operator", "token grafana: viewer"):
        assert said in page
    assert "unknown section" in mistaken
    for secret in ("s3cret", "5ec3e7", SECRETS["password_hash"][-20:]):
        assert secret not in page
        assert secret not in mistaken


def test_the_settings_are_not_for_each_user_of_the_machine(tmp_path: Path) -> None:
    with house(tmp_path, known=Guests(WebConfig())) as web:
        code, page = web.get("/settings")

    assert code == 403
    assert "shown to who has logged in" in page
