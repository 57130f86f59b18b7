"""How often one event goes from file to file on its way from the socket to a message, and into one it had left.

``python -m tests.crossings`` says it. A step from one file to another counts once, however often it is taken: who reads
the way follows it once. Folders of mere values are not counted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import healthmon
from healthmon.languages import language
from healthmon.model import Health, Observation, Source, Witness
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.voice import Voice
from healthmon.sources.events import EventSource
from healthmon.sources.inbox import Inbox
from healthmon.sources.signals import Signals
from healthmon.store.outbox.outbox import open_outbox
from tests.test_engine import TRUNK, Stage

PACKAGE = Path(healthmon.__file__).parent
#: What only holds or writes values, wherever the way goes.
VALUES = ("model", "times", "text", "config", "languages", "history", "wire", "report", "errors.py")
#: That of the store: how rows are written.
ROWS = ("store/codec.py", "store/rows.py", "store/session.py", "store/timeline.py", "store/sqlite")


class Walk:
    """The files in whose functions the event was, one after the other."""

    def __init__(self) -> None:
        self.files: list[str] = []

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Note each function of healthmon that is entered meanwhile; what is imported first is none."""
        sys.setprofile(self._note)
        try:
            yield
        finally:
            sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event != "call" or code.co_name == "<module>" or not Path(code.co_filename).is_relative_to(PACKAGE):
            return
        name = str(Path(code.co_filename).relative_to(PACKAGE))
        if not name.startswith((*VALUES, *ROWS)) and self.files[-1:] != [name]:
            self.files.append(name)


class Crossings(NamedTuple):
    """How many steps from file to file there are, and how many of them lead into one that was left before."""

    steps: int
    returns: int
    files: int


def crossings_of(walk: list[str]) -> Crossings:
    """Count the steps of a walk, each once."""
    steps = dict.fromkeys(pairwise(walk))
    files, returns = set(walk[:1]), 0
    for _, entered in steps:
        returns += entered in files
        files.add(entered)
    return Crossings(len(steps), returns, len(files))


def ways() -> dict[str, Crossings]:
    """Follow an endpoint that does not answer any more, until that is told."""
    with TemporaryDirectory(prefix="healthmon-crossings-") as folder:
        stage = Stage(Path(folder) / "healthmon.db")
        with closing(stage.writer):
            walks = dict(_ways(stage))
    found = {name: crossings_of(walk.files) for name, walk in walks.items()}
    return {**found, "the whole way": crossings_of([file for walk in walks.values() for file in walk.files])}


def _ways(stage: Stage) -> Iterator[tuple[str, Walk]]:
    """Follow an event to its message."""
    stage.engine.step([stage.snapshot()])
    inbox, seen, believed, told = Inbox(100), Walk(), Walk(), Walk()
    source = EventSource(stage.config.pbxs[0], inbox, stage.clock, Signals())
    with seen.followed():
        source._take(_lost(stage))
        stage.engine.step(inbox.drain(0.0))
    # Offline is believed only where the device state says so, too.
    device = Observation(TRUNK, Health.DOWN, stage.clock.now(), Source.EVENT, Witness.DEVICE, "device UNAVAILABLE")
    stage.engine.step([device])
    stage.time.passes(31)
    answer = stage.snapshot(Health.DOWN)
    with believed.followed():
        stage.engine.step([answer])
    with closing(open_outbox(stage.path)) as outbox, told.followed():
        claim = outbox.claim("oncall/boss", stage.clock.now())
        assert claim is not None
        message = compose(claim.rows, Voice(language("en"), ZoneInfo("UTC"), stage.clock.now()))
    assert message.subject.startswith("DOWN"), message.subject
    yield "socket to what is pending", seen
    yield "answer to what is booked", believed
    yield "booked to message", told


def _lost(stage: Stage) -> bytes:
    """What Asterisk sends when a contact does not answer any more."""
    return json.dumps(
        {
            "type": "ContactStatusChange",
            "application": stage.config.pbxs[0].application,
            "endpoint": {
                "technology": TRUNK.technology,
                "resource": TRUNK.resource,
                "state": "offline",
                "channel_ids": [],
            },
            "contact_info": {"uri": "sip:192.0.2.1", "contact_status": "Unreachable", "aor": TRUNK.resource},
        }
    ).encode()


if __name__ == "__main__":
    for name, found in ways().items():
        print(f"{name}: {found.steps} steps among {found.files} files, {found.returns} into one that it had left")
