"""The alert that goes past a database that cannot be written: at most one an hour, also over restarts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from healthmon.notify.compose.message import Message, MessageDraft
from healthmon.notify.compose.own_trouble import again, lost, refused
from healthmon.notify.compose.ticket import Action
from healthmon.notify.delivery.past_outbox import DirectAlert, here, note_of_lost, note_of_refused
from healthmon.notify.delivery.told_note import ToldNote
from tests.notify.rows import ENGLISH

WORDS = "/var/lib/healthmon/healthmon.db: the disk is full"
BEGIN = 1_777_640_000.0


@dataclass
class Scene:
    """What was said, and a wall clock."""

    folder: Path
    now: float = BEGIN
    said: list[Message] = field(default_factory=list)

    def _say(self, draft: MessageDraft) -> None:
        self.said.append(draft(replace(ENGLISH, now=self.now)))

    def start(self) -> DirectAlert:
        """Start a daemon."""
        return DirectAlert(self.folder / "healthmon.db", self._say, lambda: self.now)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    return Scene(tmp_path)


def test_everybody_is_told_what_is_wrong_and_when(scene: Scene) -> None:
    scene.start().tell(WORDS)

    [message] = scene.said
    assert message.subject == "DOWN healthmon: its database cannot be written"
    assert WORDS in message.body
    assert "Fri 1 May 2026 14:53:20 CEST (UTC+2)" in message.body


def test_nobody_is_told_again_within_the_hour(scene: Scene) -> None:
    alert = scene.start()
    alert.tell(WORDS)
    scene.now += 3599
    alert.tell(WORDS)
    assert len(scene.said) == 1

    scene.now += 1
    alert.tell(WORDS)

    assert len(scene.said) == 2


def test_a_restart_does_not_forget_the_hour(scene: Scene) -> None:
    scene.start().tell(WORDS)
    scene.now += 60

    scene.start().tell(WORDS)

    assert len(scene.said) == 1


def test_it_is_noted_in_systemds_runtime_directory_too_where_the_disk_is_never_full(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(runtime))
    scene.folder = tmp_path / "missing"
    scene.start().tell(WORDS)
    scene.now += 60

    scene.start().tell(WORDS)

    assert len(scene.said) == 1
    assert (runtime / "healthmon.db.told-directly").stat().st_mtime == BEGIN


def test_a_folder_that_cannot_be_written_costs_only_the_memory_over_restarts(scene: Scene, tmp_path: Path) -> None:
    scene.folder = tmp_path / "missing"
    alert = scene.start()

    alert.tell(WORDS)
    alert.tell(WORDS)

    assert len(scene.said) == 1


def test_the_note_is_made_while_there_is_room_and_says_never(scene: Scene) -> None:
    scene.start()

    assert (scene.folder / "healthmon.db.told-directly").stat().st_mtime == 0


def test_a_clock_that_was_set_back_does_not_silence_us(scene: Scene) -> None:
    alert = scene.start()
    alert.tell(WORDS)
    scene.now -= 86400

    alert.tell(WORDS)

    assert len(scene.said) == 2


# ---------------------------------------------------------------- that healthmon does not run, and that it does again


@pytest.mark.parametrize("note_of", [note_of_lost, note_of_refused])
def test_who_was_told_that_it_does_not_run_is_told_once_that_it_does(
    scene: Scene, note_of: Callable[[Path], ToldNote]
) -> None:
    alert = scene.start()
    note_of(scene.folder / "healthmon.db").note(scene.now)
    scene.now += 300

    alert.runs_well()
    alert.runs_well()

    assert [message.subject for message in scene.said] == ["UP healthmon: it runs again"]


def test_who_was_told_nothing_is_not_told_that_it_runs_again(scene: Scene) -> None:
    scene.start().runs_well()

    assert scene.said == []


def test_that_it_runs_again_does_not_end_the_hour(scene: Scene) -> None:
    note = note_of_lost(scene.folder / "healthmon.db")
    note.note(scene.now)
    scene.start().runs_well()

    assert note.is_quiet(scene.now + 3599)
    assert not note.is_quiet(scene.now + 3600)
    note.note(scene.now + 3600)
    assert note.lasts()


def test_the_ticket_that_it_does_not_run_is_resolved_when_it_runs_again(scene: Scene) -> None:
    voice = replace(ENGLISH, now=BEGIN)
    place = here(scene.folder / "healthmon.db")
    opened = [lost(WORDS, place, voice).ticket, refused(WORDS, place, voice).ticket]
    resolved = again(place, voice).ticket

    assert resolved is not None
    assert resolved.actions == (Action.RESOLVE,)
    assert {(ticket.key, ticket.actions) for ticket in opened if ticket} == {(resolved.key, (Action.TRIGGER,))}


def test_a_note_is_never_written_through_a_link(scene: Scene, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.touch()
    before = victim.stat().st_mtime
    (scene.folder / "healthmon.db.told-lost").symlink_to(victim)

    assert not note_of_lost(scene.folder / "healthmon.db").note(scene.now)

    assert victim.stat().st_mtime == before
