"""The parts of the demo: its narration, its patience, its webhook, and how it fails."""

from __future__ import annotations

import json
import os
import pty
import signal
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from healthmon.config.loading.load import load
from healthmon.demo import cast
from healthmon.demo.daemon import COLUMNS, DemoDaemon, environment, on_a_terminal
from healthmon.demo.day import Day
from healthmon.demo.fakepbx import FakePbx
from healthmon.demo.patience import Patience
from healthmon.demo.play import page_address, play
from healthmon.demo.stage import BODY_LINES, Stage, beginning
from healthmon.demo.trouble import DemoFailed, DemoStopped
from healthmon.demo.webhook import Alert, Webhook
from healthmon.notify.channels.by_scheme import why_refused

BERLIN = ZoneInfo("Europe/Berlin")
#: 2026-05-01 14:02:11 in Berlin.
NOW = 1_777_636_931.0


def staged(*, has_colour: bool = False) -> tuple[Stage, StringIO]:
    out = StringIO()
    return Stage(out, BERLIN, lambda: NOW, has_colour=has_colour), out


# ---------------------------------------------------------------- narration


def test_what_happens_has_its_time() -> None:
    stage, out = staged()

    stage.happens("The trunk dies.")

    assert out.getvalue() == "14:02:11  The trunk dies.\n"


def test_an_alert_is_shown_with_its_receiver_subject_and_body() -> None:
    stage, out = staged()

    stage.alert(Alert("oncall", "DOWN PBX office since 14:02", "DOWN PBX office\n\nincident 1", "failure"))

    assert out.getvalue() == (
        "14:02:11  ✉ to oncall\n"
        "          │ DOWN PBX office since 14:02\n"
        "          │\n"
        "          │ DOWN PBX office\n"
        "          │\n"
        "          │ incident 1\n"
    )


def test_no_name_of_a_stranger_is_markup_or_moves_the_cursor() -> None:
    stage, out = staged(has_colour=True)

    stage.alert(Alert("oncall", "DOWN phone [red]x[/] :smile: \x1b[2J", "", "failure"))

    assert r"DOWN phone [red]x[/] :smile: \x1b[2J" in out.getvalue()
    assert "\x1b[2J" not in out.getvalue()


def test_long_texts_are_wrapped_and_no_letter_is_lost() -> None:
    stage, out = staged()

    stage.say("word " * 40)
    stage.happens("word " * 40)
    stage.alert(Alert("oncall", "s" * 200, "word " * 40 + "b" * 200, "warning"))
    stage.act("A title")

    assert max(map(len, out.getvalue().splitlines())) <= 80
    assert [out.getvalue().count(letter) for letter in ("word", "s" * 9, "b")] == [120, 200 // 9 - 1, 200]


def test_a_long_alert_ends_between_two_paragraphs_and_says_how_much_is_missing() -> None:
    stage, out = staged()
    body = "\n\n".join(f"phone {number}\ndown" for number in range(20))

    stage.alert(Alert("helpdesk", "DOWN 20 phones", body, "failure"))

    lines = [line.strip() for line in out.getvalue().splitlines()]
    assert lines[-3:] == ["│ down", "│", f"│ … and {59 - 15} lines more"]


def test_a_text_without_paragraphs_is_cut_where_it_must() -> None:
    assert beginning(["x"] * (BODY_LINES + 1), BODY_LINES) == ["x"] * BODY_LINES
    assert beginning(["x"] * BODY_LINES, BODY_LINES) == ["x"] * BODY_LINES


# ---------------------------------------------------------------- the cast


def test_the_cast_is_a_provider_and_twelve_phones_watched_without_a_complaint(tmp_path: Path) -> None:
    file = tmp_path / "config.ini"
    file.touch(mode=0o600)
    file.write_text(cast.configuration(tmp_path / "healthmon.db", "http://127.0.0.1:8088", "127.0.0.1:9000"))

    config = load(file, why_refused=why_refused)

    assert config.warnings == ()
    names = [endpoint.name for endpoint in cast.endpoints()]
    assert names[0] == "PJSIP/trunk-telekom"
    assert len(names) == len(set(names)) == 13


# ---------------------------------------------------------------- patience


def test_what_takes_too_long_is_a_failure_that_names_it() -> None:
    with Patience(within=0.0) as patience, pytest.raises(DemoFailed, match="not within 0 s: the sun rose"):
        patience.wait(lambda: None, "the sun rose")


def test_a_signal_ends_the_next_wait_and_the_handlers_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)

    with Patience() as patience:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(DemoStopped, match="stopped by SIGTERM"):
            patience.wait(lambda: True, "anything")

    assert signal.getsignal(signal.SIGTERM) is before


