"""How messages are to be written: by language."""

from __future__ import annotations

from healthmon.config.describe import describe
from tests.config.files import PBX, WATCH, Files

RECEIVERS = "[receiver boss]\nurls = json://h\n[receiver noc]\nurls = json://h\nlanguage = EN\n"


def test_a_receiver_reads_its_own_language_else_that_of_the_file(files: Files) -> None:
    config = files.load("[healthmon]\nlanguage = ru\n" + PBX + WATCH + RECEIVERS)

    assert [(receiver.name, receiver.language) for receiver in config.receivers] == [("boss", "ru"), ("noc", "en")]
    assert "receiver boss: waits 5s for more to tell, gives up after 1d, writes ru" in describe(config)


def test_messages_are_english_unless_somebody_wants_another_language(files: Files) -> None:
    config = files.load(PBX + WATCH + RECEIVERS)

    assert {receiver.language for receiver in config.receivers} == {"en"}


def test_a_language_that_nobody_has_translated_is_a_problem(files: Files) -> None:
    [problem] = files.problems(PBX + WATCH + RECEIVERS + "[healthmon]\nlanguage = russian\n")

    assert problem == "config.ini:13 [healthmon] language: russian: must be one of en, ru"
