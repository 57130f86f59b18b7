"""The thread of a receiver URL and a defect of its deliverer: what is said past the outbox is said all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from healthmon.app import supervision, telling
from healthmon.app.telling import Telling
from healthmon.config.reload import difference
from healthmon.errors import DatabaseUnwritable
from healthmon.model import Target
from healthmon.notify.compose.message import Message
from healthmon.notify.compose.voice import Voice
from healthmon.notify.templates.rendering import Rendering
from healthmon.store.outbox.outbox import Outbox
from healthmon.store.read.queries import open_reader
from healthmon.store.write.writer import open_writer
from healthmon.times.clock import Clock
from tests.core.scene import START, config
from tests.waiting import wait_for

PHONE = Target("office", "PJSIP", "101")
SUBJECTS = ["the disk is full", "the disk fails"]


class DefectiveSender:
    """Has a defect so many times, and then takes everything."""

    min_interval = 0.0
    takes_tickets = False
    most_characters = None

    def __init__(self) -> None:
        self.defects = 1
        self.sent: list[str] = []

    def send(self, message: Message) -> None:
        """Take a message."""
        if self.defects:
            self.defects -= 1
            raise RuntimeError("a defect of ours")
        self.sent.append(message.subject)


def _name_of_a_phone(voice: Voice) -> Message:
    return Message(voice.names.of(PHONE), "…")


def _message(subject: str, _voice: Voice) -> Message:
    return Message(subject, "…")


class Stage:
    """One URL that is told by a thread of its own."""

    def __init__(self, database: Path, sender: DefectiveSender) -> None:
        self.database, self.sender = database, sender
        self.telling = Telling(database, Clock(), Rendering())

    def start(self) -> None:
        """Tell one receiver."""
        usual = config()
        self.config = replace(usual, receivers=usual.receivers[:1])
        self.telling.start(self.config)

    def reload(self, **changed: object) -> None:
        """Go on with another configuration."""
        before, self.config = self.config, replace(self.config, **changed)
        self.telling.reload(self.config, difference(before, self.config))

    def says(self, *subjects: str) -> None:
        """Say it past the outbox."""
        for subject in subjects:
            self.telling.say_directly(partial(_message, subject))

    def failing(self) -> list[str]:
        """Why URLs fail, as it is booked."""
        with open_reader(self.database) as reader:
            return [url.last_error for url in reader.urls()]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    path, sender = tmp_path / "healthmon.db", DefectiveSender()
    monkeypatch.setattr(telling, "sender_for", lambda *_: sender)
    monkeypatch.setattr(supervision, "PAUSES", (0.05,))
    with closing(open_writer(path, now=START)) as writer:
        writer.load()
        stage = Stage(path, sender)
        stage.start()
        yield stage
        stage.telling.stop()


def test_what_is_said_past_the_outbox_outlives_a_defect_of_the_deliverer(stage: Stage) -> None:
    stage.says(*SUBJECTS)

    wait_for(lambda: stage.sender.sent == SUBJECTS)


def test_message_whose_sending_meets_with_a_defect_again_is_given_up_for_the_others(stage: Stage) -> None:
    stage.sender.defects = 2

    stage.says(*SUBJECTS)

    wait_for(lambda: stage.sender.sent == SUBJECTS[1:])


def test_defect_does_not_keep_a_url_silent_while_the_database_cannot_be_written(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(path: Path) -> Outbox:
        raise DatabaseUnwritable(path, "the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(telling, "open_outbox", refuses)
        stage.says(*SUBJECTS)
        wait_for(lambda: stage.sender.sent == SUBJECTS)

    wait_for(lambda: any("a defect of healthmon (RuntimeError)" in why for why in stage.failing()))


def test_other_names_are_used_after_a_reload_and_after_a_defect_too(stage: Stage) -> None:
    stage.reload(names={"PJSIP/101": "Reception"})
    stage.telling.say_directly(_name_of_a_phone)
    # The first one meets with a defect, and is sent by the next deliverer.
    wait_for(lambda: stage.sender.sent == ["Reception"])

    stage.telling.say_directly(_name_of_a_phone)
    wait_for(lambda: stage.sender.sent == ["Reception", "Reception"])
