"""``healthmon test-alert``, with a webhook that listens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from healthmon.cli.main import cli
from healthmon.model import Health
from healthmon.store.read.queries import open_reader
from tests.mailserver import MailServer
from tests.report.builder import HOUR, NOW, connection, fail_to_tell, outage, phone, stopped
from tests.sinks import WebhookSink

URL = "oncall/hook"


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    with WebhookSink() as one:
        yield one


def send_test(database: Path, url: str) -> Result:
    """Try the receiver oncall, which has one URL."""
    config = database.with_name("config.ini")
    config.write_text(
        f"[healthmon]\ndatabase = {database}\n[pbx office]\nurl = http://127.0.0.1:9\nusername = u\npassword = p\n"
        f"[watch all]\nendpoints = *\n[receiver oncall]\nurls =\n    hook = {url}\n",
        encoding="utf-8",
    )
    config.chmod(0o600)
    return CliRunner().invoke(cli, ["-c", str(config), "test-alert", "oncall"], catch_exceptions=False)


def failing_since(database: Path) -> list[float | None]:
    """Since when each URL fails."""
    with open_reader(database) as reader:
        return [url.failing_since for url in reader.urls()]


def test_a_url_that_counts_as_failing_and_accepts_the_message_does_so_no_longer(
    database: Path, sink: WebhookSink
) -> None:
    desk = phone("101", Health.DOWN)
    stopped(database, [connection(), desk])
    fail_to_tell(database, outage(1, desk, NOW - HOUR), URL, NOW - HOUR)

    first, again = send_test(database, sink.url), send_test(database, sink.url)

    assert first.stdout == "oncall/hook: delivered; it counts as failing no longer\n"
    assert again.stdout == "oncall/hook: delivered\n"
    assert failing_since(database) == [None]


def test_a_message_that_is_not_accepted_changes_nothing(database: Path, sink: WebhookSink) -> None:
    desk = phone("101", Health.DOWN)
    stopped(database, [connection(), desk])
    fail_to_tell(database, outage(1, desk, NOW - HOUR), URL, NOW - HOUR)
    sink.mode = "500"

    result = send_test(database, sink.url)

    assert result.exit_code == 1
    assert result.stdout.startswith("oncall/hook: FAILED: ")
    assert failing_since(database) == [NOW - HOUR]


def test_without_a_database_it_just_tries(database: Path, sink: WebhookSink) -> None:
    result = send_test(database, sink.url)

    assert (result.exit_code, result.stdout) == (0, "oncall/hook: delivered\n")
    assert not database.exists()


def test_one_refused_recipient_is_named_and_the_url_counts_as_failing_no_longer(database: Path) -> None:
    desk = phone("101", Health.DOWN)
    stopped(database, [connection(), desk])
    fail_to_tell(database, outage(1, desk, NOW - HOUR), URL, NOW - HOUR)

    with MailServer(recipients={"bob@example.org": "550 5.1.1 no such user bob@example.org"}) as server:
        result = send_test(database, server.url("anna@example.org,bob@example.org"))

    assert result.stdout == (
        "oncall/hook: DELIVERED IN PART, not to address 2 in to=: RCPT TO: 550 5.1.1 no such user ***;"
        " it counts as failing no longer\n"
    )
    assert result.exit_code == 1
    assert failing_since(database) == [None]
