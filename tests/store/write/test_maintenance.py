"""What an administrator does while no daemon runs: prune at once, and give a PBX another name."""

from __future__ import annotations

import gzip
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from healthmon.errors import DatabaseLocked, StoreError
from healthmon.model import Health, Matcher, Target
from healthmon.store.read.queries import open_reader
from healthmon.store.schema import MIGRATIONS
from healthmon.store.sqlite.lock import look_at_lock
from healthmon.store.sqlite.space import space_to_rewrite
from healthmon.store.write.maintenance import TABLES_WITH_PBX, RenameRefused, open_for_maintenance
from healthmon.store.write.orders import open_commander
from healthmon.store.write.pruning import Cuts
from healthmon.store.write.writer import open_writer
from tests.store.make_fixture import FIXTURES, fill
from tests.store.scene import PHONE, START, Store, by_key, closed, state, transition

CUT = Cuts.at(START + 100_000)


def test_pruning_by_hand_says_what_is_gone_and_makes_the_file_shorter(store: Store) -> None:
    store.book(
        states=by_key(state()),
        transitions=[transition(START + at, Health.UP) for at in range(60_000)],
        incidents={1: closed(1), 2: closed(2, at=START + 200_000)},
    )
    store.writer.alive(START + 300_000, [])
    store.stop()
    seen: list[int] = []

    with open_for_maintenance(store.path, START + 300_000) as owner:
        done = owner.prune(CUT, seen.append)

    assert (done.changes, done.incidents, done.hint) == (59_999, 1, "")
    assert store.path.stat().st_size == done.size_bytes < done.size_before_bytes
    assert seen == sorted(seen) and seen[-1] > 60_000
    assert not look_at_lock(store.path).is_held
    store.start()
    assert [each.target for each in store.writer.load().states] == [PHONE]


def unshrinkable(folder: Path) -> Path:
    """A file that was too large to be written anew at the first start of this healthmon."""
    path = folder / "healthmon.db"
    path.write_bytes(gzip.decompress((FIXTURES / "schema1.db.gz").read_bytes()))
    open_writer(path, now=START + 300).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA auto_vacuum = NONE")
        connection.execute("VACUUM")
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (0,)
    return path


def test_a_file_that_cannot_get_shorter_is_written_anew(folder: Path) -> None:
    path = unshrinkable(folder)

    with open_for_maintenance(path, START + 300_000) as owner:
        assert owner.prune(Cuts.at(START), lambda rows: None).hint == ""

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)


def test_without_room_for_that_it_says_how_much_is_needed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = unshrinkable(folder)
    monkeypatch.setattr(os, "statvfs", lambda _folder: SimpleNamespace(f_bavail=0, f_frsize=1))

    with open_for_maintenance(path, START + 300_000) as owner:
        hint = owner.prune(Cuts.at(START), lambda rows: None).hint

    takes = f"{space_to_rewrite(path) / 1e6:,.0f} MB"
    assert hint == f"to get shorter it must be written anew once, which takes {takes} of free space; there are 0 MB"


def test_while_a_daemon_runs_nobody_else_is_maintainer(store: Store) -> None:
    with pytest.raises(DatabaseLocked, match=rf"the daemon \(process {os.getpid()}\) is using it; stop it first"):
        open_for_maintenance(store.path, START + 300_000)


def test_while_somebody_is_maintainer_no_daemon_starts(store: Store) -> None:
    store.stop()

    with open_for_maintenance(store.path, START + 300_000), pytest.raises(DatabaseLocked):
        open_writer(store.path, now=START)


def test_what_is_no_database_has_no_maintainer(folder: Path) -> None:
    with pytest.raises(StoreError, match="there is no database here yet"):
        open_for_maintenance(folder / "healthmon.db", START)
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to own files of others")
# ---------------------------------------------------------------- another name


def everything(path: Path) -> str:
    """All rows of all tables, as text."""
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(line for line in connection.iterdump() if "INSERT" in line)


def test_all_that_is_known_of_a_pbx_goes_over_to_its_new_name(store: Store) -> None:
    fill(store, len(MIGRATIONS))
    store.stop()
    before = everything(store.path)
    assert before.count("office") > 10

    with open_for_maintenance(store.path, START + 300_000) as owner:
        checks = owner.rename_pbx("office", "headquarters")

    assert checks == 2
    # What was told is not written anew.
    after = before.replace("office", "headquarters").replace("101 (headquarters)", "101 (office)")
    assert everything(store.path) == after
    store.now = START + 1000
    store.start()
    (one,) = store.writer.load().states
    assert one.target == Target("headquarters", "PJSIP", "101")
    with open_reader(store.path) as reader:
        (history,) = reader.history(START, START + 300, pbx="headquarters")
        assert len(history.transitions) == 2
        assert list(reader.history(START, START + 300, pbx="office")) == []


def test_every_table_that_names_pbxs_is_known(store: Store) -> None:
    with closing(sqlite3.connect(store.path)) as connection:
        rows = connection.execute(
            """SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND c.name = 'pbx'"""
        )
        with_pbx = {row[0] for row in rows}

    assert with_pbx == set(TABLES_WITH_PBX)


def test_a_name_that_is_taken_or_unknown_is_refused_and_nothing_is_changed(store: Store) -> None:
    store.book(states=by_key(state(), state(Target("shop", "PJSIP", "201"))))
    store.stop()
    before = everything(store.path)

    with open_for_maintenance(store.path, START + 300_000) as owner:
        with pytest.raises(RenameRefused, match="there is a PBX shop in the database already, with a history"):
            owner.rename_pbx("office", "shop")
        with pytest.raises(RenameRefused, match="there is no PBX off1ce in the database; there are office, shop"):
            owner.rename_pbx("off1ce", "new")

    assert everything(store.path) == before


def test_a_name_of_which_only_an_old_incident_is_left_is_taken_too(store: Store) -> None:
    store.book(states=by_key(state()), incidents={1: closed(1, target=Target("shop", "PJSIP", "201"))})
    store.stop()

    with open_for_maintenance(store.path, START + 300_000) as owner, pytest.raises(RenameRefused, match="already"):
        owner.rename_pbx("office", "shop")


def test_silences_speak_of_the_new_name_where_they_named_the_old_one(store: Store) -> None:
    store.book(states=by_key(state()))
    with open_commander(store.path) as commander:
        for pbxs in (("office",), ("off*",), ("shop", "office"), ()):
            commander.silence(Matcher(pbxs=pbxs), since=START, until=START + 9e9, author="eve", reason="office")
    store.stop()

    with open_for_maintenance(store.path, START + 300_000) as owner:
        owner.rename_pbx("office", "hq")

    with open_reader(store.path) as reader:
        assert [one.matcher.pbxs for one in reader.silences(START)] == [("hq",), ("off*",), ("shop", "hq"), ()]
        assert {one.reason for one in reader.silences(START)} == {"office"}


def test_with_an_empty_database_there_is_nothing_to_rename(store: Store) -> None:
    store.stop()

    with (
        open_for_maintenance(store.path, START + 300_000) as owner,
        pytest.raises(RenameRefused, match="there is none"),
    ):
        owner.rename_pbx("office", "hq")
