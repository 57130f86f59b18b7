"""On-call services beside a real Asterisk: a ticket for each outage, `healthmon ack`, a kill in between."""

from __future__ import annotations

from tests.lab.endpoints import trunk
from tests.lab.fixtures import Lab
from tests.lab.provider import Provider
from tests.notify.oncall import SERVICES, Alertmanager, OnCall, PagerDuty
from tests.system.daemon import Daemon
from tests.system.scene import CHECKED_OFTEN, WATCHES, pbx_section


def states(services: list[OnCall]) -> list[list[str]]:
    """The states of the tickets of each service."""
    return [service.states for service in services]


def test_a_providers_outage_is_a_ticket_that_is_opened_acknowledged_and_resolved(lab: Lab) -> None:
    provider = lab.add(Provider(lab.address()))
    provider.come_back()
    pbx = lab.asterisk(trunk("trunk-a", f"sip:{provider.address}:{provider.port}", **CHECKED_OFTEN))  # type: ignore[arg-type]
    services = [lab.add(make()).start() for make in SERVICES]
    urls = "".join(f"    {type(service).__name__} = {service.url}\n" for service in services)
    receiver = f"\n[receiver oncall]\ngroup_wait = 500ms\nurls =\n{urls}"
    daemon = lab.add(Daemon(lab.folder("daemon"), pbx_section(pbx) + WATCHES + receiver))
    daemon.start()
    daemon.wait_for_state("PJSIP/trunk-a", "up")

    provider.ignore("OPTIONS")
    daemon.wait(lambda: states(services) == [["open"]] * 4, "a ticket is open everywhere")
    daemon.kill()
    daemon.start()
    acknowledged = daemon.command("ack", "1", "--reason", "called them")
    assert acknowledged.returncode == 0, acknowledged.stderr
    # Alertmanager knows no such state.
    taken = [["open"] if isinstance(service, Alertmanager) else ["acknowledged"] for service in services]
    daemon.wait(lambda: states(services) == taken, "it is acknowledged")
    provider.answer("OPTIONS", 200)
    daemon.wait(lambda: states(services) == [["resolved"]] * 4, "it is resolved")

    provider.ignore("OPTIONS")
    daemon.wait(lambda: states(services) == [["resolved", "open"]] * 4, "another outage is another ticket")
    pager = next(service for service in services if isinstance(service, PagerDuty))
    # An event whose answer was not booked before the kill is repeated, under the same key.
    severities = {event["dedup_key"]: event["payload"]["severity"] for _, event in pager.requests if "payload" in event}
    assert list(severities.values()) == ["critical"] * 2
    assert all(len(service.pages) == 2 for service in services)
