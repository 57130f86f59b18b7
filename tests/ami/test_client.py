"""Whatever is wrong between us and a manager interface is said in one clear sentence."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from healthmon.ami.client import AmiClient
from healthmon.ami.connection import MOST_WAITING
from healthmon.ami.frames import Decoder
from healthmon.ami.registrations import (
    EVENT,
    OLDER_ROW,
    attempt_of,
    older_registration_of,
    registration_of,
    told_apart,
    unlisted,
)
from healthmon.ami.row_count import RowCount, is_empty_list
from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.sections.shared import Secret
from healthmon.errors import AmiDenied, AmiError, AmiHearsOnly, AmiInUse, AmiUnexpected, AmiUnreachable, Trouble
from healthmon.sources.manager.registration_tries import Tries, in_words
from tests.ari.certificates import Authority
from tests.core.scene import pbx_config

from .captures import VERSIONS, received
from .played import ACTIONS, BOOTED, PASSWORD, PlayedManager, in_lines, row


def config_of(manager: PlayedManager, password: str = PASSWORD) -> PbxConfig:
    return replace(pbx_config(), ami=manager.address, ami_username="monitor", ami_password=Secret(password))


@pytest.fixture
def manager() -> Iterator[PlayedManager]:
    with PlayedManager(row("reg-a"), row("reg-b", "Rejected", Endpoint="trunk-b", MaxRetries="2")) as played:
        yield played


def client_of(manager: PlayedManager, timeout: float = 5.0) -> AmiClient:
    return AmiClient(config_of(manager), (EVENT,), timeout=timeout)


def failure(pbx: PbxConfig, timeout: float = 5.0) -> AmiError:
    with pytest.raises(AmiError) as caught, closing(AmiClient(pbx, timeout=timeout)) as client:
        client.registrations()
    assert str(caught.value).startswith("pbx office: manager interface: ")
    assert PASSWORD not in str(caught.value)
    return caught.value


def test_registrations_are_read_and_no_password_of_a_trunk_is_in_what_comes(manager: PlayedManager) -> None:
    with closing(client_of(manager)) as client:
        first, second = client.registrations() or []

    assert (first.name, first.status, first.client_uri) == ("reg-a", "Registered", "sip:reg-a@sip.example.net")
    assert (second.endpoint, second.status, second.max_retries) == ("trunk-b", "Rejected", 2)
    assert second.waits == (60.0, 0.0, 0.0)
    assert "s3cret" not in repr((first, second))


def test_the_password_itself_is_never_sent(manager: PlayedManager) -> None:
    with closing(client_of(manager)):
        pass

    assert PASSWORD not in str(manager.asked)
    assert [headers["Action"] for headers in manager.asked][:3] == ["Challenge", "Login", "ListCommands"]


def test_many_variables_are_asked_for_at_once_and_come_back_in_their_order(manager: PlayedManager) -> None:
    names = [f"PJSIP_ENDPOINT({number},aors)" for number in range(250)]
    manager.variables = {name: name for name in names[::2]}

    with closing(client_of(manager)) as client:
        values = client.variables([*names, "A(x\r\nAction: Originate)"])

    assert values[:4] == [names[0], "", names[2], ""]
    assert values[-1] == ""
    assert "Originate" not in str(manager.asked)


def test_an_event_between_a_question_and_its_answer_is_kept(manager: PlayedManager) -> None:
    with closing(client_of(manager)) as client:
        client.events(0)
        manager.instead = lambda headers: (
            in_lines({"Event": "Registry", "Status": "Rejected"})
            + in_lines({"Event": "Newchannel"})
            + in_lines({"Response": "Success", "ActionID": headers["ActionID"], "Ping": "Pong"})
        ).encode()
        client.ping()
        events = client.events(1.0)

    assert [event["Event"] for event in events if event["Event"] != "FullyBooted"] == ["Registry"]


def test_more_events_than_are_kept_are_known_to_be_lost(manager: PlayedManager) -> None:
    with closing(AmiClient(config_of(manager), (EVENT,), timeout=10.0)) as client:
        flood = in_lines({"Event": "Registry", "Status": "x" * 200}) * (MOST_WAITING + 10)
        manager.instead = lambda headers: (
            flood + in_lines({"Response": "Success", "ActionID": headers["ActionID"]})
        ).encode()
        client.ping()

        assert client.take_loss()
        assert not client.take_loss()
        assert [event["Event"] for event in client.events(0)] == ["FullyBooted"], "it came with the login"
        assert len(client.events(0)) == MOST_WAITING


@pytest.mark.parametrize("banner", [b"Asterisk Call Manager/1.1\r\n", b"Asterisk Call Manager/5.0.4\n"])
def test_older_banners_are_known(manager: PlayedManager, banner: bytes) -> None:
    manager.banner = banner

    with closing(client_of(manager)) as client:
        assert len(client.registrations() or []) == 2


def test_a_module_that_is_not_loaded_has_no_registrations(manager: PlayedManager) -> None:
    manager.actions = ("CoreStatus", "Ping")

    with closing(client_of(manager)) as client:
        assert client.registrations() is None
        assert client.variables(["PJSIP_ENDPOINT(a,aors)"]) == [""]
    assert "PJSIPShowRegistrationsOutbound" not in str(manager.asked)


@pytest.mark.parametrize("version", VERSIONS)
def test_registrations_of_the_older_drivers_are_read_as_asterisk_lists_them(version: str) -> None:
    rows = [older_registration_of(frame, "IAX2") for frame in Decoder().feed(received(version, "iax_sip"))]
    found = {row.client_uri: row.status for row in rows if row is not None and row.server_uri.endswith(":4569")}

    assert found == {"iaxwrong": "Rejected", "iaxdead": "Request Sent", "iaxu": "Registered"}
    assert all(row.name.startswith(f"IAX2/{row.client_uri}@127.0.9") for row in rows if row is not None)


def test_the_older_drivers_are_asked_where_they_are(manager: PlayedManager) -> None:
    manager.actions = (*manager.actions, "IAXregistry")
    manager.older = {"IAXregistry": [("192.0.2.1:4569", "me", "Timeout")], "SIPshowregistry": []}

    with closing(client_of(manager)) as client:
        [row] = client.older_registrations()

    assert (row.name, row.status, row.technology) == ("IAX2/me@192.0.2.1:4569", "Timeout", "IAX2")
    assert "SIPshowregistry" not in str(manager.asked)


@pytest.mark.parametrize(
    ("rows", "names"),
    [
        ([("sip.example.net", "5080", "sip.example.net", "5080")], ["SIP/alice@sip.example.net"]),
        (
            [("sip.example.net", port, "sip.example.net", port) for port in ("5080", "5060")],
            ["SIP/alice@sip.example.net:5080", "SIP/alice@sip.example.net"],
        ),
        (
            [("192.0.2.1", "5060", domain, port) for domain, port in (("a.example", "5060"), ("b.example", "5070"))],
            ["SIP/alice@a.example@192.0.2.1", "SIP/alice@b.example:5070@192.0.2.1"],
        ),
    ],
    ids=["alone", "at two ports", "of two domains"],
)
def test_registrations_of_one_user_at_one_host_are_told_apart(
    rows: list[tuple[str, str, str, str]], names: list[str]
) -> None:
    frames = [
        {
            "Event": OLDER_ROW,
            "Username": "alice",
            **dict(zip(("Host", "Port", "Domain", "DomainPort"), row, strict=True)),
        }
        for row in rows
    ]
    found = [older_registration_of(frame, "SIP") for frame in frames]

    assert [row.name for row in told_apart([row for row in found if row is not None])] == names


# ---------------------------------------------------------------- what can be wrong


def test_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    error = failure(replace(pbx_config(), ami=f"tcp://127.0.0.1:{port}", ami_username="a", ami_password=Secret("b")))

    assert isinstance(error, AmiUnreachable)
    assert error.trouble is Trouble.REFUSED
    assert error.what == f"connection refused: nothing listens on 127.0.0.1:{port}; is enabled = yes in manager.conf?"


def test_login_refused(manager: PlayedManager) -> None:
    error = failure(config_of(manager, password="wrong password"))

    assert isinstance(error, AmiDenied)
    assert error.what.startswith("login refused; ami_username or ami_password is wrong")
    assert "Authentication failed" in error.what


def test_a_user_that_may_be_logged_in_once_and_is(manager: PlayedManager) -> None:
    manager.is_in_use = True
    error = failure(config_of(manager))

    assert isinstance(error, AmiInUse)
    assert error.what == "another session of the user monitor is open, and manager.conf says allowmultiplelogin = no"


def test_no_rights(manager: PlayedManager) -> None:
    manager.actions = ("Ping", "ListCommands")
    error = failure(config_of(manager))

    assert isinstance(error, AmiHearsOnly)
    assert "write = reporting" in error.what
    assert "PJSIPShowRegistrationsOutbound" not in str(manager.asked), "a refusal is a security event at Asterisk"


def test_frozen_before_the_banner(manager: PlayedManager) -> None:
    manager.is_frozen = True
    error = failure(config_of(manager), 0.5)

    assert error.trouble is Trouble.TIMED_OUT
    assert "frozen or overloaded" in error.what


def test_frozen_later(manager: PlayedManager) -> None:
    with closing(client_of(manager, 0.5)) as client:
        manager.is_frozen = True
        with pytest.raises(AmiUnreachable) as caught:
            client.ping()

    assert caught.value.trouble is Trouble.TIMED_OUT


def test_an_answer_in_drops_is_one_that_does_not_come(manager: PlayedManager) -> None:
    with closing(client_of(manager, 0.5)) as client:
        manager.instead = lambda _: b"Event: Any\r\n\r\n"
        with pytest.raises(AmiUnreachable):
            client.ping()


def test_cut(manager: PlayedManager) -> None:
    with closing(client_of(manager)) as client:
        manager.cut()
        with pytest.raises(AmiUnreachable) as caught:
            client.ping()

    assert caught.value.trouble is Trouble.CLOSED
    assert caught.value.what.endswith("closed the connection")


def test_something_else_listens_there(manager: PlayedManager) -> None:
    manager.banner = b"SSH-2.0-OpenSSH_9.2\r\n"
    error = failure(config_of(manager))

    assert isinstance(error, AmiUnexpected)
    assert "is no manager interface: 'SSH-2.0-OpenSSH_9.2'" in error.what


def test_an_answer_without_end_is_not_kept(manager: PlayedManager) -> None:
    with closing(client_of(manager)) as client:

        def endless(headers: dict[str, str]) -> bytes:
            number = headers["ActionID"]
            start = in_lines({"Response": "Success", "ActionID": number, "EventList": "start"})
            return (start + in_lines({"Event": "OutboundRegistrationDetail", "ActionID": number}) * 20_000).encode()

        manager.instead = endless
        with pytest.raises(AmiUnexpected, match="does not end"):
            client.registrations()


def test_tls_is_verified(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    signed = authority.sign("127.0.0.1")
    with PlayedManager(row("reg-a"), tls=signed.server_context()) as manager:
        trusting = replace(config_of(manager), verify_tls=authority.file)
        with closing(AmiClient(trusting, timeout=2.0)) as client:
            assert len(client.registrations() or []) == 1
        error = failure(config_of(manager))

    assert error.trouble is Trouble.TLS
    assert error.what.startswith("certificate refused; ")


def test_over_tls_nothing_is_asked_in_pieces_that_asterisk_would_leave_unread(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    names = [f"PJSIP_ENDPOINT({'x' * number},aors)" for number in range(900)]
    with PlayedManager(tls=authority.sign("127.0.0.1").server_context()) as manager:
        manager.variables = {name: name for name in names}
        config = replace(config_of(manager), verify_tls=authority.file)
        with closing(AmiClient(config, timeout=5.0)) as client:
            assert client.variables(names) == names


def test_endpoints_are_checked_at_once_and_what_asterisk_does_not_have_is_not(manager: PlayedManager) -> None:
    manager.actions, manager.endpoints = (*manager.actions, "PJSIPQualify"), {"a", "b c"}

    with closing(client_of(manager)) as client:
        taken_up = client.check_at_once(["a", "nosuch", "b c", "x\r\nAction: Originate"])
        # The empty line more in the answer about what there is not confuses nobody.
        client.ping()

    assert taken_up == dict.fromkeys(["a", "b c"], "Endpoint found, will qualify")
    assert "Originate" not in str(manager.asked)


def test_a_user_who_may_not_have_endpoints_checked_does_not_ask(manager: PlayedManager) -> None:
    manager.endpoints = {"a"}

    with closing(client_of(manager)) as client:
        assert client.check_at_once(["a"]) == {}
    assert "PJSIPQualify" not in str(manager.asked)


@pytest.mark.parametrize(("booted", "says"), [(BOOTED, "events only; the user monitor"), ("", "not allowed; the user")])
def test_whoever_may_only_read_is_told_that_and_not_that_it_may_nothing(
    manager: PlayedManager, booted: str, says: str
) -> None:
    manager.actions, manager.booted = ("ListCommands", "Ping"), booted

    assert failure(config_of(manager)).what.startswith(says)


# ---------------------------------------------------------------- lists that are none

START, END = {"Response": "Success", "EventList": "start"}, {"Event": "Complete", "EventList": "Complete"}
A_ROW = {"Event": "OutboundRegistrationDetail", **row("reg-a")}


def answering(action: str, *frames: dict[str, str]) -> Callable[[dict[str, str]], bytes | None]:
    """Have a manager answer this action so, and any other one as it does."""

    def answer(headers: dict[str, str]) -> bytes | None:
        if headers["Action"] != action:
            return None
        return "".join(in_lines({"ActionID": headers["ActionID"], **frame}) for frame in frames).encode()

    return answer


NO_LISTS = {
    "lacks rows": (START, A_ROW, {**END, "ListItems": "3"}),
    "does not say how many": (START, A_ROW, END),
    "says so in words": (START, A_ROW, {**END, "ListItems": "one"}),
    "says less than none": (START, A_ROW, {**END, "ListItems": "-1"}),
    "says too many": (START, A_ROW, {**END, "ListItems": "9" * 400}),
    "lacks all rows": (START, {**END, "ListItems": "3"}),
    "is no list": ({"Response": "Success"},),
    "an error": ({"Response": "Error", "Message": "Out of memory"},),
    "an error that sounds like an empty list": ({"Response": "Error", "Message": "No memory"},),
}


@pytest.mark.parametrize("frames", NO_LISTS.values(), ids=NO_LISTS)
def test_what_is_no_whole_list_of_registrations_tells_of_none(
    manager: PlayedManager, frames: tuple[dict[str, str], ...]
) -> None:
    manager.instead = answering("PJSIPShowRegistrationsOutbound", *frames)

    with closing(client_of(manager)) as client, pytest.raises(AmiUnexpected, match="PJSIPShowRegistrationsOutbound"):
        client.registrations()


@pytest.mark.parametrize("header", ["ObjectName", "ClientUri", "ServerUri"])
def test_a_list_with_a_row_that_names_no_registration_tells_of_none(manager: PlayedManager, header: str) -> None:
    nameless = {name: value for name, value in A_ROW.items() if name != header}
    manager.instead = answering("PJSIPShowRegistrationsOutbound", START, A_ROW, nameless, {**END, "ListItems": "2"})

    with closing(client_of(manager)) as client, pytest.raises(AmiUnexpected, match="that is no whole list"):
        client.registrations()


@pytest.mark.parametrize("garbage", ["", "abc", "-1", "1e3", "NaN", "9" * 400, "٣"])
def test_of_numbers_that_are_none_it_does_not_follow_that_asterisk_has_stopped_trying(garbage: str) -> None:
    numbers = ("MaxRetries", "RetryInterval", "ForbiddenRetryInterval", "FatalRetryInterval")
    listed = registration_of({**A_ROW, **dict.fromkeys(numbers, garbage), "Status": "Rejected"})

    assert listed is not None
    tries = Tries(0.0)
    for at in (10.0, 70.0, 130.0):
        tries.hear("Rejected", at, listed.max_retries)
    tries.look(listed, 100_000.0)
    assert in_words(listed, tries).endswith(": rejected, or not answered; incoming calls are affected")


def test_an_error_to_the_question_for_what_is_allowed_is_no_lack_of_rights(manager: PlayedManager) -> None:
    manager.instead = answering("ListCommands", {"Response": "Error", "Message": "Out of memory"})

    assert failure(config_of(manager)).what == "it does not answer ListCommands (Out of memory)"


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"Status": ""},
        {"Status": "registered"},
        {"Status": "Rejected\N{NO-BREAK SPACE}"},
        {"Username": ""},
        {"Domain": ""},
        {"Domain": "no uri"},
        {"ChannelType": ""},
    ],
    ids=str,
)
def test_an_event_that_says_nothing_is_no_attempt(event: dict[str, str]) -> None:
    whole = {"Event": EVENT, "ChannelType": "PJSIP", "Username": "sip:a@h", "Domain": "sip:h", "Status": "Rejected"}

    assert (attempt_of({**whole, **event}) is None) is bool(event)


def test_a_whole_list_without_rows_has_no_registrations(manager: PlayedManager) -> None:
    manager.instead = answering("PJSIPShowRegistrationsOutbound", START, {**END, "ListItems": "0"})

    with closing(client_of(manager)) as client:
        assert client.registrations() == []


def test_a_list_of_an_older_driver_that_lacks_rows_is_none(manager: PlayedManager) -> None:
    manager.actions = (*manager.actions, "IAXregistry")
    manager.instead = answering("IAXregistry", START, {**END, "ListItems": "1"})

    with closing(client_of(manager)) as client, pytest.raises(AmiUnexpected, match="IAXregistry"):
        client.older_registrations()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_lists_of_asterisk_are_whole(version: str) -> None:
    count, ends = RowCount(), 0
    for frame in Decoder().feed(received(version, "iax_sip")):
        if "Response" in frame:
            count = RowCount()
        if "Privilege" not in frame:
            count.take(frame)
        if "ListItems" in frame:
            ends += 1
            assert count.is_whole

    assert ends


@pytest.mark.parametrize("frames", NO_LISTS.values(), ids=NO_LISTS)
def test_what_is_no_whole_list_of_maintenance_mode_tells_nothing(
    manager: PlayedManager, frames: tuple[dict[str, str], ...]
) -> None:
    manager.actions = (*manager.actions, "PJSIPShowMaintenance")
    manager.instead = answering("PJSIPShowMaintenance", *frames)

    with closing(client_of(manager)) as client:
        assert client.in_maintenance() is None
        manager.instead = lambda _: None
        assert client.in_maintenance() == ()


@pytest.mark.parametrize("row", [{"Endpoint": "a", "Status": "?"}, {"Endpoint": "a"}, {"Status": "enabled"}], ids=str)
def test_a_list_of_maintenance_mode_with_a_row_that_says_nothing_tells_nothing(
    manager: PlayedManager, row: dict[str, str]
) -> None:
    manager.actions = (*manager.actions, "PJSIPShowMaintenance")
    sound = {"Event": "PJSIPMaintenanceStatus", "Endpoint": "b", "Status": "enabled"}
    end = {**END, "ListItems": "2"}
    manager.instead = answering("PJSIPShowMaintenance", START, sound, {"Event": sound["Event"], **row}, end)

    with closing(client_of(manager)) as client:
        assert client.in_maintenance() is None


def test_a_variable_that_is_not_told_counts_as_a_row_that_is_lost(manager: PlayedManager) -> None:
    with closing(client_of(manager)) as client:
        assert client.variables(["PJSIP_AOR(a,contact)"]) == [""]
        assert not client.take_lost_rows()
        manager.instead = answering("Getvar", {"Response": "Error", "Message": "Out of memory"})
        assert client.variables(["PJSIP_AOR(a,contact)"]) == [""]
        assert client.take_lost_rows()


@pytest.mark.parametrize("words", ["No memory", "No permission", "no contacts found", "No Contacts found at all"])
def test_an_error_that_only_sounds_so_is_no_empty_list(words: str) -> None:
    assert not is_empty_list({"Response": "Error", "Message": words})
    assert is_empty_list({"Response": "Error", "Message": "No Contacts found"})


def test_a_module_of_maintenance_mode_that_was_unloaded_has_nobody_in_it(manager: PlayedManager) -> None:
    manager.actions = (*manager.actions, "PJSIPShowMaintenance")

    with closing(client_of(manager)) as client:
        assert client.in_maintenance() == ()
        manager.actions = ACTIONS
        manager.instead = answering("PJSIPShowMaintenance", {"Response": "Error", "Message": "Invalid/unknown command"})
        assert client.in_maintenance() is None
        assert client.in_maintenance() == ()


@pytest.mark.parametrize(
    "uri",
    [
        "sip:al:s3cret@h.example",
        "sips:al;p=s3cret@h.example",
        '"D" <sip:al:s3cret@h.example>',
        "sip:al:s3@s3cret@h.example",
    ],
)
def test_a_password_in_a_uri_of_a_registration_is_dropped_as_it_is_read(uri: str) -> None:
    listed_so = {"Event": "OutboundRegistrationDetail", **row("reg-a", server=uri, ClientUri=uri, OutboundProxy=uri)}
    tried = {"Event": "Registry", "ChannelType": "PJSIP", "Username": uri, "Domain": uri, "Status": "Rejected"}
    found, event = Decoder().feed((in_lines(listed_so) + in_lines(tried)).encode())
    listed, attempt = registration_of(found), attempt_of(event)

    assert listed is not None
    assert attempt is not None
    assert listed.key == attempt.key, "an event is of the same"
    assert "s3" not in repr((listed, attempt, unlisted(*attempt.key)))
    assert "al@h.example" in listed.client_uri
