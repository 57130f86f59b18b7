"""The manager interface through Asterisk's web server (``ami = http``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from msgspec.structs import replace

from healthmon.ami.client import AmiClient
from healthmon.ami.registrations import EVENT
from healthmon.ami.web import WebConnection
from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.sections.shared import Secret
from healthmon.demo.fakepbx import FakePbx
from healthmon.errors import AmiDenied, AmiError, AmiUnexpected, AmiUnreachable, Trouble
from tests.core.scene import pbx_config

from .played import PASSWORD, in_lines, row
from .played_web import PlayedWebManager


@pytest.fixture
def manager() -> Iterator[PlayedWebManager]:
    with PlayedWebManager(row("reg-a"), row("reg-b", "Rejected")) as played:
        yield played


def config_of(manager: PlayedWebManager, password: str = PASSWORD) -> PbxConfig:
    return replace(pbx_config(), url=manager.url, ami="http", ami_username="monitor", ami_password=Secret(password))


def failure(pbx: PbxConfig) -> AmiError:
    with pytest.raises(AmiError) as caught, closing(AmiClient(pbx, timeout=5.0)) as client:
        client.registrations()
    assert PASSWORD not in str(caught.value)
    return caught.value


def test_registrations_are_read_and_events_come(manager: PlayedWebManager) -> None:
    with closing(AmiClient(config_of(manager), (EVENT,), timeout=5.0)) as client:
        assert [row.status for row in client.registrations() or []] == ["Registered", "Rejected"]
        manager.tries("reg-a", "Rejected")
        [booted] = client.events(0.1)
        [event] = client.events(0.1)
        client.ping()

    assert booted["Event"] == "FullyBooted"
    assert (event["Event"], event["Status"]) == ("Registry", "Rejected")
    assert [headers["Action"] for headers in manager.asked][-1] == "Logoff"


@pytest.mark.parametrize("may_read", [True, False])
def test_whether_events_may_be_read_is_known_with_the_login(manager: PlayedWebManager, may_read: bool) -> None:
    if not may_read:
        manager.booted = ""

    with closing(AmiClient(config_of(manager), (EVENT,), timeout=5.0)) as client:
        assert (client.has_booted, client.rights().reads_events) == (may_read, may_read)


def test_a_login_that_is_refused(manager: PlayedWebManager) -> None:
    error = failure(config_of(manager, "wrong password"))

    assert isinstance(error, AmiDenied)
    assert error.what.startswith("login refused; ")


def test_a_session_that_was_forgotten_is_a_connection_that_is_cut(manager: PlayedWebManager) -> None:
    with closing(AmiClient(config_of(manager), (EVENT,), timeout=5.0)) as client:
        manager.session = "another"
        with pytest.raises(AmiUnreachable) as caught:
            client.registrations()

    assert caught.value.trouble is Trouble.CLOSED
    assert caught.value.what.endswith("has ended the session")


def test_without_webenabled_there_is_nothing_at_that_place() -> None:
    with FakePbx() as ari_alone:
        pbx = replace(pbx_config(), url=ari_alone.url, ami="http", ami_username="a", ami_password=Secret(PASSWORD))
        error = failure(pbx)

    assert isinstance(error, AmiUnexpected)
    assert "/rawman: are webenabled = yes and enabled = yes in manager.conf?" in error.what


def test_nobody_listens_there(manager: PlayedWebManager) -> None:
    error = failure(replace(config_of(manager), url="http://127.0.0.1:9"))

    assert error.trouble is Trouble.REFUSED
    assert error.what == "connection refused: nothing listens on 127.0.0.1:9; is enabled = yes in http.conf?"


def test_an_asterisk_that_answers_wait_event_at_once_does_not_keep_us_busy(
    manager: PlayedWebManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    monkeypatch.setattr("healthmon.ami.web.time.sleep", rests.append)
    with closing(WebConnection(config_of(manager), ("Registry",), timeout=5.0)) as connection:
        connection.log_in("monitor", PASSWORD)
        manager.events.put("")
        assert connection.events(0.5) == []

    [rest] = rests
    assert 0.0 < rest <= 0.5


#: In the place of a list: a body that was cut, and a page in which a line looks like an answer.
CUT_OFF = {
    "after the response": "Response: Success\r\n\r\n",
    "after a row": "Response: Success\r\nEventList: start\r\n\r\n"
    + in_lines({"Event": "OutboundRegistrationDetail", **row("reg-a")}),
    "a page": "<html>\nResponse: Success\n<p>EventList: Complete</p>\n</html>\n",
}


@pytest.mark.parametrize("body", CUT_OFF.values(), ids=CUT_OFF)
def test_a_list_without_its_end_is_none(manager: PlayedWebManager, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(AmiClient(config_of(manager), (EVENT,), timeout=5.0)) as client:
        monkeypatch.setattr(manager, "_usual_answer", lambda _: body)
        with pytest.raises(AmiUnexpected, match="PJSIPShowRegistrationsOutbound that is no whole list"):
            client.registrations()


def test_a_list_of_contacts_without_its_end_has_lost_rows(
    manager: PlayedWebManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(AmiClient(config_of(manager), (EVENT,), timeout=5.0)) as client:
        monkeypatch.setattr(manager, "_usual_answer", lambda _: CUT_OFF["after the response"])
        list(client.rows("PJSIPShowContacts"))

        assert client.take_lost_rows()
