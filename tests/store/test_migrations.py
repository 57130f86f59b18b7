"""Migrations: what was booked by an older healthmon is kept, and a backup is made before."""

from __future__ import annotations

import gzip
import json
import math
import os
import random
import shutil
import sqlite3
import stat
from collections import Counter
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from healthmon.errors import DatabaseUnwritable, SchemaTooNew, StoreError
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import Health, Said
from healthmon.report.availability.account import By
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.store.read.meters import Meters
from healthmon.store.read.queries import open_reader
from healthmon.store.schema import APPLICATION_ID, MIGRATIONS
from healthmon.store.sqlite.database import open_database, schema_version
from healthmon.store.write.writer import open_writer
from tests.store.make_fixture import FIXTURES, fill
from tests.store.scene import BOSS, PHONE, START, Store

#: What a later healthmon might add.
SECOND = ("CREATE TABLE sites (id INTEGER PRIMARY KEY)", "ALTER TABLE checks ADD COLUMN site TEXT")
FAILING = ("CREATE TABLE sites (id INTEGER PRIMARY KEY)", "ALTER TABLE nowhere ADD COLUMN site TEXT")


#: The schemas that somebody's database may have: a release had them.
KEPT = (*range(1, 15), 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33)


def unpack(schema: int, folder: Path) -> Path:
    path = folder / "healthmon.db"
    path.write_bytes(gzip.decompress((FIXTURES / f"schema{schema}.db.gz").read_bytes()))
    return path


@pytest.fixture
def old(folder: Path) -> Path:
    """A database as the first release left it."""
    return unpack(1, folder)


def migrate(path: Path, *more: tuple[str, ...], now: float = START, said: list[str] | None = None) -> int:
    with closing(
        open_database(
            path, now=now, on_migrating=([] if said is None else said).append, migrations=MIGRATIONS[:1] + more
        )
    ) as connection:
        return schema_version(connection)


def backups(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir() if each.name.endswith(".backup"))


def everything(path: Path) -> dict[str, Any]:
    """What a daemon of today that goes on with a database knows, and what the commands then show of it."""
    writer = open_writer(path, now=START + 300)
    remembered = writer.load()
    writer.fold_measurements()
    writer.close()
    with open_reader(path) as reader:
        return {
            "remembered": remembered,
            "daemon": reader.daemon(),
            "states": reader.states(),
            "pbxs": reader.pbx_states(),
            "freshness": reader.freshness(),
            "urls": reader.urls(),
            "incidents": reader.incidents(START, START + 300),
            "stories": [(reader.notes(number), reader.tellings(number)) for number in range(1, 9)],
            "silences": reader.silences(START),
            "history": list(reader.history(START, START + 300)),
            "late history": list(reader.history(START + 150, START + 300)),
            "blindness": reader.unknown_of_pbxs(START, START + 300),
            "places": reader.places(PHONE),
            "figures": figures(reader.meters()),
        }


def figures(meters: Meters) -> list[Any]:
    day = (START - 43_200, START + 43_200)
    watched = meters.watched(*day)
    return [(one, meters.last_reading(one.id), meters.measured(one.id, *day)) for one in watched]


@pytest.mark.parametrize("schema", KEPT)
def test_what_an_older_schema_held_is_read_as_if_it_were_booked_today(schema: int, folder: Path) -> None:
    (folder / "old").mkdir()
    old = unpack(schema, folder / "old")
    with closing(sqlite3.connect(old)) as connection:
        assert schema_version(connection) == schema

    store = Store(folder / "healthmon.db")
    fill(store, schema)
    store.stop()

    assert everything(old) == everything(store.path)


def test_a_database_of_every_schema_is_kept() -> None:
    """If this fails: put the new migration aside, run ``python -m tests.store.make_fixture``, and put it back."""
    assert {path.name for path in FIXTURES.iterdir()} >= {f"schema{schema}.db.gz" for schema in KEPT}


