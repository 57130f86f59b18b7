"""How messages are to be written: in which language, and by which templates."""

from __future__ import annotations

import pytest

from healthmon.config.describe import describe
from healthmon.config.loading.templates import LARGEST, TemplateRule
from healthmon.config.reload import difference
from healthmon.config.sections.receiver import TemplateFile
from tests.config.files import PBX, RECEIVER, WATCH, Files

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


WITH_TEMPLATES = PBX + WATCH + RECEIVER + "subject_template = subject.j2\nbody_template = /nowhere/body.j2\n"


def no_good(template: TemplateFile) -> str | None:
    """Dislikes what says so."""
    return f"{template.path}:1: bad" if "bad" in template.text else None


def test_the_templates_of_a_receiver_are_read_with_the_configuration(files: Files) -> None:
    (files.folder / "subject.j2").write_text("{{ subject }} \N{TELEPHONE RECEIVER}")
    text = WITH_TEMPLATES.replace("/nowhere/body.j2", "subject.j2")

    config = files.load(text, templates=TemplateRule(no_good, is_fatal=True))

    file = TemplateFile(files.folder / "subject.j2", "{{ subject }} \N{TELEPHONE RECEIVER}")
    assert (config.receivers[0].subject_template, config.receivers[0].body_template) == (file, file)
    assert f"    subject by {file.path}" in describe(config)


def test_a_broken_template_is_a_problem_with_its_file_and_line(files: Files) -> None:
    (files.folder / "subject.j2").write_text("bad")

    problems = files.problems(WITH_TEMPLATES, templates=TemplateRule(no_good, is_fatal=True))

    assert problems == [
        "config.ini:9 [receiver oncall] subject_template: subject.j2:1: bad",
        "config.ini:10 [receiver oncall] body_template: /nowhere/body.j2 cannot be read: there is no such file",
    ]


def test_a_daemon_starts_with_a_broken_template_and_says_so(files: Files) -> None:
    (files.folder / "subject.j2").write_text("bad")

    config = files.load(WITH_TEMPLATES, templates=TemplateRule(no_good))

    assert (config.receivers[0].subject_template, config.receivers[0].body_template) == (None, None)
    said = [warning for warning in config.warnings if "template" in warning]
    assert [warning.endswith("; healthmon's own words are used") for warning in said] == [True, True]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe", "subject.j2 is not UTF-8"),
        (b" \n", "subject.j2 is empty"),
        (b"x" * (LARGEST + 1), "subject.j2 has more than 100 kB"),
    ],
)
def test_a_file_that_cannot_be_a_template_is_a_problem(files: Files, content: bytes, words: str) -> None:
    (files.folder / "subject.j2").write_bytes(content)
    text = WITH_TEMPLATES.replace("body_template = /nowhere/body.j2", "")

    assert files.problems(text, templates=TemplateRule(is_fatal=True)) == [
        f"config.ini:9 [receiver oncall] subject_template: {words}"
    ]


def test_a_template_that_was_changed_is_used_after_a_reload(files: Files) -> None:
    text = WITH_TEMPLATES.replace("/nowhere/body.j2", "subject.j2")
    (files.folder / "subject.j2").write_text("{{ subject }}")
    before = files.load(text)
    (files.folder / "subject.j2").write_text("{{ subject }}!")

    assert difference(before, files.load(text)).urls_changed == ("oncall/json:127.0.0.1",)
