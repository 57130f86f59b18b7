"""``healthmon schedule``, and how ``check-config`` looks at schedules; with a real mail server and a real webhook."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import time

import pytest
from click.testing import CliRunner, Result

from healthmon.cli.main import cli
from healthmon.cli.report_arguments import why_no_report
from healthmon.model import Health
from healthmon.store.outbox.outbox import open_outbox
from healthmon.store.outbox.report_book import MadeReport, ReportBook
from tests.report.builder import DAY, MINUTE, connection, provider, steps, stopped
from tests.sinks import SmtpSink, WebhookSink

REPORT = "--last-month --by provider --format html"


class Office:
    """A configuration with a schedule, the database that it names, and both channels."""

    def __init__(self, folder: Path, mail: SmtpSink, hook: WebhookSink) -> None:
        self.path, self.database = folder / "config.ini", folder / "healthmon.db"
        self.mail, self.hook = mail, hook
        self.configure()

    def configure(self, report: str = REPORT, at: str = "1st 07:00") -> None:
        """Write the file."""
        self.path.write_text(
            f"[healthmon]\ndatabase = {self.database}\ntimezone = Europe/Berlin\n"
            "[pbx office]\nurl = http://127.0.0.1:8088\nusername = healthmon\npassword = hunter22\n"
            "[watch all]\nendpoints = *\n"
            f"[receiver boss]\nurls =\n    mail = {self.mail.url}\n    hook = {self.hook.url}\n"
            f"[schedule monthly]\nreport = {report}\nat = {at}\nreceivers = boss\n"
        )
        self.path.chmod(0o600)

    def fill(self) -> None:
        """A provider that was down for ten minutes."""
        now = time()
        trunk = provider("trunk", watched_since=now - 90 * DAY)
        history = [
            (now - 90 * DAY, Health.UP),
            (now - 40 * DAY, Health.DOWN),
            (now - 40 * DAY + 10 * MINUTE, Health.UP),
        ]
        stopped(self.database, [connection(), trunk], history=steps(trunk, *history), alive_at=now)

    def run(self, *arguments: str) -> Result:
        """Run a command."""
        return CliRunner().invoke(cli, ["-c", str(self.path), *arguments], catch_exceptions=False)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with SmtpSink() as mail, WebhookSink() as hook:
        yield Office(tmp_path, mail, hook)


def test_run_sends_the_report_to_each_url_and_prints_what_became_of_it(office: Office) -> None:
    office.fill()

    result = office.run("schedule", "run", "monthly")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1:] == ["boss/mail: delivered", "boss/hook: delivered"]
    (mail,), (hook,) = office.mail.messages, office.hook.messages
    (file,) = mail.files
    assert mail.subject.startswith("REPORT monthly 20")
    assert (file.media_type, file.name[:8], file.name[-5:]) == ("text/html", "monthly-", ".html")
    assert file.content.decode().lower().startswith("<!doctype html>")
    assert "<" not in mail.body
    assert "trunk" in file.content.decode()
    assert f"The whole report is attached: {file.name}" in mail.body
    (attached,) = hook.sent["attachments"]
    assert base64.b64decode(attached["base64"]) == file.content
    assert (attached["filename"], attached["mimetype"]) == (file.name, "text/html")
    assert hook.sent["healthmon"]["event"] == "report"


def test_a_channel_that_takes_nothing_is_said_and_the_others_get_it(office: Office) -> None:
    office.fill()
    office.hook.mode = "500"

    result = office.run("schedule", "run", "monthly")

    assert result.exit_code == 1
    assert "boss/mail: delivered\nboss/hook: FAILED: " in result.stdout


def test_an_sla_that_was_missed_is_a_report_like_any_other(office: Office) -> None:
    office.fill()
    office.configure("--since 80d --sla 99.999")

    result = office.run("schedule", "run", "monthly")

    assert (result.exit_code, result.stderr) == (0, "")
    (file,) = office.mail.messages[0].files
    assert (file.media_type, file.name[-4:]) == ("text/plain", ".txt")


def test_a_report_that_cannot_be_made_is_one_sentence(office: Office) -> None:
    result = office.run("schedule", "run", "monthly")

    assert result.exit_code == 1
    assert result.stderr == (
        f"healthmon: {office.database}: there is no database here yet; the daemon makes it when it first runs\n"
    )
    assert office.mail.attempts == 0


def test_a_name_that_is_none_is_refused_with_those_that_are(office: Office) -> None:
    result = office.run("schedule", "run", "weekly")

    assert result.exit_code == 2
    assert "no schedule of this name; configured: monthly" in result.stderr


def test_list_shows_the_next_time_and_what_became_of_the_last(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_777_637_000.0)
    assert office.run("schedule", "list").stdout.splitlines()[1].split("  ")[-1] == "none yet"

    office.fill()
    with closing(ReportBook(office.database)) as book, closing(open_outbox(office.database)) as outbox:
        book.book(MadeReport("monthly", "2026-05-01", "text"), "1st 07:00", ["boss/mail", "boss/hook"], 1_777_611_600.0)
        claim = outbox.reports.claim("boss/mail", 1_777_611_601.0)
        assert claim is not None
        outbox.reports.delivered(claim, 1_777_611_602.0)

    assert office.run("schedule", "list").stdout == (
        "NAME     AT         NEXT                       LAST\n"
        "monthly  1st 07:00  Mon 2026-06-01 07:00 CEST  2026-05-01 07:00: boss/mail delivered; boss/hook waiting\n"
    )


def test_list_shows_why_the_last_could_not_be_made(office: Office) -> None:
    office.fill()
    with closing(ReportBook(office.database)) as book:
        book.book(MadeReport("monthly", "2026-05-01", trouble="it is damaged"), "1st 07:00", [], time())

    assert "could not be made: it is damaged" in office.run("schedule", "list").stdout


def test_without_schedules_list_says_so(office: Office) -> None:
    office.path.write_text(office.path.read_text().partition("[schedule")[0])

    assert office.run("schedule", "list").stdout == "There is no [schedule …] section.\n"


# ------------------------------------------------------------ the arguments, by the command's own parser


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        ("--last-mnth", "No such option"),
        ("--by planet", "Invalid value for '--by': 'planet' is not one of"),
        ("--since", "Option '--since' requires an argument."),
        ("--since soon", "--since soon: a duration is one number and its unit"),
        ("--last-month --since 7d", "--last-month and --since both say what time the report is about"),
        ("surplus", "Got unexpected extra argument (surplus)"),
        ("--help", "--help makes no report"),
        ("-oreport.html", "--output is not for a schedule: healthmon gives it by itself"),
        ("--database=x.db", "--database is not for a schedule: healthmon gives it by itself"),
        ("--as-of 2026-01-01", "--as-of is not for a schedule: healthmon gives it by itself"),
    ],
)
def test_check_config_asks_the_report_command(office: Office, report: str, sentence: str) -> None:
    office.configure(report)

    result = office.run("check-config")

    assert result.exit_code == 78
    assert f"[schedule monthly] report: {sentence}" in result.stderr
    assert "Usage" not in result.output


@pytest.mark.parametrize("report", [REPORT, "--since 30d --format csv --incidents", "--pbx 'office *' --sla 99.9"])
def test_what_the_command_takes_is_right(office: Office, report: str) -> None:
    office.configure(report)

    result = office.run("check-config")

    assert result.exit_code == 0
    assert f"    healthmon report {report}\n    sent to boss\n" in result.stdout


def test_check_config_counts_its_warnings_and_does_not_say_that_there_are_no_problems(office: Office) -> None:
    office.configure("--pbx ofice")

    result = office.run("check-config")

    assert result.exit_code == 0
    assert "warning: " in result.stderr
    assert result.stdout.endswith(": no mistakes, 1 warning\n")


def test_no_arguments_are_right_too() -> None:
    assert why_no_report(()) is None
