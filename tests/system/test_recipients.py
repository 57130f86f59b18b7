"""Several addresses in one mail URL, beside a real Asterisk: each has its own result, also through a kill."""

from __future__ import annotations

from tests.lab.endpoints import trunk
from tests.lab.fixtures import Lab
from tests.lab.provider import Provider
from tests.sinks import SmtpSink
from tests.system.daemon import Daemon
from tests.system.scene import CHECKED_OFTEN, WATCHES, pbx_section

ANNA, BOB, CLEO = "anna@example.org", "bob@example.org", "cleo@example.org"


def test_one_refused_recipient_and_the_others_get_the_alert_once(lab: Lab) -> None:
    provider = lab.add(Provider(lab.address()))
    provider.come_back()
    pbx = lab.asterisk(trunk("trunk-a", f"sip:{provider.address}:{provider.port}", **CHECKED_OFTEN))  # type: ignore[arg-type]
    mail = lab.add(SmtpSink())
    mail.refused_recipients, mail.put_off = {CLEO}, {BOB}
    url = f"mailto://127.0.0.1:{mail.port}?from=healthmon@example.org&to={ANNA},{BOB}&cc={CLEO}"
    receiver = f"\n[receiver oncall]\ngroup_wait = 500ms\nlongest_pause = 2s\nurls = team = {url}\n"
    daemon = lab.add(Daemon(lab.folder("daemon"), pbx_section(pbx) + WATCHES + receiver))
    daemon.start()
    daemon.wait_for_state("PJSIP/trunk-a", "up")

    provider.ignore("OPTIONS")
    daemon.wait(lambda: mail.of(ANNA) == ["DOWN"], "Anna is told")
    status = daemon.command("status").stdout
    assert "CANNOT TELL address 2 in to= of oncall/team since " in status
    assert "CANNOT TELL address 1 in cc= of oncall/team since " in status
    assert "550 5.1.1 no such user" in status
    assert "example.org" not in status
    daemon.kill()
    daemon.start()
    mail.put_off.clear()
    daemon.wait(lambda: mail.of(BOB) == ["DOWN"], "Bob is told")

    provider.answer("OPTIONS", 200)
    daemon.wait(lambda: mail.of(BOB) == ["DOWN", "UP"], "both hear of the end")
    assert (mail.of(ANNA), mail.of(CLEO)) == (["DOWN", "UP"], [])
    assert not any("possibly repeated" in arrived.body for arrived in mail.messages)
    assert "address 2 in to=" not in daemon.command("status").stdout
