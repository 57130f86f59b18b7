"""A channel that is dead for long is told through the others, on a real daemon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from healthmon.demo.fakepbx import FakePbx
from tests.sinks import SmtpSink, WebhookSink
from tests.system.daemon import Daemon
from tests.system.fake_scene import fake_section, phones
from tests.system.scene import WATCHES

MAIL = "receiver oncall/mail"
#: What a message's subject begins with.
TOLD = f"DOWN {MAIL}"


@dataclass
class Channels:
    """A daemon that tells a webhook and a mail server."""

    daemon: Daemon
    pbx: FakePbx
    hook: WebhookSink
    mail: SmtpSink

    def configuration(self, *, with_mail: bool = True) -> str:
        """Both channels, of one receiver."""
        lines = [f"    hook = {self.hook.url}", *([f"    mail = {self.mail.url}"] if with_mail else [])]
        receiver = "\n[receiver oncall]\ngroup_wait = 100ms\nurls =\n" + "\n".join(lines) + "\n"
        return "receiver_failing_after = 2s\n" + fake_section(self.pbx) + WATCHES + receiver

    def subjects(self) -> list[str]:
        """What the webhook was told about the mail, without the times."""
        about_mail = (one.subject for one in self.hook.messages if MAIL in one.subject)
        return [subject.partition(MAIL)[0] + MAIL for subject in about_mail]

    def story(self) -> str:
        """What ``healthmon incident`` tells of the mail's incident."""
        return self.daemon.command("incident", str(self.status()["incident"])).stdout

    def status(self) -> dict[str, object]:
        """What ``status --json`` says of the mail."""
        (failing,) = self.daemon.status()["failing_receivers"]
        return dict(failing)


@contextmanager
def channels(folder: Path) -> Iterator[Channels]:
    """Start all of it; the mail server refuses everything, and a phone that goes down lets it be noticed."""
    with ExitStack() as ends:
        pbx = ends.enter_context(FakePbx(*phones(3)))
        hook = ends.enter_context(WebhookSink())
        mail = ends.enter_context(SmtpSink())
        mail.mode = "500"
        daemon = ends.enter_context(Daemon(folder, ""))
        scene = Channels(daemon, pbx, hook, mail)
        daemon.configure(scene.configuration())
        daemon.start()
        pbx.phone_down("PJSIP/101")
        hook.wait_for_text(TOLD)
        yield scene


def test_a_dead_mail_server_is_told_by_webhook_shown_by_status_and_over_when_it_takes_mail(tmp_path: Path) -> None:
    with channels(tmp_path) as scene:
        (message,) = [one for one in scene.hook.messages if one.subject.startswith(TOLD)]
        assert "451" in message.body
        failing = scene.status()
        assert failing["receiver"] == "oncall/mail"
        assert f"incident {failing['incident']}" in message.body
        assert scene.daemon.command("status").returncode == 1
        assert MAIL in scene.daemon.command("incidents", "--open").stdout

        scene.mail.mode = "ok"
        scene.hook.wait_for_text(f"UP {MAIL}")

        scene.daemon.wait(lambda: scene.daemon.status()["failing_receivers"] == [], "status is clear")
        assert [one.subject.partition(" (office)")[0] for one in scene.mail.messages] == ["DOWN phone 101"]
        assert scene.subjects() == [TOLD, f"UP {MAIL}"]
        story = scene.daemon.command("incident", str(failing["incident"])).stdout
        assert "told oncall/hook (resolved): UP receiver oncall/mail" in story


def test_it_survives_kill_nine_and_is_told_once(tmp_path: Path) -> None:
    with channels(tmp_path) as scene:
        scene.daemon.wait(lambda: "told oncall/hook (opened): DOWN" in scene.story(), "that it was told is booked")
        scene.daemon.kill()
        scene.daemon.start()
        attempts = scene.mail.attempts
        scene.mail.wait_for_attempts(attempts + 1)
        scene.daemon.wait(lambda: scene.status()["incident"] is not None, "its incident is still open")

        scene.mail.mode = "ok"
        scene.hook.wait_for_text(f"UP {MAIL}")

        assert scene.subjects() == [TOLD, f"UP {MAIL}"]


def test_a_url_that_is_removed_ends_its_incident(tmp_path: Path) -> None:
    with channels(tmp_path) as scene:
        scene.daemon.configure(scene.configuration(with_mail=False))
        scene.daemon.reload()
        scene.daemon.wait(
            lambda: MAIL not in scene.daemon.command("incidents", "--open").stdout, "its incident is over"
        )

        scene.pbx.phone_down("PJSIP/102")

        # It rides along with the next message.
        scene.hook.wait_for_text("its URL is no longer configured")
        assert scene.subjects() == [TOLD]
