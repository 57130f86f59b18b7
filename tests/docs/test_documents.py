"""What the documentation says exists, and what exists is documented."""

import re
from pathlib import Path

import click
import pytest

from healthmon.cli.main import cli
from healthmon.config.options import KINDS
from healthmon.errors import ExitCode
from healthmon.store.read.export_pages import EXPORTS

from .documents import (
    DOCUMENTS,
    MANUAL,
    ROOT,
    anchors,
    calls,
    code_paths,
    commands,
    links,
    make_targets,
    make_targets_called,
    name_of,
    options,
)

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
each_page = pytest.mark.parametrize("document", MANUAL, ids=name_of)


@each_document
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in links(document):
        file, _, anchor = link.partition("#")
        target = (document.parent / file).resolve() if file else document

        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@each_document
def test_every_file_of_the_program_that_is_named_exists(document: Path) -> None:
    missing = [
        path for path in code_paths(document) if not (ROOT / path).exists() and not (ROOT / "healthmon" / path).exists()
    ]

    assert not missing


@each_document
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    assert make_targets_called(document) <= make_targets()


@each_page
def test_every_call_in_the_documentation_is_a_command_with_options_that_it_has(document: Path) -> None:
    known = commands()
    for words in calls(document):
        of_the_group = options(cli) | {"--version", "-h", "--help"}
        command: click.Command | None = None
        for word in words:
            if word.startswith("-"):
                allowed = of_the_group if command is None else options(command) | {"--help", "-h"}
                assert word.partition("=")[0] in allowed, f"healthmon {' '.join(words)}"
            elif command is None and word in known:
                command = known[word]

        assert command is not None or words[0].startswith("-"), f"healthmon {' '.join(words)}: no such command"


@pytest.mark.parametrize("name", sorted(cli.list_commands(click.Context(cli))))
def test_every_command_and_option_is_in_the_readme_or_the_manual(name: str) -> None:
    command = commands()[name]
    text = "\n".join(document.read_text() for document in MANUAL)

    assert f"healthmon {name}" in (ROOT / "README.md").read_text()
    assert [option for option in options(command) if option.startswith("--") and option not in text] == []


@pytest.mark.parametrize("name", sorted(cli.list_commands(click.Context(cli))))
def test_every_command_and_option_explains_itself(name: str) -> None:
    command = commands()[name]

    assert command.help
    assert all(parameter.help for parameter in command.params if isinstance(parameter, click.Option))


def test_the_readme_lists_every_exit_code() -> None:
    codes = {value for name, value in vars(ExitCode).items() if name.isupper()}
    readme = (ROOT / "README.md").read_text()

    assert [code for code in codes if f"| {code} | " not in readme] == []


@pytest.mark.parametrize("what", EXPORTS)
def test_every_column_of_an_export_is_explained(what: str) -> None:
    chapter = (ROOT / "docs" / "export.md").read_text().partition(f"## {what.capitalize()}\n")[2].partition("\n## ")[0]
    explained = [
        name for row in re.findall(r"^\| (`.+?`) \|", chapter, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    ]

    assert explained == [column.name for column in EXPORTS[what].columns]


#: Options that say what is watched, or how it is reached, and not when somebody is told.
NOT_ABOUT_ALERTS = {"endpoints", "exclude", "pbx", "urls", "urls_file"}


@pytest.mark.parametrize("section", ["watch", "receiver"])
def test_the_guide_to_alerting_knows_every_option_that_bears_on_them(section: str) -> None:
    guide = (ROOT / "docs" / "alerting.md").read_text(encoding="utf-8")
    options = {option.name for option in KINDS[section].options} - NOT_ABOUT_ALERTS

    assert not {name for name in options if f"`{name}`" not in guide and f"`{name} " not in guide}
