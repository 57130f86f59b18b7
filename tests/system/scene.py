"""A scene for the tests on a real Asterisk: a PBX, its peers, a daemon that watches it, and who is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import Lab
from tests.sinks import WebhookSink
from tests.system.daemon import Daemon

#: Short holds: what happens is the same, only sooner. Asterisk checks every second, with a time-out of half of one.
CHECKED_OFTEN = {"qualify_frequency": 1, "qualify_timeout": 0.5}

WATCHES = """
[watch providers]
endpoints = PJSIP/trunk-*, IAX2/*
down_after = 1s
up_after = 500ms
down_after_exact = yes
receivers = oncall

[watch phones]
endpoints = PJSIP/*, SIP/*

down_after = 2s
up_after = 500ms
down_after_exact = yes
receivers = oncall
"""


def pbx_section(pbx: Asterisk, name: str = "office", **options: str) -> str:
    """Write the section of a PBX of the lab; ``options`` replace or add to the short times used here."""
    given = {
        "url": pbx.url,
        "username": pbx.ari_auth[0],
        "password": pbx.ari_auth[1],
        "application": "healthmon-test",
        "poll_every": "5s",
        "down_after": "2s",
        "restart_grace": "4s",
        **options,
    }
    return f"[pbx {name}]\n" + "".join(f"{key} = {value}\n" for key, value in given.items())


def receiver_section(sink: WebhookSink, name: str = "oncall", **options: str) -> str:
    """Write the section of a receiver that is the webhook sink."""
    given = {"group_wait": "500ms", **options}
    lines = "".join(f"{key} = {value}\n" for key, value in given.items())
    return f"\n[receiver {name}]\n{lines}urls =\n    hook = {sink.url}\n"


@dataclass
class Scene:
    """One daemon that watches one PBX, and the webhook that it tells."""

    lab: Lab
    pbx: Asterisk
    daemon: Daemon
    sink: WebhookSink

    @property
    def subjects(self) -> list[str]:
        """The subjects of all messages that arrived so far."""
        return [message.subject for message in self.sink.messages]

    def wait_told(self, *beginnings: str) -> None:
        """Wait until messages have arrived whose subjects begin so, in this order, and no others."""

        def arrived() -> bool:
            return len(self.subjects) >= len(beginnings)

        self.daemon.wait(arrived, f"{len(beginnings)} messages, {beginnings}; arrived: {self.subjects}")
        assert_told(self.subjects, *beginnings)

    def incidents(self) -> list[dict[str, object]]:
        """All incidents of the report."""
        return list(self.daemon.report("--since", "1h")["incidents"])


def assert_told(subjects: list[str], *beginnings: str) -> None:
    """Check that just these messages arrived, by the beginnings of their subjects."""
    matches = len(subjects) == len(beginnings) and all(
        subject.startswith(beginning) for subject, beginning in zip(subjects, beginnings, strict=True)
    )
    assert matches, f"told {subjects}, expected {list(beginnings)}"


def set_scene(
    lab: Lab,
    pbx: Asterisk,
    folder: Path,
    *,
    config: str = "",
    start: bool = True,
    options: Mapping[str, str] | None = None,
    receiver: Mapping[str, str] | None = None,
) -> Scene:
    """Start a sink and a daemon for a PBX; ``config`` replaces the usual watch sections.

    ``options`` are the PBX's, ``receiver`` those of who is told.
    """
    sink = lab.add(WebhookSink())
    text = pbx_section(pbx, **(options or {})) + (config or WATCHES) + receiver_section(sink, **(receiver or {}))
    daemon = lab.add(Daemon(folder, text))
    if start:
        daemon.start()
    return Scene(lab, pbx, daemon, sink)
