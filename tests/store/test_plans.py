"""No question, booking or pruning looks through all of a table that grows over the years."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from inspect import getmembers, isfunction
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

from healthmon.errors import Missed
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import (
    ENDPOINT_CHECKS,
    Channel,
    Check,
    ClockJump,
    EndpointCheckKind,
    Freshness,
    Health,
    Kind,
    Matcher,
    Note,
    Place,
    PlaceChange,
    Reason,
)
from healthmon.report.availability.daily_readings import Roller
from healthmon.store.outbox.outbox import open_outbox
from healthmon.store.outbox.report_book import KEPT, MadeReport, ReportBook
from healthmon.store.read.incident_lists import Wanted, let_choose
from healthmon.store.read.meters import Meters
from healthmon.store.read.queries import Reader
from healthmon.store.schema import MIGRATIONS
from healthmon.store.write.orders import open_commander
from healthmon.store.write.pruning import Cuts
from tests.store.make_fixture import fill
from tests.store.scene import (
    BOSS,
    OFFICE,
    OTHER_PHONE,
    PHONE,
    START,
    Store,
    by_key,
    closed,
    incident,
    notification,
    round_trip,
    state,
    transition,
    unknown,
    unknown_by_key,
)

#: As large as the fleet, as short as the list of what was ordered, or emptied each minute: these may be read from end
#: to end.
SMALL = {"daemon", "clock_jumps", "freshness", "checks", "states", "pbx_states", "settings", "urls", "silences"}
SMALL |= {"measurements", "schedules", "reports", "recipients"}

#: Indexes that hold only what is going on at present.
OF_THE_PRESENT = {
    "incidents_open",
    "incidents_telling",
    "notifications_waiting",
    "notifications_in_order",
    "notifications_sending",
    "checks_forgotten",
    "report_deliveries_unfinished",
    "missed_unfinished",
}

END = START + 1_000_000
#: Nobody's quiet time lasts so long.
LATER = START + 40_000

#: The incidents of some targets, without those that another one explains.
WANTED = Wanted(START, END, lambda target, _kind, _watch: target.pbx == "office", with_explained=False)

Statement = tuple[str, Any]


class Recording(sqlite3.Connection):
    """A connection that notes what it is asked."""

    asked: ClassVar[list[Statement]] = []

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        self.asked.append((sql, parameters))
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        rows = list(parameters)
        self.asked.extend((sql, row) for row in rows[:1])
        return super().executemany(sql, rows)


@pytest.fixture
def asked(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Statement]]:
    """A database with something of everything in it; from now on every connection notes what it is asked."""
    fill(store, len(MIGRATIONS))
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Recording))
    Recording.asked = []
    store.restart(START + 400)
    yield Recording.asked


def scans(path: Path, asked: Sequence[Statement]) -> list[str]:
    """Say which statements look through what they should not, and where."""
    with closing(sqlite3.Connection(path)) as connection:
        let_choose(connection, None)
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = {row[0] for row in rows}
        return [scan for sql, parameters in dict(asked).items() for scan in _scans(connection, tables, sql, parameters)]


def _scans(connection: sqlite3.Connection, tables: set[str], sql: str, parameters: Any) -> Iterator[str]:
    if not re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", sql) or "FROM sqlite_master" in sql:
        return
    named = {(table, table) for table in tables} | set(re.findall(rf"\b({'|'.join(tables)}) (\w+)", sql))
    # What is made for a question alone is looked through as a matter of course.
    own = {"CONSTANT", *re.findall(r"\) AS (\w+)", sql), *re.findall(r"WITH RECURSIVE (\w+)", sql)}
    for *_, plan in connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters):
        scan = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?$", plan)
        if scan and scan[1] not in own and scan[2] not in OF_THE_PRESENT:
            looked_through = {table for table, alias in named if alias == scan[1]}
            assert looked_through, plan
            if looked_through - SMALL:
                yield f"{plan}: {' '.join(sql.split())}"


def ask_everything(reader: Reader) -> dict[str, Any]:
    """Ask each question once, and read the answers to their ends."""
    return {
        "daemon": reader.daemon(),
        "states": reader.states(),
        "pbx_states": reader.pbx_states(),
        "freshness": reader.freshness(),
        "urls": reader.urls(),
        "open_incidents": reader.open_incidents(),
        "incidents": reader.incidents(START, END),
        "count_incidents": reader.count_incidents(WANTED),
        "count_causes": reader.count_causes(WANTED),
        "count_groups_alone": reader.count_groups_alone(WANTED),
        "newest_incidents": reader.newest_incidents(WANTED, 2),
        "stored_incidents": len(reader.stored_incidents(WANTED)),
        "with_unseen": [reader.with_unseen(one, END) for one in reader.open_incidents()],
        "site_incidents": list(reader.site_incidents(WANTED)),
        "incident": reader.incident(1),
        "last_incident_number": reader.last_incident_number(),
        "explained": reader.explained(1),
        "notes": reader.notes(1),
        "silences": reader.silences(START),
        "places": reader.places(PHONE),
        "last_places": reader.last_places(),
        "tellings": reader.tellings(1),
        "missed": reader.missed(6),
        "history": list(reader.history(START, END, pbx="office")),
        "last_changes": reader.last_changes(PHONE),
        "newest_measured": reader.newest_measured(Check.REACHABILITY, ROUND_TRIP.key, START),
        "measured_of": reader.measured_of(PHONE, START, END),
        "history_of": reader.history_of(PHONE, Check.REACHABILITY, START, END),
        "unknown_of_pbxs": reader.unknown_of_pbxs(START, END),
        "life": reader.life(PHONE, START, END),
        "states_of": reader.states_of(PHONE),
        "incidents_of": reader.incidents_of(PHONE, START, END),
        "known_targets": reader.known_targets(),
        "names": reader.names({}),
        "settings": reader.settings(),
        "with_outbound_auth": reader.with_outbound_auth(["office"]),
        "lasting": reader.lasting(START),
        "left_out": reader.left_out(),
        "silences_within": reader.silences_within(START, END),
        "silences_to_show": reader.silences_to_show(START, END),
        "flaps": reader.flaps(START, END),
        "restarts": reader.restarts(START, END, "office"),
        "newest_reports": reader.newest_reports(),
        "meters": ask_meters(reader.meters()),
    }


def ask_meters(meters: Meters) -> dict[str, Any]:
    """Ask each question about figures once."""
    number = meters.watched(START, END)[0].id
    return {
        "watched": meters.watched(START, END),
        "watched_of_kind": meters.watched_of_kind(Kind.PHONE, START, END),
        "watched_beside": meters.watched_beside(START, END),
        "of_target": meters.of_target(PHONE),
        "checks_after": meters.checks_after(0, 10),
        "changes": meters.changes(number, START, END),
        "unknown_periods": meters.unknown_periods(number, START, END),
        "unknown_behind_pbxs": meters.unknown_behind_pbxs(END),
        "reading_until": meters.reading_until(number, END),
        "reading_after": meters.reading_after(number, START),
        "readings_around": meters.readings_around(number, START, END),
        "day_readings": meters.day_readings(number, START, END),
        "last_reading": meters.last_reading(number),
        "has_measured": meters.has_measured(number, START, END),
        "longest": meters.longest(number, START, END),
        "measured": meters.measured(number, START, END),
        "there_is": meters.there_is(START),
        "maintenance_modes": meters.maintenance_modes(START, END),
        "left_out": meters.left_out(),
    }


def test_no_question_of_a_reader_looks_through_everything(store: Store, asked: list[Statement]) -> None:
    with store.reading() as reader:
        answers = ask_everything(reader)

    assert len(asked) > 15
    assert scans(store.path, asked) == []
    questions = {name for name, _ in getmembers(Reader, isfunction) if not name.startswith("_")}
    questions -= {"close", "end", "give_up_after"}
    assert questions == answers.keys(), "this test must ask every question that there is"
    of_meters = {name for name, _ in getmembers(Meters, isfunction) if not name.startswith("_")}
    of_meters -= {"book", "note_several"}
    assert of_meters == answers["meters"].keys(), "this test must ask every question that there is"


def test_nothing_that_the_engine_does_looks_through_everything(
    store: Store, asked: list[Statement], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENDPOINT_CHECKS, "lines", EndpointCheckKind("lines", (), asked_by=Channel.PROBES))
    writer = store.writer
    writer.load()
    store.book(
        states=by_key(state(), state(OTHER_PHONE), state(check="lines")),
        transitions=[transition(START + 300, Health.UP)],
        unknown_periods=unknown_by_key(unknown(START + 310)),
        clock_jumps=[ClockJump(START + 320, 5.0)],
        incidents={number: incident(number) for number in (11, 12, 13)},
        notifications=[notification(number=number) for number in (11, 12)],
        explained={11: 12},
        notes=[Note(11, START + 330, "told nobody")],
        measurements=[round_trip(350, 12.5)],
        places=[PlaceChange(PHONE, Place("192.0.2.9"), START + 340, is_left=left) for left in (False, True)],
    )
    store.book(forgotten=[OTHER_PHONE], incidents={12: closed(12)}, notifications=[notification(Reason.RESOLVED, 12)])
    writer.alive(START + 500, [Freshness("office")])
    roller = Roller(writer)
    while roller.step(START + 3 * 86_400, ZoneInfo("UTC")):
        pass
    assert any(watched.checks for watched in writer.meters().checks_after(0, 100))
    late = unknown_by_key(unknown(START + 350, START + 360), unknown(START + 350, START + 360, OFFICE, "blind"))
    store.book(transitions=[transition(START + 345, Health.UP)], unknown_periods=late)
    assert any("DELETE FROM daily" in sql for sql, _ in asked)
    writer.outside_changes()
    writer.told()
    writer.commands(START + 500)
    writer.fold_measurements()

    assert scans(store.path, asked) == []


def test_pruning_looks_through_nothing_but_what_goes(store: Store, asked: list[Statement]) -> None:
    while store.writer.prune(Cuts.at(END), limit=2):
        pass

    assert any("DELETE FROM transitions" in sql for sql, _ in asked)
    assert scans(store.path, asked) == []


def test_no_deliverer_looks_through_everything(store: Store, asked: list[Statement]) -> None:
    store.book(
        incidents={number: incident(number) for number in range(11, 16)},
        explained={11: 12},
        notifications=[notification(number=number) for number in range(12, 16)],
    )
    outbox = open_outbox(store.path)
    outbox.recover([BOSS], START)
    outbox.next_due(BOSS)
    outbox.has_urgent(BOSS, START, END)
    for book in (outbox.failed, outbox.in_doubt):
        claim = outbox.claim(BOSS, END)
        assert claim is not None
        book(claim, END, "why")
    claim = outbox.claim(BOSS, END)
    assert claim is not None
    outbox.undeliverable(claim, claim.rows[:1], END, "why")
    missed = Missed("5a1b", "address 2 in to=", "451 later")
    outbox.delivered(claim, END, rows=claim.rows[1:], missed=[missed])
    assert outbox.missed.addresses(BOSS) == {"5a1b"} == outbox.missed.waiting(BOSS, END).keys()
    again = outbox.missed.claim(BOSS, "5a1b", END, give_up_before=START)
    assert again is not None
    outbox.missed.not_delivered(again, missed, END)
    again = outbox.missed.claim(BOSS, "5a1b", END, give_up_before=START)
    assert again is not None
    outbox.missed.delivered(again, END)
    outbox.give_up(BOSS, END, END)
    outbox.retire_others([], END)
    outbox.close()

    assert scans(store.path, asked) == []


def test_no_scheduled_report_looks_through_what_became_of_all_others(store: Store, asked: list[Statement]) -> None:
    outbox = store.outbox.reports
    with closing(ReportBook(store.path)) as book:
        book.taken("monthly", "1st 07:00")
        book.let_pass("daily", "daily 07:00", "2026-05-01")
        book.forget_others(["monthly"])
        book.book(MadeReport("monthly", "2026-06-01", "text"), "1st 07:00", [BOSS], START + 300)
        for refused in (True, False):
            claim = outbox.claim(BOSS, LATER)
            assert claim is not None and outbox.recover([BOSS]) == 1
            claim = outbox.claim(BOSS, LATER)
            assert claim is not None
            outbox.failed(claim, "why", refused=refused)
        assert outbox.is_waiting(BOSS, END)
        claim = outbox.claim(BOSS, LATER)
        assert claim is not None
        outbox.undeliverable(claim, LATER, "why")
        outbox.retire_others([], LATER)
        book.tidy(LATER)
        book.tidy(LATER + 2 * KEPT)

    assert scans(store.path, asked) == []


def test_no_order_looks_through_everything(store: Store, asked: list[Statement]) -> None:
    with open_commander(store.path) as commander:
        silence = commander.silence(Matcher(), since=START, until=END, author="eve", reason="")
        commander.end_silence(silence.id, START + 1)
        commander.acknowledge(2, at=START, author="eve", reason="")

    assert scans(store.path, asked) == []


def test_a_scan_would_be_found(store: Store, asked: list[Statement]) -> None:
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("SELECT t.rev FROM transitions t WHERE t.cause = :cause", {"cause": 1})
        connection.executemany("DELETE FROM incidents WHERE kind = ?", [("phone",)])

    assert [scan.split(":")[0] for scan in scans(store.path, asked)] == ["SCAN t", "SCAN incidents"]
