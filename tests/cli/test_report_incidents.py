"""``healthmon report`` over very many incidents: what each form lists of them, and that none has all in memory."""

from __future__ import annotations

import csv
import io
import json
import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthmon.cli.output import output_to
from healthmon.model import Health, Incident
from healthmon.report.availability.forms import Layout, listing, pieces
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.report.availability.text import LISTED, LISTED_INCIDENTS
from healthmon.store.read.queries import open_reader
from tests.cli.conftest import Run
from tests.report.builder import DAY, MINUTE, NOW, outage, phone, steps, stopped
from tests.report.example import BERLIN

#: More than any form lists but JSON and CSV, and more than are read at once.
MANY = 2_500
#: What all of them take in memory is many times this (bytes).
LITTLE = 3_000_000

PHONE = phone("101")


def outages(number: int = MANY) -> Iterator[Incident]:
    """One a minute, the newest with the highest number."""
    for one in range(1, number + 1):
        since = NOW - (number + 10 - one) * MINUTE
        yield outage(one, PHONE, since, since + 30, cause=f'cause {one}: "\u2028"\\ Zoë')


@pytest.fixture
def many(database: Path) -> Path:
    stopped(database, [PHONE], history=steps(PHONE, (NOW - 3 * DAY, Health.UP)), incidents=outages())
    return database


@pytest.mark.parametrize("form", ["json", "csv"])
def test_what_programs_read_lists_all_in_constant_memory(many: Path, form: str) -> None:
    look = Layout(BERLIN, with_incidents=True, now=NOW)
    asked = ReportRequest((NOW - 2 * DAY, NOW), zone=BERLIN, listing=listing(form, look))
    with open_reader(many) as reader:
        account_of(reader, asked, NOW)
    written = 0
    tracemalloc.start()
    with open_reader(many) as reader:
        found = account_of(reader, asked, NOW)
    for piece in pieces(found, form, look):
        written += len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert written > MANY * 100
    assert peak < LITTLE


def test_json_and_csv_list_all_of_them_newest_first(many: Path, run: Run) -> None:
    document = json.loads(run("report", "--since", "2d", "--format", "json").stdout)
    rows = list(csv.DictReader(io.StringIO(run("report", "--since", "2d", "--incidents", "--format", "csv").stdout)))

    assert [one["id"] for one in document["incidents"]] == list(range(MANY, 0, -1))
    assert [int(row["id"]) for row in rows] == list(range(MANY, 0, -1))
    assert document["incidents"][0]["cause"] == f'cause {MANY}: "\u2028"\\ Zoë'


@pytest.mark.parametrize("number", [0, 1, 3])
def test_json_is_laid_out_as_ever(database: Path, run: Run, number: int) -> None:
    stopped(database, [PHONE], history=steps(PHONE, (NOW - 3 * DAY, Health.UP)), incidents=outages(number))

    printed = run("report", "--since", "2d", "--format", "json").stdout

    assert printed == json.dumps(json.loads(printed), indent=2, ensure_ascii=False) + "\n"


def test_a_page_lists_the_newest_and_says_where_all_of_them_are(many: Path, run: Run) -> None:
    page = run("report", "--since", "2d", "--format", "html").stdout
    table = page.partition("Table of incidents")[2].partition("</table>")[0]

    assert table.count("<tr>") == 1 + LISTED_INCIDENTS
    assert re.findall(r'"number">(\d+)<', table)[0] == str(MANY)
    said = f"The newest {LISTED_INCIDENTS} of 2,500; <code>healthmon report --incidents --format csv</code> lists all."
    assert said in page


def test_markdown_lists_the_newest_and_says_where_all_of_them_are(many: Path, run: Run) -> None:
    written = run("report", "--since", "2d", "--incidents", "--format", "markdown").stdout
    listed = written.partition("## Incidents")[2]

    assert listed.count("\n| ") == 2 + LISTED_INCIDENTS
    assert f"| {MANY} |" in listed
    said = f"The newest {LISTED_INCIDENTS} of 2,500; `healthmon report --incidents --format csv` lists all."
    assert listed.endswith(f"\n\n{said}\n")


def test_a_table_lists_the_newest_or_all(many: Path, run: Run) -> None:
    short = run("report", "--since", "2d", "--incidents").stdout
    whole = run("report", "--since", "2d", "--incidents", "--all").stdout

    assert short.count("cause ") == LISTED
    assert f"… and {MANY - LISTED:,} older ones; --all lists everything.\n" in short
    assert whole.count("cause ") == MANY


def test_few_are_listed_without_a_word_about_others(database: Path, run: Run) -> None:
    incidents = outages(LISTED_INCIDENTS)
    stopped(database, [PHONE], history=steps(PHONE, (NOW - 3 * DAY, Health.UP)), incidents=incidents)

    for form in ("html", "markdown"):
        assert "The newest" not in run("report", "--since", "2d", "--incidents", "--format", form).stdout


@pytest.mark.parametrize("form", ["json", "csv"])
def test_where_it_breaks_in_the_middle_the_old_file_stays(many: Path, run: Run, tmp_path: Path, form: str) -> None:
    file = tmp_path / "report"
    file.write_text("the old one")
    with pytest.raises(ZeroDivisionError), output_to(file, many) as out:
        out.write(b"half of it")
        raise ZeroDivisionError
    assert file.read_text() == "the old one"

    run("report", "--since", "2d", "--incidents", "--format", form, "-o", str(file))

    assert file.read_text() == run("report", "--since", "2d", "--incidents", "--format", form).stdout
    assert [each.name for each in tmp_path.glob("*report*")] == ["report"]
