"""What people call endpoints, in every command that shows or takes one; and nothing where nothing has a name."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from healthmon.cli.main import cli
from healthmon.model import Changes, EndpointSettings, Health, Target
from healthmon.store.write.writer import open_writer
from tests.report.builder import DAY, HOUR, MINUTE, NOW, connection, outage, phone, provider, steps, stopped

DOWN = Health.DOWN
#: It is called Reception by the configuration, and Anna by its caller id.
DESK = phone("103", DOWN, since=NOW - HOUR)
HOSTILE = '=HYPERLINK("x")|<b>Söhne</b>\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}'
#: That name as people see it: on one line, and in no control of anything.
SHOWN = r"=HYPERLINK('x')|<b>Söhne</b>\x1b[31m\u202e"
CONFIG = "[healthmon]\ndatabase = healthmon.db\n[names]\noffice:PJSIP/103 = Reception\n"

RunNamed = Callable[..., Result]


def book_names(database: Path, **names: str) -> None:
    """Book what the caller ids of phones call them."""
    writer = open_writer(database, now=NOW)
    targets = {Target("office", "PJSIP", number.removeprefix("_")): name for number, name in names.items()}
    settings = {target: EndpointSettings(target, NOW, known=True, caller_name=name) for target, name in targets.items()}
    writer.commit(Changes(settings=settings))
    writer.close()


@pytest.fixture
def office(database: Path) -> Path:
    """Three phones, of which one is down, and a provider."""
    history = steps(DESK, (NOW - 2 * DAY, Health.UP), (NOW - HOUR, DOWN))
    states = [connection(), DESK, phone("104"), phone("105"), provider("trunk")]
    stopped(database, states, history=history, incidents=[outage(7, DESK, NOW - HOUR)])
    return database


@pytest.fixture
def named(office: Path, monkeypatch: pytest.MonkeyPatch) -> RunNamed:
    """Run ``healthmon --config … COMMAND ARGUMENTS`` where some phones have names."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.setattr("time.time", lambda: NOW)
    book_names(office, _103="Anna", _104=HOSTILE)
    config = office.parent / "config.ini"
    config.write_text(CONFIG, encoding="utf-8")

    def run_command(command: str, *arguments: str) -> Result:
        return CliRunner().invoke(cli, ["--config", str(config), command, *arguments], catch_exceptions=False)

    return run_command


def test_status_has_a_column_of_names(named: RunNamed) -> None:
    lines = named("status").stdout.splitlines()

    [title] = [line for line in lines if line.startswith("ENDPOINT")]
    [desk] = [line for line in lines if line.startswith("PJSIP/103")]
    [hostile] = [line for line in lines if line.startswith("PJSIP/104")]
    assert title.split() == ["ENDPOINT", "NAME", "KIND", "STATE", "SINCE", "WHY"]
    assert desk.split()[:4] == ["PJSIP/103", "Reception", "phone", "down"]
    assert SHOWN in hostile


def test_of_a_big_system_what_is_listed_has_its_name(named: RunNamed, office: Path) -> None:
    writer = open_writer(office, now=NOW)
    many = [phone(str(number)) for number in range(1000, 1100)]
    writer.commit(Changes(states={(state.target, state.check): state for state in many}))
    writer.close()
    book_names(office, _1000="Carla")

    assert "PJSIP/103  Reception" in named("status").stdout
    assert "Carla" not in named("status").stdout
    assert "Carla" in named("status", "--all").stdout
    assert "Carla" in named("status", "--json").stdout


def test_status_for_programs_has_the_name_where_there_is_one(named: RunNamed) -> None:
    targets = json.loads(named("status", "--json").stdout)["targets"]

    assert {each["endpoint"]: each.get("called") for each in targets} == {
        "PJSIP/103": "Reception",
        "PJSIP/104": SHOWN,
        "PJSIP/105": None,
        "PJSIP/trunk": None,
    }
    assert sum("called" in each for each in targets) == 2


