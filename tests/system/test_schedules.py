"""A daemon sends its scheduled reports: to a real mail server, also after it was down at the hour, once."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from healthmon.store.outbox.report_book import ReportBook
from tests.sinks import SmtpSink
from tests.system.fake_scene import FakeScene, fake_scene

SCHEDULE = """
[receiver boss]
urls = mail = {url}
[schedule daily]
report = --since 1d --format csv
at = daily 00:00
receivers = boss
"""


@pytest.fixture
def mail() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def scene(tmp_path: Path, mail: SmtpSink) -> Iterator[FakeScene]:
    """A daemon that has run once, and knows of the schedule."""
    with fake_scene(tmp_path, config=SCHEDULE.format(url=mail.url)) as scene:
        scene.daemon.stop()
        yield scene


def was_last_seen_to(scene: FakeScene, days_ago: int) -> None:
    """Leave the database as a daemon would that ran last so many days ago."""
    with closing(ReportBook(scene.daemon.database)) as book:
        day = date.today() - timedelta(days=days_ago)
        book.let_pass("daily", "daily 00:00", day.isoformat())


def test_a_report_that_was_missed_is_sent_after_the_start_and_once(scene: FakeScene, mail: SmtpSink) -> None:
    was_last_seen_to(scene, days_ago=3)

    scene.daemon.start()
    (message,) = mail.wait_for(1, timeout=60)

    (file,) = message.files
    assert message.subject.startswith("REPORT daily 20")
    assert (file.media_type, file.content.decode().partition(",")[0]) == ("text/csv", "pbx")
    scene.daemon.wait(lambda: "boss/mail: delivered: REPORT daily" in scene.daemon.log(), "it is booked")

    scene.daemon.stop()
    scene.daemon.start()
    # After a reload schedules are looked at without a pause.
    scene.daemon.reload()
    scene.daemon.wait(lambda: "reloaded: nothing has changed" in scene.daemon.log(), "the reload")
    scene.daemon.command("schedule", "run", "daily")
    # Were there a second one, it would have come before this one, which somebody asked for.
    assert len(mail.wait_for(2)) == 2
    assert "boss/mail delivered" in scene.daemon.command("schedule", "list").stdout


def test_a_mail_server_that_is_dead_gets_it_when_it_is_back(scene: FakeScene, mail: SmtpSink) -> None:
    was_last_seen_to(scene, days_ago=1)
    mail.mode = "451"

    scene.daemon.start()
    mail.wait_for_attempts(2, timeout=90)
    assert "boss/mail waiting" in scene.daemon.command("schedule", "list").stdout
    mail.mode = "ok"

    (message,) = mail.wait_for(1, timeout=90)
    assert len(message.files) == 1


def test_a_report_that_cannot_be_made_is_told(scene: FakeScene, mail: SmtpSink) -> None:
    was_last_seen_to(scene, days_ago=1)
    scene.daemon.start()
    # From now on nobody but the daemon, which has it open, finds the database.
    scene.daemon.config_path.write_text("[healthmon]\ndatabase = /nowhere/healthmon.db\n")

    message = mail.wait_for_text("could not be made", timeout=150)

    assert message.subject == "REPORT daily could not be made"
    assert "/nowhere/healthmon.db: there is no database here yet" in message.body
    assert "the daily report could not be made: /nowhere/healthmon.db" in scene.daemon.log()


def test_a_daemon_that_can_open_nothing_for_a_while_lives_on_and_makes_its_report_afterwards(
    scene: FakeScene, mail: SmtpSink
) -> None:
    was_last_seen_to(scene, days_ago=1)
    scene.daemon.start()
    before = resource.prlimit(scene.daemon.pid, resource.RLIMIT_NOFILE)

    # No pipe, no socket, no file.
    resource.prlimit(scene.daemon.pid, resource.RLIMIT_NOFILE, (0, before[1]))
    scene.daemon.wait(lambda: "scheduled reports wait" in scene.daemon.log(), "a report that waits")
    resource.prlimit(scene.daemon.pid, resource.RLIMIT_NOFILE, before)

    mail.wait_for_text("REPORT daily 20", timeout=60)
    assert "Traceback" not in scene.daemon.log()


def test_a_reload_takes_up_a_schedule_and_refuses_one_with_a_mistake(scene: FakeScene, mail: SmtpSink) -> None:
    scene.daemon.start()
    text = scene.daemon.config_path.read_text()

    scene.daemon.config_path.write_text(text.replace("--format csv", "--format cvs"))
    scene.daemon.reload()
    scene.daemon.wait(lambda: "[schedule daily] report: Invalid value" in scene.daemon.log(), "the reload is refused")

    scene.daemon.config_path.write_text(text.replace("at = daily 00:00", "at = daily 00:01"))
    scene.daemon.reload()
    scene.daemon.wait(lambda: "reloaded: other [schedule …] sections" in scene.daemon.log(), "the reload")
    assert mail.attempts == 0
