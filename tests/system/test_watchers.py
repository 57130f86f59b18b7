"""Who watches the watcher, on a real Asterisk: a mail channel that is dead, and a dead man's switch."""

from __future__ import annotations

from tests.lab.endpoints import phone, trunk
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone
from tests.lab.provider import Provider
from tests.pings import PingSink
from tests.sinks import SmtpSink, WebhookSink
from tests.system.daemon import Daemon
from tests.system.scene import CHECKED_OFTEN, WATCHES, assert_told, pbx_section, receiver_section

#: No heartbeat for so long, where one is due each second: they have stopped (seconds).
SILENCE = 3.0


def dead_mail_server() -> SmtpSink:
    """One at whose port nobody listens any more."""
    mail = SmtpSink()
    mail.close()
    return mail


def test_the_webhook_hears_that_the_only_mail_channel_for_providers_is_dead(lab: Lab) -> None:
    provider = lab.add(Provider(lab.address()))
    provider.come_back()
    contact = f"sip:{provider.address}:{provider.port}"
    pbx = lab.asterisk(trunk("trunk-a", contact, **CHECKED_OFTEN))  # type: ignore[arg-type]
    hook, dead = lab.add(WebhookSink()), dead_mail_server()
    receivers = (
        receiver_section(hook, "boss") + f"\n[receiver oncall]\ngroup_wait = 500ms\nurls =\n    mail = {dead.url}\n"
    )
    text = "receiver_failing_after = 3s\n" + pbx_section(pbx, receivers="boss") + WATCHES + receivers
    daemon = lab.add(Daemon(lab.folder("daemon"), text)).start()
    daemon.wait_for_state("PJSIP/trunk-a", "up")

    provider.ignore("OPTIONS")
    hook.wait_for(1)

    assert_told([one.subject for one in hook.messages], "DOWN receiver oncall/mail since ")
    assert "Connection refused" in hook.messages[0].body
    (failing,) = daemon.status()["failing_receivers"]
    assert (failing["receiver"], failing["waiting"]) == ("oncall/mail", 1)
    assert daemon.state("PJSIP/trunk-a") == "down"

    mail = lab.add(SmtpSink(port=dead.port))
    mail.wait_for(1)
    hook.wait_for(2)
    assert_told([one.subject for one in mail.messages], "DOWN provider trunk-a (office) since ")
    assert_told([one.subject for one in hook.messages][1:], "UP receiver oncall/mail after ")
    assert daemon.status()["failing_receivers"] == []


def test_the_dead_mans_switch_stops_while_asterisk_is_frozen_and_goes_on_when_it_is_believed_down(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", **CHECKED_OFTEN))  # type: ignore[arg-type]
    service, hook = lab.add(PingSink()), lab.add(WebhookSink())
    switch = f"heartbeat_url = {service.url}\nheartbeat_every = 1s\n"
    text = switch + pbx_section(pbx, down_after="15s", up_after="500ms") + WATCHES + receiver_section(hook)
    daemon = lab.add(Daemon(lab.folder("daemon"), text)).start()
    one = lab.add(Phone(pbx.sip, "101"))
    assert one.register() == 200
    daemon.wait_for_state("PJSIP/101", "up")
    service.wait_for_more(2)

    pbx.freeze()
    service.wait_for_silence(SILENCE)
    assert daemon.pbx()["state"] == "up"
    assert daemon.state("PJSIP/101") == "unknown"
    service.wait_for_more(2)

    assert daemon.pbx()["state"] == "down"
    hook.wait_for_text("DOWN PBX office")
    pbx.thaw()
    daemon.wait_for_pbx("up")
    service.wait_for_more(2)
    hook.wait_for_text("UP PBX office")
    assert_told([message.subject for message in hook.messages], "DOWN PBX office since ", "UP PBX office after ")
