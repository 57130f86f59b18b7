"""What the documentation says exists, and what exists is documented."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import click
import pytest

import healthmon
from healthmon.cli.main import BROKEN_PIPE, INTERRUPTED, cli
from healthmon.cli.output import OutputFailed
from healthmon.config.kinds import KINDS
from healthmon.demo.trouble import DemoFailed
from healthmon.errors import ExitCode, HealthmonError
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


def exit_codes() -> dict[int, str]:
    """What the README says of each exit code."""
    table = (ROOT / "README.md").read_text().partition("| exit code | means |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| ([\d, ]+) \| (.+) \|$", table, re.MULTILINE)
    return {int(code): words for codes, words in rows for code in codes.split(",")}


def kinds_of(error: type[HealthmonError]) -> Iterator[type[HealthmonError]]:
    """A kind of error and all that are derived from it."""
    yield error
    for kind in error.__subclasses__():
        yield from kinds_of(kind)


def test_the_readme_lists_every_exit_code_and_no_other() -> None:
    for module in walk_packages(healthmon.__path__, "healthmon."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    codes = {value for name, value in vars(ExitCode).items() if name.isupper()}

    assert set(exit_codes()) == {*codes, INTERRUPTED, BROKEN_PIPE}
    assert {kind.exit_code for kind in kinds_of(HealthmonError)} <= codes


#: A command that ends with such a code, and where its code says so.
ENDINGS = {
    ("status", ExitCode.PROBLEM): "report/status/rows.py",
    ("status", ExitCode.STALE): "report/status/rows.py",
    ("test-alert", ExitCode.PROBLEM): "cli/test_alert.py",
    ("schedule run", ExitCode.PROBLEM): "cli/schedule.py",
    ("check-config --connect", ExitCode.PROBLEM): "cli/check_config.py",
    ("discover", ExitCode.PROBLEM): "cli/discover.py",
    ("doctor", ExitCode.PROBLEM): "report/doctor/diagnosis.py",
    ("doctor", ExitCode.STALE): "report/doctor/diagnosis.py",
    ("ari", ExitCode.PROBLEM): "cli/ari.py",
    ("db check", ExitCode.PROBLEM): "cli/db.py",
    ("report --sla", ExitCode.PROBLEM): "cli/report.py",
    ("report", ExitCode.STALE): "cli/report.py",
    ("run", ExitCode.PROBLEM): "app/daemon.py",
    ("run", ExitCode.DATABASE_LOST): "app/daemon.py",
}
#: It says what ended the commands.
EVERYWHERE = {("cli/main.py", ExitCode.PROBLEM), ("cli/main.py", ExitCode.DATABASE)}


def test_the_readme_says_which_command_ends_with_which_code() -> None:
    codes = {name: value for name, value in vars(ExitCode).items() if name.isupper()}
    places = [*(ROOT / "healthmon" / "cli").glob("*.py"), *(ROOT / "healthmon" / name for name in ENDINGS.values())]
    found = {
        (str(path.relative_to(ROOT / "healthmon")), codes[name])
        for path in places
        for name in re.findall(r"(?:return|ctx\.exit\(|SystemExit\() ?ExitCode\.(\w+)", path.read_text())
    }
    said = exit_codes()

    assert {(place, code) for place, code in found if code} == {
        *((place, code) for (_, code), place in ENDINGS.items()),
        *EVERYWHERE,
    }
    assert [command for command, code in ENDINGS if f"`{command}`" not in said[code]] == []
    assert "`report -o`, `export -o`" in said[OutputFailed.exit_code]
    assert "`demo`" in said[DemoFailed.exit_code]


@pytest.mark.parametrize("what", EXPORTS)
def test_every_column_of_an_export_is_explained(what: str) -> None:
    chapter = (ROOT / "docs" / "export.md").read_text().partition(f"## {what.capitalize()}\n")[2].partition("\n## ")[0]
    explained = [
        name for row in re.findall(r"^\| (`.+?`) \|", chapter, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    ]

    assert explained == [column.name for column in EXPORTS[what].columns]


#: Options that say what is watched, how it is reached, or who sees it over HTTP, and not when somebody is told.
NOT_ABOUT_ALERTS = {"endpoints", "exclude", "pbx", "urls", "urls_file", "customer"}


@pytest.mark.parametrize("section", ["watch", "receiver"])
def test_the_guide_to_alerting_knows_every_option_that_bears_on_them(section: str) -> None:
    guide = (ROOT / "docs" / "alerting.md").read_text(encoding="utf-8")
    options = {option.name for option in KINDS[section].options} - NOT_ABOUT_ALERTS

    assert not {name for name in options if f"`{name}`" not in guide and f"`{name} " not in guide}