def test_incidents_and_the_story_of_each_have_the_name(named: RunNamed) -> None:
    assert 'PJSIP/103 "Reception"' in named("incidents").stdout
    assert json.loads(named("incidents", "--json").stdout)[0]["called"] == "Reception"
    assert named("incident", "7").stdout.startswith('incident 7: phone PJSIP/103 "Reception" on office, reachability')
    assert json.loads(named("incident", "7", "--json").stdout)["incident"]["called"] == "Reception"


@pytest.mark.parametrize("words", ["Reception", "reception", "office:Reception", "103"])
def test_history_finds_a_phone_by_its_name(named: RunNamed, words: str) -> None:
    assert named("history", words).stdout.startswith('phone office:PJSIP/103 "Reception", watch phones')
    assert json.loads(named("history", words, "--json").stdout)["target"]["called"] == "Reception"


def test_history_says_what_is_a_part_of_a_name(named: RunNamed) -> None:
    result = named("history", "recep")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "this is a part of 1 target: office:PJSIP/103" in result.stderr


@pytest.mark.parametrize("form", ["table", "markdown", "html", "json", "csv"])
def test_a_report_has_the_names_in_every_form_and_no_name_is_more_than_letters(named: RunNamed, form: str) -> None:
    text = named("report", "--format", form, "--incidents").stdout

    assert "Reception" in text
    assert "\x1b" not in text
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in text
    assert ("<b>" in text) == (form in ("table", "json"))


def test_the_page_and_the_markdown_list_the_names(named: RunNamed) -> None:
    page = named("report", "--format", "html").stdout

    assert "&lt;b&gt;Söhne&lt;/b&gt;" in page
    assert "| PJSIP/103 | Reception | phone |" in named("report", "--format", "markdown").stdout
    assert "PJSIP/103 &#34;Reception&#34;" in page


def test_a_table_of_figures_has_a_name_in_its_last_column(named: RunNamed) -> None:
    rows = list(csv.DictReader(StringIO(named("report", "--format", "csv").stdout)))

    assert list(rows[0])[-1] == "called"
    # A spreadsheet must not take it for a formula.
    assert {row["endpoint"]: row["called"] for row in rows if row["called"]} == {
        "PJSIP/103": "Reception",
        "PJSIP/104": f"'{SHOWN}",
    }


def test_a_table_of_incidents_has_it_too(named: RunNamed) -> None:
    [row] = csv.DictReader(StringIO(named("report", "--format", "csv", "--incidents").stdout))

    assert (row["endpoint"], row["called"]) == ("PJSIP/103", "Reception")


def test_what_is_silenced_and_acknowledged_is_named(named: RunNamed) -> None:
    added = named("silence", "add", "103", "--for", "1h").stdout
    assert 'It speaks of 1 thing that is watched now: PJSIP/103 "Reception" on office.' in added
    named("silence", "add", "kind=phone", "--for", "1h")

    one, several = json.loads(named("silence", "list", "--json").stdout)
    assert (one["called"], "called" in several) == ("Reception", False)
    assert '103 "Reception"' in named("silence", "list").stdout
    assert named("ack", "7").stdout.startswith('incident 7 (phone PJSIP/103 "Reception" on office) is acknowledged')


def test_an_incident_of_another_check_than_reachability_says_which(named: RunNamed, office: Path) -> None:
    registration = outage(8, DESK, NOW - HOUR, check="registration")
    writer = open_writer(office, now=NOW)
    writer.commit(Changes(incidents={8: registration}))
    writer.close()

    listed = named("incidents").stdout
    assert 'PJSIP/103 "Reception", registration' in listed
    assert listed.count("registration") == 1