def test_the_first_released_schema_is_understood(old: Path) -> None:
    writer = open_writer(old, now=START + 300)
    remembered = writer.load()
    writer.close()

    assert [(each.target, each.belief) for each in remembered.states] == [(PHONE, Health.DOWN)]
    assert [each.id for each in remembered.incidents] == [2]
    assert remembered.told[2, BOSS].said is Said.DOWN
    assert remembered.alive_at == START + 210
    with open_reader(old) as reader:
        (history,) = reader.history(START, START + 300, kind=None)
        assert [each.after for each in history.transitions] == [Health.UP, Health.DOWN]
        assert len(history.unknown_periods) == 1 and list(reader.unknown_of_pbxs(START, START + 300)) == ["office"]


def test_a_new_database_says_whose_it_is_and_how_new(folder: Path) -> None:
    store = Store(folder / "healthmon.db")
    store.stop()

    with closing(sqlite3.connect(store.path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
    assert backups(store.path) == []


def test_before_a_migration_a_backup_is_made_and_said(old: Path) -> None:
    said: list[str] = []

    assert migrate(old, SECOND, said=said) == 2

    assert backups(old) == ["healthmon.db.20260514T120000Z.schema1.backup"]
    backup = old.with_name(backups(old)[0])
    assert stat.S_IMODE(backup.stat().st_mode) == 0o640
    assert said[0] == f"{old}: saving a backup as {backup.name}"
    assert f"{old}: migrating from schema 1 to 2" in said
    assert {each.name for each in old.parent.iterdir()} == {"healthmon.db", backup.name}
    # It can be put back as it is.
    shutil.copy(backup, old)
    writer = open_writer(old, now=START + 300)
    assert len(writer.load().states) == 1
    writer.close()


def test_without_a_migration_there_is_no_backup(old: Path) -> None:
    migrate(old)

    assert backups(old) == []


def test_the_newest_two_backups_are_kept(old: Path) -> None:
    for day in range(4):
        migrate(old, *[(f"CREATE TABLE more{each} (id INTEGER)",) for each in range(day + 1)], now=START + day * 86400)

    assert backups(old) == [
        "healthmon.db.20260516T120000Z.schema3.backup",
        "healthmon.db.20260517T120000Z.schema4.backup",
    ]


def test_a_migration_that_fails_leaves_everything_as_it_was(old: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        migrate(old, FAILING)

    assert migrate(old) == 1
    with closing(sqlite3.connect(old)) as connection:
        assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'silences'").fetchall()


def test_of_two_migrations_the_first_stays_when_the_second_fails(old: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        migrate(old, SECOND, ("ALTER TABLE nowhere ADD COLUMN site TEXT",))

    assert migrate(old, SECOND) == 2


def test_without_enough_free_space_nothing_is_begun(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _folder: SimpleNamespace(f_bavail=0, f_frsize=1))

    with pytest.raises(DatabaseUnwritable, match=r"needs 1 MB of free space in .*, and there are 0 MB"):
        migrate(old, SECOND)

    assert backups(old) == []
    assert migrate(old) == 1


def test_an_older_healthmon_refuses_what_was_migrated(old: Path) -> None:
    migrate(old, *MIGRATIONS[1:], SECOND)

    with pytest.raises(SchemaTooNew, match="put back the backup"):
        open_writer(old, now=START)


def test_a_command_does_not_migrate(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("PRAGMA user_version = 0")

    with pytest.raises(StoreError, match="written by an older healthmon; start the daemon once"):
        open_reader(old)


@pytest.mark.parametrize(
    ("cause", "health"),
    [
        ("the user name or password is wrong: 401 (Authentication required)", Health.UNKNOWN),
        ("the name pbx.example.com cannot be resolved", Health.UNKNOWN),
        ("192.0.2.7:8088 cannot be reached (Network is unreachable)", Health.UNKNOWN),
        ("192.0.2.7:8088 cannot be reached (No route to host)", Health.DOWN),
        ("connection refused: nothing listens on 192.0.2.7:8088", Health.DOWN),
    ],
)
def test_who_was_told_that_a_pbx_is_down_by_a_wrong_password_is_told_nothing_anew_by_the_upgrade(
    folder: Path, cause: str, health: Health
) -> None:
    path = folder / "healthmon.db"
    before = MIGRATIONS[: _with_column("was_down")]
    with closing(open_database(path, now=START, on_migrating=lambda _: None, migrations=before)) as connection:
        connection.executescript(
            f"""INSERT INTO checks VALUES (1, 'office', '', '', 'connection', 'pbx', '', {START}, NULL);
            INSERT INTO states (check_id, watched_since, belief, since, believed_at, reason, remark,
                pending_since, veil, veiled_since, ever_up, is_flapping, down_after)
            VALUES (1, {START}, 'down', {START}, {START}, '{cause}', '', 0, '', 0, TRUE, FALSE, 15);
            INSERT INTO incidents (id, pbx, technology, resource, check_name, kind, watch, health,
                opened_at, believed_at, cause, cohort, flapping, flap_episodes, closed_words, telling)
            VALUES (7, 'office', '', '', 'connection', 'pbx', '', 'down',
                {START}, {START}, '{cause}', '', 0, 0, '', TRUE);
            INSERT INTO notifications (incident_id, url_id, reason, serial, booked_at, due_at, state, says)
            VALUES (7, '{BOSS}', 'opened', 0, {START}, {START}, 'delivered', 'down');"""
        )
        connection.commit()

    writer = open_writer(path, now=START + 60)
    remembered = writer.load()
    writer.close()

    assert [state.belief for state in remembered.states] == [health]
    [incident] = remembered.incidents
    # Its end is told as that of the outage that was told.
    assert (incident.health, incident.was_down) == (health, True)
    assert remembered.told[7, BOSS].said is (Said.DOWN if health is Health.DOWN else Said.UNSEEN)


def _with_column(name: str) -> int:
    """How many migrations come before the one that adds a column."""
    return next(number for number, one in enumerate(MIGRATIONS) if any(f"ADD COLUMN {name} " in sql for sql in one))


@pytest.mark.parametrize("schema", [1, 23, 24])
def test_the_daemon_of_an_older_schema_is_the_default_instance_and_its_numbers_go_on(schema: int, folder: Path) -> None:
    path = unpack(schema, folder)
    with closing(sqlite3.connect(path)) as connection:
        [(newest,)] = connection.execute("SELECT MAX(id) FROM incidents")

    writer = open_writer(path, now=START + 300)
    numbers = writer.load().incident_numbers
    writer.close()

    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT instance, last_incident, started_at FROM daemon").fetchall()
    assert rows == [("default", newest, START + 300)]
    assert next(numbers) == newest + 1


def test_round_trips_of_schema_25_are_measurements_with_the_same_sums_and_percentiles(folder: Path) -> None:
    path = folder / "healthmon.db"
    chance = random.Random(25)
    trips = [chance.lognormvariate(3, 1) for _ in range(500)]
    with closing(open_database(path, now=START, on_migrating=lambda _: None, migrations=MIGRATIONS[:25])) as connection:
        connection.execute(
            f"INSERT INTO checks VALUES (1, 'office', 'PJSIP', '101', 'reachability', 'phone', '', {START}, NULL)"
        )
        for table, length in (("rtt_minutes", 60), ("rtt_hours", 3600), ("rtt_days", 86400)):
            begin = START // length * length
            steps = Counter(math.floor(math.log(ms, 2**0.25)) for ms in trips)
            connection.execute(
                f"INSERT INTO {table} VALUES (1, ?, ?, ?, ?, ?, ?)",
                (begin, len(trips), sum(trips), min(trips), max(trips), json.dumps(steps)),
            )
        connection.execute("INSERT INTO round_trips VALUES (7, 1, ?, 12.5)", (START + 1,))
        connection.commit()

    writer = open_writer(path, now=START + 60)
    before = writer.meters().measured(1, START // 60 * 60, START // 60 * 60 + 60)["rtt_ms"]
    writer.fold_measurements()
    by_day = writer.meters().measured(1, START // 86400 * 86400, START // 86400 * 86400 + 86400)["rtt_ms"]
    writer.close()

    assert (before.count, before.sum, before.min, before.max) == (500, sum(trips), min(trips), max(trips))
    for part in (0.05, 0.5, 0.95):
        exact = sorted(trips)[math.ceil(part * len(trips)) - 1]
        assert ROUND_TRIP.percentile(before, part) == pytest.approx(exact, rel=0.1)
    assert by_day.count == 501, "what waited is folded after it"
    assert by_day.sum == pytest.approx(sum(trips) + 12.5)
    with closing(sqlite3.connect(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert not tables & {"round_trips", "rtt_minutes", "rtt_hours", "rtt_days"}


@pytest.mark.parametrize("ms", [math.inf, -5.0, 0.0])
def test_what_an_older_healthmon_took_for_a_round_trip_and_is_none_is_left_out(folder: Path, ms: float) -> None:
    path = folder / "healthmon.db"
    with closing(open_database(path, now=START, on_migrating=lambda _: None, migrations=MIGRATIONS[:25])) as connection:
        connection.execute(
            f"INSERT INTO checks VALUES (1, 'office', 'PJSIP', '101', 'reachability', 'phone', '', {START}, NULL)"
        )
        connection.executemany("INSERT INTO round_trips VALUES (?, 1, ?, ?)", [(7, START, ms), (8, START, 12.5)])
        connection.commit()

    with closing(open_writer(path, now=START + 60)) as writer:
        writer.fold_measurements()
        measured = writer.meters().measured(1, START // 60 * 60, START // 60 * 60 + 60)["rtt_ms"]

    assert (measured.count, measured.sum) == (1, 12.5)


@pytest.mark.parametrize("schema", [24, 25])
def test_the_row_of_the_daemon_stays_in_its_page_by_which_a_file_and_its_log_are_known(
    schema: int, folder: Path
) -> None:
    path = unpack(schema, folder)

    def page() -> int:
        with closing(sqlite3.connect(path)) as connection:
            number: int = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'daemon'").fetchone()[0]
            return number

    before = page()
    open_writer(path, now=START + 300).close()

    assert page() == before


def degraded(path: Path) -> None:
    """A database of schema 27 in which endpoints are degraded, or about to be: in each way in which they could be."""
    with closing(open_database(path, now=START, on_migrating=lambda _: None, migrations=MIGRATIONS[:27])) as connection:
        connection.execute("UPDATE daemon SET alive_at = ?, rolled_until = ?", (START + 900, START + 800))
        connection.execute("INSERT INTO words VALUES (5, '1 of 2 contacts unreachable', 0)")
        lasting = ("degraded", None), ("degraded", "up"), ("degraded", "down")
        for number, (belief, pending) in enumerate(
            (*lasting, ("up", "degraded"), ("down", "degraded"), ("up", None)), 1
        ):
            connection.execute(
                f"INSERT INTO checks VALUES (?, 'office', 'PJSIP', ?, 'reachability', 'provider', 'p', {START}, NULL)",
                (number, f"trunk-{number}"),
            )
            connection.execute(
                f"""INSERT INTO states (check_id, watched_since, belief, since, believed_at, reason, remark, pending,
                    pending_since, not_up_since, veil, veiled_since, ever_up, is_flapping, down_after)
                VALUES (?, {START}, ?, {START + 100}, {START + 130}, '1 of 2 contacts unreachable', '', ?,
                    {START + 890}, {START + 100}, '', 0, TRUE, FALSE, 30)""",
                (number, belief, pending),
            )
            if belief == "degraded":
                changes = ((None, 1, START, START), (1, 2, START + 100, START + 130))
                connection.executemany(
                    """INSERT INTO transitions (check_id, old_health, new_health, at, believed_at, cause)
                    VALUES (?, ?, ?, ?, ?, 5)""",
                    [(number, *change) for change in changes],
                )
                connection.execute(
                    f"""INSERT INTO incidents (id, pbx, technology, resource, check_name, kind, watch, health,
                        opened_at, believed_at, cause, cohort, flapping, flap_episodes, closed_words, telling)
                    VALUES (?, 'office', 'PJSIP', ?, 'reachability', 'provider', 'p', 'degraded', {START + 100},
                        {START + 130}, '1 of 2 contacts unreachable', '', 0, 0, '', TRUE)""",
                    (number, f"trunk-{number}"),
                )
                connection.execute(
                    f"""INSERT INTO notifications (incident_id, url_id, reason, serial, booked_at, due_at, state, says)
                    VALUES (?, '{BOSS}', 'opened', 0, {START}, {START}, 'delivered', 'degraded')""",
                    (number,),
                )
        connection.commit()


def test_what_was_degraded_by_its_contacts_is_so_by_a_check_of_its_own_and_nothing_is_told_anew(folder: Path) -> None:
    path = folder / "healthmon.db"
    degraded(path)

    writer = open_writer(path, now=START + 910)
    remembered = writer.load()
    writer.close()

    states = {(state.target.resource, state.check): state for state in remembered.states}
    believed = {key: (state.belief, state.pending) for key, state in states.items()}
    assert believed == {
        ("trunk-1", "reachability"): ("up", None),
        ("trunk-1", "contacts"): ("degraded", None),
        ("trunk-2", "reachability"): ("up", None),
        ("trunk-2", "contacts"): ("degraded", "up"),
        ("trunk-3", "reachability"): ("up", "down"),
        ("trunk-3", "contacts"): ("degraded", None),
        ("trunk-4", "reachability"): ("up", None),
        ("trunk-4", "contacts"): ("up", "degraded"),
        ("trunk-5", "reachability"): ("down", "up"),
        ("trunk-5", "contacts"): ("up", "degraded"),
        ("trunk-6", "reachability"): ("up", None),
    }
    assert {(incident.id, incident.check) for incident in remembered.incidents} == {
        (1, "contacts"),
        (2, "contacts"),
        (3, "contacts"),
    }
    assert all(told.said is Said.DEGRADED for told in remembered.told.values())
    contacts, reachability = states["trunk-1", "contacts"], states["trunk-1", "reachability"]
    assert (contacts.since, contacts.reason) == (START + 100, "1 of 2 contacts unreachable")
    assert (reachability.since, reachability.not_up_since) == (START + 900, None)
    assert states["trunk-3", "reachability"].not_up_since == START + 890


def test_the_time_in_which_it_was_degraded_is_so_much_before_and_after_the_upgrade(folder: Path) -> None:
    path = folder / "healthmon.db"
    degraded(path)

    writer = open_writer(path, now=START + 910)
    writer.close()

    with open_reader(path) as reader:
        courses = {
            history.check: [(transition.at - START, transition.after) for transition in history.transitions]
            for history in reader.history(START, START + 1000)
            if history.target.resource == "trunk-1"
        }
    assert courses == {
        "reachability": [(0, Health.UP), (100, Health.DEGRADED), (900, Health.UP)],
        "contacts": [(100, Health.DEGRADED)],
    }


def test_the_figures_of_what_was_degraded_are_the_same_after_the_upgrade(folder: Path) -> None:
    path = folder / "healthmon.db"
    degraded(path)

    open_writer(path, now=START + 910).close()

    window = (START, START + 900)
    with open_reader(path) as reader:
        account = account_of(reader, ReportRequest(window), START + 910)
        apart = account_of(reader, ReportRequest(window, by=By.CHECK), START + 910)
    [line] = [line for line in account.lines if line.target.resource == "trunk-1"]
    assert (line.figures.degraded_s, line.figures.down_s, line.figures.unknown_s) == (800, 0, 0)
    assert line.figures.availability == 1
    assert {group.name for group in apart.groups} == {"reachability", "contacts"}
