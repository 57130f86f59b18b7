"""From nothing to the first true alert, without an editor: ``healthmon init`` with piped answers, then ``run``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from healthmon.config.loading.load import load
from healthmon.demo.daemon import DemoDaemon, environment
from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.model import Health
from tests.lab.endpoints import phone, trunk
from tests.lab.fixtures import Lab
from tests.sinks import WebhookSink
from tests.waiting import wait_for

#: All of it may take so long (seconds).
WITHIN = 120.0
TRUNK = FakeEndpoint(
    "PJSIP",
    "trunk-telekom",
    static_contact="sip:sip.example.net",
    qualify_frequency=2,
    callerid='"Telekom, main line" <4930123>',
)


def start_init(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "healthmon", "-c", str(folder / "config.ini"), "init"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(os.environ),
    )


def said_by(init: subprocess.Popen[str], answers: str | None = None) -> str:
    """Answer, and return all that it says until its end; it is ended if it waits for more."""
    try:
        return init.communicate(answers, timeout=WITHIN)[0]
    except subprocess.TimeoutExpired:
        init.kill()
        raise


def is_seen(daemon: DemoDaemon) -> bool:
    status = daemon.read_status()
    return status is not None and [row.state for row in status.targets] == [Health.UP]


@pytest.mark.soak
def test_from_nothing_to_the_first_true_alert(tmp_path: Path) -> None:
    with FakePbx(TRUNK, password="a-long-secret") as pbx, WebhookSink() as sink:
        with start_init(tmp_path) as init:
            said = said_by(init, f"{pbx.url}\nhealthmon\na-long-secret\n\n{sink.url}\n")
        assert init.returncode == 0, said
        # Who pipes a secret in does not see it again.
        assert "a-long-secret" not in said
        sink.wait_for(1)

        with DemoDaemon(tmp_path) as daemon:
            daemon.start()
            wait_for(lambda: is_seen(daemon), WITHIN, daemon.end_of_log)
            pbx.phone_down("PJSIP/trunk-telekom")
            alert = sink.wait_for_text("DOWN provider", WITHIN)

    assert alert.subject.startswith('DOWN provider trunk-telekom "Telekom,…" (office) since ')
    assert alert.body.startswith('DOWN provider trunk-telekom "Telekom, main line" (office)')


def test_a_real_asterisk_is_asked_as_the_fake_is(lab: Lab, tmp_path: Path) -> None:
    pbx = lab.asterisk(phone("101"), trunk("telekom", f"sip:{lab.address()}:5060"))
    user, password = pbx.ari_auth

    with WebhookSink() as sink, start_init(tmp_path) as init:
        said = said_by(init, f"{pbx.url}\n{user}\nwrong\n\n\n{password}\n\n{sink.url}\n")

    assert init.returncode == 0, said
    assert "In ari.conf:" in said
    assert "1 provider: PJSIP/telekom" in said
    assert load(tmp_path / "config.ini").watches[0].endpoints == ("PJSIP/telekom",)


def test_ctrl_c_at_a_question_leaves_nothing_behind(tmp_path: Path) -> None:
    # What runs in the background of a shell ignores it, and so would its children.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with start_init(tmp_path) as init:
            assert init.stdout is not None
            # The question is there: now it waits for the answer.
            assert init.stdout.read(len("URL of Asterisk")) == "URL of Asterisk"
            init.send_signal(signal.SIGINT)
            said = said_by(init)
    finally:
        signal.signal(signal.SIGINT, before)

    assert init.returncode == 130
    assert "nothing was written" in said
    assert list(tmp_path.iterdir()) == []
