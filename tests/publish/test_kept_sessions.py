"""Whoever has logged in stays so when the web process begins anew; whoever has logged out, out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from healthmon.config.sections.user import Role
from healthmon.config.sections.web import WebConfig
from healthmon.model import Health
from healthmon.publish.web.access.access import Guests
from healthmon.publish.web.access.sessions import IDLE_FOR, LASTS, MOST_OF_A_USER, NOTED_EVERY
from tests.publish.guests import PASSWORD, cheap_hash, field_of, guests, log_in
from tests.publish.scene import opened, sessions_beside
from tests.report.builder import HOUR, NOW, connection, provider, running

HERE, COOKIE = "127.0.0.1", "healthmon-session"
KNOWN = guests()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    """What a daemon that runs has written."""
    path = tmp_path / "h.db"
    with running(path, [connection(), provider("trunk", Health.UP)]):
        yield path


def cookie_after_log_in(database: Path, name: str = "anna", password: str = PASSWORD) -> str:
    """Log in, and let the process end at once, as ``kill -9`` does: nothing is written at its end."""
    with opened(database, guests=KNOWN) as web:
        assert log_in(web, name, password) == 303
        cookie = web.client.get_cookie(COOKIE, HERE)
        assert cookie is not None
        return cookie.value


def code_with(cookie: str, database: Path, known: Guests = KNOWN, later: float = 0.0) -> int:
    """How a process that has just begun answers to who has this cookie."""
    with opened(database, guests=known, starts_at=NOW + later) as web:
        web.client.set_cookie(COOKIE, cookie, domain=HERE)
        return web.ask("GET", "/silences").status_code


def with_anna(**changed: object) -> Guests:
    """The same people, but anna is otherwise."""
    anna, victor = KNOWN.users
    return Guests(KNOWN.web, (replace(anna, **changed), victor), KNOWN.tokens)


def files_of(database: Path) -> list[Path]:
    """The sessions that are kept."""
    return sorted(sessions_beside(database).iterdir())


def test_whoever_has_logged_in_stays_so_over_a_restart_also_with_the_forms_of_an_open_page(database: Path) -> None:
    cookie = cookie_after_log_in(database)
    with opened(database, guests=KNOWN) as web:
        web.client.set_cookie(COOKIE, cookie, domain=HERE)
        open_page = web.ask("GET", "/silences")
    with opened(database, guests=KNOWN) as web:
        web.client.set_cookie(COOKIE, cookie, domain=HERE)
        mark = open_page.headers["ETag"]
        same = web.ask("GET", "/silences", If_None_Match=mark)
        sent = {"data": {"form_token": field_of(open_page.text)}}
        assert web.ask("POST", "/logout", sent=sent).status_code == 303

    assert same.status_code == 304


def test_whoever_logs_out_is_out_after_a_restart_too(database: Path) -> None:
    cookie = cookie_after_log_in(database)
    with opened(database, guests=KNOWN) as web:
        web.client.set_cookie(COOKIE, cookie, domain=HERE)
        field = field_of(web.get("/silences")[1])
        assert web.ask("POST", "/logout", sent={"data": {"form_token": field}}).status_code == 303

    assert (code_with(cookie, database), files_of(database)) == (303, [])


def test_a_session_that_another_process_has_ended_is_not_brought_back_by_who_goes_on_using_it(database: Path) -> None:
    cookie = cookie_after_log_in(database)
    with opened(database, guests=KNOWN) as other:
        other.client.set_cookie(COOKIE, cookie, domain=HERE)
        [file] = files_of(database)
        file.unlink()
        other.now += NOTED_EVERY
        assert other.ask("GET", "/silences").status_code != 303

    assert code_with(cookie, database) == 303


@pytest.mark.parametrize(
    ("known", "code"),
    [
        (KNOWN, 200),
        (with_anna(password_hash=cheap_hash("another one")), 303),
        (with_anna(password_hash=None), 303),
        (Guests(KNOWN.web, KNOWN.users[1:], KNOWN.tokens), 303),
        (with_anna(role=Role.VIEWER), 200),
    ],
)
def test_another_password_and_a_user_who_is_no_more_end_sessions_for_good(
    known: Guests, code: int, database: Path
) -> None:
    cookie = cookie_after_log_in(database)

    assert code_with(cookie, database, known) == code
    # Also where the old password is configured again.
    assert code_with(cookie, database) == code


def test_a_session_keeps_no_role(database: Path) -> None:
    cookie = cookie_after_log_in(database)
    with opened(database, guests=with_anna(role=Role.VIEWER)) as web:
        web.client.set_cookie(COOKIE, cookie, domain=HERE)
        field = field_of(web.get("/silences")[1])
        answer = web.ask("POST", "/silences", sent={"data": {"match": "all", "for": "1h", "form_token": field}})

    assert "an operator may" in answer.text


@pytest.mark.parametrize(
    ("later", "code"),
    [(IDLE_FOR - 60, 200), (IDLE_FOR, 303), (-60.0, 303)],
    ids=["nobody did anything", "for too long", "the clock was set back"],
)
def test_its_time_goes_on_while_no_process_runs(later: float, code: int, database: Path) -> None:
    cookie = cookie_after_log_in(database)

    assert code_with(cookie, database, later=later) == code
    assert code_with(cookie, database, later=max(later, 0)) == code


def test_who_does_something_has_a_session_that_goes_on_over_restarts_but_not_for_ever(database: Path) -> None:
    cookie = cookie_after_log_in(database)
    codes = {}
    for number in range(1, int(LASTS // (10 * HOUR)) + 2):
        later = number * 10 * HOUR
        with opened(database, guests=KNOWN, starts_at=NOW + later - NOTED_EVERY) as web:
            web.client.set_cookie(COOKIE, cookie, domain=HERE)
            web.now = NOW + later
            codes[later] = web.ask("GET", "/targets").status_code != 303

    assert codes == {later: later < LASTS for later in codes}


def test_what_is_kept_lets_nobody_in_and_is_for_nobody_else(database: Path) -> None:
    umask = os.umask(0)
    try:
        cookie = cookie_after_log_in(database)
    finally:
        os.umask(umask)
    [file] = files_of(database)
    text = file.read_text()

    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert cookie not in text
    assert str(KNOWN.users[0].password_hash) not in text
    assert set(json.loads(text)) == {"user", "login", "since"}
    # What stands there, and how it is called, is no cookie.
    assert [code_with(word, database) for word in (file.name, json.loads(text)["login"], "")] == [303] * 3


@pytest.mark.parametrize("content", [b"", b"{", b'{"user": "anna"}', b"\xff" * 10_000])
def test_a_file_that_was_cut_short_ends_one_session_and_no_other(content: bytes, database: Path) -> None:
    first = cookie_after_log_in(database)
    [file] = files_of(database)
    second = cookie_after_log_in(database)
    file.write_bytes(content)
    (file.parent / "strange").write_text("{}")

    assert (code_with(first, database), code_with(second, database)) == (303, 200)
    assert len(files_of(database)) == 1


def test_a_folder_in_which_others_may_write_lets_nobody_in(database: Path, caplog: pytest.LogCaptureFixture) -> None:
    cookie = cookie_after_log_in(database)
    folder = sessions_beside(database)
    folder.chmod(0o770)
    assert code_with(cookie, database) == 303
    # Who logs in now does so until the process ends.
    later = cookie_after_log_in(database)
    assert "chmod 700" in caplog.text
    folder.chmod(0o700)

    assert (code_with(cookie, database), code_with(later, database)) == (200, 303)


def test_where_nothing_can_be_written_one_logs_in_all_the_same(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sessions_beside(database).write_text("no folder")
    with opened(database, guests=KNOWN) as web:
        assert log_in(web) == 303
        assert web.ask("GET", "/silences").status_code == 200

    assert "a session is not kept, and ends with this process" in caplog.text


def test_the_oldest_of_too_many_is_not_kept_either(database: Path) -> None:
    first = cookie_after_log_in(database)
    with opened(database, guests=KNOWN) as web:
        for _ in range(MOST_OF_A_USER):
            web.now += 16
            assert log_in(web) == 303

    assert len(files_of(database)) == MOST_OF_A_USER
    assert code_with(first, database, later=HOUR) == 303


def test_without_users_there_is_no_folder(database: Path) -> None:
    with opened(database, guests=Guests(WebConfig())) as web:
        assert web.get("/silences")[0] == 200

    assert not sessions_beside(database).exists()