# ---------------------------------------------------------------- how it fails


def post(webhook: Webhook, subject: str, body: str = "") -> None:
    host, _, port = webhook.address.partition(":")
    connection = HTTPConnection(host, int(port))
    connection.request("POST", "/demo-oncall", json.dumps({"title": subject, "message": body, "type": "failure"}))
    assert connection.getresponse().status == 204
    connection.close()


@pytest.fixture
def webhook() -> Webhook:
    return Webhook()


def day(webhook: Webhook, folder: Path, within: float) -> Day:
    """A day whose daemon was never started."""
    pbx = FakePbx(*cast.endpoints())
    pbx.close()
    return Day(pbx, DemoDaemon(folder), webhook, staged()[0], Patience(within))


def test_an_alert_that_does_not_come_is_a_failure(webhook: Webhook, tmp_path: Path) -> None:
    with webhook, pytest.raises(DemoFailed, match='an alert "DOWN PBX …" was delivered'):
        day(webhook, tmp_path, within=0.1).expect("DOWN PBX")


def test_another_alert_than_the_expected_is_a_failure(webhook: Webhook, tmp_path: Path) -> None:
    with webhook, pytest.raises(DemoFailed, match="this came: DEGRADED PBX office"):
        post(webhook, "DEGRADED PBX office")
        day(webhook, tmp_path, within=30).expect("DOWN PBX")


def test_alerts_are_waited_for_until_all_were_named(webhook: Webhook, tmp_path: Path) -> None:
    with webhook:
        post(webhook, "UP phone 104", "PJSIP/104 on PBX office")
        post(webhook, "UP phone 105", "PJSIP/105 on PBX office")
        one = day(webhook, tmp_path, within=30)

        one.expect("UP", "104", "105")

    assert one.alerts == 2


def test_an_alert_where_nobody_was_to_be_told_is_a_failure(webhook: Webhook, tmp_path: Path) -> None:
    with webhook, pytest.raises(DemoFailed, match="nobody was to be told anything, and this came: DOWN phone 101"):
        post(webhook, "DOWN phone 101")
        day(webhook, tmp_path, within=30).expect_silence()


def test_a_daemon_that_does_not_start_is_a_failure_with_the_end_of_its_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(cast, "CONFIGURATION", "[nonsense]\n")

    with pytest.raises(DemoFailed) as failure:
        play(StringIO(), has_colour=False)

    assert "the daemon ended with exit code 78\nThe end of the daemon's log:\n" in str(failure.value)
    assert "[nonsense]" in str(failure.value)
    assert list(tmp_path.iterdir()) == []


def test_without_the_libraries_of_the_web_page_the_demo_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert page_address().startswith("127.0.0.1:")
    assert "[web]" in cast.configuration(tmp_path, "http://127.0.0.1:8088", "127.0.0.1:9000", page_address())

    monkeypatch.setattr("healthmon.demo.play.missing_of", lambda _: "Flask")

    assert page_address() == ""
    assert "[web]" not in cast.configuration(tmp_path, "http://127.0.0.1:8088", "127.0.0.1:9000", page_address())


# ---------------------------------------------------------------- processes


def test_the_processes_of_the_demo_know_neither_proxies_nor_systemd() -> None:
    kept = environment({"PATH": "/bin", "https_proxy": "x", "ALL_PROXY": "x", "NOTIFY_SOCKET": "x", "NO_COLOR": "1"})

    assert kept == {"PATH": "/bin", "NO_COLOR": "1"}


def test_a_program_sees_a_terminal_of_80_columns_whatever_we_run_on() -> None:
    code, text = on_a_terminal(["sh", "-c", 'test -t 1 && echo "$COLUMNS $TERM" && exit 3'], environment(os.environ))

    assert (code, text) == (3, f"{COLUMNS} dumb\n")


def test_a_system_that_has_no_terminals_to_give_runs_it_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_pty_devices() -> None:
        raise OSError("out of pty devices")

    monkeypatch.setattr(pty, "openpty", out_of_pty_devices)
    code, text = on_a_terminal(["sh", "-c", "test -t 1 || echo none && exit 3"], environment(os.environ))

    assert (code, text) == (3, "none\n")


def test_a_daemon_that_was_never_started_is_stopped_without_a_word(tmp_path: Path) -> None:
    daemon = DemoDaemon(tmp_path)

    assert daemon.stop() == 0
    assert daemon.end_of_log() == ""
