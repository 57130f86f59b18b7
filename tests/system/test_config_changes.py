"""SIGHUP: what changes takes effect, what does not goes on undisturbed, and a bad file changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from healthmon.demo.fakepbx import FakePbx
from tests.sinks import WebhookSink
from tests.system.daemon import Daemon
from tests.system.fake_scene import fake_section, phones
from tests.system.scene import WATCHES, receiver_section


@dataclass
class Company:
    """Two PBXs with the same phones, a daemon, and a webhook. ``options`` are those of each PBX's section."""

    office: FakePbx
    berlin: FakePbx
    sink: WebhookSink
    daemon: Daemon
    options: dict[str, dict[str, str]] = field(default_factory=lambda: {"office": {}, "berlin": {}})
    watches: str = WATCHES
    receiver: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        """Write the configuration as it is wanted now."""
        pbxs = {"office": self.office, "berlin": self.berlin}
        sections = [fake_section(pbxs[name], name, **options) for name, options in self.options.items()]
        self.daemon.configure("".join(sections) + self.watches + receiver_section(self.sink, **self.receiver))

    def reload(self, until: str) -> None:
        """Write, send SIGHUP, and wait until the log says this about it."""
        before = len(self.daemon.log())
        self.write()
        self.daemon.reload()
        self.daemon.wait(lambda: until in self.daemon.log()[before:], f"the log says {until!r}")

    @property
    def connections(self) -> tuple[int, int, int, int]:
        """How many TCP connections and event streams each PBX has taken so far."""
        return self.office.accepted, self.office.streams_opened, self.berlin.accepted, self.berlin.streams_opened

    @property
    def subjects(self) -> list[str]:
        """The subjects of all messages that arrived so far."""
        return [message.subject for message in self.sink.messages]


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with ExitStack() as ends:
        office, berlin = (ends.enter_context(FakePbx(*phones(3))) for _ in range(2))
        sink = ends.enter_context(WebhookSink())
        daemon = ends.enter_context(Daemon(tmp_path, ""))
        company = Company(office, berlin, sink, daemon)
        company.write()
        daemon.start()
        for name in ("office", "berlin"):
            daemon.wait_for_state("PJSIP/103", "up", name)
        daemon.wait(lambda: office.streams_opened == berlin.streams_opened == 1, "both streams are open")
        yield company


def test_a_bad_file_keeps_the_running_configuration_and_says_all_that_is_wrong(company: Company) -> None:
    company.watches = WATCHES.replace("up_after = 500ms", "up_after = 500").replace("down_after_exact", "exactly")
    before = company.connections

    company.reload("the configuration has problems; the running one stays")

    log = company.daemon.log()
    assert log.count("[watch providers] up_after: ") == log.count("[watch phones] up_after: ") == 1
    assert "[watch phones] exactly: unknown option" in log
    assert company.connections == before
    company.office.phone_down("PJSIP/101")
    company.sink.wait_for_text("DOWN phone 101 (office) since ")


def test_a_changed_receiver_reconnects_to_no_pbx_and_open_incidents_go_on(company: Company) -> None:
    company.office.phone_down("PJSIP/101")
    company.sink.wait_for_text("DOWN phone 101 (office) since ")
    before = company.connections

    company.receiver = {"group_wait": "1s"}
    company.reload("reloaded: uses the new settings of oncall/hook")
    company.office.phone_up("PJSIP/101")

    company.sink.wait_for_text("UP phone 101 (office) after ")
    assert company.connections == before
    assert len(company.subjects) == 2


def test_a_changed_password_reconnects_to_that_pbx_alone(company: Company) -> None:
    before = company.connections

    company.options["berlin"] = {"password": "another-one"}
    company.reload("reloaded: reconnects to berlin")

    company.daemon.wait_for_pbx("unknown", "berlin")
    assert "401" in company.daemon.pbx("berlin")["reason"]
    assert company.daemon.state("PJSIP/101", "office") == "up"
    assert company.connections[:2] == before[:2]
    assert company.connections[2] > before[2]
    company.options["berlin"] = {}
    company.reload("reloaded: reconnects to berlin")
    company.daemon.wait_for_state("PJSIP/101", "up", "berlin")
    assert company.berlin.streams_opened == 2


def test_what_is_no_longer_watched_ends_without_a_recovery(company: Company) -> None:
    for pbx in (company.office, company.berlin):
        pbx.phone_down("PJSIP/101")
    company.sink.wait_until(lambda: sum("101" in subject for subject in company.subjects) >= 1, "101 is told")
    company.daemon.wait_for_state("PJSIP/101", "down", "berlin")

    company.watches = WATCHES.replace("endpoints = PJSIP/*, SIP/*", "endpoints = PJSIP/*\nexclude = PJSIP/101")
    company.reload("reloaded: other [watch …] sections")

    company.daemon.wait(lambda: company.daemon.target("PJSIP/101") == {}, "101 is not watched")
    incidents = company.daemon.report("--since", "1h")["incidents"]
    assert [one["ending"] for one in incidents] == ["no longer watched", "no longer watched"]
    company.office.phone_down("PJSIP/102")
    company.sink.wait_for_text("DOWN phone 102 (office)")
    assert not any(subject.startswith("UP ") for subject in company.subjects)


def test_what_is_not_watched_for_a_while_is_missed_by_nobody_and_is_seen_again_at_once(company: Company) -> None:
    company.options = {"office": {"poll_every": "10m"}, "berlin": {"poll_every": "10m"}}
    company.watches = WATCHES.replace("endpoints = PJSIP/*, SIP/*", "endpoints = PJSIP/101")
    company.reload("other [watch …] sections")
    company.daemon.wait(lambda: company.daemon.target("PJSIP/103", "berlin") == {}, "103 is not watched")

    company.watches = WATCHES
    company.reload("other [watch …] sections")

    for name in ("office", "berlin"):
        company.daemon.wait_for_state("PJSIP/103", "up", name)
    # Two of three that are missing would be an incident of the PBX after ten seconds.
    assert "missing" not in company.daemon.log()
    assert company.daemon.report("--since", "1h")["incidents"] == []


def test_a_pbx_is_removed_and_added(company: Company) -> None:
    company.berlin.phone_down("PJSIP/101")
    company.sink.wait_for_text("DOWN phone 101 (berlin) since ")
    before = company.connections

    berlin = company.options.pop("berlin")
    company.reload("reloaded: disconnects from berlin")
    company.daemon.wait(lambda: company.daemon.pbx("berlin") == {}, "berlin is not watched")
    incidents = company.daemon.report("--since", "1h")["incidents"]
    assert [one["ending"] for one in incidents] == ["its PBX is no longer configured"]
    assert company.daemon.target("PJSIP/101", "berlin") == {}
    company.options["berlin"] = berlin
    company.reload("reloaded: connects to berlin")

    company.daemon.wait_for_state("PJSIP/102", "up", "berlin")
    company.berlin.phone_down("PJSIP/102")
    told = company.sink.wait_for_text("DOWN phone 102 (berlin)")
    assert "No longer watched, so no recovery will be told:\nphone 101 (berlin): its PBX is no longer" in told.body
    assert company.connections[:2] == before[:2]