@pytest.mark.parametrize("what", ["transitions", "incidents"])
def test_an_export_has_the_names_in_its_last_column(named: RunNamed, what: str) -> None:
    rows = list(csv.DictReader(StringIO(named("export", "--what", what).stdout)))

    assert list(rows[0])[-1] == "called"
    assert {row["called"] for row in rows if row["resource"] == "103"} == {"Reception"}
    objects = [json.loads(row) for row in named("export", "--what", what, "--format", "jsonl").stdout.splitlines()]
    assert objects[0]["called"] == "Reception"


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["status", "--json"],
        ["incidents"],
        ["incidents", "--json"],
        ["incident", "7", "--json"],
        ["history", "103", "--json"],
        ["export"],
        *(["report", "--format", form, "--incidents"] for form in ("table", "csv", "json", "markdown")),
    ],
)
def test_where_nothing_has_a_name_nothing_speaks_of_names(
    office: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr("time.time", lambda: NOW + MINUTE)
    command, *others = arguments
    result = CliRunner().invoke(cli, [command, "--database", str(office), *others], catch_exceptions=False)

    assert "103" in result.stdout
    assert "called" not in result.stdout
    assert "NAME" not in result.stdout


# ---------------------------------------------------------------- commands that take a name


@pytest.mark.parametrize("word", ["Reception", "reception", "endpoint=Reception", "office:Reception"])
def test_a_silence_is_given_by_what_people_call_an_endpoint(named: RunNamed, word: str) -> None:
    result = named("silence", "add", word, "--for", "1h")

    assert result.exit_code == 0, result.output
    assert "office:PJSIP/103" in result.stdout
    assert 'It speaks of 1 thing that is watched now: PJSIP/103 "Reception" on office' in result.stdout


def test_a_silence_by_a_name_that_two_have_says_so_and_is_not_given(named: RunNamed, office: Path) -> None:
    book_names(office, _104="Reception")

    result = named("silence", "add", "Reception", "--for", "1h")

    assert result.exit_code != 0
    assert "Reception names 2 targets: office:PJSIP/103, office:PJSIP/104; write which one you mean" in result.stderr
    assert "No silence" in named("silence", "list").output


def test_check_takes_what_people_call_an_endpoint(named: RunNamed, office: Path) -> None:
    assert "matches nothing" not in named("check", "--endpoint", "Reception").output
    assert named("check", "--endpoint", "Nobody").output.startswith("HEALTHMON UNKNOWN: --endpoint Nobody matches")

    book_names(office, _104="Reception")
    two = named("check", "--endpoint", "Reception")
    assert (two.exit_code, two.output.startswith("HEALTHMON UNKNOWN: Reception names 2 targets")) == (3, True)


def test_an_endpoint_goes_before_who_is_called_like_it(named: RunNamed, office: Path) -> None:
    book_names(office, _104="105")

    assert "office:PJSIP/104" not in named("silence", "add", "105", "--for", "1h").stdout


@pytest.mark.parametrize("words", ["Reception", "reception", "office:Reception", "PJSIP/103", "office:PJSIP/103"])
def test_an_incident_is_acknowledged_by_the_name_of_what_it_is_about(named: RunNamed, words: str) -> None:
    result = named("ack", words)

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith('incident 7 (phone PJSIP/103 "Reception" on office) is acknowledged')


def test_what_is_not_one_incident_by_its_name_is_not_acknowledged(named: RunNamed, office: Path) -> None:
    nothing = named("ack", "PJSIP/105")
    writer = open_writer(office, now=NOW)
    writer.commit(Changes(incidents={8: outage(8, DESK, NOW - HOUR, check="registration")}))
    writer.close()

    several = named("ack", "Reception")

    assert (nothing.exit_code, several.exit_code) == (2, 2)
    assert "office:PJSIP/105: there is no incident of it that lasts; healthmon incidents --open" in nothing.stderr
    assert "office:PJSIP/103: 2 incidents of it last: 7 (reachability), 8 (registration); give" in several.stderr


@pytest.mark.parametrize("words", ["Reception", "reception", "office:Reception"])
def test_a_report_is_about_an_endpoint_by_its_name(named: RunNamed, words: str) -> None:
    result = named("report", "--endpoint", words, "--format", "json")

    assert (result.exit_code, result.stderr) == (0, "")
    assert [line["endpoint"] for line in json.loads(result.stdout)["targets"]] == ["PJSIP/103"]


def test_a_name_that_nobody_has_is_said_by_a_report(named: RunNamed) -> None:
    result = named("report", "--endpoint", "Receptions")

    assert result.exit_code == 3
    assert "--endpoint Receptions matches nothing" in result.stderr
