"""The incidents that a report lists: chosen, counted and put in order by SQLite."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from healthmon.model import Changes, Incident, Kind, Target
from healthmon.report.availability.selection import Selection
from healthmon.store.read import incident_lists
from healthmon.store.read.incident_lists import COUNT, NEWEST, OF_SITES, Wanted, let_choose
from healthmon.store.read.queries import open_reader
from healthmon.store.sqlite import database
from healthmon.store.write.writer import open_writer
from tests.report.builder import HOUR, NOW, outage, phone, provider

START, END = NOW - 10 * HOUR, NOW


def some() -> list[Incident]:
    """Before, over the edges of, within and after a window; of two PBXs; a site that explains two of them."""
    trunk, here, there = provider("trunk"), phone("101"), phone("[1]", pbx="branch", watch="other")
    site = replace(outage(7, here, NOW - 5 * HOUR, NOW - 4 * HOUR), target=Target("office", "site", "203.0.113.7"))
    return [
        outage(1, trunk, START - HOUR, START),
        outage(2, trunk, START - HOUR, START + 1),
        outage(3, here, START - 2 * HOUR),
        outage(4, here, NOW - 5 * HOUR, NOW - 4 * HOUR, explained_by=7),
        outage(5, there, NOW - 5 * HOUR, NOW - 4 * HOUR, explained_by=7),
        outage(6, there, NOW - 2 * HOUR, explained_by=1),
        replace(site, kind=Kind.SITE, watch=""),
        outage(8, there, NOW),
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "healthmon.db"
    with closing(open_writer(path, now=START)) as writer:
        writer.commit(Changes(incidents={one.id: one for one in some()}))
    return path


def numbers(path: Path, wanted: Wanted, most: int | None = None) -> list[int]:
    with open_reader(path) as reader:
        return [one.id for one in reader.newest_incidents(wanted, most)]


def test_those_of_a_window_come_newest_first_whole_and_counted(path: Path) -> None:
    wanted = Wanted(START, END)
    with open_reader(path) as reader:
        found = reader.newest_incidents(wanted)
        count = reader.count_incidents(wanted)

    assert [one.id for one in found] == [6, 7, 5, 4, 2, 3]
    assert {one.id: one for one in found} == {one.id: one for one in some() if one.id in range(2, 8)}
    assert (count, numbers(path, wanted, 2)) == (6, [6, 7])


def test_what_another_one_of_them_explains_is_left_out(path: Path) -> None:
    assert numbers(path, Wanted(START, END, with_explained=False)) == [6, 7, 2, 3]
    # Where the site is not asked for, its phones are told of.
    of_branch = Wanted(START, END, Selection(pbxs=["branch"]).includes, with_explained=False)
    assert numbers(path, of_branch) == [6, 5]
    with open_reader(path) as reader:
        assert reader.count_incidents(of_branch) == 2


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(pbxs=["off*", "nowhere"]),
        Selection(watches=["[!p]*"]),
        Selection(endpoints=["[[]1]"]),
        Selection(endpoints=["PJSIP/1*"], kinds=["phone"]),
        Selection(kinds=["site", "provider"]),
    ],
)
def test_sqlite_chooses_as_a_report_chooses_its_targets(path: Path, selection: Selection) -> None:
    everything = some()
    chosen = {
        incident.id for incident in everything if selection.includes(incident.target, incident.kind, incident.watch)
    } - {1, 8}

    assert set(numbers(path, Wanted(START, END, selection.includes))) == chosen


def test_those_of_sites_are_a_question_of_their_own(path: Path) -> None:
    with open_reader(path) as reader:
        assert [one.id for one in reader.site_incidents(Wanted(START, END))] == [7]
        assert not list(reader.site_incidents(Wanted(START, END, Selection(pbxs=["branch"]).includes)))


def test_they_are_read_page_by_page_each_time_also_when_some_were_pruned(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incident_lists, "INCIDENTS_AT_ONCE", 2)
    with open_reader(path) as reader:
        stored = reader.stored_incidents(Wanted(START, END))

    assert (len(stored), [one.id for one in stored]) == (6, [6, 7, 5, 4, 2, 3])
    going = iter(stored)
    assert next(going).id == 6
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM incidents WHERE id = 5")
        connection.commit()
    assert [one.id for one in going] == [7, 4, 2, 3]


def test_the_file_is_not_looked_through_again_for_each_page(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_reader(path) as reader:
        stored = reader.stored_incidents(Wanted(START, END))
    looked_through: list[Path] = []
    monkeypatch.setattr(database, "_look_through", looked_through.append)
    monkeypatch.setattr(incident_lists, "INCIDENTS_AT_ONCE", 2)

    assert len(list(stored)) == 6
    assert not looked_through

    # It would be seen here: whoever opens the file anew does look.
    open_reader(path).close()
    assert looked_through == [path]


def test_each_end_is_found_by_its_index(path: Path) -> None:
    wanted = {"since": START, "until": END, "wants_all": True, "with_explained": False, "most": -1}
    with closing(sqlite3.connect(path)) as connection:
        let_choose(connection, None)
        for sql in (COUNT, NEWEST, OF_SITES):
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", wanted)]
            assert any("incidents_open (opened_at<?)" in line for line in plan)
            assert any("incidents_closed (closed_at>?)" in line for line in plan)
            assert not any(line.startswith("SCAN one") or line.startswith("SCAN bigger") for line in plan)
